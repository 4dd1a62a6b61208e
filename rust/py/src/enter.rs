//! The one door through which the GIL is released.
//!
//! Every call into the stack goes through here: `py.enter(|| ...)` for one that is over at once, `py.enter_until(limit,
//! |left| ...)` for one that may sleep. A sleeper that a signal woke comes back, Python's signal handlers run, and
//! unless one of them raised (Ctrl-C), it goes on with the time that is left.

use crate::error::raise;
use pyo3::prelude::*;
use tapip_core::time::{Duration, Instant};
use tapip_host::{HostError, monotonic};

/// When a call that may sleep has to be back.
#[derive(Clone, Copy)]
pub(crate) enum Deadline {
    /// Never.
    None,
    /// At once: it does not sleep at all.
    Now,
    /// Then.
    At(Instant),
}

impl Deadline {
    /// `limit` from now.
    pub(crate) fn after(limit: Option<Duration>) -> Self {
        match limit {
            None => Self::None,
            Some(Duration::ZERO) => Self::Now,
            Some(limit) => Self::At(monotonic() + limit),
        }
    }

    /// What is left. When a deadline has passed that is a nanosecond: zero would say "do not wait", and get another error.
    pub(crate) fn left(self) -> Option<Duration> {
        match self {
            Self::None => None,
            Self::Now => Some(Duration::ZERO),
            Self::At(at) => Some(at.since(monotonic()).max(Duration::from_nanos(1))),
        }
    }
}

/// Leaving the interpreter, and coming back with its exceptions.
pub(crate) trait Enter {
    /// Run `call` without the GIL.
    fn enter<T: Send>(self, call: impl FnOnce() -> Result<T, HostError> + Send) -> PyResult<T>;

    /// Run `call`, which sleeps at most as long as it is told, without the GIL; again after each signal.
    fn enter_until<T: Send>(
        self,
        limit: Option<Duration>,
        call: impl FnMut(Option<Duration>) -> Result<T, HostError> + Send,
    ) -> PyResult<T>;
}

impl Enter for Python<'_> {
    fn enter<T: Send>(self, call: impl FnOnce() -> Result<T, HostError> + Send) -> PyResult<T> {
        self.detach(call).map_err(|error| raise(self, &error))
    }

    fn enter_until<T: Send>(
        self,
        limit: Option<Duration>,
        mut call: impl FnMut(Option<Duration>) -> Result<T, HostError> + Send,
    ) -> PyResult<T> {
        let deadline = Deadline::after(limit);
        loop {
            match self.detach(|| call(deadline.left())) {
                Err(HostError::Interrupted) => self.check_signals()?,
                result => return result.map_err(|error| raise(self, &error)),
            }
        }
    }
}
