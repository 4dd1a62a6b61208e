//! ICMP for IPv4 (RFC 792, RFC 1191, RFC 1122 3.2.2).

use super::{be16, checksum, put16};
use crate::drops::DropReason;
use std::fmt;
use std::net::Ipv4Addr;

#[cfg(test)]
mod tests;

/// Codes of destination unreachable.
pub mod unreachable {
    /// No route to the network.
    pub const NETWORK: u8 = 0;
    /// The last router cannot find the host.
    pub const HOST: u8 = 1;
    /// No such protocol at the host.
    pub const PROTOCOL: u8 = 2;
    /// No such port at the host.
    pub const PORT: u8 = 3;
    /// Too big for the next link, and DF is set.
    pub const FRAGMENTATION_NEEDED: u8 = 4;
    /// Source route failed.
    pub const SOURCE_ROUTE: u8 = 5;
    /// Administratively prohibited.
    pub const PROHIBITED: u8 = 13;
}

/// What an ICMP message says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Icmpv4Message {
    /// Type 0.
    EchoReply {
        #[allow(missing_docs)]
        id: u16,
        #[allow(missing_docs)]
        seq: u16,
    },
    /// Type 3; `mtu` is that of the next hop for code 4, else 0.
    Unreachable {
        #[allow(missing_docs)]
        code: u8,
        #[allow(missing_docs)]
        mtu: u16,
    },
    /// Type 4, silently discarded (RFC 6633).
    SourceQuench,
    /// Type 5.
    Redirect {
        #[allow(missing_docs)]
        code: u8,
        #[allow(missing_docs)]
        gateway: Ipv4Addr,
    },
    /// Type 8.
    EchoRequest {
        #[allow(missing_docs)]
        id: u16,
        #[allow(missing_docs)]
        seq: u16,
    },
    /// Type 11; code 0 in transit, 1 in reassembly.
    TimeExceeded {
        #[allow(missing_docs)]
        code: u8,
    },
    /// Type 12.
    ParameterProblem {
        #[allow(missing_docs)]
        pointer: u8,
    },
    /// Any other type.
    Other {
        #[allow(missing_docs)]
        kind: u8,
        #[allow(missing_docs)]
        code: u8,
    },
}

/// The eight bytes that begin every ICMP message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Icmpv4Header {
    /// The message.
    pub message: Icmpv4Message,
}

impl Icmpv4Header {
    /// Length in bytes.
    pub const LEN: usize = 8;

    /// Read and check a message, checksum included; what follows the header is its data or quote.
    pub fn parse(bytes: &[u8]) -> Result<Self, DropReason> {
        let header = bytes.first_chunk::<{ Self::LEN }>().ok_or(DropReason::IcmpTooShort)?;
        if !checksum::Sum::new().bytes(bytes).is_valid() {
            return Err(DropReason::IcmpBadChecksum);
        }
        Ok(Self { message: Self::parse_message(header) })
    }

    /// Read the header without its checksum, as needed for one that is quoted.
    pub fn parse_message(header: &[u8; Self::LEN]) -> Icmpv4Message {
        let (code, first, second) = (header[1], be16(header, 4), be16(header, 6));
        match header[0] {
            0 => Icmpv4Message::EchoReply { id: first, seq: second },
            3 => Icmpv4Message::Unreachable { code, mtu: second },
            4 => Icmpv4Message::SourceQuench,
            5 => {
                let gateway = Ipv4Addr::new(header[4], header[5], header[6], header[7]);
                Icmpv4Message::Redirect { code, gateway }
            }
            8 => Icmpv4Message::EchoRequest { id: first, seq: second },
            11 => Icmpv4Message::TimeExceeded { code },
            12 => Icmpv4Message::ParameterProblem { pointer: header[4] },
            kind => Icmpv4Message::Other { kind, code },
        }
    }

    /// Write the header to the front of `bytes`, whose rest holds the data already, and the checksum over all of it.
    pub fn emit(&self, bytes: &mut [u8]) {
        bytes[..Self::LEN].fill(0);
        let (kind, code) = self.message.kind_and_code();
        bytes[0] = kind;
        bytes[1] = code;
        match self.message {
            Icmpv4Message::EchoReply { id, seq } | Icmpv4Message::EchoRequest { id, seq } => {
                put16(bytes, 4, id);
                put16(bytes, 6, seq);
            }
            Icmpv4Message::Unreachable { mtu, .. } => put16(bytes, 6, mtu),
            Icmpv4Message::Redirect { gateway, .. } => bytes[4..8].copy_from_slice(&gateway.octets()),
            Icmpv4Message::ParameterProblem { pointer } => bytes[4] = pointer,
            _ => {}
        }
        let sum = checksum::checksum(bytes);
        put16(bytes, 2, sum);
    }
}

impl Icmpv4Message {
    /// The type and code on the wire.
    pub const fn kind_and_code(&self) -> (u8, u8) {
        match *self {
            Self::EchoReply { .. } => (0, 0),
            Self::Unreachable { code, .. } => (3, code),
            Self::SourceQuench => (4, 0),
            Self::Redirect { code, .. } => (5, code),
            Self::EchoRequest { .. } => (8, 0),
            Self::TimeExceeded { code } => (11, code),
            Self::ParameterProblem { .. } => (12, 0),
            Self::Other { kind, code } => (kind, code),
        }
    }

    /// Whether the message reports an error, and so must never cause another one (RFC 1122 3.2.2).
    pub const fn is_error(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. }
                | Self::SourceQuench
                | Self::Redirect { .. }
                | Self::TimeExceeded { .. }
                | Self::ParameterProblem { .. }
        )
    }
}

impl fmt::Display for Icmpv4Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EchoReply { id, seq } => write!(f, "echo reply id {id} seq {seq}"),
            Self::EchoRequest { id, seq } => write!(f, "echo request id {id} seq {seq}"),
            Self::Unreachable { code, mtu: 0 } => write!(f, "unreachable code {code}"),
            Self::Unreachable { code, mtu } => write!(f, "unreachable code {code} mtu {mtu}"),
            Self::SourceQuench => f.write_str("source quench"),
            Self::Redirect { code, gateway } => write!(f, "redirect code {code} to {gateway}"),
            Self::TimeExceeded { code } => write!(f, "time exceeded code {code}"),
            Self::ParameterProblem { pointer } => write!(f, "parameter problem at {pointer}"),
            Self::Other { kind, code } => write!(f, "type {kind} code {code}"),
        }
    }
}
