//! The queues of a tap: one descriptor each, every flow on one of them.
//!
//! The kernel sends a flow's frames by the queue that the flow's last frame was written to (tun_flow_update), and spreads the flows that it
//! does not know. So a flow that is always written to the same queue stays there in both directions, and keeps its order
//! whoever reads. Which queue that is follows from its addresses and ports.

use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use std::io;

/// The descriptors, and how many bytes stand in front of each frame.
#[derive(Debug)]
pub struct Queues {
    fds: Vec<OwnedFd>,
    front: usize,
    /// Which is read next, and how often more before others have their turn.
    reading: usize,
    turns: u32,
}

impl Queues {
    /// Frames read from one queue in a row: an eighth of what it holds.
    const TURNS: u32 = 64;

    /// The queues of one device.
    pub(crate) fn new(fds: Vec<OwnedFd>, front: usize) -> Self {
        Self { fds, front, reading: 0, turns: 0 }
    }

    /// Other descriptors of them, for another thread.
    pub(super) fn try_clone(&self, front: usize) -> io::Result<Self> {
        Ok(Self::new(self.fds.iter().map(OwnedFd::try_clone).collect::<io::Result<_>>()?, front))
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.fds.len()
    }

    /// Any of them: all belong to the same device.
    pub(super) fn any(&self) -> BorrowedFd<'_> {
        self.fds[0].as_fd()
    }

    /// All of them.
    pub(super) fn all(&self) -> Vec<BorrowedFd<'_>> {
        self.fds.iter().map(AsFd::as_fd).collect()
    }

    /// The queue that a frame with these headers goes to.
    pub(super) fn of(&self, headers: &[u8]) -> &OwnedFd {
        &self.fds[if self.fds.len() == 1 { 0 } else { place(headers) % self.fds.len() }]
    }

    /// As `of`, for a frame behind its front.
    pub(crate) fn of_fronted(&self, whole: &[u8]) -> &OwnedFd {
        self.of(whole.get(self.front..).unwrap_or_default())
    }

    /// Read by `read` from the queue whose turn it is, or the next that has something.
    pub(super) fn read<T>(
        &mut self,
        mut read: impl FnMut(&OwnedFd) -> io::Result<Option<T>>,
    ) -> io::Result<Option<T>> {
        // One that had its turns is asked again behind the others.
        let passed_over = usize::from(self.turns >= Self::TURNS);
        for _ in 0..self.fds.len() + passed_over {
            if self.turns < Self::TURNS
                && let Some(got) = read(&self.fds[self.reading])?
            {
                self.turns += 1;
                return Ok(Some(got));
            }
            self.reading = (self.reading + 1) % self.fds.len();
            self.turns = 0;
        }
        Ok(None)
    }
}

/// A number for the flow of a frame: addresses and ports of TCP and UDP over IPv4, and what stands there of anything else.
fn place(headers: &[u8]) -> usize {
    const ADDRESSES: usize = 26;
    let Some(bytes) = headers.get(ADDRESSES..ADDRESSES + 12) else { return 0 };
    let ports = if headers[14] == 0x45 { &bytes[8..] } else { &[] };
    let folded = bytes[..8].iter().chain(ports).fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193) // FNV-1a
    });
    (folded ^ folded >> 16) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::pipe::pipe;
    use std::collections::BTreeMap;

    fn queues(count: usize) -> Queues {
        Queues::new((0..count).map(|_| pipe().expect("a pipe").0).collect(), 4)
    }

    /// The first bytes of a TCP packet between two ports.
    fn headers(ports: [u16; 2]) -> Vec<u8> {
        let mut bytes = vec![0; 54];
        (bytes[14], bytes[29], bytes[33]) = (0x45, 1, 2);
        bytes[34..36].copy_from_slice(&ports[0].to_be_bytes());
        bytes[36..38].copy_from_slice(&ports[1].to_be_bytes());
        bytes
    }

    #[test]
    fn a_flow_keeps_its_queue_and_flows_are_spread() {
        use std::os::fd::AsRawFd;
        let queues = queues(4);
        let mut used = BTreeMap::new();
        for port in 0..1_000 {
            let headers = headers([7, 32_768 + port]);
            let fd = queues.of(&headers).as_raw_fd();
            assert_eq!(queues.of_fronted(&[&[9; 4][..], &headers].concat()).as_raw_fd(), fd);
            *used.entry(fd).or_insert(0) += 1;
        }
        assert!(used.len() == 4 && used.values().all(|count| (150..350).contains(count)), "{used:?}");
        assert_eq!(queues.of(b"short").as_raw_fd(), queues.any().as_raw_fd());
    }

    #[test]
    fn each_queue_has_its_turn_and_none_is_asked_twice_when_all_are_dry() {
        use std::os::fd::AsRawFd;
        for count in 1..4_usize {
            let mut queues = queues(count);
            let numbers: Vec<_> = queues.all().iter().map(AsRawFd::as_raw_fd).collect();
            // The last holds one frame, the first as many as one likes.
            let mut left: BTreeMap<_, _> = numbers.iter().map(|fd| (*fd, 0_usize)).collect();
            left.insert(numbers[0], 1_000);
            left.entry(numbers[count - 1]).and_modify(|frames| *frames += 1);
            let mut order = Vec::new();
            let mut asked = 0;
            while let Some(from) = queues
                .read(|fd| {
                    asked += 1;
                    let left = left.get_mut(&fd.as_raw_fd()).expect("one of them");
                    let got = (*left > 0).then_some(fd.as_raw_fd());
                    *left = left.saturating_sub(1);
                    Ok(got)
                })
                .expect("it never fails")
            {
                order.push(from);
                asked = 0;
            }
            assert_eq!(order.len(), 1_001);
            assert!(asked <= count, "{asked}");
            let place = order.iter().position(|fd| *fd == numbers[count - 1]).expect("it is there");
            assert!(place <= Queues::TURNS as usize, "{place}");
        }
    }
}
