//! What UDP and raw sockets share: the queue of what came in, the errors that concern them, and their settings.

mod errors;
mod inbox;
mod settings;
#[cfg(test)]
mod tests;

pub use errors::{ErrorQueue, QueuedError};
pub use inbox::Inbox;
pub use settings::{DatagramSettings, MtuDiscover};

use super::{Packet, Pool};
use crate::observe::InterfaceId;
use crate::wire::{IpAddress, SocketAddress};
use std::collections::VecDeque;

/// Memory for the books of one datagram, besides its buffer: empty datagrams are not free.
const DATAGRAM_OVERHEAD: usize = 128;

/// A datagram that came in, with all that an application may want to know of it.
#[derive(Debug)]
pub struct Datagram {
    /// Who sent it; port 0 where the protocol has none.
    pub source: SocketAddress,
    /// Which address it was sent to.
    pub destination: IpAddress,
    /// Where it came in.
    pub interface: InterfaceId,
    /// Its time to live on arrival.
    pub ttl: u8,
    /// Its type of service.
    pub tos: u8,
    /// The payload in view (raw: from the IP header on).
    pub packet: Packet,
}

/// All of a datagram but its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meta {
    /// Who sent it.
    pub source: SocketAddress,
    /// Which address it was sent to.
    pub destination: IpAddress,
    /// Where it came in.
    pub interface: InterfaceId,
    /// Its time to live on arrival.
    pub ttl: u8,
    /// Its type of service.
    pub tos: u8,
    /// Its whole length, also when the caller's buffer was shorter.
    pub length: usize,
}

impl Datagram {
    /// All but the bytes.
    pub const fn meta(&self) -> Meta {
        let Self { source, destination, interface, ttl, tos, ref packet } = *self;
        Meta { source, destination, interface, ttl, tos, length: packet.len() }
    }

    fn cost(&self) -> usize {
        self.packet.footprint() + DATAGRAM_OVERHEAD
    }
}

/// The bounded receive queue of a datagram socket.
///
/// The bound counts memory, not payload: what a datagram keeps occupied. A small one moves out of its large buffer,
/// so that many of them fit and the pool is not drained by a reader that sleeps.
#[derive(Debug, Default)]
pub struct DatagramQueue {
    queue: VecDeque<Datagram>,
    bytes: usize,
    drops: u64,
}

impl DatagramQueue {
    /// An empty queue.
    pub fn new() -> Self {
        Self::default()
    }

    /// Queue a datagram while less than `limit` bytes wait; false when it was dropped, and counted in
    /// [`DatagramQueue::drops`].
    ///
    /// The first one always fits, so that no buffer size makes a socket deaf.
    pub fn push(&mut self, mut datagram: Datagram, limit: usize, pool: &mut Pool) -> bool {
        if !self.queue.is_empty() && self.bytes >= limit {
            self.drops += 1;
            pool.put(datagram.packet);
            return false;
        }
        let length = datagram.packet.len();
        if datagram.packet.footprint() >= 2 * (length + DATAGRAM_OVERHEAD) {
            let compact = Packet::copied(0, datagram.packet.bytes());
            pool.put(std::mem::replace(&mut datagram.packet, compact));
        }
        self.bytes += datagram.cost();
        self.queue.push_back(datagram);
        true
    }

    /// Copy the oldest datagram out and give its buffer back; what does not fit `out` is lost.
    pub fn pop(&mut self, out: &mut [u8], pool: &mut Pool) -> Option<(usize, Meta)> {
        let datagram = self.take()?;
        let taken = (copy(datagram.packet.bytes(), out), datagram.meta());
        pool.put(datagram.packet);
        Some(taken)
    }

    /// Take the oldest datagram itself.
    pub fn take(&mut self) -> Option<Datagram> {
        let datagram = self.queue.pop_front()?;
        self.bytes -= datagram.cost();
        Some(datagram)
    }

    /// As [`DatagramQueue::pop`], but the datagram stays.
    pub fn peek(&self, out: &mut [u8]) -> Option<(usize, Meta)> {
        let datagram = self.queue.front()?;
        Some((copy(datagram.packet.bytes(), out), datagram.meta()))
    }

    /// Length of the oldest datagram.
    pub fn next_length(&self) -> Option<usize> {
        self.queue.front().map(|datagram| datagram.packet.len())
    }

    /// How many datagrams wait.
    pub fn len(&self) -> usize {
        self.queue.len()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Memory held.
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Datagrams dropped because the queue was full.
    pub const fn drops(&self) -> u64 {
        self.drops
    }
}

fn copy(from: &[u8], to: &mut [u8]) -> usize {
    let length = from.len().min(to.len());
    to[..length].copy_from_slice(&from[..length]);
    length
}
