//! Two devices joined in memory: what one sends, the other receives. Each end may be on a stack of its own thread.

use super::{Device, Room, too_long};
use crate::eventfd::Signal;
use rustix::fd::{AsFd, BorrowedFd};
use rustix::io::Errno;
use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tapip_core::buffer::Packet;
use tapip_core::stack::Transmit;

/// What one end knows of itself.
#[derive(Debug, Default)]
struct End {
    /// Frames on their way to this end.
    frames: VecDeque<Vec<u8>>,
    /// Its signal is up. Guarded by the lock, so that a burst of frames costs one write and no wake-up is lost.
    raised: bool,
    /// It was refused room and wants to hear of some.
    wants_room: bool,
    /// It was dropped.
    closed: bool,
}

#[derive(Debug)]
struct Cable {
    ends: Mutex<([End; 2], Vec<Vec<u8>>)>,
    signals: [Signal; 2],
}

/// One end of an in-memory cable.
#[derive(Debug)]
pub struct Pipe {
    cable: Arc<Cable>,
    side: usize,
    mtu: usize,
}

impl Pipe {
    /// Frames on their way to one end: the length of a tap's queue (txqueuelen).
    pub const CAPACITY: usize = 1_000;

    /// Two ends that carry packets of up to `mtu` bytes.
    pub fn pair(mtu: usize) -> io::Result<(Self, Self)> {
        let signals = [Signal::new()?, Signal::new()?];
        let cable = Arc::new(Cable { ends: Mutex::default(), signals });
        Ok((Self { cable: Arc::clone(&cable), side: 0, mtu }, Self { cable, side: 1, mtu }))
    }

    const fn far(&self) -> usize {
        1 - self.side
    }
}

impl Cable {
    /// Both ends and the buffers for reuse. A panic elsewhere leaves them whole: every change is a push or a pop.
    fn lock(&self) -> MutexGuard<'_, ([End; 2], Vec<Vec<u8>>)> {
        self.ends.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn raise(&self, ends: &mut [End; 2], side: usize) {
        if !ends[side].raised {
            ends[side].raised = true;
            self.signals[side].raise();
        }
    }
}

impl Device for Pipe {
    fn recv(&mut self, packet: &mut Packet) -> io::Result<bool> {
        let mut guard = self.cable.lock();
        let (ends, spare) = &mut *guard;
        let Some(mut frame) = ends[self.side].frames.pop_front() else {
            if ends[self.side].raised {
                ends[self.side].raised = false;
                self.cable.signals[self.side].clear();
            }
            return Ok(false);
        };
        let far = self.far();
        if ends[far].wants_room && ends[self.side].frames.len() <= Self::CAPACITY / 2 {
            ends[far].wants_room = false;
            self.cable.raise(ends, far);
        }
        let fits = frame.len() <= packet.tailroom_mut().len();
        if fits {
            packet.append(&frame);
        } else {
            *packet = Packet::copied(packet.headroom(), &frame);
        }
        if spare.len() < Self::CAPACITY {
            frame.clear();
            spare.push(frame);
        }
        Ok(true)
    }

    fn send(&mut self, frame: &Transmit<'_>) -> io::Result<bool> {
        // Room for a link header with two VLAN tags above the MTU, as Ethernet devices leave it.
        const LINK_HEADER: usize = 22;
        if frame.len() > self.mtu + LINK_HEADER {
            return Err(too_long());
        }
        let mut guard = self.cable.lock();
        let (ends, spare) = &mut *guard;
        let far = self.far();
        if ends[far].closed {
            return Err(Errno::NETDOWN.into());
        }
        if ends[far].frames.len() >= Self::CAPACITY {
            ends[self.side].wants_room = true;
            return Ok(false);
        }
        let mut copy = spare.pop().unwrap_or_default();
        copy.extend_from_slice(frame.header);
        for slice in frame.payload.as_slice() {
            copy.extend_from_slice(slice);
        }
        ends[far].frames.push_back(copy);
        self.cable.raise(ends, far);
        Ok(true)
    }

    fn fd(&self) -> Option<BorrowedFd<'_>> {
        Some(self.cable.signals[self.side].as_fd())
    }

    fn room(&self) -> Room {
        Room::Readable
    }

    fn mtu(&self) -> usize {
        self.mtu
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        let mut guard = self.cable.lock();
        let (ends, _) = &mut *guard;
        ends[self.side].closed = true;
        ends[self.side].frames.clear();
        // Frames that the far end still holds back must meet the closed end now, not wait for room forever.
        if std::mem::take(&mut ends[self.far()].wants_room) {
            self.cable.raise(ends, self.far());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tapip_core::buffer::{Offload, Slices};
    use tapip_core::observe::InterfaceId;

    fn frame(header: &[u8]) -> Transmit<'_> {
        Transmit { interface: InterfaceId(1), offload: Offload::default(), header, payload: Slices::EMPTY }
    }

    fn received(pipe: &mut Pipe) -> Option<Vec<u8>> {
        let mut packet = Packet::copied(0, &[0; 2_000]);
        packet.truncate(0);
        pipe.recv(&mut packet).expect("a pipe does not fail").then(|| packet.bytes().to_vec())
    }

    #[test]
    fn frames_arrive_in_order_at_the_far_end_only() {
        let (mut a, mut b) = Pipe::pair(1_500).expect("eventfds");
        assert!(a.send(&frame(b"one")).expect("open"));
        assert!(a.send(&frame(b"two")).expect("open"));
        assert_eq!(received(&mut a), None);
        assert_eq!(received(&mut b).as_deref(), Some(&b"one"[..]));
        assert_eq!(received(&mut b).as_deref(), Some(&b"two"[..]));
        assert_eq!(received(&mut b), None);
    }

    #[test]
    fn a_full_pipe_refuses_and_tells_when_there_is_room() {
        let (mut a, mut b) = Pipe::pair(1_500).expect("eventfds");
        for _ in 0..Pipe::CAPACITY {
            assert!(a.send(&frame(b"x")).expect("open"));
        }
        assert!(!a.send(&frame(b"x")).expect("open"));
        assert!(!a.cable.lock().0[0].raised);
        while received(&mut b).is_some() {}
        assert!(a.cable.lock().0[0].raised, "room is told by the same signal as a frame");
        assert!(a.send(&frame(b"x")).expect("open"));
    }

    #[test]
    fn a_closed_far_end_is_a_link_that_is_down() {
        let (mut a, b) = Pipe::pair(1_500).expect("eventfds");
        drop(b);
        assert!(super::super::is_down(&a.send(&frame(b"x")).expect_err("closed")));
    }

    #[test]
    fn what_is_longer_than_the_mtu_is_refused() {
        let (mut a, _b) = Pipe::pair(100).expect("eventfds");
        assert!(a.send(&frame(&[0; 200])).is_err());
    }
}
