//! Round trips counted by delivered bytes: one has passed when what was sent at its start is delivered.

use super::RateSample;

/// See the module.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Rounds {
    /// What `delivered` stood at when this round started.
    start: u64,
}

impl Rounds {
    /// Whether `sample` ends the round; if so, the next one has started.
    //= draft-ietf-ccwg-bbr#5.5.1   the newest segment delivered was sent after the round started
    pub(super) const fn passed(&mut self, sample: &RateSample) -> bool {
        let over = sample.prior_delivered >= self.start;
        if over {
            self.start = sample.delivered;
        }
        over
    }

    /// A round starts now, at `delivered`.
    pub(super) const fn restart(&mut self, delivered: u64) {
        self.start = delivered;
    }
}
