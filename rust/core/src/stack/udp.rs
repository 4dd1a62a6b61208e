//! UDP: datagrams in and out, and the verbs of its sockets.

use super::Stack;
use super::deliver::IpFacts;
use super::egress::{IpOut, v4};
use super::icmp_error::About;
use super::route::{Hop, Wish, unspecified};
use super::sockets::{SocketId, UdpId};
use crate::buffer::{Datagram, Meta, MtuDiscover, Packet, QueuedError};
use crate::drops::DropReason;
use crate::error::Error;
use crate::observe::{Counter, Layer, Readiness, TraceEvent};
use crate::time::Instant;
use crate::udp;
use crate::wire::{
    Icmpv4Message, IpAddress, Ipv4Header, Ipv4Options, Protocol, SocketAddress, UdpHeader, unreachable,
};
use std::net::Ipv4Addr;

impl Stack {
    /// Make a UDP socket.
    pub fn udp_open(&mut self) -> UdpId {
        self.udp.open(udp::Socket::new(self.config.datagram))
    }

    /// Bind a socket; port 0 takes an ephemeral one, an unspecified address takes datagrams to all of ours.
    pub fn udp_bind(&mut self, id: UdpId, local: SocketAddress) -> Result<(), Error> {
        let entry = self.udp.entry(id)?;
        if entry.socket.local.is_some_and(|local| local.port() != 0) {
            return Err(Error::InvalidArgument);
        }
        let reuse = entry.socket.settings.reuse_address;
        v4(local.ip())?;
        self.check_bindable(local.ip())?;
        let local = if local.port() == 0 {
            self.choose_udp_port(local.ip(), None)?
        } else if self.udp.is_taken(local, reuse) {
            return Err(Error::AddressInUse);
        } else {
            local
        };
        self.udp.bind(id, local);
        self.settle_udp(id, false);
        Ok(())
    }

    /// Connect a socket: it then takes datagrams from `remote` only, and errors about them. `None` undoes that.
    pub fn udp_connect(&mut self, id: UdpId, remote: Option<SocketAddress>) -> Result<(), Error> {
        let entry = self.udp.entry(id)?;
        let Some(remote) = remote else {
            self.udp.entry_mut(id)?.socket.remote = None;
            return Ok(());
        };
        v4(remote.ip())?;
        let bound = entry.socket.local.map(|local| local.ip()).filter(|address| !address.is_unspecified());
        let broadcast = entry.socket.settings.broadcast;
        let hop = self.route(remote.ip(), Wish { source: bound, interface: None })?;
        if hop.broadcast && !broadcast {
            return Err(Error::PermissionDenied);
        }
        let local = match entry.socket.local {
            Some(local) => SocketAddress::new(hop.source, local.port()),
            None => self.choose_udp_port(hop.source, Some(remote))?,
        };
        self.udp.bind(id, local);
        self.udp.entry_mut(id)?.socket.remote = Some(remote);
        self.settle_udp(id, false);
        Ok(())
    }

    /// Send a datagram, to where the socket is connected if `to` is `None`; returns its length.
    pub fn udp_send(
        &mut self,
        now: Instant,
        id: UdpId,
        data: &[u8],
        to: Option<SocketAddress>,
    ) -> Result<usize, Error> {
        let entry = self.udp.entry_mut(id)?;
        if let Some(error) = entry.socket.take_error() {
            self.settle_udp(id, false);
            return Err(error);
        }
        let remote = to.or(entry.socket.remote).ok_or(Error::DestinationRequired)?;
        if remote.port() == 0 {
            return Err(Error::InvalidArgument);
        }
        let (settings, bound) = (entry.socket.settings, entry.socket.local);
        let source = bound.map(|local| local.ip()).filter(|address| !address.is_unspecified());
        let hop = self.route(remote.ip(), Wish { source, interface: settings.multicast_interface })?;
        if hop.broadcast && !settings.broadcast {
            return Err(Error::PermissionDenied);
        }
        if bound.is_none() {
            let any = self.choose_udp_port(unspecified(remote.ip()), None)?;
            self.udp.bind(id, any);
        }
        let port = self.udp.entry(id)?.socket.local.map_or(0, |local| local.port());
        let mut packet = self.blank(data.len())?;
        packet.append(data);
        udp::build(&mut packet, SocketAddress::new(hop.source, port), remote)?;
        self.observers.counters.count(Counter::UdpOutDatagrams);
        self.trace_udp(now, Some(hop), SocketAddress::new(hop.source, port), remote, packet.len());
        let ip_multicast = remote.ip().is_multicast();
        let ttl = if ip_multicast { settings.multicast_ttl } else { settings.ttl };
        let total = packet.len() + Ipv4Header::MIN_LEN;
        let fits = self.wants_df(now, settings.mtu_discover, remote.ip(), &hop, total);
        let dont_fragment = match fits {
            Ok(dont_fragment) => dont_fragment,
            Err(error) => return Err(self.udp_too_long(now, id, remote, &hop, error)),
        };
        let out = IpOut {
            source: v4(hop.source)?,
            destination: v4(remote.ip())?,
            protocol: Protocol::UDP,
            ttl,
            tos: settings.tos,
            dont_fragment,
            options: Ipv4Options::NONE,
        };
        if (ip_multicast && settings.multicast_loop) || hop.broadcast {
            self.loop_back(now, &out, hop, &packet);
        }
        self.send_ip_via(now, out, hop, packet)?;
        Ok(data.len())
    }

    /// Note in the error queue, where the application reads it, how long a datagram may be (ip(7) IP_RECVERR).
    fn udp_too_long(
        &mut self,
        now: Instant,
        id: UdpId,
        destination: SocketAddress,
        hop: &Hop,
        error: Error,
    ) -> Error {
        let mtu = self.path_mtu(now, destination.ip(), hop.mtu);
        if let Some(entry) = self.udp.sockets.get_mut(id).filter(|entry| entry.socket.settings.receive_errors)
        {
            entry.socket.on_local_error(QueuedError::local(now, error, destination, mtu));
            self.settle_udp(id, false);
        }
        error
    }

    /// Whether a datagram of `total` bytes leaves with DF; an error if it must and does not fit (ip(7) IP_MTU_DISCOVER).
    pub(super) fn wants_df(
        &mut self,
        now: Instant,
        discover: MtuDiscover,
        destination: IpAddress,
        hop: &Hop,
        total: usize,
    ) -> Result<bool, Error> {
        let fits = total <= self.path_mtu(now, destination, hop.mtu);
        match discover {
            MtuDiscover::Dont => Ok(false),
            MtuDiscover::Want => Ok(fits && !self.path_locked(now, destination)),
            MtuDiscover::Do if !fits => Err(Error::MessageTooLong),
            MtuDiscover::Probe if total > hop.mtu => Err(Error::MessageTooLong),
            MtuDiscover::Do | MtuDiscover::Probe => Ok(true),
        }
    }

    /// Our own broadcast, or multicast to a group that we are in, is for us too: a copy comes back by `lo`'s door.
    pub(super) fn loop_back(&mut self, now: Instant, out: &IpOut, hop: Hop, payload: &Packet) {
        let member = hop.broadcast || self.groups.is_member(hop.interface, out.destination);
        if !member {
            return;
        }
        let Ok(mut copy) = self.blank(payload.len()) else { return };
        copy.append(payload.bytes());
        let arrival = super::ingress::Arrival { interface: hop.interface, link_group: true, loopback: true };
        let facts = IpFacts {
            arrival,
            source: out.source,
            destination: out.destination,
            ttl: out.ttl,
            tos: out.tos,
            group: true,
        };
        if out.protocol == Protocol::UDP {
            self.on_udp(now, facts, copy);
        } else {
            self.pool.put(copy);
        }
    }

    /// Take a datagram: as many bytes as fit `out`, and all about it, its whole length too.
    pub fn udp_recv(&mut self, id: UdpId, out: &mut [u8]) -> Result<(usize, Meta), Error> {
        let entry = self.udp.sockets.get_mut(id).ok_or(Error::BadHandle)?;
        let received = entry.socket.recv(out, &mut self.pool);
        self.settle_udp(id, false);
        received
    }

    /// As [`Stack::udp_recv`], but the datagram stays.
    pub fn udp_peek(&self, id: UdpId, out: &mut [u8]) -> Result<(usize, Meta), Error> {
        self.udp.entry(id)?.socket.peek(out)
    }

    /// The oldest entry of the socket's error queue (IP_RECVERR).
    pub fn udp_queued_error(&mut self, id: UdpId) -> Result<Option<QueuedError>, Error> {
        let taken = self.udp.entry_mut(id)?.socket.take_queued_error();
        self.settle_udp(id, false);
        Ok(taken)
    }

    /// A UDP datagram for us; the view of `packet` begins at its header.
    pub(super) fn on_udp(&mut self, now: Instant, facts: IpFacts, mut packet: Packet) {
        let interface = facts.arrival.interface;
        let (source, destination) = (IpAddress::V4(facts.source), IpAddress::V4(facts.destination));
        let verify = !packet.offload.checksum_valid && packet.offload.partial_checksum.is_none();
        let header = match UdpHeader::parse(packet.bytes(), source, destination, verify) {
            Ok(header) => header,
            Err(reason) => return self.malformed(now, interface, Layer::Udp, reason, packet),
        };
        let from = SocketAddress::new(source, header.source_port);
        let to = SocketAddress::new(destination, header.destination_port);
        self.trace_udp(now, None, from, to, usize::from(header.length));
        packet.truncate(usize::from(header.length));
        packet.advance(UdpHeader::LEN);
        if facts.group {
            return self.deliver_to_group(now, facts, from, to, packet);
        }
        match self.udp.best(from, to) {
            Some(id) => self.queue_datagram(now, id, facts, from, packet),
            None => {
                let message = Icmpv4Message::Unreachable { code: unreachable::PORT, mtu: 0 };
                let about = About { packet: packet.network_bytes(), arrival: Some(facts.arrival) }.owned();
                self.send_error(now, message, about);
                self.discard(now, interface, Layer::Udp, DropReason::UdpNoSocket, packet);
            }
        }
    }

    /// A broadcast goes to every socket on the port, a multicast to those that joined the group (RFC 1122 4.1.3.6).
    fn deliver_to_group(
        &mut self,
        now: Instant,
        facts: IpFacts,
        from: SocketAddress,
        to: SocketAddress,
        packet: Packet,
    ) {
        let interface = facts.arrival.interface;
        let wants = |entry: &super::datagram_table::UdpEntry| {
            let member = entry.socket.memberships().contains(&(to.ip(), interface));
            let unicast = self.interfaces.owner(to.ip()).is_some();
            entry.socket.score(from, to).is_some() && (member || !to.ip().is_multicast() || unicast)
        };
        let ids: Vec<UdpId> =
            self.udp.on_port(to.port()).filter(|(_, entry)| wants(entry)).map(|(id, _)| id).collect();
        let Some((last, others)) = ids.split_last() else {
            return self.discard(now, interface, Layer::Udp, DropReason::UdpNoSocket, packet);
        };
        for id in others {
            let Ok(mut copy) = self.blank(packet.len()) else { break };
            copy.append(packet.bytes());
            self.queue_datagram(now, *id, facts, from, copy);
        }
        self.queue_datagram(now, *last, facts, from, packet);
    }

    fn queue_datagram(
        &mut self,
        now: Instant,
        id: UdpId,
        facts: IpFacts,
        source: SocketAddress,
        packet: Packet,
    ) {
        let Some(entry) = self.udp.sockets.get_mut(id) else { return self.pool.put(packet) };
        let datagram = Datagram {
            source,
            destination: facts.destination.into(),
            interface: facts.arrival.interface,
            ttl: facts.ttl,
            tos: facts.tos,
            packet,
        };
        let mut cx = self.observers.context(now, Some(facts.arrival.interface));
        entry.socket.on_datagram(&mut cx, datagram, &mut self.pool);
        self.settle_udp(id, true);
    }

    pub(super) fn settle_udp(&mut self, id: UdpId, fresh: bool) {
        if let Some(entry) = self.udp.sockets.get_mut(id) {
            let readiness = entry.socket.readiness();
            let fresh = fresh && readiness.contains(Readiness::READABLE);
            self.events.note(&mut entry.watch, SocketId::Udp(id), readiness, fresh);
        }
    }

    fn choose_udp_port(
        &mut self,
        local: IpAddress,
        remote: Option<SocketAddress>,
    ) -> Result<SocketAddress, Error> {
        let udp = &self.udp;
        let free = |port| !udp.is_taken(SocketAddress::new(local, port), false);
        let port = self.ports.choose(&self.config.local_ports, local, remote, free);
        Ok(SocketAddress::new(local, port.ok_or(Error::AddressInUse)?))
    }

    /// Whether a socket may be bound to `address`: one of ours, any, broadcast, or a group (RFC 1122 4.1.3.5).
    pub(super) fn check_bindable(&self, address: IpAddress) -> Result<(), Error> {
        let ours = address.is_unspecified()
            || address.is_multicast()
            || address == IpAddress::V4(Ipv4Addr::BROADCAST)
            || self.interfaces.owner(address).is_some()
            || self.interfaces.broadcast_owner(address).is_some();
        if ours { Ok(()) } else { Err(Error::AddressNotAvailable) }
    }

    fn trace_udp(
        &mut self,
        now: Instant,
        hop: Option<Hop>,
        source: SocketAddress,
        destination: SocketAddress,
        length: usize,
    ) {
        let mut cx = self.observers.context(now, hop.map(|hop| hop.interface));
        cx.emit(Layer::Udp, || TraceEvent::Udp {
            source: source.ip(),
            source_port: source.port(),
            destination: destination.ip(),
            destination_port: destination.port(),
            length,
        });
    }
}
