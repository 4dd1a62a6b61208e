//! Congestion control: how much may be in flight, and how fast it leaves. One file each; a variant of `Control` and of
//! `Kind` each.
//!
//! An algorithm knows time, bytes and round trips and nothing of sequence numbers: what was lost, and which bytes
//! go out again, is `recovery`'s business, so that a new algorithm needs no change there.
//!
//! ```text
//! kind      the algorithms by name                     reno     RFC 5681, ABC (3465), ABE (8511)
//! control   the one of a connection; a change of it    cubic    RFC 9438 (curve: its fixed-point mathematics)
//! rounds    round trips counted by delivered bytes     bbr      version 3 (draft-ietf-ccwg-bbr)
//! hystart   slow start, with HyStart++ (RFC 9406)      dctcp    RFC 8257
//!                                                      fixed    a window that never moves, to teach with
//! ```
//!
//! Arithmetic is in integers and fixed point: the same on every machine.

mod bbr;
mod control;
mod cubic;
mod curve;
mod dctcp;
mod fixed;
mod hystart;
mod kind;
mod reno;
mod rounds;

pub use bbr::Bbr;
pub use control::Control;
pub use cubic::Cubic;
pub use dctcp::Dctcp;
pub use fixed::Fixed;
pub use kind::Kind;
pub use reno::Reno;

use super::Config;
use crate::rng::prf;
use crate::time::{Duration, Instant};

/// Windows beyond this are beyond any sequence space (RFC 7323 2.3 caps the peer's window here). As a threshold it says
/// that there is none.
pub const MAX_WINDOW: u32 = 1 << 30;

/// What an algorithm starts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Start {
    /// When.
    pub now: Instant,
    /// Payload bytes of a full segment.
    pub mss: u32,
    /// First window, bytes.
    pub window: u32,
    /// Slow start threshold, bytes: `MAX_WINDOW` unless another algorithm left one.
    pub threshold: u32,
    /// Smoothed round trip so far, if the handshake measured one.
    pub rtt: Option<Duration>,
    /// Randomness of this connection's own.
    pub seed: u64,
    /// Most segments of growth for one ACK in slow start (RFC 3465's L).
    pub abc_limit: u32,
    /// First slow start by HyStart++ (RFC 9406).
    pub hystart: bool,
    /// Output is paced, so that no burst follows a step of the window.
    pub paced: bool,
    /// A mark weighs less than a loss (RFC 8511).
    pub ecn_backoff: bool,
    /// The window of [`Fixed`], in segments.
    pub fixed_window: u32,
}

impl Start {
    /// A connection's first, with `config`'s knobs.
    pub const fn new(now: Instant, config: &Config, mss: u32, window: u32, rtt: Option<Duration>) -> Self {
        Self {
            now,
            mss,
            window,
            threshold: MAX_WINDOW,
            rtt,
            seed: 0,
            abc_limit: config.abc_limit,
            hystart: config.hystart,
            paced: config.pacing,
            ecn_backoff: config.ecn_backoff,
            fixed_window: config.fixed_window,
        }
    }

    /// With randomness of its own, made from what no other connection has: its initial sequence number.
    #[must_use]
    pub fn seeded(self, number: u32) -> Self {
        Self { seed: prf(u128::from(number), b"congestion"), ..self }
    }
}

/// What one ACK tells about the path: how much was delivered how fast, between the sending of the newest segment that
/// it delivered and now (draft-ietf-ccwg-bbr 4.1). Counts are payload bytes; totals never go back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RateSample {
    /// Delivered on this connection so far, with what this ACK tells of.
    pub delivered: u64,
    /// The same when the newest segment delivered now was sent. A round trip has passed once this reaches what
    /// `delivered` was at the round's start.
    pub prior_delivered: u64,
    /// Lost on this connection so far.
    pub lost: u64,
    /// The same when that segment was sent.
    pub prior_lost: u64,
    /// Lost by what this ACK told.
    pub newly_lost: u32,
    /// In flight right after that segment was sent.
    pub sent_in_flight: u32,
    /// Time in which `delivered` - `prior_delivered` was delivered; zero if there is no sample.
    pub interval: Duration,
    /// The application, not the window, decided how much was out when that segment was sent.
    pub app_limited: bool,
    /// Of what this ACK showed to be lost, the segment that was sent last.
    pub newest_lost: Option<LostSegment>,
}

/// A segment that was lost, as it was when it was sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LostSegment {
    /// In flight right after.
    pub sent_in_flight: u32,
    /// Lost on this connection before.
    pub prior_lost: u64,
}

impl RateSample {
    /// Bytes per second; `None` where nothing was measured.
    pub const fn rate(&self) -> Option<u64> {
        let (bytes, nanos) = (self.delivered - self.prior_delivered, self.interval.as_nanos());
        if nanos == 0 { None } else { Some((bytes as u128 * 1_000_000_000 / nanos as u128) as u64) }
    }
}

/// New data was delivered: acknowledged in order, or by SACK.
#[derive(Debug, Clone, Copy)]
pub struct Acked {
    /// When.
    pub now: Instant,
    /// Payload bytes delivered for the first time.
    pub bytes: u32,
    /// Bytes in flight before this ACK.
    pub flight: u32,
    /// Bytes in flight now.
    pub flight_left: u32,
    /// The round trip that this ACK measured, if it did.
    pub rtt: Option<Duration>,
    /// Smoothed round trip, and the smallest on this connection.
    pub srtt: Option<Duration>,
    /// See `srtt`.
    pub min_rtt: Option<Duration>,
    /// Whether the window, not the application, held us back: only then may it grow (RFC 7661's concern).
    pub limited: bool,
    /// Whether data sent again after a timeout is being acknowledged: growth is one segment an ACK then.
    pub after_timeout: bool,
    /// Whether fast recovery is under way. Only an algorithm that `repairs_itself` is told of such ACKs.
    pub in_recovery: bool,
    /// What it tells about the path.
    pub sample: RateSample,
}

/// An algorithm.
pub trait CongestionControl {
    /// Bytes that may be in flight.
    fn window(&self) -> u32;
    /// Slow start threshold; `MAX_WINDOW` while there is none.
    fn threshold(&self) -> u32;
    /// Bytes per second at which to send; `None` leaves it to the ACKs' clock.
    fn pacing_rate(&self) -> Option<u64> {
        None
    }
    /// Whether it sets the window during fast recovery too. Of all others PRR (RFC 9937) does so.
    fn repairs_itself(&self) -> bool {
        false
    }
    /// Whether a mark weighs as a loss does, so that both in one round trip reduce the window once (RFC 3168 6.1.2).
    fn takes_marks_for_losses(&self) -> bool {
        !self.repairs_itself()
    }
    /// In words, what it is doing: `slow-start`, `avoidance`, ...
    fn phase(&self) -> &'static str {
        if self.window() < self.threshold() { "slow-start" } else { "avoidance" }
    }
    /// Data leaves, with `flight` bytes in flight before it. `app_limited` if the last flight did not fill the window.
    fn on_sent(&mut self, _now: Instant, _flight: u32, _app_limited: bool) {}
    /// So many bytes more arrived marked. Told in fast recovery too, and before the ACK's other news.
    fn on_marks(&mut self, _bytes: u32) {}
    /// New data was delivered, in fast recovery too.
    fn on_delivery(&mut self, _bytes: u32, _sample: &RateSample) {}
    /// New data was delivered, and the window may follow: in fast recovery only if the algorithm `repairs_itself`.
    fn on_ack(&mut self, acked: Acked);
    /// Loss was inferred from SACK, time or duplicates: fast recovery begins. `window` keeps or halves as it will;
    /// `threshold` is where PRR leads it.
    fn on_loss(&mut self, now: Instant, flight: u32);
    /// The peer echoed Congestion Experienced (RFC 3168 6.1.2), at most once a round trip.
    fn on_ecn(&mut self, now: Instant, flight: u32) {
        self.on_loss(now, flight);
    }
    /// The first timeout of a row: everything in flight counts as lost.
    fn on_timeout(&mut self, now: Instant, flight: u32);
    /// Fast recovery ended with `flight` bytes still out.
    fn on_recovered(&mut self, now: Instant, flight: u32);
    /// The last `on_loss` or `on_timeout` was a mistake: nothing was lost. Take back what it did.
    fn on_undo(&mut self, now: Instant);
    /// Nothing was sent for a whole timeout.
    fn on_idle(&mut self, initial_window: u32);
    /// The path's segment size changed.
    fn on_mss(&mut self, mss: u32);
}

/// The threshold up to which a window that rested may be built up again at the speed of slow start.
const fn worth_resuming(window: u32) -> u32 {
    //= rfc7661#4.4   three quarters of what was proved before the pause
    window / 4 * 3
}

#[cfg(test)]
mod testing;
