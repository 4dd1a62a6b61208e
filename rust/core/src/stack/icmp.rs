//! ICMP messages for us: echo is answered, errors are passed to whom they concern.

use super::Stack;
use super::deliver::IpFacts;
use super::icmp_error::About;
use crate::buffer::Packet;
use crate::drops::DropReason;
use crate::icmp::{self, Request};
use crate::observe::{Counter, Layer, TraceEvent};
use crate::time::Instant;
use crate::wire::{Icmpv4Header, Icmpv4Message, Ipv4Header};

impl Stack {
    /// An ICMP message; the view of `packet` begins at its header.
    pub(super) fn on_icmp(&mut self, now: Instant, facts: IpFacts, header: &Ipv4Header, packet: Packet) {
        let interface = facts.arrival.interface;
        self.observers.counters.count(Counter::IcmpInMsgs);
        let message = match Icmpv4Header::parse(packet.bytes()) {
            Ok(parsed) => parsed.message,
            Err(reason) => return self.malformed(now, interface, Layer::Icmp, reason, packet),
        };
        let size = packet.len();
        self.observers.context(now, Some(interface)).emit(Layer::Icmp, || TraceEvent::Icmp { size });
        match message {
            Icmpv4Message::EchoRequest { id, seq } => {
                let data = size - Icmpv4Header::LEN;
                let mut cx = self.observers.context(now, Some(interface));
                cx.emit(Layer::Icmp, || TraceEvent::EchoRequest { data, id, seq });
                self.on_echo_request(now, facts, header, (id, seq), packet);
            }
            Icmpv4Message::EchoReply { id, seq } => {
                let source = facts.source.into();
                let mut cx = self.observers.context(now, Some(interface));
                cx.emit(Layer::Icmp, || TraceEvent::EchoReply { source, id, seq, ttl: facts.ttl });
                self.pool.put(packet);
            }
            message if message.is_error() => {
                let (kind, code) = message.kind_and_code();
                let source = facts.source.into();
                let mut cx = self.observers.context(now, Some(interface));
                cx.emit(Layer::Icmp, || TraceEvent::IcmpError { source, kind, code });
                //= rfc9293#3.9.2.2 MUST-55   source quench is discarded without a word
                //= rfc6633#3   for all of IP
                if message != Icmpv4Message::SourceQuench {
                    self.on_icmp_error(now, source, message, &packet.bytes()[Icmpv4Header::LEN..]);
                }
                self.pool.put(packet);
            }
            _ => self.discard(now, interface, Layer::Icmp, DropReason::IcmpUnknownType, packet),
        }
    }

    /// Send the request back as a reply, in the buffer it came in.
    fn on_echo_request(
        &mut self,
        now: Instant,
        facts: IpFacts,
        header: &Ipv4Header,
        (id, seq): (u16, u16),
        mut packet: Packet,
    ) {
        let request = Request { header, group: facts.group };
        let reply = match icmp::answer(&self.config.icmp, request, packet.bytes_mut()) {
            Ok(reply) => reply,
            Err(reason) => {
                return self.discard(now, facts.arrival.interface, Layer::Icmp, reason, packet);
            }
        };
        self.observers.counters.count(Counter::IcmpOutEchoReps);
        let message = Icmpv4Message::EchoReply { id, seq };
        self.send_icmp(now, reply.source, reply.destination, message, packet);
    }

    /// Datagrams that never became whole: tell the senders whose first fragment we have (RFC 792, RFC 1122 3.3.2).
    pub(super) fn expire_fragments(&mut self, now: Instant) {
        let mut cx = self.observers.context(now, None);
        let expired = self.reassembler.handle_timeout(&mut cx, &self.config.ip);
        for datagram in expired {
            let Some(first) = datagram.first else { continue };
            let arrival =
                super::ingress::Arrival { interface: datagram.interface, link_group: false, loopback: false };
            let about = About { packet: first.bytes(), arrival: Some(arrival) }.owned();
            self.send_error(now, Icmpv4Message::TimeExceeded { code: 1 }, about);
            self.pool.put(first);
        }
    }
}
