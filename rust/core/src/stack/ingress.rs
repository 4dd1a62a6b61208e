//! Frames on their way in: link header, IP checks, then to us or onward.
//!
//! `handle_frame` -> `on_ethernet` -> `on_arp` | `on_ipv4` -> `deliver` (deliver.rs) | `forward` (forward.rs)

use super::Stack;
use super::interface::Medium;
use super::offload;
use crate::buffer::Packet;
use crate::drops::DropReason;
use crate::ip::{self, Destination};
use crate::neighbor;
use crate::observe::{Counter, InterfaceId, Layer, TraceEvent};
use crate::time::Instant;
use crate::wire::{
    ArpPacket, Ecn, EtherType, EthernetHeader, IpAddress, Ipv4Header, MacAddress, is_broadcast,
};
use std::net::Ipv4Addr;

/// How a packet reached us.
#[derive(Debug, Clone, Copy)]
pub(super) struct Arrival {
    /// By which interface.
    pub(super) interface: InterfaceId,
    /// In a link-layer broadcast or multicast, which must never be answered with an error (RFC 1122 3.2.2).
    pub(super) link_group: bool,
    /// From ourselves, by the loopback interface.
    pub(super) loopback: bool,
}

impl Stack {
    /// Take in a frame that `interface` received.
    ///
    /// The view of `frame` is the whole frame, from the link header on. Malformed and unwanted ones are dropped and
    /// counted by reason. See [`Stack`] for what the caller does next.
    pub fn handle_frame(&mut self, now: Instant, interface: InterfaceId, mut frame: Packet) {
        let Some(link) = self.interfaces.find(interface) else { return self.pool.put(frame) };
        let (medium, up) = (link.medium, link.up);
        let size = frame.len();
        let counters = self.observers.counters.interface_mut(interface);
        counters.rx_frames += 1;
        counters.rx_bytes += size as u64;
        self.observers.context(now, Some(interface)).emit(Layer::Dev, || TraceEvent::FrameIn { size });
        if !up {
            return self.discard(now, interface, Layer::Dev, DropReason::InterfaceDown, frame);
        }
        if medium == Medium::Ethernet {
            return self.on_ethernet(now, interface, frame);
        }
        frame.mark_network();
        let arrival = Arrival { interface, link_group: false, loopback: medium == Medium::Loopback };
        self.on_ipv4(now, arrival, frame);
    }

    fn on_ethernet(&mut self, now: Instant, interface: InterfaceId, mut frame: Packet) {
        let header = match EthernetHeader::parse(frame.bytes()) {
            Ok(header) => header,
            Err(reason) => return self.malformed(now, interface, Layer::L2, reason, frame),
        };
        let mut cx = self.observers.context(now, Some(interface));
        cx.emit(Layer::L2, || TraceEvent::Ethernet {
            source: header.source,
            destination: header.destination,
            kind: header.ethertype.name(),
        });
        if let Err(reason) = self.check_ethernet(interface, &header) {
            return self.discard(now, interface, Layer::L2, reason, frame);
        }
        frame.advance(EthernetHeader::LEN);
        frame.offload = frame.offload.without_link(EthernetHeader::LEN as u16);
        frame.mark_network();
        match header.ethertype {
            EtherType::ARP => self.on_arp(now, interface, &header, frame),
            EtherType::IPV4 => {
                let link_group = header.destination.is_group();
                self.on_ipv4(now, Arrival { interface, link_group, loopback: false }, frame);
            }
            _ => self.discard(now, interface, Layer::L2, DropReason::EthernetUnknownType, frame),
        }
    }

    fn check_ethernet(&self, interface: InterfaceId, header: &EthernetHeader) -> Result<(), DropReason> {
        let own = self.interfaces.find(interface).map_or(MacAddress::ZERO, |link| link.mac);
        if header.source.is_group() || header.source == own {
            return Err(DropReason::EthernetBadSource);
        }
        if header.destination == own || header.destination.is_broadcast() {
            return Ok(());
        }
        if header.destination.is_group() {
            let wanted = self.groups.hears(interface, header.destination);
            return if wanted { Ok(()) } else { Err(DropReason::EthernetMulticastNotJoined) };
        }
        Err(DropReason::EthernetNotForUs)
    }

    fn on_arp(&mut self, now: Instant, interface: InterfaceId, link: &EthernetHeader, frame: Packet) {
        let packet = match ArpPacket::parse(frame.bytes()) {
            Ok(packet) => packet,
            Err(reason) => return self.malformed(now, interface, Layer::Arp, reason, frame),
        };
        self.pool.put(frame);
        self.observers.counters.count(Counter::ArpInPackets);
        self.note_arp_reply(now, interface, &packet);
        let Some(own) = self.interfaces.find(interface) else { return };
        let facts = neighbor::Arrival {
            interface,
            frame_source: link.source,
            own_mac: own.mac,
            target_is_ours: own.has_address(packet.target_ip.into()),
            sender_is_ours: own.has_address(packet.sender_ip.into()),
        };
        let mut cx = self.observers.context(now, Some(interface));
        self.neighbors.on_arp(&mut cx, &packet, facts);
        self.apply_neighbor_actions(now);
    }

    /// Check an IPv4 packet and decide whose it is.
    pub(super) fn on_ipv4(&mut self, now: Instant, arrival: Arrival, mut packet: Packet) {
        self.observers.counters.count(Counter::IpInReceives);
        let header = match Ipv4Header::parse(packet.bytes()) {
            Ok(header) => header,
            Err(reason) => return self.malformed(now, arrival.interface, Layer::Ip, reason, packet),
        };
        packet.truncate(usize::from(header.total_length));
        if !packet.offload.is_none()
            && let Err(reason) = offload::check(&header, &mut packet)
        {
            return self.malformed(now, arrival.interface, Layer::Dev, reason, packet);
        }
        self.count_ecn(Ecn::of(header.tos));
        self.trace_ip(now, arrival.interface, &header);
        let destination = self.classify(arrival, header.destination);
        if let Err(reason) = self.check_ipv4(arrival, &header, destination) {
            return self.discard(now, arrival.interface, Layer::Ip, reason, packet);
        }
        match destination {
            Destination::Other => self.forward(now, arrival, &header, packet),
            _ => self.deliver(now, arrival, header, destination, packet),
        }
    }

    fn count_ecn(&mut self, ecn: Ecn) {
        let counter = match ecn {
            Ecn::NotCapable => return,
            Ecn::Capable0 => Counter::IpInECT0Pkts,
            Ecn::Capable1 => Counter::IpInECT1Pkts,
            Ecn::Congestion => Counter::IpInCEPkts,
        };
        self.observers.counters.count(counter);
    }

    fn check_ipv4(
        &self,
        arrival: Arrival,
        header: &Ipv4Header,
        destination: Destination,
    ) -> Result<(), DropReason> {
        header.options.check()?;
        let source = IpAddress::V4(header.source);
        let facts = ip::Arrival {
            loopback: arrival.loopback,
            link_group: arrival.link_group,
            source_is_ours: self.interfaces.owner(source).is_some(),
            source_is_broadcast: self.interfaces.broadcast_owner(source).is_some(),
            destination,
        };
        ip::admit(header, &facts)
    }

    /// Whose address it is, as seen from the interface where the packet came in.
    fn classify(&self, arrival: Arrival, destination: Ipv4Addr) -> Destination {
        let address = IpAddress::V4(destination);
        if address.is_multicast() {
            return Destination::Multicast { joined: self.groups.is_member(arrival.interface, destination) };
        }
        let broadcast = |link: &super::Interface| link.is_broadcast(address);
        if is_broadcast(address) || self.interfaces.find(arrival.interface).is_some_and(broadcast) {
            return Destination::Broadcast;
        }
        // The weak host model, as Linux and tapip have it: an own address is ours on whatever interface (RFC 1122 3.3.4.2).
        if self.interfaces.owner(address).is_some() { Destination::Local } else { Destination::Other }
    }

    /// Count a frame that breaks its own format.
    pub(super) fn malformed(
        &mut self,
        now: Instant,
        interface: InterfaceId,
        layer: Layer,
        reason: DropReason,
        packet: Packet,
    ) {
        self.observers.counters.interface_mut(interface).rx_errors += 1;
        self.discard(now, interface, layer, reason, packet);
    }
}
