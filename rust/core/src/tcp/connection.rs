//! One connection, alone in the world: which state it is in, and who answers for it there.

use super::closing::TimeWait;
use super::common::Common;
use super::fast_open::{Early, Known, Lesson};
use super::handshake::{Outcome, SynReceived, SynSent};
use super::open::{Exit, Open};
use super::receiver::Due;
use super::{Config, Settings, State};
use crate::buffer::{Chunks, Packet, Pool, SendQueue, Slices};
use crate::error::Error;
use crate::observe::{Context, Counter};
use crate::time::Instant;
use crate::wire::{SeqNumber, SocketAddress, TcpHeader, hash_address};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// The name of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tuple {
    /// Our end.
    pub local: SocketAddress,
    /// The peer's end.
    pub remote: SocketAddress,
}

impl Hash for Tuple {
    /// As few words as hold it: every segment that comes in is found by this.
    fn hash<H: Hasher>(&self, state: &mut H) {
        hash_address(self.local.ip(), state);
        hash_address(self.remote.ip(), state);
        state.write_u32(u32::from(self.local.port()) << 16 | u32::from(self.remote.port()));
    }
}

/// What the stack has to do after a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disposition {
    /// Nothing more.
    Done,
    /// TIME-WAIT saw a SYN that begins the next incarnation (RFC 6191): drop this connection and offer the SYN to the
    /// listener, with `isn` as its initial number.
    Reopen {
        /// Beyond all numbers that this incarnation used.
        isn: SeqNumber,
    },
}

/// A segment to be sent, or a unit to be cut into segments.
#[derive(Debug, Clone, PartialEq)]
pub struct Outgoing {
    /// The header; the checksum is the stack's to make.
    pub header: TcpHeader,
    /// Where the payload starts, for [`Connection::slices`].
    pub offset: usize,
    /// Payload bytes.
    pub length: usize,
    /// Payload bytes of each segment on the wire, where `length` exceeds it.
    pub segment_size: usize,
    /// Whether any of it was sent before.
    pub retransmission: bool,
}

impl Outgoing {
    /// Segments that it is on the wire.
    pub const fn segments(&self) -> u64 {
        if self.length > self.segment_size { self.length.div_ceil(self.segment_size) as u64 } else { 1 }
    }
}

/// The states, each with what it knows.
#[derive(Debug)]
pub(super) enum Phase {
    SynSent(SynSent),
    SynReceived(Box<SynReceived>),
    /// ESTABLISHED to LAST-ACK.
    Open(Box<Open>),
    TimeWait(TimeWait),
    Closed,
}

impl Phase {
    /// The two halves, where they exist.
    pub(super) fn open_mut(&mut self) -> Option<&mut Open> {
        match self {
            Self::Open(open) => Some(open),
            Self::SynReceived(state) => state.fast.as_deref_mut(),
            _ => None,
        }
    }
}

/// A TCP connection.
///
/// The calling law:
///
/// 1. Segments come in by [`Connection::on_segment`], ICMP errors and news of the path by the other `on_` functions,
///    time by [`Connection::on_timeout`], wishes of the application by its verbs.
/// 2. After any of these (or several: a burst of segments is acknowledged once), while [`Connection::wants_transmit`],
///    call [`Connection::poll_transmit`] until it has no more, now or when there is room for output; then compare
///    `state` and `readiness` with what they were, and arm a timer for [`Connection::poll_timeout`].
/// 3. What `poll_transmit` hands out counts as sent. Payload stays readable by [`Connection::slices`] until the next
///    `on_segment`.
/// 4. Once CLOSED and let go of by `close` or `abort`, it is to be forgotten as soon as `wants_transmit` is false.
#[derive(Debug)]
pub struct Connection {
    pub(super) common: Common,
    pub(super) phase: Phase,
    /// Something happened since `poll_transmit` had nothing more.
    pub(super) restless: bool,
}

impl Connection {
    /// Active open: the first segment to transmit is the SYN.
    pub fn connect(
        cx: &mut Context<'_>,
        config: &Arc<Config>,
        settings: Settings,
        tuple: Tuple,
        isn: SeqNumber,
        mtu: usize,
    ) -> Self {
        let common = Common::new(cx, config, settings, tuple, isn, mtu);
        let phase = Phase::SynSent(SynSent::new(cx, &common, isn));
        let connection = Self { common, phase, restless: true };
        connection.trace_state(cx, State::Closed);
        connection
    }

    /// ESTABLISHED by way of LISTEN. The segment that completed the handshake is still to be looked at.
    pub(super) fn established(common: Common, open: Box<Open>) -> Self {
        Self { common, phase: Phase::Open(open), restless: true }
    }

    /// SYN-RECEIVED by way of LISTEN and a Fast Open cookie. The SYN is still to be looked at.
    pub(super) fn fast(common: Common, state: SynReceived) -> Self {
        Self { common, phase: Phase::SynReceived(Box::new(state)), restless: true }
    }

    /// Before the SYN leaves: let `data` go with it, as far as what is `known` of the server allows; how much was taken.
    pub fn open_with(&mut self, data: &[u8], known: Option<Known>) -> usize {
        let Phase::SynSent(state) = &mut self.phase else { return 0 };
        let mut queue = SendQueue::new(self.common.settings.send_buffer);
        let taken = queue.push(data, &mut Chunks::default());
        state.early = Some(Box::new(Early { queue, known, in_syn: 0 }));
        taken
    }

    /// What the handshake taught about Fast Open with this peer, once.
    pub const fn take_lesson(&mut self) -> Option<Lesson> {
        self.common.lesson.take()
    }

    /// Whether data flows although the peer has yet to prove its address.
    pub const fn is_fast_open_pending(&self) -> bool {
        matches!(&self.phase, Phase::SynReceived(state) if state.fast.is_some())
    }

    /// The two halves, where they exist.
    pub(super) fn open(&self) -> Option<&Open> {
        match &self.phase {
            Phase::Open(open) => Some(open),
            Phase::SynReceived(state) => state.fast.as_deref(),
            _ => None,
        }
    }

    /// As `open`, to change them.
    pub(super) fn open_mut(&mut self) -> Option<&mut Open> {
        self.phase.open_mut()
    }

    /// Passive open, answering `syn`: the first segment to transmit is the SYN-ACK.
    #[cfg(test)]
    pub(super) fn accept(
        cx: &mut Context<'_>,
        config: &Arc<Config>,
        settings: Settings,
        tuple: Tuple,
        syn: &TcpHeader,
        isn: SeqNumber,
        mtu: usize,
    ) -> Self {
        let common = Common::new(cx, config, settings, tuple, isn, mtu);
        let phase = Phase::SynReceived(Box::new(SynReceived::answering(cx, &common, isn, syn)));
        let connection = Self { common, phase, restless: true };
        connection.trace_state(cx, State::Listen);
        connection
    }

    /// Who with whom.
    pub const fn tuple(&self) -> Tuple {
        self.common.tuple
    }

    /// Where it stands.
    pub const fn state(&self) -> State {
        match &self.phase {
            Phase::SynSent(_) => State::SynSent,
            Phase::SynReceived(_) => State::SynReceived,
            Phase::Open(open) => open.flow.state(),
            Phase::TimeWait(_) => State::TimeWait,
            Phase::Closed => State::Closed,
        }
    }

    /// A segment of this connection arrived; the view of `payload` is its data. Buffers that are not kept go back to
    /// `pool`.
    pub fn on_segment(
        &mut self,
        cx: &mut Context<'_>,
        segment: &TcpHeader,
        payload: Packet,
        pool: &mut Pool,
    ) -> Disposition {
        self.restless = true;
        self.common.stats.segments_in += payload.segments();
        let before = self.state();
        let common = &mut self.common;
        let outcome = match &mut self.phase {
            Phase::Open(open) => {
                let exit = open.on_segment(cx, common, segment, payload, pool);
                self.leave(cx, exit);
                self.trace_state(cx, before);
                return Disposition::Done;
            }
            Phase::SynSent(state) => state.on_segment(cx, common, segment, payload, pool),
            Phase::SynReceived(state) if state.completes_crossing(segment) => {
                state.on_crossing(cx, common, segment, payload, pool)
            }
            Phase::SynReceived(state) if state.takes_early_data(segment, &payload) => {
                state.on_early_data(cx, common, payload, pool)
            }
            Phase::SynReceived(state) => {
                //= rfc9293#3.10.7.4   the segment that completes the handshake is looked at further as any other
                let outcome = state.on_segment(cx, common, segment, payload.is_empty());
                if let Outcome::Open(open) = outcome {
                    self.phase = Phase::Open(open);
                    self.trace_state(cx, before);
                    return self.on_segment(cx, segment, payload, pool);
                }
                pool.put(payload);
                outcome
            }
            Phase::TimeWait(state) => {
                let disposition = state.on_segment(cx, common, segment, payload.len());
                pool.put(payload);
                return disposition;
            }
            Phase::Closed => return Disposition::Done,
        };
        match outcome {
            Outcome::Stay => {}
            Outcome::Crossed(state) => self.phase = Phase::SynReceived(state),
            Outcome::Open(open) => self.phase = Phase::Open(open),
            Outcome::Closed(error) => self.fail(cx, Some(error)),
        }
        self.trace_state(cx, before);
        Disposition::Done
    }

    /// The burst of frames is over. Acknowledgments are decided when output is asked for, so there is nothing to do
    /// yet; an algorithm that looks at whole bursts would do it here.
    pub fn on_burst_end(&mut self, _cx: &mut Context<'_>) {}

    /// `poll_timeout` has passed.
    pub fn on_timeout(&mut self, cx: &mut Context<'_>) {
        let before = self.state();
        let common = &mut self.common;
        match &mut self.phase {
            Phase::SynSent(state) => {
                if state.on_timeout(cx, common) {
                    self.fail_silent(cx);
                }
            }
            Phase::SynReceived(state) => {
                if state.on_timeout(cx, common) {
                    self.fail_silent(cx);
                }
            }
            Phase::Open(open) => {
                let exit = open.on_timeout(cx, common);
                self.leave(cx, exit);
            }
            Phase::TimeWait(state) => {
                if state.until <= cx.now {
                    self.end();
                }
            }
            Phase::Closed => {}
        }
        self.restless = true;
        self.trace_state(cx, before);
    }

    /// When to call `on_timeout`.
    pub fn poll_timeout(&self) -> Option<Instant> {
        match &self.phase {
            Phase::SynSent(state) => Some(state.knock.poll_timeout(&self.common)),
            Phase::SynReceived(state) => Some(state.knock.poll_timeout(&self.common)),
            Phase::Open(open) => open.poll_timeout(&self.common),
            Phase::TimeWait(state) => Some(state.until),
            Phase::Closed => None,
        }
    }

    /// The next segment, or unit of at most `max_unit` payload bytes (one segment where that is less).
    pub fn poll_transmit(&mut self, cx: &mut Context<'_>, max_unit: usize) -> Option<Outgoing> {
        if !self.restless {
            return None;
        }
        let common = &mut self.common;
        let reply = common.reply.take().map(|header| (header, 0));
        let alone = reply.or_else(|| match &mut self.phase {
            Phase::SynSent(state) => state.poll_transmit(cx.now, common),
            Phase::SynReceived(state) => state.poll_transmit(cx.now, common).map(|header| (header, 0)),
            _ => None,
        });
        if let Some((header, length)) = alone {
            common.stats.segments_out += 1;
            return Some(Outgoing { header, offset: 0, length, segment_size: length, retransmission: false });
        }
        let outgoing = match &mut self.phase {
            Phase::Open(open) => open.poll_transmit(cx, common, max_unit),
            Phase::SynReceived(state) => {
                state.fast.as_mut().and_then(|fast| fast.poll_transmit(cx, common, max_unit))
            }
            _ => None,
        };
        self.restless = outgoing.is_some();
        outgoing
    }

    /// The payload of an `Outgoing`.
    pub fn slices(&self, offset: usize, length: usize) -> Slices<'_> {
        match self.send_queue().filter(|_| length > 0) {
            Some(queue) => queue.slices(offset, length),
            None => Slices::EMPTY,
        }
    }

    /// As `slices`, one after the other.
    pub fn pieces(&self, offset: usize, length: usize) -> impl Iterator<Item = &[u8]> {
        let queue = self.send_queue().filter(|_| length > 0);
        queue.into_iter().flat_map(move |queue| queue.pieces(offset, length))
    }

    fn send_queue(&self) -> Option<&SendQueue> {
        match &self.phase {
            Phase::SynSent(state) => state.early.as_ref().map(|early| &early.queue),
            _ => self.open().map(|open| &open.sender.queue),
        }
    }

    /// Whether `poll_transmit` may have something.
    pub const fn wants_transmit(&self) -> bool {
        self.restless
    }

    /// Leave the synchronized states, if so decided.
    pub(super) fn leave(&mut self, cx: &mut Context<'_>, exit: Option<Exit>) {
        let (Some(exit), Phase::Open(open)) = (exit, &self.phase) else { return };
        match exit {
            Exit::TimeWait => {
                cx.count(Counter::TcpTimeWaits);
                let state = open.time_wait(cx, &self.common);
                if open.receiver.due != Due::Nothing {
                    self.common.reply = Some(state.acknowledgment(cx, &self.common));
                }
                self.phase = Phase::TimeWait(state);
            }
            Exit::Closed { error, reset } => {
                if reset {
                    self.common.reply = Some(open.reset(&self.common));
                }
                self.common.error = self.common.error.or(error);
                self.end();
            }
        }
    }

    /// A handshake failed because nobody answers; ICMP may have said why.
    fn fail_silent(&mut self, cx: &mut Context<'_>) {
        cx.count(Counter::TcpAbortOnTimeout);
        let error = self.common.soft_error.unwrap_or(Error::TimedOut);
        self.fail(cx, Some(error));
    }

    /// The handshake failed.
    pub(super) fn fail(&mut self, cx: &mut Context<'_>, error: Option<Error>) {
        cx.count(Counter::TcpAttemptFails);
        self.common.error = error;
        self.end();
    }

    /// CLOSED. What was received stays for the application, if there is one.
    pub(super) fn end(&mut self) {
        self.phase = Phase::Closed;
        self.common.inbox.clear_waiting();
        if self.common.orphan {
            self.common.inbox.clear();
        }
    }

    /// Trace a change of state, if there was one.
    pub(super) fn trace_state(&self, cx: &mut Context<'_>, before: State) {
        self.common.trace_state(cx, before, self.state());
    }
}
