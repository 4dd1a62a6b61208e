//! The sending half: what is queued, under way, acknowledged, and how much more may leave.

use super::congestion::{Acked, Congestion};
use super::negotiated::Negotiated;
use super::recovery::{OnAck, Recovery};
use super::rtt::Rtt;
use super::{Config, Settings};
use crate::buffer::SendQueue;
use crate::time::{Duration, Instant};
use crate::wire::{SeqNumber, TcpFlags, TcpHeader};

/// What the acknowledgment of a segment means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AckKind {
    /// Of something never sent: challenge it and drop the segment.
    Unsent,
    /// Older than any window of ours: likewise (RFC 5961 5).
    Ancient,
    /// Nothing new.
    Old,
    /// New: progress.
    New,
}

/// What may leave now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) seq: SeqNumber,
    pub(super) offset: usize,
    pub(super) length: usize,
    pub(super) fin: bool,
    pub(super) push: bool,
    pub(super) retransmission: bool,
}

/// The sending half of a synchronized connection.
#[derive(Debug)]
pub(super) struct Sender {
    pub(super) queue: SendQueue,
    /// SND.UNA
    una: SeqNumber,
    /// The next to leave: SND.NXT, or less after a timeout until all is sent again.
    next: SeqNumber,
    /// One behind the highest ever sent: SND.NXT of the RFC.
    sent: SeqNumber,
    window: u32,
    greatest_window: u32,
    /// SND.WL1, SND.WL2
    updated: (SeqNumber, SeqNumber),
    pub(super) rtt: Rtt,
    pub(super) congestion: Congestion,
    pub(super) recovery: Recovery,
    /// A segment being timed: the sequence number that ends it, and when it left (Karn: nothing sent twice is timed).
    timed: Option<(SeqNumber, Instant)>,
    /// The first segment is to be sent again, whatever the window.
    resend_first: bool,
    /// The application closed its side.
    closing: bool,
    fin_acknowledged: bool,
    /// Timeouts in a row without progress.
    pub(super) retries: u32,
    /// Segments sent again so far.
    pub(super) retransmissions: u64,
    /// Since when the oldest data under way waits.
    waiting_since: Option<Instant>,
    /// One behind urgent data, if any was sent.
    urgent: Option<SeqNumber>,
    mss: usize,
}

impl Sender {
    pub(super) fn new(
        iss: SeqNumber,
        config: &Config,
        settings: &Settings,
        agreed: &Negotiated,
        rtt: Rtt,
    ) -> Self {
        let mss = agreed.effective_mss(settings);
        //= rfc6928#2   ten segments, but no more than 14600 bytes' worth at larger sizes
        let initial = (u64::from(config.initial_window) * mss as u64).min((14_600).max(2 * mss as u64));
        let first = iss + 1;
        Self {
            queue: SendQueue::new(settings.send_buffer),
            una: first,
            next: first,
            sent: first,
            window: 0,
            greatest_window: 0,
            updated: (SeqNumber(0), SeqNumber(0)),
            rtt,
            congestion: Congestion::new(config.congestion, mss as u64, initial),
            recovery: Recovery::new(first),
            timed: None,
            resend_first: false,
            closing: false,
            fin_acknowledged: false,
            retries: 0,
            retransmissions: 0,
            waiting_since: None,
            urgent: None,
            mss,
        }
    }

    /// The window of the segment that ends the handshake.
    pub(super) const fn first_window(&mut self, segment: &TcpHeader, scale: u8) {
        self.window = (segment.window as u32) << scale;
        self.greatest_window = self.window;
        self.updated = (segment.seq, segment.ack);
    }

    pub(super) const fn una(&self) -> SeqNumber {
        self.una
    }

    /// SND.NXT: one behind the highest ever sent.
    pub(super) const fn sent(&self) -> SeqNumber {
        self.sent
    }

    pub(super) const fn next(&self) -> SeqNumber {
        self.next
    }

    pub(super) const fn window(&self) -> u32 {
        self.window
    }

    pub(super) const fn mss(&self) -> usize {
        self.mss
    }

    pub(super) const fn closing(&self) -> bool {
        self.closing
    }

    pub(super) const fn fin_acknowledged(&self) -> bool {
        self.fin_acknowledged
    }

    pub(super) const fn waiting_since(&self) -> Option<Instant> {
        self.waiting_since
    }

    pub(super) const fn urgent(&self) -> Option<SeqNumber> {
        self.urgent
    }

    /// The largest payload changed: what is under way is cut anew.
    pub(super) fn set_mss(&mut self, mss: usize) {
        if mss < self.mss {
            self.next = self.una;
            self.timed = None;
        }
        self.mss = mss;
        self.congestion.controller_mut().set_mss(mss as u64);
    }

    /// Whether something sent is not acknowledged.
    pub(super) fn in_flight(&self) -> bool {
        self.sent != self.una
    }

    /// Bytes under way, as far as is known without a scoreboard.
    pub(super) fn flight(&self) -> u32 {
        self.next.distance(self.una).max(0) as u32
    }

    /// Where queued data ends; a FIN stands there.
    fn data_end(&self) -> SeqNumber {
        self.una + self.queue.len() as u32
    }

    /// Whether data or a FIN has not left yet.
    pub(super) fn has_unsent(&self) -> bool {
        self.next.before(self.data_end())
            || (self.closing && !self.fin_acknowledged && self.next == self.data_end())
    }

    /// Close this side behind what is queued.
    pub(super) const fn close(&mut self) {
        self.closing = true;
    }

    /// What was queued last is urgent.
    pub(super) fn mark_urgent(&mut self) {
        self.urgent = Some(self.data_end());
    }

    //= rfc5961#5   acceptable: SND.UNA - MAX.SND.WND <= SEG.ACK <= SND.NXT
    pub(super) fn classify(&self, ack: SeqNumber) -> AckKind {
        if ack.after(self.sent) {
            AckKind::Unsent
        } else if ack.after(self.una) {
            AckKind::New
        } else if self.una.distance(ack) as u32 > self.greatest_window.max(65_535) {
            AckKind::Ancient
        } else {
            AckKind::Old
        }
    }

    /// Take the peer's window if the segment is not older than the last that changed it; whether the window changed.
    //= rfc9293#3.10.7.4   SND.WL1 and SND.WL2 keep old segments from turning the window back
    pub(super) fn update_window(&mut self, segment: &TcpHeader, scale: u8) -> bool {
        let (seq, ack) = self.updated;
        let newer = segment.seq.after(seq) || (segment.seq == seq && segment.ack.at_or_after(ack));
        if !newer || segment.ack.before(self.una) {
            return false;
        }
        let window = u32::from(segment.window) << scale;
        let changed = window != self.window;
        self.window = window;
        self.greatest_window = self.greatest_window.max(window);
        self.updated = (segment.seq, segment.ack);
        changed
    }

    /// New data was acknowledged. `echoed` is the round trip that a timestamp measured.
    pub(super) fn on_new_ack(
        &mut self,
        now: Instant,
        config: &Config,
        ack: SeqNumber,
        echoed: Option<Duration>,
    ) -> OnAck {
        let flight = u64::from(self.sent.distance(self.una).max(0) as u32);
        let advanced = ack.distance(self.una) as usize;
        let data = advanced.min(self.queue.len());
        self.fin_acknowledged |= self.closing && advanced > data;
        self.queue.consume(data);
        self.una = ack;
        self.next = self.next.max(ack);
        self.retries = 0;
        self.rtt.reset_backoff();
        self.waiting_since = self.in_flight().then_some(now);
        let rtt = self.measure(now, ack, echoed);
        if let Some(rtt) = rtt {
            self.rtt.sample(config, rtt);
        }
        let verdict = self.recovery.on_progress(ack, advanced as u64, self.mss as u64);
        let acked = Acked { now, bytes: advanced as u64, flight, rtt };
        match verdict {
            OnAck::Leave => {
                let left = u64::from(self.flight());
                self.congestion.controller_mut().on_recovered(now, left);
            }
            OnAck::Partial => self.resend_first = true,
            OnAck::Continue | OnAck::Enter => self.congestion.controller_mut().on_ack(&acked),
        }
        verdict
    }

    //= rfc6298#3   Karn: only what was sent once is timed, or what a timestamp names
    fn measure(&mut self, now: Instant, ack: SeqNumber, echoed: Option<Duration>) -> Option<Duration> {
        match self.timed {
            Some((end, at)) if ack.at_or_after(end) => {
                self.timed = None;
                Some(now.since(at))
            }
            Some(_) => None,
            None => echoed,
        }
    }

    /// An ACK came that acknowledges nothing new, carries nothing, and does not change the window.
    pub(super) fn on_duplicate_ack(&mut self, now: Instant, config: &Config) -> OnAck {
        let mss = self.mss as u64;
        let verdict = self.recovery.on_duplicate(self.una, self.sent, mss, config.limited_transmit);
        if verdict == OnAck::Enter {
            let flight = u64::from(self.sent.distance(self.una).max(0) as u32);
            self.congestion.controller_mut().on_loss(now, flight);
            self.resend_first = true;
            self.timed = None;
        }
        verdict
    }

    /// The retransmission timer fired: everything since SND.UNA leaves again, as congestion control allows.
    pub(super) fn on_timeout(&mut self, now: Instant) {
        let flight = u64::from(self.sent.distance(self.una).max(0) as u32);
        self.congestion.controller_mut().on_timeout(now, flight, self.retries == 0);
        self.recovery.on_timeout(self.sent);
        self.retries += 1;
        self.rtt.back_off();
        self.next = self.una;
        self.timed = None;
        self.resend_first = false;
    }

    /// How much may be under way: the peer's window or the path's, with what duplicate ACKs add.
    fn allowed(&self) -> u64 {
        let path = self.congestion.controller().window().saturating_add(self.recovery.inflation());
        path.min(u64::from(self.window))
    }

    /// The next segment that may leave, with at most `most` bytes.
    pub(super) fn plan(&self, settings: &Settings, most: usize) -> Option<Plan> {
        if self.resend_first && self.in_flight() {
            return Some(self.cut(self.una, self.queue.len().min(self.mss), true));
        }
        let offset = self.flight() as usize;
        let available = self.queue.len().saturating_sub(offset);
        let fin_due = self.closing && !self.fin_acknowledged && !self.next.after(self.data_end());
        if available == 0 && !fin_due {
            return None;
        }
        let usable = self.allowed().saturating_sub(offset as u64) as usize;
        let repeat = self.next.before(self.sent);
        let length = available.min(usable).min(most);
        if length == 0 && (available > 0 || usable == 0) {
            return None;
        }
        let last = length == available;
        let ends = last && self.closing;
        if !(repeat || ends || self.worthwhile(settings, length, last)) {
            return None;
        }
        let length = if last { length } else { self.whole_segments(length) };
        Some(self.cut(self.next, length, repeat))
    }

    //= rfc9293#3.8.6.2.1 MUST-38   the sender's side of silly window avoidance; 3.7.4 SHLD-7: Nagle
    fn worthwhile(&self, settings: &Settings, length: usize, last: bool) -> bool {
        length >= self.mss
            || (last && (settings.nodelay || self.next == self.una))
            || (!last && length as u32 >= self.greatest_window.max(2) / 2)
    }

    /// A unit of several segments holds whole ones, so that the small rest is for Nagle to judge.
    const fn whole_segments(&self, length: usize) -> usize {
        if length > self.mss { length - length % self.mss } else { length }
    }

    fn cut(&self, seq: SeqNumber, length: usize, retransmission: bool) -> Plan {
        let offset = seq.distance(self.una).max(0) as usize;
        let length = self.queue.gatherable(offset, length);
        let end = offset + length == self.queue.len();
        let fin = end && self.closing && !self.fin_acknowledged;
        Plan { seq, offset, length, fin, push: end && length > 0, retransmission }
    }

    /// A planned segment leaves.
    pub(super) fn on_sent(&mut self, now: Instant, plan: &Plan) {
        let end = plan.seq + plan.length as u32 + u32::from(plan.fin);
        self.retransmissions += u64::from(plan.retransmission);
        if self.resend_first && plan.seq == self.una {
            self.resend_first = false;
        }
        if end.after(self.next) {
            self.next = end;
        }
        if end.after(self.sent) {
            if !plan.retransmission && self.timed.is_none() && plan.length > 0 {
                self.timed = Some((end, now));
            }
            self.sent = end;
        } else {
            self.timed = None;
        }
        if self.waiting_since.is_none() {
            self.waiting_since = Some(now);
        }
    }

    /// A probe of a zero window: one byte beyond it, or the FIN, which does not count as sent until it is acknowledged.
    pub(super) fn probe(&mut self) -> Plan {
        let plan = self.cut(self.una, self.queue.len().min(1), true);
        let end = plan.seq + plan.length as u32 + u32::from(plan.fin);
        self.sent = self.sent.max(end);
        plan
    }

    /// The flags that a plan needs beside ACK.
    pub(super) fn flags(plan: &Plan) -> TcpFlags {
        let mut flags = TcpFlags::ACK;
        flags.set(TcpFlags::FIN, plan.fin);
        flags.set(TcpFlags::PSH, plan.push);
        flags
    }
}
