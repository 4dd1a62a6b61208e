//! IGMP, versions 1 to 3, as a host speaks it (RFC 2236, RFC 3376).

use super::{be16, checksum, put16};
use crate::drops::DropReason;
use std::fmt;
use std::net::Ipv4Addr;

#[cfg(test)]
mod tests;

/// What a group record of a version 3 report says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordKind {
    /// MODE_IS_EXCLUDE: the group is joined, from any source.
    IsExclude,
    /// CHANGE_TO_INCLUDE_MODE with no sources: the group was left.
    ToInclude,
    /// CHANGE_TO_EXCLUDE_MODE: the group was joined.
    ToExclude,
}

/// One group record of a version 3 report, without source lists: we join groups as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IgmpRecord {
    /// What changed, or is.
    pub kind: RecordKind,
    /// The group.
    pub group: Ipv4Addr,
}

/// An IGMP message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IgmpMessage {
    /// A query; group 0.0.0.0 asks for all. `max_response` in tenths of a second, 0 from version 1.
    Query {
        #[allow(missing_docs)]
        version: u8,
        #[allow(missing_docs)]
        max_response: u16,
        #[allow(missing_docs)]
        group: Ipv4Addr,
    },
    /// A version 1 or 2 report.
    Report {
        #[allow(missing_docs)]
        version: u8,
        #[allow(missing_docs)]
        group: Ipv4Addr,
    },
    /// A version 2 leave.
    Leave {
        #[allow(missing_docs)]
        group: Ipv4Addr,
    },
    /// A version 3 report that we send; one received is not looked into.
    ReportV3 {
        #[allow(missing_docs)]
        records: Vec<IgmpRecord>,
    },
}

impl IgmpMessage {
    /// Read and check a message, checksum included.
    pub fn parse(bytes: &[u8]) -> Result<Self, DropReason> {
        let fixed = bytes.first_chunk::<8>().ok_or(DropReason::IgmpTooShort)?;
        if !checksum::Sum::new().bytes(bytes).is_valid() {
            return Err(DropReason::IgmpBadChecksum);
        }
        let group = Ipv4Addr::new(fixed[4], fixed[5], fixed[6], fixed[7]);
        match fixed[0] {
            //= rfc3376#7.1   the length tells the version: 12 bytes or more are version 3, 8 are older
            0x11 if bytes.len() >= 12 => {
                Ok(Self::Query { version: 3, max_response: decode_time(fixed[1]), group })
            }
            //= rfc3376#7.1   a query of any other length is ignored
            0x11 if bytes.len() > 8 => Err(DropReason::IgmpTooShort),
            // Version 1 had no code.
            0x11 if fixed[1] == 0 => Ok(Self::Query { version: 1, max_response: 0, group }),
            0x11 => Ok(Self::Query { version: 2, max_response: u16::from(fixed[1]), group }),
            0x12 => Ok(Self::Report { version: 1, group }),
            0x16 => Ok(Self::Report { version: 2, group }),
            0x17 => Ok(Self::Leave { group }),
            0x22 => Ok(Self::ReportV3 { records: Vec::new() }),
            _ => Err(DropReason::IgmpUnknownType),
        }
    }

    /// The length that [`IgmpMessage::emit`] writes.
    pub fn len(&self) -> usize {
        match self {
            Self::ReportV3 { records } => 8 + 8 * records.len(),
            Self::Query { version: 3, .. } => 12,
            _ => 8,
        }
    }

    /// Never: a message has at least eight bytes.
    pub const fn is_empty(&self) -> bool {
        false
    }

    /// Write the message, with its checksum, to the front of `bytes`.
    pub fn emit(&self, bytes: &mut [u8]) {
        let bytes = &mut bytes[..self.len()];
        bytes.fill(0);
        match self {
            Self::Query { version, max_response, group } => {
                bytes[0] = 0x11;
                bytes[1] = match version {
                    1 => 0,
                    2 => u8::try_from(*max_response).unwrap_or(u8::MAX),
                    _ => encode_time(*max_response),
                };
                bytes[4..8].copy_from_slice(&group.octets());
            }
            Self::Report { version, group } => {
                bytes[0] = if *version == 1 { 0x12 } else { 0x16 };
                bytes[4..8].copy_from_slice(&group.octets());
            }
            Self::Leave { group } => {
                bytes[0] = 0x17;
                bytes[4..8].copy_from_slice(&group.octets());
            }
            Self::ReportV3 { records } => {
                bytes[0] = 0x22;
                put16(bytes, 6, records.len() as u16);
                for (record, slot) in records.iter().zip(bytes[8..].chunks_exact_mut(8)) {
                    slot[0] = match record.kind {
                        RecordKind::IsExclude => 2,
                        RecordKind::ToInclude => 3,
                        RecordKind::ToExclude => 4,
                    };
                    slot[4..8].copy_from_slice(&record.group.octets());
                }
            }
        }
        let sum = checksum::checksum(bytes);
        put16(bytes, 2, sum);
        debug_assert_eq!(be16(bytes, 2), sum);
    }
}

/// A response time of version 3: above 127 a floating-point number (RFC 3376 4.1.1).
fn decode_time(code: u8) -> u16 {
    if code < 128 {
        u16::from(code)
    } else {
        (u16::from(code & 0x0f) | 0x10) << (u16::from(code >> 4 & 7) + 3)
    }
}

/// The code for a response time of version 3, rounded down where the code is not exact: better early than late.
fn encode_time(time: u16) -> u8 {
    if time < 128 {
        return time as u8;
    }
    // The mantissa's five bits begin with a one that is not written.
    let exponent = (time.ilog2() as u8 - 4 - 3).min(7);
    let mantissa = (time >> (exponent + 3)).min(0x1f) as u8;
    0x80 | exponent << 4 | (mantissa & 0x0f)
}

impl fmt::Display for IgmpMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Query { version, max_response, group } => {
                write!(f, "v{version} query for {group} within {max_response}")
            }
            Self::Report { version, group } => write!(f, "v{version} report of {group}"),
            Self::Leave { group } => write!(f, "leave of {group}"),
            Self::ReportV3 { records } => write!(f, "v3 report of {} groups", records.len()),
        }
    }
}
