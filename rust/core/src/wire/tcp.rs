//! The TCP header (RFC 9293 3.1). Its options are in `tcp_options`.

use super::{Ecn, IpAddress, Protocol, SeqNumber, TcpOptions, be16, be32, checksum::Sum, put16, put32};
use crate::drops::DropReason;
use std::fmt;

#[cfg(test)]
mod tests;

bitflags::bitflags! {
    /// The control bits.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
    pub struct TcpFlags: u16 {
        /// No more data from the sender.
        const FIN = 0x01;
        /// Synchronize sequence numbers.
        const SYN = 0x02;
        /// Reset the connection.
        const RST = 0x04;
        /// Push.
        const PSH = 0x08;
        /// The acknowledgment field counts.
        const ACK = 0x10;
        /// The urgent pointer counts.
        const URG = 0x20;
        /// ECN echo.
        const ECE = 0x40;
        /// Congestion window reduced.
        const CWR = 0x80;
        /// Accurate ECN, the former nonce sum (RFC 9768).
        const AE = 0x100;
    }
}

impl TcpFlags {
    /// The words that `debug tcp` prints, for the flags that matter there.
    pub const fn name(self) -> &'static str {
        const NAMES: [&str; 32] = [
            "-",
            "FIN",
            "SYN",
            "SYN|FIN",
            "RST",
            "RST|FIN",
            "RST|SYN",
            "RST|SYN|FIN",
            "PSH",
            "PSH|FIN",
            "SYN|PSH",
            "SYN|PSH|FIN",
            "RST|PSH",
            "RST|PSH|FIN",
            "RST|SYN|PSH",
            "RST|SYN|PSH|FIN",
            "ACK",
            "FIN|ACK",
            "SYN|ACK",
            "SYN|FIN|ACK",
            "RST|ACK",
            "RST|FIN|ACK",
            "RST|SYN|ACK",
            "RST|SYN|FIN|ACK",
            "PSH|ACK",
            "FIN|PSH|ACK",
            "SYN|PSH|ACK",
            "SYN|FIN|PSH|ACK",
            "RST|PSH|ACK",
            "RST|FIN|PSH|ACK",
            "RST|SYN|PSH|ACK",
            "RST|SYN|FIN|PSH|ACK",
        ];
        NAMES[(self.bits() & 0x1f) as usize]
    }
}

/// A TCP header. The checksum is checked by `parse` and made by the stack when the payload is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TcpHeader {
    /// Sender's port.
    pub source_port: u16,
    /// Receiver's port.
    pub destination_port: u16,
    /// Of the first byte of data, or of the SYN.
    pub seq: SeqNumber,
    /// Next byte expected, if ACK is set.
    pub ack: SeqNumber,
    /// Control bits.
    pub flags: TcpFlags,
    /// Receive window, as on the wire (not scaled).
    pub window: u16,
    /// Urgent pointer, if URG is set.
    pub urgent: u16,
    /// Options.
    pub options: TcpOptions,
    /// The ECN field of the packet around it: no part of this header, but its other half is (ECE, CWR, AE). `parse` and
    /// `emit` leave it alone.
    pub ecn: Ecn,
}

impl TcpHeader {
    /// Length without options, in bytes.
    pub const MIN_LEN: usize = 20;
    /// Length with as many options as fit, in bytes.
    pub const MAX_LEN: usize = 60;

    /// A header with these ports, and nothing else in it.
    pub fn new(source_port: u16, destination_port: u16) -> Self {
        Self {
            source_port,
            destination_port,
            seq: SeqNumber(0),
            ack: SeqNumber(0),
            flags: TcpFlags::empty(),
            window: 0,
            urgent: 0,
            options: TcpOptions::default(),
            ecn: Ecn::default(),
        }
    }

    /// Header length in bytes, options padded.
    pub fn len(&self) -> usize {
        Self::MIN_LEN + self.options.len()
    }

    /// Never: a header has at least 20 bytes.
    pub const fn is_empty(&self) -> bool {
        false
    }

    /// Whether all of `flags` are set.
    pub const fn has(&self, flags: TcpFlags) -> bool {
        self.flags.contains(flags)
    }

    /// Sequence space that a segment with `payload` bytes takes: SYN and FIN count one each.
    pub fn sequence_length(&self, payload: usize) -> u32 {
        payload as u32 + u32::from(self.has(TcpFlags::SYN)) + u32::from(self.has(TcpFlags::FIN))
    }

    /// Read and check a segment; the second value is the header length as it stands on the wire. `verify` is
    /// false when the device has checked the sum already.
    pub fn parse(
        segment: &[u8],
        source: IpAddress,
        destination: IpAddress,
        verify: bool,
    ) -> Result<(Self, usize), DropReason> {
        let fixed = segment.first_chunk::<{ Self::MIN_LEN }>().ok_or(DropReason::TcpTooShort)?;
        let length = usize::from(fixed[12] >> 4) * 4;
        if length < Self::MIN_LEN || length > segment.len() {
            return Err(DropReason::TcpBadOffset);
        }
        //= rfc9293#3.1 MUST-3   unless the device has done so
        if verify {
            let sum = Sum::new().pseudo_header(source, destination, Protocol::TCP.0, segment.len());
            if !sum.bytes(segment).is_valid() {
                return Err(DropReason::TcpBadChecksum);
            }
        }
        let options = TcpOptions::parse(&segment[Self::MIN_LEN..length])?;
        let header = Self {
            source_port: be16(fixed, 0),
            destination_port: be16(fixed, 2),
            seq: SeqNumber(be32(fixed, 4)),
            ack: SeqNumber(be32(fixed, 8)),
            flags: TcpFlags::from_bits_truncate(be16(fixed, 12) & 0x1ff),
            window: be16(fixed, 14),
            urgent: be16(fixed, 18),
            options,
            ecn: Ecn::default(),
        };
        Ok((header, length))
    }

    /// Write the header to the front of `bytes` with `checksum` as given: the caller sums header and payload, or
    /// leaves that to the device.
    pub fn emit(&self, bytes: &mut [u8], checksum: u16) {
        let length = self.len();
        put16(bytes, 0, self.source_port);
        put16(bytes, 2, self.destination_port);
        put32(bytes, 4, self.seq.0);
        put32(bytes, 8, self.ack.0);
        put16(bytes, 12, (length as u16 / 4) << 12 | self.flags.bits());
        put16(bytes, 14, self.window);
        put16(bytes, 16, checksum);
        put16(bytes, 18, self.urgent);
        //= rfc9293#3.1 MUST-69   options come with no-operations to the next word, so nothing is left to pad
        self.options.emit(&mut bytes[Self::MIN_LEN..length]);
    }
}

impl fmt::Display for TcpHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} > {} {} seq {} ack {} win {}",
            self.source_port,
            self.destination_port,
            self.flags.name(),
            self.seq,
            self.ack,
            self.window
        )
    }
}
