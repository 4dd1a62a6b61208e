//! Reno: slow start, congestion avoidance, and halving on loss (RFC 5681), counting bytes, not ACKs (RFC 3465).

use super::{Acked, CongestionControl, MAX_WINDOW, Start};
use crate::time::Instant;

/// The state of RFC 5681.
#[derive(Debug, Clone)]
pub struct Reno {
    mss: u32,
    window: u32,
    threshold: u32,
    /// Bytes acknowledged towards the next segment of growth in congestion avoidance.
    credit: u32,
    abc_limit: u32,
    /// Window and threshold before the last cut.
    before: (u32, u32),
}

impl Reno {
    /// Slow start without a threshold.
    pub const fn new(start: Start) -> Self {
        let Start { mss, window, abc_limit, .. } = start;
        //= rfc5681#3.1   the first threshold is arbitrarily high
        Self { mss, window, threshold: MAX_WINDOW, credit: 0, abc_limit, before: (window, MAX_WINDOW) }
    }

    fn halve(&mut self, flight: u32) {
        self.before = (self.window, self.threshold);
        //= rfc5681#3.1   half of what was in flight, two segments at least
        self.threshold = (flight / 2).max(2 * self.mss);
        self.credit = 0;
    }
}

impl CongestionControl for Reno {
    fn window(&self) -> u32 {
        self.window
    }

    fn threshold(&self) -> u32 {
        self.threshold
    }

    fn on_ack(&mut self, acked: Acked) {
        if !acked.limited {
            return;
        }
        let mut bytes = acked.bytes;
        if self.window < self.threshold {
            //= rfc3465#2.3   one segment an ACK while a timeout is being repaired, else L of them
            let limit = if acked.after_timeout { 1 } else { self.abc_limit.max(1) } * self.mss;
            let grown = self.window.saturating_add(bytes.min(limit)).min(MAX_WINDOW);
            if grown <= self.threshold {
                self.window = grown;
                return;
            }
            bytes = grown - self.threshold;
            self.window = self.threshold;
        }
        //= rfc3465#2.1   a segment more for each window's worth of acknowledged bytes
        self.credit = self.credit.saturating_add(bytes);
        if self.credit >= self.window {
            self.credit -= self.window;
            self.window = self.window.saturating_add(self.mss).min(MAX_WINDOW);
        }
    }

    fn on_loss(&mut self, _now: Instant, flight: u32) {
        self.halve(flight);
        self.window = self.threshold;
    }

    fn on_timeout(&mut self, _now: Instant, flight: u32) {
        self.halve(flight);
        //= rfc5681#3.1   the loss window is one segment
        self.window = self.mss;
    }

    fn on_recovered(&mut self, _now: Instant, flight: u32) {
        //= rfc6582#3.2   the lesser of the threshold and what is out plus one segment, lest a burst follow
        self.window = self.threshold.min(flight.max(self.mss).saturating_add(self.mss));
    }

    fn on_undo(&mut self, _now: Instant) {
        //= rfc4015#3.2   as if nothing had been cut, and nothing of what grew since is lost
        self.window = self.window.max(self.before.0);
        self.threshold = self.before.1;
    }

    fn on_idle(&mut self, initial_window: u32) {
        //= rfc5681#4.1   the ACK clock is gone: start again, but not higher than before
        self.window = self.window.min(initial_window);
    }

    fn on_mss(&mut self, mss: u32) {
        self.mss = mss;
        self.window = self.window.max(mss);
    }
}

#[cfg(test)]
mod tests {
    use super::super::RateSample;
    use super::*;

    const MSS: u32 = 1000;

    fn reno() -> Reno {
        Reno::new(Start { now: Instant::ZERO, mss: MSS, window: 10 * MSS, abc_limit: 2, rtt: None })
    }

    fn ack(bytes: u32) -> Acked {
        Acked {
            now: Instant::ZERO,
            bytes,
            marked: 0,
            flight: bytes,
            flight_left: 0,
            rtt: None,
            srtt: None,
            min_rtt: None,
            limited: true,
            after_timeout: false,
            in_recovery: false,
            sample: RateSample::default(),
        }
    }

    #[test]
    fn slow_start_counts_bytes_and_caps_a_stretched_ack() {
        let mut reno = reno();
        reno.on_ack(ack(1));
        assert_eq!(reno.window(), 10 * MSS + 1, "dividing an ACK gains nothing");
        reno.on_ack(ack(40 * MSS));
        assert_eq!(reno.window(), 12 * MSS + 1);
        reno.on_ack(Acked { after_timeout: true, ..ack(40 * MSS) });
        assert_eq!(reno.window(), 13 * MSS + 1);
    }

    #[test]
    fn an_idle_application_earns_no_window() {
        let mut reno = reno();
        reno.on_ack(Acked { limited: false, ..ack(MSS) });
        assert_eq!(reno.window(), 10 * MSS);
    }

    #[test]
    fn avoidance_adds_a_segment_a_window() {
        let mut reno = reno();
        reno.on_loss(Instant::ZERO, 20 * MSS);
        assert_eq!((reno.window(), reno.threshold()), (10 * MSS, 10 * MSS));
        for _ in 0..9 {
            reno.on_ack(ack(MSS));
        }
        assert_eq!(reno.window(), 10 * MSS);
        reno.on_ack(ack(MSS));
        assert_eq!(reno.window(), 11 * MSS);
    }

    #[test]
    fn timeout_falls_to_one_segment_and_never_below_two_of_threshold() {
        let mut reno = reno();
        reno.on_timeout(Instant::ZERO, MSS);
        assert_eq!((reno.window(), reno.threshold()), (MSS, 2 * MSS));
        reno.on_ack(ack(2 * MSS));
        assert_eq!(reno.window(), 2 * MSS, "slow start stops at the threshold");
    }

    #[test]
    fn a_mistaken_cut_is_taken_back() {
        let mut reno = reno();
        reno.on_loss(Instant::ZERO, 8 * MSS);
        assert_eq!((reno.window(), reno.threshold()), (4 * MSS, 4 * MSS));
        reno.on_undo(Instant::ZERO);
        assert_eq!((reno.window(), reno.threshold()), (10 * MSS, MAX_WINDOW));
    }

    #[test]
    fn recovery_ends_without_a_burst() {
        let mut reno = reno();
        reno.on_loss(Instant::ZERO, 40 * MSS);
        reno.on_recovered(Instant::ZERO, 3 * MSS);
        assert_eq!(reno.window(), 4 * MSS);
    }
}
