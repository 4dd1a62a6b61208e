//! From a destination to the interface, the next hop and the source address.

use super::{Interface, Medium, Stack};
use crate::buffer::Offloads;
use crate::error::Error;
use crate::ip::{Route, RouteKind};
use crate::observe::InterfaceId;
use crate::wire::{IpAddress, is_broadcast};
use std::net::{Ipv4Addr, Ipv6Addr};

/// Where a packet goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Hop {
    /// The interface by which it leaves.
    pub(super) interface: InterfaceId,
    /// The neighbour that takes it: the gateway, or the destination itself.
    pub(super) next_hop: IpAddress,
    /// Our address on that path.
    pub(super) source: IpAddress,
    /// MTU of the interface.
    pub(super) mtu: usize,
    /// To a broadcast address of the interface.
    pub(super) broadcast: bool,
    /// What its device does for us.
    pub(super) offloads: Offloads,
}

/// What the application asked for beside the destination.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Wish {
    /// The source address, if it was bound.
    pub(super) source: Option<IpAddress>,
    /// The interface, for broadcast and multicast.
    pub(super) interface: Option<InterfaceId>,
}

/// The "any" address of the same family.
pub(super) const fn unspecified(like: IpAddress) -> IpAddress {
    match like {
        IpAddress::V4(_) => IpAddress::V4(Ipv4Addr::UNSPECIFIED),
        IpAddress::V6(_) => IpAddress::V6(Ipv6Addr::UNSPECIFIED),
    }
}

impl Stack {
    /// Find the way to `destination` (RFC 1122 3.3.1).
    pub(super) fn route(&self, destination: IpAddress, wish: Wish) -> Result<Hop, Error> {
        if destination.is_unspecified() {
            return Err(Error::InvalidArgument);
        }
        if self.interfaces.owner(destination).is_some() {
            return self.local_hop(destination, wish);
        }
        if is_broadcast(destination) || destination.is_multicast() {
            return self.group_hop(destination, wish);
        }
        if let Some(interface) = self.interfaces.broadcast_owner(destination) {
            return hop(interface, destination, wish.source, true);
        }
        match self.fib.lookup(destination) {
            Some(route) => self.route_hop(route, destination, wish),
            None => Err(Error::NetworkUnreachable),
        }
    }

    fn local_hop(&self, destination: IpAddress, wish: Wish) -> Result<Hop, Error> {
        let lo = self.interfaces.loopback().ok_or(Error::NetworkUnreachable)?;
        hop(lo, destination, wish.source.or(Some(destination)), false)
    }

    fn group_hop(&self, destination: IpAddress, wish: Wish) -> Result<Hop, Error> {
        let named = wish.interface.and_then(|id| self.interfaces.find(id));
        let bound = || wish.source.and_then(|source| self.interfaces.owner(source));
        let routed = || self.fib.lookup(destination).and_then(|route| self.interfaces.find(route.interface));
        let interface = named.or_else(bound).or_else(routed).or_else(|| self.interfaces.first_external());
        let interface = interface.ok_or(Error::NetworkUnreachable)?;
        hop(interface, destination, wish.source, is_broadcast(destination))
    }

    fn route_hop(&self, route: &Route, destination: IpAddress, wish: Wish) -> Result<Hop, Error> {
        match route.kind {
            RouteKind::Unicast => {}
            RouteKind::Blackhole => return Err(Error::InvalidArgument),
            RouteKind::Prohibit => return Err(Error::PermissionDenied),
            RouteKind::Unreachable => return Err(Error::HostUnreachable),
        }
        let interface = self.interfaces.find(route.interface).ok_or(Error::NetworkUnreachable)?;
        let next_hop = route.gateway.unwrap_or(destination);
        let source = wish.source.or(route.source).or_else(|| interface.source_for(next_hop));
        hop(interface, next_hop, source, false)
    }
}

fn hop(
    interface: &Interface,
    next_hop: IpAddress,
    source: Option<IpAddress>,
    broadcast: bool,
) -> Result<Hop, Error> {
    if !interface.up {
        return Err(Error::NetworkDown);
    }
    let source = source.or_else(|| interface.source_for(next_hop));
    // A host without an address may still broadcast, as DHCP does.
    let source = source.or_else(|| broadcast.then(|| unspecified(next_hop)));
    let source = source.ok_or(Error::AddressNotAvailable)?;
    let mtu = if interface.medium == Medium::Loopback { interface.mtu.min(65_535) } else { interface.mtu };
    Ok(Hop { interface: interface.id, next_hop, source, mtu, broadcast, offloads: interface.offloads })
}
