//! Packets on their way out: IP header, fragments, neighbour, link header, queue.

use super::Stack;
use super::interface::Medium;
use super::route::{Hop, Wish};
use crate::buffer::Packet;
use crate::drops::DropReason;
use crate::error::Error;
use crate::ip;
use crate::neighbor::{NeighborKey, Resolution};
use crate::observe::{Counter, InterfaceId, Layer, TraceEvent};
use crate::time::Instant;
use crate::wire::{EtherType, EthernetHeader, IpAddress, Ipv4Header, Ipv4Options, MacAddress, Protocol};
use std::net::Ipv4Addr;

/// An IP packet to be: everything but its payload.
#[derive(Debug, Clone, Copy)]
pub(super) struct IpOut {
    pub(super) source: Ipv4Addr,
    pub(super) destination: Ipv4Addr,
    pub(super) protocol: Protocol,
    pub(super) ttl: u8,
    pub(super) tos: u8,
    pub(super) dont_fragment: bool,
    pub(super) options: Ipv4Options,
}

/// How a link wants a packet to be addressed.
pub(super) enum LinkTarget {
    /// No link header at all.
    Bare,
    /// An Ethernet header to this address.
    Ethernet(EthernetHeader),
    /// The neighbour is being asked for its address.
    Pending,
    /// The neighbour did not answer.
    Unreachable,
}

/// Room in front of a payload for the largest IP header, the largest transport header and the link header.
pub(super) const HEADROOM: usize = EthernetHeader::LEN + 2 + 60 + 60;

/// The IPv4 address inside, where no other family can be: engines above are IPv4's.
pub(super) const fn v4(address: IpAddress) -> Result<Ipv4Addr, Error> {
    match address {
        IpAddress::V4(address) => Ok(address),
        IpAddress::V6(_) => Err(Error::AddressFamilyNotSupported),
    }
}

impl Stack {
    /// An empty packet with [`HEADROOM`] and room for `length` bytes.
    pub(super) fn blank(&mut self, length: usize) -> Result<Packet, Error> {
        let Some(mut packet) = self.pool.take_sized(HEADROOM + length) else {
            self.observers.counters.drop(None, DropReason::PoolExhausted);
            return Err(Error::NoBuffers);
        };
        packet.grow(HEADROOM);
        packet.advance(HEADROOM);
        Ok(packet)
    }

    /// As `blank`, filled with `length` zero bytes for the caller to write.
    pub(super) fn zeroed(&mut self, length: usize) -> Result<Packet, Error> {
        let mut packet = self.blank(length)?;
        packet.grow(length);
        packet.bytes_mut().fill(0);
        Ok(packet)
    }

    /// Send `payload` under an IP header, in fragments if it must be and may be.
    pub(super) fn send_ip(
        &mut self,
        now: Instant,
        out: IpOut,
        wish: Wish,
        payload: Packet,
    ) -> Result<(), Error> {
        let hop = match self.route(out.destination.into(), wish) {
            Ok(hop) => hop,
            Err(error) => {
                self.observers.counters.drop(None, DropReason::IpNoRoute);
                self.pool.put(payload);
                return Err(error);
            }
        };
        self.send_ip_via(now, out, hop, payload)
    }

    /// As `send_ip`, on a way that was found already.
    pub(super) fn send_ip_via(
        &mut self,
        now: Instant,
        out: IpOut,
        hop: Hop,
        payload: Packet,
    ) -> Result<(), Error> {
        let mut header = Ipv4Header {
            tos: out.tos,
            total_length: 0,
            id: 0,
            dont_fragment: out.dont_fragment,
            more_fragments: false,
            fragment_offset: 0,
            ttl: out.ttl,
            protocol: out.protocol,
            source: out.source,
            destination: out.destination,
            options: out.options,
        };
        let total = header.len() + payload.len();
        if total > 65_535 {
            self.pool.put(payload);
            return Err(Error::MessageTooLong);
        }
        header.total_length = total as u16;
        let mtu = self.path_mtu(now, out.destination.into(), hop.mtu);
        self.observers.counters.count(Counter::IpOutRequests);
        self.trace_ip(now, hop.interface, &header);
        if total <= mtu {
            if !header.dont_fragment {
                header.id = self.identifiers.next(out.source.into(), out.destination.into(), out.protocol);
            }
            self.send_whole(now, &header, hop, payload);
            return Ok(());
        }
        if header.dont_fragment {
            self.pool.put(payload);
            return Err(Error::MessageTooLong);
        }
        header.id = self.identifiers.next(out.source.into(), out.destination.into(), out.protocol);
        self.send_fragments(now, &header, hop, mtu, payload)
    }

    fn send_whole(&mut self, now: Instant, header: &Ipv4Header, hop: Hop, mut packet: Packet) {
        header.emit(packet.prepend(header.len()));
        packet.mark_network();
        self.send_link(now, hop, packet);
    }

    /// Cut a packet to pieces of `mtu` bytes; each is a copy, since each needs a header of its own in front.
    pub(super) fn send_fragments(
        &mut self,
        now: Instant,
        header: &Ipv4Header,
        hop: Hop,
        mtu: usize,
        payload: Packet,
    ) -> Result<(), Error> {
        let Some(fragments) = ip::fragments(header, payload.len(), mtu) else {
            self.pool.put(payload);
            return Err(Error::MessageTooLong);
        };
        self.observers.counters.count(Counter::IpFragOKs);
        for (fragment, range) in fragments {
            let mut packet = match self.blank(range.len()) {
                Ok(packet) => packet,
                Err(error) => {
                    self.pool.put(payload);
                    return Err(error);
                }
            };
            self.observers.counters.count(Counter::IpFragCreates);
            let (offset, hlen, data) = (usize::from(fragment.fragment_offset), fragment.len(), range.len());
            let mut cx = self.observers.context(now, Some(hop.interface));
            cx.emit(Layer::Ip, || TraceEvent::Fragment { offset, header: hlen, data });
            packet.append(&payload.bytes()[range]);
            self.send_whole(now, &fragment, hop, packet);
        }
        self.pool.put(payload);
        Ok(())
    }

    /// Send a packet, complete from its IP header on, to the next hop.
    pub(super) fn send_link(&mut self, now: Instant, hop: Hop, mut packet: Packet) {
        match self.link_target(now, hop) {
            LinkTarget::Bare => {}
            LinkTarget::Ethernet(header) => header.emit(packet.prepend(EthernetHeader::LEN)),
            LinkTarget::Pending => {
                let key = NeighborKey { interface: hop.interface, address: hop.next_hop };
                let mut cx = self.observers.context(now, Some(hop.interface));
                self.neighbors.enqueue(&mut cx, key, packet);
                return self.apply_neighbor_actions(now);
            }
            LinkTarget::Unreachable => {
                let key = NeighborKey { interface: hop.interface, address: hop.next_hop };
                return self.on_neighbor_failed(now, key, vec![packet]);
            }
        }
        self.enqueue(now, hop.interface, packet);
    }

    /// Who takes a packet on the link of `hop`, and under which header.
    pub(super) fn link_target(&mut self, now: Instant, hop: Hop) -> LinkTarget {
        let Some(interface) = self.interfaces.find(hop.interface) else { return LinkTarget::Unreachable };
        if interface.medium != Medium::Ethernet {
            return LinkTarget::Bare;
        }
        let source = interface.mac;
        let ethernet = |destination| {
            LinkTarget::Ethernet(EthernetHeader { destination, source, ethertype: EtherType::IPV4 })
        };
        match hop.next_hop {
            _ if hop.broadcast => return ethernet(MacAddress::BROADCAST),
            IpAddress::V4(group) if group.is_multicast() => return ethernet(MacAddress::multicast_v4(group)),
            _ => {}
        }
        let key = NeighborKey { interface: hop.interface, address: hop.next_hop };
        let resolution = self.neighbors.resolve(&mut self.observers.context(now, Some(hop.interface)), key);
        match resolution {
            Resolution::Resolved(mac) => ethernet(mac),
            Resolution::Pending => LinkTarget::Pending,
            Resolution::Unreachable => LinkTarget::Unreachable,
        }
    }

    /// Count a packet as dropped and reuse its buffer.
    pub(super) fn discard(
        &mut self,
        now: Instant,
        interface: InterfaceId,
        layer: Layer,
        reason: DropReason,
        packet: Packet,
    ) {
        self.observers.context(now, Some(interface)).drop(layer, reason);
        self.pool.put(packet);
    }

    pub(super) fn trace_ip(&mut self, now: Instant, interface: InterfaceId, header: &Ipv4Header) {
        let mut cx = self.observers.context(now, Some(interface));
        cx.emit(Layer::Ip, || TraceEvent::Ip {
            source: header.source.into(),
            destination: header.destination.into(),
            header: header.len(),
            length: usize::from(header.total_length),
        });
        cx.emit(Layer::Ip, || TraceEvent::IpHeader {
            id: header.id,
            reserved: 0,
            dont_fragment: u8::from(header.dont_fragment),
            more_fragments: u8::from(header.more_fragments),
            offset: usize::from(header.fragment_offset),
            size: header.payload_length(),
        });
    }
}
