//! Errors that we receive.
use crate::drops::DropReason;
use crate::error::Error;
use crate::wire::{Icmpv4Message, Ipv4Header, SeqNumber};

/// An error about a packet of ours, taken apart so that its socket can be found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Report {
    /// What it says.
    pub message: Icmpv4Message,
    /// The header of our packet.
    pub original: Ipv4Header,
    /// Local and remote port of our packet (UDP, TCP).
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
    /// Too big: the MTU field (may be 0), and only then.
    pub mtu: Option<u16>,
}

#[allow(unused_variables, missing_docs)]
impl Report {
    /// What it means to a socket; `None` for a redirect or source quench, which concern no socket.
    pub fn verdict(&self) -> Option<Verdict> {
        todo!()
    }
}

/// Take an ICMP error apart: `quote` is what follows the ICMP header.
#[allow(unused_variables)]
pub fn parse_error(message: Icmpv4Message, quote: &[u8]) -> Result<Report, DropReason> {
    todo!()
}
