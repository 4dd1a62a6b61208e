//! Whether and how to pass on a packet that is not for us (RFC 1812 5).
use super::{Config, Route};
use crate::drops::DropReason;
use crate::observe::InterfaceId;
use crate::wire::{Icmpv4Message, IpAddress, Ipv4Header};
use std::net::Ipv4Addr;

/// What the stack knows about a packet to be forwarded.
#[derive(Debug, Clone, Copy)]
pub struct Passage<'a> {
    /// Its header.
    pub header: &'a Ipv4Header,
    /// Where it came in.
    pub ingress: InterfaceId,
    /// The frame was a link-layer broadcast or multicast.
    pub link_group: bool,
    /// The route found.
    pub route: Option<&'a Route>,
    /// The MTU of the route's interface.
    pub egress_mtu: usize,
    /// The route's interface is the loopback interface.
    pub egress_loopback: bool,
    /// The source lies in a network of the route's interface.
    pub source_on_link: bool,
    /// The destination is the broadcast address of a network of the route's interface.
    pub directed_broadcast: bool,
}

/// What becomes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forward {
    /// Lower the TTL and send it.
    Send {
        /// The neighbour.
        next_hop: IpAddress,
        /// By which interface.
        interface: InterfaceId,
        /// It must be cut into pieces first.
        fragment: bool,
        /// Also tell the sender of this better first hop (ICMP 5/1).
        redirect: Option<Ipv4Addr>,
    },
    /// Drop it, count `reason`, and send this ICMP error to the sender.
    Refuse {
        /// What to tell the sender.
        message: Icmpv4Message,
        /// What to count.
        reason: DropReason,
    },
    /// Drop it, count, and say nothing.
    Drop(DropReason),
}

/// Decide.
#[allow(unused_variables)]
pub fn decide(config: &Config, passage: &Passage<'_>) -> Forward {
    todo!()
}
