//! A hierarchical timer wheel: set and cancel in O(1), microsecond ticks.

use crate::time::Instant;

/// Names one armed timer; stale once it fired or was cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimerKey {
    index: u32,
    generation: u32,
}

/// Timers carrying a `T` each.
pub struct TimerWheel<T> {
    _t: std::marker::PhantomData<T>,
}

impl<T: Copy> TimerWheel<T> {
    /// An empty wheel that starts at `now`.
    pub fn new(now: Instant) -> Self {
        let _ = now;
        todo!()
    }
    /// Arm a timer. One in the past fires at the next `expire`.
    pub fn set(&mut self, at: Instant, value: T) -> TimerKey {
        let _ = (at, value);
        todo!()
    }
    /// Disarm a timer; false when it had fired or been cancelled.
    pub fn cancel(&mut self, key: TimerKey) -> bool {
        let _ = key;
        todo!()
    }
    /// The next timer that is due at `now`, in order of (deadline tick, order of arming); call until `None`.
    pub fn expire(&mut self, now: Instant) -> Option<T> {
        let _ = now;
        todo!()
    }
    /// When `expire` should be called next: exact for the nearest timer, or never later than it.
    pub fn next_deadline(&self) -> Option<Instant> {
        todo!()
    }
    /// Armed timers.
    pub fn len(&self) -> usize {
        todo!()
    }
    /// Whether none is armed.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
