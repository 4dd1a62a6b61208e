//! What waits for the devices: whole packets in a queue, and the header block of the segment at hand.

use crate::buffer::{Packet, Pool};
use crate::observe::InterfaceId;
use std::collections::VecDeque;

/// Packets complete from the link header on, in the order in which they leave.
#[derive(Debug, Default)]
pub(super) struct Output {
    queue: VecDeque<(InterfaceId, Packet)>,
    /// The packet that the driver is writing; it goes back to the pool when the next one is asked for.
    current: Option<Packet>,
}

impl Output {
    /// As many frames as Linux's tap queues by default (txqueuelen), so that a burst of answers is not cut short.
    const LIMIT: usize = 1_000;

    /// Queue a packet; gives it back when the queue is full.
    pub(super) fn push(&mut self, interface: InterfaceId, packet: Packet) -> Result<(), Packet> {
        if self.queue.len() >= Self::LIMIT {
            return Err(packet);
        }
        self.queue.push_back((interface, packet));
        Ok(())
    }

    /// Make the next packet the current one.
    pub(super) fn next(&mut self, pool: &mut Pool) -> Option<InterfaceId> {
        if let Some(sent) = self.current.take() {
            pool.put(sent);
        }
        let (interface, packet) = self.queue.pop_front()?;
        self.current = Some(packet);
        Some(interface)
    }

    /// The packet that [`Output::next`] made the current one.
    pub(super) const fn current(&self) -> Option<&Packet> {
        self.current.as_ref()
    }

    /// Throw away what waits for an interface that is gone.
    pub(super) fn purge(&mut self, interface: InterfaceId) {
        self.queue.retain(|(id, _)| *id != interface);
    }

    pub(super) fn len(&self) -> usize {
        self.queue.len()
    }
}
