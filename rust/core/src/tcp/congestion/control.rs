//! The algorithm of one connection, and how another takes its place.

use super::{Acked, Bbr, CongestionControl, Cubic, Dctcp, Fixed, Kind, RateSample, Reno, Start};
use crate::time::Instant;

/// The algorithm of one connection. An enum and not a box: one branch, no allocation.
#[derive(Debug, Clone)]
pub enum Control {
    /// See [`Reno`].
    Reno(Reno),
    /// See [`Cubic`].
    Cubic(Cubic),
    /// See [`Bbr`]; boxed, being as large as all others together.
    Bbr(Box<Bbr>),
    /// See [`Dctcp`].
    Dctcp(Dctcp),
    /// See [`Fixed`].
    Fixed(Fixed),
}

impl Control {
    /// A fresh controller of `kind`.
    pub fn new(kind: Kind, start: Start) -> Self {
        match kind {
            Kind::Reno => Self::Reno(Reno::new(start)),
            Kind::Cubic => Self::Cubic(Cubic::new(start)),
            Kind::Bbr => Self::Bbr(Box::new(Bbr::new(start))),
            Kind::Dctcp => Self::Dctcp(Dctcp::new(start)),
            Kind::Fixed => Self::Fixed(Fixed::new(start)),
        }
    }

    /// Another algorithm takes over where this one stands: its window and threshold, `start`'s all else.
    pub fn switch(&mut self, kind: Kind, start: Start) {
        if kind != self.kind() {
            self.renew(kind, start);
        }
    }

    /// As `switch`, though it be the same algorithm.
    pub fn renew(&mut self, kind: Kind, start: Start) {
        *self = Self::new(kind, Start { window: self.window(), threshold: self.threshold(), ..start });
    }

    /// The algorithm in use.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Reno(_) => Kind::Reno,
            Self::Cubic(_) => Kind::Cubic,
            Self::Bbr(_) => Kind::Bbr,
            Self::Dctcp(_) => Kind::Dctcp,
            Self::Fixed(_) => Kind::Fixed,
        }
    }

    fn inner(&self) -> &dyn CongestionControl {
        match self {
            Self::Reno(reno) => reno,
            Self::Cubic(cubic) => cubic,
            Self::Bbr(bbr) => bbr.as_ref(),
            Self::Dctcp(dctcp) => dctcp,
            Self::Fixed(fixed) => fixed,
        }
    }

    fn inner_mut(&mut self) -> &mut dyn CongestionControl {
        match self {
            Self::Reno(reno) => reno,
            Self::Cubic(cubic) => cubic,
            Self::Bbr(bbr) => bbr.as_mut(),
            Self::Dctcp(dctcp) => dctcp,
            Self::Fixed(fixed) => fixed,
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
    fn takes_marks_for_losses(&self) -> bool {
        self.inner().takes_marks_for_losses()
    }
    fn phase(&self) -> &'static str {
        self.inner().phase()
    }
    fn on_sent(&mut self, now: Instant, flight: u32, app_limited: bool) {
        self.inner_mut().on_sent(now, flight, app_limited);
    }
    fn on_marks(&mut self, bytes: u32) {
        self.inner_mut().on_marks(bytes);
    }
    fn on_delivery(&mut self, bytes: u32, sample: &RateSample) {
        self.inner_mut().on_delivery(bytes, sample);
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

#[cfg(test)]
mod tests;
