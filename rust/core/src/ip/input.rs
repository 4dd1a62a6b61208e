//! May this packet be here, and is it for us?

use crate::drops::DropReason;
use crate::wire::{Ipv4Header, Prefix, Protocol};
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
        /// Somebody here joined it.
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

/// Whose `address` is, given the addresses of our interfaces, host bits kept.
pub fn classify<'a>(
    address: Ipv4Addr,
    addresses: impl Iterator<Item = &'a Prefix>,
    joined: impl FnOnce(Ipv4Addr) -> bool,
) -> Destination {
    if address.is_multicast() {
        return Destination::Multicast { joined: joined(address) };
    }
    if address.is_broadcast() {
        return Destination::Broadcast;
    }
    // All of 127/8 is this host (RFC 1122 3.2.1.3 g); whether it may come from a wire, `admit` decides.
    if address.is_loopback() {
        return Destination::Local;
    }
    let mut broadcast = false;
    for prefix in addresses {
        if prefix.address() == address {
            return Destination::Local;
        }
        broadcast |= prefix.broadcast().is_some_and(|other| other == address);
    }
    if broadcast { Destination::Broadcast } else { Destination::Other }
}

/// Whether a packet may be looked at any further. `Other` destinations pass: forwarding decides about them.
pub fn admit(header: &Ipv4Header, arrival: &Arrival) -> Result<(), DropReason> {
    check_source(header, arrival)?;
    check_destination(header, arrival)
}

fn check_source(header: &Ipv4Header, arrival: &Arrival) -> Result<(), DropReason> {
    let source = header.source;
    //= rfc1122#3.2.1.3   127/8 never appears outside a host
    if source.is_loopback() && !arrival.loopback {
        return Err(DropReason::IpLoopbackFromWire);
    }
    //= rfc1122#3.2.1.3   a source is never broadcast or multicast
    //= rfc1812#5.3.7   nor class E
    if source.is_multicast() || source.octets()[0] >= 240 || arrival.source_is_broadcast {
        return Err(DropReason::IpBadSource);
    }
    if source.octets()[0] == 0 && !(source.is_unspecified() && speaks_before_it_has_an_address(header)) {
        return Err(DropReason::IpBadSource);
    }
    // What we send to ourselves goes over the loopback interface: from a wire it is forged (the land attack).
    if arrival.source_is_ours && !arrival.loopback {
        return Err(DropReason::IpOwnSource);
    }
    Ok(())
}

/// DHCP clients and IGMP snoopers may be 0.0.0.0 (RFC 1122 3.2.1.3 a, RFC 2131, RFC 4541), and only they.
fn speaks_before_it_has_an_address(header: &Ipv4Header) -> bool {
    (header.protocol == Protocol::UDP && header.destination.is_broadcast())
        || (header.protocol == Protocol::IGMP && header.destination.is_multicast())
}

fn check_destination(header: &Ipv4Header, arrival: &Arrival) -> Result<(), DropReason> {
    let destination = header.destination;
    if destination.is_loopback() && !arrival.loopback {
        return Err(DropReason::IpLoopbackFromWire);
    }
    let class_e = destination.octets()[0] >= 240 && !destination.is_broadcast();
    if destination.octets()[0] == 0 || class_e {
        return Err(DropReason::IpBadDestination);
    }
    match arrival.destination {
        Destination::Multicast { joined: false } => Err(DropReason::IpMulticastNotJoined),
        //= rfc1122#3.3.6   a link-layer broadcast of a packet to one host is somebody's error or attack
        Destination::Local if arrival.link_group => Err(DropReason::IpBadDestination),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
