//! What outlives every state: the name, the settings, the received bytes, the errors not yet told.

use super::congestion::Kind;
use super::fast_open::{FastOpen, Lesson};
use super::info::Resent;
use super::tuning::Pressure;
use super::{Config, Settings, State, Tuple};
use crate::buffer::ReceiveQueue;
use crate::drops::DropReason;
use crate::error::Error;
use crate::observe::{Context, Counter, Layer, TraceEvent};
use crate::rng::prf;
use crate::time::{Duration, Instant};
use crate::wire::{SeqNumber, TcpFlags, TcpHeader};
use std::sync::Arc;

/// Fixed bytes of IP and TCP header.
const HEADERS: (usize, usize) = (40, 60);

/// What was counted on one connection.
#[derive(Debug, Clone, Default)]
pub(super) struct Stats {
    pub(super) bytes_acked: u64,
    pub(super) bytes_received: u64,
    pub(super) segments_in: u64,
    pub(super) segments_out: u64,
    pub(super) retransmissions: u64,
    pub(super) resent: Resent,
    pub(super) data_segments_in: u64,
    pub(super) data_segments_out: u64,
    pub(super) out_of_order_segments: u64,
    pub(super) bytes_sent: u64,
    pub(super) bytes_resent: u64,
    /// ACKs that told of a second copy, and of reordering.
    pub(super) duplicates_reported: u32,
    pub(super) reorderings: u32,
    /// Timeouts; rows of them; and how long those lasted until the next progress.
    pub(super) timeouts: u32,
    pub(super) timeout_rows: u32,
    pub(super) timeout_time: Duration,
}

/// Lent to the state at hand for each call.
#[derive(Debug)]
pub(super) struct Common {
    pub(super) tuple: Tuple,
    pub(super) config: Arc<Config>,
    pub(super) settings: Settings,
    /// Path MTU.
    pub(super) mtu: usize,
    /// How short the memory of the whole stack is.
    pub(super) memory: Pressure,
    /// Received, not read.
    pub(super) inbox: ReceiveQueue,
    /// How it ended, until the application asks.
    pub(super) error: Option<Error>,
    /// What ICMP said last: the reason to give if it ends by silence.
    pub(super) soft_error: Option<Error>,
    /// The application let go.
    pub(super) orphan: bool,
    /// The application reads no more.
    pub(super) read_shut: bool,
    /// A segment that answers the one at hand and belongs to no stream: a reset, or an ACK of TIME-WAIT.
    pub(super) reply: Option<TcpHeader>,
    pub(super) stats: Stats,
    /// The handshake left no trace here but a cookie in its numbers (RFC 4987 3.6).
    pub(super) syn_cookie: bool,
    /// How far Fast Open went.
    pub(super) fast_open: FastOpen,
    /// What the stack's Fast Open cache should learn.
    pub(super) lesson: Option<Lesson>,
    /// Where our timestamp clock stands apart from time.
    clock_offset: u32,
    /// No challenge ACK before this.
    next_challenge: Instant,
}

impl Common {
    pub(super) fn new(
        cx: &Context<'_>,
        config: &Arc<Config>,
        settings: Settings,
        tuple: Tuple,
        isn: SeqNumber,
        mtu: usize,
    ) -> Self {
        //= rfc7323#5.4   the clock tells nobody our uptime. One name keeps its offset as it keeps the secret part of
        // its initial number, so that a later incarnation's stamps are newer to a peer in TIME-WAIT (RFC 6191)
        let secret = u128::from((isn - (cx.now.as_micros() / 4) as u32).0);
        let offset = prf(secret, b"timestamps") as u32;
        Self::with_clock(config, settings, tuple, mtu, (offset, Instant::ZERO))
    }

    /// As it was, by what `clock` told of it.
    pub(super) fn with_clock(
        config: &Arc<Config>,
        settings: Settings,
        tuple: Tuple,
        mtu: usize,
        (clock_offset, next_challenge): (u32, Instant),
    ) -> Self {
        Self {
            tuple,
            config: Arc::clone(config),
            settings,
            mtu,
            memory: Pressure::None,
            inbox: ReceiveQueue::new(),
            error: None,
            soft_error: None,
            orphan: false,
            read_shut: false,
            reply: None,
            stats: Stats::default(),
            syn_cookie: false,
            fast_open: FastOpen::None,
            lesson: None,
            clock_offset,
            next_challenge,
        }
    }

    /// The congestion control of this connection.
    pub(super) fn congestion(&self) -> Kind {
        self.settings.congestion.unwrap_or(self.config.congestion)
    }

    /// Unsent bytes from which on no more may be queued.
    pub(super) fn notsent_low_water(&self) -> u32 {
        self.settings.notsent_low_water.unwrap_or(self.config.notsent_low_water)
    }

    /// The largest buffer that our windows may ever have to tell of.
    pub(super) fn window_reach(&self) -> usize {
        let (first, most) = (self.settings.receive_buffer, self.config.receive_buffer_max);
        if self.settings.receive_fixed { first } else { first.max(most) }
    }

    /// What `with_clock` needs: where our timestamp clock stands apart from time, and when the next challenge may go.
    pub(super) const fn clock(&self) -> (u32, Instant) {
        (self.clock_offset, self.next_challenge)
    }

    /// A header from us to the peer with nothing in it.
    pub(super) fn header(&self, flags: TcpFlags) -> TcpHeader {
        TcpHeader { flags, ..TcpHeader::new(self.tuple.local.port(), self.tuple.remote.port()) }
    }

    /// TSval of a segment that leaves now: milliseconds (RFC 7323 5.4 allows 1 ms to 1 s).
    pub(super) const fn timestamp(&self, now: Instant) -> u32 {
        (now.as_millis() as u32).wrapping_add(self.clock_offset)
    }

    /// The largest segment that the path carries, TCP options counted as payload.
    pub(super) fn path_mss(&self) -> u16 {
        let headers = if self.tuple.remote.is_ipv4() { HEADERS.0 } else { HEADERS.1 };
        let path = self.mtu.saturating_sub(headers).min(usize::from(u16::MAX)) as u16;
        self.settings.max_segment.map_or(path, |limit| path.min(limit))
    }

    /// The MSS that our SYN announces.
    pub(super) fn advertised_mss(&self) -> u16 {
        self.path_mss().max(self.config.min_mss)
    }

    /// Whether a challenge ACK, or an ACK for a segment out of place, may be sent now.
    pub(super) fn may_challenge(&mut self, cx: &mut Context<'_>) -> bool {
        if cx.now < self.next_challenge {
            return false;
        }
        //= rfc5961#7   throttled; each connection for itself and at random, so that nobody learns from its silence
        let mean = self.config.challenge_ack_interval;
        let wait = mean.div(2) + Duration::from_nanos(cx.rng.below(mean.as_nanos()));
        self.next_challenge = cx.now + wait;
        cx.count(Counter::TcpChallengeAcks);
        true
    }

    /// Answer with a reset that has `seq` (RFC 9293 3.5.2).
    pub(super) fn reply_reset(&mut self, seq: SeqNumber) {
        self.reply = Some(TcpHeader { seq, ..self.header(TcpFlags::RST) });
    }

    /// Count and trace a segment dropped.
    pub(super) fn drop(&self, cx: &mut Context<'_>, reason: DropReason) {
        cx.drop(Layer::Tcp, reason);
    }

    /// Trace a change of state, if it is one.
    pub(super) fn trace_state(&self, cx: &mut Context<'_>, from: State, to: State) {
        let remote = self.tuple.remote;
        if from != to {
            cx.emit(Layer::TcpState, || TraceEvent::TcpState {
                destination: remote.ip(),
                destination_port: remote.port(),
                from: from.name(),
                to: to.name(),
            });
        }
    }

    /// Trace a timer that fired.
    pub(super) fn trace_timer(&self, cx: &mut Context<'_>, timer: &'static str) {
        let remote = self.tuple.remote;
        cx.emit(Layer::Tcp, || TraceEvent::TcpTimer {
            destination: remote.ip(),
            destination_port: remote.port(),
            timer,
        });
    }
}

/// Trace a step of SEGMENT ARRIVES.
#[inline]
pub(super) fn step(cx: &mut Context<'_>, step: &'static str) {
    cx.emit(Layer::TcpState, || TraceEvent::TcpStep { step });
}
