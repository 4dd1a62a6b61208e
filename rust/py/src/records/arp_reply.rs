use super::record;
use crate::timeout::to_time;
use pyo3::prelude::*;

record! {
    /// An ARP reply to `Stack.arping`.
    ArpReply {
        interface: u32,
        address: String,
        mac: String,
        /// When it came, on the stack's clock.
        time: f64,
    }
}

impl From<tapip_core::stack::ArpReply> for ArpReply {
    fn from(reply: tapip_core::stack::ArpReply) -> Self {
        let tapip_core::stack::ArpReply { interface, address, mac, at } = reply;
        Self { interface: interface.0, address: address.to_string(), mac: mac.to_string(), time: to_time(at) }
    }
}
