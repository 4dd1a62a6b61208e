//! One datagram on its way to being whole.

use crate::buffer::{Packet, Pool};
use crate::drops::DropReason;
use crate::observe::InterfaceId;
use crate::time::Instant;
use crate::wire::Ipv4Header;
use std::collections::BTreeMap;

/// Memory for the books of one fragment, besides its buffer.
const PIECE_OVERHEAD: usize = 128;

/// The two ECN bits of the TOS byte.
const ECN_MASK: u8 = 3;
/// Congestion experienced.
const ECN_CE: u8 = 3;

/// A fragment that was kept.
#[derive(Debug)]
struct Piece {
    packet: Packet,
    header_length: usize,
    /// More fragments follow it.
    more: bool,
}

/// Why a fragment was not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// It came before: it alone is dropped.
    Duplicate,
    /// It contradicts what came before: nothing of the datagram can be believed.
    Poisoned(DropReason),
}

/// The fragments of one datagram, by offset. They never overlap.
#[derive(Debug)]
pub(super) struct Datagram {
    pieces: BTreeMap<u16, Piece>,
    /// The header of fragment 0.
    first: Option<Ipv4Header>,
    /// Length of the whole payload, known from the last fragment.
    length: Option<usize>,
    received: usize,
    /// The ECN codepoints seen, one bit each.
    ecn: u8,
    /// Memory that it holds.
    pub(super) bytes: usize,
    pub(super) created: Instant,
    /// Order of last use.
    pub(super) stamp: u64,
    pub(super) interface: InterfaceId,
}

/// What a fragment costs in memory while it is kept.
pub(super) fn cost(packet: &Packet) -> usize {
    packet.footprint() + PIECE_OVERHEAD
}

impl Piece {
    fn payload(&self) -> &[u8] {
        &self.packet.bytes()[self.header_length..]
    }
}

impl Datagram {
    pub(super) const fn new(now: Instant, stamp: u64, interface: InterfaceId) -> Self {
        Self {
            pieces: BTreeMap::new(),
            first: None,
            length: None,
            received: 0,
            ecn: 0,
            bytes: 0,
            created: now,
            stamp,
            interface,
        }
    }

    /// How many fragments are kept.
    pub(super) fn len(&self) -> usize {
        self.pieces.len()
    }

    /// Whether nothing is missing.
    pub(super) fn is_complete(&self) -> bool {
        // Pieces do not overlap and none lies behind the end, so counting is enough.
        self.length == Some(self.received)
    }

    /// Whether a fragment may be kept. The caller has checked that it has a payload and ends within 65535.
    pub(super) fn check(&self, header: &Ipv4Header, payload: &[u8]) -> Result<(), Refused> {
        let start = header.fragment_offset;
        let end = usize::from(start) + payload.len();
        let same = self
            .pieces
            .get(&start)
            .is_some_and(|piece| piece.more == header.more_fragments && piece.payload() == payload);
        if same {
            return Err(Refused::Duplicate);
        }
        let before = self.pieces.range(..start).next_back();
        let overlaps_before =
            before.is_some_and(|(at, piece)| usize::from(*at) + piece.payload().len() > usize::from(start));
        let after = self.pieces.range(start..).next();
        if overlaps_before || after.is_some_and(|(at, _)| usize::from(*at) < end) {
            return Err(Refused::Poisoned(DropReason::FragmentOverlap));
        }
        let fits = match self.length {
            // Exactly one last fragment, and everything else before its end.
            Some(length) => header.more_fragments && end < length,
            None => header.more_fragments || after.is_none(),
        };
        if fits { Ok(()) } else { Err(Refused::Poisoned(DropReason::FragmentBad)) }
    }

    /// Keep a fragment that was checked.
    pub(super) fn keep(&mut self, header: &Ipv4Header, packet: Packet) {
        let header_length = header.len();
        let length = packet.len() - header_length;
        if header.fragment_offset == 0 {
            self.first = Some(*header);
        }
        if !header.more_fragments {
            self.length = Some(usize::from(header.fragment_offset) + length);
        }
        self.received += length;
        self.ecn |= 1 << (header.tos & ECN_MASK);
        self.bytes += cost(&packet);
        let piece = Piece { packet, header_length, more: header.more_fragments };
        self.pieces.insert(header.fragment_offset, piece);
    }

    /// Put the complete datagram together, and give the buffers of its fragments back.
    pub(super) fn assemble(self, pool: &mut Pool) -> Result<Packet, DropReason> {
        let Self { pieces, first, length, ecn, .. } = self;
        let (Some(mut header), Some(length)) = (first, length) else { return Err(DropReason::FragmentBad) };
        let total = header.len() + length;
        header.total_length = u16::try_from(total).map_err(|_| DropReason::FragmentBad)?;
        header.more_fragments = false;
        header.tos = join_ecn(header.tos, ecn)?;
        let mut whole = pool.take_sized(total).ok_or(DropReason::PoolExhausted)?;
        whole.grow(header.len());
        whole.mark_network();
        header.emit(whole.bytes_mut());
        for piece in pieces.into_values() {
            whole.append(piece.payload());
            pool.put(piece.packet);
        }
        Ok(whole)
    }

    /// Fragment 0 as it came, if it did.
    pub(super) fn into_first(mut self) -> Option<Packet> {
        self.pieces.remove(&0).map(|piece| piece.packet)
    }
}

/// The TOS of the whole: congestion met by one fragment was met by the datagram.
const fn join_ecn(tos: u8, seen: u8) -> Result<u8, DropReason> {
    if seen & 1 << ECN_CE == 0 {
        return Ok(tos);
    }
    //= rfc3168#5.3   a mark together with fragments that can not be marked is an error somewhere
    if seen & 1 != 0 { Err(DropReason::FragmentBad) } else { Ok(tos | ECN_CE) }
}
