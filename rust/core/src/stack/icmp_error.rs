//! ICMP errors: those that we send, and those that concern our sockets.

use super::Stack;
use super::egress::IpOut;
use super::ingress::Arrival;
use super::route::Wish;
use crate::buffer::QueuedError;
use crate::drops::DropReason;
use crate::error::Error;
use crate::icmp::{self, Offender, Report, Verdict};
use crate::observe::{Counter, Layer, TraceEvent};
use crate::tcp::{IcmpError, IcmpKind, Tuple};
use crate::time::Instant;
use crate::wire::{
    Icmpv4Header, Icmpv4Message, IpAddress, Ipv4Header, Ipv4Options, Protocol, SocketAddress, is_broadcast,
};

/// The packet that an error is about.
pub(super) struct About<'a> {
    /// From its IP header on.
    pub(super) packet: &'a [u8],
    /// How it came; `None` for one of our own.
    pub(super) arrival: Option<Arrival>,
}

/// As [`About`], with a copy of as much of the packet as an error quotes.
pub(super) struct Quoted {
    quote: Vec<u8>,
    arrival: Option<Arrival>,
}

impl About<'_> {
    pub(super) fn owned(&self) -> Quoted {
        Quoted { quote: icmp::quote(self.packet).to_vec(), arrival: self.arrival }
    }
}

impl Stack {
    /// Tell the sender of a packet what is wrong, unless it must not or need not be told.
    pub(super) fn send_error(&mut self, now: Instant, message: Icmpv4Message, about: Quoted) {
        let Ok(header) = Ipv4Header::parse_quoted(&about.quote) else { return };
        let link_group = about.arrival.is_some_and(|arrival| arrival.link_group);
        let broadcast =
            self.is_broadcast(header.destination.into()) || self.is_broadcast(header.source.into());
        let payload = &about.quote[header.len().min(about.quote.len())..];
        if !icmp::may_answer(&Offender { header: &header, payload, link_group, broadcast }) {
            return;
        }
        let interface = about.arrival.map(|arrival| arrival.interface);
        let mut cx = self.observers.context(now, interface);
        if !self.limiter.allow(&mut cx, &self.config.icmp, &message, header.source.into()) {
            return;
        }
        let Some(source) = self.error_source(&header, interface) else { return };
        let Ok(mut packet) = self.blank(Icmpv4Header::LEN + about.quote.len()) else { return };
        icmp::build(message, &about.quote, &mut packet);
        self.observers.counters.count(Counter::IcmpOutErrors);
        self.send_icmp(now, source, header.source, message, packet);
    }

    /// Send an ICMP message that is built already.
    pub(super) fn send_icmp(
        &mut self,
        now: Instant,
        source: std::net::Ipv4Addr,
        destination: std::net::Ipv4Addr,
        message: Icmpv4Message,
        packet: crate::buffer::Packet,
    ) {
        self.observers.counters.count(Counter::IcmpOutMsgs);
        let (kind, code) = message.kind_and_code();
        let payload = packet.len().saturating_sub(Icmpv4Header::LEN);
        self.observers.context(now, None).emit(Layer::Icmp, || TraceEvent::IcmpOut {
            destination: destination.into(),
            payload,
            kind,
            code,
        });
        let out = IpOut {
            source,
            destination,
            protocol: Protocol::ICMP,
            ttl: self.config.default_ttl,
            //= rfc1812#4.3.2.5   errors travel with precedence 6, as Linux sends them
            tos: if message.is_error() { 0xc0 } else { 0 },
            dont_fragment: false,
            options: Ipv4Options::NONE,
        };
        let wish = Wish { source: Some(source.into()), interface: None };
        let _counted_where_it_failed = self.send_ip(now, out, wish, packet);
    }

    /// The address that an error comes from: the one that was meant, or that of the interface it came by.
    fn error_source(
        &self,
        header: &Ipv4Header,
        interface: Option<crate::observe::InterfaceId>,
    ) -> Option<std::net::Ipv4Addr> {
        if self.interfaces.owner(header.destination.into()).is_some() {
            return Some(header.destination);
        }
        let ingress = interface.and_then(|id| self.interfaces.find(id));
        let source = ingress.and_then(|link| link.source_for(header.source.into()));
        match source.or_else(|| self.route(header.source.into(), Wish::default()).ok().map(|hop| hop.source))
        {
            Some(IpAddress::V4(source)) => Some(source),
            _ => None,
        }
    }

    fn is_broadcast(&self, address: IpAddress) -> bool {
        is_broadcast(address) || self.interfaces.broadcast_owner(address).is_some()
    }

    /// An ICMP error came: find the socket whose packet it is about.
    pub(super) fn on_icmp_error(
        &mut self,
        now: Instant,
        reporter: IpAddress,
        message: Icmpv4Message,
        quote: &[u8],
    ) {
        let report = match icmp::parse_error(message, quote) {
            Ok(report) => report,
            Err(reason) => return self.observers.context(now, None).drop(Layer::Icmp, reason),
        };
        if let Icmpv4Message::Redirect { .. } = message {
            // Routing is decided by the RIB; a redirect is a hint from whoever sent it, and not taken.
            return self.observers.context(now, None).drop(Layer::Icmp, DropReason::IcmpRedirectIgnored);
        }
        if self.interfaces.owner(report.original.source.into()).is_none() {
            return self.observers.context(now, None).drop(Layer::Icmp, DropReason::IcmpNoSocket);
        }
        let Some(verdict) = report.verdict() else { return };
        let found = match report.original.protocol {
            Protocol::TCP => self.report_to_tcp(now, &report, verdict),
            Protocol::UDP => self.report_to_udp(now, reporter, &report, verdict),
            _ => false,
        };
        let raw = self.report_to_raw(now, reporter, &report, verdict);
        if !found && !raw {
            self.observers.context(now, None).drop(Layer::Icmp, DropReason::IcmpNoSocket);
        }
    }

    fn report_to_tcp(&mut self, now: Instant, report: &Report, verdict: Verdict) -> bool {
        let (Some((local, remote)), Some(seq)) = (report.ports, report.seq) else { return false };
        let destination = IpAddress::V4(report.original.destination);
        let tuple = Tuple {
            local: SocketAddress::new(report.original.source.into(), local),
            remote: SocketAddress::new(destination, remote),
        };
        let Some(id) = self.tcp.by_tuple(&tuple) else {
            return verdict.hard && self.half_open_failed(now, &tuple, seq);
        };
        let Some(entry) = self.tcp.connections.get_mut(id) else { return false };
        let mut cx = self.observers.context(now, None);
        //= rfc5927#4   the quoted sequence number must be in flight, or the report is a forgery
        if !entry.connection.in_flight(seq) {
            cx.drop(Layer::Icmp, DropReason::IcmpImplausible);
            return true;
        }
        if let Some(claimed) = verdict.mtu {
            let length = report.original.total_length;
            if let Some(path) = self.path_mtus.on_too_big(now, &self.config.ip, destination, claimed, length)
            {
                entry.path_until = Instant::ZERO;
                entry
                    .connection
                    .on_icmp(&mut cx, IcmpError { kind: IcmpKind::TooBig { mtu: path.mtu }, seq });
            }
        } else {
            let kind =
                if verdict.hard { IcmpKind::Hard(verdict.error) } else { IcmpKind::Soft(verdict.error) };
            entry.connection.on_icmp(&mut cx, IcmpError { kind, seq });
        }
        self.settle(id, false);
        true
    }

    fn report_to_udp(
        &mut self,
        now: Instant,
        reporter: IpAddress,
        report: &Report,
        verdict: Verdict,
    ) -> bool {
        let Some((local, remote)) = report.ports else { return false };
        let local = SocketAddress::new(report.original.source.into(), local);
        let remote = SocketAddress::new(report.original.destination.into(), remote);
        let Some(id) = self.udp.best(remote, local) else { return false };
        let mtu = self.learn_path_mtu(now, report, verdict);
        let error = queued(now, reporter, remote, report, verdict, mtu);
        if let Ok(entry) = self.udp.entry_mut(id) {
            entry.socket.on_error(error);
        }
        self.settle_udp(id, false);
        true
    }

    fn report_to_raw(
        &mut self,
        now: Instant,
        reporter: IpAddress,
        report: &Report,
        verdict: Verdict,
    ) -> bool {
        let (local, remote) = (report.original.source.into(), IpAddress::V4(report.original.destination));
        let accepts = |entry: &super::datagram_table::RawEntry| {
            entry.socket.accepts(report.original.protocol, remote, local)
        };
        let ids: Vec<_> = self.raw.iter().filter(|(_, entry)| accepts(entry)).map(|(id, _)| id).collect();
        if ids.is_empty() {
            return false;
        }
        let mtu = self.learn_path_mtu(now, report, verdict);
        for id in ids {
            let error = queued(now, reporter, SocketAddress::new(remote, 0), report, verdict, mtu);
            if let Some(entry) = self.raw.get_mut(id) {
                entry.socket.on_error(error);
            }
            self.settle_raw(id, false);
        }
        true
    }

    /// Believe a report of a smaller path MTU that quotes a packet to where a socket of ours sends.
    fn learn_path_mtu(&mut self, now: Instant, report: &Report, verdict: Verdict) -> u16 {
        let Some(claimed) = verdict.mtu else { return 0 };
        let destination = report.original.destination.into();
        let length = report.original.total_length;
        let learned = self.path_mtus.on_too_big(now, &self.config.ip, destination, claimed, length);
        learned.or_else(|| self.path_mtus.lookup(now, destination)).map_or(claimed, |path| path.mtu)
    }

    /// Nobody answers for the next hop: tell whoever sent the packets that waited for it.
    pub(super) fn on_host_unreachable(&mut self, now: Instant, packet: &[u8]) {
        let Ok(header) = Ipv4Header::parse_quoted(packet) else { return };
        if self.interfaces.owner(header.source.into()).is_none() {
            let message = Icmpv4Message::Unreachable { code: crate::wire::unreachable::HOST, mtu: 0 };
            return self.send_error(now, message, About { packet, arrival: None }.owned());
        }
        let message = Icmpv4Message::Unreachable { code: crate::wire::unreachable::HOST, mtu: 0 };
        let Ok(report) = icmp::parse_error(message, packet) else { return };
        let verdict = Verdict { error: Error::HostUnreachable, hard: false, mtu: None };
        let own = header.source.into();
        // Connections are told by the neighbour itself, all of them.
        if header.protocol == Protocol::UDP {
            self.report_to_udp(now, own, &report, verdict);
        }
        self.report_to_raw(now, own, &report, verdict);
    }
}

fn queued(
    now: Instant,
    origin: IpAddress,
    destination: SocketAddress,
    report: &Report,
    verdict: Verdict,
    mtu: u16,
) -> QueuedError {
    QueuedError {
        error: verdict.error,
        origin: Some(origin),
        destination,
        icmp: report.message.kind_and_code(),
        mtu,
        time: now,
    }
}
