use super::record;
use crate::address::{Endpoint, endpoint};
use pyo3::prelude::*;
use tapip_core::stack::{SocketId, Stack};

record! {
    /// A socket of any kind, as `ss` shows it.
    SocketInfo {
        /// One of tcp, listen, udp, raw.
        kind: &'static str,
        /// The IP protocol number.
        protocol: u8,
        /// TCP's state as RFC 9293 3.3.2 writes it, "LISTEN", "UNCONN" or "ESTAB".
        state: &'static str,
        local: Option<Endpoint>,
        remote: Option<Endpoint>,
        /// Bytes not yet read; for a listener, connections not yet accepted.
        receive_queue: usize,
        /// Bytes not yet acknowledged; for a listener, the backlog.
        send_queue: usize,
    }
}

const TCP: u8 = 6;
const UDP: u8 = 17;

impl SocketInfo {
    /// Every socket, connections without one included.
    pub(crate) fn all(stack: &Stack) -> Vec<Self> {
        let held = stack.sockets().into_iter().filter(|id| !matches!(id, SocketId::Tcp(_)));
        let all = stack.tcp_ids().into_iter().map(SocketId::Tcp).chain(held);
        let mut half_open = stack.tcp_half_open();
        half_open.sort_by_key(|info| (info.tuple.local, info.tuple.remote));
        let half_open = half_open.into_iter().map(|info| Self {
            kind: "tcp",
            protocol: TCP,
            state: info.state.name(),
            local: Some(endpoint(info.tuple.local)),
            remote: Some(endpoint(info.tuple.remote)),
            receive_queue: 0,
            send_queue: 0,
        });
        all.map(|id| Self::of(stack, id)).chain(half_open).collect()
    }

    fn of(stack: &Stack, id: SocketId) -> Self {
        let address = |address: Result<Option<_>, _>| address.ok().flatten().map(endpoint);
        let (local, remote) = (address(stack.local_address(id)), address(stack.remote_address(id)));
        let state = if remote.is_some() { "ESTAB" } else { "UNCONN" };
        let queued = stack.datagram_queue(id).map_or(0, |(bytes, _)| bytes);
        let (kind, protocol, state, receive_queue, send_queue) = match id {
            SocketId::Tcp(id) => match stack.tcp_info(id) {
                Ok(info) => ("tcp", TCP, info.state.name(), info.receive_queue, info.send_queue),
                Err(_) => ("tcp", TCP, "CLOSED", 0, 0),
            },
            SocketId::Listener(id) => {
                let (waiting, backlog) = stack.tcp_backlog(id).unwrap_or_default();
                ("listen", TCP, "LISTEN", waiting, backlog)
            }
            SocketId::Udp(_) => ("udp", UDP, state, queued, 0),
            SocketId::Raw(_) => ("raw", 0, state, queued, 0),
        };
        Self { kind, protocol, state, local, remote, receive_queue, send_queue }
    }
}
