use super::record;
use crate::address::{Endpoint, endpoint};
use crate::timeout::to_time;
use pyo3::prelude::*;
use tapip_core::buffer;

record! {
    /// An entry of a socket's error queue (ip(7), IP_RECVERR).
    QueuedError {
        errno: i32,
        /// Who says so: a router or the destination; None for this stack itself.
        origin: Option<String>,
        /// Where the datagram was going; port 0 for a raw socket.
        destination: Endpoint,
        /// ICMP type and code; None when no ICMP message said so.
        icmp: Option<(u8, u8)>,
        /// The MTU that was exceeded, for EMSGSIZE.
        mtu: Option<u16>,
        /// When, on the clock of the stack.
        time: f64,
    }
}

impl From<buffer::QueuedError> for QueuedError {
    fn from(entry: buffer::QueuedError) -> Self {
        let buffer::QueuedError { error, origin, destination, icmp, mtu, time } = entry;
        Self {
            errno: error.errno(),
            origin: origin.map(|origin| origin.to_string()),
            destination: endpoint(destination),
            icmp: origin.map(|_| icmp),
            mtu: Some(mtu).filter(|mtu| *mtu > 0),
            time: to_time(time),
        }
    }
}
