//! Buffers for frames under way.
//!
//! They belong to nobody while they are under way. A host that takes a frame in keeps its buffer and gives a spare one of
//! its own in return, so that a network in full flow allocates nothing.

use crate::buffer::{Packet, Pool};
use crate::sim::digest;
use crate::stack::{Stack, Transmit};
use crate::wire::checksum;

/// Empty buffers.
#[derive(Debug, Default)]
pub(super) struct Stock {
    free: Vec<Packet>,
}

impl Stock {
    /// Room for a frame in each buffer: that of a stack's pool, or they could not be exchanged.
    const ROOM: usize = 2_016;
    /// Buffers kept: 32 MiB, more than lie idle where as many frames come back as leave.
    const MOST: usize = 16_384;

    fn take(&mut self, length: usize) -> Packet {
        match self.free.pop() {
            Some(packet) if packet.tailroom() >= length => packet,
            other => {
                self.free.extend(other);
                let mut packet = Packet::with_room(Pool::HEADROOM + length.max(Self::ROOM));
                packet.reset(Pool::HEADROOM);
                packet
            }
        }
    }

    /// The frame that a stack sends, in one piece and with its checksum made. `own` says that the stack passes on nothing
    /// for others.
    pub(super) fn gather(&mut self, transmit: &Transmit<'_>, own: bool) -> Packet {
        let mut packet = self.take(transmit.len());
        transmit.copy_into(&mut packet);
        if let Some((start, field)) = packet.offload.partial_checksum.take() {
            checksum::complete(packet.bytes_mut(), usize::from(start), usize::from(field));
        }
        // As a device's offload would say on arrival; damage under way takes it back. What a router passes on is as good
        // as it came.
        packet.offload.checksum_valid |= own;
        // Now, while the frame is in the nearest cache; when it arrives it is long out of it.
        packet.tag = digest::of_frame(packet.bytes());
        packet
    }

    /// A copy of a frame.
    pub(super) fn copy(&mut self, frame: &Packet) -> Packet {
        let mut packet = self.take(frame.len());
        packet.append(frame.bytes());
        (packet.offload, packet.tag) = (frame.offload, frame.tag);
        packet
    }

    /// A buffer is free again.
    pub(super) fn put(&mut self, mut packet: Packet) {
        if packet.footprint() == Pool::HEADROOM + Self::ROOM && self.free.len() < Self::MOST {
            packet.reset(Pool::HEADROOM);
            self.free.push(packet);
        }
    }

    /// Make a frame one of the stack's own; `None`, and the frame is gone, when the stack has no buffer left.
    pub(super) fn hand_over(&mut self, packet: Packet, stack: &mut Stack) -> Option<Packet> {
        match stack.pool().adopt(packet) {
            Ok((packet, spare)) => {
                self.free.extend(spare.filter(|_| self.free.len() < Self::MOST));
                Some(packet)
            }
            Err(packet) => {
                self.put(packet);
                None
            }
        }
    }
}
