//! What is out: each stretch of data that left and is not acknowledged in order, when it left, and what is known of it.
//!
//! The scoreboard of RFC 6675, with the times of RFC 8985 and the counts of the rate estimator. A record is born with
//! a unit of output, so there may be one for 64 KiB; it is cut, at segment boundaries only, when the peer tells of a
//! part. That bounds the number of records by that of segments, whatever a peer reports.

use super::delivery::Snapshot;
use crate::time::{Duration, Instant};
use crate::wire::SeqNumber;
use std::collections::VecDeque;

/// What became of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// Somewhere in the network, as far as known.
    Out,
    /// Given up; it waits to go out again.
    Lost,
    /// The peer has it, and what is before it is missing.
    Delivered,
}

/// A stretch of sequence space that was sent in one piece.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sent {
    pub(super) start: SeqNumber,
    pub(super) end: SeqNumber,
    /// The last number in it is that of a FIN.
    pub(super) fin: bool,
    /// Payload bytes of each segment in it: where it may be cut.
    pub(super) segment: u32,
    /// When it left last.
    pub(super) at: Instant,
    pub(super) fate: Fate,
    /// It left more than once.
    pub(super) resent: bool,
    pub(super) snapshot: Snapshot,
}

impl Sent {
    pub(super) const fn len(&self) -> u32 {
        self.end.0.wrapping_sub(self.start.0)
    }

    /// Whether `self` left before `other`; of one instant, the lower number did (RFC 8985 6.2).
    pub(super) fn left_before(&self, other: &Self) -> bool {
        self.at < other.at || (self.at == other.at && self.end.before(other.end))
    }
}

/// What left in one go: an entry of the list in order of time.
#[derive(Debug, Clone, Copy)]
struct Span {
    at: Instant,
    start: SeqNumber,
    end: SeqNumber,
}

/// What one ACK told.
#[derive(Debug, Clone, Default)]
pub(super) struct Delivery {
    /// Sequence space delivered for the first time.
    pub(super) bytes: u32,
    /// In how many packets, as they left last.
    pub(super) packets: u32,
    /// How much of it only by SACK.
    pub(super) selective: u32,
    /// Of the records delivered, the one that left last.
    pub(super) newest: Option<Sent>,
    /// Age of the oldest and of the newest record among those that left only once.
    pub(super) oldest_age: Option<Duration>,
    pub(super) newest_age: Option<Duration>,
    /// Something was delivered that had left twice; and so in order.
    pub(super) resent: bool,
    pub(super) resent_in_order: bool,
    /// Something was delivered that had been given up and not sent again: it was not lost at all.
    pub(super) mistaken: bool,
    /// Something that left once was delivered after something with a higher number (RFC 8985 6.2, step 3).
    pub(super) reordered: bool,
}

/// The scoreboard of one connection.
#[derive(Debug, Default)]
pub(super) struct Flight {
    /// By sequence number, without gaps.
    records: VecDeque<Sent>,
    /// By time of departure. What a span says of is found among the records, or is old news.
    spans: VecDeque<Span>,
    out: u32,
    /// How much of `out` left more than once.
    resent: u32,
    lost: u32,
    delivered: u32,
    /// Of what was given up since it was asked for, the record that left last.
    newest_lost: Option<Sent>,
    /// Nothing is `Lost` before this record.
    lost_from: usize,
    /// The highest number delivered (RACK.fack).
    highest: Option<SeqNumber>,
    /// The SACK blocks of the last ACK: what was in them is known.
    known: [(SeqNumber, SeqNumber); 4],
}

impl Flight {
    /// Sequence space that is in the network (RFC 6675's pipe).
    pub(super) const fn out(&self) -> u32 {
        self.out
    }

    /// Sequence space that is lost and not sent again yet.
    pub(super) const fn lost(&self) -> u32 {
        self.lost
    }

    /// Sequence space that the peer holds behind a gap.
    pub(super) const fn delivered(&self) -> u32 {
        self.delivered
    }

    /// The connection rests: memory for many records goes back.
    pub(super) fn rest(&mut self) {
        self.records.shrink_to_fit();
        self.spans.shrink_to_fit();
    }

    /// Sequence space that was sent again and is in the network (tcp_info's retrans).
    pub(super) const fn resent(&self) -> u32 {
        self.resent
    }

    const fn enter(&mut self, length: u32, resent: bool) {
        self.out += length;
        self.resent += if resent { length } else { 0 };
    }

    const fn leave(&mut self, length: u32, resent: bool) {
        self.out -= length;
        self.resent -= if resent { length } else { 0 };
    }

    /// Something leaves for the first time.
    pub(super) fn push(&mut self, sent: Sent) {
        self.enter(sent.len(), sent.resent);
        self.remember(sent.at, sent.start, sent.end);
        self.records.push_back(sent);
    }

    fn remember(&mut self, at: Instant, start: SeqNumber, end: SeqNumber) {
        match self.spans.back_mut() {
            Some(last) if last.at == at && last.end == start => last.end = end,
            _ => self.spans.push_back(Span { at, start, end }),
        }
    }

    /// Index of the record that holds `seq`, or of the next one.
    fn find(&self, seq: SeqNumber) -> usize {
        self.records.partition_point(|record| record.end.at_or_before(seq))
    }

    /// Everything before `ack` is acknowledged.
    pub(super) fn on_ack(&mut self, now: Instant, ack: SeqNumber, told: &mut Delivery) {
        while let Some(front) = self.records.front_mut()
            && front.start.before(ack)
        {
            let part = Sent { end: front.end.min(ack), ..*front };
            let whole = part.end == front.end;
            front.start = part.end;
            if whole {
                self.records.pop_front();
                self.lost_from = self.lost_from.saturating_sub(1);
            }
            match part.fate {
                Fate::Out => self.leave(part.len(), part.resent),
                Fate::Lost => self.lost -= part.len(),
                Fate::Delivered => {
                    self.delivered -= part.len();
                    continue;
                }
            }
            told.resent_in_order |= part.resent;
            self.note(now, &part, told);
        }
        if self.records.is_empty() {
            self.spans.clear();
            (self.lost_from, self.highest) = (0, None);
        }
    }

    /// The highest number delivered, if anything is out.
    pub(super) const fn highest(&self) -> Option<SeqNumber> {
        self.highest
    }

    /// What the SACK blocks of an ACK tell, lowest first. Those known from the ACK before are skipped.
    pub(super) fn on_sack(
        &mut self,
        now: Instant,
        blocks: &mut [(SeqNumber, SeqNumber)],
        told: &mut Delivery,
    ) {
        blocks.sort_unstable_by_key(|(left, _)| {
            self.records.front().map_or(0, |front| left.0.wrapping_sub(front.start.0))
        });
        for (left, right) in blocks.iter().copied() {
            let mut from = left;
            // A block that grew at its right end, which is what blocks do, is looked at from where it ended.
            for (old_left, old_right) in self.known {
                if old_left.at_or_before(from) && old_right.after(from) {
                    from = old_right;
                }
            }
            if from.before(right) {
                self.deliver(now, from, right, told);
            }
        }
        self.known = [(SeqNumber(0), SeqNumber(0)); 4];
        for (known, block) in self.known.iter_mut().zip(blocks) {
            *known = *block;
        }
    }

    fn deliver(&mut self, now: Instant, left: SeqNumber, right: SeqNumber, told: &mut Delivery) {
        let mut index = self.find(left);
        while let Some(record) = self.records.get(index)
            && record.start.before(right)
        {
            if record.fate != Fate::Delivered
                && let Some((from, to)) = whole_segments(record, left, right)
            {
                if from != record.start {
                    self.cut(index, from);
                    index += 1;
                }
                if self.records[index].end != to {
                    self.cut(index, to);
                }
                self.deliver_record(now, index, told);
            }
            index += 1;
        }
    }

    fn deliver_record(&mut self, now: Instant, index: usize, told: &mut Delivery) {
        let record = self.records[index];
        match record.fate {
            Fate::Out => self.leave(record.len(), record.resent),
            Fate::Lost => self.lost -= record.len(),
            Fate::Delivered => return,
        }
        self.delivered += record.len();
        told.selective += record.len();
        self.note(now, &record, told);
        self.records[index].fate = Fate::Delivered;
    }

    /// Tell what `record`, delivered for the first time, tells.
    fn note(&mut self, now: Instant, record: &Sent, told: &mut Delivery) {
        told.bytes += record.len();
        told.packets += record.len().div_ceil(record.segment.max(1));
        told.resent |= record.resent;
        told.mistaken |= record.fate == Fate::Lost && !record.resent;
        match self.highest {
            Some(highest) if record.end.at_or_before(highest) => told.reordered |= !record.resent,
            _ => self.highest = Some(record.end),
        }
        if !record.resent {
            let age = now.since(record.at);
            told.oldest_age = Some(told.oldest_age.map_or(age, |oldest| oldest.max(age)));
            told.newest_age = Some(told.newest_age.map_or(age, |newest| newest.min(age)));
        }
        if told.newest.is_none_or(|newest| newest.left_before(record)) {
            told.newest = Some(*record);
        }
    }

    /// Cut a record in two; the second begins at `at`.
    fn cut(&mut self, index: usize, at: SeqNumber) {
        let mut second = self.records[index];
        (self.records[index].end, self.records[index].fin) = (at, false);
        second.start = at;
        self.records.insert(index + 1, second);
        if self.lost_from > index {
            self.lost_from += 1;
        }
    }

    /// Give a record up.
    fn lose(&mut self, index: usize) {
        let record = &mut self.records[index];
        if record.fate == Fate::Out {
            record.fate = Fate::Lost;
            if self.newest_lost.is_none_or(|newest| newest.left_before(record)) {
                self.newest_lost = Some(*record);
            }
            let (length, resent) = (record.len(), record.resent);
            self.leave(length, resent);
            self.lost += length;
            self.lost_from = self.lost_from.min(index);
        }
    }

    /// Give up the record that begins at `start`, if it is out.
    pub(super) fn lose_at(&mut self, start: SeqNumber) {
        let index = self.find(start);
        if self.records.get(index).is_some_and(|record| record.start == start) {
            self.lose(index);
        }
    }

    /// Whether the record that begins at `start` is lost.
    pub(super) fn is_lost(&self, start: SeqNumber) -> bool {
        let record = self.records.get(self.find(start));
        record.is_some_and(|record| record.start == start && record.fate == Fate::Lost)
    }

    /// The largest segment among those that are not delivered.
    pub(super) fn largest_segment(&self) -> u32 {
        let missing = self.records.iter().filter(|record| record.fate != Fate::Delivered);
        missing.map(|record| record.segment.min(record.len())).max().unwrap_or(0)
    }

    /// Of what was given up since the last call, the record that left last.
    pub(super) const fn take_newest_lost(&mut self) -> Option<Sent> {
        self.newest_lost.take()
    }

    /// Give up the first segment, if it is out (the third duplicate ACK, a partial ACK: RFC 5681, RFC 6582).
    pub(super) fn lose_first(&mut self) {
        if let Some(front) = self.records.front().copied()
            && front.fate == Fate::Out
        {
            if front.len() > front.segment {
                self.cut(0, front.start + front.segment);
            }
            self.lose(0);
        }
    }

    /// Give up everything that is out, to be cut anew in segments of `segment`. Neighbours up to `join` bytes become one
    /// again: what a shrunken window or an old path cut small need not stay so.
    pub(super) fn lose_all(&mut self, segment: u32, join: u32) {
        //= rfc2018#8   a peer that holds the very first segment and does not acknowledge it has dropped what it told of
        if self.records.front().is_some_and(|front| front.fate == Fate::Delivered) {
            for record in self.records.iter_mut().filter(|record| record.fate == Fate::Delivered) {
                record.fate = Fate::Out;
                self.delivered -= record.len();
                self.out += record.len();
                self.resent += if record.resent { record.len() } else { 0 };
            }
            self.highest = None;
        }
        for index in 0..self.records.len() {
            self.lose(index);
        }
        self.spans.clear();
        let mut joined: VecDeque<Sent> = VecDeque::with_capacity(self.records.len());
        for mut record in self.records.drain(..) {
            if record.fate == Fate::Lost {
                record.segment = segment;
            }
            match joined.back_mut() {
                Some(last)
                    if last.fate == Fate::Lost
                        && record.fate == Fate::Lost
                        && last.len().saturating_add(record.len()) <= join =>
                {
                    (last.end, last.fin) = (record.end, record.fin);
                    last.resent |= record.resent;
                    last.at = record.at;
                }
                _ => joined.push_back(record),
            }
        }
        self.records = joined;
        self.lost_from = 0;
    }

    /// Give up what left only once and has more than `above` bytes delivered behind it (RFC 6675 4, IsLost).
    pub(super) fn lose_overtaken(&mut self, above: u32) {
        let mut behind = 0;
        let mut index = self.records.len();
        while index > 0 && behind <= above {
            index -= 1;
            let record = &self.records[index];
            behind += if record.fate == Fate::Delivered { record.len() } else { 0 };
        }
        // What is given up once is not found `Out` and unsent again, so the walk ends where the last one began.
        while index > 0 {
            index -= 1;
            let record = &self.records[index];
            if record.fate == Fate::Lost || record.resent {
                break;
            }
            self.lose(index);
        }
    }

    /// Nothing was lost: what waits to go out again is out still.
    pub(super) fn find_all(&mut self) {
        for record in self.records.iter_mut().filter(|record| record.fate == Fate::Lost) {
            record.fate = Fate::Out;
            self.lost -= record.len();
            self.out += record.len();
            self.resent += if record.resent { record.len() } else { 0 };
        }
        let mut out: Vec<Sent> =
            self.records.iter().filter(|record| record.fate == Fate::Out).copied().collect();
        // Stable, so that what left at one instant stays in order of number.
        out.sort_by_key(|record| record.at);
        self.spans.clear();
        for record in out {
            self.remember(record.at, record.start, record.end);
        }
    }

    /// The record that is out for the longest time. Amortised over all that ever leaves, this costs nothing.
    pub(super) fn oldest(&mut self) -> Option<(usize, Sent)> {
        while let Some(span) = self.spans.front().copied() {
            let mut index = self.find(span.start);
            while let Some(record) = self.records.get(index)
                && record.start.before(span.end)
            {
                if record.fate == Fate::Out && record.at == span.at {
                    let record = *record;
                    if let Some(front) = self.spans.front_mut() {
                        front.start = record.start;
                    }
                    return Some((index, record));
                }
                index += 1;
            }
            self.spans.pop_front();
        }
        None
    }

    /// Give up the records that are out for the longest time as long as `is_lost` says so; the first that is not.
    pub(super) fn lose_while(&mut self, mut is_lost: impl FnMut(&Sent) -> bool) -> Option<Sent> {
        while let Some((index, record)) = self.oldest() {
            if !is_lost(&record) {
                return Some(record);
            }
            self.lose(index);
        }
        None
    }

    /// Go to the first record that is lost, so that `next_lost` finds it at once.
    pub(super) fn seek_lost(&mut self) {
        while self.lost > 0
            && let Some(record) = self.records.get(self.lost_from)
            && record.fate != Fate::Lost
        {
            self.lost_from += 1;
        }
    }

    /// The first record that is lost.
    pub(super) fn next_lost(&self) -> Option<Sent> {
        if self.lost == 0 {
            return None;
        }
        self.records.range(self.lost_from..).find(|record| record.fate == Fate::Lost).copied()
    }

    /// The last record.
    pub(super) fn last(&self) -> Option<Sent> {
        self.records.back().copied()
    }

    /// `length` bytes from `start` on leave again. Returns how much in fact: not beyond the record that holds them.
    pub(super) fn resend(&mut self, now: Instant, start: SeqNumber, length: u32, snapshot: Snapshot) -> u32 {
        let mut index = self.find(start);
        let Some(record) = self.records.get(index).copied() else { return 0 };
        if record.start.before(start) {
            self.cut(index, start);
            index += 1;
        }
        if self.records[index].len() > length {
            self.cut(index, start + length);
        }
        let (fate, length, resent) =
            (self.records[index].fate, self.records[index].len(), self.records[index].resent);
        match fate {
            Fate::Lost => {
                self.lost -= length;
                self.enter(length, true);
            }
            Fate::Out => self.resent += if resent { 0 } else { length },
            Fate::Delivered => return 0,
        }
        let record = &mut self.records[index];
        (record.fate, record.resent, record.at, record.snapshot) = (Fate::Out, true, now, snapshot);
        let (start, end) = (record.start, record.end);
        self.remember(now, start, end);
        end.0.wrapping_sub(start.0)
    }
}

/// The segments of a record that lie wholly within `left..right`.
fn whole_segments(record: &Sent, left: SeqNumber, right: SeqNumber) -> Option<(SeqNumber, SeqNumber)> {
    let segment = record.segment.max(1);
    let skip = left.distance(record.start).max(0) as u32;
    let from = record.start + skip.div_ceil(segment) * segment;
    // Some peers count a FIN among what they hold, some do not; it travels with the data before it.
    let to = if right.at_or_after(record.end - u32::from(record.fin && record.len() > 1)) {
        record.end
    } else {
        record.start + (right.0.wrapping_sub(record.start.0) / segment) * segment
    };
    from.before(to).then_some((from, to))
}

#[cfg(test)]
mod tests;
