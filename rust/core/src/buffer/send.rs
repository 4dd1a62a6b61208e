//! The send queue: a list of owned chunks, own memory or the caller's immutable bytes.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

/// Immutable bytes that somebody else owns (a Python `bytes`, say), queued by reference.
pub type Foreign = Arc<dyn AsRef<[u8]> + Send + Sync>;

/// A unit of 64 KiB out of chunks of 16 KiB takes five slices; beyond this many a unit is cut shorter instead.
const MAX_SLICES: usize = 16;

/// Payload as the device will gather it: a few slices that follow each other.
#[derive(Debug, Clone, Copy)]
pub struct Slices<'a> {
    slices: [&'a [u8]; MAX_SLICES],
    count: usize,
}

impl<'a> Slices<'a> {
    /// The most slices of a unit.
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

/// Where a chunk's bytes are.
enum Memory {
    /// Ours, filled up to its capacity and never moved.
    Own(Vec<u8>),
    /// The caller's, from an offset on.
    Foreign(Foreign, usize),
}

/// A run of bytes that was queued at once, or small writes put together.
struct Chunk {
    /// Position of its first byte in the stream of all bytes ever queued.
    start: u64,
    memory: Memory,
}

impl Chunk {
    fn bytes(&self) -> &[u8] {
        match &self.memory {
            Memory::Own(bytes) => bytes,
            Memory::Foreign(bytes, offset) => (**bytes).as_ref().get(*offset..).unwrap_or_default(),
        }
    }

    /// What of the caller's memory a chunk keeps alive, or the bytes of our own.
    fn charge(&self) -> usize {
        match &self.memory {
            Memory::Own(bytes) => bytes.len(),
            Memory::Foreign(bytes, _) => (**bytes).as_ref().len(),
        }
    }
}

/// Bytes from the oldest unacknowledged one on. Positions are offsets from that byte.
pub struct SendQueue {
    chunks: VecDeque<Chunk>,
    /// Position of the oldest byte in the stream of all bytes ever queued.
    base: u64,
    /// Position behind the youngest byte.
    end: u64,
    limit: usize,
}

impl SendQueue {
    /// The least memory that a write makes us take: small writes are put together in it.
    const LEAST_CHUNK: usize = 4 << 10;
    /// The most memory in one piece: one unit of segmentation offload.
    const MOST_CHUNK: usize = 64 << 10;

    /// An empty queue that takes up to `limit` bytes.
    pub const fn new(limit: usize) -> Self {
        Self { chunks: VecDeque::new(), base: 0, end: 0, limit }
    }

    /// Bytes queued.
    pub const fn len(&self) -> usize {
        (self.end - self.base) as usize
    }

    /// Whether nothing is queued.
    pub const fn is_empty(&self) -> bool {
        self.end == self.base
    }

    /// Bytes that may be queued now.
    pub const fn free(&self) -> usize {
        self.limit.saturating_sub(self.len())
    }

    /// Bytes that may be queued in all.
    pub const fn limit(&self) -> usize {
        self.limit
    }

    /// Change how many bytes may be queued; what is queued stays.
    pub const fn set_limit(&mut self, limit: usize) {
        self.limit = limit;
    }

    /// Bytes of memory that the queue keeps alive.
    pub fn charge(&self) -> usize {
        self.chunks.iter().map(Chunk::charge).sum()
    }

    /// Queue a copy of as much of `data` as there is room for; returns how much.
    pub fn push(&mut self, data: &[u8]) -> usize {
        let taken = data.len().min(self.free());
        let mut rest = &data[..taken];
        if let Some(Chunk { memory: Memory::Own(bytes), .. }) = self.chunks.back_mut() {
            let fits = rest.len().min(bytes.capacity() - bytes.len());
            bytes.extend_from_slice(&rest[..fits]);
            self.end += fits as u64;
            rest = &rest[fits..];
        }
        while !rest.is_empty() {
            let room = rest.len().clamp(Self::LEAST_CHUNK, Self::MOST_CHUNK);
            let mut bytes = Vec::with_capacity(room);
            let fits = rest.len().min(room);
            bytes.extend_from_slice(&rest[..fits]);
            self.chunks.push_back(Chunk { start: self.end, memory: Memory::Own(bytes) });
            self.end += fits as u64;
            rest = &rest[fits..];
        }
        taken
    }

    /// Queue `data` by reference, from `offset` on. All of it or, when there is no room at all, nothing: the whole object
    /// stays alive anyway. Returns how much was taken.
    pub fn push_foreign(&mut self, data: Foreign, offset: usize) -> usize {
        let length = (*data).as_ref().len().saturating_sub(offset);
        if self.free() == 0 || length == 0 {
            return 0;
        }
        self.chunks.push_back(Chunk { start: self.end, memory: Memory::Foreign(data, offset) });
        self.end += length as u64;
        length
    }

    /// Drop `count` acknowledged bytes from the front.
    pub fn consume(&mut self, count: usize) {
        self.base = (self.base + count as u64).min(self.end);
        while let Some(chunk) = self.chunks.front() {
            if chunk.start + chunk.bytes().len() as u64 > self.base {
                break;
            }
            self.chunks.pop_front();
        }
        if self.chunks.is_empty() && self.chunks.capacity() > 64 {
            self.chunks = VecDeque::new();
        }
    }

    /// The slices that hold `length` bytes from `offset` on, or as many of them as fit [`Slices::MAX`].
    pub fn slices(&self, offset: usize, length: usize) -> Slices<'_> {
        let mut slices = Slices::EMPTY;
        let mut from = self.base + offset as u64;
        let to = (from + length as u64).min(self.end);
        let first = self.chunks.partition_point(|chunk| chunk.start <= from).saturating_sub(1);
        for chunk in self.chunks.range(first.min(self.chunks.len())..) {
            if from >= to {
                break;
            }
            let bytes = chunk.bytes();
            let begin = (from - chunk.start) as usize;
            let end = bytes.len().min((to - chunk.start) as usize);
            if !slices.push(&bytes[begin..end]) {
                break;
            }
            from = chunk.start + end as u64;
        }
        slices
    }

    /// The most bytes from `offset` on, up to `length`, that fit one [`Slices`].
    pub fn gatherable(&self, offset: usize, length: usize) -> usize {
        // The common case: fewer chunks in all than slices fit, so the question need not be asked of each.
        if self.chunks.len() <= MAX_SLICES { length } else { self.slices(offset, length).len() }
    }
}

impl fmt::Debug for SendQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SendQueue({} bytes in {} chunks)", self.len(), self.chunks.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn gathered(queue: &SendQueue, offset: usize, length: usize) -> Vec<u8> {
        queue.slices(offset, length).as_slice().concat()
    }

    #[test]
    fn small_writes_share_a_chunk_and_foreign_bytes_are_not_copied() {
        let mut queue = SendQueue::new(1 << 20);
        queue.push(b"one ");
        queue.push(b"two ");
        let foreign: Foreign = Arc::new(b"__three".to_vec());
        assert_eq!(queue.push_foreign(Arc::clone(&foreign), 2), 5);
        assert_eq!(queue.slices(0, 99).as_slice(), [&b"one two "[..], b"three"]);
        assert_eq!(Arc::strong_count(&foreign), 2);
        queue.consume(13);
        assert_eq!(Arc::strong_count(&foreign), 1);
        assert!(queue.is_empty());
    }

    #[test]
    fn the_limit_holds() {
        let mut queue = SendQueue::new(10);
        assert_eq!(queue.push(&[1; 30]), 10);
        assert_eq!(queue.push(b"x"), 0);
        queue.consume(4);
        assert_eq!((queue.len(), queue.free()), (6, 4));
    }

    #[test]
    fn many_chunks_are_gathered_in_part() {
        let mut queue = SendQueue::new(1 << 20);
        for _ in 0..40 {
            queue.push_foreign(Arc::new([7u8; 10]), 0);
        }
        assert_eq!(queue.gatherable(5, 400), 155);
        assert_eq!(queue.slices(5, 400).as_slice().len(), Slices::MAX);
    }

    proptest! {
        #[test]
        fn behaves_as_a_vector(operations in prop::collection::vec((0..4u8, 0..9_000usize), 1..80)) {
            let mut queue = SendQueue::new(100_000);
            let mut model: Vec<u8> = Vec::new();
            let mut count = 0u8;
            for (operation, size) in operations {
                match operation {
                    0 | 1 => {
                        let data: Vec<u8> = (0..size).map(|_| { count = count.wrapping_add(1); count }).collect();
                        let taken = if operation == 0 {
                            queue.push(&data)
                        } else {
                            queue.push_foreign(Arc::new(data.clone()), 0)
                        };
                        model.extend(&data[..taken]);
                    }
                    2 => {
                        let size = size.min(model.len());
                        queue.consume(size);
                        model.drain(..size);
                    }
                    _ => {
                        let offset = size.min(model.len());
                        let length = queue.gatherable(offset, 1_448.min(model.len() - offset));
                        prop_assert_eq!(gathered(&queue, offset, length), &model[offset..offset + length]);
                    }
                }
                prop_assert_eq!(queue.len(), model.len());
            }
        }
    }
}
