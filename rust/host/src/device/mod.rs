//! Devices: what carries frames between a stack and the world. One file each.
//!
//! A device moves whole frames and never blocks. Counting, impairing, capturing and keeping frames that a device
//! cannot take yet is the business of the [`Port`](crate::port::Port) that it is plugged into, so a new device is one
//! file with two verbs.

mod features;
mod loopback;
mod pipe;
mod queue;
mod tap;

pub use features::Features;
pub use loopback::Loopback;
pub(crate) use loopback::copy_of;
pub use pipe::Pipe;
pub use queue::{Queue, QueueEnd};
pub use tap::{Queues, Tap, TapOptions};

use rustix::fd::BorrowedFd;
use std::io;
use tapip_core::buffer::{Offload, Packet};
use tapip_core::stack::Transmit;
use tapip_core::wire::MacAddress;

/// A carrier of frames. No verb may block.
pub trait Device: Send {
    /// Append the next frame to `packet`, which is empty; false when there is none now.
    ///
    /// An error of the kind `InvalidData` is a frame that makes no sense ([`DropReason::BadOffload`]), and there may be
    /// more. Any other error here is the end of the device: its port is marked failed and not asked again.
    ///
    /// [`DropReason::BadOffload`]: tapip_core::drops::DropReason::BadOffload
    fn recv(&mut self, packet: &mut Packet) -> io::Result<bool>;

    /// As `recv`; but a frame that is too long for `packet` goes to `unit`, which is empty and has room for any.
    fn recv_unit(&mut self, packet: &mut Packet, unit: &mut Packet) -> io::Result<bool> {
        let _unused = unit;
        self.recv(packet)
    }

    /// Whether frames may be longer than its MTU: units of several segments. Then it is asked by `recv_unit`.
    fn delivers_units(&self) -> bool {
        false
    }

    /// What is left to it of the work on frames.
    fn features(&self) -> Features {
        Features::NONE
    }

    /// Leave it so much, as far as it can; what is under way may still be as before.
    fn set_features(&mut self, features: Features) -> io::Result<()> {
        let _unused = features;
        Ok(())
    }

    /// Send one frame; false when there is no room now, and then the caller keeps the frame.
    ///
    /// An error loses this frame only, unless it says that the device is gone (see [`is_gone`]).
    fn send(&mut self, frame: &Transmit<'_>) -> io::Result<bool>;

    /// What becomes readable when there is a frame; `None` for a device that only the stack itself feeds.
    fn fd(&self) -> Option<BorrowedFd<'_>> {
        None
    }

    /// All descriptors of it that become readable.
    fn fds(&self) -> Vec<BorrowedFd<'_>> {
        self.fd().into_iter().collect()
    }

    /// Whether small frames shall come in bursts, each in one piece, because every frame is a call of the kernel.
    fn wants_bursts(&self) -> bool {
        false
    }

    /// Other descriptors of it, to which another thread may write small frames; `None` when it takes none so.
    fn writing_end(&self) -> Option<Queues> {
        None
    }

    /// Append what stands in front of a frame with these headers where it is written to its descriptor.
    fn front(&self, offload: Offload, headers: &[u8], front: &mut Vec<u8>) {
        let _unused = (offload, headers, front);
    }

    /// Send `frame`, which lies in one piece in `whole`, behind its front.
    fn send_fronted(&mut self, whole: &[u8], frame: &Transmit<'_>) -> io::Result<bool> {
        let _unused = whole;
        self.send(frame)
    }

    /// How it tells that there is room again.
    fn room(&self) -> Room {
        Room::Writable
    }

    /// The largest packet it carries, link header excluded.
    fn mtu(&self) -> usize;

    /// The hardware address of the kernel's side, where there is one. The stack's own is another.
    fn mac(&self) -> Option<MacAddress> {
        None
    }
}

/// How a device that had no room tells that it has some again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Room {
    /// Its fd becomes writable (EPOLLOUT).
    Writable,
    /// Its fd becomes readable, as for a frame. An eventfd is always writable, so asking for that would spin.
    Readable,
}

/// Whether `error` says that the device does not exist any more, rather than that it lost one frame.
pub fn is_gone(error: &io::Error) -> bool {
    const ENODEV: i32 = 19;
    /// What a tap answers after `ip link del` took its device away.
    const EBADFD: i32 = 77;
    matches!(error.raw_os_error(), Some(ENODEV | EBADFD))
}

/// Whether `error` says that the other side is down for now: the kernel's side of a tap was set down, or the far
/// end of a pipe is closed.
pub fn is_down(error: &io::Error) -> bool {
    const EIO: i32 = 5;
    const ENETDOWN: i32 = 100;
    matches!(error.raw_os_error(), Some(EIO | ENETDOWN))
}

/// For frames that cannot be carried at all.
fn too_long() -> io::Error {
    rustix::io::Errno::MSGSIZE.into()
}
