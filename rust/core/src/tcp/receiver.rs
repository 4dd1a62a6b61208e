//! The receiving half: RCV.NXT, the window we advertise, what is acknowledged and when.

use super::negotiated::Negotiated;
use super::{Config, Settings};
use crate::buffer::{Insert, Packet, Pool, ReceiveQueue};
use crate::time::Instant;
use crate::wire::{SackBlocks, SeqNumber, TcpFlags, TcpHeader};

/// When the peer is to be told what arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AckWish {
    /// Nothing is owed.
    None,
    /// Soon: data may come to carry it.
    Delayed,
    /// Now.
    Now,
}

/// What a segment's payload did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Taken {
    pub(super) outcome: Insert,
    /// The peer's FIN is in order now.
    pub(super) finished: bool,
}

/// The receiving half of a synchronized connection.
#[derive(Debug)]
pub(super) struct Receiver {
    queue: ReceiveQueue,
    /// RCV.NXT
    next: SeqNumber,
    /// The stream offset of RCV.NXT, a FIN not counted.
    position: u64,
    /// One behind the last byte that we let the peer send: RCV.NXT + RCV.WND, as the peer knows it.
    right_edge: SeqNumber,
    limit: usize,
    scale: u8,
    largest: usize,
    /// Where the peer's FIN stands, once it is known.
    fin: Option<SeqNumber>,
    finished: bool,
    /// The application reads no more.
    shut: bool,
    /// Bytes that arrived since the last ACK left.
    unacknowledged: usize,
    /// ACKs still sent at once at the start, so that the peer's slow start is not slowed (as Linux's quickack).
    quick: u32,
    last_ack: SeqNumber,
    /// The timestamp to echo, and when it came (RFC 7323 4.3).
    recent: Option<(u32, Instant)>,
    /// Stream offset behind the latest urgent data.
    urgent: Option<u64>,
}

impl Receiver {
    /// Timestamps older than this say nothing: the connection slept too long (RFC 7323 5.5).
    const PAWS_IDLE_SECS: u64 = 24 * 86_400;
    /// Segments acknowledged at once after the handshake: Linux's TCP_MAX_QUICKACKS.
    const QUICK: u32 = 16;

    pub(super) fn new(now: Instant, irs: SeqNumber, settings: &Settings, agreed: &Negotiated) -> Self {
        let first = irs + 1;
        Self {
            queue: ReceiveQueue::new(),
            next: first,
            position: 0,
            right_edge: first + settings.receive_buffer.min(65_535) as u32,
            limit: settings.receive_buffer,
            scale: agreed.receive_scale,
            largest: agreed.largest_from_peer(),
            fin: None,
            finished: false,
            shut: false,
            unacknowledged: 0,
            quick: Self::QUICK,
            last_ack: first,
            recent: agreed.timestamps.map(|_| (agreed.peer_timestamp, now)),
            urgent: None,
        }
    }

    pub(super) const fn next(&self) -> SeqNumber {
        self.next
    }

    pub(super) const fn readable(&self) -> usize {
        self.queue.readable()
    }

    pub(super) fn early(&self) -> usize {
        self.queue.early()
    }

    pub(super) const fn finished(&self) -> bool {
        self.finished
    }

    pub(super) const fn shut(&self) -> bool {
        self.shut
    }

    /// RCV.WND as the peer knows it.
    pub(super) const fn window(&self) -> u32 {
        let window = self.right_edge.distance(self.next);
        if window < 0 { 0 } else { window as u32 }
    }

    pub(super) const fn set_limit(&mut self, limit: usize) {
        self.limit = limit;
    }

    /// Urgent bytes not yet read, up to and with the mark.
    pub(super) fn urgent_ahead(&self) -> usize {
        let read = self.queue.next() - self.queue.readable() as u64;
        self.urgent.map_or(0, |mark| mark.saturating_sub(read) as usize)
    }

    //= rfc9293#3.10.7.4   the four cases of the acceptability test
    /// Whether any part of a segment lies in the window.
    pub(super) const fn acceptable(&self, seq: SeqNumber, length: u32) -> bool {
        let window = self.window();
        if window == 0 {
            //= rfc9293#3.10.7.4 MUST-66   at a zero window the ACK, RST and URG of a segment at its edge still count
            return seq.distance(self.next) == 0;
        }
        let offset = seq.distance(self.next);
        let starts_inside = offset >= 0 && (offset as u32) < window;
        if length == 0 || starts_inside {
            return starts_inside;
        }
        let last = offset.wrapping_add(length as i32 - 1);
        last >= 0 && offset < window as i32
    }

    //= rfc7323#5.3   PAWS: a segment with a timestamp older than the last one is a ghost
    pub(super) fn is_ghost(&self, now: Instant, segment: &TcpHeader) -> bool {
        let Some((recent, at)) = self.recent else { return false };
        let Some(timestamps) = segment.options.timestamps else { return !segment.has(TcpFlags::RST) };
        let older = (timestamps.value.wrapping_sub(recent) as i32) < 0;
        older && now.since(at).as_secs() < Self::PAWS_IDLE_SECS && !segment.has(TcpFlags::RST)
    }

    /// Remember the timestamp of an acceptable segment for the echo.
    pub(super) const fn note_timestamp(&mut self, now: Instant, segment: &TcpHeader) {
        let (Some((recent, at)), Some(timestamps)) = (&mut self.recent, segment.options.timestamps) else {
            return;
        };
        //= rfc7323#4.3   only from the segment that the last ACK asked for, so that delayed ACKs echo the oldest
        let newer = timestamps.value.wrapping_sub(*recent) as i32 >= 0;
        if newer && segment.seq.at_or_before(self.last_ack) {
            *recent = timestamps.value;
            *at = now;
        }
    }

    /// TSecr of the next segment.
    pub(super) fn echo(&self) -> u32 {
        self.recent.map_or(0, |(recent, _)| recent)
    }

    /// The segment's urgent pointer, if it moves the mark; whether it did.
    //= rfc9293#3.8.5 MUST-62   the pointer is taken to name the byte behind the urgent data (RFC 6093)
    pub(super) fn on_urgent(&mut self, segment: &TcpHeader) -> bool {
        if !segment.has(TcpFlags::URG) || segment.urgent == 0 {
            return false;
        }
        let ahead = (segment.seq + u32::from(segment.urgent)).distance(self.next);
        let mark = self.queue.next().saturating_add_signed(i64::from(ahead));
        if mark <= self.queue.next() || self.urgent.is_some_and(|urgent| mark <= urgent) {
            return false;
        }
        self.urgent = Some(mark);
        true
    }

    /// Take payload and FIN of an acceptable segment.
    pub(super) fn take(&mut self, segment: &TcpHeader, mut payload: Packet, config: &Config) -> Taken {
        let room = self.right_edge.distance(segment.seq).max(0) as usize;
        let whole = payload.len() <= room;
        payload.truncate(room);
        if segment.has(TcpFlags::FIN) && whole {
            self.fin = Some(segment.seq + payload.len() as u32);
        }
        let mut outcome = Insert::Duplicate;
        if !payload.is_empty() {
            let ahead = segment.seq.distance(self.next);
            payload.advance(payload.len().min(ahead.min(0).unsigned_abs() as usize));
            let at = self.position + ahead.max(0) as u64;
            outcome = self.queue.insert(at, payload, config.max_out_of_order);
        }
        let before = self.next;
        self.catch_up();
        self.unacknowledged += self.next.distance(before).max(0) as usize;
        let finished = !self.finished && self.fin == Some(self.next);
        if finished {
            self.next += 1;
            self.finished = true;
            self.right_edge = self.right_edge.max(self.next);
        }
        Taken { outcome, finished }
    }

    /// RCV.NXT follows what is in order.
    fn catch_up(&mut self) {
        let reached = self.queue.next();
        self.next += (reached - self.position) as u32;
        self.position = reached;
    }

    /// When to acknowledge what a segment brought.
    pub(super) fn ack_wish(&mut self, taken: Taken, settings: &Settings) -> AckWish {
        match taken.outcome {
            //= rfc5681#4.2   at once: a gap, and the segment that closes one
            Insert::OutOfOrder | Insert::Full => return AckWish::Now,
            Insert::InOrder if self.early() > 0 => return AckWish::Now,
            Insert::Duplicate if !taken.finished => return AckWish::Now,
            Insert::InOrder | Insert::Duplicate => {}
        }
        //= rfc9293#3.8.6.3 SHLD-19   every second full segment
        if taken.finished || settings.quickack || self.unacknowledged >= 2 * self.largest {
            return AckWish::Now;
        }
        if self.quick > 0 {
            self.quick -= 1;
            return AckWish::Now;
        }
        AckWish::Delayed
    }

    /// The window field of a segment that leaves now, and the note that it does. `in_syn` is never scaled.
    //= rfc9293#3.8.6.2.2 MUST-39 SHLD-14   the right edge moves by a worthwhile step, and never back
    pub(super) fn advertise(&mut self) -> u16 {
        let unit = 1usize << self.scale;
        let free = self.limit.saturating_sub(self.readable());
        let current = self.window() as usize;
        let keep = current.div_ceil(unit) * unit;
        // Rounding up must not add up: by one unit at most may the edge pass what the buffer holds.
        let keep = if keep <= free + unit { keep } else { current / unit * unit };
        let step = self.largest.min(self.limit / 2).max(1);
        let open = free / unit * unit;
        let window = if open >= current + step { open.max(keep) } else { keep };
        let field = (window / unit).min(65_535);
        self.right_edge = self.right_edge.max(self.next + (field * unit) as u32);
        self.unacknowledged = 0;
        self.last_ack = self.next;
        field as u16
    }

    /// Whether the peer should be told of room that reading made: the window at least doubles, by a segment or more.
    /// A window update with the same window would count as a duplicate ACK at the peer.
    pub(super) fn owes_update(&self) -> bool {
        if self.finished {
            return false;
        }
        let free = self.limit.saturating_sub(self.readable()) >> self.scale << self.scale;
        let current = self.window() as usize;
        let step = self.largest.min(self.limit / 2).max(1);
        free >= current + step && free >= 2 * current
    }

    /// SACK blocks for a segment with room for `most` of them (RFC 2018).
    pub(super) fn sack_blocks(&self, most: usize) -> SackBlocks {
        let mut blocks = SackBlocks::default();
        let next = self.queue.next();
        for (from, to) in self.queue.sack_runs(most) {
            blocks.push(self.next + (from - next) as u32, self.next + (to - next) as u32);
        }
        blocks
    }

    pub(super) fn read(&mut self, out: &mut [u8], pool: &mut Pool) -> usize {
        self.queue.read(out, pool)
    }

    pub(super) fn peek(&self, out: &mut [u8]) -> usize {
        self.queue.peek(out)
    }

    /// The application reads no more: what came is thrown away, what comes will be too.
    pub(super) fn shut_down(&mut self) {
        self.shut = true;
        self.queue.clear();
    }

    /// What can still be read when the connection is gone.
    pub(super) fn into_queue(self) -> ReceiveQueue {
        self.queue
    }
}
