//! What the tests of all algorithms begin with; `path` is a model of a bottleneck and of senders that share it.

mod flow;
mod laws;
pub(super) mod path;

use super::{Acked, RateSample, Start};
use crate::tcp::Config;
use crate::time::Instant;

pub(super) const MSS: u32 = 1000;

/// Ten segments, all knobs at their defaults.
pub(super) fn start() -> Start {
    Start::new(Instant::ZERO, &Config::default(), MSS, 10 * MSS, None)
}

/// `bytes` were acknowledged, all that was out.
pub(super) fn ack(bytes: u32) -> Acked {
    Acked {
        now: Instant::ZERO,
        bytes,
        flight: bytes,
        flight_left: 0,
        rtt: None,
        srtt: None,
        min_rtt: None,
        limited: true,
        after_timeout: false,
        in_recovery: false,
        sample: RateSample::default(),
    }
}
