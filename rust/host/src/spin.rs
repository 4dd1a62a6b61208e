//! Whether it pays to spin before a sleep, and for how long.
//!
//! Waking a thread on another processor costs 50 us where an idle one halts; an answer that comes sooner than that is had cheaper by
//! asking again and again. Who waits learns from each wait how long the devices were silent, spinning or asleep: it spins
//! only while most of the last waits were short. So a stack with nothing to do sleeps, and one that is asked now and then
//! does too; no wait is a trial.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use tapip_core::time::Duration;

/// The rule of one poller. All of it is a hint, so that no ordering matters.
#[derive(Debug)]
pub(crate) struct Spin {
    /// How long to spin at most, in nanoseconds; 0 never does.
    limit: AtomicU64,
    /// How many of the last waits were short, of [`Spin::FULL`].
    score: AtomicU32,
}

impl Spin {
    /// What a wake-up costs: a sleep that ended so late may have been due to an event that came while a spin would have lasted.
    const WAKE: Duration = Duration::from_micros(50);
    /// The score after many short waits; each wait counts an eighth.
    const FULL: u32 = 1 << 16;

    pub(crate) const fn new() -> Self {
        Self { limit: AtomicU64::new(0), score: AtomicU32::new(0) }
    }

    /// Spin for at most `limit`; zero: never.
    pub(crate) fn set_limit(&self, limit: Duration) {
        self.limit.store(limit.as_nanos(), Ordering::Relaxed);
    }

    /// How long it spins at most.
    pub(crate) fn limit(&self) -> Duration {
        Duration::from_nanos(self.limit.load(Ordering::Relaxed))
    }

    /// Whether waits are to be timed at all.
    pub(crate) fn is_on(&self) -> bool {
        self.limit.load(Ordering::Relaxed) > 0
    }

    /// How long to spin now; zero when it would not pay.
    pub(crate) fn span(&self) -> Duration {
        if self.score.load(Ordering::Relaxed) > Self::FULL / 2 { self.limit() } else { Duration::ZERO }
    }

    /// The devices were silent for so long, if `spun`, or until a sleep ended.
    pub(crate) fn on_silence(&self, silent: Duration, spun: bool) {
        let short = silent <= self.limit() + if spun { Duration::ZERO } else { Self::WAKE };
        let before = self.score.load(Ordering::Relaxed);
        let goal = if short { Self::FULL } else { 0 };
        self.score.store(before - before / 8 + goal / 8, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Duration = Duration::from_micros(30);
    const LONG: Duration = Duration::from_millis(5);

    #[test]
    fn it_spins_after_some_short_waits_and_no_more_after_some_long_ones() {
        let spin = Spin::new();
        spin.set_limit(Duration::from_micros(50));
        let mut needed = 0;
        while spin.span().is_zero() {
            spin.on_silence(SHORT, false);
            needed += 1;
        }
        assert!((4..=8).contains(&needed), "{needed}");
        for _ in 0..50 {
            spin.on_silence(SHORT, true);
        }
        spin.on_silence(LONG, false);
        assert!(!spin.span().is_zero(), "one pause among many");
        let mut needed = 1;
        while !spin.span().is_zero() {
            spin.on_silence(LONG, false);
            needed += 1;
        }
        assert!(needed <= 8, "{needed}");
    }

    #[test]
    fn without_a_limit_it_never_spins() {
        let spin = Spin::new();
        for _ in 0..50 {
            spin.on_silence(Duration::ZERO, true);
        }
        assert!(!spin.is_on() && spin.span().is_zero());
    }
}
