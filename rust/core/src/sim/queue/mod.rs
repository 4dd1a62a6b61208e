//! What waits for a link, and what is dropped or marked because too much does: the queue disciplines.
//!
//! A discipline is told of a packet that comes (`push`) and asked for the one that leaves (`pop`); in between it may drop
//! any, or mark it (ecn). What it does it writes into the [`Gauge`] that it is lent. Limits are those of the link and
//! count what is being sent as well.

mod codel;
mod ecn;
mod fifo;
mod fq_codel;
mod red;

pub use codel::CodelSpec;
pub use fq_codel::FqCodelSpec;
pub use red::RedSpec;

use super::link::{Cause, Gauge};
use crate::buffer::Packet;
use crate::rng::Rng;
use crate::time::Instant;
use codel::Codel;
use fifo::Fifo;
use fq_codel::FqCodel;
use red::Red;

/// A packet that waits.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) packet: Packet,
    /// Since when.
    pub(super) since: Instant,
}

/// Which packets are dropped or marked, and which leaves next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Discipline {
    /// First in, first out; what finds the queue full is lost.
    Fifo {
        /// Mark ECN-capable packets that find more than so many bytes waiting (as DCTCP wants it, RFC 8257); 0 for none.
        mark_bytes: u64,
    },
    /// Random early detection (Floyd and Jacobson 1993).
    Red(RedSpec),
    /// Controlled delay (RFC 8289).
    Codel(CodelSpec),
    /// Fair queueing with controlled delay in each queue (RFC 8290).
    FqCodel(FqCodelSpec),
}

impl Default for Discipline {
    fn default() -> Self {
        Self::Fifo { mark_bytes: 0 }
    }
}

/// How much may wait, the packet that is being sent included.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) bytes: u64,
    pub(super) packets: u64,
    /// Bytes of the packet that is being sent; 0 when none is.
    pub(super) sending: u64,
}

impl Limits {
    /// Whether so much is more than may wait.
    pub(super) fn exceeded(&self, backlog: Backlog) -> bool {
        backlog.bytes + self.sending > self.bytes
            || backlog.packets + u64::from(self.sending > 0) > self.packets
    }
}

/// How much waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Backlog {
    pub(super) bytes: u64,
    pub(super) packets: u64,
}

impl Backlog {
    pub(super) const fn add(&mut self, length: usize) {
        self.bytes += length as u64;
        self.packets += 1;
    }

    pub(super) const fn sub(&mut self, length: usize) {
        self.bytes -= length as u64;
        self.packets -= 1;
    }

    /// With one more packet.
    pub(super) const fn plus(mut self, length: usize) -> Self {
        self.add(length);
        self
    }
}

/// A queue of any discipline. An enum: a call costs a branch.
#[derive(Debug)]
pub(super) enum Queue {
    Fifo(Fifo),
    Red(Red),
    Codel(Codel),
    FqCodel(Box<FqCodel>),
}

impl Queue {
    pub(super) fn new(discipline: Discipline, now: Instant, rng: &mut Rng) -> Self {
        match discipline {
            Discipline::Fifo { mark_bytes } => Self::Fifo(Fifo::new(mark_bytes)),
            Discipline::Red(spec) => Self::Red(Red::new(spec, now, rng.fork())),
            Discipline::Codel(spec) => Self::Codel(Codel::new(spec)),
            Discipline::FqCodel(spec) => Self::FqCodel(Box::new(FqCodel::new(spec, rng.key()))),
        }
    }

    /// A packet comes.
    pub(super) fn push(&mut self, now: Instant, waiting: Waiting, limits: &Limits, gauge: &mut Gauge) {
        match self {
            Self::Fifo(queue) => queue.push(waiting, limits, gauge),
            Self::Red(queue) => queue.push(now, waiting, limits, gauge),
            Self::Codel(queue) => queue.push(waiting, limits, gauge),
            Self::FqCodel(queue) => queue.push(waiting, limits, gauge),
        }
    }

    /// The packet that leaves.
    pub(super) fn pop(&mut self, now: Instant, gauge: &mut Gauge) -> Option<Waiting> {
        match self {
            Self::Fifo(queue) => queue.pop(),
            Self::Red(queue) => queue.pop(now),
            Self::Codel(queue) => queue.pop(now, gauge),
            Self::FqCodel(queue) => queue.pop(now, gauge),
        }
    }

    pub(super) const fn backlog(&self) -> Backlog {
        match self {
            Self::Fifo(queue) => queue.backlog(),
            Self::Red(queue) => queue.backlog(),
            Self::Codel(queue) => queue.backlog(),
            Self::FqCodel(queue) => queue.backlog(),
        }
    }

    /// All that waits, oldest first, out of the discipline's hands.
    pub(super) fn clear(&mut self) -> Vec<Waiting> {
        let mut all = match self {
            Self::Fifo(queue) => queue.clear(),
            Self::Red(queue) => queue.clear(),
            Self::Codel(queue) => queue.clear(),
            Self::FqCodel(queue) => queue.clear(),
        };
        all.sort_by_key(|waiting| waiting.since);
        all
    }
}

/// Mark a packet, or drop it if it cannot be marked: gives it back if it goes on.
pub(super) fn mark_or_drop(
    mut waiting: Waiting,
    ecn: bool,
    cause: Cause,
    gauge: &mut Gauge,
) -> Option<Waiting> {
    if ecn && ecn::mark(&mut waiting.packet) {
        gauge.marks.add(cause);
        return Some(waiting);
    }
    gauge.drops.add(cause);
    None
}

#[cfg(test)]
mod tests;
