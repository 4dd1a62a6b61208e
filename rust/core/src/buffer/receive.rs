//! The receive queue: payload in the buffers it came in, in order for the reader, out of order until the gap closes.

mod run;

use super::{Packet, Pool};
use run::Run;
use std::collections::{BTreeMap, VecDeque};

/// Bytes from the next one to be read on. Positions are offsets in the stream (u64, never wrapping).
///
/// What came first stays: bytes that arrive again, with whatever content, never replace those that are held.
/// Out-of-order data lies in runs, each without a gap, by position in a tree: finding and joining cost O(log n)
/// however an attacker orders his segments.
#[derive(Debug, Default)]
pub struct ReceiveQueue {
    ready: VecDeque<Packet>,
    readable: usize,
    next: u64,
    runs: BTreeMap<u64, Run>,
    waiting: usize,
    pieces: usize,
}

/// What became of an insertion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inserted {
    /// Bytes became readable.
    Ready,
    /// It waits for what is missing before it.
    Waiting,
    /// All of it was here before.
    Duplicate,
    /// There are too many pieces waiting.
    Full,
}

impl ReceiveQueue {
    /// An empty queue whose next byte is at stream offset 0.
    pub fn new() -> Self {
        Self::default()
    }

    /// Bytes that can be read now.
    pub const fn readable(&self) -> usize {
        self.readable
    }

    /// Stream offset of the first byte not yet received in order.
    pub const fn next(&self) -> u64 {
        self.next
    }

    /// Stream offset of the next byte to be read.
    pub const fn read_position(&self) -> u64 {
        self.next - self.readable as u64
    }

    /// Bytes that wait for a gap to close.
    pub const fn waiting(&self) -> usize {
        self.waiting
    }

    /// Whether there is a gap.
    pub fn has_gap(&self) -> bool {
        !self.runs.is_empty()
    }

    /// The run out of order that holds `position`.
    pub fn run_at(&self, position: u64) -> Option<(u64, u64)> {
        let (start, run) = self.runs.range(..=position).next_back()?;
        (position < run.end).then_some((*start, run.end))
    }

    /// The runs out of order, lowest first.
    pub fn runs(&self) -> impl Iterator<Item = (u64, u64)> {
        self.runs.iter().map(|(start, run)| (*start, run.end))
    }

    /// Take the payload in view of `packet`, whose first byte is at `position`. At most `max_pieces` wait out of order.
    pub fn insert(&mut self, position: u64, packet: Packet, max_pieces: usize, pool: &mut Pool) -> Inserted {
        if position == self.next && self.runs.is_empty() {
            self.append(packet, pool);
            return Inserted::Ready;
        }
        let (next, waiting) = (self.next, self.waiting);
        let whole = self.insert_pieces(position, packet, max_pieces, pool);
        match (whole, self.next > next, self.waiting > waiting) {
            (_, true, _) => Inserted::Ready,
            (true, false, true) => Inserted::Waiting,
            (true, false, false) => Inserted::Duplicate,
            (false, false, _) => Inserted::Full,
        }
    }

    /// Insert the parts that are not here yet, each into its gap. False when a part had to be dropped.
    fn insert_pieces(&mut self, mut at: u64, mut packet: Packet, max_pieces: usize, pool: &mut Pool) -> bool {
        loop {
            let held = if at < self.next { self.next } else { self.run_at(at).map_or(at, |run| run.1) };
            let known = (held - at).min(packet.len() as u64) as usize;
            packet.advance(known);
            at += known as u64;
            if packet.is_empty() {
                pool.put(packet);
                return true;
            }
            let gap_end = self.runs.range(at..).next().map_or(u64::MAX, |(start, _)| *start);
            let room = (gap_end - at).min(packet.len() as u64) as usize;
            if at != self.next && self.pieces >= max_pieces {
                pool.put(packet);
                return false;
            }
            if room == packet.len() {
                self.place(at, packet, pool);
                return true;
            }
            // It reaches over what is held already: only the part in front of that is news. Rare, so a copy does.
            self.place(at, Packet::copied(0, &packet.bytes()[..room]), pool);
            packet.advance(room);
            at += room as u64;
        }
    }

    /// Put a piece that overlaps nothing where it belongs.
    fn place(&mut self, at: u64, piece: Packet, pool: &mut Pool) {
        if at == self.next {
            self.append(piece, pool);
            return self.join_ready();
        }
        let length = piece.len();
        let end = at + length as u64;
        self.waiting += length;
        let before = self.runs.range_mut(..at).next_back().filter(|(_, run)| run.end == at);
        let (start, grown) = match before {
            Some((start, run)) => {
                let start = *start;
                let grown = run.append(piece, pool);
                (start, grown)
            }
            None => {
                self.runs.insert(at, Run::new(at, piece, pool));
                (at, 1)
            }
        };
        self.pieces += grown;
        if let Some(after) = self.runs.remove(&end)
            && let Some(run) = self.runs.get_mut(&start)
        {
            run.join(after);
        }
    }

    fn append(&mut self, packet: Packet, pool: &mut Pool) {
        self.readable += packet.len();
        self.next += packet.len() as u64;
        run::append(&mut self.ready, packet, self.readable, pool);
    }

    /// Move the runs that the reader can reach now.
    fn join_ready(&mut self) {
        while let Some(entry) = self.runs.first_entry()
            && *entry.key() <= self.next
        {
            let run = entry.remove();
            let length = (run.end - self.next) as usize;
            self.next = run.end;
            self.readable += length;
            self.waiting -= length;
            self.pieces -= run.packets.len();
            self.ready.extend(run.packets);
        }
    }

    /// Drop what can be read: nobody will. What waits for a gap stays.
    pub fn discard(&mut self, pool: &mut Pool) {
        for packet in std::mem::take(&mut self.ready) {
            pool.put(packet);
        }
        self.readable = 0;
    }

    /// Read into `out`, giving emptied buffers back to `pool`; returns how many bytes.
    pub fn read(&mut self, out: &mut [u8], pool: &mut Pool) -> usize {
        let mut count = 0;
        while let Some(packet) = self.ready.front_mut() {
            let length = packet.len().min(out.len() - count);
            out[count..count + length].copy_from_slice(&packet.bytes()[..length]);
            packet.advance(length);
            count += length;
            if !packet.is_empty() {
                break;
            }
            if let Some(empty) = self.ready.pop_front() {
                pool.put(empty);
            }
        }
        self.readable -= count;
        if self.ready.is_empty() {
            self.ready = VecDeque::new();
        }
        count
    }

    /// As `read`, but nothing is consumed.
    pub fn peek(&self, out: &mut [u8]) -> usize {
        let mut count = 0;
        for packet in &self.ready {
            let length = packet.len().min(out.len() - count);
            out[count..count + length].copy_from_slice(&packet.bytes()[..length]);
            count += length;
        }
        count
    }

    /// Drop what waits out of order: its gap will never close.
    pub fn clear_waiting(&mut self) {
        self.runs.clear();
        (self.waiting, self.pieces) = (0, 0);
    }

    /// Drop everything: nobody will read.
    pub fn clear(&mut self) {
        self.clear_waiting();
        self.ready = VecDeque::new();
        self.readable = 0;
    }
}

#[cfg(test)]
mod tests;
