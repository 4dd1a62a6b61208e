//! Congestion control: how much may be in flight. One file each; a variant of `Control` and of `Kind` each.
//!
//! An algorithm knows time, bytes and round trips and nothing of sequence numbers: what was lost, and which bytes
//! go out again, is `recovery`'s business, so that a new algorithm needs no change there.

mod reno;

pub use reno::Reno;

use crate::time::{Duration, Instant};

/// Windows beyond this are beyond any sequence space (RFC 7323 2.3 caps the peer's window here). As a threshold it says
/// that there is none.
pub const MAX_WINDOW: u32 = 1 << 30;

/// The algorithms by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Kind {
    /// RFC 5681 with byte counting (RFC 3465).
    #[default]
    Reno,
}

impl Kind {
    /// All algorithms.
    pub const ALL: &'static [Self] = &[Self::Reno];

    /// The name that a knob or socket option carries.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reno => "reno",
        }
    }

    /// The algorithm called `name`.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name)
    }
}

/// What an algorithm starts from.
#[derive(Debug, Clone, Copy)]
pub struct Start {
    /// When.
    pub now: Instant,
    /// Payload bytes of a full segment.
    pub mss: u32,
    /// First window, bytes.
    pub window: u32,
    /// Most segments of growth for one ACK in slow start.
    pub abc_limit: u32,
    /// Smoothed round trip so far, if the handshake measured one.
    pub rtt: Option<Duration>,
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
    /// How many of them were acknowledged by an ACK that tells of Congestion Experienced (RFC 8257, RFC 9768).
    pub marked: u32,
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
    /// In words, what it is doing: `slow-start`, `avoidance`, ...
    fn phase(&self) -> &'static str {
        if self.window() < self.threshold() { "slow-start" } else { "avoidance" }
    }
    /// Data leaves, with `flight` bytes in flight before it. `app_limited` if the last flight did not fill the window.
    fn on_sent(&mut self, _now: Instant, _flight: u32, _app_limited: bool) {}
    /// New data was delivered.
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

/// The algorithm of one connection. An enum and not a box: one branch, no allocation.
#[derive(Debug, Clone)]
pub enum Control {
    /// See [`Reno`].
    Reno(Reno),
}

impl Control {
    /// A fresh controller of `kind`.
    pub fn new(kind: Kind, start: Start) -> Self {
        match kind {
            Kind::Reno => Self::Reno(Reno::new(start)),
        }
    }

    /// The algorithm in use.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Reno(_) => Kind::Reno,
        }
    }

    fn inner(&self) -> &dyn CongestionControl {
        match self {
            Self::Reno(reno) => reno,
        }
    }

    fn inner_mut(&mut self) -> &mut dyn CongestionControl {
        match self {
            Self::Reno(reno) => reno,
        }
    }
}

impl CongestionControl for Control {
    fn window(&self) -> u32 {
        self.inner().window()
    }
    fn threshold(&self) -> u32 {
        self.inner().threshold()
    }
    fn pacing_rate(&self) -> Option<u64> {
        self.inner().pacing_rate()
    }
    fn repairs_itself(&self) -> bool {
        self.inner().repairs_itself()
    }
    fn phase(&self) -> &'static str {
        self.inner().phase()
    }
    fn on_sent(&mut self, now: Instant, flight: u32, app_limited: bool) {
        self.inner_mut().on_sent(now, flight, app_limited);
    }
    fn on_ack(&mut self, acked: Acked) {
        self.inner_mut().on_ack(acked);
    }
    fn on_loss(&mut self, now: Instant, flight: u32) {
        self.inner_mut().on_loss(now, flight);
    }
    fn on_ecn(&mut self, now: Instant, flight: u32) {
        self.inner_mut().on_ecn(now, flight);
    }
    fn on_timeout(&mut self, now: Instant, flight: u32) {
        self.inner_mut().on_timeout(now, flight);
    }
    fn on_recovered(&mut self, now: Instant, flight: u32) {
        self.inner_mut().on_recovered(now, flight);
    }
    fn on_undo(&mut self, now: Instant) {
        self.inner_mut().on_undo(now);
    }
    fn on_idle(&mut self, initial_window: u32) {
        self.inner_mut().on_idle(initial_window);
    }
    fn on_mss(&mut self, mss: u32) {
        self.inner_mut().on_mss(mss);
    }
}
