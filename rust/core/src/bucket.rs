//! A token bucket: so many at once, so many a second.

use crate::time::{Duration, Instant};

/// Limits how often something is done. Full at first; refilled evenly with time.
#[derive(Debug, Clone)]
pub struct TokenBucket {
    per_second: u32,
    burst: u32,
    /// When the bucket would be full again if nothing more were taken.
    full_at: Instant,
}

impl TokenBucket {
    /// A full bucket of `burst` tokens that gains `per_second`. With a rate of 0 nothing is ever allowed.
    pub const fn new(now: Instant, per_second: u32, burst: u32) -> Self {
        Self { per_second, burst, full_at: now }
    }

    /// Change rate and size.
    pub fn set_rate(&mut self, now: Instant, per_second: u32, burst: u32) {
        *self = Self { full_at: self.full_at.max(now), ..Self::new(now, per_second, burst) };
    }

    /// Take a token if there is one.
    pub fn take(&mut self, now: Instant) -> bool {
        if self.per_second == 0 || self.burst == 0 {
            return false;
        }
        let each = Duration::from_nanos(1_000_000_000 / u64::from(self.per_second));
        let debt = self.full_at.max(now) + each;
        if debt.since(now) > each * u64::from(self.burst) {
            return false;
        }
        self.full_at = debt;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_then_the_rate_holds() {
        let mut bucket = TokenBucket::new(Instant::ZERO, 10, 3);
        let taken =
            |bucket: &mut TokenBucket, at| (0..9).filter(|_| bucket.take(Instant::from_millis(at))).count();
        assert_eq!(taken(&mut bucket, 0), 3);
        assert_eq!(taken(&mut bucket, 99), 0);
        assert_eq!(taken(&mut bucket, 100), 1);
        assert_eq!(taken(&mut bucket, 60_000), 3);
        assert_eq!(taken(&mut TokenBucket::new(Instant::ZERO, 0, 5), 0), 0);
    }
}
