//! The grid: one transfer for each combination of loss, reordering, round trip, rate, buffer and congestion control.
//!
//! A [`Cell`] is such a combination. Running it gives a [`Reading`]; a [`Snapshot`] holds the goodput of each cell as it
//! was, and `compare` says of a set of readings whether any got slower, or rises with loss, or falls with rate.

mod cell;
mod compare;
mod snapshot;

#[cfg(test)]
mod tests;

pub use cell::{Cell, Reading};
pub use compare::{Disorder, disorders, shortfalls};
pub use snapshot::Snapshot;
