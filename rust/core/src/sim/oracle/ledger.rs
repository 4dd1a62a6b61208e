//! What is known of one end of one connection: all that it sent, and all that reached it.

use super::live::Live;
use super::ranges::Ranges;
use super::segment::Segment;
use crate::time::{Duration, Instant};
use crate::wire::{SeqNumber, TcpFlags};

/// A SYN that reached an end.
#[derive(Debug, Clone, Copy)]
struct PeerSyn {
    isn: SeqNumber,
    window: u16,
    shift: Option<u8>,
}

/// The last timeout of an end.
#[derive(Debug, Clone, Copy)]
pub(super) struct LastTimeout {
    /// When it sent again.
    pub(super) at: Instant,
    /// What, by its number.
    pub(super) seq: SeqNumber,
    /// The timeout from then on.
    pub(super) rto: Duration,
    /// How much had reached it.
    pub(super) received: u64,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    /// Number of its SYN.
    isn: Option<SeqNumber>,
    /// Numbers of SYNs that it sent before, without a state of its own (SYN cookies).
    earlier: Vec<SeqNumber>,
    /// The shift that it offered.
    offered: Option<u8>,
    /// The number behind all that it sent.
    pub(super) max: Option<SeqNumber>,
    /// When it sent last.
    pub(super) sent_at: Option<Instant>,
    /// It sent a segment without SYN.
    started: bool,
    /// The number that it acknowledged last.
    pub(super) acked: Option<SeqNumber>,
    /// The right edge that it promised.
    pub(super) edge: Option<SeqNumber>,
    /// The bytes that it sent, from `base` on.
    stream: Vec<u8>,
    base: Option<SeqNumber>,
    /// SYNs that reached it, the latest last, and the one that it answered.
    syns: Vec<PeerSyn>,
    peer: Option<PeerSyn>,
    /// What reached it of its peer's sequence space.
    came: Ranges,
    /// Fragments reached it, so what came is not known.
    pub(super) blind: bool,
    /// The right edge that its peer promised.
    pub(super) peer_edge: Option<SeqNumber>,
    /// Segments that reached it.
    pub(super) received: u64,
    /// What it told of itself with its last frame, and how much had reached it then.
    pub(super) last: Option<Live>,
    pub(super) last_received: u64,
    /// What it told of itself when it last sent something again.
    pub(super) last_resent: Option<Live>,
    pub(super) last_timeout: Option<LastTimeout>,
}

impl Ledger {
    /// Bytes of the stream kept: more than any window here, so that whatever is sent again is still known.
    const KEPT: usize = 8 << 20;
    /// SYNs remembered: more than retries make.
    const SYNS: usize = 8;

    /// Both ends offered window scaling; by so much this end's windows are shifted.
    pub(super) fn shift(&self) -> u8 {
        let both = self.offered.filter(|_| self.peer.is_some_and(|peer| peer.shift.is_some()));
        both.unwrap_or(0).min(14)
    }

    fn peer_shift(&self) -> u8 {
        let both = self.peer.and_then(|peer| peer.shift).filter(|_| self.offered.is_some());
        both.unwrap_or(0).min(14)
    }

    /// Whether the segment sends anything that was sent before.
    pub(super) fn is_resent(&self, segment: &Segment<'_>) -> bool {
        segment.end().after(segment.header.seq) && self.max.is_some_and(|max| segment.header.seq.before(max))
    }

    /// The end of what came without a gap from the peer's SYN on.
    pub(super) fn in_order(&self) -> Option<SeqNumber> {
        self.came.end_of(self.peer?.isn)
    }

    /// Of what was sent before: the bytes that `segment` sends again, beside those of then.
    pub(super) fn sent_before<'a>(&'a self, segment: &Segment<'a>) -> (&'a [u8], &'a [u8]) {
        let Some(base) = self.base else { return (&[], &[]) };
        let distance = segment.data_start().distance(base);
        let skip = distance.min(0).unsigned_abs() as usize;
        let now = segment.payload.get(skip..).unwrap_or_default();
        let then = self.stream.get(distance.max(0) as usize..).unwrap_or_default();
        let common = now.len().min(then.len());
        (&now[..common], &then[..common])
    }

    /// The end sends a segment: what a new SYN changes, before the segment is judged.
    pub(super) fn open(&mut self, segment: &Segment<'_>) {
        let seq = segment.header.seq;
        if segment.has(TcpFlags::SYN) {
            self.open_with_syn(segment);
        } else if !self.started && !segment.has(TcpFlags::RST) {
            self.started = true;
            // Of several cookies it is the one that came back that counts.
            if let Some(isn) = self.earlier.iter().copied().find(|isn| *isn + 1 == seq) {
                (self.isn, self.max, self.base) = (Some(isn), Some(seq), Some(seq));
                self.stream.clear();
            }
        }
    }

    fn open_with_syn(&mut self, segment: &Segment<'_>) {
        let header = &segment.header;
        if self.isn != Some(header.seq) {
            let answer = segment.has(TcpFlags::ACK);
            let again = answer && !self.started && self.acked == Some(header.ack);
            let earlier: Vec<SeqNumber> = self.earlier.iter().copied().chain(self.isn).collect();
            *self = Self {
                syns: std::mem::take(&mut self.syns),
                came: std::mem::take(&mut self.came),
                blind: self.blind,
                received: self.received,
                acked: self.acked.filter(|_| again),
                edge: self.edge.filter(|_| again),
                earlier: if again { earlier } else { Vec::new() },
                ..Self::default()
            };
            (self.isn, self.max) = (Some(header.seq), Some(header.seq));
            self.base = Some(header.seq + 1);
        }
        self.offered = header.options.window_scale;
        if segment.has(TcpFlags::ACK) {
            let answered = self.syns.iter().rev().find(|syn| header.ack.after(syn.isn));
            self.adopt(answered.copied());
        }
    }

    fn adopt(&mut self, peer: Option<PeerSyn>) {
        let Some(syn) = peer else { return };
        self.came.forget_before(syn.isn);
        self.peer = Some(syn);
        if let Some(isn) = self.isn {
            self.promise(isn + 1 + u32::from(syn.window));
        }
    }

    fn promise(&mut self, edge: SeqNumber) {
        self.peer_edge = Some(self.peer_edge.map_or(edge, |old| old.max(edge)));
    }

    /// The right edge that a segment of this end promises.
    pub(super) fn edge_of(&self, segment: &Segment<'_>) -> SeqNumber {
        //= rfc7323#2.2   the window of a SYN is not scaled
        let shift = if segment.has(TcpFlags::SYN) { 0 } else { self.shift() };
        segment.header.ack + (u32::from(segment.header.window) << shift)
    }

    /// The end sent a segment that was judged.
    pub(super) fn sent(&mut self, segment: &Segment<'_>, live: Option<&Live>) {
        if segment.has(TcpFlags::RST) {
            return;
        }
        if segment.has(TcpFlags::ACK) {
            self.acked = Some(segment.header.ack);
            let edge = self.edge_of(segment);
            self.edge = Some(self.edge.map_or(edge, |old| old.max(edge)));
        }
        if self.is_resent(segment) {
            self.last_resent = live.copied();
        }
        self.keep(segment);
        let end = segment.end();
        self.max = Some(self.max.map_or(end, |max| max.max(end)));
        if live.is_some() {
            (self.last, self.last_received) = (live.copied(), self.received);
        }
    }

    fn keep(&mut self, segment: &Segment<'_>) {
        let Some(base) = self.base else { return };
        let known = base + self.stream.len() as u32;
        let new = known.distance(segment.data_start());
        if let Some(bytes) = usize::try_from(new).ok().and_then(|new| segment.payload.get(new..)) {
            self.stream.extend_from_slice(bytes);
        }
        if self.stream.len() > Self::KEPT {
            let gone = Self::KEPT / 2;
            self.stream.drain(..gone);
            self.base = Some(base + gone as u32);
        }
    }

    /// Keep the time of a timeout; `live` is what the end told with this segment.
    pub(super) fn timed(&mut self, now: Instant, segment: &Segment<'_>, live: Option<&Live>) {
        self.sent_at = Some(now);
        let (Some(live), Some(last)) = (live, &self.last) else { return };
        if live.backoff > last.backoff {
            let (seq, rto, received) = (segment.header.seq, live.rto, self.received);
            self.last_timeout = Some(LastTimeout { at: now, seq, rto, received });
        }
    }

    /// A segment reached the end.
    pub(super) fn received(&mut self, segment: &Segment<'_>) {
        let header = &segment.header;
        self.received += 1;
        if segment.has(TcpFlags::RST) {
            return;
        }
        self.came.add(header.seq, segment.end());
        if segment.has(TcpFlags::SYN) {
            let (isn, window, shift) = (header.seq, header.window, header.options.window_scale);
            self.syns.retain(|syn| syn.isn != isn);
            self.syns.push(PeerSyn { isn, window, shift });
            if self.syns.len() > Self::SYNS {
                self.syns.remove(0);
            }
            let own = self.isn.is_some_and(|isn| header.ack.after(isn));
            if segment.has(TcpFlags::ACK) && own && !self.started {
                self.adopt(self.syns.last().copied());
            }
        }
        if segment.has(TcpFlags::ACK) && self.isn.is_some_and(|isn| header.ack.after(isn)) {
            let shift = if segment.has(TcpFlags::SYN) { 0 } else { self.peer_shift() };
            self.promise(header.ack + (u32::from(header.window) << shift));
        }
    }
}
