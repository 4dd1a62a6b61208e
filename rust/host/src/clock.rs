//! The two clocks a stack can live by, and the seed it starts from. Nothing else in the project asks the kernel
//! for the time or for randomness.

use rustix::rand::{GetRandomFlags, getrandom};
use rustix::time::{ClockId, clock_gettime};
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use tapip_core::time::{Duration, Instant};

/// Where `now` comes from.
#[derive(Debug)]
pub(crate) enum Clock {
    /// CLOCK_MONOTONIC: a stack on real devices.
    Live,
    /// Nanoseconds that somebody advances by hand: a detached stack.
    Manual(AtomicU64),
}

impl Clock {
    /// The time.
    pub(crate) fn now(&self) -> Instant {
        match self {
            Self::Live => monotonic(),
            Self::Manual(nanos) => Instant::from_nanos(nanos.load(Ordering::Acquire)),
        }
    }

    /// Set a manual clock; a live one cannot be set.
    pub(crate) fn set(&self, now: Instant) {
        if let Self::Manual(nanos) = self {
            nanos.store(now.as_nanos(), Ordering::Release);
        }
    }

    /// What to add to `now` for nanoseconds since 1970, as captures want them. A manual clock starts in 1970, so
    /// that the same run gives the same file.
    pub(crate) fn unix_offset(&self) -> u64 {
        match self {
            Self::Live => nanos_of(ClockId::Realtime).saturating_sub(monotonic().as_nanos()),
            Self::Manual(_) => 0,
        }
    }
}

/// CLOCK_MONOTONIC.
pub fn monotonic() -> Instant {
    Instant::from_nanos(nanos_of(ClockId::Monotonic))
}

fn nanos_of(clock: ClockId) -> u64 {
    let time = clock_gettime(clock);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// Seconds since 1 January 1970, UTC.
pub(crate) fn unix_seconds() -> u64 {
    nanos_of(ClockId::Realtime) / 1_000_000_000
}

/// 128 bits from the kernel's generator: the seed of a stack whose numbers nobody shall guess.
pub fn seed() -> io::Result<u128> {
    let mut bytes = [0; 16];
    let mut filled = 0;
    while filled < bytes.len() {
        match getrandom(&mut bytes[filled..], GetRandomFlags::empty()) {
            Ok(count) => filled += count,
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(u128::from_ne_bytes(bytes))
}

/// When a call that may block has to give up.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Deadline {
    /// Never.
    Never,
    /// At once: it does not wait at all.
    Now,
    /// Then.
    At(Instant),
}

impl Deadline {
    /// `limit` from now; never without a limit.
    pub(crate) fn after(limit: Option<Duration>) -> Self {
        match limit {
            None => Self::Never,
            Some(Duration::ZERO) => Self::Now,
            Some(limit) => Self::At(monotonic() + limit),
        }
    }

    /// What is left, `None` without a limit. Once a deadline has passed that is a nanosecond: zero would mean "do not
    /// wait", which ends in another error.
    pub(crate) fn left(self) -> Option<Duration> {
        match self {
            Self::Never => None,
            Self::Now => Some(Duration::ZERO),
            Self::At(at) => Some(at.since(monotonic()).max(Duration::from_nanos(1))),
        }
    }

    /// Whether the time is up.
    pub(crate) fn has_passed(self) -> bool {
        match self {
            Self::Never => false,
            Self::Now => true,
            Self::At(at) => at <= monotonic(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn live_time_goes_on_and_manual_time_stands() {
        assert!(monotonic() <= Clock::Live.now());
        assert!(Clock::Live.unix_offset() > 0);
        let manual = Clock::Manual(AtomicU64::new(0));
        manual.set(Instant::from_millis(5));
        assert_eq!(manual.now(), Instant::from_millis(5));
        assert_eq!(manual.unix_offset(), 0);
    }

    #[test]
    fn seeds_differ() {
        assert_ne!(seed().expect("getrandom"), seed().expect("getrandom"));
    }
}
