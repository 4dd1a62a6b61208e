//! Round trip time and retransmission timeout (RFC 6298).

use super::Config;
use crate::time::Duration;

/// Smoothed round trip, its variation, and the timeout with its backoff.
#[derive(Debug, Clone)]
pub(super) struct Rtt {
    smoothed: Option<Duration>,
    variation: Duration,
    least: Option<Duration>,
    latest: Option<Duration>,
    rto: Duration,
    /// Timeouts in a row: each doubles the timeout.
    backoff: u32,
}

impl Rtt {
    /// The clock granularity G: timers turn in microseconds.
    const GRANULARITY: Duration = Duration::from_micros(1);

    pub(super) const fn new(config: &Config) -> Self {
        Self {
            smoothed: None,
            variation: Duration::ZERO,
            least: None,
            latest: None,
            rto: config.initial_rto,
            backoff: 0,
        }
    }

    /// A round trip was measured.
    pub(super) fn sample(&mut self, config: &Config, rtt: Duration) {
        // A round trip of nothing would make a timeout of nothing.
        let rtt = rtt.max(Self::GRANULARITY);
        self.latest = Some(rtt);
        self.least = Some(self.least.map_or(rtt, |least| least.min(rtt)));
        //= rfc6298#2   first 2.2, then 2.3: the variation is updated before the mean it is taken from
        let smoothed = match self.smoothed {
            None => {
                self.variation = rtt.div(2);
                rtt
            }
            Some(smoothed) => {
                let error =
                    if smoothed > rtt { smoothed.saturating_sub(rtt) } else { rtt.saturating_sub(smoothed) };
                self.variation = (self.variation * 3 + error).div(4);
                (smoothed * 7 + rtt).div(8)
            }
        };
        self.smoothed = Some(smoothed);
        let rto = smoothed + (self.variation * 4).max(Self::GRANULARITY);
        self.rto = rto.max(config.min_rto).min(config.max_rto);
    }

    /// The SYN had to be sent again: be careful with the first data (RFC 6298 5.7).
    pub(super) fn after_lost_syn(&mut self) {
        self.rto = self.rto.max(Duration::from_secs(3));
        self.backoff = 0;
    }

    /// The timeout, backed off.
    pub(super) fn timeout(&self, config: &Config) -> Duration {
        (self.rto * (1u64 << self.backoff.min(32))).min(config.max_rto)
    }

    //= rfc6298#5.5   back off the timer
    pub(super) const fn back_off(&mut self) {
        self.backoff = self.backoff.saturating_add(1);
    }

    /// The peer is heard again.
    pub(super) const fn reset_backoff(&mut self) {
        self.backoff = 0;
    }

    pub(super) const fn smoothed(&self) -> Option<Duration> {
        self.smoothed
    }

    pub(super) const fn variation(&self) -> Duration {
        self.variation
    }

    pub(super) const fn least(&self) -> Option<Duration> {
        self.least
    }

    pub(super) const fn latest(&self) -> Option<Duration> {
        self.latest
    }

    pub(super) const fn backoff(&self) -> u32 {
        self.backoff
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn the_first_sample_and_the_next_follow_the_rfc() {
        let config = Config::default();
        let mut rtt = Rtt::new(&config);
        assert_eq!(rtt.timeout(&config), ms(1_000));
        rtt.sample(&config, ms(400));
        assert_eq!((rtt.smoothed(), rtt.variation()), (Some(ms(400)), ms(200)));
        assert_eq!(rtt.timeout(&config), ms(1_200));
        rtt.sample(&config, ms(800));
        assert_eq!((rtt.smoothed(), rtt.variation()), (Some(ms(450)), ms(250)));
    }

    #[test]
    fn the_timeout_doubles_within_its_bounds_and_comes_back() {
        let config = Config::default();
        let mut rtt = Rtt::new(&config);
        rtt.sample(&config, Duration::ZERO);
        assert_eq!(rtt.timeout(&config), ms(200));
        for _ in 0..3 {
            rtt.back_off();
        }
        assert_eq!(rtt.timeout(&config), ms(1_600));
        for _ in 0..100 {
            rtt.back_off();
        }
        assert_eq!(rtt.timeout(&config), config.max_rto);
        rtt.reset_backoff();
        assert_eq!(rtt.timeout(&config), ms(200));
    }
}
