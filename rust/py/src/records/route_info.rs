use super::record;
use crate::address::{ip, pair, prefix};
use crate::names::{route_kind, route_kind_name};
use pyo3::prelude::*;
use tapip_core::ip::Route;
use tapip_core::observe::InterfaceId;

record! {
    /// A route of the forwarding table.
    RouteInfo {
        address: String,
        length: u8,
        gateway: Option<String>,
        interface: u32,
        metric: u32,
        kind: &'static str,
        source: Option<String>,
    }
}

impl From<&Route> for RouteInfo {
    fn from(route: &Route) -> Self {
        let (address, length) = pair(route.prefix);
        Self {
            address,
            length,
            gateway: route.gateway.map(|gateway| gateway.to_string()),
            interface: route.interface.0,
            metric: route.metric,
            kind: route_kind_name(route.kind),
            source: route.source.map(|source| source.to_string()),
        }
    }
}

/// A route as Python gives it: address, length, gateway, interface, metric, kind, source.
#[derive(FromPyObject)]
pub(crate) struct RouteTuple(String, i64, Option<String>, u32, u32, String, Option<String>);

impl TryFrom<RouteTuple> for Route {
    type Error = PyErr;

    fn try_from(route: RouteTuple) -> PyResult<Self> {
        let RouteTuple(address, length, gateway, interface, metric, kind, source) = route;
        Ok(Self {
            prefix: prefix("add: address", &address, length)?,
            gateway: gateway.map(|gateway| ip("add: gateway", &gateway)).transpose()?,
            interface: InterfaceId(interface),
            metric,
            kind: route_kind(&kind)?,
            source: source.map(|source| ip("add: source", &source)).transpose()?,
        })
    }
}
