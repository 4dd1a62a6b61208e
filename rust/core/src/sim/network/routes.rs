//! Static routes for a whole network: shortest paths by hops, over hosts that forward.
//!
//! Computed anew before time passes when the topology has changed. A host with one interface and one router beside it gets
//! a default route; any other gets a route for each network that it can reach.

use super::topology::{Leg, Segment};
use super::{HostId, Network};
use crate::ip::{Route, RouteKind};
use crate::observe::InterfaceId;
use crate::wire::{IpAddress, Prefix};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::Ipv4Addr;

/// The legs of a network by host and by segment.
struct Map<'a> {
    of_host: BTreeMap<HostId, Vec<&'a Leg>>,
    of_segment: BTreeMap<Segment, Vec<&'a Leg>>,
}

impl Network {
    /// Whether routes are computed and installed when the topology changes; they are, unless somebody else does it.
    pub const fn set_automatic_routes(&mut self, automatic: bool) {
        self.automatic_routes = automatic;
        self.routes_stale = true;
    }

    /// Routes of a host to the networks that it is not attached to itself.
    pub fn computed_routes(&self, host: HostId) -> Vec<Route> {
        self.routes_of(&self.map(), host)
    }

    /// Bring all routes up to date.
    pub(super) fn refresh_routes(&mut self) {
        if !std::mem::take(&mut self.routes_stale) || !self.automatic_routes {
            return;
        }
        let map = self.map();
        let all: Vec<Vec<Route>> =
            (0..self.hosts.len()).map(|index| self.routes_of(&map, HostId(index as u32))).collect();
        for (host, routes) in self.hosts.iter_mut().zip(all) {
            let fresh: Vec<Prefix> = routes.iter().map(|route| route.prefix).collect();
            let stale = std::mem::replace(&mut host.routes, fresh);
            host.stack.apply_routes(&stale, &routes).expect("one family");
        }
    }

    fn map(&self) -> Map<'_> {
        let mut map = Map { of_host: BTreeMap::new(), of_segment: BTreeMap::new() };
        for leg in &self.legs {
            map.of_host.entry(leg.host).or_default().push(leg);
            map.of_segment.entry(self.segment(leg)).or_default().push(leg);
        }
        map
    }

    fn segment(&self, leg: &Leg) -> Segment {
        match leg.segment {
            Segment::Switch(switch) => Segment::Switch(self.addresses.root(switch)),
            link => link,
        }
    }

    fn forwards(&self, host: HostId) -> bool {
        self.hosts[host.index()].forward
    }

    fn routes_of(&self, map: &Map<'_>, host: HostId) -> Vec<Route> {
        let own = map.of_host.get(&host).map(Vec::as_slice).unwrap_or_default();
        let routers: Vec<&Leg> = own
            .iter()
            .flat_map(|leg| &map.of_segment[&self.segment(leg)])
            .filter(|leg| leg.host != host && self.forwards(leg.host))
            .copied()
            .collect();
        match (own, routers.as_slice()) {
            (_, []) => Vec::new(),
            ([leg], [router]) => {
                let anywhere = Prefix::new(Ipv4Addr::UNSPECIFIED.into(), 0).expect("0 is a length");
                vec![route(anywhere, router.address.address(), leg.interface)]
            }
            _ => self.explore(map, host, own),
        }
    }

    /// Breadth first from `host`: each segment is reached first by a shortest way.
    fn explore(&self, map: &Map<'_>, host: HostId, own: &[&Leg]) -> Vec<Route> {
        let connected: BTreeSet<Prefix> = own.iter().map(|leg| leg.address.network()).collect();
        let mut routes = BTreeMap::new();
        let mut seen_hosts = BTreeSet::from([host]);
        let mut seen_segments = BTreeSet::new();
        let mut queue: VecDeque<(Segment, Option<(IpAddress, InterfaceId)>)> = VecDeque::new();
        for leg in own {
            if seen_segments.insert(self.segment(leg)) {
                queue.push_back((self.segment(leg), None));
            }
        }
        while let Some((segment, way)) = queue.pop_front() {
            for leg in &map.of_segment[&segment] {
                let network = leg.address.network();
                if let Some((gateway, interface)) = way.filter(|_| !connected.contains(&network)) {
                    routes.entry(network).or_insert_with(|| route(network, gateway, interface));
                }
                if !self.forwards(leg.host) || !seen_hosts.insert(leg.host) {
                    continue;
                }
                let near = own.iter().find(|own| self.segment(own) == segment);
                let way = way.or_else(|| near.map(|own| (leg.address.address(), own.interface)));
                for next in &map.of_host[&leg.host] {
                    if seen_segments.insert(self.segment(next)) {
                        queue.push_back((self.segment(next), way));
                    }
                }
            }
        }
        routes.into_values().collect()
    }
}

const fn route(prefix: Prefix, gateway: IpAddress, interface: InterfaceId) -> Route {
    Route { prefix, gateway: Some(gateway), interface, metric: 1, kind: RouteKind::Unicast, source: None }
}
