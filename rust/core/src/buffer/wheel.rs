//! A hierarchical timer wheel: set and cancel in O(1), microsecond ticks.
//!
//! Each of ten levels has 64 slots. A timer stands on the level of the highest six-bit group in which its tick
//! differs from the wheel's own: level 0 holds the current 64 ticks one by one, level 1 the current 4096 in runs of
//! 64, and so on; ten levels hold every tick that 64 bits of nanoseconds can name, so nothing overflows. Three things
//! follow from this placement, and the rest of the file leans on them:
//!
//! 1. Whatever stands on a lower level is due before whatever stands on a higher one, and within a level a lower slot
//!    is due before a higher one: the nearest slot is two bit scans away.
//! 2. Timers of the same tick stand in the same slot, and lists are kept first-in-first-out, also when a slot is
//!    spread over lower levels. So timers fire in order of tick, then of arming, exactly.
//! 3. Spreading moves a timer down by a level at least, so it happens to each at most nine times.
//!
//! Ticks are rounded up, so that no timer fires early.

use crate::time::Instant;

#[cfg(test)]
mod tests;

/// Slots of a level: the bits of one occupancy word.
const SLOTS: usize = 64;
/// Bits of a tick that one level looks at.
const BITS: u32 = SLOTS.trailing_zeros();
/// 60 bits of microseconds, where 54.04 are needed for `u64::MAX` nanoseconds.
const LEVELS: usize = 10;
/// The last tick there is. A timer beyond it (`Instant::FAR_FUTURE`) would never fire, and who jumps from deadline to
/// deadline would never arrive.
const LAST_TICK: u64 = u64::MAX / 1_000;
/// No entry.
const NIL: u32 = u32::MAX;

/// Names one armed timer; stale once it fired or was cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimerKey {
    index: u32,
    generation: u32,
}

/// Timers carrying a `T` each.
#[derive(Debug)]
pub struct TimerWheel<T> {
    entries: Vec<Entry<T>>,
    /// First unused entry; they are linked by `next`.
    free: u32,
    slots: Box<[Slot; LEVELS * SLOTS]>,
    /// Which slots of a level hold timers.
    occupied: [u64; LEVELS],
    /// Which levels hold timers.
    levels: u32,
    /// Where the wheel stands. No timer is before it; on levels above 0 none is in its slot either.
    tick: u64,
    armed: usize,
}

#[derive(Debug)]
struct Entry<T> {
    value: T,
    tick: u64,
    previous: u32,
    next: u32,
    generation: u32,
    slot: u16,
}

/// A list of timers, oldest first.
#[derive(Debug, Clone, Copy)]
struct Slot {
    head: u32,
    tail: u32,
    /// No timer of the list is due before this tick. It is that of the nearest one until that one is cancelled.
    nearest: u64,
}

impl Slot {
    const EMPTY: Self = Self { head: NIL, tail: NIL, nearest: u64::MAX };
}

impl<T: Copy> TimerWheel<T> {
    /// An empty wheel that starts at `now`.
    pub fn new(now: Instant) -> Self {
        Self {
            entries: Vec::new(),
            free: NIL,
            slots: Box::new([Slot::EMPTY; LEVELS * SLOTS]),
            occupied: [0; LEVELS],
            levels: 0,
            tick: now.as_micros(),
            armed: 0,
        }
    }

    /// Arm a timer. One in the past fires at the next `expire`, as if set for the latest time that is known.
    pub fn set(&mut self, at: Instant, value: T) -> TimerKey {
        let tick = at.as_nanos().div_ceil(1_000).min(LAST_TICK).max(self.tick);
        let index = self.allocate(value, tick);
        self.link(index);
        self.armed += 1;
        TimerKey { index, generation: self.entries[index as usize].generation }
    }

    /// Disarm a timer; false when it had fired or been cancelled.
    pub fn cancel(&mut self, key: TimerKey) -> bool {
        let known = self.entries.get(key.index as usize);
        if known.is_none_or(|entry| entry.generation != key.generation) {
            return false;
        }
        self.unlink(key.index);
        self.release(key.index);
        true
    }

    /// The next timer that is due at `now`, in order of (deadline tick, order of arming); call until `None`.
    pub fn expire(&mut self, now: Instant) -> Option<T> {
        let now = now.as_micros();
        while let Some((level, slot)) = self.nearest_slot() {
            if self.first_tick(level, slot) > now {
                break;
            }
            if level == 0 {
                let index = self.slots[slot].head;
                self.tick = self.entries[index as usize].tick;
                self.unlink(index);
                self.release(index);
                return Some(self.entries[index as usize].value);
            }
            // Straight to the nearest timer of the slot, not to the slot's beginning: that saves levels.
            self.tick = self.slots[slot].nearest.min(now);
            self.spread(slot);
        }
        self.tick = self.tick.max(now);
        None
    }

    /// When `expire` should be called next.
    ///
    /// Never later than the nearest timer, and exactly then unless a nearer one was cancelled lately: such a call
    /// finds nothing due, but spreads a slot and so happens a bounded number of times (see the head of this file).
    pub fn next_deadline(&self) -> Option<Instant> {
        let (_, slot) = self.nearest_slot()?;
        Some(Instant::from_micros(self.slots[slot].nearest))
    }

    /// Armed timers.
    pub const fn len(&self) -> usize {
        self.armed
    }

    /// Whether none is armed.
    pub const fn is_empty(&self) -> bool {
        self.armed == 0
    }

    /// The slot of the nearest timer, and its level.
    fn nearest_slot(&self) -> Option<(usize, usize)> {
        if self.levels == 0 {
            return None;
        }
        let level = self.levels.trailing_zeros() as usize;
        Some((level, level * SLOTS + self.occupied[level].trailing_zeros() as usize))
    }

    /// The first tick of a slot that holds timers: its groups above `level` are those of the wheel.
    const fn first_tick(&self, level: usize, slot: usize) -> u64 {
        let shift = BITS * level as u32;
        let above = self.tick >> shift >> BITS << BITS;
        (above | (slot % SLOTS) as u64) << shift
    }

    /// Move the timers of a slot to lower levels; the wheel stands within the slot now.
    fn spread(&mut self, slot: usize) {
        let mut index = self.slots[slot].head;
        self.slots[slot] = Slot::EMPTY;
        self.mark_empty(slot);
        while index != NIL {
            let next = self.entries[index as usize].next;
            self.link(index);
            index = next;
        }
    }

    /// Append an entry to the list of the slot where its tick belongs.
    fn link(&mut self, index: u32) {
        let tick = self.entries[index as usize].tick;
        let differs = tick ^ self.tick;
        let level = (u64::BITS - differs.leading_zeros()).saturating_sub(1) / BITS;
        let slot = level as usize * SLOTS + (tick >> (BITS * level)) as usize % SLOTS;

        let list = &mut self.slots[slot];
        let last = std::mem::replace(&mut list.tail, index);
        list.nearest = list.nearest.min(tick);
        if last == NIL {
            list.head = index;
            self.occupied[level as usize] |= 1 << (slot % SLOTS);
            self.levels |= 1 << level;
        } else {
            self.entries[last as usize].next = index;
        }
        let entry = &mut self.entries[index as usize];
        (entry.previous, entry.next, entry.slot) = (last, NIL, slot as u16);
    }

    /// Take an entry out of its list.
    fn unlink(&mut self, index: u32) {
        let Entry { previous, next, slot, .. } = self.entries[index as usize];
        let slot = usize::from(slot);
        match previous {
            NIL => self.slots[slot].head = next,
            previous => self.entries[previous as usize].next = next,
        }
        match next {
            NIL => self.slots[slot].tail = previous,
            next => self.entries[next as usize].previous = previous,
        }
        if self.slots[slot].head == NIL {
            self.slots[slot].nearest = u64::MAX;
            self.mark_empty(slot);
        }
    }

    fn mark_empty(&mut self, slot: usize) {
        let level = slot / SLOTS;
        self.occupied[level] &= !(1 << (slot % SLOTS));
        if self.occupied[level] == 0 {
            self.levels &= !(1 << level);
        }
    }

    fn allocate(&mut self, value: T, tick: u64) -> u32 {
        if let Some(entry) = self.entries.get_mut(self.free as usize) {
            (entry.value, entry.tick) = (value, tick);
            return std::mem::replace(&mut self.free, entry.next);
        }
        let index = u32::try_from(self.entries.len()).expect("4 billion timers exceed any memory");
        self.entries.push(Entry { value, tick, previous: NIL, next: NIL, generation: 0, slot: 0 });
        index
    }

    /// Give an entry back; its key goes stale.
    fn release(&mut self, index: u32) {
        let entry = &mut self.entries[index as usize];
        entry.generation = entry.generation.wrapping_add(1);
        entry.next = std::mem::replace(&mut self.free, index);
        self.armed -= 1;
    }
}
