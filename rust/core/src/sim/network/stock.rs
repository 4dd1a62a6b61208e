//! Buffers for frames under way.
//!
//! They belong to nobody while they are under way. What is under way is large, and read again long after it was written: so
//! little of it is kept as can be. Payload that an application sent by reference stays with it, and only the headers lie in
//! a buffer, a small one, as small frames do. A host that takes such a frame in copies it into a buffer of its own, the one that it
//! used last. It keeps the buffer of a large frame, and gives a spare one of its own in return, so that a network in full
//! flow allocates nothing.

use crate::buffer::{Packet, Pool};
use crate::sim::digest;
use crate::stack::{Stack, Transmit};
use crate::wire::checksum;
use std::sync::Arc;

/// Empty buffers.
#[derive(Debug, Default)]
pub(super) struct Stock {
    large: Vec<Packet>,
    small: Vec<Packet>,
}

impl Stock {
    /// Room for a frame in each large buffer: that of a stack's pool, or they could not be exchanged.
    const ROOM: usize = 2_016;
    /// Room in a small one, two cache lines: all headers, and all of an ARP message or an ACK.
    const SMALL: usize = 128;
    /// Buffers kept of a kind: 32 MiB, more than lie idle where as many frames come back as leave.
    const MOST: usize = 16_384;

    fn take(&mut self, length: usize) -> Packet {
        if length <= Self::SMALL {
            return self.small.pop().unwrap_or_else(|| Packet::with_room(Self::SMALL));
        }
        match self.large.pop() {
            Some(packet) if packet.tailroom() >= length => packet,
            other => {
                self.large.extend(other);
                let mut packet = Packet::with_room(Pool::HEADROOM + length.max(Self::ROOM));
                packet.reset(Pool::HEADROOM);
                packet
            }
        }
    }

    /// The frame that a stack sends, with its checksum made. `own` says that the stack passes on nothing for others.
    pub(super) fn gather(&mut self, transmit: &Transmit<'_>, own: bool) -> Packet {
        let open = transmit.offload.partial_checksum.is_some();
        let owner = transmit.payload.owner().filter(|_| !open && transmit.header.len() <= Self::SMALL);
        let mut packet = if let Some((source, start)) = owner {
            let mut packet = self.take(transmit.header.len());
            packet.append(transmit.header);
            packet.offload = transmit.offload;
            packet.refer(Arc::clone(source), start, transmit.payload.len());
            packet
        } else {
            let mut packet = self.take(transmit.len());
            transmit.copy_into(&mut packet);
            packet
        };
        if let Some((start, field)) = packet.offload.partial_checksum.take() {
            checksum::complete(packet.bytes_mut(), usize::from(start), usize::from(field));
        }
        // As a device's offload would say on arrival; damage under way takes it back. What a router passes on is as good
        // as it came.
        packet.offload.checksum_valid |= own;
        // Now, while the frame is in the nearest cache; when it arrives it is long out of it.
        packet.tag = digest::of_frame(&packet);
        packet
    }

    /// A copy of a frame.
    pub(super) fn copy(&mut self, frame: &Packet) -> Packet {
        let mut packet = self.take(frame.len());
        packet.append_all(frame);
        (packet.offload, packet.tag) = (frame.offload, frame.tag);
        packet
    }

    /// A buffer is free again.
    pub(super) fn put(&mut self, mut packet: Packet) {
        let (kept, headroom) = match packet.footprint() {
            Self::SMALL => (&mut self.small, 0),
            size if size == Pool::HEADROOM + Self::ROOM => (&mut self.large, Pool::HEADROOM),
            _ => return,
        };
        if kept.len() < Self::MOST {
            packet.reset(headroom);
            kept.push(packet);
        }
    }

    /// Make a frame one of the stack's own; `None`, and the frame is gone, when the stack has no buffer left.
    pub(super) fn hand_over(&mut self, packet: Packet, stack: &mut Stack) -> Option<Packet> {
        if packet.footprint() == Self::SMALL {
            let own = stack.pool().take_sized(packet.len()).map(|mut own| {
                own.append_all(&packet);
                (own.offload, own.tag) = (packet.offload, packet.tag);
                own
            });
            self.put(packet);
            return own;
        }
        match stack.pool().adopt(packet) {
            Ok((packet, spare)) => {
                self.large.extend(spare.filter(|_| self.large.len() < Self::MOST));
                Some(packet)
            }
            Err(packet) => {
                self.put(packet);
                None
            }
        }
    }
}
