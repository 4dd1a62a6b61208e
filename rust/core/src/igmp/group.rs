//! One group: who wants it, and what is still to be said about it.

use crate::time::Instant;
use crate::wire::RecordKind;

/// A change that is reported several times, in case a report is lost.
#[derive(Debug, Clone, Copy)]
pub(super) struct Change {
    pub(super) kind: RecordKind,
    pub(super) left: u8,
    pub(super) at: Instant,
}

/// A group of an interface.
#[derive(Debug, Default)]
pub(super) struct Group {
    /// Memberships; with none left, only the farewell is still to be said.
    pub(super) joins: usize,
    pub(super) change: Option<Change>,
    /// When a query about this group is to be answered.
    pub(super) response: Option<Instant>,
    /// Version 2: nobody has reported this group since we did, so leaving it is ours to say.
    pub(super) last_reporter: bool,
}

impl Group {
    /// Answer at `at`, unless that is due earlier already.
    pub(super) fn respond_by(&mut self, at: Instant) {
        self.response = Some(self.response.map_or(at, |earlier| earlier.min(at)));
    }

    /// When something is to be said next.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.change.map(|change| change.at).into_iter().chain(self.response).min()
    }

    /// Whether nothing keeps it.
    pub(super) const fn is_over(&self) -> bool {
        self.joins == 0 && self.change.is_none()
    }
}
