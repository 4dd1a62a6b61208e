//! DCTCP (RFC 8257): marks say how much congestion there is, not only that there is some; the window shrinks in proportion.
//!
//! It wants marks from the first full queue on and a receiver that echoes each of them (RFC 8257 3.2, or AccECN); it is
//! for networks under one hand. In all but marks it is Reno.

use super::rounds::Rounds;
use super::{Acked, CongestionControl, RateSample, Reno, Start};
use crate::time::Instant;

/// One, in the fixed point of alpha: 20 places, so that a sixteenth of a small alpha is not lost.
const ONE: u64 = 1 << 20;
/// g = 1/16: how much of the estimate one round replaces (RFC 8257 4.2).
const GAIN: u64 = 16;

/// The state of RFC 8257.
#[derive(Debug, Clone)]
pub struct Dctcp {
    reno: Reno,
    /// DCTCP.Alpha: the part of the bytes that are marked, smoothed; in units of 1/`ONE`.
    alpha: u64,
    rounds: Rounds,
    /// Bytes delivered in this round, and those of them that were marked.
    delivered: u64,
    marked: u64,
}

impl Dctcp {
    /// Slow start, unless another algorithm left a threshold.
    pub fn new(start: Start) -> Self {
        //= rfc8257#3.3   alpha starts at 1: the first mark halves the window
        Self { reno: Reno::new(start), alpha: ONE, rounds: Rounds::default(), delivered: 0, marked: 0 }
    }

    /// The estimate of the part of bytes that are marked, in parts per million.
    pub const fn alpha_ppm(&self) -> u64 {
        self.alpha * 1_000_000 / ONE
    }
}

impl CongestionControl for Dctcp {
    fn window(&self) -> u32 {
        self.reno.window()
    }

    fn threshold(&self) -> u32 {
        self.reno.threshold()
    }

    fn takes_marks_for_losses(&self) -> bool {
        false
    }

    fn phase(&self) -> &'static str {
        self.reno.phase()
    }

    fn on_marks(&mut self, bytes: u32) {
        self.marked += u64::from(bytes);
    }

    fn on_delivery(&mut self, bytes: u32, sample: &RateSample) {
        self.delivered += u64::from(bytes);
        if self.delivered > 0 && self.rounds.passed(sample) {
            // What was taken for marked by flags alone may be more than there was.
            let part = self.marked.min(self.delivered) * ONE / self.delivered;
            //= rfc8257#3.3   alpha = alpha (1 - g) + g M, once a window of data, whatever else goes on meanwhile
            self.alpha = self.alpha - self.alpha / GAIN + part / GAIN;
            (self.delivered, self.marked) = (0, 0);
        }
    }

    fn on_ack(&mut self, acked: Acked) {
        self.reno.on_ack(acked);
    }

    fn on_loss(&mut self, now: Instant, flight: u32) {
        //= rfc8257#3.5   a loss weighs as much as ever
        self.reno.on_loss(now, flight);
    }

    fn on_ecn(&mut self, _now: Instant, _flight: u32) {
        //= rfc8257#3.3   cwnd = cwnd (1 - alpha / 2)
        let window = u64::from(self.window());
        self.reno.cut_both((window - window * self.alpha / (2 * ONE)) as u32);
    }

    fn on_timeout(&mut self, now: Instant, flight: u32) {
        self.reno.on_timeout(now, flight);
    }

    fn on_recovered(&mut self, now: Instant, flight: u32) {
        self.reno.on_recovered(now, flight);
    }

    fn on_undo(&mut self, now: Instant) {
        self.reno.on_undo(now);
    }

    fn on_idle(&mut self, initial_window: u32) {
        self.reno.on_idle(initial_window);
    }

    fn on_mss(&mut self, mss: u32) {
        self.reno.on_mss(mss);
    }
}

#[cfg(test)]
mod tests;
