//! ARP for IPv4 over Ethernet (RFC 826).

use super::{MacAddress, be16, put16};
use crate::drops::DropReason;
use std::fmt;
use std::net::Ipv4Addr;

#[cfg(test)]
mod tests;

/// What an ARP packet is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArpOperation {
    /// Who has the target address?
    Request,
    /// The sender has.
    Reply,
}

impl ArpOperation {
    /// The word that `debug arp` prints.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Reply => "reply",
        }
    }
}

/// An ARP packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ArpPacket {
    /// Request or reply.
    pub operation: ArpOperation,
    /// Sender's hardware address.
    pub sender_mac: MacAddress,
    /// Sender's network address; 0.0.0.0 in a probe (RFC 5227).
    pub sender_ip: Ipv4Addr,
    /// Target's hardware address; zero in a request.
    pub target_mac: MacAddress,
    /// Target's network address.
    pub target_ip: Ipv4Addr,
}

impl ArpPacket {
    /// Length in bytes.
    pub const LEN: usize = 28;

    /// Read a packet; what follows it is padding.
    pub fn parse(bytes: &[u8]) -> Result<Self, DropReason> {
        let bytes = bytes.first_chunk::<{ Self::LEN }>().ok_or(DropReason::ArpTooShort)?;
        // Ethernet, IPv4, 6- and 4-byte addresses.
        if bytes[0..6] != [0, 1, 8, 0, 6, 4] {
            return Err(DropReason::ArpUnsupported);
        }
        let operation = match be16(bytes, 6) {
            1 => ArpOperation::Request,
            2 => ArpOperation::Reply,
            _ => return Err(DropReason::ArpUnsupported),
        };
        let mac = |at: usize| {
            MacAddress([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3], bytes[at + 4], bytes[at + 5]])
        };
        let ip = |at: usize| Ipv4Addr::new(bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]);
        Ok(Self { operation, sender_mac: mac(8), sender_ip: ip(14), target_mac: mac(18), target_ip: ip(24) })
    }

    /// Write the packet to the front of `bytes`.
    pub fn emit(&self, bytes: &mut [u8]) {
        bytes[0..6].copy_from_slice(&[0, 1, 8, 0, 6, 4]);
        put16(bytes, 6, if self.operation == ArpOperation::Request { 1 } else { 2 });
        bytes[8..14].copy_from_slice(&self.sender_mac.0);
        bytes[14..18].copy_from_slice(&self.sender_ip.octets());
        bytes[18..24].copy_from_slice(&self.target_mac.0);
        bytes[24..28].copy_from_slice(&self.target_ip.octets());
    }
}

impl fmt::Display for ArpPacket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({})->{}({})", self.sender_ip, self.sender_mac, self.target_ip, self.operation.name())
    }
}
