//! The tap device: an Ethernet cable between a stack and the kernel.
//!
//! [`Tap::open`] makes a device, or attaches to one that exists and leaves it as it was, but for two things that belong to
//! whoever reads it: the virtio header in front of frames, and the offload mask. That one survives whoever set it, and who
//! does not know of offloads would get frames with half a checksum; so it is set anew here, and taken back at the end. A
//! device made here without `persistent` goes when its fd is closed.

mod front;
mod ioctl;
mod link;
mod queues;

use super::{Device, Features, Room};
use crate::error::{HostError, reason};
use front::Front;
use link::{Link, LinkSocket, TunFlags, Which};
pub use queues::Queues;
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::{Mode, OFlags, open};
use rustix::io::{Errno, readv, write, writev};
use std::io::{self, IoSlice, IoSliceMut};
use tapip_core::buffer::{Offload, Packet, Slices};
use tapip_core::stack::Transmit;
use tapip_core::wire::MacAddress;

const DEVICE: &str = "/dev/net/tun";

/// How to open a tap.
#[derive(Debug, Clone)]
pub struct TapOptions {
    /// Its name; `None` lets the kernel choose (`tap0`, `tap1`, ...).
    pub name: Option<String>,
    /// Whether a device made here stays when it is closed. A device that existed is left as it was.
    pub persistent: bool,
    /// What is left to the kernel: everything by default, as far as it has it.
    pub features: Features,
    /// How many queues, 1 to [`Tap::MOST_QUEUES`]; several only on a device made here, or made with `multi_queue`.
    pub queues: usize,
}

impl Default for TapOptions {
    fn default() -> Self {
        Self { name: None, persistent: false, features: Features::default(), queues: 1 }
    }
}

/// An open tap.
#[derive(Debug)]
pub struct Tap {
    queues: Queues,
    links: LinkSocket,
    index: u32,
    name: String,
    created: bool,
    front: Front,
    features: Features,
}

impl Tap {
    /// More queues than this are more than there are processors to fill them.
    pub const MOST_QUEUES: usize = 64;

    /// Make a device, or attach to it. Fails with a text that names the device and the way out.
    pub fn open(options: &TapOptions) -> Result<Self, HostError> {
        let name = options.name.as_deref().unwrap_or("tap%d");
        check_name(name)?;
        if !(1..=Self::MOST_QUEUES).contains(&options.queues) {
            let text = format!("{} queues: 1 to {} are possible", options.queues, Self::MOST_QUEUES);
            return Err(HostError::Device { errno: Errno::INVAL.raw_os_error(), text });
        }
        let fail = |error: io::Error| refusal(name, &error);
        let fd = open_tun()?;
        let links = LinkSocket::open().map_err(fail)?;
        let virtio = options.features != Features::NONE
            && ioctl::features(fd.as_fd()).is_ok_and(|known| known & ioctl::IFF_VNET_HDR != 0);
        let mut flags = if virtio { ioctl::IFF_VNET_HDR } else { 0 };
        if options.queues > 1 {
            flags |= ioctl::IFF_MULTI_QUEUE;
        }
        let (name, created, flags) = match create(&fd, name, flags) {
            Err(error) if error.raw_os_error() == Some(Errno::BUSY.raw_os_error()) => {
                (name.to_owned(), false, attach(&fd, &links, name, flags)?)
            }
            other => (other.map_err(fail)?, true, ioctl::IFF_TAP | ioctl::IFF_NO_PI | flags),
        };
        let fail = |error: io::Error| refusal(&name, &error);
        let mut fds = vec![fd];
        while fds.len() < options.queues {
            let fd = open_tun()?;
            ioctl::set_interface(fd.as_fd(), &name, flags).map_err(fail)?;
            fds.push(fd);
        }
        let virtio = flags & ioctl::IFF_VNET_HDR != 0;
        let header = if virtio { ioctl::vnet_header_size(fds[0].as_fd()).map_err(fail)? } else { 0 };
        let front =
            Front::new(flags & ioctl::IFF_NO_PI == 0, header).ok_or_else(|| strange_header(&name, header))?;
        if created && options.persistent {
            ioctl::set_persistent(fds[0].as_fd(), true).map_err(fail)?;
        }
        let index = links.query(Which::Name(&name)).map_err(fail)?.index;
        let queues = Queues::new(fds, front.len());
        let mut tap = Self { queues, links, index, name, created, front, features: Features::NONE };
        let features = options.features;
        tap.set_features(features).map_err(|error| refusal(&tap.name, &error))?;
        Ok(tap)
    }

    /// The device's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How many queues it has.
    pub fn queues(&self) -> usize {
        self.queues.len()
    }

    /// The kernel's number of it, in the namespace it was opened in.
    pub const fn index(&self) -> u32 {
        self.index
    }

    /// Whether it did not exist before.
    pub const fn created(&self) -> bool {
        self.created
    }

    /// Whether the kernel's side is up.
    pub fn is_up(&self) -> bool {
        self.link().is_ok_and(|link| link.up)
    }

    /// What the kernel says of it now; by number, so that a new name does not matter.
    fn link(&self) -> io::Result<Link> {
        self.links.query(Which::Index(self.index))
    }
}

impl Device for Tap {
    fn recv(&mut self, packet: &mut Packet) -> io::Result<bool> {
        let mut front = Front::ROOM;
        let mut parts =
            [IoSliceMut::new(self.front.part(&mut front)), IoSliceMut::new(packet.tailroom_mut())];
        let Some(length) = self.queues.read(|fd| read(fd, &mut parts))? else { return Ok(false) };
        packet.grow(length.saturating_sub(self.front.len()));
        packet.offload = self.front.parse(&front, packet.len())?;
        Ok(true)
    }

    fn recv_unit(&mut self, packet: &mut Packet, unit: &mut Packet) -> io::Result<bool> {
        let mut front = Front::ROOM;
        let small = packet.tailroom();
        // A long frame leaves a gap in front of its rest, for what lies in the small buffer: 2 KiB to be copied of 64.
        let mut parts = [
            IoSliceMut::new(self.front.part(&mut front)),
            IoSliceMut::new(packet.tailroom_mut()),
            IoSliceMut::new(unit.tailroom_mut().get_mut(small..).unwrap_or(&mut [])),
        ];
        let Some(length) = self.queues.read(|fd| read(fd, &mut parts))? else { return Ok(false) };
        let length = length.saturating_sub(self.front.len());
        if length <= small {
            packet.grow(length);
            packet.offload = self.front.parse(&front, length)?;
        } else {
            let offload = self.front.parse(&front, length)?;
            packet.grow(small);
            unit.append(packet.bytes());
            packet.truncate(0);
            unit.grow(length - small);
            unit.offload = offload;
        }
        Ok(true)
    }

    fn delivers_units(&self) -> bool {
        self.front.has_virtio()
    }

    fn features(&self) -> Features {
        self.features
    }

    fn set_features(&mut self, features: Features) -> io::Result<()> {
        let able = if self.front.has_virtio() { Features::ALL } else { Features::NONE };
        let features = features.and(able).consistent();
        let mut mask = 0;
        if features.rx {
            mask |= ioctl::TUN_F_CSUM;
        }
        if features.gro {
            mask |= ioctl::TUN_F_TSO4 | ioctl::TUN_F_TSO_ECN;
        }
        ioctl::set_offload(self.queues.any(), mask)?;
        self.features = features;
        Ok(())
    }

    fn send(&mut self, frame: &Transmit<'_>) -> io::Result<bool> {
        if self.front.len() == 0 && frame.payload.is_empty() {
            return written(|| write(self.queues.of(frame.header), frame.header));
        }
        let front = self.front.emit(frame.offload, frame.header);
        let mut parts = [IoSlice::new(&[]); Slices::MAX + 2];
        parts[0] = IoSlice::new(&front[..self.front.len()]);
        parts[1] = IoSlice::new(frame.header);
        let payload = frame.payload.as_slice();
        for (part, slice) in parts[2..].iter_mut().zip(payload) {
            *part = IoSlice::new(slice);
        }
        // An empty first part would be harmless, but costs a look per frame.
        let parts = &parts[usize::from(self.front.len() == 0)..2 + payload.len()];
        written(|| writev(self.queues.of(frame.header), parts))
    }

    fn front(&self, offload: Offload, headers: &[u8], front: &mut Vec<u8>) {
        front.extend_from_slice(&self.front.emit(offload, headers)[..self.front.len()]);
    }

    fn send_fronted(&mut self, whole: &[u8], frame: &Transmit<'_>) -> io::Result<bool> {
        written(|| write(self.queues.of(frame.header), whole))
    }

    fn fd(&self) -> Option<BorrowedFd<'_>> {
        Some(self.queues.any())
    }

    fn fds(&self) -> Vec<BorrowedFd<'_>> {
        self.queues.all()
    }

    fn wants_bursts(&self) -> bool {
        true
    }

    fn writing_end(&self) -> Option<Queues> {
        self.queues.try_clone(self.front.len()).ok()
    }

    fn room(&self) -> Room {
        Room::Writable
    }

    fn mtu(&self) -> usize {
        self.link().map_or(1_500, |link| link.mtu)
    }

    fn mac(&self) -> Option<MacAddress> {
        self.link().ok().map(|link| link.mac)
    }
}

/// The end of a write: true when the frame went, false when there is no room.
fn written(write: impl Fn() -> rustix::io::Result<usize>) -> io::Result<bool> {
    loop {
        match write() {
            Ok(_) => return Ok(true),
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => return Ok(false),
            Err(error) => return Err(error.into()),
        }
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        // Whoever opens a persistent device next may not know of offloads. Nobody is left to tell if it fails.
        let _ = ioctl::set_offload(self.queues.any(), 0);
    }
}

/// One read: how many bytes, or `None` when there are none now.
fn read(fd: &OwnedFd, parts: &mut [IoSliceMut<'_>]) -> io::Result<Option<usize>> {
    loop {
        match readv(fd, parts) {
            Ok(length) => return Ok(Some(length)),
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => return Ok(None),
            Err(error) => return Err(error.into()),
        }
    }
}

fn open_tun() -> Result<OwnedFd, HostError> {
    let flags = OFlags::RDWR | OFlags::NONBLOCK | OFlags::CLOEXEC;
    open(DEVICE, flags, Mode::empty()).map_err(|error| no_tun(error.into()))
}

fn create(fd: &OwnedFd, name: &str, more: u16) -> io::Result<String> {
    let flags = ioctl::IFF_TAP | ioctl::IFF_NO_PI | ioctl::IFF_TUN_EXCL | more;
    ioctl::set_interface(fd.as_fd(), name, flags)
}

/// Attach to a device that exists, with the flags it was made with and those `wanted`: the kernel takes over what it is given.
/// Which those are.
fn attach(fd: &OwnedFd, links: &LinkSocket, name: &str, wanted: u16) -> Result<u16, HostError> {
    let fail = |error: io::Error| refusal(name, &error);
    let made = match links.query(Which::Name(name)).map_err(fail)?.tun {
        Some(made) if made.tap => made,
        _ => return Err(not_a_tap(name)),
    };
    if wanted & ioctl::IFF_MULTI_QUEUE != 0 && !made.multi_queue {
        let text = format!("{name} was made with one queue: make it with multi_queue, or take one");
        return Err(HostError::Device { errno: Errno::INVAL.raw_os_error(), text });
    }
    let flags = flags_of(made) | wanted;
    ioctl::set_interface(fd.as_fd(), name, flags).map_err(fail)?;
    Ok(flags)
}

fn strange_header(name: &str, length: usize) -> HostError {
    let text = format!("{name} wants {length} bytes in front of each frame: make it without vnet_hdr");
    HostError::Device { errno: Errno::OPNOTSUPP.raw_os_error(), text }
}

fn flags_of(made: TunFlags) -> u16 {
    let mut flags = ioctl::IFF_TAP;
    for (set, flag) in [
        (!made.packet_info, ioctl::IFF_NO_PI),
        (made.vnet_header, ioctl::IFF_VNET_HDR),
        (made.multi_queue, ioctl::IFF_MULTI_QUEUE),
    ] {
        if set {
            flags |= flag;
        }
    }
    flags
}

fn check_name(name: &str) -> Result<(), HostError> {
    let bad = |byte: u8| byte == b'/' || byte == b':' || byte.is_ascii_whitespace() || byte == 0;
    let text = if name.is_empty() || name == "." || name == ".." || name.bytes().any(bad) {
        format!("{name:?} is no name for a device: letters, digits, '-', '_' and '.' are")
    } else if name.len() >= ioctl::NAME_SIZE {
        format!("{name:?} is too long for a device: 15 bytes are allowed")
    } else {
        return Ok(());
    };
    Err(HostError::Device { errno: Errno::INVAL.raw_os_error(), text })
}

/// /dev/net/tun itself could not be opened.
fn no_tun(error: io::Error) -> HostError {
    let help = match Errno::from_io_error(&error) {
        Some(Errno::NOENT | Errno::NODEV | Errno::NXIO) => {
            "load the module (modprobe tun), or give the container the device (--device /dev/net/tun)"
        }
        Some(Errno::ACCESS | Errno::PERM) => "run as root, or let this user open it",
        _ => "see that the kernel has CONFIG_TUN",
    };
    let text = format!("cannot open {DEVICE}: {}; {help}", reason(&error));
    HostError::Device { errno: error.raw_os_error().unwrap_or(0), text }
}

/// The kernel did not give us the device.
fn refusal(name: &str, error: &io::Error) -> HostError {
    let help = match Errno::from_io_error(error) {
        Some(Errno::PERM | Errno::ACCESS) => format!(
            "; run as root or with CAP_NET_ADMIN, or have root make it for you: ip tuntap add dev {name} mode tap user $USER"
        ),
        Some(Errno::BUSY) => "; another program has it: stop that one, or take another name".to_owned(),
        Some(Errno::INVAL) => {
            "; it exists and is no tap that can be attached to: take another name".to_owned()
        }
        _ => String::new(),
    };
    let text = format!("cannot open tap device {name}: {}{help}", reason(error));
    HostError::Device { errno: error.raw_os_error().unwrap_or(0), text }
}

fn not_a_tap(name: &str) -> HostError {
    let text = format!(
        "cannot open tap device {name}: a device of that name exists and is no tap; take another name"
    );
    HostError::Device { errno: Errno::BUSY.raw_os_error(), text }
}

#[cfg(test)]
mod tests;
