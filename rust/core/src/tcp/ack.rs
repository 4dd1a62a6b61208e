//! How an ACK walks through the sender.
//!
//! 1. `settle`: what it acknowledges in order leaves the queue; `flight` accounts for it, and for its SACK blocks.
//! 2. `measure`: round trip (`rtt`) and delivery rate (`delivery`).
//! 3. `take_back`: a repair that proves to have been none is undone (`undo`, F-RTO).
//! 4. `find_losses`: `rack` by time, or counting as RFC 6675, or duplicates where there is no SACK.
//! 5. `repair`: fast recovery begins, goes on (`prr`) or ends (`recovery`).
//! 6. The congestion control hears of it, what PRR leads apart; and of marks (`ecn`): of each one to count it, once for each
//!    window of data to slow down.

use super::common::Common;
use super::congestion::{Acked, CongestionControl, RateSample};
use super::ecn::{AckFacts, Marks};
use super::flight::Delivery;
use super::prr::Prr;
use super::rack::Facts;
use super::recovery::{DUP_THRESHOLD, Frto, Phase};
use super::sender::{AckEffect, Fin, Sender};
use crate::buffer::Chunks;
use crate::observe::{Context, Counter, Layer, TraceEvent};
use crate::time::Duration;
use crate::wire::{SeqNumber, TcpHeader};

/// What the timestamps of an ACK say.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Echo {
    /// What it echoes.
    pub(super) value: Option<u32>,
    /// The round trip by it.
    pub(super) age: Option<Duration>,
}

/// One ACK, as far as it was looked at.
#[derive(Debug)]
struct News {
    told: Delivery,
    /// SND.UNA moved.
    advanced: bool,
    /// It acknowledged our FIN.
    fin_acked: bool,
    /// A duplicate as RFC 5681 defines it.
    duplicate: bool,
    /// Start and length of what it reports as received twice.
    doubled: Option<(SeqNumber, u32)>,
    echo: Echo,
    /// In flight before it.
    flight: u32,
    /// Bytes of it that duplicates had told of before.
    foretold: u32,
    /// What it tells of marks.
    marks: Marks,
}

impl Sender {
    /// An ACK that `accepts`, with `length` bytes of sequence space of its own.
    pub(super) fn on_ack(
        &mut self,
        cx: &mut Context<'_>,
        common: &mut Common,
        segment: &TcpHeader,
        length: u32,
        echo: Echo,
        chunks: &mut Chunks,
    ) -> AckEffect {
        let window = self.peer.size;
        self.peer.update(segment);
        let flight = self.pipe();
        let mut news = News {
            told: Delivery::default(),
            advanced: segment.ack.after(self.una),
            fin_acked: false,
            //= rfc5681#2   a duplicate: data out, nothing new acknowledged, no data, the window as it was
            duplicate: segment.ack == self.una
                && length == 0
                && self.peer.size == window
                && self.is_outstanding()
                && self.probes.0 == 0,
            doubled: None,
            echo,
            flight,
            foretold: 0,
            marks: Marks::default(),
        };
        if news.advanced {
            self.settle(cx, common, segment.ack, &mut news, chunks);
        }
        if self.sack {
            self.read_blocks(cx, segment, &mut news);
        }
        news.marks = self.read_marks(segment, length == 0, &news);
        if news.marks.bytes > 0 {
            self.control.on_marks(news.marks.bytes);
        }
        let mut effect = AckEffect { advanced: false, fin_acked: false, restart_timer: false };
        if news.advanced || news.duplicate || news.told.bytes > 0 || news.doubled.is_some() {
            effect = self.judge(cx, common, &news);
        }
        if news.marks.congested {
            self.answer_marks(cx, common, flight);
        }
        effect
    }

    /// Step 1: everything before `ack` arrived.
    fn settle(
        &mut self,
        cx: &mut Context<'_>,
        common: &mut Common,
        ack: SeqNumber,
        news: &mut News,
        chunks: &mut Chunks,
    ) {
        let una = self.una;
        cx.emit(Layer::TcpState, || TraceEvent::TcpAck { una, ack, next: self.nxt });
        let acked = ack.0.wrapping_sub(una.0);
        let bytes = acked.min(self.queue.len() as u32);
        self.queue.consume(bytes as usize, chunks);
        common.stats.bytes_acked += u64::from(bytes);
        self.flight.on_ack(cx.now, ack, &mut news.told);
        news.foretold = self.recovery.on_progress(acked.div_ceil(self.mss())) * self.mss();
        self.una = ack;
        self.nxt = self.nxt.max(ack);
        self.settle_probe(cx.now, &common.config);
        if self.retries > 0 {
            common.stats.timeout_time += cx.now.since(self.timed_out);
            self.retries = 0;
        }
        self.progress = cx.now;
        news.fin_acked = acked > bytes;
        if news.fin_acked {
            self.fin = Fin::Acknowledged;
        }
        if self.urgent.is_some_and(|urgent| ack.at_or_after(urgent)) {
            self.urgent = None;
        }
    }

    /// Step 1, what arrived behind a gap, and what arrived twice.
    fn read_blocks(&mut self, cx: &mut Context<'_>, segment: &TcpHeader, news: &mut News) {
        let mut blocks = [(SeqNumber(0), SeqNumber(0)); 4];
        let mut count = 0;
        for (index, (left, right)) in segment.options.sack.as_slice().iter().copied().enumerate() {
            let inside = |other: Option<&(SeqNumber, SeqNumber)>| {
                other.is_some_and(|(from, to)| left.at_or_after(*from) && right.at_or_before(*to))
            };
            //= rfc2883#4   the first block tells of a second copy if it is acknowledged, or lies within the second
            let second = segment.options.sack.as_slice().get(1);
            if left.before(right) && index == 0 && (right.at_or_before(segment.ack) || inside(second)) {
                cx.count(Counter::TcpDSACKRecv);
                news.doubled = Some((left, right.0.wrapping_sub(left.0)));
            } else if left.before(right) && left.at_or_after(self.una) && right.at_or_before(self.max) {
                blocks[count] = (left, right);
                count += 1;
            } else {
                //= rfc2018#5   what was never sent, or is acknowledged already, tells nothing
                cx.count(Counter::TcpSACKDiscard);
            }
        }
        self.flight.on_sack(cx.now, &mut blocks[..count], &mut news.told);
        // With SACK a duplicate is one that brings something new; anything else may be forged or a window update.
        news.duplicate &= news.told.selective > 0;
    }

    /// Step 1, what was marked on its way.
    fn read_marks(&mut self, segment: &TcpHeader, pure: bool, news: &News) -> Marks {
        let Delivery { packets, bytes, .. } = news.told;
        let progress = news.advanced || bytes > 0;
        let facts = AckFacts { pure, progress, packets, bytes, mss: self.mss() };
        self.ecn.on_ack(segment, self.una, &facts)
    }

    /// Steps 2 to 6.
    fn judge(&mut self, cx: &mut Context<'_>, common: &mut Common, news: &News) -> AckEffect {
        common.stats.duplicates_reported += u32::from(news.doubled.is_some());
        let spurious = news.doubled.map_or(0, |(_, length)| length.div_ceil(self.mss()).max(1));
        common.stats.resent.spurious += u64::from(spurious);
        common.stats.reorderings += u32::from(news.told.reordered);
        let sample = self.measure(cx, news);
        self.answer_tail(cx, common, news);
        let restart_timer = news.advanced && !self.is_later_partial();
        if !self.take_back(cx, common, news) {
            let (lost, fast) = (self.flight.lost(), self.recovery.phase() == Phase::Fast);
            self.find_losses(cx, common, news);
            let newly_lost = self.flight.lost().saturating_sub(lost);
            let newly_lost = self.excuse_probe(cx.now, &common.config, newly_lost);
            self.estimator.on_lost(newly_lost);
            self.repair(cx, common, news, newly_lost);
            let fast = fast || self.recovery.phase() == Phase::Fast;
            let newest_lost = self.flight.take_newest_lost().map(|sent| sent.snapshot.of_lost());
            let sample = RateSample { lost: self.estimator.lost(), newly_lost, newest_lost, ..sample };
            self.tell_control(cx, news, fast, sample);
        }
        if news.advanced {
            self.held_back = false;
            self.tune(common);
        }
        AckEffect { advanced: news.advanced, fin_acked: news.fin_acked, restart_timer }
    }

    /// Without SACK only the first partial ACK of a repair restarts the timer (RFC 6582 3.2, the impatient variant).
    fn is_later_partial(&mut self) -> bool {
        let partial = !self.sack && self.recovery.phase() == Phase::Fast && !self.recovery.is_done(self.una);
        std::mem::replace(&mut self.partial, partial) && partial
    }

    /// Step 2: the round trip, once per round trip for the timeout; and the rate.
    fn measure(&mut self, cx: &Context<'_>, news: &News) -> RateSample {
        let told = &news.told;
        //= rfc6298#3   Karn: what left twice measures nothing, unless timestamps tell the copies apart
        let round_trip = if told.resent { news.echo.age } else { told.oldest_age };
        let covered = told.newest.map_or(self.una, |newest| newest.end);
        if let Some(sample) = round_trip.filter(|_| covered.at_or_after(self.timed)) {
            self.rtt.sample(sample);
            self.timed = self.nxt;
        }
        if let Some(age) = told.newest_age.filter(|_| !told.resent) {
            self.rtt.note(age);
        }
        let newest = told.newest.map(|newest| (newest.snapshot, newest.at));
        self.estimator.on_delivered(cx.now, told.bytes, newest, self.rtt.shortest())
    }

    /// What the ACK says of a tail loss probe.
    fn answer_tail(&mut self, cx: &mut Context<'_>, common: &Common, news: &News) {
        let bare = !news.advanced && news.told.selective == 0;
        let doubled = news.doubled.is_some_and(|(left, length)| (left + length) == self.max);
        if self.tail.on_ack(self.una, doubled, bare) && self.recovery.phase() == Phase::Open {
            //= rfc8985#7.4   a loss repaired in silence is a loss all the same
            cx.count(Counter::TcpLossProbeRecovery);
            self.control.on_loss(cx.now, news.flight);
            self.control.on_recovered(cx.now, self.pipe());
            self.ecn.on_reduced(self.max, false);
            self.trace_congestion(cx, common, "tail-loss");
        }
    }

    /// Step 3: whether the repair under way, or the last one, was a mistake; if so it is taken back.
    fn take_back(&mut self, cx: &mut Context<'_>, common: &Common, news: &News) -> bool {
        if !common.config.undo {
            return false;
        }
        let doubled = news.doubled.is_some_and(|(left, length)| {
            self.rack.on_dsack(self.estimator.delivered(), self.flight.out());
            self.undo.on_dsack(left, length.div_ceil(self.mss()).max(1))
        });
        // Of what arrives behind a gap, the echo tells nothing: it is that of the segment before the gap (RFC 7323 4.3).
        let answered = news.told.resent_in_order;
        let original = answered && news.echo.value.is_some_and(|echo| self.undo.is_original(echo));
        if answered {
            self.undo.on_answered();
        }
        let cause = match (doubled, original, self.step_frto(news)) {
            (true, ..) => "dsack",
            (_, true, _) => "eifel",
            (.., true) => "f-rto",
            _ => return false,
        };
        if self.recovery.phase() == Phase::Loss {
            cx.count(Counter::TcpSpuriousRTOs);
        } else {
            cx.count(Counter::TcpFullUndo);
            self.rack.on_reordering();
        }
        self.flight.find_all();
        self.recovery.end();
        self.undo.end();
        self.control.on_undo(cx.now);
        self.trace_congestion(cx, common, cause);
        true
    }

    /// F-RTO: true if the timeout turns out to have been none.
    fn step_frto(&mut self, news: &News) -> bool {
        let done = self.recovery.is_done(self.una);
        match self.recovery.frto {
            Frto::Off => return false,
            //= rfc5682#3.1   step 2b: it moved on, so try new data before any more is sent again
            Frto::First if news.advanced && !done && self.has_new_data() => {
                self.recovery.frto = Frto::Second;
                return false;
            }
            //= rfc5682#3.1   step 3b: something arrived that was not sent again
            Frto::Second if news.told.mistaken => return true,
            //= rfc5682#3.1   steps 2a, 3a: it was a loss
            Frto::First | Frto::Second => {}
        }
        self.recovery.frto = Frto::Off;
        false
    }

    /// Step 4.
    fn find_losses(&mut self, cx: &mut Context<'_>, common: &Common, news: &News) {
        if !self.sack {
            let partial = news.advanced && self.recovery.phase() == Phase::Fast;
            if partial && !self.recovery.is_done(self.una) {
                //= rfc6582#3.2   a partial ACK shows the next hole, and it goes at once
                self.flight.lose_first();
                self.urge = true;
            } else if news.duplicate && self.recovery.on_duplicate(self.una) {
                self.flight.lose_first();
            }
            return;
        }
        if news.duplicate {
            self.recovery.on_duplicate(self.una);
        }
        if common.config.rack {
            // What arrived behind a gap is echoed by no timestamp of its own (RFC 7323 4.3).
            let stale = match (news.echo.age, news.told.newest) {
                (Some(age), Some(newest)) if news.told.resent_in_order => {
                    age > cx.now.since(newest.at) + Duration::from_millis(1)
                }
                _ => false,
            };
            let shortest = self.rtt.shortest().unwrap_or_default();
            self.rack.on_delivery(cx.now, &news.told, shortest, stale);
            self.detect(cx);
        } else if self.flight.delivered() > 0 {
            //= rfc6675#4   more than two segments behind it arrived
            self.flight.lose_overtaken((DUP_THRESHOLD - 1) * self.mss());
            self.flight.oldest();
        }
    }

    /// What time makes of what was overtaken.
    pub(super) fn detect(&mut self, cx: &Context<'_>) {
        let facts = self.facts();
        self.reorder_until = self.rack.detect(cx.now, &mut self.flight, facts);
    }

    fn facts(&self) -> Facts {
        Facts {
            srtt: self.rtt.smoothed().unwrap_or_default(),
            min_rtt: self.rtt.shortest().unwrap_or_default(),
            mss: self.mss(),
            in_recovery: self.recovery.phase() != Phase::Open,
        }
    }

    /// How much later than its successor a segment may come before it counts as lost.
    pub(super) fn reordering_window(&self) -> Duration {
        self.rack.window(self.facts(), self.flight.delivered())
    }

    /// Step 5.
    fn repair(&mut self, cx: &mut Context<'_>, common: &Common, news: &News, newly_lost: u32) {
        if self.recovery.is_done(self.una) {
            if self.recovery.phase() == Phase::Fast {
                self.control.on_recovered(cx.now, self.pipe());
                self.rack.on_recovered();
            }
            self.recovery.end();
            self.trace_congestion(cx, common, "recovered");
        }
        if newly_lost > 0 && self.recovery.phase() == Phase::Open {
            let delivered = self.delivered_by(news);
            self.begin_repair(cx, common, delivered);
        }
        if self.recovery.phase() == Phase::Fast {
            let (bytes, pipe, mss) = (self.delivered_by(news), self.pipe(), self.mss());
            let threshold = self.control.threshold();
            self.recovery.prr.on_ack(bytes, pipe, threshold, mss, news.advanced && newly_lost == 0);
        }
    }

    /// What an ACK delivered, as PRR counts: without SACK a duplicate stands for a segment (RFC 9937 6.2).
    fn delivered_by(&self, news: &News) -> u32 {
        if self.sack {
            return news.told.bytes;
        }
        if news.advanced { news.told.bytes.saturating_sub(news.foretold) } else { self.mss() }
    }

    /// Fast recovery begins, by an ACK that delivered `bytes`, or by time.
    pub(super) fn begin_repair(&mut self, cx: &mut Context<'_>, common: &Common, bytes: u32) {
        cx.count(Counter::TcpFastRetrans);
        let held = self.flight.delivered() + self.virtually_delivered();
        let outstanding = self.outstanding();
        self.recovery.begin(self.max, Prr::new(outstanding, held, bytes));
        self.undo.begin(self.una);
        self.tail.cancel();
        (self.cause, self.urge) = ("fast", true);
        if self.ecn.has_reduced() && self.control.takes_marks_for_losses() {
            //= rfc3168#6.1.2   a mark has reduced the window in this round trip: once is enough, and not to be undone
            self.undo.end();
        } else {
            //= rfc5681#3.2   FlightSize, without what limited transmit added to it: that lies beyond the window
            self.control.on_loss(cx.now, outstanding.min(self.control.window()));
        }
        self.ecn.on_reduced(self.max, false);
        self.trace_congestion(cx, common, "loss");
    }

    /// Step 6.
    fn tell_control(&mut self, cx: &Context<'_>, news: &News, fast: bool, sample: RateSample) {
        if news.told.bytes > 0 {
            self.control.on_delivery(news.told.bytes, &sample);
        }
        if news.told.bytes == 0 || (fast && !self.control.repairs_itself()) {
            return;
        }
        self.control.on_ack(Acked {
            now: cx.now,
            bytes: news.told.bytes,
            flight: news.flight,
            flight_left: self.pipe(),
            rtt: news.told.newest_age.filter(|_| !news.told.resent),
            srtt: self.rtt.smoothed(),
            min_rtt: self.rtt.shortest(),
            //= rfc3168#6.1.2   an ACK that tells of marks does not make the window larger
            limited: !news.marks.congested && (self.held_back || self.fills_half_the_window(news.flight)),
            after_timeout: self.recovery.phase() == Phase::Loss,
            in_recovery: fast,
            sample,
        });
    }

    /// Queues on the way mark instead of dropping: slow down as for a loss, once for each window of data.
    fn answer_marks(&mut self, cx: &mut Context<'_>, common: &Common, flight: u32) {
        //= rfc3168#6.1.2   what was out at a reduction is one window, lost or marked; what left behind it is another, and that
        // may arrive, and say that it was marked, while the first is still under repair
        let reached = self.flight.highest().map_or(self.una, |highest| self.una.max(highest));
        if !self.ecn.may_reduce(reached) {
            return;
        }
        let led = self.recovery.phase() == Phase::Fast && !self.control.repairs_itself();
        // Under repair what is in flight is PRR's choice; the window is where it leads.
        let window = self.control.window();
        self.control.on_ecn(cx.now, if led { window } else { flight.min(window) });
        // A loss found to be none gives back what the loss took, and no more.
        self.undo.end();
        self.ecn.on_reduced(self.max, true);
        self.trace_congestion(cx, common, "mark");
    }

    /// In slow start the window may grow while half of it is used: what is out doubles before the next look.
    fn fills_half_the_window(&self, flight: u32) -> bool {
        let window = self.control.window();
        window < self.control.threshold() && flight >= window / 2
    }
}
