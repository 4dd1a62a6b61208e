//! The timers of a connection: a table, armed and disarmed by name.

use crate::time::Instant;

/// What a timer is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Timer {
    /// Something sent is not acknowledged (RFC 6298).
    Retransmit,
    /// The peer's window is too small for what we have (RFC 9293 3.8.6.1).
    Persist,
    /// An ACK waits for data to ride on (RFC 9293 3.8.6.3).
    DelayedAck,
    /// The connection is idle (RFC 9293 3.8.4).
    KeepAlive,
    /// The last state: FIN-WAIT-2 of a connection that nobody holds, or TIME-WAIT.
    Linger,
}

impl Timer {
    const ALL: [Self; 5] = [Self::Retransmit, Self::Persist, Self::DelayedAck, Self::KeepAlive, Self::Linger];

    /// The word in traces.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Retransmit => "retransmit",
            Self::Persist => "persist",
            Self::DelayedAck => "delayed-ack",
            Self::KeepAlive => "keep-alive",
            Self::Linger => "linger",
        }
    }
}

/// When each timer fires, if it is armed.
#[derive(Debug, Clone, Default)]
pub(super) struct Timers {
    at: [Option<Instant>; Timer::ALL.len()],
}

impl Timers {
    pub(super) const fn set(&mut self, timer: Timer, at: Instant) {
        self.at[timer as usize] = Some(at);
    }

    pub(super) const fn stop(&mut self, timer: Timer) {
        self.at[timer as usize] = None;
    }

    pub(super) const fn is_set(&self, timer: Timer) -> bool {
        self.at[timer as usize].is_some()
    }

    pub(super) const fn when(&self, timer: Timer) -> Option<Instant> {
        self.at[timer as usize]
    }

    /// The nearest deadline.
    pub(super) fn next(&self) -> Option<Instant> {
        self.at.iter().flatten().min().copied()
    }

    /// Disarm and name one that is due.
    pub(super) fn expire(&mut self, now: Instant) -> Option<Timer> {
        let due = Timer::ALL.into_iter().find(|timer| self.when(*timer).is_some_and(|at| at <= now))?;
        self.stop(due);
        Some(due)
    }

    /// Those that are armed, for display.
    pub(super) fn armed(&self) -> impl Iterator<Item = (&'static str, Instant)> {
        Timer::ALL.into_iter().filter_map(|timer| self.when(timer).map(|at| (timer.name(), at)))
    }
}
