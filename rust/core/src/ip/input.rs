//! May this packet be here, and is it for us?
use crate::drops::DropReason;
use crate::wire::{Ipv4Header, Prefix};
use std::net::Ipv4Addr;

/// Whose a destination address is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Destination {
    /// Ours.
    Local,
    /// 255.255.255.255, or the directed broadcast of a network of ours.
    Broadcast,
    /// A multicast group.
    Multicast {
        /// Somebody here joined it (224.0.0.1 always is).
        joined: bool,
    },
    /// Somebody else's.
    Other,
}

/// What the stack knows about a packet besides its bytes.
#[derive(Debug, Clone, Copy)]
pub struct Arrival {
    /// It came over the loopback interface.
    pub loopback: bool,
    /// The frame was a link-layer broadcast or multicast.
    pub link_group: bool,
    /// The source address is one of ours (of any interface).
    pub source_is_ours: bool,
    /// The source address is the broadcast address of one of our networks.
    pub source_is_broadcast: bool,
    /// Whose the destination is.
    pub destination: Destination,
}

/// Whose `address` is, given our interface addresses (all of them, host bits kept).
#[allow(unused_variables)]
pub fn classify<'a>(
    address: Ipv4Addr,
    addresses: impl Iterator<Item = &'a Prefix>,
    joined: impl FnOnce(Ipv4Addr) -> bool,
) -> Destination {
    todo!()
}

/// Whether a packet may be looked at any further (RFC 1122 3.2.1.3, RFC 1812 5.3.7). `Other` destinations pass:
/// forwarding decides about them.
#[allow(unused_variables)]
pub fn admit(header: &Ipv4Header, arrival: &Arrival) -> Result<(), DropReason> {
    todo!()
}
