//! Packets under way: delay, jitter, disorder.

use super::{Impairment, ImpairmentCounters};
use crate::buffer::Packet;
use crate::rng::Rng;
use crate::sim::draw;
use crate::time::Instant;
use std::collections::{BTreeMap, VecDeque};

/// When a packet comes out, and its place among those that come out at the same time: the order in which they went in.
type Key = (Instant, u64);

/// Packets under way, by when they come out.
#[derive(Debug)]
pub(in crate::sim) struct Flight {
    reorder: Rng,
    jitter: Rng,
    /// Those that keep their order: each comes out no earlier than the one before it.
    ordered: VecDeque<(Key, Packet)>,
    /// The others.
    loose: BTreeMap<Key, Packet>,
    /// Which of these are held back until others have passed, oldest first.
    held: VecDeque<Held>,
    /// Order of the next packet, copies counted.
    order: u64,
    /// When the latest of the packets that keep their order comes out.
    latest: Instant,
}

#[derive(Debug)]
struct Held {
    due: Instant,
    order: u64,
    /// How many later packets are yet to pass.
    to_pass: u32,
}

impl Flight {
    pub(in crate::sim) fn new(rng: &mut Rng) -> Self {
        Self {
            reorder: rng.fork(),
            jitter: rng.fork(),
            ordered: VecDeque::new(),
            loose: BTreeMap::new(),
            held: VecDeque::new(),
            order: 0,
            latest: Instant::ZERO,
        }
    }

    pub(in crate::sim) fn len(&self) -> usize {
        self.ordered.len() + self.loose.len()
    }

    /// A packet left the sending end at `sent`.
    pub(in crate::sim) fn send(
        &mut self,
        spec: &Impairment,
        counters: &mut ImpairmentCounters,
        sent: Instant,
        packet: Packet,
    ) {
        let due = self.arrival(spec, sent);
        let order = self.order;
        self.order += 1;
        if self.reorder.chance(spec.reorder) {
            let due = due.max(self.latest) + spec.reorder_delay;
            if spec.reorder_gap > 0 {
                self.held.push_back(Held { due, order, to_pass: spec.reorder_gap });
            }
            self.loose.insert((due, order), packet);
            counters.reordered += 1;
        } else if due < self.latest && spec.jitter_reorders {
            self.loose.insert((due, order), packet);
            counters.reordered += 1;
        } else {
            let due = due.max(self.latest);
            self.ordered.push_back(((due, order), packet));
            self.latest = due;
        }
    }

    fn arrival(&mut self, spec: &Impairment, sent: Instant) -> Instant {
        if spec.jitter.is_zero() {
            return sent + spec.delay;
        }
        let (early, late) = draw::jitter(&mut self.jitter, spec.jitter_shape, spec.jitter);
        sent + (spec.delay + late).saturating_sub(early)
    }

    /// The next packet that has come out by `now`.
    pub(in crate::sim) fn poll(&mut self, now: Instant) -> Option<Packet> {
        let ordered = self.ordered.front().map(|(key, _)| *key);
        let loose = self.loose.first_key_value().map(|(key, _)| *key);
        let first = ordered.into_iter().chain(loose).min().filter(|key| key.0 <= now)?;
        let packet = if Some(first) == ordered {
            self.ordered.pop_front().map(|(_, packet)| packet)
        } else {
            self.loose.remove(&first)
        };
        if !self.held.is_empty() {
            self.let_pass(first);
        }
        packet
    }

    /// When `poll` will have something; a time in the past if it has now.
    pub(in crate::sim) fn poll_timeout(&self) -> Option<Instant> {
        let ordered = self.ordered.front().map(|(key, _)| key.0);
        let loose = self.loose.first_key_value().map(|(key, _)| key.0);
        ordered.into_iter().chain(loose).min()
    }

    /// Whether something is under way that comes out no later than whatever is sent from now on.
    pub(in crate::sim) fn comes_before_all_later(&self, spec: &Impairment) -> bool {
        !self.ordered.is_empty() && (spec.jitter.is_zero() || !spec.jitter_reorders)
    }

    /// All that is under way, in no use any more.
    pub(in crate::sim) fn cut(&mut self) -> impl Iterator<Item = Packet> {
        self.held.clear();
        let loose = std::mem::take(&mut self.loose);
        self.ordered.drain(..).map(|(_, packet)| packet).chain(loose.into_values())
    }

    /// A packet came out: let go those held back for which it was the last that had to pass.
    fn let_pass(&mut self, (due, order): Key) {
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
            if let Some(packet) = self.loose.remove(&(held.due, held.order)) {
                self.loose.insert((due, held.order), packet);
            }
        }
        if let Ok(index) = self.held.binary_search_by_key(&order, |held| held.order) {
            self.held.remove(index);
        }
    }
}

#[cfg(test)]
impl Flight {
    pub(super) fn holds_nothing_back(&self) -> bool {
        self.held.is_empty()
    }
}
