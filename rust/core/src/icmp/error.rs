//! Errors that we send.
use crate::buffer::Packet;
use crate::wire::{Icmpv4Message, Ipv4Header};

/// The packet that an error would be about.
#[derive(Debug, Clone, Copy)]
pub struct Offender<'a> {
    /// Its header.
    pub header: &'a Ipv4Header,
    /// Its payload, as far as it came.
    pub payload: &'a [u8],
    /// The frame was a link-layer broadcast or multicast.
    pub link_group: bool,
    /// Its destination, or its source, is a broadcast address here (also a directed one).
    pub broadcast: bool,
}

/// Whether an error may be sent about a packet (RFC 1122 3.2.2, RFC 1812 4.3.2.7).
#[allow(unused_variables)]
pub fn may_answer(offender: &Offender<'_>) -> bool {
    todo!()
}

/// As much of the offending packet (from its IP header) as an error of 576 bytes holds.
#[allow(unused_variables)]
pub fn quote(packet: &[u8]) -> &[u8] {
    todo!()
}

/// Append an ICMP message of header and `data` to `packet`, whose view is empty or ends where the message shall begin.
#[allow(unused_variables)]
pub fn build(message: Icmpv4Message, data: &[u8], packet: &mut Packet) {
    todo!()
}
