//! Ethernet II (RFC 894).

use super::{MacAddress, be16, put16};
use crate::drops::DropReason;
use std::fmt;

#[cfg(test)]
mod tests;

/// The protocol inside a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct EtherType(pub u16);

impl EtherType {
    /// IPv4.
    pub const IPV4: Self = Self(0x0800);
    /// ARP.
    pub const ARP: Self = Self(0x0806);
    /// RARP, named in traces only.
    pub const RARP: Self = Self(0x8035);
    /// IPv6.
    pub const IPV6: Self = Self(0x86dd);

    /// The word that `debug l2` prints.
    pub const fn name(self) -> &'static str {
        match self {
            Self::IPV4 => "IP",
            Self::ARP => "ARP",
            Self::RARP => "RARP",
            Self::IPV6 => "IPv6",
            _ => "unknown",
        }
    }
}

/// An Ethernet II header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EthernetHeader {
    /// Who shall take it.
    pub destination: MacAddress,
    /// Who sent it.
    pub source: MacAddress,
    /// What is inside.
    pub ethertype: EtherType,
}

impl EthernetHeader {
    /// Length in bytes.
    pub const LEN: usize = 14;

    /// Read the header at the front of `frame`.
    pub fn parse(frame: &[u8]) -> Result<Self, DropReason> {
        let header = frame.first_chunk::<{ Self::LEN }>().ok_or(DropReason::EthernetTooShort)?;
        let [d0, d1, d2, d3, d4, d5, s0, s1, s2, s3, s4, s5, ..] = *header;
        Ok(Self {
            destination: MacAddress([d0, d1, d2, d3, d4, d5]),
            source: MacAddress([s0, s1, s2, s3, s4, s5]),
            ethertype: EtherType(be16(header, 12)),
        })
    }

    /// Write the header to the front of `frame`.
    pub fn emit(&self, frame: &mut [u8]) {
        frame[0..6].copy_from_slice(&self.destination.0);
        frame[6..12].copy_from_slice(&self.source.0);
        put16(frame, 12, self.ethertype.0);
    }
}

impl fmt::Display for EthernetHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} -> {}({})", self.source, self.destination, self.ethertype.name())
    }
}
