//! Reno: slow start, congestion avoidance, halving on loss (RFC 5681), by bytes (RFC 3465).

use super::{Acked, Controller};
use crate::time::Instant;

/// The state of Reno.
#[derive(Debug)]
pub(in crate::tcp) struct Reno {
    mss: u64,
    window: u64,
    threshold: u64,
    /// Bytes acknowledged since the window last grew, in congestion avoidance.
    acked: u64,
}

impl Reno {
    pub(super) const fn new(mss: u64, initial_window: u64) -> Self {
        Self { mss, window: initial_window, threshold: u64::MAX, acked: 0 }
    }

    //= rfc5681#3.1   equation 4: half of what was under way, two segments at the least
    fn halved(&self, flight: u64) -> u64 {
        (flight / 2).max(2 * self.mss)
    }
}

impl Controller for Reno {
    fn window(&self) -> u64 {
        self.window
    }

    fn threshold(&self) -> u64 {
        self.threshold
    }

    fn on_ack(&mut self, acked: &Acked) {
        // A window that was not used is no proof that the path carries more (RFC 7661 in spirit).
        if acked.flight + self.mss < self.window && self.window > self.threshold {
            return;
        }
        if acked.flight * 2 < self.window {
            return;
        }
        if self.window < self.threshold {
            //= rfc3465#2.3   L = 2: one ACK opens the window by two segments at the most
            self.window = self.window.saturating_add(acked.bytes.min(2 * self.mss));
            return;
        }
        //= rfc3465#2.1   one segment for every window of acknowledged bytes
        self.acked += acked.bytes;
        if self.acked >= self.window {
            self.acked -= self.window;
            self.window = self.window.saturating_add(self.mss);
        }
    }

    fn on_loss(&mut self, _now: Instant, flight: u64) {
        self.threshold = self.halved(flight);
        self.window = self.threshold;
        self.acked = 0;
    }

    //= rfc6582#3.2   step 3, the choice that avoids a burst
    fn on_recovered(&mut self, _now: Instant, flight: u64) {
        self.window = self.threshold.min(flight.max(self.mss) + self.mss);
    }

    fn on_timeout(&mut self, _now: Instant, flight: u64, first: bool) {
        //= rfc5681#3.1   a repeated timeout leaves the threshold as it is
        if first {
            self.threshold = self.halved(flight);
        }
        self.window = self.mss;
        self.acked = 0;
    }

    fn set_mss(&mut self, mss: u64) {
        self.mss = mss;
        self.window = self.window.max(mss);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MSS: u64 = 1_000;

    fn ack(reno: &mut Reno, bytes: u64) {
        let flight = reno.window;
        reno.on_ack(&Acked { now: Instant::ZERO, bytes, flight, rtt: None });
    }

    #[test]
    fn slow_start_doubles_and_avoidance_adds_one_segment_a_round() {
        let mut reno = Reno::new(MSS, 10 * MSS);
        for _ in 0..10 {
            ack(&mut reno, MSS);
        }
        assert_eq!(reno.window(), 20 * MSS);
        reno.on_loss(Instant::ZERO, 20 * MSS);
        assert_eq!((reno.window(), reno.threshold()), (10 * MSS, 10 * MSS));
        for _ in 0..10 {
            ack(&mut reno, MSS);
        }
        assert_eq!(reno.window(), 11 * MSS);
    }

    #[test]
    fn a_giant_ack_opens_the_window_by_two_segments_only() {
        let mut reno = Reno::new(MSS, 10 * MSS);
        ack(&mut reno, 9 * MSS);
        assert_eq!(reno.window(), 12 * MSS);
    }

    #[test]
    fn a_timeout_begins_anew_and_a_second_one_keeps_the_threshold() {
        let mut reno = Reno::new(MSS, 10 * MSS);
        reno.on_timeout(Instant::ZERO, 10 * MSS, true);
        assert_eq!((reno.window(), reno.threshold()), (MSS, 5 * MSS));
        reno.on_timeout(Instant::ZERO, MSS, false);
        assert_eq!(reno.threshold(), 5 * MSS);
    }

    #[test]
    fn an_unused_window_does_not_grow() {
        let mut reno = Reno::new(MSS, 10 * MSS);
        reno.on_ack(&Acked { now: Instant::ZERO, bytes: MSS, flight: 2 * MSS, rtt: None });
        assert_eq!(reno.window(), 10 * MSS);
    }
}
