//! What goes out next: retransmissions, new data within both windows, FIN, probes (RFC 9293 3.8.6.2.1, 3.7.4); and where
//! that is nothing, what it waits for.

use super::common::Common;
use super::congestion::CongestionControl;
use super::flight::{Fate, Sent};
use super::pacing::Pacer;
use super::recovery::{Frto, Phase};
use super::sender::{Fin, Sender};
use super::wait::Wait;
use crate::observe::{Context, Counter, Layer, TraceEvent};
use crate::time::Instant;
use crate::wire::{SeqNumber, TcpFlags};

/// A stretch of sequence space that leaves now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unit {
    pub(super) seq: SeqNumber,
    /// Where the payload lies in the queue.
    pub(super) offset: usize,
    pub(super) length: usize,
    /// PSH and FIN, as they apply.
    pub(super) flags: TcpFlags,
    /// Payload bytes of each segment on the wire.
    pub(super) segment_size: usize,
    pub(super) retransmission: bool,
    /// Whether it waits for an ACK under the retransmission timer; a window probe does not.
    pub(super) is_timed: bool,
}

impl Unit {
    /// The number behind it.
    fn end(&self) -> SeqNumber {
        self.seq + self.length as u32 + u32::from(self.flags.contains(TcpFlags::FIN))
    }
}

/// What goes out next.
#[derive(Debug, Clone, Copy)]
enum Choice {
    /// What was lost.
    Again(Unit),
    /// A probe at the end of the flight, whose last record this is.
    Tail(Sent),
    /// A probe of what the path carries.
    Path(Unit),
    /// What never left, or the FIN alone.
    New(Unit),
}

impl Sender {
    /// The next unit of at most `max_unit` payload bytes, but one segment at least; or what it waits for.
    /// `extra_options` bytes go into each header besides the usual ones.
    pub(super) fn next_unit(
        &mut self,
        cx: &mut Context<'_>,
        common: &mut Common,
        extra_options: usize,
        max_unit: usize,
    ) -> Result<Unit, Wait> {
        let segment = (self.mss() as usize).saturating_sub(extra_options).max(1);
        if std::mem::take(&mut self.probe) {
            return self.probe_unit(cx, common, segment).ok_or(Wait::Application);
        }
        self.restart_after_idle(cx, common);
        let max_unit = self.unit_limit(common, segment, max_unit);
        self.flight.seek_lost();
        self.tail.due &= self.flight.last().is_some();
        let (choice, held_back) = self.choose(cx.now, common, segment, max_unit);
        self.held_back |= held_back;
        let unit = match choice {
            Ok(Choice::Again(unit)) => self.resend(cx, common, unit, self.cause),
            Ok(Choice::Tail(last)) => self.tail_probe(cx, common, segment, &last),
            Ok(Choice::Path(unit)) => {
                self.send_new(cx, common, &unit);
                // Options of the moment make its payload smaller, not what the path has to carry.
                let size = unit.length - segment + self.segment_with_options();
                self.on_probed(unit.seq, unit.length as u32, size as u16);
                unit
            }
            Ok(Choice::New(unit)) => {
                self.force = false;
                self.send_new(cx, common, &unit);
                unit
            }
            Err(wait) => {
                self.on_wait(cx.now, wait);
                return Err(wait);
            }
        };
        Ok(unit)
    }

    /// How large a unit may be whose segments the device cuts.
    fn unit_limit(&self, common: &Common, segment: usize, max_unit: usize) -> usize {
        //= rfc9293#3.8.5   the pointer counts from each segment's own number, and devices copy it
        //= rfc9768#3.2.2.5   and the bit of CWR, which they clear behind the first segment, belongs to AccECN's counter
        if max_unit <= segment || self.urgent.is_some() || self.ecn.is_accurate() {
            return 0;
        }
        self.pacing_rate(common).map_or(max_unit, |rate| max_unit.min(Pacer::quantum(rate, segment)))
    }

    fn on_wait(&mut self, now: Instant, wait: Wait) {
        self.paced_until = if wait == Wait::Pacing { self.pacer.begin_wait(now) } else { None };
        if wait != Wait::Pacing && self.outstanding() as usize >= self.queue.len() {
            self.force = false;
            self.note_idle();
        }
    }

    /// The decision, and nothing else: a retransmission before a tail probe before new data. Also whether the congestion
    /// window keeps new data back.
    fn choose(
        &self,
        now: Instant,
        common: &Common,
        segment: usize,
        max_unit: usize,
    ) -> (Result<Choice, Wait>, bool) {
        if !self.urge && self.pacer.wait(now).is_some() {
            return (Err(Wait::Pacing), false);
        }
        let blocked = match self.retransmission(segment, max_unit) {
            Ok(Some(unit)) => return (Ok(Choice::Again(unit)), false),
            Ok(None) => None,
            Err(wait) => Some(wait),
        };
        if self.tail.due
            && let Some(last) = self.flight.last()
        {
            return (Ok(Choice::Tail(last)), false);
        }
        match self.path_probe(now, common, segment) {
            Ok(Some(unit)) => return (Ok(Choice::Path(unit)), false),
            Ok(None) => {}
            Err(wait) => return (Err(wait), true),
        }
        let (sendable, held_back) = self.sendable(common, segment, max_unit);
        let new = |length| self.new_unit(length, segment);
        // What is lost goes first: new data that waits as well waits behind it.
        (sendable.and_then(new).map_err(|wait| blocked.unwrap_or(wait)), held_back)
    }

    /// A probe of what the path carries (RFC 4821 7.4), when one is wanted, nothing is being repaired, and enough data is
    /// there to follow it: three segments behind it show its loss. Until the window has room for it, new data waits.
    fn path_probe(&self, now: Instant, common: &Common, segment: usize) -> Result<Option<Unit>, Wait> {
        let Some(wanted) = self.wanted_probe(now) else { return Ok(None) };
        // As much larger as the size without options is.
        let payload = segment + usize::from(wanted).saturating_sub(self.segment_with_options());
        let offset = self.outstanding() as usize;
        let calm = self.recovery.phase() == Phase::Open && self.flight.lost() == 0 && self.nxt == self.max;
        let follows = offset + payload + 3 * segment <= self.queue.len().min(self.peer.size as usize);
        let window = self.window() as usize;
        // With less in the window its loss shows by a timeout only, which tells nothing of its size: again and again.
        let shows = window >= payload + 3 * segment;
        if !calm || !follows || !shows || self.queue.fit(offset, payload) < payload {
            return Ok(None);
        }
        if window - (self.in_network(common) as usize).min(window) < payload {
            return Err(Wait::CongestionWindow);
        }
        Ok(Some(self.unit(offset, payload, payload)))
    }

    fn new_unit(&self, length: usize, segment: usize) -> Result<Choice, Wait> {
        let offset = self.outstanding() as usize;
        let mut unit = self.unit(offset, length, segment);
        //= rfc9293#3.8.6 SHLD-15   a FIN takes a number, and new numbers stay within the window
        if offset + length >= (self.peer.size as usize).max(1) {
            unit.flags.remove(TcpFlags::FIN);
        }
        if unit.length == 0 && unit.flags.is_empty() {
            return Err(Wait::ReceiveWindow);
        }
        Ok(Choice::New(unit))
    }

    /// The first lost stretch, if it may go out again: new data waits behind it.
    fn retransmission(&self, segment: usize, max_unit: usize) -> Result<Option<Unit>, Wait> {
        if self.recovery.frto == Frto::Second && !self.urge {
            return Ok(None);
        }
        let Some(lost) = self.flight.next_lost() else { return Ok(None) };
        let offset = lost.start.0.wrapping_sub(self.una.0) as usize;
        let room = self.window().saturating_sub(self.pipe()) as usize;
        let urgent = self.urge || self.pipe() == 0;
        if !urgent && room < (lost.len() as usize).min(segment) {
            return Err(Wait::CongestionWindow);
        }
        //= rfc9293#3.8.6 MUST-34 SHLD-16   into a shrunken window only as much as it takes, yet one byte always
        let taken = (self.peer.size as usize).saturating_sub(offset).max(usize::from(offset == 0));
        let limit = if urgent { segment } else { max_unit.max(segment).min(room) };
        let data = self.queue.len().saturating_sub(offset).min(lost.len() as usize);
        let length = self.queue.fit(offset, data.min(limit).min(taken));
        let length = if length > segment { length - length % segment } else { length };
        let mut unit = self.unit(offset, length, segment);
        if length < data || lost.len() as usize == data {
            unit.flags.remove(TcpFlags::FIN);
        }
        if unit.length == 0 && unit.flags.is_empty() {
            return Err(Wait::ReceiveWindow);
        }
        Ok(Some(unit))
    }

    /// The probe of RFC 8985 7.3: a new segment if there is one, else the last one again.
    fn tail_probe(&mut self, cx: &mut Context<'_>, common: &mut Common, segment: usize, last: &Sent) -> Unit {
        self.tail.due = false;
        cx.count(Counter::TcpLossProbes);
        if self.has_new_data() {
            let offset = self.outstanding() as usize;
            let room = (self.peer.size as usize).saturating_sub(offset);
            let length = self.queue.fit(offset, (self.queue.len() - offset).min(segment).min(room));
            let mut unit = self.unit(offset, length, segment);
            if length == room {
                unit.flags.remove(TcpFlags::FIN);
            }
            self.send_new(cx, common, &unit);
            self.tail.on_sent(self.max, false);
            return unit;
        }
        let end = last.start.0.wrapping_sub(self.una.0) as usize + last.len() as usize;
        let data_end = end.min(self.queue.len());
        // From a segment's boundary on, so that what is cut off is one.
        let whole = (last.len() as usize).saturating_sub(1) / last.segment.max(1) as usize;
        let start =
            (last.start.0.wrapping_sub(self.una.0) as usize + whole * last.segment as usize).min(data_end);
        let length = self.queue.fit(start, (data_end - start).min(segment));
        let mut unit = self.unit(start, length, segment);
        if end == data_end {
            unit.flags.remove(TcpFlags::FIN);
        }
        let unit = self.resend(cx, common, unit, "probe");
        self.tail.on_sent(self.max, true);
        unit
    }

    fn unit(&self, offset: usize, length: usize, segment: usize) -> Unit {
        let at_end = offset + length == self.queue.len();
        let mut flags = TcpFlags::empty();
        //= rfc9293#3.9.1.2 MUST-60 MUST-61 SHLD-27   nothing is kept back for a PUSH, and the last of a queue carries one
        flags.set(TcpFlags::PSH, at_end && length > 0);
        flags.set(TcpFlags::FIN, at_end && self.fin == Fin::Queued);
        let seq = self.una + offset as u32;
        Unit {
            seq,
            offset,
            length,
            flags,
            segment_size: segment,
            retransmission: seq.before(self.max),
            is_timed: true,
        }
    }

    /// How many bytes may go out from SND.NXT on; 0 with a FIN alone. Also whether the congestion window keeps any back.
    fn sendable(&self, common: &Common, segment: usize, max_unit: usize) -> (Result<usize, Wait>, bool) {
        let flight = self.outstanding() as usize;
        let queued = self.queue.len();
        if flight >= queued {
            return (self.fin_alone(flight, queued), false);
        }
        let available = queued - flight;
        let network = self.window().saturating_sub(self.in_network(common)) as usize;
        //= rfc9293#3.8.6 SHLD-15   never beyond the peer's right edge, wherever it moved
        let peer = (self.peer.size as usize).saturating_sub(flight);
        let usable = network.min(peer);
        let held_back = available > usable && network <= peer;
        let length = available.min(usable);
        if length == 0 {
            let wait = if network == 0 { Wait::CongestionWindow } else { Wait::ReceiveWindow };
            return (Err(wait), held_back);
        }
        if length < segment
            && let Some(wait) = self.keeps_small(common, length, available, held_back)
        {
            return (Err(wait), held_back);
        }
        let unit = self.queue.fit(flight, length.min(max_unit.max(segment)));
        (Ok(if unit > segment { unit - unit % segment } else { unit }), held_back)
    }

    /// All data is out. The FIN takes a place in the peer's window, none in the network's.
    fn fin_alone(&self, flight: usize, queued: usize) -> Result<usize, Wait> {
        match self.fin {
            Fin::Queued if flight == queued => {
                let room = (flight as u32) < self.peer.size.max(u32::from(self.force));
                if room { Ok(0) } else { Err(Wait::ReceiveWindow) }
            }
            Fin::None if self.refused => Err(Wait::SendBuffer),
            Fin::None => Err(Wait::Application),
            Fin::Queued | Fin::Acknowledged => Err(Wait::Closed),
        }
    }

    /// What a segment that is not full waits for, if it may not go (RFC 9293 3.8.6.2.1 and 3.7.4).
    fn keeps_small(&self, common: &Common, length: usize, available: usize, held_back: bool) -> Option<Wait> {
        if self.nxt.before(self.max) || self.force {
            return None;
        }
        if length == available && common.settings.cork && self.fin == Fin::None && !self.is_urgent() {
            return Some(Wait::Cork);
        }
        if length == available {
            //= rfc9293#3.7.4 SHLD-7 MUST-17   Nagle: the last small one waits for what is out, unless told not to. A FIN
            // behind it ends all hope that it grows
            let may = !self.is_outstanding()
                || common.settings.nodelay
                || self.fin == Fin::Queued
                || self.is_urgent();
            return if may { None } else { Some(Wait::Nagle) };
        }
        //= rfc9293#3.8.6.2.1 MUST-38   cut short by the peer's window: worth it from half of its best
        let may = self.peer.size < self.window() && length as u32 >= self.peer.largest / 2;
        let wait = if held_back { Wait::CongestionWindow } else { Wait::SillyWindow };
        if may { None } else { Some(wait) }
    }

    /// What counts against the window. Without limited transmit, what was delivered behind a gap does until the gap is
    /// known to be a loss.
    fn in_network(&self, common: &Common) -> u32 {
        if !common.config.limited_transmit && self.recovery.phase() == Phase::Open {
            self.outstanding()
        } else {
            self.pipe()
        }
    }

    /// Everything that there was went out, and the window has room: rates measured now are the application's.
    fn note_idle(&mut self) {
        if self.flight.lost() == 0 && self.pipe() < self.window() {
            self.estimator.on_idle(self.pipe());
        }
    }

    fn is_urgent(&self) -> bool {
        self.urgent.is_some_and(|urgent| urgent.after(self.nxt))
    }

    fn restart_after_idle(&mut self, cx: &Context<'_>, common: &Common) {
        let idle = !self.is_outstanding() && !self.queue.is_empty() && common.config.slow_start_after_idle;
        if idle && cx.now.since(self.last_sent) > self.rtt.timeout() {
            //= rfc5681#4.1   nothing sent for a whole timeout
            self.control.on_idle(common.config.initial_window.saturating_mul(self.mss()));
            self.last_sent = cx.now;
        }
    }

    /// A window probe: one byte of new data (RFC 9293 3.8.6.1), or the FIN when there is none.
    fn probe_unit(&mut self, cx: &mut Context<'_>, common: &mut Common, segment: usize) -> Option<Unit> {
        let length = self.queue.len().min(1);
        let unit = Unit { is_timed: false, ..self.unit(0, length, segment) };
        if length == 0 && unit.flags.is_empty() {
            return None;
        }
        cx.count(Counter::TcpProbes);
        if unit.seq.before(self.max) {
            self.note_resent(cx, common, &unit, "probe");
        }
        self.max = self.max.max(unit.end());
        self.last_sent = cx.now;
        Some(unit)
    }

    /// A unit leaves for the first time.
    fn send_new(&mut self, cx: &mut Context<'_>, common: &Common, unit: &Unit) {
        let end = unit.end();
        let (out, length) = (self.pipe(), end.0.wrapping_sub(unit.seq.0));
        self.control.on_sent(cx.now, out, self.estimator.is_limited());
        let snapshot = self.estimator.on_sent(cx.now, out, length);
        self.flight.push(Sent {
            start: unit.seq,
            end,
            fin: unit.flags.contains(TcpFlags::FIN),
            segment: unit.segment_size as u32,
            at: cx.now,
            fate: Fate::Out,
            resent: false,
            snapshot,
        });
        self.nxt = self.nxt.max(end);
        self.on_left(cx, common, unit);
    }

    /// A stretch leaves again.
    fn resend(
        &mut self,
        cx: &mut Context<'_>,
        common: &mut Common,
        mut unit: Unit,
        cause: &'static str,
    ) -> Unit {
        let (out, length) = (self.pipe(), unit.end().0.wrapping_sub(unit.seq.0));
        let snapshot = self.estimator.on_sent(cx.now, out, length);
        self.flight.resend(cx.now, unit.seq, length, snapshot);
        unit.retransmission = true;
        self.urge = false;
        let segments = unit.length.div_ceil(unit.segment_size.max(1)).max(1) as u32;
        self.undo.on_resent(segments, self.stamps.then(|| common.timestamp(cx.now)));
        self.note_resent(cx, common, &unit, cause);
        self.on_left(cx, common, &unit);
        unit
    }

    fn note_resent(&self, cx: &mut Context<'_>, common: &mut Common, unit: &Unit, cause: &'static str) {
        let segments = unit.length.div_ceil(unit.segment_size.max(1)).max(1) as u64;
        common.stats.retransmissions += segments;
        common.stats.resent.add(cause);
        common.stats.bytes_resent += unit.length as u64;
        cx.counters.add(Counter::TcpRetransSegs, segments);
        let remote = common.tuple.remote;
        cx.emit(Layer::Tcp, || TraceEvent::TcpRetransmit {
            destination: remote.ip(),
            destination_port: remote.port(),
            seq: unit.seq,
            length: unit.length,
            cause,
        });
    }

    fn on_left(&mut self, cx: &Context<'_>, common: &Common, unit: &Unit) {
        self.max = self.max.max(unit.end());
        self.last_sent = cx.now;
        if self.recovery.phase() == Phase::Fast {
            self.recovery.prr.on_sent(unit.length as u32);
        }
        if let Some(rate) = self.pacing_rate(common) {
            let segment = unit.segment_size as u64;
            self.pacer.on_sent(cx.now, unit.length as u64, rate, segment);
        }
    }
}
