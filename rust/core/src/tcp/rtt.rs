//! The round trip and the retransmission timeout made from it (RFC 6298).

use super::Config;
use crate::time::{Duration, Instant};

/// G of RFC 6298: what a driver's sleep may be late, whatever the clock counts.
const GRANULARITY: Duration = Duration::from_millis(1);
/// After a lost SYN the network is worse than the first guess (RFC 6298 5.7).
const AFTER_SYN_LOSS: Duration = Duration::from_secs(3);

/// The estimator of one connection.
#[derive(Debug, Clone)]
pub(super) struct Rtt {
    smoothed: Option<Duration>,
    variation: Duration,
    shortest: Option<Duration>,
    latest: Option<Duration>,
    timeout: Duration,
    backoff: u32,
    min: Duration,
    max: Duration,
}

impl Rtt {
    /// Nothing measured yet.
    pub(super) fn new(config: &Config) -> Self {
        Self {
            smoothed: None,
            variation: Duration::ZERO,
            shortest: None,
            latest: None,
            timeout: config.initial_rto,
            backoff: 0,
            min: config.min_rto,
            max: config.max_rto.max(config.min_rto),
        }
    }

    /// The knobs changed.
    pub(super) fn set_bounds(&mut self, config: &Config) {
        (self.min, self.max) = (config.min_rto, config.max_rto.max(config.min_rto));
        if self.smoothed.is_some() {
            self.timeout = self.computed();
        }
    }

    /// The SYN had to be sent again.
    pub(super) fn on_syn_loss(&mut self) {
        //= rfc6298#5.7   data transmission begins with three seconds then
        self.timeout = self.timeout.max(AFTER_SYN_LOSS);
    }

    /// A round trip was measured, on a segment that was sent once or by timestamps (Karn).
    pub(super) fn sample(&mut self, round_trip: Duration) {
        let variation = match self.smoothed {
            //= rfc6298#2.2   the first measurement
            None => {
                self.smoothed = Some(round_trip);
                round_trip.div(2)
            }
            //= rfc6298#2.3   the variation first, then the mean
            Some(smoothed) => {
                let error = smoothed.saturating_sub(round_trip).max(round_trip.saturating_sub(smoothed));
                self.smoothed = Some(smoothed.saturating_sub(smoothed.div(8)) + round_trip.div(8));
                self.variation.saturating_sub(self.variation.div(4)) + error.div(4)
            }
        };
        self.variation = variation;
        self.note(round_trip);
        self.timeout = self.computed();
        //= rfc9293#3.8.1 MUST-18   a fresh measurement, and only that, ends the backoff
        self.backoff = 0;
    }

    /// The minimum is a floor of the variation's part, as in Linux: on a steady path the variation dies away, and a
    /// timeout of one round trip and a little would fire before RACK's reordering timer and tail probes could act.
    fn computed(&self) -> Duration {
        //= rfc6298#2.3   RTO = SRTT + max(G, K * RTTVAR); 2.4's minimum is kept by being added to a positive SRTT
        let margin = (self.variation * 4).max(GRANULARITY).max(self.min);
        (self.smoothed.unwrap_or_default() + margin).min(self.max)
    }

    /// A round trip that counts for nothing but being the latest, or the shortest.
    pub(super) fn note(&mut self, round_trip: Duration) {
        self.latest = Some(round_trip);
        self.shortest = Some(self.shortest.map_or(round_trip, |shortest| shortest.min(round_trip)));
    }

    /// A timeout passed in vain.
    pub(super) fn back_off(&mut self) {
        //= rfc6298#5.5   twice as long the next time
        self.backoff = (self.backoff + 1).min(16);
    }

    /// The timeout, backoff included.
    pub(super) fn timeout(&self) -> Duration {
        (self.timeout * (1 << self.backoff)).min(self.max)
    }

    /// The timeout after `times` further doublings, for probes that count their own.
    pub(super) fn timeout_backed_off(&self, times: u32) -> Duration {
        (self.timeout * (1 << times.min(16))).min(self.max)
    }

    /// When a timer that starts now fires.
    pub(super) fn deadline(&self, now: Instant) -> Instant {
        now + self.timeout()
    }

    /// Smoothed round trip, if measured.
    pub(super) const fn smoothed(&self) -> Option<Duration> {
        self.smoothed
    }

    /// Its mean deviation.
    pub(super) const fn variation(&self) -> Duration {
        self.variation
    }

    /// Latest round trip, if measured.
    pub(super) const fn latest(&self) -> Option<Duration> {
        self.latest
    }

    /// Doublings of the timeout that no measurement has ended yet.
    pub(super) const fn backoff(&self) -> u32 {
        self.backoff
    }

    /// Smallest round trip, if measured.
    pub(super) const fn shortest(&self) -> Option<Duration> {
        self.shortest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn rtt() -> Rtt {
        Rtt::new(&Config { min_rto: ms(1), ..Config::default() })
    }

    #[test]
    fn first_sample_then_smoothing() {
        let mut rtt = rtt();
        assert_eq!(rtt.timeout(), ms(1000));
        rtt.sample(ms(80));
        assert_eq!((rtt.smoothed(), rtt.variation(), rtt.timeout()), (Some(ms(80)), ms(40), ms(240)));
        rtt.sample(ms(160));
        assert_eq!((rtt.smoothed(), rtt.variation(), rtt.timeout()), (Some(ms(90)), ms(50), ms(290)));
        assert_eq!(rtt.shortest(), Some(ms(80)));
    }

    #[test]
    fn backoff_doubles_to_the_limit_and_ends_with_a_sample() {
        let mut rtt = rtt();
        rtt.sample(ms(100));
        let mut last = rtt.timeout();
        for _ in 0..20 {
            rtt.back_off();
            assert!(rtt.timeout() == last * 2 || rtt.timeout() == Config::default().max_rto);
            last = rtt.timeout();
        }
        assert_eq!(last, Config::default().max_rto);
        rtt.sample(ms(100));
        assert!(rtt.timeout() < ms(400));
    }

    #[test]
    fn never_under_the_minimum_and_never_without_granularity() {
        let mut rtt = Rtt::new(&Config::default());
        rtt.sample(Duration::from_micros(50));
        assert_eq!(rtt.timeout(), ms(200) + Duration::from_micros(50));
        let mut bare = rtt.clone();
        bare.min = Duration::ZERO;
        for _ in 0..100 {
            bare.sample(Duration::from_micros(50));
        }
        assert!(bare.timeout() >= GRANULARITY);
    }

    #[test]
    fn a_steady_long_path_keeps_its_margin() {
        let mut rtt = Rtt::new(&Config::default());
        for _ in 0..1000 {
            rtt.sample(ms(300));
        }
        assert_eq!(rtt.timeout(), ms(500), "the variation is gone, the margin is not");
    }

    #[test]
    fn a_lost_syn_makes_it_three_seconds() {
        let mut rtt = Rtt::new(&Config::default());
        rtt.on_syn_loss();
        assert_eq!(rtt.timeout(), Duration::from_secs(3));
    }
}
