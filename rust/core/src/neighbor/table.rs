//! The table.

use super::{Action, Arrival, Config, Entry, NeighborKey, Resolution};
use crate::buffer::Packet;
use crate::observe::{Context, InterfaceId};
use crate::rng::Rng;
use crate::time::Instant;
use crate::wire::{ArpPacket, IpAddress, MacAddress};

/// The neighbour table of a stack.
#[derive(Debug)]
pub struct Table {}

#[allow(unused_variables, missing_docs)]
impl Table {
    pub fn new(config: Config, rng: &mut Rng) -> Self {
        todo!()
    }
    pub fn config_mut(&mut self) -> &mut Config {
        todo!()
    }
    /// The hardware address of a neighbour; asks for it where needed.
    pub fn resolve(&mut self, cx: &mut Context<'_>, key: NeighborKey) -> Resolution {
        todo!()
    }
    /// Keep a packet (from its network header on) until `key` is resolved.
    pub fn enqueue(&mut self, cx: &mut Context<'_>, key: NeighborKey, packet: Packet) {
        todo!()
    }
    /// An ARP packet came in. Err: dropped for this reason (already counted).
    pub fn on_arp(&mut self, cx: &mut Context<'_>, packet: &ArpPacket, arrival: Arrival) {
        todo!()
    }
    /// The layer above saw forward progress: `key` is reachable.
    pub fn confirm(&mut self, cx: &mut Context<'_>, key: NeighborKey) {
        todo!()
    }
    /// Announce our own address: twice, two seconds apart (RFC 5227 2.3).
    pub fn announce(&mut self, cx: &mut Context<'_>, interface: InterfaceId, address: IpAddress) {
        todo!()
    }
    pub fn poll_action(&mut self) -> Option<Action> {
        todo!()
    }
    pub fn handle_timeout(&mut self, cx: &mut Context<'_>) {
        todo!()
    }
    pub fn poll_timeout(&self) -> Option<Instant> {
        todo!()
    }
    pub fn insert_permanent(&mut self, cx: &mut Context<'_>, key: NeighborKey, mac: MacAddress) {
        todo!()
    }
    /// Forget an entry, permanent or not; false when there was none.
    pub fn remove(&mut self, cx: &mut Context<'_>, key: NeighborKey) -> bool {
        todo!()
    }
    /// Forget what was learned on one interface, or on all. Permanent entries stay.
    pub fn flush(&mut self, cx: &mut Context<'_>, interface: Option<InterfaceId>) {
        todo!()
    }
    /// The interface is gone: forget its permanent entries and announcements too.
    pub fn remove_interface(&mut self, cx: &mut Context<'_>, interface: InterfaceId) {
        todo!()
    }
    /// All entries, sorted by key.
    pub fn entries(&self, now: Instant) -> Vec<Entry> {
        todo!()
    }
}
