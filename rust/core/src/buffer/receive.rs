//! The receive queue: payload in the buffers it came in, in order for the reader, out of order until the gap closes.
//!
//! Where two segments overlap, the bytes that came first win: what was acknowledged, or reported in a SACK block, never
//! changes afterwards.

use super::{Packet, Pool};
use std::collections::{BTreeMap, VecDeque};
use std::fmt;

/// What became of a segment's payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Insert {
    /// The next bytes: now readable, and whatever they joined up with.
    InOrder,
    /// Kept until the gap in front of it closes.
    OutOfOrder,
    /// All of it was here already.
    Duplicate,
    /// Too many segments wait for a gap to close.
    Full,
}

/// Bytes from the next one to be read on. Positions are offsets in the stream (u64, never wrapping).
#[derive(Default)]
pub struct ReceiveQueue {
    ready: VecDeque<Packet>,
    readable: usize,
    next: u64,
    /// Segments behind a gap, none of which overlap, by position.
    early: BTreeMap<u64, Packet>,
    /// The same bytes as runs, start to end: what SACK reports.
    runs: BTreeMap<u64, u64>,
    /// Where the latest segments behind a gap begin, latest first.
    recent: VecDeque<u64>,
    /// Emptied buffers, until somebody comes by with the pool.
    spent: Vec<Packet>,
}

impl ReceiveQueue {
    /// A payload that fills less than a quarter of its buffer is copied: the copy is cheaper than the memory it pins.
    const SPARSE: usize = 4;
    /// Emptied buffers kept for the pool.
    const SPENT: usize = 64;

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

    /// Segments that wait for a gap to close.
    pub fn early(&self) -> usize {
        self.early.len()
    }

    /// Take the payload that begins at stream offset `at`; at most `most_early` segments may wait for a gap to close.
    pub fn insert(&mut self, at: u64, mut payload: Packet, most_early: usize) -> Insert {
        let end = at + payload.len() as u64;
        if end <= self.next {
            self.retire(payload);
            return Insert::Duplicate;
        }
        let skip = self.next.saturating_sub(at);
        payload.advance(skip as usize);
        let at = at + skip;
        if at == self.next && self.early.is_empty() {
            self.append(payload);
            return Insert::InOrder;
        }
        let in_order = at == self.next;
        if !in_order && self.early.len() >= most_early {
            return Insert::Full;
        }
        if !self.insert_early(at, payload) {
            return Insert::Duplicate;
        }
        if in_order {
            self.join();
            return Insert::InOrder;
        }
        self.recent.push_front(at);
        self.recent.truncate(8);
        Insert::OutOfOrder
    }

    /// Keep those parts of a segment that are not here yet; whether there were any.
    fn insert_early(&mut self, at: u64, mut payload: Packet) -> bool {
        let end = at + payload.len() as u64;
        let mut from = at;
        let mut gaps = Vec::new();
        let before = self.runs.range(..=at).next_back().map(|(start, end)| (*start, *end));
        let inside = self.runs.range(at + 1..end).map(|(start, end)| (*start, *end));
        for (run_start, run_end) in before.into_iter().chain(inside) {
            if run_start > from {
                gaps.push((from, run_start));
            }
            from = from.max(run_end);
        }
        if from < end {
            gaps.push((from, end));
        }
        let Some(((last_from, last_to), others)) = gaps.split_last().map(|(last, others)| (*last, others))
        else {
            self.retire(payload);
            return false;
        };
        for (from, to) in others {
            let part = &payload.bytes()[(from - at) as usize..(to - at) as usize];
            self.early.insert(*from, Packet::copied(0, part));
        }
        payload.truncate((last_to - at) as usize);
        payload.advance((last_from - at) as usize);
        if payload.len() * Self::SPARSE < payload.footprint() {
            let copy = Packet::copied(0, payload.bytes());
            self.retire(payload);
            payload = copy;
        }
        self.early.insert(last_from, payload);
        self.merge_run(at, end);
        true
    }

    /// Add `at..end` to the runs, joined with what it touches.
    fn merge_run(&mut self, at: u64, end: u64) {
        let (mut start, mut stop) = (at, end);
        if let Some((left, right)) = self.runs.range(..=at).next_back()
            && *right >= at
        {
            (start, stop) = (*left, stop.max(*right));
        }
        while let Some((left, right)) =
            self.runs.range(start..=stop).next().map(|(left, right)| (*left, *right))
        {
            stop = stop.max(right);
            self.runs.remove(&left);
        }
        self.runs.insert(start, stop);
    }

    /// Move to the reader what has become contiguous.
    fn join(&mut self) {
        while let Some(entry) = self.early.first_entry() {
            if *entry.key() != self.next {
                break;
            }
            let payload = entry.remove();
            self.append(payload);
        }
        while let Some(entry) = self.runs.first_entry() {
            if *entry.get() > self.next {
                break;
            }
            entry.remove();
        }
        let next = self.next;
        self.recent.retain(|at| *at >= next);
    }

    /// Put the next bytes behind those that are readable.
    fn append(&mut self, payload: Packet) {
        self.readable += payload.len();
        self.next += payload.len() as u64;
        if payload.len() * Self::SPARSE < payload.footprint()
            && let Some(last) = self.ready.back_mut()
            && last.tailroom_mut().len() >= payload.len()
        {
            last.append(payload.bytes());
            return self.retire(payload);
        }
        self.ready.push_back(payload);
    }

    fn retire(&mut self, payload: Packet) {
        if self.spent.len() < Self::SPENT {
            self.spent.push(payload);
        }
    }

    /// Up to `most` runs behind the first gap, the one that grew last in front (RFC 2018 4).
    pub fn sack_runs(&self, most: usize) -> impl Iterator<Item = (u64, u64)> {
        let mut runs: Vec<(u64, u64)> = Vec::with_capacity(most);
        for at in &self.recent {
            let run = self.runs.range(..=*at).next_back().map(|(start, end)| (*start, *end));
            if let Some(run) = run.filter(|run| run.1 > *at && !runs.contains(run)) {
                runs.push(run);
            }
        }
        runs.into_iter().take(most)
    }

    /// Read into `out`, giving emptied buffers back to `pool`; returns how many bytes.
    pub fn read(&mut self, out: &mut [u8], pool: &mut Pool) -> usize {
        let mut filled = 0;
        while filled < out.len() {
            let Some(front) = self.ready.front_mut() else { break };
            let count = front.len().min(out.len() - filled);
            out[filled..filled + count].copy_from_slice(&front.bytes()[..count]);
            front.advance(count);
            filled += count;
            if front.is_empty()
                && let Some(empty) = self.ready.pop_front()
            {
                pool.put(empty);
            }
        }
        self.readable -= filled;
        self.spent.drain(..).for_each(|packet| pool.put(packet));
        filled
    }

    /// As `read`, but nothing is consumed.
    pub fn peek(&self, out: &mut [u8]) -> usize {
        let mut filled = 0;
        for packet in &self.ready {
            let count = packet.len().min(out.len() - filled);
            out[filled..filled + count].copy_from_slice(&packet.bytes()[..count]);
            filled += count;
        }
        filled
    }

    /// Throw away everything; what is received is forgotten, but not where the stream stands.
    pub fn clear(&mut self) {
        *self = Self { next: self.next, ..Self::default() };
    }
}

impl fmt::Debug for ReceiveQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ReceiveQueue({} readable, {} early)", self.readable, self.early.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn packet(bytes: &[u8]) -> Packet {
        Packet::copied(0, bytes)
    }

    fn read(queue: &mut ReceiveQueue) -> Vec<u8> {
        let mut out = vec![0; 1 << 16];
        let mut pool = Pool::new(8, 100);
        let count = queue.read(&mut out, &mut pool);
        out[..count].to_vec()
    }

    #[test]
    fn a_gap_holds_back_what_follows_and_the_latest_run_is_reported_first() {
        let mut queue = ReceiveQueue::new();
        assert_eq!(queue.insert(10, packet(b"klm"), 9), Insert::OutOfOrder);
        assert_eq!(queue.insert(5, packet(b"fg"), 9), Insert::OutOfOrder);
        assert_eq!(queue.sack_runs(3).collect::<Vec<_>>(), [(5, 7), (10, 13)]);
        assert_eq!(queue.insert(7, packet(b"hij"), 9), Insert::OutOfOrder);
        assert_eq!(queue.sack_runs(3).collect::<Vec<_>>(), [(5, 13)]);
        assert_eq!(queue.insert(0, packet(b"abcde"), 9), Insert::InOrder);
        assert_eq!(read(&mut queue), b"abcdefghijklm");
        assert_eq!(queue.sack_runs(3).count(), 0);
        assert_eq!(queue.insert(3, packet(b"XY"), 9), Insert::Duplicate);
    }

    #[test]
    fn the_first_copy_wins_and_the_early_part_is_bounded() {
        let mut queue = ReceiveQueue::new();
        queue.insert(2, packet(b"CD"), 2);
        assert_eq!(queue.insert(1, packet(b"bxxe"), 2), Insert::OutOfOrder);
        assert_eq!(queue.insert(20, packet(b"z"), 2), Insert::Full);
        queue.insert(0, packet(b"a"), 2);
        assert_eq!(read(&mut queue), b"abCDe");
    }

    #[test]
    fn small_payloads_are_put_together_so_that_a_slow_reader_cannot_pin_the_pool() {
        let mut pool = Pool::new(2_000, 2_000);
        let mut queue = ReceiveQueue::new();
        for at in 0..1_000u64 {
            let mut packet = pool.take().expect("the pool is not pinned");
            packet.append(&[at as u8; 10]);
            queue.insert(at * 10, packet, 9);
        }
        queue.spent.clear();
        assert!(pool.in_use() < 10, "{} buffers are pinned", pool.in_use());
        assert_eq!(read(&mut queue).len(), 10_000);
        assert_eq!(pool.in_use(), 0);
    }

    proptest! {
        #[test]
        fn any_order_and_overlap_gives_the_stream(
            order in prop::collection::vec((0..600usize, 1..90usize), 1..200),
        ) {
            let stream: Vec<u8> = (0..700).map(|i| (i * 7 % 251) as u8).collect();
            let mut queue = ReceiveQueue::new();
            let mut seen = vec![false; 700];
            let mut got = Vec::new();
            for (at, length) in order {
                seen[at..at + length].fill(true);
                queue.insert(at as u64, packet(&stream[at..at + length]), 4_096);
                got.extend(read(&mut queue));
                let expected = seen.iter().take_while(|seen| **seen).count();
                prop_assert_eq!(queue.next() as usize, expected);
                for (from, to) in queue.sack_runs(4) {
                    prop_assert!(seen[from as usize..to as usize].iter().all(|seen| *seen));
                }
            }
            prop_assert_eq!(&got, &stream[..got.len()]);
            prop_assert_eq!(got.len() as u64, queue.next());
        }
    }
}
