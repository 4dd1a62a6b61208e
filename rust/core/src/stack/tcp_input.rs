//! Segments on their way in: demultiplex, listen, answer, and settle what changed.

use super::Stack;
use super::deliver::IpFacts;
use super::egress::IpOut;
use super::route::{Hop, Wish};
use super::sockets::{ListenerId, SocketId, TcpId};
use super::timers::Timer;
use crate::buffer::Packet;
use crate::drops::DropReason;
use crate::neighbor::NeighborKey;
use crate::observe::{Counter, Layer, Readiness, TraceEvent};
use crate::tcp::{self, Arrival, Disposition, OnListen, State, Tuple};
use crate::time::Instant;
use crate::wire::{
    Ecn, IpAddress, Ipv4Options, Protocol, SeqNumber, SocketAddress, TcpFlags, TcpHeader, checksum::Sum,
    put16,
};

impl Stack {
    /// A TCP segment for us; the view of `packet` begins at its header.
    pub(super) fn on_tcp(&mut self, now: Instant, facts: IpFacts, mut packet: Packet) {
        let interface = facts.arrival.interface;
        self.observers.counters.count(Counter::TcpInSegs);
        let (source, destination) = (IpAddress::V4(facts.source), IpAddress::V4(facts.destination));
        let verify = !packet.offload.checksum_valid && packet.offload.partial_checksum.is_none();
        let (mut segment, length) = match TcpHeader::parse(packet.bytes(), source, destination, verify) {
            Ok(parsed) => parsed,
            Err(reason) => return self.malformed(now, interface, Layer::Tcp, reason, packet),
        };
        packet.advance(length);
        // A unit counts as the segments that it was.
        self.observers.counters.add(Counter::TcpInSegs, packet.segments() - 1);
        segment.ecn = Ecn::of(facts.tos);
        self.trace_segment(now, facts, &segment, packet.len());
        if let Err(reason) = check_segment(facts, &segment) {
            return self.discard(now, interface, Layer::Tcp, reason, packet);
        }
        let tuple = Tuple {
            local: SocketAddress::new(destination, segment.destination_port),
            remote: SocketAddress::new(source, segment.source_port),
        };
        match self.tcp.by_tuple(&tuple) {
            Some(id) => self.on_connection_segment(now, id, facts, &segment, packet),
            None => self.on_stray_segment(now, tuple, facts, &segment, packet, None),
        }
    }

    fn on_connection_segment(
        &mut self,
        now: Instant,
        id: TcpId,
        facts: IpFacts,
        segment: &TcpHeader,
        packet: Packet,
    ) {
        let Some(entry) = self.tcp.connections.get_mut(id) else { return self.pool.put(packet) };
        let fresh = !packet.is_empty();
        // A segment without payload has nothing to keep, so its buffer is free again at once.
        let payload = if fresh { packet } else { self.pool.swap_for_empty(packet) };
        let before = entry.connection.bytes_acked();
        let mut cx = self.observers.context(now, Some(facts.arrival.interface));
        match entry.connection.on_segment(&mut cx, segment, payload, &mut self.pool) {
            Disposition::Done => {
                if let (true, Some((_, hop))) = (entry.connection.bytes_acked() != before, entry.hop) {
                    //= rfc1122#2.3.2.1   progress of TCP proves that the next hop lives
                    self.neighbors
                        .confirm(&mut cx, NeighborKey { interface: hop.interface, address: hop.next_hop });
                }
                self.learn_fast_open(now, id);
                self.settle(id, fresh);
            }
            Disposition::Reopen { isn } => {
                let tuple = entry.connection.tuple();
                self.forget(id);
                let empty = Packet::copied(0, &[]);
                self.on_stray_segment(now, tuple, facts, segment, empty, Some(isn));
            }
        }
    }

    /// A segment that belongs to no connection: for a listener, or to be refused (RFC 9293 3.10.7.1, 3.10.7.2). `isn` is
    /// what an earlier incarnation in TIME-WAIT left behind for the next one.
    fn on_stray_segment(
        &mut self,
        now: Instant,
        tuple: Tuple,
        facts: IpFacts,
        segment: &TcpHeader,
        packet: Packet,
        isn: Option<SeqNumber>,
    ) {
        let length = packet.len();
        let Some(listener) = self.tcp.listener_for(tuple.local) else {
            self.pool.put(packet);
            self.observers
                .context(now, Some(facts.arrival.interface))
                .drop(Layer::Tcp, DropReason::TcpNoSocket);
            return self.refuse(now, tuple, tcp::reset_for(segment, length));
        };
        let isn = isn.unwrap_or_else(|| tcp::initial_sequence(self.secrets.isn, now, &tuple));
        let wish = Wish { source: Some(tuple.local.ip()), interface: None };
        let Ok(hop) = self.route(tuple.remote.ip(), wish) else { return self.pool.put(packet) };
        let mtu = self.path_mtu(now, tuple.remote.ip(), hop.mtu);
        let Some(entry) = self.tcp.listeners.get_mut(listener) else { return self.pool.put(packet) };
        let mut cx = self.observers.context(now, Some(facts.arrival.interface));
        let arrival = Arrival { tuple, segment, length, isn, mtu };
        let config = entry.config.as_ref().unwrap_or(&self.tcp_config);
        match entry.listener.on_segment(&mut cx, config, &arrival) {
            OnListen::Open(connection) => {
                let id = self.tcp.insert(*connection, Some(listener), (self.generation, hop));
                self.arm_listener(listener);
                return self.on_connection_segment(now, id, facts, segment, packet);
            }
            OnListen::Answer(header) => self.answer(now, listener, tuple, hop, header),
            OnListen::Reset(reset) => self.refuse(now, tuple, Some(reset)),
            OnListen::Ignore(reason) => cx.drop(Layer::Tcp, reason),
            OnListen::Done => {}
        }
        self.pool.put(packet);
        self.arm_listener(listener);
    }

    /// Send a reset for a connection that does not exist, within the limit.
    fn refuse(&mut self, now: Instant, tuple: Tuple, reset: Option<TcpHeader>) {
        let Some(mut reset) = reset else { return };
        if !self.reset_bucket.take(now) {
            return self.observers.context(now, None).drop(Layer::Tcp, DropReason::TcpResetLimited);
        }
        (reset.source_port, reset.destination_port) = (tuple.local.port(), tuple.remote.port());
        self.observers.counters.count(Counter::TcpOutRsts);
        let wish = Wish { source: Some(tuple.local.ip()), interface: None };
        if let Ok(hop) = self.route(tuple.remote.ip(), wish) {
            self.send_header(now, tuple, hop, (self.config.default_ttl, 0), &reset);
        }
    }

    /// Send a segment of a connection that has no entry of its own.
    pub(super) fn send_header(
        &mut self,
        now: Instant,
        tuple: Tuple,
        hop: Hop,
        (ttl, tos): (u8, u8),
        header: &TcpHeader,
    ) {
        let (IpAddress::V4(source), IpAddress::V4(destination)) = (tuple.local.ip(), tuple.remote.ip())
        else {
            return;
        };
        let Ok(mut packet) = self.zeroed(header.len()) else { return };
        header.emit(packet.bytes_mut(), 0);
        let sum = Sum::new().pseudo_header(source.into(), destination.into(), Protocol::TCP.0, header.len());
        let sum = sum.bytes(packet.bytes()).finish();
        put16(packet.bytes_mut(), 16, sum);
        self.observers.counters.count(Counter::TcpOutSegs);
        self.trace_segment_out(now, Some(hop.interface), tuple, header, 0);
        let (protocol, tos) = (Protocol::TCP, header.ecn.within(tos));
        let options = Ipv4Options::NONE;
        let out = IpOut { source, destination, protocol, ttl, tos, dont_fragment: true, options };
        let _unroutable = self.send_ip_via(now, out, hop, packet);
    }

    /// After anything happened to a connection: timer, output, events, accept queue, end.
    pub(super) fn settle(&mut self, id: TcpId, fresh: bool) {
        self.arm(id);
        let Some(entry) = self.tcp.connections.get_mut(id) else { return };
        self.memory.charge(&mut entry.charged, entry.connection.held() as u32);
        if self.memory.review(&self.config.tcp_memory, &self.pool) {
            self.observers.counters.count(Counter::TcpMemoryPressures);
        }
        entry.connection.set_pressure(self.memory.pressure());
        let state = entry.connection.state();
        let readiness = entry.connection.readiness();
        let output = entry.connection.wants_transmit();
        if !entry.released && (entry.parent.is_none()) {
            let fresh = fresh && readiness.contains(Readiness::READABLE);
            self.events.note(&mut entry.watch, SocketId::Tcp(id), readiness, fresh);
        }
        if !entry.connection.is_fast_open_pending()
            && let Some(parent) = entry.fast_open.take()
            && let Some(parent) = self.tcp.listeners.get_mut(parent)
        {
            parent.listener.on_fast_open_over(state == State::Closed);
        }
        let Some(entry) = self.tcp.connections.get_mut(id) else { return };
        if let (Some(parent), false) = (entry.parent, entry.announced) {
            self.settle_embryo(id, parent, state);
        }
        if output {
            self.tcp.mark_ready(id);
        }
        if state == State::Closed {
            self.tcp.unlink(id);
            let over = self.tcp.connections.get(id).is_some_and(|entry| entry.released);
            if over && !output {
                self.forget(id);
            }
        }
    }

    /// A connection that a listener made: into the accept queue, or gone.
    fn settle_embryo(&mut self, id: TcpId, parent: ListenerId, state: State) {
        let Some(entry) = self.tcp.connections.get_mut(id) else { return };
        let Some(listen) = self.tcp.listeners.get_mut(parent) else {
            entry.released = true;
            return;
        };
        if state == State::Closed {
            entry.released = true;
            return;
        }
        entry.announced = true;
        listen.listener.on_established();
        listen.waiting.push_back(id);
        self.events.note(&mut listen.watch, SocketId::Listener(parent), Readiness::READABLE, true);
    }

    /// Arm the wheel for the connection's next deadline.
    fn arm(&mut self, id: TcpId) {
        let Some(entry) = self.tcp.connections.get_mut(id) else { return };
        let wanted = entry.connection.poll_timeout();
        if wanted == entry.timer.map(|(at, _)| at) {
            return;
        }
        if let Some((_, key)) = entry.timer.take() {
            self.wheel.cancel(key);
        }
        entry.timer = wanted.map(|at| (at, self.wheel.set(at, Timer::Tcp(id))));
    }

    /// Drop a connection and all that the stack keeps beside it.
    pub(super) fn forget(&mut self, id: TcpId) {
        self.tcp.unlink(id);
        let Some(mut entry) = self.tcp.connections.remove(id) else { return };
        self.memory.charge(&mut entry.charged, 0);
        if let Some((_, key)) = entry.timer {
            self.wheel.cancel(key);
        }
    }

    fn trace_segment(&mut self, now: Instant, facts: IpFacts, segment: &TcpHeader, length: usize) {
        let mut cx = self.observers.context(now, Some(facts.arrival.interface));
        cx.emit(Layer::Tcp, || TraceEvent::TcpIn {
            source: facts.source.into(),
            source_port: segment.source_port,
            destination: facts.destination.into(),
            destination_port: segment.destination_port,
            seq: segment.seq,
            length,
            ack: segment.ack,
            window: u32::from(segment.window),
            flags: segment.flags.name(),
        });
    }
}

/// What no state may accept.
fn check_segment(facts: IpFacts, segment: &TcpHeader) -> Result<(), DropReason> {
    //= rfc9293#3.9.2.3 MUST-57 MUST-63   to or from a group; broadcasts of our networks are ip/input.rs's to refuse
    if facts.group || facts.source.is_multicast() || facts.source.is_broadcast() {
        return Err(DropReason::TcpBadAddress);
    }
    if segment.source_port == 0 || segment.destination_port == 0 {
        return Err(DropReason::TcpBadPort);
    }
    if segment.has(TcpFlags::SYN) && segment.flags.intersects(TcpFlags::FIN | TcpFlags::RST) {
        return Err(DropReason::TcpBadFlags);
    }
    Ok(())
}
