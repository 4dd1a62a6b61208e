//! A device of two queues that the owner of a detached stack fills and empties by hand.

use super::{Device, Room};
use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tapip_core::buffer::Packet;
use tapip_core::stack::Transmit;

#[derive(Debug, Default)]
struct Queues {
    to_stack: VecDeque<Vec<u8>>,
    from_stack: VecDeque<Vec<u8>>,
}

/// The stack's end.
#[derive(Debug)]
pub struct Queue {
    queues: Arc<Mutex<Queues>>,
    mtu: usize,
}

/// The owner's end.
#[derive(Debug, Clone)]
pub struct QueueEnd(Arc<Mutex<Queues>>);

impl Queue {
    /// Frames that wait to be pulled; more are refused, as by any device whose other side does not read.
    pub const CAPACITY: usize = 65_536;

    /// Both ends of a new queue for packets of up to `mtu` bytes.
    pub fn new(mtu: usize) -> (Self, QueueEnd) {
        let queues = Arc::<Mutex<Queues>>::default();
        (Self { queues: Arc::clone(&queues), mtu }, QueueEnd(queues))
    }
}

impl QueueEnd {
    /// Hand the stack a frame. It sees it when it is driven next.
    pub fn inject(&self, frame: &[u8]) {
        locked(&self.0).to_stack.push_back(frame.to_vec());
    }

    /// The oldest frame that the stack sent and nobody has pulled yet.
    pub fn pull(&self) -> Option<Vec<u8>> {
        locked(&self.0).from_stack.pop_front()
    }
}

impl Device for Queue {
    fn recv(&mut self, packet: &mut Packet) -> io::Result<bool> {
        let Some(frame) = locked(&self.queues).to_stack.pop_front() else { return Ok(false) };
        if packet.tailroom_mut().len() < frame.len() {
            *packet = Packet::copied(packet.headroom(), &frame);
        } else {
            packet.append(&frame);
        }
        Ok(true)
    }

    fn send(&mut self, frame: &Transmit<'_>) -> io::Result<bool> {
        let mut queues = locked(&self.queues);
        if queues.from_stack.len() >= Self::CAPACITY {
            return Ok(false);
        }
        queues.from_stack.push_back(frame.to_vec());
        Ok(true)
    }

    fn room(&self) -> Room {
        Room::Readable
    }

    fn mtu(&self) -> usize {
        self.mtu
    }
}

/// Both queues. A panic elsewhere leaves them whole: every change is one push or pop.
fn locked(queues: &Mutex<Queues>) -> MutexGuard<'_, Queues> {
    queues.lock().unwrap_or_else(PoisonError::into_inner)
}
