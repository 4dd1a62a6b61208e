//! Captures at an end of a link, as pcapng.

use crate::buffer::Packet;
use crate::time::Instant;
use crate::wire::pcapng::{self, Direction, LinkType, Meta, SNAPLEN};

/// A capture under way: bytes until somebody takes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sim) struct Capture {
    /// Its place in the network's list.
    pub(in crate::sim) index: u32,
    /// Frames that are sent are seen here as going out, those that arrive as coming in.
    pub(in crate::sim) side: Direction,
}

/// Begin a capture.
pub(in crate::sim) fn begin(name: &str) -> Vec<u8> {
    let mut out = Vec::new();
    pcapng::section_header(&mut out, "tapip_rs");
    pcapng::interface(&mut out, name, LinkType::Ethernet, SNAPLEN);
    out
}

/// Add a frame.
pub(in crate::sim) fn add(out: &mut Vec<u8>, now: Instant, direction: Direction, frame: &Packet) {
    let meta = Meta { interface: 0, nanos: now.as_nanos(), direction, snaplen: SNAPLEN, comment: "" };
    pcapng::packet(out, &meta, &[frame.bytes(), frame.tail()]);
}
