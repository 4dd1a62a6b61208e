//! Reno: slow start, congestion avoidance, and halving on loss (RFC 5681, RFC 6582), counting bytes, not ACKs (RFC 3465).

use super::hystart::SlowStart;
use super::{Acked, CongestionControl, MAX_WINDOW, Start, worth_resuming};
use crate::time::Instant;

/// The state of RFC 5681.
#[derive(Debug, Clone)]
pub struct Reno {
    mss: u32,
    window: u32,
    threshold: u32,
    /// Bytes acknowledged towards the next segment of growth in congestion avoidance.
    credit: u32,
    slow_start: SlowStart,
    ecn_backoff: bool,
    /// Window, threshold and slow start before the last cut.
    before: (u32, u32, SlowStart),
}

impl Reno {
    /// Slow start, unless another algorithm left a threshold.
    pub fn new(start: Start) -> Self {
        let Start { mss, window, threshold, ecn_backoff, .. } = start;
        //= rfc5681#3.1   the first threshold is arbitrarily high
        let slow_start = SlowStart::new(&start);
        let before = (window, threshold, slow_start.clone());
        Self { mss, window, threshold, credit: 0, slow_start, ecn_backoff, before }
    }

    /// `rest` bytes are the threshold from now on, two segments at least.
    pub(super) fn cut(&mut self, rest: u32) {
        self.before = (self.window, self.threshold, self.slow_start.clone());
        self.threshold = rest.max(2 * self.mss);
        // What was earned towards the next segment stays earned, as the same part of a smaller window.
        let kept = u64::from(self.credit) * u64::from(self.threshold) / u64::from(self.window.max(1));
        self.credit = kept.min(u64::from(self.threshold) - 1) as u32;
        self.slow_start.end();
    }

    /// As `cut`, and the window goes there.
    pub(super) fn cut_both(&mut self, rest: u32) {
        self.cut(rest);
        self.window = self.threshold;
    }
}

impl CongestionControl for Reno {
    fn window(&self) -> u32 {
        self.window
    }

    fn threshold(&self) -> u32 {
        self.threshold
    }

    fn phase(&self) -> &'static str {
        if self.window < self.threshold { self.slow_start.phase() } else { "avoidance" }
    }

    fn on_ack(&mut self, acked: Acked) {
        //= rfc7661#4.2   a window that is not used proves nothing and does not grow
        if !acked.limited {
            return;
        }
        let windows = (&mut self.window, &mut self.threshold);
        let Some(bytes) = self.slow_start.grow(&acked, self.mss, windows) else { return };
        //= rfc3465#2.1   a segment more for each window's worth of acknowledged bytes: of whole segments, for the piece of one
        // that is left of a halved window is never in flight, and a round trip would not be enough
        self.credit = self.credit.saturating_add(bytes);
        let round = (self.window / self.mss.max(1)).max(1) * self.mss;
        if self.credit >= round {
            self.credit -= round;
            self.window = self.window.saturating_add(self.mss).min(MAX_WINDOW);
        }
    }

    fn on_loss(&mut self, _now: Instant, flight: u32) {
        //= rfc5681#3.1   half of what was in flight, two segments at least
        self.cut_both(flight / 2);
    }

    fn on_ecn(&mut self, _now: Instant, flight: u32) {
        //= rfc3168#6.1.2   as a loss
        //= rfc8511#3.1   but a mark tells of a short queue, so four fifths may stay
        self.cut_both(if self.ecn_backoff { flight / 5 * 4 } else { flight / 2 });
    }

    fn on_timeout(&mut self, _now: Instant, flight: u32) {
        self.cut(flight / 2);
        //= rfc5681#3.1   the loss window is one segment
        self.window = self.mss;
    }

    fn on_recovered(&mut self, _now: Instant, _flight: u32) {
        //= rfc9937#6.2   PRR has led there
        self.window = self.threshold;
    }

    fn on_undo(&mut self, _now: Instant) {
        //= rfc4015#3.2   as if nothing had been cut, and nothing of what grew since is lost
        self.window = self.window.max(self.before.0);
        self.threshold = self.before.1;
        self.slow_start = self.before.2.clone();
    }

    fn on_idle(&mut self, initial_window: u32) {
        //= rfc5681#4.1   the ACK clock is gone: start again, but not higher than before
        self.threshold = self.threshold.max(worth_resuming(self.window));
        self.window = self.window.min(initial_window);
    }

    fn on_mss(&mut self, mss: u32) {
        self.mss = mss;
        self.window = self.window.max(mss);
    }
}

#[cfg(test)]
mod tests;
