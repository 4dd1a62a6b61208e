//! Which repair is under way, and how far it got: fast recovery (RFC 6675, RFC 8985, without SACK RFC 6582), the repair
//! of a timeout, and F-RTO (RFC 5682), which finds out whether the timeout was one.
//!
//! What is lost, `flight` and `rack` know; how much may be in flight, `congestion` and, on the way down, `prr`.

use super::prr::Prr;
use crate::wire::SeqNumber;

/// Duplicates that mean loss (RFC 5681 3.2).
pub(super) const DUP_THRESHOLD: u32 = 3;

/// What is being repaired.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Nothing.
    Open,
    /// A loss that SACK, time or duplicates told of, and those that show up meanwhile.
    Fast,
    /// Everything that was in flight at a timeout.
    Loss,
}

/// How far F-RTO is (RFC 5682 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Frto {
    /// Not under way.
    Off,
    /// Step 2: the first segment went out again; the next ACK decides what follows.
    First,
    /// Step 3: new data went out instead of retransmissions; the next ACK decides whether the timeout was one.
    Second,
}

/// The repair of one connection.
#[derive(Debug)]
pub(super) struct Recovery {
    phase: Phase,
    /// Duplicate ACKs in a row.
    duplicates: u32,
    /// What had been sent when the last repair began: it ends when all of this is acknowledged.
    recover: SeqNumber,
    pub(super) frto: Frto,
    pub(super) prr: Prr,
}

impl Recovery {
    /// Nothing to repair on a connection whose first number is `isn`.
    pub(super) fn new(isn: SeqNumber) -> Self {
        Self { phase: Phase::Open, duplicates: 0, recover: isn, frto: Frto::Off, prr: Prr::default() }
    }

    /// Its name for display.
    pub(super) const fn name(&self) -> &'static str {
        match self.phase {
            Phase::Open => "open",
            Phase::Fast => "fast",
            Phase::Loss => "loss",
        }
    }

    pub(super) const fn phase(&self) -> Phase {
        self.phase
    }

    /// Duplicate ACKs in a row.
    pub(super) const fn duplicates(&self) -> u32 {
        self.duplicates
    }

    /// A duplicate ACK without SACK. True if it is the one that shows a loss: never of what an earlier repair sent
    /// (RFC 6582 3.2, step 2).
    pub(super) fn on_duplicate(&mut self, una: SeqNumber) -> bool {
        self.duplicates = self.duplicates.saturating_add(1);
        self.phase == Phase::Open && self.duplicates == DUP_THRESHOLD && una.after(self.recover)
    }

    /// `segments` were acknowledged in order. Returns how many of them duplicates had told of before: one of them was
    /// the hole, and during a repair the others count as they are found.
    pub(super) fn on_progress(&mut self, segments: u32) -> u32 {
        let told = match self.phase {
            Phase::Fast => segments.saturating_sub(1).min(self.duplicates),
            Phase::Open | Phase::Loss => self.duplicates,
        };
        self.duplicates -= told;
        told
    }

    /// Fast recovery of all before `max` begins.
    pub(super) const fn begin(&mut self, max: SeqNumber, prr: Prr) {
        (self.phase, self.recover, self.prr) = (Phase::Fast, max, prr);
    }

    /// Whether an ACK of all before `una` ends the repair.
    pub(super) fn is_done(&self, una: SeqNumber) -> bool {
        self.phase != Phase::Open && una.at_or_after(self.recover)
    }

    /// No repair is under way any more.
    pub(super) const fn end(&mut self) {
        (self.phase, self.frto, self.duplicates) = (Phase::Open, Frto::Off, 0);
    }

    /// The retransmission timer fired with everything before `max` sent; `doubt` if F-RTO shall find out whether rightly.
    pub(super) fn on_timeout(&mut self, max: SeqNumber, doubt: bool) {
        //= rfc5682#3.1   step 1: only where no other repair is under way
        self.frto = if doubt && self.phase == Phase::Open { Frto::First } else { Frto::Off };
        (self.phase, self.duplicates, self.recover) = (Phase::Loss, 0, max);
    }
}
