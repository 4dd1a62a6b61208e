//! Congestion control: how much may be under way. One file an algorithm, behind one trait.

mod reno;

use reno::Reno;

use crate::time::{Duration, Instant};

/// The algorithms to choose from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Kind {
    /// RFC 5681.
    #[default]
    Reno,
}

impl Kind {
    /// All of them; the place in this list is the number by which a knob names one.
    pub const ALL: &'static [Self] = &[Self::Reno];

    /// The name, as Linux's net.ipv4.tcp_congestion_control has it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reno => "reno",
        }
    }
}

/// What an acknowledgment of new data tells a congestion control.
#[derive(Debug, Clone, Copy)]
pub struct Acked {
    /// When it came.
    pub now: Instant,
    /// Bytes that it newly acknowledges.
    pub bytes: u64,
    /// Bytes that were under way before it.
    pub flight: u64,
    /// The round trip that it measured, if it did.
    pub rtt: Option<Duration>,
}

/// An algorithm. It knows bytes and time, nothing of segments or sockets; all figures are bytes of payload.
pub trait Controller {
    /// How much may be under way.
    fn window(&self) -> u64;
    /// Where slow start ends.
    fn threshold(&self) -> u64;
    /// New data was acknowledged, outside of loss recovery.
    fn on_ack(&mut self, acked: &Acked);
    /// A loss was found by duplicate ACKs while `flight` bytes were under way: recovery begins.
    fn on_loss(&mut self, now: Instant, flight: u64);
    /// Recovery is over; `flight` bytes are under way.
    fn on_recovered(&mut self, now: Instant, flight: u64);
    /// The retransmission timer fired while `flight` bytes were under way; `first` unless it did before for the same data.
    fn on_timeout(&mut self, now: Instant, flight: u64, first: bool);
    /// The largest segment changed.
    fn set_mss(&mut self, mss: u64);
}

/// The algorithm of one connection. An enum: a call costs a branch, and the state stands in the connection itself.
#[derive(Debug)]
pub(super) enum Congestion {
    Reno(Reno),
}

impl Congestion {
    pub(super) fn new(kind: Kind, mss: u64, initial_window: u64) -> Self {
        match kind {
            Kind::Reno => Self::Reno(Reno::new(mss, initial_window)),
        }
    }

    pub(super) const fn kind(&self) -> Kind {
        match self {
            Self::Reno(_) => Kind::Reno,
        }
    }

    pub(super) fn controller(&self) -> &dyn Controller {
        match self {
            Self::Reno(reno) => reno,
        }
    }

    pub(super) fn controller_mut(&mut self) -> &mut dyn Controller {
        match self {
            Self::Reno(reno) => reno,
        }
    }
}
