//! Errors that we send: about which packets, and what they quote.

use crate::buffer::Packet;
use crate::wire::{Icmpv4Header, Icmpv4Message, Ipv4Header, Protocol};

/// The largest error, IP header included (RFC 1812 4.3.2.3).
const MAX_ERROR: usize = 576;

/// The packet that an error would be about.
#[derive(Debug, Clone, Copy)]
pub struct Offender<'a> {
    /// Its header.
    pub header: &'a Ipv4Header,
    /// Its payload, as far as it came.
    pub payload: &'a [u8],
    /// The frame was a link-layer broadcast or multicast.
    pub link_group: bool,
    /// Its destination or its source is a broadcast address here, also a directed one.
    pub broadcast: bool,
}

/// Whether an error may be sent about a packet: one that could breed others, or multiply, may not.
pub fn may_answer(offender: &Offender<'_>) -> bool {
    let Offender { header, payload, link_group, broadcast } = *offender;
    let source = header.source;
    //= rfc1122#3.2.2   never about an ICMP error, nor about what might be one
    //= rfc1812#4.3.2.7   the same for routers
    let about_error = header.protocol == Protocol::ICMP && !is_known_query(payload);
    //= rfc1122#3.2.2   never about what was sent to many, on either layer
    let to_many =
        link_group || broadcast || header.destination.is_broadcast() || header.destination.is_multicast();
    //= rfc1122#3.2.2   never to a source that is not one host
    let from_nobody = source.octets()[0] == 0 || source.octets()[0] >= 224;
    //= rfc1122#3.2.2   never about a fragment that is not the first
    let later_fragment = header.fragment_offset > 0;
    !(about_error || to_many || from_nobody || later_fragment)
}

/// Echo, timestamp, information, address mask and router solicitation ask or answer; every other type is taken for an
/// error.
fn is_known_query(message: &[u8]) -> bool {
    matches!(message.first(), Some(0 | 8..=10 | 13..=18))
}

/// As much of the offending packet, from its IP header on, as an error of 576 bytes holds.
pub fn quote(packet: &[u8]) -> &[u8] {
    //= rfc1812#4.3.2.3   as much as possible, not only eight bytes: tunnels and big headers need it
    &packet[..packet.len().min(MAX_ERROR - Ipv4Header::MIN_LEN - Icmpv4Header::LEN)]
}

/// Append an ICMP message of header and `data` to `packet`; the caller has seen that there is room.
pub fn build(message: Icmpv4Message, data: &[u8], packet: &mut Packet) {
    let start = packet.len();
    packet.grow(Icmpv4Header::LEN);
    packet.append(data);
    Icmpv4Header { message }.emit(&mut packet.bytes_mut()[start..]);
}
