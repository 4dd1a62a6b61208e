//! Whether and how to pass on a packet that is not for us (RFC 1812 5).

use super::{Config, Route, RouteKind};
use crate::drops::DropReason;
use crate::observe::InterfaceId;
use crate::wire::{Icmpv4Message, IpAddress, Ipv4Header, unreachable};
use std::net::Ipv4Addr;

/// Code of a redirect for one host, the only kind that may be sent (RFC 1812 5.2.7.2).
const REDIRECT_HOST: u8 = 1;

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
    /// The destination is the broadcast address of a network of ours.
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

impl Forward {
    /// The ICMP message that the sender shall get, whether or not the packet goes on.
    pub const fn message(&self) -> Option<Icmpv4Message> {
        match *self {
            Self::Send { redirect: Some(gateway), .. } => {
                Some(Icmpv4Message::Redirect { code: REDIRECT_HOST, gateway })
            }
            Self::Refuse { message, .. } => Some(message),
            Self::Send { redirect: None, .. } | Self::Drop(_) => None,
        }
    }

    const fn unreachable(code: u8, reason: DropReason) -> Self {
        Self::Refuse { message: Icmpv4Message::Unreachable { code, mtu: 0 }, reason }
    }
}

/// What to do with a packet that is for somebody else.
pub fn decide(config: &Config, passage: &Passage<'_>) -> Forward {
    if !config.forward {
        return Forward::Drop(DropReason::IpNotForUs);
    }
    if !may_pass(passage) {
        return Forward::Drop(DropReason::IpNotForwardable);
    }
    let header = passage.header;
    let Some(route) = passage.route else {
        return Forward::unreachable(unreachable::NETWORK, DropReason::IpNoRoute);
    };
    match route.kind {
        RouteKind::Unicast => {}
        RouteKind::Blackhole => return Forward::Drop(DropReason::IpProhibited),
        RouteKind::Prohibit => {
            return Forward::unreachable(unreachable::PROHIBITED, DropReason::IpProhibited);
        }
        RouteKind::Unreachable => return Forward::unreachable(unreachable::HOST, DropReason::IpNoRoute),
    }
    //= rfc1812#5.3.1   a TTL of one dies here, and only for packets that are not for us
    if header.ttl <= 1 {
        let message = Icmpv4Message::TimeExceeded { code: 0 };
        return Forward::Refuse { message, reason: DropReason::IpTtlExceeded };
    }
    let fragment = usize::from(header.total_length) > passage.egress_mtu;
    //= rfc1812#5.2.6   DF is obeyed
    //= rfc1191#4   and the error says how much would pass
    if fragment && header.dont_fragment {
        let mtu = u16::try_from(passage.egress_mtu).unwrap_or(u16::MAX);
        let message = Icmpv4Message::Unreachable { code: unreachable::FRAGMENTATION_NEEDED, mtu };
        return Forward::Refuse { message, reason: DropReason::IpTooBig };
    }
    let next_hop = route.gateway.unwrap_or(IpAddress::V4(header.destination));
    let redirect = redirect_to(config, passage, route, next_hop);
    Forward::Send { next_hop, interface: route.interface, fragment, redirect }
}

/// Whether a packet is of a kind that routers pass on.
fn may_pass(passage: &Passage<'_>) -> bool {
    let Ipv4Header { source, destination, .. } = passage.header;
    //= rfc1812#5.3.4   what came as a link-layer broadcast is not forwarded
    !passage.link_group
        //= rfc2644#2   nor is a directed broadcast, by default
        && !passage.directed_broadcast
        && !passage.egress_loopback
        //= rfc1812#5.3.7   nor what has no address of its own
        && !source.is_unspecified()
        && !destination.is_broadcast()
        // Group routing wants a protocol of its own, which we do not speak.
        && !destination.is_multicast()
        //= rfc3927#2.7   link-local packets stay on their link
        && !source.is_link_local()
        && !destination.is_link_local()
}

/// The better first hop, if the sender should know one.
fn redirect_to(
    config: &Config,
    passage: &Passage<'_>,
    route: &Route,
    next_hop: IpAddress,
) -> Option<Ipv4Addr> {
    //= rfc1812#5.2.7.2   out where it came in, and the sender can reach the next hop itself
    let wanted = config.send_redirects && route.interface == passage.ingress && passage.source_on_link;
    match next_hop {
        IpAddress::V4(gateway) if wanted && gateway != passage.header.source => Some(gateway),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
