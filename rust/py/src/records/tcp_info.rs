use super::record;
use crate::address::{Endpoint, endpoint};
use pyo3::prelude::*;
use tapip_core::error::Error;
use tapip_core::stack::{Stack, TcpId};
use tapip_core::time::Instant;

record! {
    /// A TCP connection as it was at one moment. Sequence numbers are those on the wire (modulo 2**32).
    TcpInfo {
        local: Endpoint,
        remote: Endpoint,
    }
}

impl TcpInfo {
    /// One connection.
    pub(crate) fn of(stack: &Stack, _now: Instant, id: TcpId) -> Result<Self, Error> {
        let tuple = stack.tcp_tuple(id)?;
        Ok(Self { local: endpoint(tuple.local), remote: endpoint(tuple.remote) })
    }

    /// Every connection, by local and remote address.
    pub(crate) fn all(stack: &Stack, now: Instant) -> Vec<Self> {
        let mut ids = stack.tcp_ids();
        ids.sort_by_key(|id| stack.tcp_tuple(*id).ok().map(|tuple| (tuple.local, tuple.remote)));
        ids.into_iter().filter_map(|id| Self::of(stack, now, id).ok()).collect()
    }
}
