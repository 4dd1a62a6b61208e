//! The send queue: a list of owned chunks, own memory or the caller's immutable bytes.

use super::Chunks;
use std::cell::Cell;
use std::collections::VecDeque;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// Immutable bytes that somebody else owns (a Python `bytes`, say), queued by reference.
pub type Foreign = Arc<dyn AsRef<[u8]> + Send + Sync>;

const MAX_SLICES: usize = 16;

/// Payload as the device will gather it: a few slices that follow each other.
#[derive(Clone)]
pub struct Slices<'a> {
    /// The first, which is most often all.
    first: [&'a [u8]; 1],
    count: usize,
    /// Whose bytes the first slice are if they are not ours, and where in them it begins.
    owner: Option<(&'a Foreign, usize)>,
    /// All of them, once there are several.
    several: Vec<&'a [u8]>,
}

impl<'a> Slices<'a> {
    /// A unit of 64 KiB out of chunks of 16 KiB takes five; beyond 16 a unit is cut shorter instead.
    pub const MAX: usize = MAX_SLICES;

    /// No payload.
    pub const EMPTY: Self = Self { first: [&[]], count: 0, owner: None, several: Vec::new() };

    /// Add a slice; false when there are [`Slices::MAX`] already.
    pub fn push(&mut self, slice: &'a [u8]) -> bool {
        match self.count {
            0 => self.first = [slice],
            Self::MAX => return false,
            1 => self.several = vec![self.first[0], slice],
            _ => self.several.push(slice),
        }
        self.count += 1;
        true
    }

    /// The slices in order.
    pub fn as_slice(&self) -> &[&'a [u8]] {
        if self.count > 1 { &self.several } else { &self.first[..self.count] }
    }

    /// Whose immutable bytes all of the payload is a part of, and where in them it begins; `None` where some of it is not.
    pub fn owner(&self) -> Option<(&'a Foreign, usize)> {
        self.owner.filter(|_| self.count == 1)
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

impl fmt::Debug for Slices<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Slices({} bytes in {})", self.len(), self.count)
    }
}

/// Smallest memory that is taken at once: most requests and answers fit into one.
const MIN_CHUNK: usize = 2 << 10;
/// Foreign bytes shorter than this are copied: a slice of its own would cost more than the copy, and enough of
/// them would use up the slices of a unit.
const MIN_FOREIGN: usize = 4 << 10;

/// Memory of one piece of the stream.
enum Memory {
    /// Ours: filled up to its length, never beyond its capacity, so that it does not move.
    Own(Vec<u8>),
    /// Somebody else's, this part of it.
    Foreign(Foreign, Range<usize>),
}

struct Chunk {
    /// Stream position of the first byte.
    start: u64,
    memory: Memory,
}

impl Chunk {
    fn bytes(&self) -> &[u8] {
        match &self.memory {
            Memory::Own(bytes) => bytes,
            Memory::Foreign(bytes, part) => (**bytes).as_ref().get(part.clone()).unwrap_or(&[]),
        }
    }

    /// Whose bytes they are, if not ours, and where in them the byte `skip` of this chunk stands.
    fn owner(&self, skip: usize) -> Option<(&Foreign, usize)> {
        match &self.memory {
            Memory::Own(_) => None,
            Memory::Foreign(bytes, part) => Some((bytes, part.start + skip)),
        }
    }
}

/// Bytes from the oldest unacknowledged one on. Positions are offsets from that byte.
///
/// Memory is taken in chunks as it is needed and given back ([`Chunks`] keeps some for all) when its last byte is
/// acknowledged: a connection that has nothing in flight owns none. Bytes never move, so a retransmission leaves from where the first one did.
pub struct SendQueue {
    chunks: VecDeque<Chunk>,
    /// Stream position of offset 0.
    base: u64,
    length: usize,
    limit: usize,
    /// The chunk that was found last: the next one wanted is most often the same, or the one behind it.
    found: Cell<usize>,
}

impl SendQueue {
    /// An empty queue that takes up to `limit` bytes.
    pub const fn new(limit: usize) -> Self {
        Self { chunks: VecDeque::new(), base: 0, length: 0, limit, found: Cell::new(0) }
    }

    /// Bytes queued.
    pub const fn len(&self) -> usize {
        self.length
    }

    /// Whether nothing is queued.
    pub const fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Bytes that may be queued now.
    pub const fn free(&self) -> usize {
        self.limit.saturating_sub(self.length)
    }

    /// Bytes that may be queued in all.
    pub const fn limit(&self) -> usize {
        self.limit
    }

    /// Change how many bytes may be queued; what is queued stays.
    pub const fn set_limit(&mut self, limit: usize) {
        self.limit = limit;
    }

    /// Queue a copy of as much of `data` as there is room for; returns how much.
    pub fn push(&mut self, data: &[u8], chunks: &mut Chunks) -> usize {
        let taken = data.len().min(self.free());
        let mut rest = &data[..taken];
        while !rest.is_empty() {
            let room = match self.chunks.back_mut() {
                Some(Chunk { memory: Memory::Own(bytes), .. }) => {
                    let (now, later) = rest.split_at(rest.len().min(bytes.capacity() - bytes.len()));
                    bytes.extend_from_slice(now);
                    self.length += now.len();
                    rest = later;
                    rest.is_empty()
                }
                _ => false,
            };
            if !room {
                // As much as is queued already: a busy stream gets large chunks, a quiet one small ones.
                let size = rest.len().max(self.length).clamp(MIN_CHUNK, Chunks::SIZE);
                self.append(Memory::Own(chunks.take(size)));
            }
        }
        taken
    }

    /// Queue `data` by reference, from `offset` on, at most `most` bytes; returns how much was taken.
    pub fn push_foreign(&mut self, data: Foreign, offset: usize, most: usize, chunks: &mut Chunks) -> usize {
        let bytes = (*data).as_ref();
        let taken = bytes.len().saturating_sub(offset).min(self.free()).min(most);
        if taken < MIN_FOREIGN {
            return self.push(bytes.get(offset..offset + taken).unwrap_or(&[]), chunks);
        }
        self.append(Memory::Foreign(data, offset..offset + taken));
        self.length += taken;
        taken
    }

    fn append(&mut self, memory: Memory) {
        let start = self.base + self.length as u64;
        self.chunks.push_back(Chunk { start, memory });
    }

    /// Drop `count` acknowledged bytes from the front.
    pub fn consume(&mut self, count: usize, chunks: &mut Chunks) {
        let count = count.min(self.length);
        self.base += count as u64;
        self.length -= count;
        while let Some(chunk) = self.chunks.front() {
            if chunk.start + chunk.bytes().len() as u64 > self.base {
                break;
            }
            if let Some(Chunk { memory: Memory::Own(memory), .. }) = self.chunks.pop_front() {
                chunks.put(memory);
            }
            self.found.set(self.found.get().saturating_sub(1));
        }
        if self.chunks.is_empty() {
            self.chunks = VecDeque::new();
        }
    }

    /// Drop everything, at the end of a connection.
    pub fn clear(&mut self) {
        self.consume(self.length, &mut Chunks::default());
    }

    /// How many of `length` bytes from `offset` on one unit can hold, given that it has 16 slices at most.
    pub fn fit(&self, offset: usize, length: usize) -> usize {
        let Some((first, skip)) = self.locate(offset) else { return 0 };
        let wanted = length.min(self.length - offset);
        let mut held = 0;
        for chunk in self.chunks.range(first..).take(Slices::MAX) {
            held += chunk.bytes().len();
            if held >= skip + wanted {
                return wanted;
            }
        }
        held - skip
    }

    /// The slices that hold `length` bytes from `offset` on, or as many of them as 16 slices hold.
    pub fn slices(&self, offset: usize, length: usize) -> Slices<'_> {
        let mut slices = Slices::EMPTY;
        self.pieces(offset, length).all(|piece| slices.push(piece));
        slices.owner = self.locate(offset).and_then(|(index, skip)| self.chunks[index].owner(skip));
        slices
    }

    /// As `slices`, one after the other and without end.
    pub fn pieces(&self, offset: usize, length: usize) -> impl Iterator<Item = &[u8]> {
        let (first, mut skip) = self.locate(offset).unwrap_or((self.chunks.len(), 0));
        let mut wanted = length;
        self.chunks.range(first..).map_while(move |chunk| {
            let bytes = &chunk.bytes()[std::mem::take(&mut skip)..];
            let bytes = &bytes[..bytes.len().min(wanted)];
            wanted -= bytes.len();
            (!bytes.is_empty()).then_some(bytes)
        })
    }

    /// The chunk that holds `offset`, and where in it.
    fn locate(&self, offset: usize) -> Option<(usize, usize)> {
        if offset >= self.length {
            return None;
        }
        let position = self.base + offset as u64;
        let begins_by = |index: usize| self.chunks.get(index).is_some_and(|chunk| chunk.start <= position);
        let near = self.found.get();
        let index = match (begins_by(near), begins_by(near + 1), begins_by(near + 2)) {
            (true, false, _) => near,
            (true, true, false) => near + 1,
            _ => self.chunks.partition_point(|chunk| chunk.start <= position).checked_sub(1)?,
        };
        self.found.set(index);
        Some((index, (position - self.chunks[index].start) as usize))
    }
}

impl fmt::Debug for SendQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SendQueue({} of {} bytes in {} chunks)", self.length, self.limit, self.chunks.len())
    }
}

#[cfg(test)]
mod tests;
