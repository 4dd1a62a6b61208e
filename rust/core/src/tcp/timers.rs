//! The timers of a synchronized connection, as a table.

use crate::time::Instant;

/// What a connection may wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Timer {
    /// An acknowledgment of what is in flight (RFC 6298).
    Retransmit,
    /// An ACK to come soon; if it does not, a probe goes out (RFC 8985 7).
    TailProbe,
    /// What was overtaken to arrive late (RFC 8985 6.2).
    Reordering,
    /// Pacing to allow the next unit.
    Pacing,
    /// The peer's window to open, or SWS avoidance to give in (RFC 9293 3.8.6.1, 3.8.6.2.1).
    Persist,
    /// A reason to send an ACK along (RFC 9293 3.8.6.3).
    DelayedAck,
    /// Any sign of life (RFC 9293 3.8.4).
    KeepAlive,
    /// The FIN of a peer to whom nobody listens any more.
    Orphan,
    /// A pause long enough to give grown buffers back.
    Rest,
    /// More to fill a segment with (TCP_CORK).
    Cork,
}

impl Timer {
    const ALL: [Self; 10] = [
        Self::Pacing,
        Self::Reordering,
        Self::TailProbe,
        Self::Retransmit,
        Self::Persist,
        Self::DelayedAck,
        Self::KeepAlive,
        Self::Orphan,
        Self::Rest,
        Self::Cork,
    ];

    /// Its name in traces.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Retransmit => "retransmit",
            Self::TailProbe => "tail-probe",
            Self::Reordering => "reordering",
            Self::Pacing => "pacing",
            Self::Persist => "persist",
            Self::DelayedAck => "delayed-ack",
            Self::KeepAlive => "keep-alive",
            Self::Orphan => "fin-wait-2",
            Self::Rest => "rest",
            Self::Cork => "cork",
        }
    }
}

/// Deadlines; one that is not armed lies beyond all time.
#[derive(Debug, Clone)]
pub(super) struct Timers {
    deadlines: [Instant; Timer::ALL.len()],
}

impl Default for Timers {
    fn default() -> Self {
        Self { deadlines: [Instant::FAR_FUTURE; Timer::ALL.len()] }
    }
}

impl Timers {
    /// Arm, or move.
    pub(super) const fn set(&mut self, timer: Timer, at: Instant) {
        self.deadlines[timer as usize] = at;
    }

    /// Disarm.
    pub(super) const fn clear(&mut self, timer: Timer) {
        self.deadlines[timer as usize] = Instant::FAR_FUTURE;
    }

    /// Whether it is armed.
    pub(super) fn is_set(&self, timer: Timer) -> bool {
        self.deadlines[timer as usize] != Instant::FAR_FUTURE
    }

    /// When it fires; beyond all time if it is not armed.
    pub(super) const fn at(&self, timer: Timer) -> Instant {
        self.deadlines[timer as usize]
    }

    /// One that is due, disarmed by that.
    pub(super) fn expire(&mut self, now: Instant) -> Option<Timer> {
        let timer = Timer::ALL.into_iter().find(|timer| self.deadlines[*timer as usize] <= now)?;
        self.clear(timer);
        Some(timer)
    }

    /// The nearest deadline.
    pub(super) fn next(&self) -> Option<Instant> {
        self.deadlines.into_iter().min().filter(|at| *at != Instant::FAR_FUTURE)
    }

    /// Those that are armed.
    pub(super) fn armed(&self) -> impl Iterator<Item = (&'static str, Instant)> {
        let armed = Timer::ALL.into_iter().filter(|timer| self.is_set(*timer));
        armed.map(|timer| (timer.name(), self.deadlines[timer as usize]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_is_next_and_each_fires_once() {
        let mut timers = Timers::default();
        assert_eq!(timers.next(), None);
        timers.set(Timer::KeepAlive, Instant::from_secs(3));
        timers.set(Timer::Retransmit, Instant::from_secs(1));
        assert_eq!(timers.next(), Some(Instant::from_secs(1)));
        assert_eq!(timers.expire(Instant::from_millis(999)), None);
        assert_eq!(timers.expire(Instant::from_secs(5)), Some(Timer::Retransmit));
        assert_eq!(timers.expire(Instant::from_secs(5)), Some(Timer::KeepAlive));
        assert_eq!(timers.expire(Instant::from_secs(5)), None);
    }
}
