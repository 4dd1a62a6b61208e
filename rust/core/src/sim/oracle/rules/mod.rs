//! The rules, one file each. A rule gives back what it saw when it was broken.

mod ack;
mod bytes;
mod edge;
mod memory;
mod pipe;
mod timeout;
mod window;

pub(super) use memory::of_host;

use super::judge::Case;

/// What a host must do, or not do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Rule {
    /// Checksums and lengths of what it sends are right.
    Checksum,
    /// What is sent again is what was sent first, and nothing is left out.
    Bytes,
    /// The number acknowledged never goes back.
    AckOrder,
    /// Only what came is acknowledged.
    AckCovers,
    /// No data beyond the peer's window.
    Window,
    /// The right edge of its own window never goes back.
    Edge,
    /// Nothing that it sends takes the pipe above the congestion window.
    Pipe,
    /// The retransmission timeout does not fall while it backs off, and is waited for.
    Timeout,
    /// Memory stays within its bounds.
    Memory,
    /// Delivered bytes are those that were sent.
    Intact,
    /// Every transfer comes to its end, well or with an error.
    Liveness,
    /// After the end nothing is left in memory.
    Leak,
}

impl Rule {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Checksum,
        Self::Bytes,
        Self::AckOrder,
        Self::AckCovers,
        Self::Window,
        Self::Edge,
        Self::Pipe,
        Self::Timeout,
        Self::Memory,
        Self::Intact,
        Self::Liveness,
        Self::Leak,
    ];

    /// A word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Checksum => "checksum",
            Self::Bytes => "bytes",
            Self::AckOrder => "ack-order",
            Self::AckCovers => "ack-covers",
            Self::Window => "window",
            Self::Edge => "edge",
            Self::Pipe => "pipe",
            Self::Timeout => "timeout",
            Self::Memory => "memory",
            Self::Intact => "intact",
            Self::Liveness => "liveness",
            Self::Leak => "leak",
        }
    }

    /// The clause that it holds to.
    pub const fn clause(self) -> &'static str {
        match self {
            Self::Checksum => "RFC 9293 3.1 MUST-2, RFC 791 3.1, RFC 768, RFC 792",
            Self::Bytes => "RFC 9293 3.4",
            Self::AckOrder => "RFC 9293 3.4, 3.10.7.4",
            Self::AckCovers => "RFC 9293 3.4",
            Self::Window => "RFC 9293 3.8.6 SHLD-15",
            Self::Edge => "RFC 9293 3.8.6 SHLD-14, RFC 7323 2.4",
            Self::Pipe => "RFC 5681 3.1, RFC 6675 5, RFC 3042 2, RFC 8985 7.3",
            Self::Timeout => "RFC 6298 5.5, RFC 9293 3.8.1",
            Self::Memory => "RFC 9293 3.8.6",
            Self::Intact => "RFC 9293 2.2",
            Self::Liveness => "RFC 9293 3.8.3 MUST-20, RFC 5482 2",
            Self::Leak => "RFC 9293 3.10.4",
        }
    }
}

type Judgment = Result<(), String>;
type Judge = fn(&Case<'_>) -> Judgment;

/// The rules about a segment, in the order in which they are asked.
pub(super) const OF_SEGMENTS: &[(Rule, Judge)] = &[
    (Rule::Bytes, bytes::judge),
    (Rule::AckOrder, ack::in_order),
    (Rule::AckCovers, ack::covers),
    (Rule::Window, window::judge),
    (Rule::Edge, edge::judge),
    (Rule::Pipe, pipe::judge),
    (Rule::Timeout, timeout::judge),
    (Rule::Memory, memory::of_connection),
];

fn ensure(right: bool, what: impl FnOnce() -> String) -> Judgment {
    if right { Ok(()) } else { Err(what()) }
}
