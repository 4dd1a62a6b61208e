//! The UDP header (RFC 768).

use super::{IpAddress, Protocol, be16, checksum::Sum, put16};
use crate::drops::DropReason;
use std::fmt;

#[cfg(test)]
mod tests;

/// A UDP header. The checksum is checked by `parse` and made by `emit`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UdpHeader {
    /// Sender's port; 0 when it wants no answer.
    pub source_port: u16,
    /// Receiver's port.
    pub destination_port: u16,
    /// Header and data, in bytes.
    pub length: u16,
}

impl UdpHeader {
    /// Length in bytes.
    pub const LEN: usize = 8;

    /// Read and check a datagram; `verify` is false when the device has checked the sum already.
    pub fn parse(
        bytes: &[u8],
        source: IpAddress,
        destination: IpAddress,
        verify: bool,
    ) -> Result<Self, DropReason> {
        let header = Self::parse_quoted(bytes)?;
        let length = usize::from(header.length);
        if length < Self::LEN || length > bytes.len() {
            return Err(DropReason::UdpBadLength);
        }
        // A zero checksum means that the sender made none (RFC 768).
        if verify && be16(bytes, 6) != 0 {
            let sum = Sum::new().pseudo_header(source, destination, Protocol::UDP.0, length);
            if !sum.bytes(&bytes[..length]).is_valid() {
                return Err(DropReason::UdpBadChecksum);
            }
        }
        Ok(header)
    }

    /// Read a header quoted in an ICMP error.
    pub fn parse_quoted(bytes: &[u8]) -> Result<Self, DropReason> {
        let header = bytes.first_chunk::<{ Self::LEN }>().ok_or(DropReason::UdpTooShort)?;
        Ok(Self { source_port: be16(header, 0), destination_port: be16(header, 2), length: be16(header, 4) })
    }

    /// Write the header to the front of `datagram`, whose rest holds the data already, and the checksum over all of it.
    pub fn emit(&self, datagram: &mut [u8], source: IpAddress, destination: IpAddress) {
        put16(datagram, 0, self.source_port);
        put16(datagram, 2, self.destination_port);
        put16(datagram, 4, self.length);
        put16(datagram, 6, 0);
        let length = usize::from(self.length);
        let sum = Sum::new().pseudo_header(source, destination, Protocol::UDP.0, length);
        let sum = sum.bytes(&datagram[..length]).finish();
        // Zero would mean "none", so it goes out as its equal, all ones (RFC 768).
        put16(datagram, 6, if sum == 0 { 0xffff } else { sum });
    }
}

impl fmt::Display for UdpHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} > {} ({} bytes)", self.source_port, self.destination_port, self.length)
    }
}
