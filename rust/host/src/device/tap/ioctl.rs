//! The ioctls of /dev/net/tun (linux/if_tun.h). All `unsafe` that a tap needs stands here.

use rustix::fd::BorrowedFd;
use rustix::ioctl::{Getter, IntegerSetter, Opcode, Updater, ioctl, opcode};
use std::ffi::c_int;
use std::io;

/// An Ethernet device.
pub(super) const IFF_TAP: u16 = 0x0002;
/// Several readers, one queue each.
pub(super) const IFF_MULTI_QUEUE: u16 = 0x0100;
/// No four bytes of packet information in front of each frame.
pub(super) const IFF_NO_PI: u16 = 0x1000;
/// A `virtio_net_hdr` in front of each frame.
pub(super) const IFF_VNET_HDR: u16 = 0x4000;
/// Fail with EBUSY when the device exists.
pub(super) const IFF_TUN_EXCL: u16 = 0x8000;

/// What TUNSETOFFLOAD takes: open checksums; units of TCP over IPv4; such units whose first segment has CWR. UDP units (USO)
/// are left out: nothing here makes or takes more than one datagram at a time.
pub(super) const TUN_F_CSUM: usize = 0x01;
pub(super) const TUN_F_TSO4: usize = 0x02;
pub(super) const TUN_F_TSO_ECN: usize = 0x08;

const TUNSETIFF: Opcode = opcode::write::<c_int>(b'T', 202);
const TUNSETPERSIST: Opcode = opcode::write::<c_int>(b'T', 203);
const TUNSETOFFLOAD: Opcode = opcode::write::<c_int>(b'T', 208);
const TUNGETFEATURES: Opcode = opcode::read::<c_int>(b'T', 207);
const TUNGETVNETHDRSZ: Opcode = opcode::read::<c_int>(b'T', 215);

/// The kernel's `struct ifreq`, of which the name and the flags are used.
#[repr(C)]
struct InterfaceRequest {
    name: [u8; NAME_SIZE],
    flags: u16,
    padding: [u8; 22],
}

/// IFNAMSIZ, the final zero included.
pub(super) const NAME_SIZE: usize = 16;

const _: () = assert!(size_of::<InterfaceRequest>() == 40, "the kernel copies 40 bytes");

/// Create or attach; returns the name, which the kernel chose when `name` has a `%d` in it.
pub(super) fn set_interface(fd: BorrowedFd<'_>, name: &str, flags: u16) -> io::Result<String> {
    let mut request = InterfaceRequest { name: [0; NAME_SIZE], flags, padding: [0; 22] };
    request.name[..name.len()].copy_from_slice(name.as_bytes());
    // SAFETY: TUNSETIFF reads and writes one `struct ifreq`, which `InterfaceRequest` is laid out as, in full size.
    unsafe { ioctl(fd, Updater::<TUNSETIFF, InterfaceRequest>::new(&mut request)) }?;
    let end = request.name.iter().position(|byte| *byte == 0).unwrap_or(NAME_SIZE);
    Ok(String::from_utf8_lossy(&request.name[..end]).into_owned())
}

/// Let the device outlive its readers, or not.
pub(super) fn set_persistent(fd: BorrowedFd<'_>, persistent: bool) -> io::Result<()> {
    // SAFETY: TUNSETPERSIST takes its argument by value and touches no memory of ours.
    Ok(unsafe { ioctl(fd, IntegerSetter::<TUNSETPERSIST>::new_usize(usize::from(persistent))) }?)
}

/// Which offloads the kernel may leave to the reader.
pub(super) fn set_offload(fd: BorrowedFd<'_>, mask: usize) -> io::Result<()> {
    // SAFETY: TUNSETOFFLOAD takes its argument by value and touches no memory of ours.
    Ok(unsafe { ioctl(fd, IntegerSetter::<TUNSETOFFLOAD>::new_usize(mask)) }?)
}

/// Which flags of [`set_interface`] this kernel knows.
pub(super) fn features(fd: BorrowedFd<'_>) -> io::Result<u16> {
    // SAFETY: TUNGETFEATURES writes one int.
    let flags = unsafe { ioctl(fd, Getter::<TUNGETFEATURES, c_int>::new()) }?;
    Ok(flags as u16)
}

/// Size of the `virtio_net_hdr` in front of each frame, on a device that has one.
pub(super) fn vnet_header_size(fd: BorrowedFd<'_>) -> io::Result<usize> {
    // SAFETY: TUNGETVNETHDRSZ writes one int.
    let size = unsafe { ioctl(fd, Getter::<TUNGETVNETHDRSZ, c_int>::new()) }?;
    Ok(usize::try_from(size).unwrap_or(0))
}
