//! Answers to segments that are not acceptable, throttled for each connection by itself.

use super::Config;
use crate::rng::Rng;
use crate::time::{Duration, Instant};

/// Lets one such answer pass in an interval. The interval is this connection's own and varies at random, so that nobody
/// can learn anything from a budget shared with others (CVE-2016-5696; RFC 5961 section 7).
#[derive(Debug, Clone, Default)]
pub(super) struct Challenge {
    not_before: Option<Instant>,
}

impl Challenge {
    pub(super) fn allow(&mut self, now: Instant, config: &Config, rng: &mut Rng) -> bool {
        if self.not_before.is_some_and(|at| now < at) {
            return false;
        }
        let interval = config.challenge_ack_interval;
        let extra = Duration::from_nanos(rng.below(interval.as_nanos() / 4 + 1));
        self.not_before = Some(now + interval + extra);
        true
    }
}
