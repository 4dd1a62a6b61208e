//! The engine behind [`Impairment`]: packets go in, and come out late, damaged, twice, in disorder, or never.
//!
//! What happens to a packet, in this order: it gets its number; it may be lost (list, every n-th, chance); its bits
//! may be flipped; it may be doubled, and from here on the copy goes its own way; it waits for its turn on the link
//! (rate), or is lost when the queue is full; it is under way for its delay and jitter; and it may be held back at
//! the far end until later packets have passed or its extra time is over.
//!
//! Each decision draws from a generator of its own, so that the packets lost under a seed stay the same when jitter
//! is added to the spec.

use super::{Impairment, ImpairmentError};
use crate::buffer::{Packet, Pool};
use crate::rng::Rng;
use crate::time::{Duration, Instant};
use crate::wire::checksum;
use std::collections::{BTreeMap, VecDeque};

#[cfg(test)]
mod tests;

/// What became of the packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ImpairmentCounters {
    /// Packets that came in.
    pub received: u64,
    /// Packets that came out, copies included.
    pub delivered: u64,
    /// Lost by chance.
    pub dropped: u64,
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
    chances: Chances,
    counters: ImpairmentCounters,
    link: Link,
    /// Packets under way, by when they come out and in which order they went in.
    flight: BTreeMap<(Instant, u64), Packet>,
    /// Which of them are held back, oldest first.
    held: VecDeque<Held>,
    /// Order of the next packet, copies counted.
    order: u64,
    /// When the latest of the packets that keep their order comes out.
    latest: Instant,
}

#[derive(Debug)]
struct Chances {
    drop: Rng,
    duplicate: Rng,
    reorder: Rng,
    corrupt: Rng,
    jitter: Rng,
}

#[derive(Debug)]
struct Held {
    due: Instant,
    order: u64,
    /// How many later packets are yet to pass.
    to_pass: u32,
}

impl Impairer {
    /// A link that does what `spec` says, by chances that `seed` decides.
    pub fn new(spec: Impairment, seed: u128) -> Result<Self, ImpairmentError> {
        let mut rng = Rng::new(seed);
        let chances = Chances {
            drop: rng.fork(),
            duplicate: rng.fork(),
            reorder: rng.fork(),
            corrupt: rng.fork(),
            jitter: rng.fork(),
        };
        let mut impairer = Self {
            spec: Impairment::default(),
            chances,
            counters: ImpairmentCounters::default(),
            link: Link::default(),
            flight: BTreeMap::new(),
            held: VecDeque::new(),
            order: 0,
            latest: Instant::ZERO,
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
        self.flight.is_empty()
    }

    /// Send a packet.
    pub fn push(&mut self, now: Instant, mut packet: Packet) {
        self.counters.received += 1;
        if self.is_lost() {
            return;
        }
        if self.chances.corrupt.chance(self.spec.corrupt) {
            self.corrupt(&mut packet);
        }
        let copy = self.chances.duplicate.chance(self.spec.duplicate).then(|| {
            let mut copy = Packet::copied(Pool::HEADROOM, packet.bytes());
            copy.offload = packet.offload;
            copy
        });
        self.carry(now, packet);
        if let Some(copy) = copy {
            self.counters.duplicated += 1;
            self.carry(now, copy);
        }
    }

    /// The next packet that has come out by `now`.
    pub fn poll(&mut self, now: Instant) -> Option<Packet> {
        let first = self.flight.first_entry().filter(|entry| entry.key().0 <= now)?;
        let ((due, order), packet) = first.remove_entry();
        self.counters.delivered += 1;
        self.let_pass(due, order);
        Some(packet)
    }

    /// When `poll` will have something; a time in the past if it has now.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.flight.first_key_value().map(|((due, _), _)| *due)
    }

    /// Whether the packet that just came in is lost, by whichever cause is looked at first.
    fn is_lost(&mut self) -> bool {
        let number = self.counters.received;
        // Drawn for every packet: a list beside the chance must not shift what the chance hits.
        let chance = self.chances.drop.chance(self.spec.drop);
        let every = u64::from(self.spec.drop_every);
        if self.spec.drop_list.binary_search(&number).is_ok() {
            self.counters.dropped_list += 1;
        } else if every > 0 && number.is_multiple_of(every) {
            self.counters.dropped_every += 1;
        } else if chance {
            self.counters.dropped += 1;
        } else {
            return false;
        }
        true
    }

    fn corrupt(&mut self, packet: &mut Packet) {
        let rng = &mut self.chances.corrupt;
        let wanted = 1 + rng.below(u64::from(self.spec.corrupt_bits));
        let first = u64::from(self.spec.corrupt_offset) * 8;
        let bits = (packet.len() as u64 * 8).saturating_sub(first);
        if bits == 0 || packet.offload.segment_size > 0 {
            self.counters.not_corrupted += 1;
            return;
        }
        // A sum made or believed after the damage would hide it.
        if let Some((start, field)) = packet.offload.partial_checksum.take() {
            checksum::complete(packet.bytes_mut(), usize::from(start), usize::from(field));
        }
        packet.offload.checksum_valid = false;
        // One bit in each of as many equal parts, so that no two flips undo each other.
        let count = wanted.min(bits);
        for part in 0..count {
            let (from, to) = (part * bits / count, (part + 1) * bits / count);
            let bit = first + from + rng.below(to - from);
            packet.bytes_mut()[(bit / 8) as usize] ^= 1 << (bit % 8);
        }
        self.counters.corrupted += 1;
    }

    /// Put a packet on the link.
    fn carry(&mut self, now: Instant, packet: Packet) {
        if self.flight.len() as u64 >= self.spec.limit {
            self.counters.dropped_limit += 1;
            return;
        }
        let Some(sent) = self.link.send(now, packet.len() as u64, &self.spec) else {
            self.counters.dropped_queue += 1;
            return;
        };
        let jitter = self.chances.jitter.below(self.spec.jitter.as_nanos() + 1);
        let due = (sent + self.spec.delay + Duration::from_nanos(jitter)).max(self.latest);
        let order = self.order;
        self.order += 1;
        if self.chances.reorder.chance(self.spec.reorder) {
            let due = due + self.spec.reorder_delay;
            if self.spec.reorder_gap > 0 {
                self.held.push_back(Held { due, order, to_pass: self.spec.reorder_gap });
            }
            self.flight.insert((due, order), packet);
            self.counters.reordered += 1;
        } else {
            self.flight.insert((due, order), packet);
            self.latest = due;
        }
    }

    /// A packet came out: let go those held back for which it was the last that had to pass.
    fn let_pass(&mut self, due: Instant, order: u64) {
        let older = self.held.partition_point(|held| held.order < order);
        let mut released = Vec::new();
        for (index, held) in self.held.range_mut(..older).enumerate() {
            held.to_pass -= 1;
            if held.to_pass == 0 {
                released.push(index);
            }
        }
        for index in released.into_iter().rev() {
            let held = self.held.remove(index).expect("the index was just found");
            if let Some(packet) = self.flight.remove(&(held.due, held.order)) {
                self.flight.insert((due, held.order), packet);
            }
        }
        if let Ok(index) = self.held.binary_search_by_key(&order, |held| held.order) {
            self.held.remove(index);
        }
    }
}

/// The sending end: packets one after the other, at the rate.
#[derive(Debug, Default)]
struct Link {
    /// When the link is idle.
    idle: Instant,
    /// What was too little for a nanosecond of `idle`: a frame of 64 bytes at 100 Gbit/s lasts 5.12 of them.
    remainder: u128,
    /// Packets that wait or are being sent: when each is through, and its length.
    waiting: VecDeque<(Instant, u64)>,
    waiting_bytes: u64,
}

impl Link {
    /// When a packet of `length` bytes is through; `None` when there is no room for it to wait.
    fn send(&mut self, now: Instant, length: u64, spec: &Impairment) -> Option<Instant> {
        if spec.rate == 0 {
            return Some(now);
        }
        while let Some((_, length)) = self.waiting.front().filter(|(through, _)| *through <= now) {
            self.waiting_bytes -= length;
            self.waiting.pop_front();
        }
        let packets = self.waiting.len() as u64;
        if (spec.queue_bytes > 0 && self.waiting_bytes + length > spec.queue_bytes)
            || (spec.queue_packets > 0 && packets >= spec.queue_packets)
        {
            return None;
        }
        if self.idle < now {
            (self.idle, self.remainder) = (now, 0);
        }
        let rate = u128::from(spec.rate);
        let total = u128::from(length) * 8 * 1_000_000_000 + self.remainder;
        self.remainder = total % rate;
        self.idle += Duration::from_nanos(u64::try_from(total / rate).unwrap_or(u64::MAX));
        self.waiting.push_back((self.idle, length));
        self.waiting_bytes += length;
        Some(self.idle)
    }
}
