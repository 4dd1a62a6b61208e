//! What the kernel knows of a network device, asked by rtnetlink (RTM_GETLINK).
//!
//! One question answers all that a tap needs: MTU, hardware address, up or down, and with which flags the device was
//! made. Netlink rather than /sys, because a socket belongs to the network namespace it was opened in, while /sys
//! shows the namespace of whoever mounted it.

use rustix::fd::OwnedFd;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, send, socket_with};
use std::io;
use tapip_core::wire::MacAddress;

/// A device, named or numbered.
#[derive(Debug, Clone, Copy)]
pub(super) enum Which<'a> {
    Name(&'a str),
    Index(u32),
}

/// What a tun or tap device was made with (IFLA_TUN_*).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct TunFlags {
    pub(super) tap: bool,
    pub(super) packet_info: bool,
    pub(super) vnet_header: bool,
    pub(super) multi_queue: bool,
    pub(super) persistent: bool,
}

/// The parts of a link that matter here.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Link {
    pub(super) index: u32,
    pub(super) up: bool,
    pub(super) mtu: usize,
    pub(super) mac: MacAddress,
    /// What kind of device `ip -d link` calls it; empty for hardware.
    pub(super) kind: String,
    /// Set when the kind is tun or tap.
    pub(super) tun: Option<TunFlags>,
}

/// A netlink socket in the network namespace of whoever opened it.
#[derive(Debug)]
pub(super) struct LinkSocket(OwnedFd);

const RTM_NEWLINK: u16 = 16;
const RTM_GETLINK: u16 = 18;
const NLMSG_ERROR: u16 = 2;
const NLM_F_REQUEST: u16 = 1;
const IFF_UP: u32 = 1;
const IFLA_ADDRESS: u16 = 1;
const IFLA_IFNAME: u16 = 3;
const IFLA_MTU: u16 = 4;
const IFLA_LINKINFO: u16 = 18;
const IFLA_EXT_MASK: u16 = 29;
/// Leaves the statistics out: the answer stays under 2 KiB.
const RTEXT_FILTER_SKIP_STATS: u32 = 1 << 3;
const IFLA_INFO_KIND: u16 = 1;
const IFLA_INFO_DATA: u16 = 2;
const MESSAGE_HEADER: usize = 16;
const LINK_HEADER: usize = 16;

impl LinkSocket {
    /// Open one in the current namespace.
    pub(super) fn open() -> io::Result<Self> {
        let flags = SocketFlags::CLOEXEC;
        // Protocol 0 is NETLINK_ROUTE.
        Ok(Self(socket_with(AddressFamily::NETLINK, SocketType::RAW, flags, None)?))
    }

    /// Ask for a device; ENODEV when there is none.
    pub(super) fn query(&self, which: Which<'_>) -> io::Result<Link> {
        send(&self.0, &request(which), SendFlags::empty())?;
        let mut buffer = vec![0; 16_384];
        let (length, _) = recv(&self.0, buffer.as_mut_slice(), RecvFlags::empty())?;
        parse(&buffer[..length])
    }
}

fn request(which: Which<'_>) -> Vec<u8> {
    let mut message = vec![0; MESSAGE_HEADER + LINK_HEADER];
    message[4..6].copy_from_slice(&RTM_GETLINK.to_ne_bytes());
    message[6..8].copy_from_slice(&NLM_F_REQUEST.to_ne_bytes());
    attribute(&mut message, IFLA_EXT_MASK, &RTEXT_FILTER_SKIP_STATS.to_ne_bytes());
    match which {
        Which::Name(name) => attribute(&mut message, IFLA_IFNAME, &[name.as_bytes(), &[0]].concat()),
        Which::Index(index) => message[20..24].copy_from_slice(&index.to_ne_bytes()),
    }
    let length = message.len() as u32;
    message[..4].copy_from_slice(&length.to_ne_bytes());
    message
}

fn attribute(message: &mut Vec<u8>, kind: u16, value: &[u8]) {
    message.extend_from_slice(&(value.len() as u16 + 4).to_ne_bytes());
    message.extend_from_slice(&kind.to_ne_bytes());
    message.extend_from_slice(value);
    message.resize(message.len().next_multiple_of(4), 0);
}

fn parse(answer: &[u8]) -> io::Result<Link> {
    let malformed =
        || io::Error::new(io::ErrorKind::InvalidData, "rtnetlink gave an answer that is too short");
    let kind = read_u16(answer, 4).ok_or_else(malformed)?;
    if kind == NLMSG_ERROR {
        let errno = read_u32(answer, MESSAGE_HEADER).ok_or_else(malformed)? as i32;
        return Err(io::Error::from_raw_os_error(-errno));
    }
    if kind != RTM_NEWLINK {
        return Err(malformed());
    }
    let mut link = Link {
        index: read_u32(answer, MESSAGE_HEADER + 4).ok_or_else(malformed)?,
        up: read_u32(answer, MESSAGE_HEADER + 8).ok_or_else(malformed)? & IFF_UP != 0,
        ..Link::default()
    };
    let attributes = answer.get(MESSAGE_HEADER + LINK_HEADER..).ok_or_else(malformed)?;
    for (kind, value) in Attributes(attributes) {
        match kind {
            IFLA_MTU => link.mtu = read_u32(value, 0).unwrap_or(0) as usize,
            IFLA_ADDRESS => link.mac = value.try_into().map(MacAddress).unwrap_or_default(),
            IFLA_LINKINFO => parse_info(&mut link, value),
            _ => {}
        }
    }
    Ok(link)
}

fn parse_info(link: &mut Link, info: &[u8]) {
    for (kind, value) in Attributes(info) {
        match kind {
            IFLA_INFO_KIND => {
                link.kind = String::from_utf8_lossy(value).trim_end_matches('\0').to_owned();
            }
            // The kind comes first, and only a tun's data has this shape.
            IFLA_INFO_DATA if link.kind == "tun" => link.tun = Some(parse_tun(value)),
            _ => {}
        }
    }
}

fn parse_tun(data: &[u8]) -> TunFlags {
    const IFF_TAP: u8 = 2;
    let mut flags = TunFlags::default();
    for (kind, value) in Attributes(data) {
        let value = value.first().copied().unwrap_or(0);
        match kind {
            3 => flags.tap = value == IFF_TAP,
            4 => flags.packet_info = value != 0,
            5 => flags.vnet_header = value != 0,
            6 => flags.persistent = value != 0,
            7 => flags.multi_queue = value != 0,
            _ => {}
        }
    }
    flags
}

/// Walks attributes; stops at the first that does not fit.
struct Attributes<'a>(&'a [u8]);

impl<'a> Iterator for Attributes<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        /// The upper two bits say "nested" and "network byte order".
        const TYPE_MASK: u16 = 0x3fff;
        let length = usize::from(read_u16(self.0, 0)?);
        let kind = read_u16(self.0, 2)? & TYPE_MASK;
        let value = self.0.get(4..length)?;
        self.0 = self.0.get(length.next_multiple_of(4)..).unwrap_or(&[]);
        Some((kind, value))
    }
}

fn read_u16(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..at + 2)?.try_into().ok().map(u16::from_ne_bytes)
}

fn read_u32(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4)?.try_into().ok().map(u32::from_ne_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_loopback_is_found_by_name_and_by_number() {
        let socket = LinkSocket::open().expect("netlink needs no rights");
        let link = socket.query(Which::Name("lo")).expect("every namespace has one");
        assert_eq!((link.mtu, link.mac), (65_536, MacAddress::ZERO));
        assert_eq!(socket.query(Which::Index(link.index)).expect("it exists").index, link.index);
        assert_eq!(link.tun, None);
    }

    #[test]
    fn a_device_that_is_not_there_is_enodev() {
        let socket = LinkSocket::open().expect("netlink needs no rights");
        let error = socket.query(Which::Name("no-such-device")).expect_err("there is none");
        assert_eq!(error.raw_os_error(), Some(19));
    }

    #[test]
    fn any_bytes_are_an_answer_or_an_error_but_no_panic() {
        for length in 0..64 {
            let _ = parse(&vec![0xff; length]);
            let _ = parse(&vec![0x10; length]);
            let _ = parse(&vec![0; length]);
        }
    }
}
