//! The tap device: an Ethernet cable between a stack and the kernel.
//!
//! [`Tap::open`] makes a device, or attaches to one that exists and leaves it as it was, but for two things that belong to
//! whoever reads it: the virtio header in front of frames, and the offload mask. That one survives whoever set it, and who
//! does not know of offloads would get frames with half a checksum; so it is set anew here, and taken back at the end. A
//! device made here without `persistent` goes when its fd is closed.

mod front;
mod ioctl;
mod link;

use super::{Device, Features, Room};
use crate::error::{HostError, reason};
use front::Front;
use link::{Link, LinkSocket, TunFlags, Which};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::{Mode, OFlags, open};
use rustix::io::{Errno, readv, write, writev};
use std::io::{self, IoSlice, IoSliceMut};
use tapip_core::buffer::{Offload, Packet, Slices};
use tapip_core::stack::Transmit;
use tapip_core::wire::MacAddress;

const DEVICE: &str = "/dev/net/tun";

/// How to open a tap.
#[derive(Debug, Clone, Default)]
pub struct TapOptions {
    /// Its name; `None` lets the kernel choose (`tap0`, `tap1`, ...).
    pub name: Option<String>,
    /// Whether a device made here stays when it is closed. A device that existed is left as it was.
    pub persistent: bool,
    /// What is left to the kernel: everything by default, as far as it has it.
    pub features: Features,
}

/// An open tap.
#[derive(Debug)]
pub struct Tap {
    fd: OwnedFd,
    links: LinkSocket,
    index: u32,
    name: String,
    created: bool,
    front: Front,
    features: Features,
}

impl Tap {
    /// Make a device, or attach to it. Fails with a text that names the device and the way out.
    pub fn open(options: &TapOptions) -> Result<Self, HostError> {
        let name = options.name.as_deref().unwrap_or("tap%d");
        check_name(name)?;
        let fail = |error: io::Error| refusal(name, &error);
        let flags = OFlags::RDWR | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let fd = open(DEVICE, flags, Mode::empty()).map_err(|error| no_tun(error.into()))?;
        let links = LinkSocket::open().map_err(fail)?;
        let virtio = options.features != Features::NONE
            && ioctl::features(fd.as_fd()).is_ok_and(|known| known & ioctl::IFF_VNET_HDR != 0);
        let virtio = if virtio { ioctl::IFF_VNET_HDR } else { 0 };
        let (name, created, info) = match create(&fd, name, virtio) {
            Err(error) if error.raw_os_error() == Some(Errno::BUSY.raw_os_error()) => {
                let info = attach(&fd, &links, name, virtio)?;
                (name.to_owned(), false, info)
            }
            other => (other.map_err(fail)?, true, Attached { packet_info: false, virtio: virtio != 0 }),
        };
        let header = if info.virtio { ioctl::vnet_header_size(fd.as_fd()).map_err(fail)? } else { 0 };
        let front = Front::new(info.packet_info, header).ok_or_else(|| strange_header(&name, header))?;
        if created && options.persistent {
            ioctl::set_persistent(fd.as_fd(), true).map_err(fail)?;
        }
        let index = links.query(Which::Name(&name)).map_err(fail)?.index;
        let mut tap = Self { fd, links, index, name, created, front, features: Features::NONE };
        let features = options.features;
        tap.set_features(features).map_err(|error| refusal(&tap.name, &error))?;
        Ok(tap)
    }

    /// The device's name.
    pub fn name(&self) -> &str {
        &self.name
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
        let Some(length) = read(&self.fd, &mut parts)? else { return Ok(false) };
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
        let Some(length) = read(&self.fd, &mut parts)? else { return Ok(false) };
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
        ioctl::set_offload(self.fd.as_fd(), mask)?;
        self.features = features;
        Ok(())
    }

    fn send(&mut self, frame: &Transmit<'_>) -> io::Result<bool> {
        if self.front.len() == 0 && frame.payload.is_empty() {
            return written(|| write(&self.fd, frame.header));
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
        written(|| writev(&self.fd, parts))
    }

    fn front(&self, offload: Offload, headers: &[u8], front: &mut Vec<u8>) {
        front.extend_from_slice(&self.front.emit(offload, headers)[..self.front.len()]);
    }

    fn send_fronted(&mut self, whole: &[u8], _frame: &Transmit<'_>) -> io::Result<bool> {
        written(|| write(&self.fd, whole))
    }

    fn fd(&self) -> Option<BorrowedFd<'_>> {
        Some(self.fd.as_fd())
    }

    fn wants_bursts(&self) -> bool {
        true
    }

    fn writing_end(&self) -> Option<OwnedFd> {
        self.fd.try_clone().ok()
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
        let _ = ioctl::set_offload(self.fd.as_fd(), 0);
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

fn create(fd: &OwnedFd, name: &str, virtio: u16) -> io::Result<String> {
    let flags = ioctl::IFF_TAP | ioctl::IFF_NO_PI | ioctl::IFF_TUN_EXCL | virtio;
    ioctl::set_interface(fd.as_fd(), name, flags)
}

/// What stands in front of each frame.
struct Attached {
    packet_info: bool,
    virtio: bool,
}

/// Attach to a device that exists, with the flags it was made with and `virtio`: the kernel takes over what it is given.
fn attach(fd: &OwnedFd, links: &LinkSocket, name: &str, virtio: u16) -> Result<Attached, HostError> {
    let fail = |error: io::Error| refusal(name, &error);
    let made = match links.query(Which::Name(name)).map_err(fail)?.tun {
        Some(made) if made.tap => made,
        _ => return Err(not_a_tap(name)),
    };
    ioctl::set_interface(fd.as_fd(), name, flags_of(made) | virtio).map_err(fail)?;
    Ok(Attached { packet_info: made.packet_info, virtio: made.vnet_header || virtio != 0 })
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
