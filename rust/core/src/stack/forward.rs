//! Packets for others: a router's work (RFC 1812 5).

use super::Stack;
use super::icmp_error::About;
use super::ingress::Arrival;
use super::interface::Medium;
use super::offload;
use super::route::Hop;
use crate::buffer::Packet;
use crate::drops::DropReason;
use crate::ip::forward::{Forward, Passage, decide};
use crate::observe::{Counter, InterfaceId, Layer, TraceEvent};
use crate::time::Instant;
use crate::wire::{Icmpv4Message, IpAddress, Ipv4Header};
use std::net::Ipv4Addr;

impl Stack {
    /// Pass a packet on, or say why not.
    pub(super) fn forward(&mut self, now: Instant, arrival: Arrival, header: &Ipv4Header, packet: Packet) {
        let judged = Ipv4Header { total_length: offload::length_on_wire(header, &packet), ..*header };
        match self.decide_forward(arrival, &judged) {
            Forward::Send { next_hop, interface, fragment, redirect } => {
                if let Some(gateway) = redirect {
                    self.send_redirect(now, arrival, gateway, &packet);
                }
                self.pass_on(now, header, (interface, next_hop), fragment, packet);
            }
            Forward::Refuse { message, reason } => {
                let about = About { packet: packet.bytes(), arrival: Some(arrival) }.owned();
                self.send_error(now, message, about);
                self.discard(now, arrival.interface, Layer::Ip, reason, packet);
            }
            Forward::Drop(reason) => self.discard(now, arrival.interface, Layer::Ip, reason, packet),
        }
    }

    fn decide_forward(&self, arrival: Arrival, header: &Ipv4Header) -> Forward {
        let route = self.fib.lookup(header.destination.into());
        let egress = route.and_then(|route| self.interfaces.find(route.interface)).filter(|link| link.up);
        let passage = Passage {
            header,
            ingress: arrival.interface,
            link_group: arrival.link_group,
            route: egress.and(route),
            egress_mtu: egress.map_or(0, |link| link.mtu),
            egress_loopback: egress.is_some_and(|link| link.medium == Medium::Loopback),
            source_on_link: egress.is_some_and(|link| link.on_link(header.source.into())),
            directed_broadcast: self.interfaces.broadcast_owner(header.destination.into()).is_some(),
        };
        decide(&self.config.ip, &passage)
    }

    fn pass_on(
        &mut self,
        now: Instant,
        header: &Ipv4Header,
        (interface, next_hop): (InterfaceId, IpAddress),
        fragment: bool,
        mut packet: Packet,
    ) {
        self.observers.counters.count(Counter::IpForwDatagrams);
        self.observers.context(now, Some(interface)).emit(Layer::Ip, || TraceEvent::Forward {
            source: header.source.into(),
            destination: header.destination.into(),
            next_hop,
        });
        let link = self.interfaces.find(interface);
        let (mtu, offloads) = link.map(|link| (link.mtu, link.offloads)).unwrap_or_default();
        let hop = Hop { interface, next_hop, source: header.source.into(), mtu, broadcast: false, offloads };
        if !fragment {
            Ipv4Header::decrement_ttl(packet.bytes_mut());
            return self.send_link(now, hop, packet);
        }
        if packet.offload.segment_size == 0 {
            offload::complete(&mut packet);
            return self.pass_on_in_fragments(now, hop, packet);
        }
        for segment in self.cut(now, interface, packet, 0) {
            self.pass_on_in_fragments(now, hop, segment);
        }
    }

    fn pass_on_in_fragments(&mut self, now: Instant, hop: Hop, mut packet: Packet) {
        let Ok(mut header) = Ipv4Header::parse(packet.bytes()) else { return self.pool.put(packet) };
        header.ttl -= 1;
        packet.advance(header.len());
        if self.send_fragments(now, &header, hop, hop.mtu, packet).is_err() {
            self.observers.context(now, Some(hop.interface)).drop(Layer::Ip, DropReason::PoolExhausted);
        }
    }

    /// The sender would reach the destination sooner by `gateway` (RFC 1812 5.2.7.2).
    fn send_redirect(&mut self, now: Instant, arrival: Arrival, gateway: Ipv4Addr, packet: &Packet) {
        let message = Icmpv4Message::Redirect { code: 1, gateway };
        let about = About { packet: packet.bytes(), arrival: Some(arrival) }.owned();
        self.send_error(now, message, about);
    }
}
