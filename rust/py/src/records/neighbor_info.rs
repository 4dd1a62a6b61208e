use super::record;
use crate::timeout::to_seconds;
use pyo3::prelude::*;
use tapip_core::neighbor::Entry;

record! {
    /// An entry of the neighbour table.
    NeighborInfo {
        interface: u32,
        address: String,
        mac: Option<String>,
        /// incomplete, reachable, stale, delay, probe, failed or permanent.
        state: &'static str,
        /// Seconds since the entry was last confirmed.
        age: f64,
        /// Seconds until the entry changes its state by itself; None when it does not.
        expires_in: Option<f64>,
        /// Packets that wait for the address.
        pending: usize,
    }
}

impl From<&Entry> for NeighborInfo {
    fn from(entry: &Entry) -> Self {
        Self {
            interface: entry.key.interface.0,
            address: entry.key.address.to_string(),
            mac: entry.mac.map(|mac| mac.to_string()),
            state: entry.state.name(),
            age: to_seconds(entry.age),
            expires_in: entry.expires_in.map(to_seconds),
            pending: entry.pending,
        }
    }
}
