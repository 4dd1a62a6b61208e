//! The receiving half of a synchronized connection: the window we keep open, and when we acknowledge.

use super::Config;
use super::common::{Common, step};
use super::congestion::Kind;
use super::ecn;
use super::options::Agreed;
use super::tuning::{Pressure, Tuning};
use crate::buffer::{Inserted, Packet, Pool, ReceiveQueue};
use crate::drops::DropReason;
use crate::observe::{Context, Counter};
use crate::time::{Duration, Instant};
use crate::wire::{SackBlocks, SeqNumber, TcpHeader, Timestamps};

/// Age at which the peer's last timestamp tells nothing any more: its clock may have gone half round (RFC 7323 5.5).
const STALE_TIMESTAMP: Duration = Duration::from_secs(24 * 24 * 3600);
/// Duplicate ACKs owed at most when each can carry SACK blocks: three start a repair, the blocks tell the rest.
const DUPLICATES_WITH_SACK: u16 = 3;
/// And without SACK, where each tells of one segment that left the network.
const DUPLICATES_WITHOUT: u16 = 256;
/// SACK blocks in a header that also has timestamps, and in one that has not (RFC 2018 3).
const SACK_BLOCKS: (usize, usize) = (3, 4);

/// The receive buffer for which the knob counts pieces.
const PIECES_SPAN: usize = 2 << 20;

/// Whether an ACK is owed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    /// No.
    Nothing,
    /// When the timer fires, or with the next segment.
    Later,
    /// With this round of output.
    Now,
}

/// What a payload did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TextEffect {
    /// The FIN is in order: the peer sends no more.
    pub(super) finished: bool,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Receiver {
    /// RCV.NXT.
    pub(super) next: SeqNumber,
    /// The right edge as last advertised: RCV.NXT + RCV.WND.
    edge: SeqNumber,
    /// The right edge that was meant. What was told is rounded up from it, and so up to a unit of the scale beyond.
    meant: SeqNumber,
    /// Our shift.
    shift: u8,
    /// Last.ACK.sent (RFC 7323 4.3).
    acked: SeqNumber,
    /// TS.Recent and its time, if timestamps were agreed.
    recent: Option<(u32, Instant)>,
    sack: bool,
    /// What the peer is told of marks.
    pub(super) ecn: ecn::Feedback,
    pub(super) due: Due,
    /// Duplicate ACKs owed besides.
    pub(super) duplicates: u16,
    /// Bytes received since the last ACK left.
    unacked: u32,
    /// When payload came last.
    pub(super) last_text: Option<Instant>,
    /// Payload of the peer's full segments, as far as seen, and at most.
    pub(super) segment: u32,
    pub(super) tuning: Tuning,
    largest_segment: u32,
    /// Number of a FIN that came before its turn.
    early_fin: Option<SeqNumber>,
    /// Whether the FIN came in its turn.
    pub(super) finished: bool,
    /// What came twice and is not reported yet (RFC 2883).
    doubled: Option<(SeqNumber, SeqNumber)>,
    /// Stream positions of the latest arrivals out of order, latest first.
    arrivals: [u64; 4],
    /// Stream position of the urgent mark (RCV.UP).
    urgent: Option<u64>,
}

impl Receiver {
    /// After a handshake in which `irs` was the peer's number, with `window` bytes told in our SYN.
    pub(super) fn new(
        cx: &Context<'_>,
        common: &Common,
        agreed: &Agreed,
        irs: SeqNumber,
        window: u16,
    ) -> Self {
        let largest = u32::from(common.advertised_mss()).saturating_sub(agreed.option_bytes()).max(1);
        Self {
            next: irs + 1,
            edge: irs + 1 + u32::from(window),
            meant: irs + 1 + u32::from(window),
            shift: agreed.scale.map_or(0, |scale| scale.1),
            acked: irs + 1,
            recent: agreed.timestamps.map(|value| (value, cx.now)),
            sack: agreed.sack,
            ecn: ecn::Feedback::new(&agreed.ecn, &common.config, common.congestion() == Kind::Dctcp),
            due: Due::Nothing,
            duplicates: 0,
            unacked: 0,
            last_text: None,
            segment: largest.min(536),
            tuning: Tuning::new(cx.now, common, largest),
            largest_segment: largest,
            early_fin: None,
            finished: false,
            doubled: None,
            arrivals: [u64::MAX; 4],
            urgent: None,
        }
    }

    /// RCV.WND.
    pub(super) fn window(&self) -> u32 {
        self.edge.distance(self.next).max(0) as u32
    }

    /// TS.Recent, for the echo; `None` without timestamps.
    pub(super) fn recent(&self) -> Option<u32> {
        self.recent.map(|(value, _)| value)
    }

    /// Our shift, as agreed.
    pub(super) const fn shift(&self) -> u8 {
        self.shift
    }

    /// Whether the segment is acceptable (RFC 9293 3.10.7.4, first check), `length` being its sequence space.
    pub(super) fn accepts(&self, seq: SeqNumber, length: u32) -> bool {
        let window = self.window();
        let inside = |seq: SeqNumber| seq.at_or_after(self.next) && seq.before(self.next + window);
        match (length, window) {
            (0, 0) => seq == self.next,
            (0, _) => inside(seq),
            (_, 0) => false,
            _ => {
                inside(seq)
                    || inside(seq + (length - 1))
                    || (seq.before(self.next) && (seq + length).after(self.edge))
            }
        }
    }

    /// Whether the segment is old by its timestamp, or lacks one (RFC 7323 5.3).
    pub(super) fn is_stale(&self, common: &Common, now: Instant, segment: &TcpHeader) -> bool {
        let Some((recent, at)) = self.recent else { return false };
        match segment.options.timestamps {
            //= rfc7323#5.3   R1, with some slack: see `Config::paws_slack`
            //= rfc7323#5.5   after 24 days of silence the peer's clock may look older than it is
            Some(stamps) => {
                let age = recent.wrapping_sub(stamps.value) as i32;
                age > 0 && age as u32 > common.config.paws_slack && now.since(at) < STALE_TIMESTAMP
            }
            //= rfc7323#3.2   once agreed, every segment has one; without, it is dropped, and nothing else happens
            None => true,
        }
    }

    /// Remember the timestamp of an acceptable segment.
    pub(super) fn note_timestamp(&mut self, now: Instant, segment: &TcpHeader) {
        let (Some((recent, at)), Some(stamps)) = (&mut self.recent, segment.options.timestamps) else {
            return;
        };
        //= rfc7323#4.3   only of a segment that reaches back to what the last ACK covered: the oldest not yet acknowledged
        if segment.seq.at_or_before(self.acked) {
            (*recent, *at) = (stamps.value, now);
        }
    }

    /// Payload that starts at `seq`, within the window, with or without a FIN behind it.
    pub(super) fn on_text(
        &mut self,
        cx: &mut Context<'_>,
        common: &mut Common,
        seq: SeqNumber,
        packet: Packet,
        fin: bool,
        pool: &mut Pool,
    ) -> TextEffect {
        let length = packet.len() as u32;
        if fin {
            self.early_fin = Some(seq + length);
        }
        if length > 0 {
            self.on_payload(cx, common, seq, packet, pool);
        } else if fin && seq != self.next {
            self.duplicate();
        }
        if self.early_fin != Some(self.next) || self.finished {
            return TextEffect { finished: false };
        }
        step(cx, "8. check fin");
        //= rfc9293#3.10.7.4   the FIN has a number of its own, and is acknowledged at once
        self.next += 1;
        self.finished = true;
        self.due = Due::Now;
        common.inbox.clear_waiting();
        TextEffect { finished: true }
    }

    fn on_payload(
        &mut self,
        cx: &mut Context<'_>,
        common: &mut Common,
        seq: SeqNumber,
        packet: Packet,
        pool: &mut Pool,
    ) {
        let length = packet.len() as u32;
        common.stats.data_segments_in += packet.segments();
        self.last_text = Some(cx.now);
        if common.memory == Pressure::Critical && self.is_too_much(common, length) {
            return self.refuse(cx, common, seq, packet, pool);
        }
        let before = common.inbox.next();
        let position = before + u64::from(seq.0.wrapping_sub(self.next.0));
        let had_gap = common.inbox.has_gap();
        //= rfc9293#3.10.7.4 SHLD-31   what comes before its turn is kept
        let most = self.pieces(&common.config);
        let inserted = common.inbox.insert(position, packet, most, pool);
        match inserted {
            Inserted::Ready => {
                let ready = (common.inbox.next() - before) as u32;
                self.next += ready;
                let measure = self.recent.is_none() || self.tuning.rtt().is_none();
                self.tuning.on_window(cx.now, common.inbox.next(), self.window(), measure);
                common.stats.bytes_received += u64::from(ready);
                if common.read_shut {
                    common.inbox.discard(pool);
                }
                self.acknowledge_data(common, length, ready, had_gap);
            }
            Inserted::Waiting => {
                cx.count(Counter::TcpOfoQueue);
                common.stats.out_of_order_segments += 1;
                self.note_arrival(position);
                self.duplicate();
            }
            Inserted::Duplicate => {
                self.note_doubled(cx, common, seq, seq + length);
                //= rfc2883#4.1   behind it comes the block that it lies in
                self.note_arrival(position);
                common.drop(cx, DropReason::TcpDuplicate);
                self.duplicate();
            }
            Inserted::Full => {
                common.drop(cx, DropReason::TcpOutOfOrderFull);
                self.duplicate();
            }
        }
    }

    /// Bytes that may wait for the application, as memory is.
    pub(super) fn buffer(&self, common: &Common) -> usize {
        let least = common.config.receive_buffer_min;
        common.memory.left_of(self.tuning.size(), least, self.largest_segment)
    }

    /// The connection rests.
    pub(super) fn rest(&mut self, common: &Common) {
        self.tuning.rest(common, self.largest_segment);
    }

    /// How many pieces may wait out of order: a large buffer is for a path that has many segments under way.
    fn pieces(&self, config: &Config) -> usize {
        config.max_out_of_order.saturating_mul(self.tuning.size().div_ceil(PIECES_SPAN).max(1))
    }

    /// Whether a payload may not even be kept within the window that was told.
    fn is_too_much(&self, common: &Common, length: u32) -> bool {
        let held = common.inbox.readable() + common.inbox.waiting();
        held > 0 && held + length as usize > common.config.receive_buffer_min
    }

    /// There is no memory for a payload: to the peer it is lost on its way.
    fn refuse(
        &mut self,
        cx: &mut Context<'_>,
        common: &Common,
        seq: SeqNumber,
        packet: Packet,
        pool: &mut Pool,
    ) {
        cx.count(Counter::TcpRcvQDrop);
        common.drop(cx, DropReason::TcpNoMemory);
        pool.put(packet);
        if seq == self.next {
            self.due = Due::Now;
        } else {
            self.duplicate();
        }
    }

    /// Decide about the ACK for `ready` bytes that came in order with a segment of `length`.
    fn acknowledge_data(&mut self, common: &Common, length: u32, ready: u32, filled_gap: bool) {
        self.segment = self.segment.max(length).min(self.largest_segment);
        self.unacked = self.unacked.saturating_add(ready);
        //= rfc9293#3.8.6.3 SHLD-19   every second full segment, full as the peer can send them
        //= rfc5681#4.2   and at once when a gap fills, wholly or in part
        let at_once = self.unacked >= 2 * self.segment || filled_gap || common.settings.quickack;
        if at_once {
            self.due = Due::Now;
        } else if self.due == Due::Nothing {
            //= rfc9293#3.8.6.3 SHLD-18   else wait for company
            self.due = Due::Later;
        }
    }

    /// Owe a duplicate ACK (RFC 5681 4.2): one for each segment out of order, since the peer counts them.
    fn duplicate(&mut self) {
        let most = if self.sack { DUPLICATES_WITH_SACK } else { DUPLICATES_WITHOUT };
        self.duplicates = (self.duplicates + 1).min(most);
    }

    /// `left..right` came though it was here.
    pub(super) fn note_doubled(
        &mut self,
        cx: &mut Context<'_>,
        common: &Common,
        left: SeqNumber,
        right: SeqNumber,
    ) {
        if self.sack && common.config.dsack && left.before(right) {
            cx.count(Counter::TcpDSACKOldSent);
            self.doubled = Some((left, right));
        }
    }

    fn note_arrival(&mut self, position: u64) {
        if self.sack {
            self.arrivals.rotate_right(1);
            self.arrivals[0] = position;
        }
    }

    /// The blocks that we hold out of order: that of the latest arrival first (RFC 2018 4).
    pub(super) fn sack_blocks(&self, inbox: &ReceiveQueue) -> SackBlocks {
        let mut blocks = SackBlocks::default();
        if !self.sack || self.finished {
            return blocks;
        }
        if let Some((left, right)) = self.doubled {
            //= rfc2883#4   in front of all others, and once
            blocks.push(left, right);
        }
        if !inbox.has_gap() {
            return blocks;
        }
        let most = if self.recent.is_some() { SACK_BLOCKS.0 } else { SACK_BLOCKS.1 };
        let seq = |position: u64| self.next + (position - inbox.next()) as u32;
        let recent = self.arrivals.iter().filter_map(|position| inbox.run_at(*position));
        //= rfc2018#4   first the block with the latest segment, then those reported before, each once
        for (left, right) in recent.chain(inbox.runs().take(most)) {
            let block = (seq(left), seq(right));
            if blocks.as_slice().len() < most && !blocks.as_slice().contains(&block) {
                blocks.push(block.0, block.1);
            }
        }
        blocks
    }

    /// The window field of a segment that leaves now; moves the right edge, to the right only.
    pub(super) fn advertise(&mut self, inbox: &ReceiveQueue, buffer: usize) -> u16 {
        let unit = 1u32 << self.shift;
        let (kept, free) = (self.kept(), free(inbox, buffer));
        let grows = self.moves_enough(kept, free, buffer);
        //= rfc9293#3.8.6 SHLD-14   rounding must not pull the edge back, so round up. What is meant does not follow: else
        // each ACK of a trickle that nobody reads would add a little
        let field = if grows { (free / unit).max(kept.div_ceil(unit)) } else { kept.div_ceil(unit) };
        let field = field.min(u32::from(u16::MAX));
        let told = self.next + field * unit;
        self.edge = self.edge.max(told);
        if grows {
            self.meant = self.meant.max(told);
        }
        field as u16
    }

    /// Room that was meant to be told of and is not used up.
    fn kept(&self) -> u32 {
        self.meant.distance(self.next).max(0) as u32
    }

    /// The application read. True if the peer should hear of the room.
    pub(super) fn on_read(&mut self, now: Instant, common: &Common) -> bool {
        let position = common.inbox.read_position();
        self.tuning.on_read(now, common, position, self.largest_segment);
        self.owes_update(&common.inbox, self.buffer(common))
    }

    /// Whether the right edge could move by enough to be worth telling (RFC 9293 3.8.6.2.2).
    fn moves_enough(&self, kept: u32, free: u32, buffer: usize) -> bool {
        //= rfc9293#3.8.6.2.2 MUST-39   by a full segment, or half the buffer
        free > kept && free - kept >= (buffer as u32 / 2).min(self.largest_segment).max(1 << self.shift)
    }

    /// After a read: whether the peer should hear of the room. An update that told nothing new would be a duplicate ACK
    /// to it, and one for each read would be a flood: tell when it waits for room, else in steps of a quarter.
    fn owes_update(&self, inbox: &ReceiveQueue, buffer: usize) -> bool {
        let (kept, free) = (self.kept(), free(inbox, buffer).min(u32::from(u16::MAX) << self.shift));
        let starving = kept < 2 * self.largest_segment;
        !self.finished
            && self.moves_enough(kept, free, buffer)
            && (starving || free - kept >= buffer as u32 / 4)
    }

    /// An ACK left with the segment at hand.
    pub(super) const fn on_ack_sent(&mut self) {
        self.acked = self.next;
        self.doubled = None;
        self.unacked = 0;
        self.due = Due::Nothing;
    }

    /// Our clock and the echo of the peer's, if agreed.
    pub(super) fn timestamps(&self, value: u32) -> Option<Timestamps> {
        self.recent().map(|echo| Timestamps { value, echo })
    }

    /// The urgent pointer of a segment at `seq` says that urgent data ends before `seq` + `pointer`.
    pub(super) fn on_urgent(&mut self, inbox: &ReceiveQueue, seq: SeqNumber, pointer: u16) {
        //= rfc9293#3.8.5 MUST-62   it points behind the urgent data (RFC 6093)
        let ahead = (seq + u32::from(pointer)).distance(self.next);
        if ahead > 0 {
            let mark = inbox.next() + ahead as u64;
            //= rfc9293#3.10.7.4   RCV.UP only goes forward
            self.urgent = Some(self.urgent.map_or(mark, |old| old.max(mark)));
        }
    }

    /// Stream position of the urgent mark.
    pub(super) const fn urgent(&self) -> Option<u64> {
        self.urgent
    }
}

/// Room for what is not received yet. What waits out of order lies within it.
fn free(inbox: &ReceiveQueue, buffer: usize) -> u32 {
    buffer.saturating_sub(inbox.readable()) as u32
}
