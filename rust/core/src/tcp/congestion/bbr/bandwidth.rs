//! How much the path delivers: the maximum of recent samples, and whether it has stopped growing.

use super::super::RateSample;

/// Growth that says there is more to find: a quarter, in percent of the last baseline.
const FULL_BW_PERCENT: u64 = 125;
/// Rounds without such growth after which the pipe counts as full: enough for a receiver to open its window.
const FULL_BW_ROUNDS: u32 = 3;

/// BBR.max_bw: the largest sample of this probing cycle and the one before, bytes per second.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct MaxRate {
    previous: u64,
    current: u64,
}

impl MaxRate {
    pub(super) const fn value(&self) -> u64 {
        if self.previous > self.current { self.previous } else { self.current }
    }

    /// A sample of `rate`; if the application limited it, it counts only where it shows that more was possible.
    //= draft-ietf-ccwg-bbr#5.5.5   what the application limits says nothing of the path, unless it beats it
    pub(super) const fn sample(&mut self, rate: u64, app_limited: bool) {
        if (rate >= self.value() || !app_limited) && rate > self.current {
            self.current = rate;
        }
    }

    /// A probing cycle is over: what the one before it saw is forgotten.
    //= draft-ietf-ccwg-bbr#5.5.6   two cycles are remembered
    pub(super) const fn advance(&mut self) {
        if self.current > 0 {
            (self.previous, self.current) = (self.current, 0);
        }
    }
}

/// Whether sending faster still makes the path deliver more.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct FullPipe {
    /// Baseline to beat, bytes per second.
    baseline: u64,
    rounds: u32,
    /// Full, since it was last reset.
    pub(super) now: bool,
    /// Full at least once.
    pub(super) ever: bool,
}

impl FullPipe {
    /// Look again, from `baseline` on.
    pub(super) const fn reset(&mut self, baseline: u64) {
        (self.baseline, self.rounds, self.now) = (baseline, 0, false);
    }

    /// A round trip ended with this sample.
    //= draft-ietf-ccwg-bbr#5.3.1.2   three rounds with less than a quarter of growth
    pub(super) fn on_round(&mut self, sample: &RateSample, app_limited: bool) {
        if self.now || app_limited {
            return;
        }
        let rate = sample.rate().unwrap_or(0);
        if rate.saturating_mul(100) >= self.baseline.saturating_mul(FULL_BW_PERCENT) {
            self.reset(rate);
            return;
        }
        self.rounds += 1;
        self.now = self.rounds >= FULL_BW_ROUNDS;
        self.ever |= self.now;
    }
}
