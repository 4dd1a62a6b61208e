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
    /// MODE_IS_INCLUDE: from these sources the group is wanted.
    IsInclude,
    /// MODE_IS_EXCLUDE: the group is joined, from any source.
    IsExclude,
    /// CHANGE_TO_INCLUDE_MODE with no sources: the group was left.
    ToInclude,
    /// CHANGE_TO_EXCLUDE_MODE: the group was joined.
    ToExclude,
}

/// One group record of a version 3 report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IgmpRecord {
    /// What changed, or is.
    pub kind: RecordKind,
    /// The group.
    pub group: Ipv4Addr,
    /// The sources; none, where a group is joined or left as a whole.
    pub sources: Vec<Ipv4Addr>,
}

impl IgmpRecord {
    /// A record about a group as a whole.
    pub const fn whole(kind: RecordKind, group: Ipv4Addr) -> Self {
        Self { kind, group, sources: Vec::new() }
    }

    /// Its length on the wire.
    pub fn len(&self) -> usize {
        8 + 4 * self.sources.len()
    }

    /// Never: a record has at least eight bytes.
    pub const fn is_empty(&self) -> bool {
        false
    }
}

/// An IGMP message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IgmpMessage {
    /// A query; group 0.0.0.0 asks for all. `max_response` in tenths of a second, 0 from version 1. A version 3 query
    /// may ask about certain sources of its group.
    Query {
        #[allow(missing_docs)]
        version: u8,
        #[allow(missing_docs)]
        max_response: u16,
        #[allow(missing_docs)]
        group: Ipv4Addr,
        #[allow(missing_docs)]
        sources: Vec<Ipv4Addr>,
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
                let (version, max_response) = (3, decode_time(fixed[1]));
                Ok(Self::Query { version, max_response, group, sources: sources(bytes)? })
            }
            //= rfc3376#7.1   a query of any other length is ignored
            0x11 if bytes.len() > 8 => Err(DropReason::IgmpTooShort),
            // Version 1 had no code, and so no time.
            0x11 => {
                let version = if fixed[1] == 0 { 1 } else { 2 };
                Ok(Self::Query { version, max_response: u16::from(fixed[1]), group, sources: Vec::new() })
            }
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
            Self::ReportV3 { records } => 8 + records.iter().map(IgmpRecord::len).sum::<usize>(),
            Self::Query { version: 3, sources, .. } => 12 + 4 * sources.len(),
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
            Self::Query { version, max_response, group, sources } => {
                bytes[0] = 0x11;
                bytes[1] = match version {
                    1 => 0,
                    2 => u8::try_from(*max_response).unwrap_or(u8::MAX),
                    _ => encode_time(*max_response),
                };
                bytes[4..8].copy_from_slice(&group.octets());
                if *version == 3 {
                    put16(bytes, 10, sources.len() as u16);
                    put_addresses(&mut bytes[12..], sources);
                }
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
                let mut rest = &mut bytes[8..];
                for record in records {
                    let (slot, behind) = rest.split_at_mut(record.len());
                    slot[0] = match record.kind {
                        RecordKind::IsInclude => 1,
                        RecordKind::IsExclude => 2,
                        RecordKind::ToInclude => 3,
                        RecordKind::ToExclude => 4,
                    };
                    put16(slot, 2, record.sources.len() as u16);
                    slot[4..8].copy_from_slice(&record.group.octets());
                    put_addresses(&mut slot[8..], &record.sources);
                    rest = behind;
                }
            }
        }
        let sum = checksum::checksum(bytes);
        put16(bytes, 2, sum);
        debug_assert_eq!(be16(bytes, 2), sum);
    }
}

/// The source list of a version 3 query, whose fixed part is there.
fn sources(bytes: &[u8]) -> Result<Vec<Ipv4Addr>, DropReason> {
    let length = 4 * usize::from(be16(bytes, 10));
    //= rfc3376#4.1.10   what comes behind the list counts for the checksum only
    let list = bytes.get(12..12 + length).ok_or(DropReason::IgmpTooShort)?;
    Ok(list.as_chunks().0.iter().map(|octets: &[u8; 4]| Ipv4Addr::from(*octets)).collect())
}

fn put_addresses(bytes: &mut [u8], addresses: &[Ipv4Addr]) {
    for (address, slot) in addresses.iter().zip(bytes.chunks_exact_mut(4)) {
        slot.copy_from_slice(&address.octets());
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
            Self::Query { version, max_response, group, sources } => {
                write!(f, "v{version} query for {group} within {max_response}")?;
                if sources.is_empty() { Ok(()) } else { write!(f, " about {} sources", sources.len()) }
            }
            Self::Report { version, group } => write!(f, "v{version} report of {group}"),
            Self::Leave { group } => write!(f, "leave of {group}"),
            Self::ReportV3 { records } => write!(f, "v3 report of {} groups", records.len()),
        }
    }
}
