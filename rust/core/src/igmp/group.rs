//! One group: who wants it, and what is still to be said about it.

use crate::time::Instant;
use crate::wire::RecordKind;
use std::collections::BTreeSet;
use std::net::Ipv4Addr;

/// Sources that are remembered of queries about one group; with more, the answer is about the whole group. A record of
/// so many fits any report.
const MAX_SOURCES: usize = 256;

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
    /// The sources that it is about; none stands for the whole group.
    pub(super) queried: BTreeSet<Ipv4Addr>,
    /// Version 2: nobody has reported this group since we did, so leaving it is ours to say.
    pub(super) last_reporter: bool,
}

impl Group {
    /// Answer at `at`, unless that is due earlier already, about `sources` or, without any, the whole group.
    pub(super) fn respond_by(&mut self, at: Instant, sources: &[Ipv4Addr]) {
        //= rfc3376#5.2   a query about the whole group swallows those about sources, and these add up
        let whole = sources.is_empty() || self.response.is_some() && self.queried.is_empty();
        self.response = Some(self.response.map_or(at, |earlier| earlier.min(at)));
        self.queried.extend(sources);
        if whole || self.queried.len() > MAX_SOURCES {
            self.queried.clear();
        }
    }

    /// Whether an answer is due; it is taken, with the sources that it is about.
    pub(super) fn take_response(&mut self, now: Instant) -> Option<Vec<Ipv4Addr>> {
        self.response.take_if(|at| *at <= now)?;
        Some(std::mem::take(&mut self.queried).into_iter().collect())
    }

    /// There is nothing to answer any more.
    pub(super) fn forget_response(&mut self) {
        self.response = None;
        self.queried.clear();
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
