//! What the sending half makes of what the peer tells: how much was marked, and whether that is a reason to slow down.

use super::accurate::Reader;
use super::handshake::{Facts, ace, decoded};
use super::{Agreement, EcnInfo, Fallback, Mode};
use crate::wire::{Ecn, SeqNumber, TcpFlags, TcpHeader};

/// What is known of an ACK.
#[derive(Debug, Clone, Copy)]
pub(in crate::tcp) struct AckFacts {
    /// It carries no data.
    pub(in crate::tcp) pure: bool,
    /// It acknowledges something new, in order or not.
    pub(in crate::tcp) progress: bool,
    /// How many packets and bytes.
    pub(in crate::tcp) packets: u32,
    pub(in crate::tcp) bytes: u32,
    /// Payload bytes of a full segment.
    pub(in crate::tcp) mss: u32,
}

/// What an ACK tells of marks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::tcp) struct Marks {
    /// Bytes of ours that arrived marked.
    pub(in crate::tcp) bytes: u32,
    /// There is congestion.
    pub(in crate::tcp) congested: bool,
}

/// See the module.
#[derive(Debug)]
pub(in crate::tcp) struct Response {
    mode: Mode,
    /// Our data leaves ECN-capable.
    capable: bool,
    /// Feedback counts.
    heeded: bool,
    /// The peer's first pure ACK is in the handshake's encoding.
    handshake: bool,
    fallback: Fallback,
    /// The window was reduced when all before this had been sent: not again before it is acknowledged.
    guard: SeqNumber,
    /// It was a mark that reduced it.
    by_mark: bool,
    /// The next new data says that the window was reduced.
    cwr: bool,
    reader: Reader,
    /// Packets of ours that arrived marked, without AccECN as far as ECE tells.
    marked: u64,
    reductions: u64,
}

impl Response {
    /// On a connection whose first number is `isn`.
    pub(in crate::tcp) const fn new(agreement: &Agreement, isn: SeqNumber) -> Self {
        Self {
            mode: agreement.mode,
            capable: agreement.has(Facts::CAPABLE),
            heeded: !matches!(agreement.mode, Mode::Off),
            handshake: agreement.has(Facts::SERVER)
                && !agreement.has(Facts::CROSSED)
                && matches!(agreement.mode, Mode::Accurate),
            fallback: agreement.fallback,
            guard: isn,
            by_mark: false,
            cwr: false,
            reader: Reader::new(agreement.has(Facts::SERVER), agreement.has(Facts::OPTION)),
            marked: 0,
            reductions: 0,
        }
    }

    /// The handshake came to less than what it seemed to.
    pub(in crate::tcp) const fn limit(&mut self, agreement: &Agreement) {
        self.capable &= agreement.has(Facts::CAPABLE);
        self.fallback = agreement.fallback;
    }

    /// What an ACK tells. All before `una` is acknowledged now.
    pub(in crate::tcp) fn on_ack(&mut self, segment: &TcpHeader, una: SeqNumber, facts: &AckFacts) -> Marks {
        if una.after(self.guard) {
            (self.guard, self.by_mark) = (una - 1, false);
        }
        match self.mode {
            // On a SYN the bits have another meaning.
            _ if segment.has(TcpFlags::SYN) => Marks::default(),
            Mode::Off => Marks::default(),
            Mode::Classic => self.on_echo(segment.has(TcpFlags::ECE), facts),
            Mode::Accurate => self.on_counters(segment, facts),
        }
    }

    fn on_echo(&mut self, echo: bool, facts: &AckFacts) -> Marks {
        if !echo {
            return Marks::default();
        }
        self.marked += u64::from(facts.packets);
        //= rfc8257#3.3   all that an ACK with ECE acknowledges counts as marked
        Marks { bytes: facts.bytes, congested: true }
    }

    fn on_counters(&mut self, segment: &TcpHeader, facts: &AckFacts) -> Marks {
        if std::mem::take(&mut self.handshake) && facts.pure && segment.options.sack.is_empty() {
            self.on_last_ack(segment);
            return Marks::default();
        }
        let Some(reading) = self.reader.read(segment, facts) else { return Marks::default() };
        if reading.zeroed {
            self.give_up(Fallback::Zeroed);
        }
        self.marked += u64::from(reading.packets);
        if !self.heeded {
            return Marks::default();
        }
        Marks { bytes: reading.bytes, congested: reading.packets > 0 || reading.bytes > 0 }
    }

    /// The ACK of our SYN-ACK tells how that one came.
    fn on_last_ack(&mut self, segment: &TcpHeader) {
        //= rfc9768#3.2.2.1   table 4; what is unused there tells nothing
        let seen = decoded(segment.flags);
        self.reader.on_last_ack(segment.options.ecn, seen == Some(Ecn::Congestion));
        if ace(segment.flags) == 0 {
            self.give_up(Fallback::Zeroed);
        } else if seen.is_some_and(|seen| seen != Ecn::NotCapable) {
            //= rfc9768#3.2.2.3   our SYN-ACK was not ECN-capable, and nobody may have made it so
            (self.capable, self.fallback) = (false, Fallback::Mangled);
        }
    }

    /// Nothing of ours is ECN-capable any more, and what the peer tells does not count.
    const fn give_up(&mut self, why: Fallback) {
        (self.capable, self.heeded, self.fallback) = (false, false, why);
    }

    /// `packets` of new data with `bytes` leave; the flags that they add, and their ECN field.
    pub(in crate::tcp) fn on_data(&mut self, packets: u64, bytes: u64) -> (TcpFlags, Ecn) {
        //= rfc3168#6.1.2   CWR on the first new data after the reduction; AccECN has no use for it
        let cwr = std::mem::take(&mut self.cwr) && self.mode == Mode::Classic;
        let flags = if cwr { TcpFlags::CWR } else { TcpFlags::empty() };
        if !self.capable {
            return (flags, Ecn::NotCapable);
        }
        self.reader.on_sent(packets, bytes);
        (flags, Ecn::Capable0)
    }

    /// Whether AccECN was agreed on.
    pub(in crate::tcp) const fn is_accurate(&self) -> bool {
        matches!(self.mode, Mode::Accurate)
    }

    /// Whether a mark may reduce the window, when what arrived last ends at `reached`: once a round trip.
    pub(in crate::tcp) fn may_reduce(&self, reached: SeqNumber) -> bool {
        //= rfc3168#6.1.2   once a window of data, whatever reduced it
        reached.after(self.guard)
    }

    /// Whether a mark has reduced the window in this round trip.
    pub(in crate::tcp) const fn has_reduced(&self) -> bool {
        self.by_mark
    }

    /// The window was reduced with all before `max` sent, `by_mark` or by a loss.
    pub(in crate::tcp) const fn on_reduced(&mut self, max: SeqNumber, by_mark: bool) {
        //= rfc3168#6.1.2   for whatever reason: the peer hears of it
        (self.guard, self.by_mark, self.cwr) = (max, by_mark, true);
        self.reductions += by_mark as u64;
    }

    pub(super) fn fill(&self, info: &mut EcnInfo) {
        (info.mode, info.capable, info.fallback) = (self.mode.name(), self.capable, self.fallback.name());
        (info.delivered_ce, info.reductions) = (self.marked, self.reductions);
        info.delivered_bytes = self.reader.bytes();
        info.option_seen = self.reader.option_seen();
    }
}
