//! A counter in the kernel that wakes whoever polls it: the driver, a blocked caller, the far end of a pipe.

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::io::Errno;
use std::io;
use tapip_core::time::Duration;

/// One eventfd. Raising it twice before it is cleared wakes once.
#[derive(Debug)]
pub(crate) struct Signal(OwnedFd);

/// How a sleep on a [`Signal`] ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Woken {
    /// The signal was raised.
    Raised,
    /// The time is up.
    TimedOut,
    /// A signal handler ran (EINTR): the caller decides whether to go on.
    Interrupted,
}

impl Signal {
    /// A signal that is not raised.
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?))
    }

    /// Raise it. The only failure there can be is a counter at its limit, and then it is raised already.
    pub(crate) fn raise(&self) {
        let _ = rustix::io::write(&self.0, &1u64.to_ne_bytes());
    }

    /// Take it back. That it was not raised is no failure.
    pub(crate) fn clear(&self) {
        let _ = rustix::io::read(&self.0, &mut [0u8; 8]);
    }

    /// Sleep until it is raised, at most for `limit`; it stays raised.
    pub(crate) fn sleep(&self, limit: Option<Duration>) -> io::Result<Woken> {
        let limit = limit.map(timespec);
        let mut fds = [PollFd::new(&self.0, PollFlags::IN)];
        match poll(&mut fds, limit.as_ref()) {
            Ok(0) => Ok(Woken::TimedOut),
            Ok(_) => Ok(Woken::Raised),
            Err(Errno::INTR) => Ok(Woken::Interrupted),
            Err(error) => Err(error.into()),
        }
    }
}

impl AsFd for Signal {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// The kernel's form of a span; longer ones than it takes are cut to a year, and whoever sleeps looks again.
pub(crate) fn timespec(span: Duration) -> Timespec {
    const YEAR: u64 = 365 * 86_400;
    let nanos = span.as_nanos().min(YEAR * 1_000_000_000);
    Timespec { tv_sec: (nanos / 1_000_000_000) as i64, tv_nsec: (nanos % 1_000_000_000) as i64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn raised_twice_wakes_once() {
        let signal = Signal::new().expect("eventfd");
        assert_eq!(signal.sleep(Some(Duration::ZERO)).expect("poll"), Woken::TimedOut);
        signal.raise();
        signal.raise();
        assert_eq!(signal.sleep(None).expect("poll"), Woken::Raised);
        signal.clear();
        assert_eq!(signal.sleep(Some(Duration::from_micros(10))).expect("poll"), Woken::TimedOut);
    }

    #[test]
    fn the_longest_span_is_one_the_kernel_takes() {
        assert_eq!(timespec(Duration::MAX).tv_sec, 365 * 86_400);
        assert_eq!(timespec(Duration::from_nanos(1_000_000_007)).tv_nsec, 7);
    }
}
