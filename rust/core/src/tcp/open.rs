//! A synchronized connection: two halves, the FINs between them, and the timers of both.
//!
//! `arrive` is what a segment does to it, `timeout` what time does; here is its life from the handshake to its end, and
//! what it sends.

use super::Outgoing;
use super::closing::{Flow, Next, TimeWait};
use super::common::Common;
use super::options::Agreed;
use super::receiver::{Due, Receiver};
use super::recovery::Phase;
use super::sender::{Fin, Sender};
use super::tail::Tail;
use super::timers::{Timer, Timers};
use super::transmit::Unit;
use super::tuning::IDLE;
use super::wait::Wait;
use crate::error::Error;
use crate::observe::{Context, Counter};
use crate::time::{Duration, Instant};
use crate::wire::{SeqNumber, TcpFlags, TcpHeader, TcpOptions};

/// How long TCP_CORK keeps a segment back that is not full (tcp(7)).
const CORK: Duration = Duration::from_millis(200);

/// How a connection leaves the synchronized states.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exit {
    /// Both sides closed.
    TimeWait,
    /// Over, for this reason if it was not meant to be.
    Closed {
        /// What to tell the application.
        error: Option<Error>,
        /// Whether the peer hears of it by a reset.
        reset: bool,
    },
}

/// See the module.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) sender: Sender,
    pub(super) receiver: Receiver,
    pub(super) flow: Flow,
    pub(super) timers: Timers,
    /// When the peer was last heard.
    pub(super) heard: Instant,
    /// Keep-alive probes since then.
    pub(super) keep_probes: u8,
    /// Whether one is to be sent now.
    pub(super) keep_alive: bool,
    pub(super) agreed: Agreed,
}

impl Open {
    /// The handshake is done; `close` tells that the application closed in the meantime.
    pub(super) fn new(
        cx: &Context<'_>,
        common: &Common,
        agreed: Agreed,
        sender: Sender,
        mut receiver: Receiver,
        close: bool,
    ) -> Self {
        receiver.tuning.on_handshake(sender.rtt.smoothed());
        let mut open = Self {
            sender,
            receiver,
            flow: Flow::Established,
            timers: Timers::default(),
            heard: cx.now,
            keep_probes: 0,
            keep_alive: false,
            agreed,
        };
        open.arm_keep_alive(cx.now, common);
        if close {
            open.close(cx.now, common);
        }
        open
    }

    /// We send no more: a FIN goes behind what is queued.
    pub(super) fn close(&mut self, now: Instant, common: &Common) {
        if self.sender.fin == Fin::None {
            if !self.sender.is_busy() {
                self.sender.progress = now;
            }
            self.sender.fin = Fin::Queued;
            self.flow = self.flow.on_close();
        }
        self.watch_orphan(now, common);
    }

    /// FIN-WAIT-2 without an application: nobody would ever end it but this timer.
    pub(super) fn watch_orphan(&mut self, now: Instant, common: &Common) {
        if common.orphan && self.flow == Flow::FinWait2 && !self.timers.is_set(Timer::Orphan) {
            self.timers.set(Timer::Orphan, now + common.config.fin_timeout);
        }
    }

    /// Go where a FIN led.
    pub(super) fn follow(&mut self, now: Instant, common: &Common, next: Next) -> Option<Exit> {
        match next {
            Next::Flow(flow) => {
                self.flow = flow;
                self.watch_orphan(now, common);
                None
            }
            Next::TimeWait => Some(Exit::TimeWait),
            Next::Closed => Some(Exit::Closed { error: None, reset: false }),
        }
    }

    /// What remains of it in TIME-WAIT.
    pub(super) fn time_wait(&self, cx: &Context<'_>, common: &Common) -> TimeWait {
        TimeWait {
            sent: self.sender.max,
            next: self.receiver.next,
            window: self.receiver.window(),
            shift: self.receiver.shift(),
            recent: self.receiver.recent(),
            ecn: self.receiver.ecn.flags(false),
            //= rfc9293#3.10.7.4 MUST-13   twice the segment lifetime
            until: cx.now + common.config.time_wait,
        }
    }

    /// The reset that ends it from our side.
    pub(super) fn reset(&self, common: &Common) -> TcpHeader {
        let mut header = common.header(TcpFlags::RST | TcpFlags::ACK);
        //= rfc9293#3.10.5   at SND.NXT, whatever a retransmission is at
        (header.seq, header.ack) = (self.sender.max, self.receiver.next);
        header
    }

    /// Start the keep-alive clock, or stop it.
    pub(super) fn arm_keep_alive(&mut self, now: Instant, common: &Common) {
        //= rfc9293#3.8.4 MUST-24 MUST-25   on request only
        if common.settings.keepalive {
            self.timers.set(Timer::KeepAlive, now + common.settings.keep_idle);
        } else {
            self.timers.clear(Timer::KeepAlive);
        }
    }

    /// When something is due: a timer, or the application's patience with unacknowledged data.
    pub(super) fn poll_timeout(&self, common: &Common) -> Option<Instant> {
        let patience = self.patience(common);
        self.timers.next().into_iter().chain(patience).min()
    }

    /// When the user timeout ends the connection, if data waits.
    pub(super) fn patience(&self, common: &Common) -> Option<Instant> {
        let limit = common.settings.user_timeout.filter(|_| self.sender.is_busy())?;
        Some(self.sender.progress + limit)
    }

    /// The next segment or unit.
    pub(super) fn poll_transmit(
        &mut self,
        cx: &mut Context<'_>,
        common: &mut Common,
        max_unit: usize,
    ) -> Option<Outgoing> {
        //= rfc9768#3.2.2.1   the ACK of the SYN-ACK goes before any data
        if self.receiver.due == Due::Now && self.receiver.ecn.wants_pure_ack() {
            common.stats.segments_out += 1;
            return Some(self.acknowledgment(cx, common));
        }
        let options = self.options(cx.now, common, true);
        let usual = options.sack.is_empty() && options.ecn.is_none();
        let bytes = if usual { 0 } else { options.len() - self.agreed.option_bytes() as usize };
        // Where segments are tiny already, data goes without options of the moment rather than in slivers.
        let beside_data = if 2 * bytes < self.sender.mss() as usize { bytes } else { 0 };
        match self.sender.next_unit(cx, common, beside_data, max_unit) {
            Ok(unit) => {
                let usual = TcpOptions { timestamps: options.timestamps, ..TcpOptions::default() };
                return Some(self.outgoing(cx, common, unit, if beside_data > 0 { options } else { usual }));
            }
            Err(wait) => self.on_wait(cx.now, common, wait),
        }
        self.wait_for_window(cx.now);
        if let Some(at) = self.sender.paced_until.take() {
            self.timers.set(Timer::Pacing, at);
        }
        let alive = std::mem::take(&mut self.keep_alive);
        let duplicate = self.receiver.duplicates > 0;
        if !alive && !duplicate && self.receiver.due != Due::Now {
            return None;
        }
        common.stats.segments_out += 1;
        let mut bare = self.acknowledgment(cx, common);
        if alive {
            //= rfc9293#3.8.4 SHLD-12   a number that is acknowledged already asks for an ACK
            bare.header.seq = self.sender.nxt - 1;
            cx.count(Counter::TcpKeepAlives);
        }
        Some(bare)
    }

    /// An ACK and nothing else.
    pub(super) fn acknowledgment(&mut self, cx: &Context<'_>, common: &Common) -> Outgoing {
        let options = self.options(cx.now, common, false);
        let flags = self.receiver.ecn.flags(options.sack.is_empty());
        let mut header = self.header(cx, common, options, false);
        header.flags |= flags;
        self.receiver.duplicates = self.receiver.duplicates.saturating_sub(1);
        Outgoing { header, offset: 0, length: 0, segment_size: 0, retransmission: false }
    }

    fn outgoing(
        &mut self,
        cx: &Context<'_>,
        common: &mut Common,
        unit: Unit,
        mut options: TcpOptions,
    ) -> Outgoing {
        if unit.is_timed {
            self.timers.clear(Timer::Persist);
            // As on Linux, the timer is that of the oldest segment: when it left again, its ACK is due a timeout from then.
            // Else a retransmission that is lost costs a timeout, though RACK finds it in little more than a round trip.
            let oldest = unit.retransmission && unit.seq == self.sender.una && self.sender.sack;
            if oldest || !self.timers.is_set(Timer::Retransmit) {
                //= rfc6298#5.1   the timer runs whenever something is out
                self.timers.set(Timer::Retransmit, self.sender.rtt.deadline(cx.now));
            }
            self.arm_loss_timers(cx.now, common);
        }
        //= rfc9768#3.2.3.2.2   if the option was why it was lost, it gets through without
        options.ecn = options.ecn.filter(|_| !unit.retransmission);
        let flags = self.receiver.ecn.flags(false);
        let mut header = self.header(cx, common, options, true);
        header.seq = unit.seq;
        header.flags |= unit.flags | flags;
        //= rfc3168#6.1.5   what leaves again is not ECN-capable: nobody could tell whether its mark counts
        //= rfc3168#6.1.6   nor is a probe of a closed window
        if unit.length > 0 && !unit.retransmission && unit.is_timed {
            let packets = unit.length.div_ceil(unit.segment_size.max(1)) as u64;
            let (flags, ecn) = self.sender.ecn.on_data(packets, unit.length as u64);
            header.flags |= flags;
            header.ecn = ecn;
        }
        if let Some(urgent) = self.sender.urgent
            && urgent.after(unit.seq)
        {
            //= rfc9293#3.8.5 MUST-30 MUST-31   far ahead it says "as far as I can tell"
            header.flags |= TcpFlags::URG;
            header.urgent = urgent.distance(unit.seq).min(i32::from(u16::MAX)) as u16;
        }
        let Unit { offset, length, segment_size, retransmission, .. } = unit;
        let outgoing = Outgoing { header, offset, length, segment_size, retransmission };
        common.stats.segments_out += outgoing.segments();
        if length > 0 {
            common.stats.data_segments_out += outgoing.segments();
            common.stats.bytes_sent += length as u64;
        }
        outgoing
    }

    /// The options of a segment that leaves now.
    fn options(&self, now: Instant, common: &Common, data: bool) -> TcpOptions {
        TcpOptions {
            timestamps: self.receiver.timestamps(common.timestamp(now)),
            sack: self.receiver.sack_blocks(&common.inbox),
            ecn: self.receiver.ecn.option(now, self.sender.rtt.smoothed(), data),
            ..TcpOptions::default()
        }
    }

    /// The header of a segment that leaves now, and carries the ACK that may be owed.
    fn header(&mut self, cx: &Context<'_>, common: &Common, options: TcpOptions, data: bool) -> TcpHeader {
        let mut header = common.header(TcpFlags::ACK);
        header.seq = self.sender.nxt;
        header.ack = self.receiver.next;
        header.window = self.receiver.advertise(&common.inbox, self.receiver.buffer(common));
        header.options = options;
        self.receiver.ecn.on_sent(cx.now, options.ecn.is_some(), data);
        self.receiver.on_ack_sent();
        self.timers.clear(Timer::DelayedAck);
        header
    }

    /// Nothing can go out, for this reason.
    fn on_wait(&mut self, now: Instant, common: &Common, wait: Wait) {
        self.sender.note_wait(now, wait);
        match (wait == Wait::Cork, self.timers.is_set(Timer::Cork)) {
            (true, false) => self.timers.set(Timer::Cork, now + CORK),
            (false, true) => self.timers.clear(Timer::Cork),
            _ => {}
        }
        if self.has_grown(common) && !self.timers.is_set(Timer::Rest) {
            self.timers.set(Timer::Rest, now + IDLE);
        }
    }

    /// Whether a buffer is larger than it was at first.
    fn has_grown(&self, common: &Common) -> bool {
        self.receiver.tuning.size() > common.settings.receive_buffer
            || self.sender.queue.limit() > common.settings.send_buffer
    }

    /// Give back what grew, if the connection is at rest.
    pub(super) fn rest(&mut self, now: Instant, common: &Common) {
        let heard = self.receiver.last_text.unwrap_or(Instant::ZERO);
        let active = self.sender.last_sent.max(heard);
        if self.sender.is_busy() || now.since(active) < IDLE {
            self.timers.set(Timer::Rest, active.max(now) + IDLE);
            return;
        }
        self.receiver.rest(common);
        self.sender.queue.set_limit(common.settings.send_buffer);
        self.sender.flight.rest();
    }

    /// Nothing can go out. If nothing is out either and something waits, then for the peer's window: see that the wait
    /// has an end.
    fn wait_for_window(&mut self, now: Instant) {
        let corked = self.sender.waiting == Wait::Cork;
        let waits = !self.sender.is_outstanding() && self.sender.has_unsent() && !corked;
        if waits && !self.timers.is_set(Timer::Persist) {
            //= rfc9293#3.8.6.1 MUST-36 SHLD-29   the first probe after one timeout
            self.timers.set(Timer::Persist, now + self.sender.rtt.timeout());
        }
    }

    /// The timers that find a loss before the retransmission timer does.
    pub(super) fn arm_loss_timers(&mut self, now: Instant, common: &Common) {
        match self.sender.reorder_until {
            Some(at) => self.timers.set(Timer::Reordering, at),
            None => self.timers.clear(Timer::Reordering),
        }
        //= rfc8985#7.2   with SACK, with nothing held by the peer, outside of repairs, and one probe at a time
        let sender = &self.sender;
        let wanted = common.config.tail_loss_probe
            && sender.sack
            && sender.flight.out() > 0
            && sender.flight.delivered() + sender.flight.lost() == 0
            && sender.recovery.phase() == Phase::Open
            && !sender.tail.is_out();
        // One segment is left of a flight of several if the peer acknowledged anything since it went.
        let alone = sender.flight.out() <= sender.mss() && sender.progress <= sender.last_sent;
        let due = sender.last_sent + Tail::timeout(sender.rtt.smoothed(), alone);
        let at = due.max(now + Tail::LEAST);
        if wanted && self.timers.is_set(Timer::Retransmit) {
            //= rfc8985#7.2   no later than the retransmission timer, in whose place it fires then
            self.timers.set(Timer::TailProbe, at.min(self.timers.at(Timer::Retransmit)));
        } else {
            self.timers.clear(Timer::TailProbe);
        }
    }

    /// Whether `seq` is in flight.
    pub(super) fn in_flight(&self, seq: SeqNumber) -> bool {
        self.sender.in_flight(seq)
    }
}
