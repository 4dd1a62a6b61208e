//! The half-open connections of one listener: found by name, by deadline, and by who goes first when there is no room.
//!
//! Who goes first (RFC 4987 3.4): the oldest whose SYN-ACK was repeated already, since a peer that means it answers the
//! first one; where there is none, the oldest. So a flooded port still lets new clients in.

use super::Tuple;
use super::half_open::HalfOpen;
use crate::rng::KeyedState;
use crate::time::Instant;
use std::collections::{BTreeSet, HashMap};

/// See the module. Bounding it is the listener's duty.
#[derive(Debug)]
pub(super) struct SynCache {
    slots: Vec<Option<HalfOpen>>,
    free: Vec<u32>,
    /// Never walked, so its order cannot show.
    index: HashMap<Tuple, u32, KeyedState>,
    deadlines: BTreeSet<(Instant, u32)>,
    /// Never repeated, when the SYN came, slot: the first is the first to go.
    victims: BTreeSet<(bool, Instant, u32)>,
}

impl SynCache {
    pub(super) fn new(hash: KeyedState) -> Self {
        Self {
            slots: Vec::new(),
            free: Vec::new(),
            index: HashMap::with_hasher(hash),
            deadlines: BTreeSet::new(),
            victims: BTreeSet::new(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.index.len()
    }

    /// Add one, or put one back that was taken out.
    pub(super) fn insert(&mut self, half: HalfOpen) {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            (self.slots.len() - 1) as u32
        });
        self.index.insert(half.tuple, slot);
        self.deadlines.insert((half.deadline, slot));
        self.victims.insert(place(&half, slot));
        self.slots[slot as usize] = Some(half);
    }

    /// The one of this name.
    pub(super) fn get(&self, tuple: &Tuple) -> Option<&HalfOpen> {
        self.slots[*self.index.get(tuple)? as usize].as_ref()
    }

    /// Take the one of this name out.
    pub(super) fn take(&mut self, tuple: &Tuple) -> Option<HalfOpen> {
        let slot = *self.index.get(tuple)?;
        self.take_slot(slot)
    }

    /// Take the one out that goes first.
    pub(super) fn evict(&mut self) -> Option<HalfOpen> {
        let (_, _, slot) = *self.victims.first()?;
        self.take_slot(slot)
    }

    /// Take one out whose deadline has passed.
    pub(super) fn expire(&mut self, now: Instant) -> Option<HalfOpen> {
        let (deadline, slot) = *self.deadlines.first()?;
        if deadline > now { None } else { self.take_slot(slot) }
    }

    /// The nearest deadline.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.deadlines.first().map(|(deadline, _)| *deadline)
    }

    /// All of them, by slot.
    pub(super) fn iter(&self) -> impl Iterator<Item = &HalfOpen> {
        self.slots.iter().flatten()
    }

    fn take_slot(&mut self, slot: u32) -> Option<HalfOpen> {
        let half = self.slots[slot as usize].take()?;
        self.index.remove(&half.tuple);
        self.deadlines.remove(&(half.deadline, slot));
        self.victims.remove(&place(&half, slot));
        self.free.push(slot);
        Some(half)
    }
}

const fn place(half: &HalfOpen, slot: u32) -> (bool, Instant, u32) {
    (half.retries == 0, half.first, slot)
}
