//! The loopback device: what the stack sends on `lo` comes back as received.

use super::{Device, Features, Room};
use std::collections::VecDeque;
use std::io;
use tapip_core::buffer::{Packet, Pool};
use tapip_core::stack::Transmit;

/// A queue of frames from a stack to itself.
#[derive(Debug, Default)]
pub struct Loopback {
    frames: VecDeque<Packet>,
}

impl Loopback {
    /// Linux's MTU of `lo`.
    pub const MTU: usize = 65_536;

    /// Frames that may wait, as many as Linux queues for its loopback backlog (net.core.netdev_max_backlog).
    const CAPACITY: usize = 1_000;

    /// An empty one.
    pub const fn new() -> Self {
        Self { frames: VecDeque::new() }
    }
}

impl Device for Loopback {
    fn recv(&mut self, packet: &mut Packet) -> io::Result<bool> {
        // The frame itself is handed over, so that 64 KiB do not have to fit a buffer of the pool.
        Ok(self.frames.pop_front().map(|frame| *packet = frame).is_some())
    }

    fn send(&mut self, frame: &Transmit<'_>) -> io::Result<bool> {
        if self.frames.len() >= Self::CAPACITY {
            return Ok(false);
        }
        self.frames.push_back(copy_of(frame));
        Ok(true)
    }

    /// What comes back is what left: no bit of it can change, so nobody sums it.
    fn features(&self) -> Features {
        Features { rx: true, tx: true, ..Features::NONE }
    }

    fn room(&self) -> Room {
        Room::Readable
    }

    fn mtu(&self) -> usize {
        Self::MTU
    }
}

/// The frame in one piece, outside any pool.
pub(crate) fn copy_of(frame: &Transmit<'_>) -> Packet {
    let mut packet = if frame.payload.is_empty() {
        Packet::copied(Pool::HEADROOM, frame.header)
    } else {
        Packet::copied(Pool::HEADROOM, &frame.to_vec())
    };
    packet.offload = frame.offload;
    packet
}
