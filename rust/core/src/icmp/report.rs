//! Errors that we receive: about which packet of ours, and what that means to its socket.

use crate::drops::DropReason;
use crate::error::Error;
use crate::wire::{Icmpv4Header, Icmpv4Message, Ipv4Header, Protocol, SeqNumber, SocketAddress, unreachable};

/// An error about a packet of ours, taken apart so that its socket can be found.
///
/// All of it comes from the wire: that the packet was really ours, the stack finds out by its source address, its
/// ports, and for TCP its sequence number (RFC 5927).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Report {
    /// What it says.
    pub message: Icmpv4Message,
    /// The header of our packet.
    pub original: Ipv4Header,
    /// Local and remote port of our packet (UDP, TCP); `None` also when it was a later fragment.
    pub ports: Option<(u16, u16)>,
    /// Sequence number of our segment (TCP).
    pub seq: Option<SeqNumber>,
    /// Identifier of our echo request (ICMP).
    pub echo_id: Option<u16>,
}

/// What a report means to a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// The error of the application.
    pub error: Error,
    /// It will not go away by itself.
    pub hard: bool,
    /// Too big: the MTU field (0 from an old router), and only then.
    pub mtu: Option<u16>,
}

impl Report {
    /// Our end of the packet, port 0 where the protocol has none.
    pub fn local(&self) -> SocketAddress {
        SocketAddress::new(self.original.source.into(), self.ports.map_or(0, |(local, _)| local))
    }

    /// The other end.
    pub fn remote(&self) -> SocketAddress {
        SocketAddress::new(self.original.destination.into(), self.ports.map_or(0, |(_, remote)| remote))
    }

    /// What it means to a socket, as Linux tells its own; `None` for a redirect, a source quench or an unknown code,
    /// which concern no socket.
    pub const fn verdict(&self) -> Option<Verdict> {
        let (error, hard) = match self.message {
            Icmpv4Message::Unreachable { code: unreachable::FRAGMENTATION_NEEDED, mtu } => {
                return Some(Verdict { error: Error::MessageTooLong, hard: false, mtu: Some(mtu) });
            }
            Icmpv4Message::Unreachable { code, .. } => match of_unreachable(code) {
                Some(meaning) => meaning,
                None => return None,
            },
            Icmpv4Message::TimeExceeded { .. } => (Error::HostUnreachable, false),
            //= rfc9293#3.9.2.2 MUST-56   a parameter problem is soft
            Icmpv4Message::ParameterProblem { .. } => (Error::ProtocolUnreachable, false),
            _ => return None,
        };
        Some(Verdict { error, hard, mtu: None })
    }
}

/// Error, and whether it is hard, for each code of destination unreachable (RFC 792, RFC 1122 3.2.2.1, RFC 1812 5.2.7.1).
const fn of_unreachable(code: u8) -> Option<(Error, bool)> {
    Some(match code {
        // Network and host; for this type of service; as routing goes, it may come back.
        0 | 11 => (Error::NetworkUnreachable, false),
        1 | 12 => (Error::HostUnreachable, false),
        unreachable::PROTOCOL => (Error::ProtocolUnreachable, true),
        unreachable::PORT => (Error::ConnectionRefused, true),
        unreachable::SOURCE_ROUTE => (Error::NotSupported, false),
        // Unknown or prohibited network.
        6 | 9 => (Error::NetworkUnreachable, true),
        // Unknown, isolated or prohibited host; filtered; precedence.
        7 | 8 | 10 | 13..=15 => (Error::HostUnreachable, true),
        _ => return None,
    })
}

/// Take an ICMP error apart; `quote` is what follows the ICMP header.
pub fn parse_error(message: Icmpv4Message, quote: &[u8]) -> Result<Report, DropReason> {
    if !message.is_error() {
        return Err(DropReason::IcmpUnknownType);
    }
    //= rfc1122#3.2.2   the quote tells which transport, and there which user, is concerned
    let original = Ipv4Header::parse_quoted(quote).map_err(|_| DropReason::IcmpBadQuote)?;
    let mut report = Report { message, original, ports: None, seq: None, echo_id: None };
    if original.fragment_offset > 0 {
        return Ok(report);
    }
    if ![Protocol::TCP, Protocol::UDP, Protocol::ICMP].contains(&original.protocol) {
        return Ok(report);
    }
    // Every sender quotes eight bytes at least (RFC 792), and each of these headers has as many.
    let head = quote[original.len()..].first_chunk::<8>().ok_or(DropReason::IcmpBadQuote)?;
    let [a, b, c, d, e, f, g, h] = *head;
    let ports = Some((u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])));
    match original.protocol {
        Protocol::TCP => {
            report.ports = ports;
            report.seq = Some(SeqNumber(u32::from_be_bytes([e, f, g, h])));
        }
        Protocol::UDP => report.ports = ports,
        _ => match Icmpv4Header::parse_message(head) {
            Icmpv4Message::EchoRequest { id, .. } => report.echo_id = Some(id),
            //= rfc1122#3.2.2   nobody may send an error about an error
            quoted if quoted.is_error() => return Err(DropReason::IcmpBadQuote),
            _ => {}
        },
    }
    Ok(report)
}
