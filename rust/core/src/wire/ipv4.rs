//! The IPv4 header and its options (RFC 791).

use super::{be16, checksum, put16};
use crate::drops::DropReason;
use std::fmt;
use std::net::Ipv4Addr;

#[cfg(test)]
mod tests;

/// The protocol inside a packet (IANA numbers).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Protocol(pub u8);

impl Protocol {
    /// ICMP.
    pub const ICMP: Self = Self(1);
    /// IGMP.
    pub const IGMP: Self = Self(2);
    /// TCP.
    pub const TCP: Self = Self(6);
    /// UDP.
    pub const UDP: Self = Self(17);
}

/// The option bytes of a header, kept as they came.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Ipv4Options {
    bytes: [u8; 40],
    length: u8,
}

impl Ipv4Options {
    /// No options.
    pub const NONE: Self = Self { bytes: [0; 40], length: 0 };
    /// Router alert (RFC 2113), which IGMPv2 and v3 require.
    pub const ROUTER_ALERT: Self = {
        let mut bytes = [0; 40];
        bytes[0] = 0x94;
        bytes[1] = 4;
        Self { bytes, length: 4 }
    };

    /// Options from raw bytes, padded to a multiple of four with end-of-list; `None` over 40 bytes.
    pub fn new(options: &[u8]) -> Option<Self> {
        if options.len() > 40 {
            return None;
        }
        let mut bytes = [0; 40];
        bytes[..options.len()].copy_from_slice(options);
        Some(Self { bytes, length: options.len().next_multiple_of(4) as u8 })
    }

    /// The bytes, padding included.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }

    /// Every option as kind and whole bytes; an error for one whose length cannot be.
    pub fn iter(&self) -> impl Iterator<Item = Result<(u8, &[u8]), DropReason>> {
        let mut rest = self.as_bytes();
        std::iter::from_fn(move || match *rest.first()? {
            0 => None,
            1 => {
                let (option, tail) = rest.split_at(1);
                rest = tail;
                Some(Ok((1, option)))
            }
            kind => {
                let length = rest.get(1).map_or(0, |length| usize::from(*length));
                if length < 2 || length > rest.len() {
                    rest = &[];
                    return Some(Err(DropReason::IpBadOption));
                }
                let (option, tail) = rest.split_at(length);
                rest = tail;
                Some(Ok((kind, option)))
            }
        })
    }

    /// Check every option's length, and that no source route is asked for.
    pub fn check(&self) -> Result<(), DropReason> {
        //= rfc9293#3.9.2 MUST-50   what is not understood is stepped over
        for option in self.iter() {
            // Loose and strict source routing: dropped by default (RFC 7126 4.3.5, 4.4.5).
            if matches!(option?.0, 131 | 137) {
                return Err(DropReason::IpSourceRoute);
            }
        }
        Ok(())
    }

    /// The options that every fragment carries: those with the copied bit (RFC 791 3.1).
    pub fn copied(&self) -> Self {
        let mut kept = [0; 40];
        let mut length = 0;
        for (kind, option) in self.iter().filter_map(Result::ok) {
            if kind & 0x80 != 0 {
                kept[length..length + option.len()].copy_from_slice(option);
                length += option.len();
            }
        }
        Self { bytes: kept, length: length.next_multiple_of(4) as u8 }
    }
}

impl fmt::Debug for Ipv4Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02x?}", self.as_bytes())
    }
}

/// An IPv4 header. The checksum is checked by `parse` and made by `emit`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ipv4Header {
    /// DSCP and ECN, the former type of service.
    pub tos: u8,
    /// Header and payload, in bytes.
    pub total_length: u16,
    /// Identification, meaningful for fragments only (RFC 6864).
    pub id: u16,
    /// DF.
    pub dont_fragment: bool,
    /// MF.
    pub more_fragments: bool,
    /// Where the payload stands in the datagram, in bytes.
    pub fragment_offset: u16,
    /// Time to live.
    pub ttl: u8,
    /// What is inside.
    pub protocol: Protocol,
    /// Sender.
    pub source: Ipv4Addr,
    /// Receiver.
    pub destination: Ipv4Addr,
    /// Options.
    pub options: Ipv4Options,
}

impl Ipv4Header {
    /// Length without options, in bytes.
    pub const MIN_LEN: usize = 20;
    /// The largest payload of a packet without options.
    pub const MAX_PAYLOAD: usize = 65_535 - Self::MIN_LEN;

    /// Header length in bytes.
    pub fn len(&self) -> usize {
        Self::MIN_LEN + self.options.as_bytes().len()
    }

    /// Never: a header has at least 20 bytes.
    pub const fn is_empty(&self) -> bool {
        false
    }

    /// Payload length in bytes.
    pub fn payload_length(&self) -> usize {
        usize::from(self.total_length).saturating_sub(self.len())
    }

    /// Whether this is one of several fragments.
    pub const fn is_fragment(&self) -> bool {
        self.more_fragments || self.fragment_offset > 0
    }

    /// Read and check the header at the front of `packet`, checksum and lengths included. What follows
    /// `total_length` is link-layer padding.
    pub fn parse(packet: &[u8]) -> Result<Self, DropReason> {
        let header = Self::parse_quoted(packet)?;
        if usize::from(header.total_length) > packet.len() {
            return Err(DropReason::IpBadTotalLength);
        }
        if checksum::checksum(&packet[..header.len()]) != 0 {
            return Err(DropReason::IpBadChecksum);
        }
        Ok(header)
    }

    /// Read a header quoted in an ICMP error: the packet may be cut short and its checksum stale.
    pub fn parse_quoted(packet: &[u8]) -> Result<Self, DropReason> {
        let fixed = packet.first_chunk::<{ Self::MIN_LEN }>().ok_or(DropReason::IpTooShort)?;
        if fixed[0] >> 4 != 4 {
            return Err(DropReason::IpBadVersion);
        }
        let length = usize::from(fixed[0] & 0x0f) * 4;
        if length < Self::MIN_LEN || length > packet.len() {
            return Err(DropReason::IpBadHeaderLength);
        }
        let total_length = be16(fixed, 2);
        if usize::from(total_length) < length {
            return Err(DropReason::IpBadTotalLength);
        }
        let fragment = be16(fixed, 6);
        Ok(Self {
            tos: fixed[1],
            total_length,
            id: be16(fixed, 4),
            dont_fragment: fragment & 0x4000 != 0,
            more_fragments: fragment & 0x2000 != 0,
            fragment_offset: (fragment & 0x1fff) * 8,
            ttl: fixed[8],
            protocol: Protocol(fixed[9]),
            source: Ipv4Addr::new(fixed[12], fixed[13], fixed[14], fixed[15]),
            destination: Ipv4Addr::new(fixed[16], fixed[17], fixed[18], fixed[19]),
            options: Ipv4Options::new(&packet[Self::MIN_LEN..length]).unwrap_or(Ipv4Options::NONE),
        })
    }

    /// Write the header, with its checksum, to the front of `packet`.
    pub fn emit(&self, packet: &mut [u8]) {
        let length = self.len();
        packet[0] = 0x40 | (length / 4) as u8;
        packet[1] = self.tos;
        put16(packet, 2, self.total_length);
        put16(packet, 4, self.id);
        let flags = u16::from(self.dont_fragment) << 14 | u16::from(self.more_fragments) << 13;
        put16(packet, 6, flags | (self.fragment_offset / 8));
        packet[8] = self.ttl;
        packet[9] = self.protocol.0;
        put16(packet, 10, 0);
        packet[12..16].copy_from_slice(&self.source.octets());
        packet[16..20].copy_from_slice(&self.destination.octets());
        packet[20..length].copy_from_slice(self.options.as_bytes());
        let sum = checksum::checksum(&packet[..length]);
        put16(packet, 10, sum);
    }

    /// Lower the TTL of a packet in place and mend its checksum (RFC 1624). The caller has checked that it is over 1.
    pub fn decrement_ttl(packet: &mut [u8]) {
        let old = be16(packet, 8);
        packet[8] -= 1;
        let sum = checksum::update(be16(packet, 10), old, be16(packet, 8));
        put16(packet, 10, sum);
    }
}

impl fmt::Display for Ipv4Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} -> {}({}/{} bytes)", self.source, self.destination, self.len(), self.total_length)
    }
}
