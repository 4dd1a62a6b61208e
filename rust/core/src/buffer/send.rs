//! The send queue: a list of owned chunks, own memory or the caller's immutable bytes.

use std::sync::Arc;

/// Immutable bytes that somebody else owns (a Python `bytes`, say), queued by reference.
pub type Foreign = Arc<dyn AsRef<[u8]> + Send + Sync>;

const MAX_SLICES: usize = 16;

/// Payload as the device will gather it: a few slices that follow each other.
#[derive(Debug, Clone, Copy)]
pub struct Slices<'a> {
    slices: [&'a [u8]; MAX_SLICES],
    count: usize,
}

impl<'a> Slices<'a> {
    /// A unit of 64 KiB out of chunks of 16 KiB takes five; beyond 16 a unit is cut shorter instead.
    pub const MAX: usize = MAX_SLICES;

    /// No payload.
    pub const EMPTY: Self = Self { slices: [&[]; MAX_SLICES], count: 0 };

    /// Add a slice; false when there are [`Slices::MAX`] already.
    pub fn push(&mut self, slice: &'a [u8]) -> bool {
        let Some(free) = self.slices.get_mut(self.count) else { return false };
        *free = slice;
        self.count += 1;
        true
    }

    /// The slices in order.
    pub fn as_slice(&self) -> &[&'a [u8]] {
        &self.slices[..self.count]
    }

    /// Bytes in all slices.
    pub fn len(&self) -> usize {
        self.as_slice().iter().map(|slice| slice.len()).sum()
    }

    /// Whether there are no bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Bytes from the oldest unacknowledged one on. Positions are offsets from that byte.
pub struct SendQueue {}

impl SendQueue {
    /// An empty queue that takes up to `limit` bytes.
    pub fn new(limit: usize) -> Self {
        let _ = limit;
        todo!()
    }
    /// Bytes queued.
    pub fn len(&self) -> usize {
        todo!()
    }
    /// Whether nothing is queued.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// Bytes that may be queued now.
    pub fn free(&self) -> usize {
        todo!()
    }
    /// Bytes that may be queued in all.
    pub fn limit(&self) -> usize {
        todo!()
    }
    /// Change how many bytes may be queued; what is queued stays.
    pub fn set_limit(&mut self, limit: usize) {
        let _ = limit;
        todo!()
    }
    /// Queue a copy of as much of `data` as there is room for; returns how much.
    pub fn push(&mut self, data: &[u8]) -> usize {
        let _ = data;
        todo!()
    }
    /// Queue `data` by reference, from `offset` on; returns how much was taken.
    pub fn push_foreign(&mut self, data: Foreign, offset: usize) -> usize {
        let _ = (data, offset);
        todo!()
    }
    /// Drop `count` acknowledged bytes from the front.
    pub fn consume(&mut self, count: usize) {
        let _ = count;
        todo!()
    }
    /// The slices that hold `length` bytes from `offset` on, or as many of them as 16 slices hold.
    pub fn slices(&self, offset: usize, length: usize) -> Slices<'_> {
        let _ = (offset, length);
        todo!()
    }
}
