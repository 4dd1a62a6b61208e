//! Packets that follow each other without a gap, and how small ones are gathered.

use super::{Packet, Pool};
use std::collections::VecDeque;

/// Least and most memory for gathering small payloads: one interactive exchange, and one unit of receive offload.
const GATHER: (usize, usize) = (2 << 10, 64 << 10);

/// A stretch of the stream that arrived before its turn.
#[derive(Debug)]
pub(super) struct Run {
    /// Stream offset behind its last byte.
    pub(super) end: u64,
    pub(super) packets: VecDeque<Packet>,
}

impl Run {
    /// A run of one packet. A payload much smaller than its buffer moves into memory of its own size, so that a peer
    /// that sends single bytes with gaps cannot hold a buffer of the pool with each.
    pub(super) fn new(start: u64, packet: Packet, pool: &mut Pool) -> Self {
        let end = start + packet.len() as u64;
        let packet = if is_small(&packet) {
            let copy = Packet::copied(0, packet.bytes());
            pool.put(packet);
            copy
        } else {
            packet
        };
        Self { end, packets: VecDeque::from([packet]) }
    }

    /// Add what follows; returns how many packets more it is.
    pub(super) fn append(&mut self, packet: Packet, pool: &mut Pool) -> usize {
        let (length, count) = (packet.len(), self.packets.len());
        self.end += length as u64;
        append(&mut self.packets, packet, length, pool);
        self.packets.len() - count
    }

    /// Add the run that starts where this one ends. The shorter list moves.
    pub(super) fn join(&mut self, mut after: Self) {
        self.end = after.end;
        if self.packets.len() >= after.packets.len() {
            self.packets.append(&mut after.packets);
        } else {
            for packet in self.packets.drain(..).rev() {
                after.packets.push_front(packet);
            }
            self.packets = after.packets;
        }
    }
}

/// Whether a payload wastes most of its buffer.
fn is_small(packet: &Packet) -> bool {
    packet.len() * 4 < packet.footprint()
}

/// Put `packet` at the end of `queue`. A payload much smaller than its buffer is copied behind the last one instead,
/// so that a slow reader of small segments does not hold the whole pool. `backlog` bytes wait in all: the longer the
/// queue, the larger the memory they are gathered in.
pub(super) fn append(queue: &mut VecDeque<Packet>, packet: Packet, backlog: usize, pool: &mut Pool) {
    if !is_small(&packet) {
        return queue.push_back(packet);
    }
    let fits = queue.back().is_some_and(|last| last.tailroom() >= packet.len());
    if !fits {
        queue.push_back(Packet::with_room(backlog.clamp(GATHER.0, GATHER.1).max(packet.len())));
    }
    if let Some(last) = queue.back_mut() {
        last.append(packet.bytes());
    }
    pool.put(packet);
}
