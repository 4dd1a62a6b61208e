//! Work that devices take over, and what is done about it where they do not: checksums left to whoever sends a frame, and
//! units of several TCP segments (segmentation offload).

use super::Stack;
use super::interface::Medium;
use crate::buffer::{Offloads, Packet};
use crate::drops::DropReason;
use crate::error::Error;
use crate::ip::Segments;
use crate::observe::{InterfaceId, Layer};
use crate::time::Instant;
use crate::wire::{EthernetHeader, Ipv4Header, Protocol, checksum};

/// Where the checksum stands in a TCP and in a UDP header.
const TCP_FIELD: u16 = 16;
const UDP_FIELD: u16 = 6;

impl Stack {
    /// Tell what the device of an interface does for frames that leave by it. Whoever plugs one in says so; nothing is
    /// assumed before.
    pub fn set_offloads(&mut self, id: InterfaceId, offloads: Offloads) -> Result<(), Error> {
        self.interfaces.find_mut(id)?.offloads = offloads;
        // Connections keep what they know of their way.
        self.generation += 1;
        Ok(())
    }

    /// Queue a frame, complete from its link header on, for the device; whatever that does not do is done here.
    pub(super) fn enqueue(&mut self, now: Instant, interface: InterfaceId, mut packet: Packet) {
        if packet.offload.is_none() {
            return self.push_output(now, interface, packet);
        }
        let Some(link) = self.interfaces.find(interface) else { return self.pool.put(packet) };
        let (can, network) = (link.offloads, link_length(link.medium));
        packet.offload = packet.offload.with_link(network as u16);
        if packet.offload.segment_size == 0 {
            if !can.checksum {
                complete(&mut packet);
            }
            return self.push_output(now, interface, packet);
        }
        if packet.len() - network <= usize::from(can.segment) {
            return self.push_output(now, interface, packet);
        }
        for piece in self.cut(now, interface, packet, network) {
            self.push_output(now, interface, piece);
        }
    }

    fn push_output(&mut self, now: Instant, interface: InterfaceId, packet: Packet) {
        if let Err(packet) = self.output.push(interface, packet) {
            self.discard(now, interface, Layer::Dev, DropReason::QueueFull, packet);
        }
    }

    /// Cut a unit to frames with all that a frame needs; its IP header begins at `network`.
    pub(super) fn cut(
        &mut self,
        now: Instant,
        interface: InterfaceId,
        packet: Packet,
        network: usize,
    ) -> Vec<Packet> {
        let mut pieces = Vec::new();
        let size = packet.offload.segment_size;
        let Some(mut segments) = Segments::new(packet.bytes(), &[], network, size) else {
            self.discard(now, interface, Layer::Dev, DropReason::BadOffload, packet);
            return pieces;
        };
        while let Some(length) = segments.next_len() {
            // What there is no buffer for is lost, and counted.
            let Ok(mut piece) = self.blank(length) else { break };
            piece.grow(length);
            segments.emit(piece.bytes_mut());
            pieces.push(piece);
        }
        self.pool.put(packet);
        pieces
    }
}

/// Bytes in front of the IP header.
pub(super) const fn link_length(medium: Medium) -> usize {
    if let Medium::Ethernet = medium { EthernetHeader::LEN } else { 0 }
}

/// Make the checksum that was left to others. False where it would lie outside.
pub(super) fn complete(packet: &mut Packet) -> bool {
    packet.offload.partial_checksum.take().is_none_or(|(start, field)| {
        checksum::complete(packet.bytes_mut(), usize::from(start), usize::from(field))
    })
}

/// See that what a device says of a packet fits the packet, whose header is `header` and whose link header is off.
///
/// Behind this, a partial checksum is that of TCP or UDP in a whole packet, and a unit one of TCP with all its headers.
/// Any other checksum (within a tunnel, in ICMP) is made here: there is no engine that could do without.
pub(super) fn check(header: &Ipv4Header, packet: &mut Packet) -> Result<(), DropReason> {
    let transport = header.len() as u16;
    let known = match (header.is_fragment(), header.protocol) {
        (false, Protocol::TCP) => packet.offload.partial_checksum == Some((transport, TCP_FIELD)),
        (false, Protocol::UDP) => packet.offload.partial_checksum == Some((transport, UDP_FIELD)),
        _ => false,
    };
    if packet.offload.segment_size > 0 {
        let whole = known && Segments::new(packet.bytes(), &[], 0, packet.offload.segment_size).is_some();
        return if whole { Ok(()) } else { Err(DropReason::BadOffload) };
    }
    if header.is_fragment() {
        // What is true of a part is not of the whole.
        packet.offload.checksum_valid = false;
    }
    if known || complete(packet) { Ok(()) } else { Err(DropReason::BadOffload) }
}

/// The longest packet that goes over the wire for this one: a unit goes in segments.
pub(super) fn length_on_wire(header: &Ipv4Header, packet: &Packet) -> u16 {
    let size = packet.offload.segment_size;
    let segments = if size > 0 { Segments::new(packet.bytes(), &[], 0, size) } else { None };
    segments.and_then(|segments| segments.next_len()).map_or(header.total_length, |length| length as u16)
}
