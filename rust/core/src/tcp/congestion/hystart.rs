//! Slow start: byte counting (RFC 3465), and HyStart++ (RFC 9406), which leaves it before the queue overflows.
//!
//! HyStart++ watches the least round trip of each round. When it grows by an eighth, a queue is building: Conservative
//! Slow Start grows a quarter as fast for up to five rounds. If the round trip falls back meanwhile, the growth was noise
//! and slow start goes on; else it is over, without a loss. Only the first slow start of a connection needs this: later
//! ones have a threshold.

use super::rounds::Rounds;
use super::{Acked, MAX_WINDOW, Start};
use crate::time::Duration;

/// Bounds of the growth of the round trip that counts as a queue (RFC 9406 4.3).
const MIN_RTT_THRESH: Duration = Duration::from_millis(4);
const MAX_RTT_THRESH: Duration = Duration::from_millis(16);
/// Part of the last round's round trip that does.
const MIN_RTT_DIVISOR: u64 = 8;
/// Round trips that a round must have measured to be believed.
const N_RTT_SAMPLE: u32 = 8;
/// How much slower Conservative Slow Start grows.
const CSS_GROWTH_DIVISOR: u32 = 4;
/// How many rounds it lasts, the one in which it begins included.
const CSS_ROUNDS: u32 = 5;
/// Most segments of growth for one ACK; bursts of so many are what RFC 9406 found harmless without pacing.
const L: u32 = 8;

/// What an ACK does in slow start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Step {
    /// Bytes by which the window may grow.
    pub(super) growth: u32,
    /// Slow start ends: the window is the threshold.
    pub(super) ends: bool,
}

/// See the module.
#[derive(Debug, Clone)]
pub(super) struct SlowStart {
    abc_limit: u32,
    paced: bool,
    watch: Option<Watch>,
}

/// HyStart++ at work.
#[derive(Debug, Clone, Default)]
struct Watch {
    rounds: Rounds,
    /// Least round trip of the last round, and of this one so far.
    last: Option<Duration>,
    current: Option<Duration>,
    samples: u32,
    /// Conservative Slow Start: the least round trip with which it began, and how many rounds it saw.
    conservative: Option<(Duration, u32)>,
}

impl SlowStart {
    pub(super) fn new(start: &Start) -> Self {
        //= rfc9406#4.3   the first slow start only: later ones have a threshold to go by
        let first = start.hystart && start.threshold >= MAX_WINDOW;
        Self { abc_limit: start.abc_limit.max(1), paced: start.paced, watch: first.then(Watch::default) }
    }

    /// New data was delivered: take the window towards the threshold. Returns the bytes that are left for congestion
    /// avoidance; all of them where the threshold was reached before.
    pub(super) fn grow(
        &mut self,
        acked: &Acked,
        mss: u32,
        (window, threshold): (&mut u32, &mut u32),
    ) -> Option<u32> {
        if *window >= *threshold {
            return Some(acked.bytes);
        }
        let step = self.on_ack(acked, mss);
        let grown = window.saturating_add(step.growth).min(MAX_WINDOW);
        if step.ends {
            //= rfc9406#4.2   Conservative Slow Start went its rounds
            *threshold = grown;
            self.end();
        }
        *window = grown.min(*threshold);
        (grown > *threshold).then(|| grown - *threshold)
    }

    /// New data was delivered while the window is below the threshold.
    pub(super) fn on_ack(&mut self, acked: &Acked, mss: u32) -> Step {
        let Some(watch) = &mut self.watch else {
            //= rfc3465#2.3   one segment an ACK while a timeout is being repaired, else L of them
            let limit = if acked.after_timeout { 1 } else { self.abc_limit };
            return Step { growth: acked.bytes.min(limit.saturating_mul(mss)), ends: false };
        };
        let ends = watch.on_ack(acked);
        //= rfc9406#4.2   at most L segments for one ACK, without bound if paced
        let mut growth = if self.paced { acked.bytes } else { acked.bytes.min(L.saturating_mul(mss)) };
        if watch.conservative.is_some() {
            growth /= CSS_GROWTH_DIVISOR;
        }
        Step { growth, ends }
    }

    /// Loss, a mark or the end of slow start: HyStart++ has done its work.
    pub(super) fn end(&mut self) {
        self.watch = None;
    }

    /// In words.
    pub(super) const fn phase(&self) -> &'static str {
        match &self.watch {
            Some(Watch { conservative: Some(_), .. }) => "conservative-slow-start",
            _ => "slow-start",
        }
    }
}

impl Watch {
    /// Whether slow start is over.
    fn on_ack(&mut self, acked: &Acked) -> bool {
        if let Some(rtt) = acked.rtt {
            self.current = Some(self.current.map_or(rtt, |least| least.min(rtt)));
            self.samples += 1;
        }
        self.judge();
        if !self.rounds.passed(&acked.sample) {
            return false;
        }
        //= rfc9406#4.2   a round begins
        (self.last, self.current, self.samples) = (self.current, None, 0);
        if let Some((_, rounds)) = &mut self.conservative {
            *rounds += 1;
            return *rounds >= CSS_ROUNDS;
        }
        false
    }

    /// What the round trips of this round say.
    fn judge(&mut self) {
        let Some(current) = self.current.filter(|_| self.samples >= N_RTT_SAMPLE) else { return };
        match (self.conservative, self.last) {
            //= rfc9406#4.2   the round trip fell below that with which it began: it was no queue
            (Some((baseline, _)), _) if current < baseline => self.conservative = None,
            //= rfc9406#4.2   it grew by more than the threshold: a queue builds
            (None, Some(last)) if current >= last + threshold(last) => {
                self.conservative = Some((current, 0));
            }
            _ => {}
        }
    }
}

fn threshold(last: Duration) -> Duration {
    last.div(MIN_RTT_DIVISOR).clamp(MIN_RTT_THRESH, MAX_RTT_THRESH)
}

#[cfg(test)]
mod tests;
