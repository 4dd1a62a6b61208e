//! A map that knows which of its entries was used longest ago: what every bounded table evicts by.
//!
//! Slots are linked in order of use, so finding, touching and evicting are O(1) and allocate nothing once the
//! table has its size. The index is hashed under a secret key, because the wire chooses what stands in it; it is never
//! iterated, so its order can not show.

use crate::rng::{KeyedState, Rng};
use std::collections::HashMap;
use std::hash::Hash;

/// No slot.
const NONE: u32 = u32::MAX;

/// A map in order of use. Bounding it is the owner's duty: [`LruMap::pop_oldest`] before an insert too many.
#[derive(Debug)]
pub struct LruMap<K, V> {
    index: HashMap<K, u32, KeyedState>,
    slots: Vec<Slot<K, V>>,
    free: Vec<u32>,
    newest: u32,
    oldest: u32,
}

#[derive(Debug)]
struct Slot<K, V> {
    /// Empty while the slot is on the free list.
    entry: Option<(K, V)>,
    newer: u32,
    older: u32,
}

impl<K: Copy + Eq + Hash, V> LruMap<K, V> {
    /// An empty map, hashed under a key from `rng`.
    pub fn new(rng: &mut Rng) -> Self {
        let index = HashMap::with_hasher(KeyedState::new(rng));
        Self { index, slots: Vec::new(), free: Vec::new(), newest: NONE, oldest: NONE }
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// Look without using.
    pub fn peek(&self, key: &K) -> Option<&V> {
        self.slots[*self.index.get(key)? as usize].entry.as_ref().map(|(_, value)| value)
    }

    /// Look, to change, without using.
    pub fn peek_mut(&mut self, key: &K) -> Option<&mut V> {
        let slot = self.find(key)?;
        self.slots[slot as usize].entry.as_mut().map(|(_, value)| value)
    }

    /// Use: the entry becomes the newest.
    pub fn touch(&mut self, key: &K) -> Option<&mut V> {
        let slot = self.find(key)?;
        if self.newest != slot {
            self.unlink(slot);
            self.link(slot);
        }
        self.slots[slot as usize].entry.as_mut().map(|(_, value)| value)
    }

    /// Add or replace; the entry becomes the newest. The value replaced, if any.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        if let Some(old) = self.touch(&key) {
            return Some(std::mem::replace(old, value));
        }
        let slot = self.occupy(key, value);
        self.link(slot);
        None
    }

    /// Add an entry that counts as never used: it is the first to go. An entry that exists is replaced where it stands.
    pub fn insert_oldest(&mut self, key: K, value: V) -> Option<V> {
        if let Some(old) = self.peek_mut(&key) {
            return Some(std::mem::replace(old, value));
        }
        let slot = self.occupy(key, value);
        let newer = std::mem::replace(&mut self.oldest, slot);
        self.slots[slot as usize].newer = newer;
        match self.slots.get_mut(newer as usize) {
            Some(neighbor) => neighbor.older = slot,
            None => self.newest = slot,
        }
        None
    }

    /// Take an entry out.
    pub fn remove(&mut self, key: &K) -> Option<V> {
        let slot = self.index.remove(key)?;
        self.unlink(slot);
        self.free.push(slot);
        self.slots[slot as usize].entry.take().map(|(_, value)| value)
    }

    /// The entry used longest ago.
    pub fn oldest(&self) -> Option<(&K, &V)> {
        self.slots.get(self.oldest as usize)?.entry.as_ref().map(|(key, value)| (key, value))
    }

    /// Take the entry out that was used longest ago.
    pub fn pop_oldest(&mut self) -> Option<(K, V)> {
        let key = *self.oldest()?.0;
        Some((key, self.remove(&key)?))
    }

    /// All entries, the newest first.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        let mut slot = self.newest;
        std::iter::from_fn(move || {
            let current = self.slots.get(slot as usize)?;
            slot = current.older;
            current.entry.as_ref().map(|(key, value)| (key, value))
        })
    }

    /// Take all entries out.
    pub fn clear(&mut self) {
        self.index.clear();
        self.slots.clear();
        self.free.clear();
        (self.newest, self.oldest) = (NONE, NONE);
    }

    /// The slot of a key. What was used last is most often what is wanted next, and costs no hash.
    fn find(&self, key: &K) -> Option<u32> {
        let newest = self.slots.get(self.newest as usize).and_then(|slot| slot.entry.as_ref());
        match newest {
            Some((found, _)) if found == key => Some(self.newest),
            _ => self.index.get(key).copied(),
        }
    }

    fn occupy(&mut self, key: K, value: V) -> u32 {
        let fresh = Slot { entry: Some((key, value)), newer: NONE, older: NONE };
        let slot = match self.free.pop() {
            Some(slot) => {
                self.slots[slot as usize] = fresh;
                slot
            }
            None => {
                self.slots.push(fresh);
                (self.slots.len() - 1) as u32
            }
        };
        self.index.insert(key, slot);
        slot
    }

    fn unlink(&mut self, slot: u32) {
        let Slot { newer, older, .. } = self.slots[slot as usize];
        match self.slots.get_mut(newer as usize) {
            Some(neighbor) => neighbor.older = older,
            None => self.newest = older,
        }
        match self.slots.get_mut(older as usize) {
            Some(neighbor) => neighbor.newer = newer,
            None => self.oldest = newer,
        }
    }

    fn link(&mut self, slot: u32) {
        let older = std::mem::replace(&mut self.newest, slot);
        self.slots[slot as usize].newer = NONE;
        self.slots[slot as usize].older = older;
        match self.slots.get_mut(older as usize) {
            Some(neighbor) => neighbor.newer = slot,
            None => self.oldest = slot,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Debug, Clone, Copy)]
    enum Step {
        Insert(u8),
        InsertOldest(u8),
        Touch(u8),
        Remove(u8),
        PopOldest,
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            (0..12u8).prop_map(Step::Insert),
            (0..12u8).prop_map(Step::InsertOldest),
            (0..12u8).prop_map(Step::Touch),
            (0..12u8).prop_map(Step::Remove),
            Just(Step::PopOldest),
        ];
        prop::collection::vec(step, 0..80)
    }

    proptest! {
        /// Against a plain vector, oldest first.
        #[test]
        fn behaves_as_a_vector_in_order_of_use(steps in steps()) {
            let mut map = LruMap::new(&mut crate::rng::Rng::new(1));
            let mut model: Vec<u8> = Vec::new();
            for step in steps {
                match step {
                    Step::Insert(key) => {
                        let known = model.contains(&key);
                        prop_assert_eq!(map.insert(key, u32::from(key)).is_some(), known);
                        model.retain(|other| *other != key);
                        model.push(key);
                    }
                    Step::InsertOldest(key) => {
                        let known = model.contains(&key);
                        prop_assert_eq!(map.insert_oldest(key, u32::from(key)).is_some(), known);
                        if !known {
                            model.insert(0, key);
                        }
                    }
                    Step::Touch(key) => {
                        let known = model.contains(&key);
                        prop_assert_eq!(map.touch(&key).copied(), known.then_some(u32::from(key)));
                        if known {
                            model.retain(|other| *other != key);
                            model.push(key);
                        }
                    }
                    Step::Remove(key) => {
                        prop_assert_eq!(map.remove(&key).is_some(), model.contains(&key));
                        model.retain(|other| *other != key);
                    }
                    Step::PopOldest => {
                        let oldest = (!model.is_empty()).then(|| model.remove(0));
                        prop_assert_eq!(map.pop_oldest().map(|(key, _)| key), oldest);
                    }
                }
                let order: Vec<u8> = map.iter().map(|(key, _)| *key).collect();
                let expected: Vec<u8> = model.iter().rev().copied().collect();
                prop_assert_eq!(order, expected);
                prop_assert_eq!(map.len(), model.len());
            }
        }
    }
}
