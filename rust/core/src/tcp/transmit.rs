//! What goes out next: retransmissions, new data within both windows, FIN, probes (RFC 9293 3.8.6.2.1, 3.7.4).

use super::common::Common;
use super::congestion::CongestionControl;
use super::sender::{Fin, Sender};
use crate::observe::{Context, Counter, Layer, TraceEvent};
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

impl Sender {
    /// The next unit of at most `max_unit` payload bytes, but one segment at least. `extra_options` bytes go into each
    /// header besides the usual ones.
    pub(super) fn next_unit(
        &mut self,
        cx: &mut Context<'_>,
        common: &mut Common,
        extra_options: usize,
        max_unit: usize,
    ) -> Option<Unit> {
        let segment = (self.mss() as usize).saturating_sub(extra_options).max(1);
        let (offset, length, cause) = if let Some(cause) = self.resend.take() {
            (0, self.retransmit_length(segment), Some(cause))
        } else if self.probe {
            self.probe = false;
            return self.probe_unit(cx, common, segment);
        } else {
            let offset = self.flight() as usize;
            match self.sendable(cx, common, segment, max_unit) {
                Some(length) => (offset, length, None),
                None => return None,
            }
        };
        let mut unit = self.unit(offset, length, segment);
        //= rfc9293#3.8.6 SHLD-15   a FIN takes a number, and new numbers stay within the window
        if cause.is_none() && offset + length >= (self.peer.size as usize).max(1) {
            unit.flags.remove(TcpFlags::FIN);
        }
        if unit.length == 0 && unit.flags.is_empty() {
            return None;
        }
        self.on_sent(cx, common, &unit, cause.unwrap_or("timeout"));
        Some(unit)
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

    /// What a retransmission of the oldest segment carries.
    fn retransmit_length(&self, segment: usize) -> usize {
        //= rfc9293#3.8.6 MUST-34 SHLD-16   into a shrunken window only as much as it takes, yet one byte always
        let sent = (self.max.0.wrapping_sub(self.una.0) as usize).min(self.queue.len());
        sent.min(segment).min((self.peer.size as usize).max(1))
    }

    /// How many bytes may go out from SND.NXT on; 0 with a FIN alone.
    fn sendable(
        &mut self,
        cx: &Context<'_>,
        common: &Common,
        segment: usize,
        max_unit: usize,
    ) -> Option<usize> {
        let flight = self.flight() as usize;
        let queued = self.queue.len();
        if flight >= queued {
            // All data is out. The FIN takes a place in the peer's window, none in the network's.
            let due = self.fin == Fin::Queued
                && flight == queued
                && (flight as u32) < self.peer.size.max(u32::from(self.force));
            self.force = false;
            return due.then_some(0);
        }
        let available = queued - flight;
        self.restart_after_idle(cx, common);
        let network = self.control.window().saturating_add(self.recovery.extra()) as usize;
        let peer = self.peer.size as usize;
        //= rfc9293#3.8.6 SHLD-15   never beyond the peer's right edge, wherever it moved
        let usable = network.min(peer).saturating_sub(flight);
        self.held_back |= available > usable && network <= peer;
        let length = available.min(usable);
        if length == 0 || (length < segment && !self.may_send_small(common, length, available)) {
            return None;
        }
        self.force = false;
        let unit = self.queue.fit(flight, length.min(max_unit.max(segment)));
        Some(if unit > segment { unit - unit % segment } else { unit })
    }

    /// Whether a segment that is not full may go (RFC 9293 3.8.6.2.1 and 3.7.4).
    fn may_send_small(&self, common: &Common, length: usize, available: usize) -> bool {
        if self.nxt.before(self.max) || self.force {
            return true;
        }
        if length == available {
            //= rfc9293#3.7.4 SHLD-7 MUST-17   Nagle: the last small one waits for what is out, unless told not to. A FIN
            // behind it ends all hope that it grows
            return !self.is_outstanding()
                || common.settings.nodelay
                || self.fin == Fin::Queued
                || self.is_urgent();
        }
        //= rfc9293#3.8.6.2.1 MUST-38   cut short by the peer's window: worth it from half of its best
        self.peer.size < self.control.window() && length as u32 >= self.peer.largest / 2
    }

    fn is_urgent(&self) -> bool {
        self.urgent.is_some_and(|urgent| urgent.after(self.nxt))
    }

    fn restart_after_idle(&mut self, cx: &Context<'_>, common: &Common) {
        let idle = common.config.slow_start_after_idle && !self.is_outstanding();
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
        self.on_sent(cx, common, &unit, "probe");
        Some(unit)
    }

    fn on_sent(&mut self, cx: &mut Context<'_>, common: &mut Common, unit: &Unit, cause: &'static str) {
        let end = unit.seq + unit.length as u32 + u32::from(unit.flags.contains(TcpFlags::FIN));
        if unit.is_timed {
            self.nxt = self.nxt.max(end);
        }
        if unit.retransmission {
            common.stats.retransmissions += 1;
            cx.count(Counter::TcpRetransSegs);
            self.distrust(unit.seq);
            let remote = common.tuple.remote;
            cx.emit(Layer::Tcp, || TraceEvent::TcpRetransmit {
                destination: remote.ip(),
                destination_port: remote.port(),
                seq: unit.seq,
                length: unit.length,
                cause,
            });
        } else if unit.is_timed {
            self.time(cx.now, end);
        }
        self.max = self.max.max(end);
        self.last_sent = cx.now;
    }
}
