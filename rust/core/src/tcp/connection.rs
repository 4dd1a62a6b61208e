//! A connection from the outside: what the stack tells it, and what the application does with it.

use super::arrives::Arrived;
use super::closing::Closing;
use super::handshake::{OnSynSent, SynReceived, SynSent};
use super::isn::reset_for;
use super::negotiated::Offer;
use super::open::{Failure, Open};
use super::output::Outgoing;
use super::receiver::AckWish;
use super::{Config, Info, Setting, Settings, State, Tuple};
use crate::buffer::{Packet, ReceiveQueue, Slices};
use crate::drops::DropReason;
use crate::error::Error;
use crate::observe::{Context, Counter, Layer, Readiness, TraceEvent};
use crate::time::Instant;
use crate::wire::{SeqNumber, TcpFlags, TcpHeader};
use std::sync::Arc;

/// Whether a segment was dealt with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disposition {
    /// It was.
    Done,
    /// It is a SYN that may take the place of this connection in TIME-WAIT (RFC 6191): drop the connection, and offer the SYN
    /// to the listener.
    Reopen,
}

/// What an ICMP error about a segment of ours means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IcmpKind {
    /// It may pass.
    Soft(Error),
    /// It will not.
    Hard(Error),
    /// The segment was too big.
    TooBig {
        /// What the path carries.
        mtu: u16,
    },
}

/// An ICMP error about a segment of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IcmpError {
    /// What it means.
    pub kind: IcmpKind,
    /// Which segment.
    pub seq: SeqNumber,
}

/// The states, each with what it needs to know.
#[derive(Debug)]
pub(super) enum Phase {
    SynSent(Box<SynSent>),
    SynReceived(Box<SynReceived>),
    Open(Box<Open>),
    Closed(Box<Closed>),
}

/// What is left of a connection.
#[derive(Debug, Default)]
pub(super) struct Closed {
    /// What can still be read.
    pub(super) left: ReceiveQueue,
    /// A reset that still has to leave.
    reset: Option<TcpHeader>,
}

/// One TCP connection.
#[derive(Debug)]
pub struct Connection {
    tuple: Tuple,
    pub(super) config: Arc<Config>,
    pub(super) settings: Settings,
    pub(super) phase: Phase,
    pub(super) error: Option<Error>,
    /// A report that the path has trouble; it becomes the error if the connection fails for silence (RFC 9293 MUST-56).
    suspicion: Option<Error>,
}

impl Connection {
    /// Open actively: SYN-SENT. `mtu` is that of the path.
    pub fn connect(
        cx: &mut Context<'_>,
        config: &Arc<Config>,
        settings: Settings,
        tuple: Tuple,
        isn: SeqNumber,
        mtu: usize,
    ) -> Self {
        let offer = Offer::new(cx.rng, config, &settings, &tuple, mtu);
        let attempt = super::handshake::Attempt::new(cx.now, config);
        let phase = Phase::SynSent(Box::new(SynSent { iss: isn, offer, attempt, reply: None }));
        let connection =
            Self { tuple, config: Arc::clone(config), settings, phase, error: None, suspicion: None };
        connection.trace_state(cx, State::Closed);
        connection
    }

    /// Opened by a peer: SYN-RECEIVED.
    pub(super) fn half_open(
        cx: &mut Context<'_>,
        config: &Arc<Config>,
        settings: Settings,
        tuple: Tuple,
        half: SynReceived,
    ) -> Self {
        let phase = Phase::SynReceived(Box::new(half));
        let connection =
            Self { tuple, config: Arc::clone(config), settings, phase, error: None, suspicion: None };
        connection.trace_state(cx, State::Listen);
        connection
    }

    /// The addresses.
    pub const fn tuple(&self) -> Tuple {
        self.tuple
    }

    /// The state.
    pub const fn state(&self) -> State {
        match &self.phase {
            Phase::SynSent(_) => State::SynSent,
            Phase::SynReceived(_) => State::SynReceived,
            Phase::Open(open) => open.closing.state(),
            Phase::Closed(_) => State::Closed,
        }
    }

    /// A segment arrived for it, its payload in view.
    pub fn on_segment(&mut self, cx: &mut Context<'_>, segment: &TcpHeader, payload: Packet) -> Disposition {
        let before = self.state();
        match &mut self.phase {
            Phase::SynSent(_) => self.on_segment_in_syn_sent(cx, segment, payload),
            Phase::SynReceived(_) => self.on_segment_in_syn_received(cx, segment, payload),
            Phase::Open(open) => {
                let arrived = open.on_segment(cx, &self.config, &self.settings, segment, payload);
                if arrived == Arrived::Reopen {
                    return Disposition::Reopen;
                }
                self.after_arrival(cx, arrived);
            }
            Phase::Closed(_) => cx.drop(Layer::Tcp, DropReason::TcpNoSocket),
        }
        self.note_state(cx, before);
        Disposition::Done
    }

    fn on_segment_in_syn_sent(&mut self, cx: &mut Context<'_>, segment: &TcpHeader, payload: Packet) {
        let Phase::SynSent(sent) = &mut self.phase else { return };
        match sent.on_segment(cx.now, &self.config, &self.tuple, segment) {
            OnSynSent::Established(agreed) => {
                let rtt = sent.attempt.settle(cx.now, &self.config);
                let numbers = (sent.iss, segment.seq);
                let mut open =
                    Open::new(cx.now, &self.config, &self.settings, self.tuple, numbers, agreed, rtt);
                open.sender.first_window(segment, 0);
                open.ack = AckWish::Now;
                self.phase = Phase::Open(Box::new(open));
            }
            OnSynSent::Crossed(half) => self.phase = Phase::SynReceived(half),
            OnSynSent::Refused => {
                cx.count(Counter::TcpAttemptFails);
                self.end(Some(Error::ConnectionRefused), None);
            }
            OnSynSent::Reset(reset) => {
                cx.drop(Layer::Tcp, DropReason::TcpBadAck);
                sent.reply = Some(reset);
            }
            OnSynSent::Ignore => cx.drop(Layer::Tcp, DropReason::TcpBadFlags),
        }
        drop(payload);
    }

    /// SYN-RECEIVED: the ACK of our SYN makes it a connection, and the segment's text is then the connection's.
    fn on_segment_in_syn_received(&mut self, cx: &mut Context<'_>, segment: &TcpHeader, payload: Packet) {
        let Phase::SynReceived(half) = &mut self.phase else { return };
        let expected = half.irs + 1;
        let room = self.settings.receive_buffer.min(65_535) as u32;
        let ahead = segment.seq.distance(expected);
        //= rfc9293#3.10.7.4   the peer's SYN again: it did not hear our answer
        if segment.has(TcpFlags::SYN) && segment.seq == half.irs && !segment.has(TcpFlags::RST) {
            half.attempt.due |= !half.active || !segment.has(TcpFlags::ACK);
            if !segment.has(TcpFlags::ACK) || segment.ack != half.iss + 1 {
                return;
            }
        } else if ahead < 0 || ahead as u32 >= room {
            half.attempt.due |= !segment.has(TcpFlags::RST) && !payload.is_empty();
            return cx.drop(Layer::Tcp, DropReason::TcpOutOfWindow);
        }
        if segment.has(TcpFlags::RST) {
            if ahead != 0 {
                return cx.drop(Layer::Tcp, DropReason::TcpBadReset);
            }
            cx.count(Counter::TcpAttemptFails);
            let error = half.active.then_some(Error::ConnectionRefused);
            return self.end(error, None);
        }
        if !segment.has(TcpFlags::ACK) {
            return cx.drop(Layer::Tcp, DropReason::TcpNoAck);
        }
        if segment.ack != half.iss + 1 {
            cx.drop(Layer::Tcp, DropReason::TcpBadAck);
            half.attempt.due = false;
            let reset = reset_for(segment, 0);
            if let (Some(reset), true) = (reset, half.active) {
                self.end(Some(Error::ConnectionReset), Some(reset));
            }
            return;
        }
        self.establish(cx, segment, payload);
    }

    fn establish(&mut self, cx: &mut Context<'_>, segment: &TcpHeader, payload: Packet) {
        let Phase::SynReceived(half) = &mut self.phase else { return };
        let rtt = half.attempt.settle(cx.now, &self.config);
        let numbers = (half.iss, half.irs);
        let agreed = half.agreed;
        let mut open = Open::new(cx.now, &self.config, &self.settings, self.tuple, numbers, agreed, rtt);
        let syn = segment.has(TcpFlags::SYN);
        open.sender.first_window(segment, if syn { 0 } else { agreed.send_scale });
        let arrived = if syn {
            // Both SYNs crossed, and this one also acknowledges ours.
            open.ack = AckWish::Now;
            Arrived::Alive
        } else {
            open.on_segment(cx, &self.config, &self.settings, segment, payload)
        };
        self.phase = Phase::Open(Box::new(open));
        self.after_arrival(cx, arrived);
    }

    fn after_arrival(&mut self, cx: &mut Context<'_>, arrived: Arrived) {
        let Phase::Open(open) = &mut self.phase else { return };
        open.rearm(cx.now, &self.config);
        match arrived {
            Arrived::Alive if open.closing == Closing::Over => self.end(None, None),
            Arrived::Alive | Arrived::Reopen => open.arm_keepalive(cx.now, &self.settings),
            Arrived::Reset => {
                cx.count(Counter::TcpEstabResets);
                let over = matches!(open.closing, Closing::LastAck | Closing::Crossed | Closing::TimeWait);
                self.end((!over).then_some(Error::ConnectionReset), None);
            }
            Arrived::Unwanted => {
                cx.count(Counter::TcpAbortOnData);
                self.abort(cx);
            }
        }
    }

    /// Time passed.
    pub fn on_timeout(&mut self, cx: &mut Context<'_>) {
        let before = self.state();
        let (result, failed_attempt) = match &mut self.phase {
            Phase::SynSent(sent) => {
                let fired = sent.attempt.timers.expire(cx.now).is_some();
                let most = self.config.syn_retries;
                (if fired { sent.attempt.on_timeout(cx.now, most, &self.settings) } else { Ok(()) }, true)
            }
            Phase::SynReceived(half) => {
                let fired = half.attempt.timers.expire(cx.now).is_some();
                let most = self.config.synack_retries;
                (if fired { half.attempt.on_timeout(cx.now, most, &self.settings) } else { Ok(()) }, true)
            }
            Phase::Open(open) => match open.on_timeout(cx, &self.config, &self.settings) {
                Ok(()) => (Ok(()), false),
                Err(Failure::Silent) => (Err(Error::TimedOut), false),
                Err(Failure::Finished) => return self.end(None, None),
            },
            Phase::Closed(_) => (Ok(()), false),
        };
        if let Err(error) = result {
            cx.count(if failed_attempt { Counter::TcpAttemptFails } else { Counter::TcpAbortOnTimeout });
            // What the network said about the path explains the silence better than "timed out".
            let error = self.suspicion.take().unwrap_or(error);
            self.fail(cx, error);
        }
        self.note_state(cx, before);
    }

    /// When [`Connection::on_timeout`] is due.
    pub fn poll_timeout(&self) -> Option<Instant> {
        match &self.phase {
            Phase::SynSent(sent) => sent.attempt.timers.next(),
            Phase::SynReceived(half) => half.attempt.timers.next(),
            Phase::Open(open) => open.timers.next(),
            Phase::Closed(_) => None,
        }
    }

    /// Whether `seq` is of a segment under way; what an ICMP error quotes must be (RFC 5927 4.1).
    pub fn in_flight(&self, seq: SeqNumber) -> bool {
        match &self.phase {
            Phase::SynSent(sent) => seq == sent.iss,
            Phase::SynReceived(half) => seq == half.iss,
            Phase::Open(open) => seq.at_or_after(open.sender.una()) && seq.before(open.sender.sent()),
            Phase::Closed(_) => false,
        }
    }

    /// What the peer acknowledged last, once it is synchronized: it moves when the path works both ways.
    pub fn acknowledged(&self) -> Option<SeqNumber> {
        match &self.phase {
            Phase::Open(open) => Some(open.sender.una()),
            _ => None,
        }
    }

    /// An ICMP error came about a segment of ours; implausible ones are dropped.
    //= rfc9293#3.9.2.2 MUST-54 MUST-56 SHLD-26   a hard error ends only what is not established (RFC 5927 5.2)
    pub fn on_icmp(&mut self, cx: &mut Context<'_>, error: IcmpError) {
        if !self.in_flight(error.seq) {
            return cx.drop(Layer::Icmp, DropReason::IcmpImplausible);
        }
        match error.kind {
            IcmpKind::TooBig { mtu } => self.on_path_mtu(cx, usize::from(mtu)),
            IcmpKind::Hard(error) if self.state() == State::SynSent => {
                cx.count(Counter::TcpAttemptFails);
                self.fail(cx, error);
            }
            IcmpKind::Hard(error) | IcmpKind::Soft(error) => self.suspicion = Some(error),
        }
    }

    /// The path carries packets of `mtu` bytes.
    pub fn on_path_mtu(&mut self, cx: &mut Context<'_>, mtu: usize) {
        if let Phase::Open(open) = &mut self.phase {
            open.agreed.set_mtu(mtu);
            let mss = open.agreed.effective_mss(&self.settings);
            open.sender.set_mss(mss);
            open.rearm(cx.now, &self.config);
        }
    }

    /// The next hop does not answer, or there is no way there now. That ends an attempt to connect, for nobody but
    /// ourselves says so; a connection that stands waits for its timers.
    pub fn on_unreachable(&mut self, cx: &mut Context<'_>, error: Error) {
        if let Phase::SynSent(_) = &self.phase {
            cx.count(Counter::TcpAttemptFails);
            return self.fail(cx, error);
        }
        self.suspicion = Some(error);
        if let Phase::Open(open) = &mut self.phase {
            open.rearm(cx.now, &self.config);
        }
    }

    /// The next segment to send. `max_unit` is the most payload that the device takes at once; the effective MSS is always
    /// allowed.
    pub fn poll_transmit(&mut self, cx: &mut Context<'_>, max_unit: usize) -> Option<Outgoing> {
        let header = match &mut self.phase {
            Phase::Open(open) => return open.poll_transmit(cx, &self.config, &self.settings, max_unit),
            Phase::SynSent(sent) => {
                if let Some(reply) = sent.reply.take() {
                    reply
                } else if sent.attempt.due {
                    sent.attempt.on_sent(cx.now, &self.config);
                    sent.syn(cx.now, &self.settings)
                } else {
                    return None;
                }
            }
            Phase::SynReceived(half) if half.attempt.due => {
                half.attempt.on_sent(cx.now, &self.config);
                half.syn_ack(cx.now, &self.settings)
            }
            Phase::SynReceived(_) => return None,
            Phase::Closed(closed) => closed.reset.take()?,
        };
        let (source_port, destination_port) = (self.tuple.local.port(), self.tuple.remote.port());
        let header = TcpHeader { source_port, destination_port, ..header };
        Some(Outgoing { header, offset: 0, length: 0, segment_size: 0, retransmission: false })
    }

    /// The payload of a segment that [`Connection::poll_transmit`] named.
    pub fn slices(&self, offset: usize, length: usize) -> Slices<'_> {
        match &self.phase {
            Phase::Open(open) if length > 0 => open.sender.queue.slices(offset, length),
            _ => Slices::EMPTY,
        }
    }

    /// Whether [`Connection::poll_transmit`] has something.
    pub fn wants_transmit(&self) -> bool {
        match &self.phase {
            Phase::SynSent(sent) => sent.attempt.due || sent.reply.is_some(),
            Phase::SynReceived(half) => half.attempt.due,
            Phase::Open(open) => open.wants_transmit(&self.settings),
            Phase::Closed(closed) => closed.reset.is_some(),
        }
    }

    /// What it is ready for.
    pub fn readiness(&self) -> Readiness {
        let mut ready = Readiness::empty();
        if self.error.is_some() {
            ready |= Readiness::ERROR;
        }
        match &self.phase {
            Phase::SynSent(_) | Phase::SynReceived(_) => {}
            Phase::Closed(_) => {
                ready |=
                    Readiness::READABLE | Readiness::WRITABLE | Readiness::HANGUP | Readiness::READ_CLOSED;
            }
            Phase::Open(open) => {
                let (sender, receiver) = (&open.sender, &open.receiver);
                let ended = receiver.finished() || receiver.shut();
                ready.set(Readiness::READABLE, receiver.readable() > 0 || ended);
                ready.set(Readiness::READ_CLOSED, ended);
                ready.set(Readiness::HANGUP, ended && sender.closing());
                // Room for a third, as Linux has it: a writer is not woken for every acknowledged segment.
                let room = sender.queue.free() * 3 >= sender.queue.limit();
                ready.set(Readiness::WRITABLE, room || sender.closing());
            }
        }
        ready
    }

    /// The error that ended it; taken.
    pub const fn take_error(&mut self) -> Option<Error> {
        self.error.take()
    }

    /// Change a setting.
    pub fn set(&mut self, cx: &mut Context<'_>, setting: Setting) -> Result<(), Error> {
        self.settings.set(setting)?;
        let Phase::Open(open) = &mut self.phase else { return Ok(()) };
        open.sender.queue.set_limit(self.settings.send_buffer);
        open.receiver.set_limit(self.settings.receive_buffer);
        if let Setting::MaxSegment(_) = setting {
            open.sender.set_mss(open.agreed.effective_mss(&self.settings));
        }
        open.arm_keepalive(cx.now, &self.settings);
        open.rearm(cx.now, &self.config);
        Ok(())
    }

    /// What it set for itself.
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// All that can be known about it.
    pub fn info(&self) -> Info {
        match &self.phase {
            Phase::Open(open) => open.info(&self.config, self.settings),
            _ => Info::plain(self.tuple, self.state(), self.settings),
        }
    }

    /// It is over for `error`; a peer that may still believe in it is told.
    fn fail(&mut self, cx: &mut Context<'_>, error: Error) {
        let reset = match &mut self.phase {
            Phase::Open(open) => Some(open.reset(cx)),
            _ => None,
        };
        self.end(Some(error), reset);
    }

    pub(super) fn end(&mut self, error: Option<Error>, reset: Option<TcpHeader>) {
        let before = std::mem::replace(&mut self.phase, Phase::Closed(Box::default()));
        let left = match before {
            Phase::Open(open) => open.receiver.into_queue(),
            Phase::Closed(closed) => closed.left,
            Phase::SynSent(_) | Phase::SynReceived(_) => ReceiveQueue::new(),
        };
        self.phase = Phase::Closed(Box::new(Closed { left, reset }));
        self.error = self.error.or(error);
    }

    pub(super) fn note_state(&self, cx: &mut Context<'_>, before: State) {
        let handled_by_open =
            matches!(&self.phase, Phase::Open(_)) && before != State::SynSent && before != State::SynReceived;
        if before != self.state() && !handled_by_open {
            self.trace_state(cx, before);
        }
    }

    fn trace_state(&self, cx: &mut Context<'_>, before: State) {
        let (tuple, to) = (self.tuple, self.state().name());
        cx.emit(Layer::TcpState, || TraceEvent::TcpState {
            destination: tuple.remote.ip(),
            destination_port: tuple.remote.port(),
            from: before.name(),
            to,
        });
    }
}
