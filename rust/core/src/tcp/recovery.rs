//! Which bytes count as lost, and how far the congestion window stretches meanwhile: fast retransmit and NewReno
//! (RFC 5681 3.2, RFC 6582), limited transmit (RFC 3042).
//!
//! How much may be in flight is `congestion`'s business. A recovery by SACK or by time would replace this file and
//! leave that one alone.

use crate::wire::SeqNumber;

/// Duplicates that mean loss (RFC 5681 3.2).
const THRESHOLD: u32 = 3;

/// What is being repaired.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Nothing.
    Open,
    /// A segment that duplicates told of, and those that partial ACKs show up behind it.
    Fast {
        /// Whether an ACK of some of it came: the timer starts again for the first one only.
        partial: bool,
    },
    /// Everything that was in flight at a timeout.
    Loss,
}

/// What an ACK of new data means to the repair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    /// None is under way: the window may grow.
    Ordinary,
    /// A timeout is being repaired: the window may grow.
    AfterTimeout,
    /// The next hole shows: send its first segment again.
    Partial {
        /// Whether it is the first of this repair.
        first: bool,
    },
    /// All that was in flight when it began has arrived.
    Recovered,
}

/// The repair of one connection.
#[derive(Debug, Clone)]
pub(super) struct Recovery {
    phase: Phase,
    duplicates: u32,
    /// Bytes that may be in flight over the congestion window, because as many have left the network.
    extra: u32,
    /// What had been sent when the last repair began.
    recover: SeqNumber,
}

impl Recovery {
    /// Nothing to repair on a connection whose first number is `isn`.
    pub(super) const fn new(isn: SeqNumber) -> Self {
        Self { phase: Phase::Open, duplicates: 0, extra: 0, recover: isn }
    }

    /// Its name for display.
    pub(super) const fn name(&self) -> &'static str {
        match self.phase {
            Phase::Open => "open",
            Phase::Fast { .. } => "fast",
            Phase::Loss => "loss",
        }
    }

    /// Duplicate ACKs in a row, as far as they are counted.
    pub(super) const fn duplicates(&self) -> u32 {
        self.duplicates
    }

    /// Bytes that may be in flight over the congestion window.
    pub(super) const fn extra(&self) -> u32 {
        self.extra
    }

    /// A duplicate ACK of `una` came, with everything before `max` sent. True when fast recovery begins: send the
    /// segment at `una` again.
    pub(super) fn on_duplicate(
        &mut self,
        una: SeqNumber,
        max: SeqNumber,
        mss: u32,
        limited_transmit: bool,
    ) -> bool {
        match self.phase {
            //= rfc6582#3.2   each further duplicate: a segment left the network. Never more than there are in flight,
            // whatever a forger sends
            Phase::Fast { .. } => self.extra = (self.extra + mss).min(max.0.wrapping_sub(una.0)),
            Phase::Loss => {}
            Phase::Open => {
                self.duplicates += 1;
                if self.duplicates < THRESHOLD {
                    //= rfc3042#2   one new segment for each of the first two
                    self.extra = if limited_transmit { self.duplicates * mss } else { 0 };
                } else if una.after(self.recover) {
                    //= rfc6582#3.2   only for what was sent after the last repair
                    self.phase = Phase::Fast { partial: false };
                    self.recover = max;
                    //= rfc5681#3.2   the three that left the network
                    self.extra = THRESHOLD * mss;
                    return true;
                } else {
                    self.extra = 0;
                }
            }
        }
        false
    }

    /// New data up to `una` was acknowledged, `bytes` of it.
    pub(super) fn on_progress(&mut self, una: SeqNumber, bytes: u32, mss: u32) -> Progress {
        self.duplicates = 0;
        let done = una.at_or_after(self.recover);
        match self.phase {
            Phase::Open => {
                self.extra = 0;
                Progress::Ordinary
            }
            Phase::Fast { .. } if done => {
                (self.phase, self.extra) = (Phase::Open, 0);
                Progress::Recovered
            }
            Phase::Fast { partial } => {
                self.phase = Phase::Fast { partial: true };
                //= rfc6582#3.2   deflate by what was acknowledged, and give one segment back
                self.extra = self.extra.saturating_sub(bytes) + if bytes >= mss { mss } else { 0 };
                Progress::Partial { first: !partial }
            }
            Phase::Loss => {
                if done {
                    self.phase = Phase::Open;
                }
                Progress::AfterTimeout
            }
        }
    }

    /// The retransmission timer fired with everything before `max` sent.
    pub(super) const fn on_timeout(&mut self, max: SeqNumber) {
        //= rfc6582#4   no fast retransmit for what was in flight now
        *self = Self { phase: Phase::Loss, duplicates: 0, extra: 0, recover: max };
    }
}
