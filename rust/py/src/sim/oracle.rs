//! Broken rules, as tuples that Python's `RuleBroken` is made of.

use pyo3::prelude::*;
use pyo3::types::PyBytes;
use tapip_core::sim::Violation;

/// Rule, clause, what was seen, time in nanoseconds, host, connection.
pub(super) type Broken = (&'static str, &'static str, String, u64, u32, Option<String>);
/// Number of the frame, its bytes, its words.
pub(super) type Frame<'py> = (u64, Bound<'py, PyBytes>, String);
/// A broken rule, the frame that broke it, and the direction that it left by.
pub(super) type Told<'py> = (Broken, Frame<'py>, Option<u32>);

/// A violation for Python.
pub(super) fn told(violation: &Violation) -> Broken {
    let Violation { at, host, tuple, rule, what } = violation;
    let connection = tuple.map(|tuple| format!("{} > {}", tuple.local, tuple.remote));
    (rule.name(), rule.clause(), what.clone(), at.as_nanos(), host.0, connection)
}
