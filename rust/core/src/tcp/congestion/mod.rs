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
    /// Payload bytes of a full segment.
    pub mss: u32,
    /// First window, bytes.
    pub window: u32,
    /// Most segments of growth for one ACK in slow start.
    pub abc_limit: u32,
}

/// New data was acknowledged outside recovery.
#[derive(Debug, Clone, Copy)]
pub struct Acked {
    /// When.
    pub now: Instant,
    /// Payload bytes acknowledged for the first time.
    pub bytes: u32,
    /// Bytes in flight before this ACK.
    pub flight: u32,
    /// The round trip that this ACK measured, if it did.
    pub rtt: Option<Duration>,
    /// Whether the window, not the application, held us back: only then may it grow (RFC 7661's concern).
    pub limited: bool,
    /// Whether data sent again after a timeout is being acknowledged: growth is one segment an ACK then.
    pub after_timeout: bool,
}

/// An algorithm.
pub trait CongestionControl {
    /// Bytes that may be in flight.
    fn window(&self) -> u32;
    /// Slow start threshold, for display.
    fn threshold(&self) -> u32;
    /// New data was acknowledged outside recovery.
    fn on_ack(&mut self, acked: Acked);
    /// Loss was inferred from duplicates or SACK: fast recovery begins.
    fn on_loss(&mut self, now: Instant, flight: u32);
    /// The first timeout of a row: everything in flight counts as lost.
    fn on_timeout(&mut self, now: Instant, flight: u32);
    /// Fast recovery ended with `flight` bytes still out.
    fn on_recovered(&mut self, now: Instant, flight: u32);
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
    fn on_ack(&mut self, acked: Acked) {
        self.inner_mut().on_ack(acked);
    }
    fn on_loss(&mut self, now: Instant, flight: u32) {
        self.inner_mut().on_loss(now, flight);
    }
    fn on_timeout(&mut self, now: Instant, flight: u32) {
        self.inner_mut().on_timeout(now, flight);
    }
    fn on_recovered(&mut self, now: Instant, flight: u32) {
        self.inner_mut().on_recovered(now, flight);
    }
    fn on_idle(&mut self, initial_window: u32) {
        self.inner_mut().on_idle(initial_window);
    }
    fn on_mss(&mut self, mss: u32) {
        self.inner_mut().on_mss(mss);
    }
}
