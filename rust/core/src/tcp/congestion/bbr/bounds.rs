//! What loss says: how much in flight the path bears in the long run, and how much it delivers just now.

use super::super::RateSample;

/// Loss that probing may cause in a round trip, in percent (LossThresh).
const LOSS_PERCENT: u64 = 2;
/// What one round trip with loss leaves of a bound, in tenths (Beta).
pub(super) const BETA_TENTHS: u64 = 7;
/// What is left free for others of what the path bears, in hundredths (Headroom).
const HEADROOM_HUNDREDTHS: u64 = 15;

/// No bound.
pub(super) const UNBOUNDED: u64 = u64::MAX;

/// The bounds, and the signals they are made from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// BBR.inflight_longterm, bytes.
    pub(super) inflight_long: u64,
    /// BBR.bw_shortterm, bytes per second, and BBR.inflight_shortterm, bytes.
    pub(super) rate_short: u64,
    pub(super) inflight_short: u64,
    /// The largest rate and volume delivered in this round trip.
    rate_latest: u64,
    pub(super) inflight_latest: u64,
    /// Something was lost in this round trip.
    pub(super) lost_in_round: bool,
    /// ACKs that told of a loss in this round trip: as many separate holes at least.
    pub(super) holes: u32,
    /// The round by which loss is counted ends when what is sent from here on is delivered.
    round_end: u64,
    /// It ended with this ACK.
    pub(super) round_over: bool,
}

impl Bounds {
    pub(super) const fn new() -> Self {
        Self {
            inflight_long: UNBOUNDED,
            rate_short: UNBOUNDED,
            inflight_short: UNBOUNDED,
            rate_latest: 0,
            inflight_latest: 0,
            lost_in_round: false,
            holes: 0,
            round_end: 0,
            round_over: false,
        }
    }

    /// Something was lost; whether it was the first of this round trip.
    //= draft-ietf-ccwg-bbr#5.5.10.2   the first loss starts the round trip at whose end it is judged
    pub(super) const fn on_lost(&mut self, delivered: u64) -> bool {
        let first = !self.lost_in_round;
        if first {
            self.round_end = delivered;
        }
        self.lost_in_round = true;
        self.holes += 1;
        first
    }

    /// The beginning of an ACK.
    pub(super) fn observe(&mut self, sample: &RateSample) {
        self.rate_latest = self.rate_latest.max(sample.rate().unwrap_or(0));
        self.inflight_latest = self.inflight_latest.max(volume_of(sample));
        self.round_over = sample.prior_delivered >= self.round_end;
        if self.round_over {
            self.round_end = sample.delivered;
        }
    }

    /// The end of an ACK.
    pub(super) fn advance(&mut self, sample: &RateSample) {
        if self.round_over {
            self.rate_latest = sample.rate().unwrap_or(0);
            self.inflight_latest = volume_of(sample);
        }
    }

    /// A round trip with loss, while bandwidth is not probed: towards what was delivered in it.
    //= draft-ietf-ccwg-bbr#5.5.10.3   no lower than what got through, and no faster than by beta
    pub(super) fn adapt(&mut self, max_rate: u64, window: u32) {
        let rate = if self.rate_short == UNBOUNDED { max_rate } else { self.rate_short };
        let inflight = if self.inflight_short == UNBOUNDED { window.into() } else { self.inflight_short };
        self.rate_short = self.rate_latest.max(rate * BETA_TENTHS / 10);
        self.inflight_short = self.inflight_latest.max(inflight * BETA_TENTHS / 10);
    }

    /// The round trip at hand counts from here.
    pub(super) const fn next_round(&mut self) {
        (self.lost_in_round, self.holes) = (false, 0);
    }

    pub(super) const fn forget_signals(&mut self) {
        (self.lost_in_round, self.holes) = (false, 0);
        (self.rate_latest, self.inflight_latest) = (0, 0);
    }

    pub(super) const fn forget_short(&mut self) {
        (self.rate_short, self.inflight_short) = (UNBOUNDED, UNBOUNDED);
    }

    /// What to stay within so that others find room.
    pub(super) fn with_headroom(&self, mss: u32, least: u64) -> u64 {
        if self.inflight_long == UNBOUNDED {
            return UNBOUNDED;
        }
        let headroom = (self.inflight_long * HEADROOM_HUNDREDTHS / 100).max(mss.into());
        self.inflight_long.saturating_sub(headroom).max(least)
    }
}

fn volume_of(sample: &RateSample) -> u64 {
    sample.delivered - sample.prior_delivered
}

/// Whether of `inflight` more was lost than probing may cost.
//= draft-ietf-ccwg-bbr#5.5.10.2   over 2 % of what was in flight
pub(super) const fn is_too_high(lost: u64, inflight: u64) -> bool {
    lost * 100 > inflight * LOSS_PERCENT
}

/// How much was in flight when loss crossed the threshold, within the last `size` bytes lost of `inflight`.
//= draft-ietf-ccwg-bbr#5.5.10.2   lost_prefix = (LossThresh * inflight_prev - lost_prev) / (1 - LossThresh)
pub(super) const fn inflight_at_loss(lost: u64, inflight: u64, size: u64) -> u64 {
    let before = inflight.saturating_sub(size);
    let lost_before = lost.saturating_sub(size);
    before + (before * LOSS_PERCENT).saturating_sub(lost_before * 100) / (100 - LOSS_PERCENT)
}
