//! What can be seen from outside: counters, the trace ring, and the `Context` that carries both to the engines.
//!
//! Engines count and trace; they never print, send, sleep or read a clock.

#[cfg(test)]
mod bench;
mod context;
mod counters;
mod readiness;
mod trace;

#[cfg(test)]
pub(crate) use bench::Bench;
pub use context::Context;
pub use counters::{Counter, Counters, InterfaceCounters};
pub use readiness::Readiness;
pub use trace::{Layer, LayerMask, Record, Trace, TraceEvent, Value};

use std::fmt;

/// Names an interface of a stack. Numbers are never reused, so a stale one finds nothing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InterfaceId(pub u32);

impl fmt::Debug for InterfaceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "if{}", self.0)
    }
}
