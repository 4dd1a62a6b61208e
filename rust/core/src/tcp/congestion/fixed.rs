//! A window that never moves: to see what congestion control is for, and to measure a path.

use super::{Acked, CongestionControl, MAX_WINDOW, Start};
use crate::time::Instant;

/// So many segments, whatever happens.
#[derive(Debug, Clone)]
pub struct Fixed {
    mss: u32,
    segments: u32,
}

impl Fixed {
    /// As the knob says.
    pub const fn new(start: Start) -> Self {
        Self { mss: start.mss, segments: start.fixed_window }
    }
}

impl CongestionControl for Fixed {
    fn window(&self) -> u32 {
        self.segments.max(1).saturating_mul(self.mss).min(MAX_WINDOW)
    }

    fn threshold(&self) -> u32 {
        self.window()
    }

    /// Nobody else may cut the window either.
    fn repairs_itself(&self) -> bool {
        true
    }

    fn phase(&self) -> &'static str {
        "fixed"
    }

    fn on_ack(&mut self, _acked: Acked) {}

    fn on_loss(&mut self, _now: Instant, _flight: u32) {}

    fn on_timeout(&mut self, _now: Instant, _flight: u32) {}

    fn on_recovered(&mut self, _now: Instant, _flight: u32) {}

    fn on_undo(&mut self, _now: Instant) {}

    fn on_idle(&mut self, _initial_window: u32) {}

    fn on_mss(&mut self, mss: u32) {
        self.mss = mss;
    }
}
