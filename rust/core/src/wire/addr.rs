//! Hardware and network addresses. Network addresses are of either family everywhere.

use std::fmt;
use std::hash::Hasher;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

#[cfg(test)]
mod tests;

/// An IPv4 or IPv6 address.
pub type IpAddress = IpAddr;
/// An address and a port.
pub type SocketAddress = SocketAddr;

/// Hash an address in one word: the standard library takes four for the same, and tables that are asked for every packet
/// are keyed by addresses.
pub fn hash_address<H: Hasher>(address: IpAddress, state: &mut H) {
    match address {
        IpAddress::V4(address) => state.write_u32(address.to_bits()),
        IpAddress::V6(address) => state.write_u128(address.to_bits()),
    }
}

/// An IEEE 802 48-bit address.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct MacAddress(pub [u8; 6]);

impl MacAddress {
    /// ff:ff:ff:ff:ff:ff
    pub const BROADCAST: Self = Self([0xff; 6]);
    /// 00:00:00:00:00:00, "not known yet" in ARP.
    pub const ZERO: Self = Self([0; 6]);

    /// Whether the group bit is set: multicast, or broadcast.
    pub const fn is_group(self) -> bool {
        self.0[0] & 1 == 1
    }

    /// Whether it is the broadcast address.
    pub fn is_broadcast(self) -> bool {
        self == Self::BROADCAST
    }

    /// Where a multicast packet to `group` is sent (RFC 1112 6.4).
    pub const fn multicast_v4(group: Ipv4Addr) -> Self {
        let [_, b, c, d] = group.octets();
        Self([0x01, 0x00, 0x5e, b & 0x7f, c, d])
    }
}

impl fmt::Display for MacAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

impl fmt::Debug for MacAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for MacAddress {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        let mut octets = [0; 6];
        let mut parts = text.split([':', '-']);
        for octet in &mut octets {
            let part = parts.next().filter(|part| matches!(part.len(), 1 | 2)).ok_or(())?;
            // `from_str_radix` would take a sign.
            if !part.bytes().all(|digit| digit.is_ascii_hexdigit()) {
                return Err(());
            }
            *octet = u8::from_str_radix(part, 16).map_err(|_| ())?;
        }
        if parts.next().is_some() { Err(()) } else { Ok(Self(octets)) }
    }
}

/// An address with the length of its network part, such as 10.0.0.1/24.
///
/// Used for a network (host bits zero: [`Prefix::network`]) and for an interface address (host bits kept).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Prefix {
    address: IpAddress,
    length: u8,
}

/// A prefix length over 32 (IPv4) or 128 (IPv6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PrefixError;

impl Prefix {
    /// An address and the length of its network part in bits.
    pub const fn new(address: IpAddress, length: u8) -> Result<Self, PrefixError> {
        let limit = if address.is_ipv4() { 32 } else { 128 };
        if length > limit { Err(PrefixError) } else { Ok(Self { address, length }) }
    }

    /// The prefix of one host.
    pub const fn host(address: IpAddress) -> Self {
        Self { address, length: if address.is_ipv4() { 32 } else { 128 } }
    }

    /// The address as given, host bits included.
    pub const fn address(&self) -> IpAddress {
        self.address
    }

    /// Length of the network part in bits.
    pub const fn length(&self) -> u8 {
        self.length
    }

    /// The same prefix with its host bits zeroed.
    pub fn network(&self) -> Self {
        Self { address: mask(self.address, self.length), length: self.length }
    }

    /// Whether `address` lies inside, same family required.
    pub fn contains(&self, address: IpAddress) -> bool {
        self.address.is_ipv4() == address.is_ipv4()
            && mask(address, self.length) == mask(self.address, self.length)
    }

    /// The directed broadcast address, where the network has one: IPv4, /30 or shorter (RFC 3021 for /31).
    pub fn broadcast(&self) -> Option<IpAddress> {
        match self.address {
            IpAddr::V4(address) if self.length < 31 => {
                let host_bits = u32::MAX.checked_shr(u32::from(self.length)).unwrap_or(0);
                Some(Ipv4Addr::from(u32::from(address) | host_bits).into())
            }
            _ => None,
        }
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.length)
    }
}

impl fmt::Debug for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// `address` with all but its first `length` bits zeroed.
pub fn mask(address: IpAddress, length: u8) -> IpAddress {
    match address {
        IpAddr::V4(address) => {
            let bits = u32::MAX.checked_shl(32u32.saturating_sub(u32::from(length))).unwrap_or(0);
            Ipv4Addr::from(u32::from(address) & bits).into()
        }
        IpAddr::V6(address) => {
            let bits = u128::MAX.checked_shl(128u32.saturating_sub(u32::from(length))).unwrap_or(0);
            Ipv6Addr::from(u128::from(address) & bits).into()
        }
    }
}

/// Whether `address` is the limited broadcast address.
pub const fn is_broadcast(address: IpAddress) -> bool {
    matches!(address, IpAddr::V4(Ipv4Addr::BROADCAST))
}
