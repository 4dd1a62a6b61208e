//! Packets for us: reassembly, raw sockets, then the engine of the protocol.

use super::Stack;
use super::icmp_error::About;
use super::ingress::Arrival;
use super::offload;
use crate::buffer::{Datagram, Packet};
use crate::drops::DropReason;
use crate::ip::{Destination, Outcome};
use crate::observe::{Counter, Layer, TraceEvent};
use crate::time::Instant;
use crate::wire::{Icmpv4Message, IgmpMessage, Ipv4Header, Protocol, SocketAddress, unreachable};
use std::net::Ipv4Addr;

/// What a transport protocol needs to know of the packet around it.
#[derive(Debug, Clone, Copy)]
pub(super) struct IpFacts {
    pub(super) arrival: Arrival,
    pub(super) source: Ipv4Addr,
    pub(super) destination: Ipv4Addr,
    pub(super) ttl: u8,
    pub(super) tos: u8,
    /// To a broadcast or multicast address, of the link or of IP.
    pub(super) group: bool,
}

impl Stack {
    /// Hand a packet to its protocol, whole.
    pub(super) fn deliver(
        &mut self,
        now: Instant,
        arrival: Arrival,
        header: Ipv4Header,
        destination: Destination,
        packet: Packet,
    ) {
        if !header.is_fragment() {
            return self.deliver_whole(now, arrival, &header, destination, packet);
        }
        let mut cx = self.observers.context(now, Some(arrival.interface));
        cx.emit(Layer::Ip, || TraceEvent::Fragment {
            offset: usize::from(header.fragment_offset),
            header: header.len(),
            data: header.payload_length(),
        });
        let outcome = self.reassembler.insert(&mut cx, &self.config.ip, &header, packet, &mut self.pool);
        let Outcome::Complete(packet) = outcome else { return };
        let Ok(header) = Ipv4Header::parse(packet.bytes()) else { return self.pool.put(packet) };
        cx.emit(Layer::Ip, || TraceEvent::Reassembled {
            header: header.len(),
            length: usize::from(header.total_length),
        });
        self.deliver_whole(now, arrival, &header, destination, packet);
    }

    fn deliver_whole(
        &mut self,
        now: Instant,
        arrival: Arrival,
        header: &Ipv4Header,
        destination: Destination,
        mut packet: Packet,
    ) {
        self.observers.counters.count(Counter::IpInDelivers);
        let taken = self.deliver_raw(now, arrival, header, &packet);
        packet.advance(header.len());
        let group = arrival.link_group || destination != Destination::Local;
        let facts = IpFacts {
            arrival,
            source: header.source,
            destination: header.destination,
            ttl: header.ttl,
            tos: header.tos,
            group,
        };
        match header.protocol {
            Protocol::TCP => self.on_tcp(now, facts, packet),
            Protocol::UDP => self.on_udp(now, facts, packet),
            Protocol::ICMP => self.on_icmp(now, facts, header, packet),
            Protocol::IGMP => self.on_igmp(now, facts, header, packet),
            _ if taken => self.pool.put(packet),
            _ => {
                let message = Icmpv4Message::Unreachable { code: unreachable::PROTOCOL, mtu: 0 };
                let about = About { packet: packet.network_bytes(), arrival: Some(arrival) };
                self.send_error(now, message, about.owned());
                self.discard(now, arrival.interface, Layer::Ip, DropReason::IpUnknownProtocol, packet);
            }
        }
    }

    /// A copy for every raw socket that wants it; whether there was one.
    fn deliver_raw(&mut self, now: Instant, arrival: Arrival, header: &Ipv4Header, packet: &Packet) -> bool {
        let (source, destination) = (header.source.into(), header.destination.into());
        let accepts = |entry: &super::datagram_table::RawEntry| {
            entry.socket.accepts(header.protocol, source, destination)
        };
        let wanting: Vec<_> = self.raw.iter().filter(|(_, entry)| accepts(entry)).map(|(id, _)| id).collect();
        for id in &wanting {
            let Ok(mut copy) = self.blank(packet.len()) else { continue };
            copy.append(packet.bytes());
            copy.mark_network();
            // Nobody behind a raw socket knows of work that was left to others.
            copy.offload = packet.offload;
            offload::complete(&mut copy);
            let datagram = Datagram {
                source: SocketAddress::new(source, 0),
                destination,
                interface: arrival.interface,
                ttl: header.ttl,
                tos: header.tos,
                packet: copy,
            };
            let mut cx = self.observers.context(now, Some(arrival.interface));
            if let Some(entry) = self.raw.get_mut(*id) {
                entry.socket.on_packet(&mut cx, datagram, &mut self.pool);
            }
            self.settle_raw(*id, true);
        }
        !wanting.is_empty()
    }

    fn on_igmp(&mut self, now: Instant, facts: IpFacts, header: &Ipv4Header, packet: Packet) {
        let interface = facts.arrival.interface;
        self.observers.counters.count(Counter::IgmpInMsgs);
        match IgmpMessage::parse(packet.bytes()) {
            Ok(message) => {
                self.pool.put(packet);
                let mut cx = self.observers.context(now, Some(interface));
                if let Some(membership) = self.groups.find_mut(interface) {
                    membership.on_message(&mut cx, &self.config.igmp, header, &message);
                }
                self.send_group_messages(now);
            }
            Err(reason) => self.malformed(now, interface, Layer::Icmp, reason, packet),
        }
    }
}
