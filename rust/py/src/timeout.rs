//! Timeouts: Python's seconds and None, the core's durations.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use std::sync::atomic::{AtomicU64, Ordering};
use tapip_core::time::{Duration, Instant};

/// More than a century: whoever says more means for ever, and durations do not overflow.
const FOREVER: f64 = 4e9;

/// A duration out of the argument `name`, in seconds.
pub(crate) fn seconds(name: &str, value: f64) -> PyResult<Duration> {
    if value.is_nan() || value < 0.0 {
        return Err(PyValueError::new_err(format!("{name} must be 0 or more seconds, not {value}")));
    }
    Ok(if value > FOREVER { Duration::MAX } else { Duration::from_nanos((value * 1e9).round() as u64) })
}

/// A limit out of the argument `name`: none, or seconds.
pub(crate) fn limit(name: &str, value: Option<f64>) -> PyResult<Option<Duration>> {
    let limit = value.map(|value| seconds(name, value)).transpose()?;
    Ok(limit.filter(|limit| *limit != Duration::MAX))
}

/// A duration in Python's seconds.
pub(crate) fn to_seconds(duration: Duration) -> f64 {
    duration.as_nanos() as f64 / 1e9
}

/// A point on the stack's clock in Python's seconds.
pub(crate) fn to_time(instant: Instant) -> f64 {
    instant.as_nanos() as f64 / 1e9
}

/// The timeout of a socket, which any thread may change.
pub(crate) struct Timeout(AtomicU64);

impl Timeout {
    const NONE: u64 = u64::MAX;

    /// A timeout to begin with.
    pub(crate) fn new(limit: Option<Duration>) -> Self {
        let timeout = Self(AtomicU64::new(Self::NONE));
        timeout.set(limit);
        timeout
    }

    /// Change it.
    pub(crate) fn set(&self, limit: Option<Duration>) {
        self.0.store(limit.map_or(Self::NONE, Duration::as_nanos), Ordering::Relaxed);
    }

    /// It.
    pub(crate) fn value(&self) -> Option<Duration> {
        Some(self.0.load(Ordering::Relaxed)).filter(|nanos| *nanos != Self::NONE).map(Duration::from_nanos)
    }
}
