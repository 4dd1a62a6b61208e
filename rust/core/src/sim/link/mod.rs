//! Links: two directions, each with its impairments, its queue, its transmitter, its own state and statistics.
//!
//! A frame's way: carrier and MTU (`direction`) -> its fate (impair) -> queue (queue) -> transmitter, by rate or by a
//! capacity trace (`direction`, `capacity`) -> flight (impair) -> the far end. `gauge` counts all of it.

mod capacity;
mod capture;
mod direction;
mod gauge;
mod spec;

#[cfg(test)]
mod tests;

pub use capacity::CapacityTrace;
pub(super) use capture::{Capture, add as add_to_capture, begin as begin_capture};
pub(super) use direction::Direction;
pub use direction::Predicate;
pub(super) use gauge::Gauge;
pub use gauge::{Cause, Counts, DirectionStats, QueueRow};
pub use spec::LinkSpec;
