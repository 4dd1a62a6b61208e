//! Bytes to meaning and back: one file a header.
//!
//! `Header::parse` checks every length before it reads and answers the [`DropReason`](crate::drops::DropReason) that fits;
//! it can not panic on any input. `emit` writes into a slice that the caller made large enough, and does panic
//! if it did not: that is a fault of ours, never of the wire.

mod addr;
mod arp;
pub mod checksum;
mod ecn;
mod ethernet;
mod icmpv4;
mod igmp;
mod ipv4;
pub mod pcapng;
mod seq;
mod tcp;
mod tcp_options;
mod udp;
mod virtio;

pub use addr::{IpAddress, MacAddress, Prefix, PrefixError, SocketAddress, hash_address, is_broadcast, mask};
pub use arp::{ArpOperation, ArpPacket};
pub use ecn::{Ecn, EcnCounters};
pub use ethernet::{EtherType, EthernetHeader};
pub use icmpv4::{Icmpv4Header, Icmpv4Message, unreachable};
pub use igmp::{IgmpMessage, IgmpRecord, RecordKind};
pub use ipv4::{Ipv4Header, Ipv4Options, Protocol};
pub use seq::SeqNumber;
pub use tcp::{TcpFlags, TcpHeader};
pub use tcp_options::{FastOpenCookie, SackBlocks, TcpOptions, Timestamps};
pub use udp::UdpHeader;
pub use virtio::VirtioHeader;

pub(crate) fn be16(bytes: &[u8], at: usize) -> u16 {
    u16::from_be_bytes([bytes[at], bytes[at + 1]])
}

pub(crate) fn be32(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

pub(crate) fn put16(bytes: &mut [u8], at: usize, value: u16) {
    bytes[at..at + 2].copy_from_slice(&value.to_be_bytes());
}

pub(crate) fn put32(bytes: &mut [u8], at: usize, value: u32) {
    bytes[at..at + 4].copy_from_slice(&value.to_be_bytes());
}
