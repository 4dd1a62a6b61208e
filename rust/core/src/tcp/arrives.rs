//! SEGMENT ARRIVES in the synchronized states (RFC 9293 3.10.7.4), step by step in the RFC's order.

use super::closing::Closing;
use super::open::Open;
use super::receiver::AckWish;
use super::recovery::OnAck;
use super::sender::AckKind;
use super::timers::Timer;
use super::{Config, Settings};
use crate::buffer::{Insert, Packet};
use crate::drops::DropReason;
use crate::observe::{Context, Counter, Layer, TraceEvent};
use crate::time::Duration;
use crate::wire::{TcpFlags, TcpHeader};

/// What a segment did to a synchronized connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Arrived {
    /// It lives on.
    Alive,
    /// The peer reset it.
    Reset,
    /// Data came that nobody will read: reset the peer.
    Unwanted,
    /// A new SYN that TIME-WAIT gives way to (RFC 6191).
    Reopen,
}

impl Open {
    /// Take a segment.
    pub(super) fn on_segment(
        &mut self,
        cx: &mut Context<'_>,
        config: &Config,
        settings: &Settings,
        segment: &TcpHeader,
        payload: Packet,
    ) -> Arrived {
        step(cx, "1. check seq");
        if let Some(arrived) = self.check_sequence(cx, config, segment, payload.len()) {
            return arrived;
        }
        step(cx, "2. check rst");
        if segment.has(TcpFlags::RST) {
            return self.on_reset(cx, config, segment);
        }
        step(cx, "4. check syn");
        //= rfc5961#4   a SYN in a synchronized state is challenged, wherever it points
        if segment.has(TcpFlags::SYN) {
            cx.drop(Layer::Tcp, DropReason::TcpUnexpectedSyn);
            self.challenge(cx, config);
            return Arrived::Alive;
        }
        step(cx, "5. check ack");
        if !segment.has(TcpFlags::ACK) {
            cx.drop(Layer::Tcp, DropReason::TcpNoAck);
            return Arrived::Alive;
        }
        self.heard_at = cx.now;
        self.unanswered = 0;
        self.receiver.note_timestamp(cx.now, segment);
        if !self.check_ack(cx, config, segment, payload.len()) {
            return Arrived::Alive;
        }
        step(cx, "6. check urg");
        if self.closing.receives() {
            self.receiver.on_urgent(segment);
        }
        step(cx, "7. segment text");
        if !payload.is_empty() || segment.has(TcpFlags::FIN) {
            return self.take_text(cx, config, settings, segment, payload);
        }
        Arrived::Alive
    }

    /// Step 1: PAWS, then the window. `Some` ends the processing of the segment.
    fn check_sequence(
        &mut self,
        cx: &mut Context<'_>,
        config: &Config,
        segment: &TcpHeader,
        length: usize,
    ) -> Option<Arrived> {
        if self.closing == Closing::TimeWait
            && let Some(arrived) = self.reopens(segment)
        {
            return Some(arrived);
        }
        if self.receiver.is_ghost(cx.now, segment) {
            cx.drop(Layer::Tcp, DropReason::TcpPaws);
            if segment.options.timestamps.is_some() {
                self.answer_unacceptable(cx, config, segment, length);
            }
            return Some(Arrived::Alive);
        }
        let length_in_sequence = segment.sequence_length(length);
        if self.receiver.acceptable(segment.seq, length_in_sequence) {
            return None;
        }
        // A reset one below the window answers a keep-alive of ours; RFC 5961 3.2 wants nothing but RCV.NXT.
        if segment.has(TcpFlags::RST) {
            cx.drop(Layer::Tcp, DropReason::TcpBadReset);
            return Some(Arrived::Alive);
        }
        if segment.has(TcpFlags::SYN) {
            cx.drop(Layer::Tcp, DropReason::TcpUnexpectedSyn);
            self.challenge(cx, config);
            return Some(Arrived::Alive);
        }
        let behind = segment.seq.before(self.receiver.next());
        let reason = if behind { DropReason::TcpDuplicate } else { DropReason::TcpOutOfWindow };
        cx.drop(Layer::Tcp, reason);
        self.heard_at = cx.now;
        self.unanswered = 0;
        self.answer_unacceptable(cx, config, segment, length);
        // In TIME-WAIT a FIN sent again starts the wait anew.
        if self.closing == Closing::TimeWait && segment.has(TcpFlags::FIN) {
            self.timers.set(Timer::Linger, cx.now + config.time_wait);
        }
        Some(Arrived::Alive)
    }

    /// An ACK for a segment that is not acceptable: at once if it carried data, else throttled, so that two hosts that
    /// disagree do not storm each other with ACKs.
    fn answer_unacceptable(
        &mut self,
        cx: &mut Context<'_>,
        config: &Config,
        segment: &TcpHeader,
        length: usize,
    ) {
        if length > 0 || segment.has(TcpFlags::FIN) {
            self.ack = AckWish::Now;
        } else {
            self.challenge(cx, config);
        }
    }

    //= rfc9293#3.10.7.4 MAY-2 SHLD-4   a SYN beyond all that was seen may take the place of a connection in TIME-WAIT
    fn reopens(&self, segment: &TcpHeader) -> Option<Arrived> {
        if !segment.has(TcpFlags::SYN) || segment.flags.intersects(TcpFlags::ACK | TcpFlags::RST) {
            return None;
        }
        let later_seq = segment.seq.after(self.receiver.next());
        let later_time = segment.options.timestamps.is_some_and(|timestamps| {
            self.agreed.timestamps.is_some() && timestamps.value.wrapping_sub(self.receiver.echo()) as i32 > 0
        });
        (later_seq || later_time).then_some(Arrived::Reopen)
    }

    /// Step 2: only a reset at the very edge counts; another one in the window is asked whether it means it.
    fn on_reset(&mut self, cx: &mut Context<'_>, config: &Config, segment: &TcpHeader) -> Arrived {
        //= rfc1337#3   a reset does not cut TIME-WAIT short
        if self.closing == Closing::TimeWait && config.rfc1337 {
            cx.drop(Layer::Tcp, DropReason::TcpTimeWaitReset);
            return Arrived::Alive;
        }
        //= rfc5961#3.2   exactly RCV.NXT resets; elsewhere in the window it is challenged
        if segment.seq == self.receiver.next() {
            return Arrived::Reset;
        }
        cx.drop(Layer::Tcp, DropReason::TcpBadReset);
        self.challenge(cx, config);
        Arrived::Alive
    }

    /// Step 5: what was acknowledged, and the window. Whether the segment is to be looked at further.
    fn check_ack(
        &mut self,
        cx: &mut Context<'_>,
        config: &Config,
        segment: &TcpHeader,
        length: usize,
    ) -> bool {
        let (una, next) = (self.sender.una(), self.sender.sent());
        cx.emit(Layer::TcpState, || TraceEvent::TcpAck { una, ack: segment.ack, next });
        let kind = self.sender.classify(segment.ack);
        match kind {
            AckKind::Unsent | AckKind::Ancient => {
                cx.drop(Layer::Tcp, DropReason::TcpBadAck);
                self.challenge(cx, config);
                return false;
            }
            AckKind::New => self.on_new_ack(cx, config, segment),
            AckKind::Old => {}
        }
        let window_changed = self.sender.update_window(segment, self.agreed.send_scale);
        //= rfc5681#2   a duplicate ACK: nothing new, no data, no window change, something under way
        let bare = length == 0 && !segment.flags.intersects(TcpFlags::FIN | TcpFlags::SYN);
        let repeats = kind == AckKind::Old && segment.ack == una && bare && !window_changed;
        if repeats && self.sender.in_flight() && self.sender.window() > 0 && self.sender.flight() > 0 {
            self.on_duplicate_ack(cx, config);
        }
        true
    }

    fn on_new_ack(&mut self, cx: &mut Context<'_>, config: &Config, segment: &TcpHeader) {
        let echoed = self.agreed.timestamps.zip(segment.options.timestamps).map(|(clock, timestamps)| {
            Duration::from_millis(u64::from(clock.at(cx.now).wrapping_sub(timestamps.echo)))
        });
        // An echo of nothing we could have sent in the last hours is no measurement.
        let echoed = echoed.filter(|rtt| rtt.as_secs() < 3_600);
        let verdict = self.sender.on_new_ack(cx.now, config, segment.ack, echoed);
        self.trace_congestion(cx, verdict);
        //= rfc6298#5   5.2 and 5.3: off when all is acknowledged, anew with each new acknowledgment
        self.timers.stop(Timer::Retransmit);
        self.timers.stop(Timer::Persist);
        if self.sender.fin_acknowledged() {
            self.turn(cx, self.closing.on_fin_acknowledged());
        }
    }

    fn on_duplicate_ack(&mut self, cx: &mut Context<'_>, config: &Config) {
        let verdict = self.sender.on_duplicate_ack(cx.now, config);
        if verdict == OnAck::Enter {
            cx.count(Counter::TcpFastRetrans);
        }
        self.trace_congestion(cx, verdict);
    }

    fn trace_congestion(&self, cx: &mut Context<'_>, verdict: OnAck) {
        let cause = match verdict {
            OnAck::Continue => return,
            OnAck::Enter => "fast retransmit",
            OnAck::Partial => "partial ack",
            OnAck::Leave => "recovered",
        };
        let (tuple, controller) = (self.tuple, self.sender.congestion.controller());
        cx.emit(Layer::Tcp, || TraceEvent::TcpCongestion {
            destination: tuple.remote.ip(),
            destination_port: tuple.remote.port(),
            window: controller.window(),
            threshold: controller.threshold(),
            cause,
        });
    }

    /// Steps 7 and 8: payload and FIN.
    fn take_text(
        &mut self,
        cx: &mut Context<'_>,
        config: &Config,
        settings: &Settings,
        segment: &TcpHeader,
        payload: Packet,
    ) -> Arrived {
        if !self.closing.receives() {
            // Only a FIN sent again can stand here; its ACK was lost.
            cx.drop(Layer::Tcp, DropReason::TcpAfterClose);
            self.ack = AckWish::Now;
            return Arrived::Alive;
        }
        //= rfc9293#3.6.1 SHLD-3   data for a connection that nobody reads any more is refused aloud
        if self.orphan && !payload.is_empty() {
            return Arrived::Unwanted;
        }
        let taken = self.receiver.take(segment, payload, config);
        match taken.outcome {
            Insert::OutOfOrder => cx.count(Counter::TcpOfoQueue),
            Insert::Full => cx.drop(Layer::Tcp, DropReason::TcpOutOfOrderFull),
            Insert::InOrder | Insert::Duplicate => {}
        }
        let wish = self.receiver.ack_wish(taken, settings);
        self.wish_ack(cx.now, config, wish);
        if self.receiver.shut() {
            self.receiver.shut_down();
        }
        if taken.finished {
            step(cx, "8. check fin");
            self.turn(cx, self.closing.on_fin());
        }
        Arrived::Alive
    }
}

fn step(cx: &mut Context<'_>, step: &'static str) {
    cx.emit(Layer::TcpState, || TraceEvent::TcpStep { step });
}
