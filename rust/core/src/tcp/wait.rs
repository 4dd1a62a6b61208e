//! What the sender waits for, and for how long it did: two questions that every stalled transfer asks.
//!
//! `transmit` decides what goes out next; where that is nothing, its answer is a [`Wait`], and it is kept. So what is
//! shown is never another opinion than the one that held the data back.

use crate::time::{Duration, Instant};

/// Why nothing goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Wait {
    /// It does not wait: more leaves as soon as the driver asks.
    #[default]
    Nothing,
    /// The handshake is not over.
    Handshake,
    /// All that was queued is out; the application owes more.
    Application,
    /// All that fits into the send buffer is out, and the application has more.
    SendBuffer,
    /// The congestion window is full, or has no room for a whole segment.
    CongestionWindow,
    /// The peer's window is full.
    ReceiveWindow,
    /// The peer's window has room, but less than is worth a segment (RFC 9293 3.8.6.2.1).
    SillyWindow,
    /// Pacing spreads the output.
    Pacing,
    /// A small segment waits for what is out to be acknowledged (Nagle, RFC 9293 3.7.4).
    Nagle,
    /// A small segment waits for more, as the application asked (TCP_CORK).
    Cork,
    /// The FIN is out, or the connection is over: there is nothing to wait for.
    Closed,
}

impl Wait {
    /// Its name for display.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Handshake => "handshake",
            Self::Application => "application",
            Self::SendBuffer => "send-buffer",
            Self::CongestionWindow => "cwnd",
            Self::ReceiveWindow => "receive-window",
            Self::SillyWindow => "silly-window",
            Self::Pacing => "pacing",
            Self::Nagle => "nagle",
            Self::Cork => "cork",
            Self::Closed => "closed",
        }
    }
}

/// How a sender spent its time (RFC 4898's tcpEStatsPerf times, tcp_info's busy_time and its parts).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WaitTimes {
    /// With data queued or out.
    pub busy: Duration,
    /// Of that, held back by the peer's window.
    pub receive_window: Duration,
    /// Of that, held back by too small a send buffer.
    pub send_buffer: Duration,
}

/// What the clock runs for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Running {
    #[default]
    Idle,
    Busy,
    ReceiveWindow,
    SendBuffer,
}

/// The clock behind [`WaitTimes`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WaitClock {
    running: Running,
    since: Instant,
    times: WaitTimes,
}

impl WaitClock {
    /// The sender waits for `wait` from now on; `busy` if anything is queued or out.
    pub(super) fn note(&mut self, now: Instant, wait: Wait, busy: bool) {
        let running = match wait {
            _ if !busy => Running::Idle,
            Wait::ReceiveWindow | Wait::SillyWindow => Running::ReceiveWindow,
            Wait::SendBuffer => Running::SendBuffer,
            _ => Running::Busy,
        };
        if running != self.running {
            (self.times, self.running, self.since) = (self.times(now), running, now);
        }
    }

    /// The times until now.
    pub fn times(&self, now: Instant) -> WaitTimes {
        let (mut times, span) = (self.times, now.since(self.since));
        match self.running {
            Running::Idle => return times,
            Running::Busy => {}
            Running::ReceiveWindow => times.receive_window += span,
            Running::SendBuffer => times.send_buffer += span,
        }
        times.busy += span;
        times
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_lie_within_busy_and_the_one_that_runs_counts() {
        let mut clock = WaitClock::default();
        let at = Instant::from_millis;
        clock.note(at(10), Wait::CongestionWindow, true);
        clock.note(at(15), Wait::ReceiveWindow, true);
        clock.note(at(35), Wait::SendBuffer, true);
        clock.note(at(40), Wait::Application, true);
        clock.note(at(50), Wait::Application, false);
        let ms = Duration::from_millis;
        let times = WaitTimes { busy: ms(40), receive_window: ms(20), send_buffer: ms(5) };
        assert_eq!(clock.times(at(90)), times);
        clock.note(at(100), Wait::SillyWindow, true);
        assert_eq!(clock.times(at(101)).receive_window, ms(21));
    }
}
