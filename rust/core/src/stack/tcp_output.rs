//! Segments on their way out: whose turn it is, and the header block in front of the payload slices.

use super::Stack;
use super::egress::{LinkTarget, v4};
use super::route::{Hop, Wish};
use super::sockets::TcpId;
use crate::buffer::{Offload, Slices};
use crate::error::Error;
use crate::neighbor::NeighborKey;
use crate::observe::{Counter, InterfaceId, Layer, TraceEvent};
use crate::tcp::{Outgoing, Tuple};
use crate::time::Instant;
use crate::wire::{
    EthernetHeader, Ipv4Header, Ipv4Options, Protocol, TcpFlags, TcpHeader, checksum::Sum, put16,
};

/// The largest link, network and transport header together: 14 + 60 + 60, rounded up.
const HEADER_BLOCK: usize = 144;

/// The header block of the segment at hand.
#[derive(Debug)]
pub(super) struct HeaderBlock {
    bytes: [u8; HEADER_BLOCK],
    length: usize,
}

impl Default for HeaderBlock {
    fn default() -> Self {
        Self { bytes: [0; HEADER_BLOCK], length: 0 }
    }
}

impl HeaderBlock {
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

/// A segment that is ready to be written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ready {
    pub(super) interface: InterfaceId,
    pub(super) connection: TcpId,
    pub(super) offset: usize,
    pub(super) length: usize,
    pub(super) offload: Offload,
}

impl Stack {
    /// The next segment of the next connection whose turn it is.
    pub(super) fn next_segment(&mut self, now: Instant) -> Option<Ready> {
        while let Some(turn) = self.tcp.turns.next() {
            let id = turn.connection;
            let Some(entry) = self.tcp.connections.get_mut(id) else { continue };
            if !self.tcp.turns.may_send(turn, &mut entry.turn) {
                continue;
            }
            entry.queued = false;
            let hop = match self.tcp_hop(id) {
                Ok(hop) => hop,
                Err(error) => {
                    self.tcp_unroutable(now, id, error);
                    continue;
                }
            };
            self.refresh_path(now, id, hop);
            let Some(entry) = self.tcp.connections.get_mut(id) else { continue };
            let mut cx = self.observers.context(now, Some(hop.interface));
            let outgoing = entry.connection.poll_transmit(&mut cx, hop.offloads.unit());
            let Some(outgoing) = outgoing else {
                self.settle(id, false);
                continue;
            };
            // It will be asked again, and only the answer "nothing" is settled: then its timer and state are final.
            entry.queued = true;
            let tuple = entry.connection.tuple();
            self.tcp.turns.spend(turn, &mut entry.turn, outgoing.header.len() + outgoing.length);
            let ready = self.dress(now, id, tuple, hop, &outgoing);
            if ready.is_some() {
                return ready;
            }
        }
        None
    }

    /// The way of a connection's packets, found anew when routing has changed since.
    fn tcp_hop(&mut self, id: TcpId) -> Result<Hop, Error> {
        let entry = self.tcp.connections.get(id).ok_or(Error::BadHandle)?;
        match entry.hop {
            Some((generation, hop)) if generation == self.generation => Ok(hop),
            _ => {
                let tuple = entry.connection.tuple();
                let wish = Wish { source: Some(tuple.local.ip()), interface: None };
                let hop = self.route(tuple.remote.ip(), wish)?;
                let generation = self.generation;
                if let Some(entry) = self.tcp.connections.get_mut(id) {
                    entry.hop = Some((generation, hop));
                }
                Ok(hop)
            }
        }
    }

    /// Let a connection know what its path carries, when what ICMP said of it is news, or old (RFC 1191 6.3).
    fn refresh_path(&mut self, now: Instant, id: TcpId, hop: Hop) {
        let Some(entry) = self.tcp.connections.get(id).filter(|entry| entry.path_until <= now) else {
            return;
        };
        let (remote, known) = (entry.connection.tuple().remote.ip(), entry.connection.path_mtu());
        let mtu = self.path_mtu(now, remote, hop.mtu);
        let Some(entry) = self.tcp.connections.get_mut(id) else { return };
        entry.path_until = self.path_mtus.expires(remote).unwrap_or(Instant::FAR_FUTURE);
        if mtu != known {
            entry.connection.on_path_mtu(&mut self.observers.context(now, Some(hop.interface)), mtu);
        }
    }

    /// There is no way to the peer now. What was due counts as sent and lost, so that its timer tries again later.
    fn tcp_unroutable(&mut self, now: Instant, id: TcpId, error: Error) {
        let Some(entry) = self.tcp.connections.get_mut(id) else { return };
        let mut cx = self.observers.context(now, None);
        while entry.connection.poll_transmit(&mut cx, 0).is_some() {}
        entry.connection.on_unreachable(&mut cx, error);
        self.settle(id, false);
    }

    /// Put the headers of a segment into the block. `None` when the packet went to wait for its neighbour instead.
    fn dress(
        &mut self,
        now: Instant,
        id: TcpId,
        tuple: Tuple,
        hop: Hop,
        outgoing: &Outgoing,
    ) -> Option<Ready> {
        let (offset, length) = (outgoing.offset, outgoing.length);
        let link = self.link_target(now, hop);
        let entry = self.tcp.connections.get(id)?;
        let settings = entry.connection.settings();
        //= rfc9293#3.9.2 MUST-49   both are the application's to set
        let (ttl, tos) = (settings.ttl, settings.tos);
        let segment = &outgoing.header;
        let (source, destination) = (v4(tuple.local.ip()).ok()?, v4(tuple.remote.ip()).ok()?);
        let ip = Ipv4Header {
            //= rfc3168#5   the field is TCP's to fill, whatever the application set of the byte
            tos: segment.ecn.within(tos),
            total_length: (Ipv4Header::MIN_LEN + segment.len() + length) as u16,
            id: 0,
            // A segment is sized for the path, and learns from ICMP when it is not (RFC 1191).
            dont_fragment: true,
            more_fragments: false,
            fragment_offset: 0,
            ttl,
            protocol: Protocol::TCP,
            source,
            destination,
            options: Ipv4Options::NONE,
        };
        let front = if let LinkTarget::Ethernet(_) = link { EthernetHeader::LEN } else { 0 };
        let block = &mut self.header.bytes;
        if let LinkTarget::Ethernet(header) = &link {
            header.emit(block);
        }
        ip.emit(&mut block[front..]);
        let transport = front + Ipv4Header::MIN_LEN;
        let end = transport + segment.len();
        segment.emit(&mut block[transport..end], 0);
        let mut offload = Offload::default();
        let sum = if hop.offloads.checksum {
            offload.partial_checksum = Some((transport as u16, 16));
            pseudo_sum(&ip).partial()
        } else {
            segment_sum(&ip, &block[transport..end], entry.connection.pieces(offset, length))
        };
        put16(block, transport + 16, sum);
        if length > outgoing.segment_size {
            offload.segment_size = outgoing.segment_size as u16;
        }
        self.header.length = end;
        self.count_segment(now, hop, tuple, outgoing, &ip);
        match link {
            LinkTarget::Bare | LinkTarget::Ethernet(_) => {
                Some(Ready { interface: hop.interface, connection: id, offset, length, offload })
            }
            LinkTarget::Pending | LinkTarget::Unreachable => {
                let ready = Ready { interface: hop.interface, connection: id, offset, length, offload };
                self.park(now, ready, hop, matches!(link, LinkTarget::Unreachable));
                None
            }
        }
    }

    /// Copy a segment whose neighbour is not known yet, and let it wait in the neighbour's queue.
    fn park(&mut self, now: Instant, ready: Ready, hop: Hop, unreachable: bool) {
        let Ready { offset, length, .. } = ready;
        let block = self.header.bytes().to_vec();
        let Ok(mut packet) = self.blank(block.len() + length) else { return };
        packet.append(&block);
        packet.offload = ready.offload;
        if let Some(entry) = self.tcp.connections.get(ready.connection) {
            entry.connection.pieces(offset, length).for_each(|piece| packet.append(piece));
        }
        packet.mark_network();
        let key = NeighborKey { interface: hop.interface, address: hop.next_hop };
        if unreachable {
            return self.on_neighbor_failed(now, key, vec![packet]);
        }
        self.neighbors.enqueue(&mut self.observers.context(now, Some(hop.interface)), key, packet);
        self.apply_neighbor_actions(now);
    }

    fn count_segment(&mut self, now: Instant, hop: Hop, tuple: Tuple, outgoing: &Outgoing, ip: &Ipv4Header) {
        let counters = &mut self.observers.counters;
        counters.count(Counter::IpOutRequests);
        counters.add(Counter::TcpOutSegs, outgoing.segments());
        if outgoing.header.has(TcpFlags::RST) {
            counters.count(Counter::TcpOutRsts);
        }
        self.trace_ip(now, hop.interface, ip);
        self.trace_segment_out(now, Some(hop.interface), tuple, &outgoing.header, outgoing.length);
    }

    pub(super) fn trace_segment_out(
        &mut self,
        now: Instant,
        interface: Option<InterfaceId>,
        tuple: Tuple,
        segment: &TcpHeader,
        length: usize,
    ) {
        self.observers.context(now, interface).emit(Layer::Tcp, || TraceEvent::TcpOut {
            source: tuple.local.ip(),
            source_port: tuple.local.port(),
            destination: tuple.remote.ip(),
            destination_port: tuple.remote.port(),
            seq: segment.seq,
            length,
            ack: segment.ack,
            window: u32::from(segment.window),
            flags: segment.flags.name(),
        });
    }

    /// The payload slices of a ready segment, and what the device shall do to it.
    pub(super) fn payload_of(&self, ready: Ready) -> (Slices<'_>, Offload) {
        let entry = self.tcp.connections.get(ready.connection);
        let slices = entry.map_or(Slices::EMPTY, |entry| entry.connection.slices(ready.offset, ready.length));
        (slices, ready.offload)
    }
}

fn pseudo_sum(ip: &Ipv4Header) -> Sum {
    let (source, destination) = (ip.source.into(), ip.destination.into());
    Sum::new().pseudo_header(source, destination, Protocol::TCP.0, ip.payload_length())
}

fn segment_sum<'a>(ip: &Ipv4Header, header: &[u8], payload: impl Iterator<Item = &'a [u8]>) -> u16 {
    //= rfc9293#3.1 MUST-2   over pseudo-header, header and data
    payload.fold(pseudo_sum(ip).bytes(header), Sum::bytes).finish()
}
