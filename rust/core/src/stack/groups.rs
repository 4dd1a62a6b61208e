//! Multicast: which interface listens to which group, and the reports about it.

use super::egress::IpOut;
use super::route::{Hop, Wish};
use super::{Medium, SocketId, Stack};
use crate::error::Error;
use crate::igmp::Membership;
use crate::observe::{Counter, InterfaceId};
use crate::time::Instant;
use crate::wire::{IpAddress, Ipv4Options, MacAddress, Protocol};
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

/// The membership of every interface that can have one.
#[derive(Debug, Default)]
pub(super) struct Groups {
    interfaces: BTreeMap<InterfaceId, Membership>,
    /// The next timer of all, as of the last time that messages were sent: every change ends with that.
    next: Option<Instant>,
}

impl Groups {
    pub(super) fn add_interface(&mut self, id: InterfaceId) {
        self.interfaces.insert(id, Membership::new());
        self.refresh_timeout();
    }

    pub(super) fn remove_interface(&mut self, id: InterfaceId) {
        self.interfaces.remove(&id);
        self.refresh_timeout();
    }

    pub(super) fn find_mut(&mut self, id: InterfaceId) -> Option<&mut Membership> {
        self.interfaces.get_mut(&id)
    }

    /// Whether packets to `group` are taken on `interface`.
    pub(super) fn is_member(&self, interface: InterfaceId, group: Ipv4Addr) -> bool {
        self.interfaces.get(&interface).is_some_and(|membership| membership.is_member(group))
    }

    /// Whether frames to the group address `mac` are taken: 32 groups share one, so IP looks again.
    pub(super) fn hears(&self, interface: InterfaceId, mac: MacAddress) -> bool {
        let Some(membership) = self.interfaces.get(&interface) else { return false };
        mac == MacAddress::multicast_v4(Ipv4Addr::new(224, 0, 0, 1))
            || membership.groups().any(|(group, _)| MacAddress::multicast_v4(group) == mac)
    }

    /// Every group joined: interface, group, number of memberships.
    pub(super) fn iter(&self) -> impl Iterator<Item = (InterfaceId, Ipv4Addr, usize)> {
        self.interfaces
            .iter()
            .flat_map(|(id, membership)| membership.groups().map(|(group, count)| (*id, group, count)))
    }

    pub(super) const fn poll_timeout(&self) -> Option<Instant> {
        self.next
    }

    fn refresh_timeout(&mut self) {
        self.next = self.interfaces.values().filter_map(Membership::poll_timeout).min();
    }
}

impl Stack {
    /// Join a multicast group for a UDP or raw socket (RFC 1112 6.1); `None` lets the route choose the interface.
    pub fn join_group(
        &mut self,
        now: Instant,
        id: SocketId,
        group: IpAddress,
        interface: Option<InterfaceId>,
    ) -> Result<(), Error> {
        let (interface, group) = self.group_interface(group, interface)?;
        match id {
            SocketId::Udp(id) => self.udp.entry_mut(id)?.socket.add_membership(group.into(), interface)?,
            SocketId::Raw(id) => {
                self.raw
                    .get_mut(id)
                    .ok_or(Error::BadHandle)?
                    .socket
                    .add_membership(group.into(), interface)?;
            }
            SocketId::Tcp(_) | SocketId::Listener(_) => return Err(Error::NotSupported),
        }
        let mut cx = self.observers.context(now, Some(interface));
        let membership = self.groups.find_mut(interface).ok_or(Error::NoSuchDevice)?;
        membership.join(&mut cx, &self.config.igmp, group)?;
        self.send_group_messages(now);
        Ok(())
    }

    /// Leave a multicast group.
    pub fn leave_group(
        &mut self,
        now: Instant,
        id: SocketId,
        group: IpAddress,
        interface: Option<InterfaceId>,
    ) -> Result<(), Error> {
        let (interface, group) = self.group_interface(group, interface)?;
        match id {
            SocketId::Udp(id) => self.udp.entry_mut(id)?.socket.remove_membership(group.into(), interface)?,
            SocketId::Raw(id) => {
                self.raw
                    .get_mut(id)
                    .ok_or(Error::BadHandle)?
                    .socket
                    .remove_membership(group.into(), interface)?;
            }
            SocketId::Tcp(_) | SocketId::Listener(_) => return Err(Error::NotSupported),
        }
        self.drop_membership(now, group, interface);
        Ok(())
    }

    /// The groups that interfaces listen to: interface, group, number of memberships.
    pub fn groups(&self) -> Vec<(InterfaceId, IpAddress, usize)> {
        self.groups.iter().map(|(id, group, count)| (id, group.into(), count)).collect()
    }

    /// Give up what a closing socket had joined.
    pub(super) fn drop_memberships(&mut self, now: Instant, memberships: &[(IpAddress, InterfaceId)]) {
        for (group, interface) in memberships {
            if let IpAddress::V4(group) = group {
                self.drop_membership(now, *group, *interface);
            }
        }
    }

    fn drop_membership(&mut self, now: Instant, group: Ipv4Addr, interface: InterfaceId) {
        let mut cx = self.observers.context(now, Some(interface));
        if let Some(membership) = self.groups.find_mut(interface) {
            let _interface_made_anew = membership.leave(&mut cx, &self.config.igmp, group);
        }
        self.send_group_messages(now);
    }

    fn group_interface(
        &self,
        group: IpAddress,
        interface: Option<InterfaceId>,
    ) -> Result<(InterfaceId, Ipv4Addr), Error> {
        let group = super::egress::v4(group)?;
        if !group.is_multicast() {
            return Err(Error::InvalidArgument);
        }
        let interface = match interface {
            Some(interface) => interface,
            None => self.route(group.into(), Wish::default()).map_err(|_| Error::NoSuchDevice)?.interface,
        };
        Ok((interface, group))
    }

    /// Timers of the membership engines.
    pub(super) fn expire_groups(&mut self, now: Instant) {
        for (id, membership) in &mut self.groups.interfaces {
            membership.handle_timeout(&mut self.observers.context(now, Some(*id)), &self.config.igmp);
        }
        self.send_group_messages(now);
    }

    /// Send the reports that are due; on the loopback interface nobody would listen.
    pub(super) fn send_group_messages(&mut self, now: Instant) {
        self.emit_group_messages(now);
        self.groups.refresh_timeout();
    }

    fn emit_group_messages(&mut self, now: Instant) {
        let ids: Vec<_> = self.groups.interfaces.keys().copied().collect();
        for id in ids {
            while let Some((destination, message)) =
                self.groups.find_mut(id).and_then(Membership::poll_message)
            {
                let Some(interface) = self.interfaces.find(id) else { continue };
                if !interface.up || interface.medium == Medium::Loopback {
                    continue;
                }
                let source = interface.source_for(destination.into());
                let Some(IpAddress::V4(source)) = source else { continue };
                let (mtu, offloads) = (interface.mtu, interface.offloads);
                let Ok(mut packet) = self.zeroed(message.len()) else { return };
                message.emit(packet.bytes_mut());
                self.observers.counters.count(Counter::IgmpOutMsgs);
                //= rfc3376#4   TTL 1, precedence internetwork control, router alert
                let out = IpOut {
                    source,
                    destination,
                    protocol: Protocol::IGMP,
                    ttl: 1,
                    tos: 0xc0,
                    dont_fragment: true,
                    options: Ipv4Options::ROUTER_ALERT,
                };
                let (next_hop, source) = (destination.into(), source.into());
                let hop = Hop { interface: id, next_hop, source, mtu, broadcast: false, offloads };
                let _counted_where_it_failed = self.send_ip_via(now, out, hop, packet);
            }
        }
    }
}
