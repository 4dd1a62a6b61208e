//! How long the path is: the least round trip of ten seconds, when to look for it again, and how much more than expected
//! ACKs bring at once.

use crate::time::{Duration, Instant};

/// How long the least round trip is believed (MinRTTFilterLen).
const MIN_RTT_FILTER: Duration = Duration::from_secs(10);
/// Time between two looks at the empty path (ProbeRTTInterval).
const PROBE_RTT_INTERVAL: Duration = Duration::from_secs(5);
/// Rounds for which aggregation is remembered once the pipe was full (ExtraAckedFilterLen).
const EXTRA_ACKED_ROUNDS: u64 = 10;

/// BBR.min_rtt and what schedules ProbeRTT.
#[derive(Debug, Clone, Copy)]
pub(super) struct MinRtt {
    least: Option<Duration>,
    least_at: Instant,
    /// The least since the last look.
    recent: Option<Duration>,
    recent_at: Instant,
    /// A look is due.
    pub(super) due: bool,
}

impl MinRtt {
    pub(super) const fn new(now: Instant, rtt: Option<Duration>) -> Self {
        Self { least: rtt, least_at: now, recent: None, recent_at: now, due: false }
    }

    pub(super) const fn value(&self) -> Option<Duration> {
        self.least
    }

    //= draft-ietf-ccwg-bbr#5.3.4.3   the least of the last interval replaces a larger or an expired one
    pub(super) fn on_ack(&mut self, now: Instant, rtt: Option<Duration>) {
        self.due = now > self.recent_at + PROBE_RTT_INTERVAL;
        if let Some(rtt) = rtt
            && (self.due || self.recent.is_none_or(|recent| rtt < recent))
        {
            (self.recent, self.recent_at) = (Some(rtt), now);
        }
        let expired = now > self.least_at + MIN_RTT_FILTER;
        if let Some(recent) = self.recent
            && (expired || self.least.is_none_or(|least| recent < least))
        {
            (self.least, self.least_at) = (Some(recent), self.recent_at);
        }
    }

    /// The look is over; the next one is due an interval from now.
    pub(super) const fn looked(&mut self, now: Instant) {
        self.recent_at = now;
    }
}

/// BBR.extra_acked: bytes that ACKs brought beyond what the rate would have them bring.
#[derive(Debug, Clone, Copy)]
pub(super) struct Aggregation {
    since: Instant,
    delivered: u64,
    /// The largest excess of this window of rounds, of the one before, and the round in which this one began. Two half
    /// windows stand for a sliding one.
    current: u64,
    previous: u64,
    began: u64,
}

impl Aggregation {
    pub(super) const fn new(now: Instant) -> Self {
        Self { since: now, delivered: 0, current: 0, previous: 0, began: 0 }
    }

    pub(super) fn value(&self) -> u64 {
        self.current.max(self.previous)
    }

    /// Start to measure anew: what comes after a pause is no burst.
    pub(super) const fn restart(&mut self, now: Instant) {
        (self.since, self.delivered) = (now, 0);
    }

    //= draft-ietf-ccwg-bbr#5.5.9   the excess over the rate since it was last below the rate, a window at most
    pub(super) fn on_ack(
        &mut self,
        now: Instant,
        bytes: u32,
        rate: u64,
        window: u32,
        (round, full): (u64, bool),
    ) {
        let mut expected = volume(rate, now.since(self.since));
        if self.delivered <= expected {
            self.restart(now);
            expected = 0;
        }
        self.delivered += u64::from(bytes);
        let extra = self.delivered.saturating_sub(expected).min(window.into());
        let length = if full { EXTRA_ACKED_ROUNDS / 2 } else { 1 };
        if round >= self.began + length {
            // In Startup the one round at hand is all that counts.
            self.previous = if full { self.current } else { 0 };
            (self.current, self.began) = (0, round);
        }
        self.current = self.current.max(extra);
    }
}

/// What `rate` bytes per second make in `time`.
pub(super) const fn volume(rate: u64, time: Duration) -> u64 {
    let bytes = rate as u128 * time.as_nanos() as u128 / 1_000_000_000;
    if bytes > u64::MAX as u128 { u64::MAX } else { bytes as u64 }
}
