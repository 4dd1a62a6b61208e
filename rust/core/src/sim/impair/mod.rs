//! The engine behind [`Impairment`]: packets go in, and come out late, damaged, twice, in disorder, or never.
//!
//! What happens to a packet, in this order: it gets its number; it may be lost (list, every n-th, chance); its bits
//! may be flipped; it may be doubled, and from here on the copy goes its own way; it waits for its turn on the link
//! (rate), or is lost when the queue is full; it is under way for its delay and jitter; and it may be held back at
//! the far end until later packets have passed or its extra time is over.
//!
//! Each decision draws from a generator of its own, so that the packets lost under a seed stay the same when jitter
//! is added to the spec.
//!
//! Three parts, which a simulated link uses as well, with a queue of its own between them: `fate` (numbers, loss, damage,
//! copies), `throttle` (the rate), `flight` (delay, jitter, disorder).

mod fate;
mod flight;
mod throttle;

#[cfg(test)]
mod tests;

pub(super) use fate::{Fate, Verdict, copy_of};
pub(super) use flight::Flight;

use super::{Impairment, ImpairmentError};
use crate::buffer::Packet;
use crate::rng::Rng;
use crate::time::Instant;
use throttle::Throttle;

/// What became of the packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ImpairmentCounters {
    /// Packets that came in.
    pub received: u64,
    /// Packets that came out, copies included.
    pub delivered: u64,
    /// Lost by chance.
    pub dropped: u64,
    /// Lost in a burst.
    pub dropped_burst: u64,
    /// Lost as every n-th.
    pub dropped_every: u64,
    /// Lost because their number was on the list.
    pub dropped_list: u64,
    /// Lost because the queue of the link was full.
    pub dropped_queue: u64,
    /// Lost because too many packets were under way.
    pub dropped_limit: u64,
    /// Copies made.
    pub duplicated: u64,
    /// Held back.
    pub reordered: u64,
    /// Damaged.
    pub corrupted: u64,
    /// To be damaged, but too short, or not yet cut into the segments whose checksums would tell.
    pub not_corrupted: u64,
}

/// A link with an [`Impairment`].
///
/// `push` what is sent; then, and whenever `poll_timeout` has come, `poll` until `None`.
#[derive(Debug)]
pub struct Impairer {
    spec: Impairment,
    counters: ImpairmentCounters,
    fate: Fate,
    throttle: Throttle,
    flight: Flight,
}

impl Impairer {
    /// A link that does what `spec` says, by chances that `seed` decides.
    pub fn new(spec: Impairment, seed: u128) -> Result<Self, ImpairmentError> {
        let mut rng = Rng::new(seed);
        let mut impairer = Self {
            spec: Impairment::default(),
            counters: ImpairmentCounters::default(),
            fate: Fate::new(&mut rng),
            throttle: Throttle::default(),
            flight: Flight::new(&mut rng),
        };
        impairer.set_spec(spec)?;
        Ok(impairer)
    }

    /// Do what `spec` says from now on. What is under way stays so; numbers and chances go on.
    pub fn set_spec(&mut self, mut spec: Impairment) -> Result<(), ImpairmentError> {
        spec.check()?;
        spec.drop_list.sort_unstable();
        self.spec = spec;
        Ok(())
    }

    /// What the link does.
    pub const fn spec(&self) -> &Impairment {
        &self.spec
    }

    /// What became of the packets.
    pub const fn counters(&self) -> &ImpairmentCounters {
        &self.counters
    }

    /// Packets under way.
    pub fn len(&self) -> usize {
        self.flight.len()
    }

    /// Whether nothing is under way.
    pub fn is_empty(&self) -> bool {
        self.flight.len() == 0
    }

    /// Send a packet.
    pub fn push(&mut self, now: Instant, mut packet: Packet) {
        let copy = match self.fate.judge(&self.spec, &mut self.counters, &mut packet) {
            Verdict::Lost => return,
            Verdict::Once => None,
            Verdict::Twice => Some(copy_of(&packet)),
        };
        self.carry(now, packet);
        if let Some(copy) = copy {
            self.carry(now, copy);
        }
    }

    /// The next packet that has come out by `now`.
    pub fn poll(&mut self, now: Instant) -> Option<Packet> {
        let packet = self.flight.poll(now)?;
        self.counters.delivered += 1;
        Some(packet)
    }

    /// When `poll` will have something; a time in the past if it has now.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.flight.poll_timeout()
    }

    /// Put a packet on the link.
    fn carry(&mut self, now: Instant, packet: Packet) {
        if self.flight.len() as u64 >= self.spec.limit {
            self.counters.dropped_limit += 1;
            return;
        }
        let Some(sent) = self.throttle.send(now, packet.len() as u64, &self.spec) else {
            self.counters.dropped_queue += 1;
            return;
        };
        self.flight.send(&self.spec, &mut self.counters, sent, packet);
    }
}
