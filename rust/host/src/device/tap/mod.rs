//! The tap device: an Ethernet cable between a stack and the kernel.
//!
//! [`Tap::open`] makes a device, or attaches to one that exists and then leaves everything about it as it was, but
//! for the offload mask: that one survives whoever set it, and a stack that does not know of offloads would get
//! frames with half a checksum. A device made here without `persistent` goes when its fd is closed.

mod ioctl;
mod link;

use super::{Device, Room};
use crate::error::{HostError, reason};
use link::{Link, LinkSocket, TunFlags, Which};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::{Mode, OFlags, open};
use rustix::io::{Errno, readv, write, writev};
use std::io::{self, IoSlice, IoSliceMut};
use tapip_core::buffer::{Packet, Slices};
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
}

/// An open tap.
#[derive(Debug)]
pub struct Tap {
    fd: OwnedFd,
    links: LinkSocket,
    index: u32,
    name: String,
    created: bool,
    /// Bytes that the kernel puts, and wants, in front of each frame: packet information, virtio header. None on a
    /// device made here; one that exists keeps what it has.
    prefix: usize,
}

impl Tap {
    /// Packet information (4 bytes) and the largest virtio header (`virtio_net_hdr_v1_hash_tunnel`, 24 bytes).
    const MAX_PREFIX: usize = 28;

    /// Make a device, or attach to it. Fails with a text that names the device and the way out.
    pub fn open(options: &TapOptions) -> Result<Self, HostError> {
        let name = options.name.as_deref().unwrap_or("tap%d");
        check_name(name)?;
        let fail = |error: io::Error| refusal(name, &error);
        let flags = OFlags::RDWR | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let fd = open(DEVICE, flags, Mode::empty()).map_err(|error| no_tun(error.into()))?;
        let links = LinkSocket::open().map_err(fail)?;
        let (name, created, prefix) = match create(&fd, name) {
            Err(error) if error.raw_os_error() == Some(Errno::BUSY.raw_os_error()) => {
                let prefix = attach(&fd, &links, name)?;
                (name.to_owned(), false, prefix)
            }
            other => (other.map_err(fail)?, true, 0),
        };
        ioctl::set_offload(fd.as_fd(), 0).map_err(fail)?;
        if created && options.persistent {
            ioctl::set_persistent(fd.as_fd(), true).map_err(fail)?;
        }
        let index = links.query(Which::Name(&name)).map_err(fail)?.index;
        Ok(Self { fd, links, index, name, created, prefix })
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
        let mut prefix = [0; Self::MAX_PREFIX];
        let length = loop {
            let read = if self.prefix == 0 {
                rustix::io::read(&self.fd, packet.tailroom_mut())
            } else {
                let mut parts =
                    [IoSliceMut::new(&mut prefix[..self.prefix]), IoSliceMut::new(packet.tailroom_mut())];
                readv(&self.fd, &mut parts)
            };
            match read {
                Ok(length) => break length,
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return Ok(false),
                Err(error) => return Err(error.into()),
            }
        };
        packet.grow(length.saturating_sub(self.prefix));
        Ok(true)
    }

    fn send(&mut self, frame: &Transmit<'_>) -> io::Result<bool> {
        if self.prefix == 0 && frame.payload.is_empty() {
            return written(|| write(&self.fd, frame.header));
        }
        let zeros = [0; Self::MAX_PREFIX];
        let mut parts = [IoSlice::new(&[]); Slices::MAX + 2];
        parts[0] = IoSlice::new(&zeros[..self.prefix]);
        parts[1] = IoSlice::new(frame.header);
        let payload = frame.payload.as_slice();
        for (part, slice) in parts[2..].iter_mut().zip(payload) {
            *part = IoSlice::new(slice);
        }
        // An empty first part would be harmless, but costs a look per frame.
        let parts = &parts[usize::from(self.prefix == 0)..2 + payload.len()];
        written(|| writev(&self.fd, parts))
    }

    fn fd(&self) -> Option<BorrowedFd<'_>> {
        Some(self.fd.as_fd())
    }

    fn wants_bursts(&self) -> bool {
        true
    }

    fn writing_end(&self) -> Option<OwnedFd> {
        if self.prefix == 0 { self.fd.try_clone().ok() } else { None }
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

fn create(fd: &OwnedFd, name: &str) -> io::Result<String> {
    ioctl::set_interface(fd.as_fd(), name, ioctl::IFF_TAP | ioctl::IFF_NO_PI | ioctl::IFF_TUN_EXCL)
}

/// Attach to a device that exists, with the very flags it was made with: the kernel would take over others.
/// Returns how many bytes stand in front of each frame.
fn attach(fd: &OwnedFd, links: &LinkSocket, name: &str) -> Result<usize, HostError> {
    let fail = |error: io::Error| refusal(name, &error);
    let made = match links.query(Which::Name(name)).map_err(fail)?.tun {
        Some(made) if made.tap => made,
        _ => return Err(not_a_tap(name)),
    };
    ioctl::set_interface(fd.as_fd(), name, flags_of(made)).map_err(fail)?;
    let mut prefix = 0;
    if made.packet_info {
        prefix += 4;
    }
    if made.vnet_header {
        prefix += ioctl::vnet_header_size(fd.as_fd()).map_err(fail)?;
    }
    if prefix > Tap::MAX_PREFIX {
        return Err(HostError::Device {
            errno: Errno::OPNOTSUPP.raw_os_error(),
            text: format!("{name} wants {prefix} bytes in front of each frame: make it without vnet_hdr"),
        });
    }
    Ok(prefix)
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
