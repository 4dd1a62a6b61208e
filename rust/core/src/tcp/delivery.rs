//! How fast the path delivers: one sample for each ACK (draft-ietf-ccwg-bbr 4.1).
//!
//! Each departure takes a snapshot of what had been delivered until then. When its delivery is told of, the difference
//! over the time between is a rate: over the longer of the time that sending took and the time that acknowledging
//! took, since ACKs may be compressed and departures are not.

use super::congestion::{LostSegment, RateSample};
use crate::time::{Duration, Instant};

/// What a departure remembers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Snapshot {
    delivered: u64,
    delivered_at: Instant,
    first_left: Instant,
    lost: u64,
    in_flight: u32,
    app_limited: bool,
}

impl Snapshot {
    /// What a segment that left with it and was lost tells.
    pub(super) const fn of_lost(self) -> LostSegment {
        LostSegment { sent_in_flight: self.in_flight, prior_lost: self.lost }
    }
}

/// The estimator of one connection.
#[derive(Debug, Default)]
pub(super) struct Estimator {
    delivered: u64,
    delivered_at: Instant,
    first_left: Instant,
    lost: u64,
    /// Until this much is delivered, samples tell of the application, not of the path; 0 for none.
    limited_until: u64,
    /// The sample that tells of the path at last: bytes and time, and whether it tells of the application instead.
    shown: (u64, Duration, bool),
}

impl Estimator {
    /// Something of `length` leaves while `in_flight` is out.
    pub(super) const fn on_sent(&mut self, now: Instant, in_flight: u32, length: u32) -> Snapshot {
        if in_flight == 0 {
            (self.first_left, self.delivered_at) = (now, now);
        }
        Snapshot {
            delivered: self.delivered,
            delivered_at: self.delivered_at,
            first_left: self.first_left,
            lost: self.lost,
            in_flight: in_flight.saturating_add(length),
            app_limited: self.limited_until != 0,
        }
    }

    /// The application had nothing more to send while `in_flight` was out, though the window had room.
    pub(super) const fn on_idle(&mut self, in_flight: u32) {
        let until = self.delivered + in_flight as u64;
        self.limited_until = if until == 0 { 1 } else { until };
    }

    /// Whether departures now are limited by the application.
    pub(super) const fn is_limited(&self) -> bool {
        self.limited_until != 0
    }

    /// Bytes delivered so far.
    pub(super) const fn delivered(&self) -> u64 {
        self.delivered
    }

    /// Bytes lost so far.
    pub(super) const fn lost(&self) -> u64 {
        self.lost
    }

    /// `bytes` were found lost.
    pub(super) const fn on_lost(&mut self, bytes: u32) {
        self.lost += bytes as u64;
    }

    /// `bytes` were delivered; `newest` is, of what they left with, the snapshot taken last, at `left`.
    pub(super) fn on_delivered(
        &mut self,
        now: Instant,
        bytes: u32,
        newest: Option<(Snapshot, Instant)>,
        min_rtt: Option<Duration>,
    ) -> RateSample {
        self.delivered += u64::from(bytes);
        self.delivered_at = now;
        if self.limited_until != 0 && self.delivered > self.limited_until {
            self.limited_until = 0;
        }
        let none = RateSample {
            delivered: self.delivered,
            prior_delivered: self.delivered,
            lost: self.lost,
            prior_lost: self.lost,
            ..RateSample::default()
        };
        let Some((snapshot, left)) = newest else { return none };
        let sending = left.since(snapshot.first_left);
        let acknowledging = now.since(snapshot.delivered_at);
        self.first_left = left;
        let interval = sending.max(acknowledging);
        // Shorter than any round trip: a retransmission was taken for its original, or the other way round.
        let believable = min_rtt.is_none_or(|least| interval >= least);
        let sample = RateSample {
            prior_delivered: snapshot.delivered,
            prior_lost: snapshot.lost,
            sent_in_flight: snapshot.in_flight,
            interval: if believable { interval } else { Duration::ZERO },
            app_limited: snapshot.app_limited,
            ..none
        };
        self.show(&sample);
        sample
    }

    /// Keep a sample for display: one of a sender that had not enough to send only if it shows that the path can do more.
    fn show(&mut self, sample: &RateSample) {
        let (bytes, time, _) = self.shown;
        let gained = sample.delivered - sample.prior_delivered;
        let faster = u128::from(gained) * u128::from(time.as_nanos())
            >= u128::from(bytes) * u128::from(sample.interval.as_nanos());
        if !sample.interval.is_zero() && (!sample.app_limited || faster) {
            self.shown = (gained, sample.interval, sample.app_limited);
        }
    }

    /// Bytes a second that were delivered last, and whether the application limited that (tcp_info's delivery_rate).
    pub(super) const fn rate(&self) -> Option<(u64, bool)> {
        let (bytes, time, limited) = self.shown;
        if time.is_zero() {
            return None;
        }
        Some(((bytes as u128 * 1_000_000_000 / time.as_nanos() as u128) as u64, limited))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(millis: u64) -> Instant {
        Instant::from_millis(millis)
    }

    #[test]
    fn a_steady_stream_shows_its_rate() {
        let mut estimator = Estimator::default();
        // One segment of 1000 bytes a millisecond, a round trip of 10 ms.
        let mut under_way = std::collections::VecDeque::new();
        let mut last = RateSample::default();
        for now in 0..50 {
            if now >= 10 {
                let (snapshot, left) = under_way.pop_front().expect("ten are under way");
                last = estimator.on_delivered(at(now), 1_000, Some((snapshot, left)), None);
            }
            let in_flight = under_way.len() as u32 * 1_000;
            under_way.push_back((estimator.on_sent(at(now), in_flight, 1_000), at(now)));
        }
        assert_eq!(last.rate(), Some(1_000_000));
    }

    #[test]
    fn compressed_acks_do_not_raise_it() {
        let mut estimator = Estimator::default();
        let first = estimator.on_sent(at(0), 0, 1_000);
        let second = estimator.on_sent(at(10), 1_000, 1_000);
        estimator.on_delivered(at(30), 1_000, Some((first, at(0))), None);
        let sample = estimator.on_delivered(at(30), 1_000, Some((second, at(10))), None);
        assert_eq!(sample.interval, Duration::from_millis(30));
        assert_eq!((sample.prior_delivered, sample.delivered), (0, 2_000));
    }

    #[test]
    fn an_idle_application_marks_its_samples_until_they_are_through() {
        let mut estimator = Estimator::default();
        let busy = estimator.on_sent(at(0), 0, 1_000);
        estimator.on_idle(1_000);
        let idle = estimator.on_sent(at(5), 1_000, 1_000);
        assert!(!estimator.on_delivered(at(10), 1_000, Some((busy, at(0))), None).app_limited);
        assert!(estimator.on_delivered(at(15), 1_000, Some((idle, at(5))), None).app_limited);
        assert!(!estimator.on_sent(at(20), 0, 1_000).app_limited);
    }

    #[test]
    fn a_sample_shorter_than_any_round_trip_is_none() {
        let mut estimator = Estimator::default();
        let snapshot = estimator.on_sent(at(0), 0, 1_000);
        let sample =
            estimator.on_delivered(at(2), 1_000, Some((snapshot, at(0))), Some(Duration::from_millis(5)));
        assert_eq!(sample.rate(), None);
    }
}
