//! When the next unit may leave, at a rate (RFC 9002 7.7 says why: a window sent in one burst overflows shallow queues).
//!
//! A bucket in time, not in bytes: each unit pushes the time of the next one on by what it takes at the rate. A quantum
//! may run ahead, so that a driver that wakes late, or once a millisecond, keeps the rate.

use crate::time::{Duration, Instant};

/// What may leave at once: a millisecond's worth, as the kernel's pacing and the BBR draft (4.6.3) have it.
const BURST: Duration = Duration::from_millis(1);
/// And at least this many segments, so that the receiver acknowledges at once.
const SEGMENTS: u64 = 2;

/// The pacer of one connection.
#[derive(Debug, Default)]
pub(super) struct Pacer {
    /// When the rate allows the next unit.
    next: Instant,
    /// How far ahead of that units may leave.
    ahead: Duration,
    /// When the wait that is under way ends.
    due: Option<Instant>,
    /// When the last one ended, and how late that was.
    woken: (Instant, Duration),
}

/// How long `bytes` take at `rate` bytes a second.
fn time_for(bytes: u64, rate: u64) -> Duration {
    let nanos = u128::from(bytes) * 1_000_000_000 / u128::from(rate.max(1));
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

impl Pacer {
    /// The largest unit at `rate` bytes a second: what may leave at once.
    pub(super) fn quantum(rate: u64, segment: usize) -> usize {
        usize::try_from(rate / (1_000_000_000 / BURST.as_nanos()))
            .unwrap_or(usize::MAX)
            .max(SEGMENTS as usize * segment)
    }

    /// Until when output has to wait; `None` if it may go now.
    pub(super) fn wait(&self, now: Instant) -> Option<Instant> {
        if self.next <= now + self.ahead {
            return None;
        }
        // Half a quantum at least goes with the next round.
        let lead = Duration::from_nanos(self.ahead.as_nanos() / 2);
        Some(Instant::from_nanos(self.next.as_nanos().saturating_sub(lead.as_nanos())).max(now))
    }

    /// As `wait`, for who waits now: how late he comes back counts for the next unit.
    pub(super) fn begin_wait(&mut self, now: Instant) -> Option<Instant> {
        let until = self.wait(now);
        self.due = until.or(self.due);
        until
    }

    /// `bytes` leave now, at `rate` bytes a second, in segments of `segment`.
    pub(super) fn on_sent(&mut self, now: Instant, bytes: u64, rate: u64, segment: u64) {
        let least = time_for(SEGMENTS * segment, rate);
        let burst = if least > BURST { least } else { BURST };
        // A quantum in hand, less the unit that is just being charged for.
        self.ahead =
            Duration::from_nanos(burst.as_nanos().saturating_sub(time_for(segment, rate).as_nanos()));
        // A driver that wakes late makes up for it, by a quantum at most: a model of the path that is fed with what left
        // would take every delay of ours for one of the path's. Who had nothing to send has nothing to make up for.
        if let Some(due) = self.due.take() {
            self.woken = (now, now.since(due).min(burst));
        }
        let late = if self.woken.0 == now { self.woken.1 } else { Duration::ZERO };
        let floor = Instant::from_nanos(now.as_nanos().saturating_sub(late.as_nanos()));
        self.next = self.next.max(floor) + time_for(bytes, rate);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn over_a_second_it_is_the_rate_and_no_burst_exceeds_the_quantum() {
        let (mut pacer, mut now, mut sent) = (Pacer::default(), Instant::ZERO, 0u64);
        let mut burst = 0;
        while now < Instant::from_secs(1) {
            match pacer.wait(now) {
                None => {
                    pacer.on_sent(now, 1_500, 1_000_000, 1_500);
                    sent += 1_500;
                    burst += 1;
                    assert!(burst <= 2, "two segments are the quantum at this rate");
                }
                Some(at) => {
                    assert!(at > now);
                    now = at;
                    burst = 0;
                }
            }
        }
        assert!((990_000..=1_010_000).contains(&sent), "{sent}");
    }

    #[test]
    fn a_driver_that_wakes_late_keeps_the_rate() {
        let (mut pacer, mut now, mut sent) = (Pacer::default(), Instant::ZERO, 0u64);
        let late = Duration::from_micros(900);
        while now < Instant::from_secs(1) {
            match pacer.begin_wait(now) {
                None => {
                    pacer.on_sent(now, 1_500, 6_000_000, 1_500);
                    sent += 1_500;
                }
                Some(at) => now = at + late,
            }
        }
        assert!((5_900_000..=6_030_000).contains(&sent), "{sent}");
    }

    #[test]
    fn who_had_nothing_to_send_gets_no_larger_burst_for_it() {
        let mut pacer = Pacer::default();
        let burst = |pacer: &mut Pacer, now| {
            let mut units = 0;
            while pacer.wait(now).is_none() {
                pacer.on_sent(now, 1_500, 6_000_000, 1_500);
                units += 1;
            }
            units
        };
        let first = burst(&mut pacer, Instant::ZERO);
        assert_eq!(burst(&mut pacer, Instant::from_secs(9)), first);
    }

    #[test]
    fn at_a_high_rate_a_millisecond_goes_at_once() {
        let mut pacer = Pacer::default();
        let mut units = 0;
        while pacer.wait(Instant::ZERO).is_none() {
            pacer.on_sent(Instant::ZERO, 1_500, 125_000_000, 1_500);
            units += 1;
        }
        assert!((80..=85).contains(&units), "125 kB are 83 segments: {units}");
    }
}
