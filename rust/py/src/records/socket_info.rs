use super::record;
use crate::address::Endpoint;
use pyo3::prelude::*;

record! {
    /// A socket of any kind, as `ss` shows it.
    SocketInfo {
        /// One of tcp, listen, udp, raw.
        kind: &'static str,
        /// The IP protocol number.
        protocol: u8,
        /// TCP's state, "LISTEN", "UNCONN" or "ESTAB".
        state: &'static str,
        local: Option<Endpoint>,
        remote: Option<Endpoint>,
        /// Bytes not yet read; for a listener, connections not yet accepted.
        receive_queue: usize,
        /// Bytes not yet acknowledged; for a listener, the backlog.
        send_queue: usize,
    }
}
