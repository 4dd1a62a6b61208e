//! AccECN's counters (RFC 9768 3.2): what the receiving half counts, and how the sending half reads it.
//!
//! The counter of marked packets has three bits on the wire, those of bytes 24. Both only ever grow, so the reader takes
//! the least growth that fits; where more than eight packets are acknowledged at once, the one that is safe to assume.

use super::handshake::{ace, is_sound};
use super::response::AckFacts;
use crate::wire::{Ecn, EcnCounters, TcpHeader};

/// What r.cep and s.cep start from: not 0, to tell a field that is cleared on the way.
pub(super) const INITIAL_CEP: u32 = 5;
/// Values of the ACE field.
const ACE_VALUES: u32 = 8;
/// What the byte counters of ECT(0), CE, ECT(1) start from, for the same reason.
const INITIAL_BYTES: [u64; 3] = [1, 0, 1];
/// Marked packets of which the peer is told at once: while data is unacknowledged, and in answer to pure ACKs.
const MARKS_TOLD_AT_ONCE: (u32, u32) = (2, 3);

/// The place of an ECN field among byte counters.
const fn place(ecn: Ecn) -> Option<usize> {
    match ecn {
        Ecn::NotCapable => None,
        Ecn::Capable0 => Some(0),
        Ecn::Congestion => Some(1),
        Ecn::Capable1 => Some(2),
    }
}

/// What the receiving half counts.
#[derive(Debug)]
pub(super) struct Counted {
    /// r.cep, less what it started from.
    packets: u64,
    /// r.e0b, r.ceb, r.e1b, less what they started from.
    bytes: [u64; 3],
    /// The ECN field of the last packet, and the counter that data moved last.
    previous: Ecn,
    moved: Option<usize>,
    /// Marked packets since the last ACK.
    untold: u32,
}

/// What a packet asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Wish {
    /// An ACK at once.
    pub(super) ack: bool,
    /// With the option.
    pub(super) option: bool,
}

impl Counted {
    /// `synack` is the ECN field of the packet that brought the server's SYN-ACK.
    pub(super) fn new(synack: Option<Ecn>) -> Self {
        //= rfc9768#3.2.2.1   table 3: a mark on the SYN-ACK is the first that the client counts
        let packets = u64::from(synack == Some(Ecn::Congestion));
        Self { packets, bytes: [0; 3], previous: Ecn::NotCapable, moved: None, untold: 0 }
    }

    /// `packets` acceptable ones came as one, with `length` bytes of payload together.
    pub(super) fn on_packet(&mut self, ecn: Ecn, length: u32, packets: u64) -> Wish {
        let mut wish = Wish::default();
        if ecn == Ecn::Congestion {
            //= rfc9768#3.2   each marked packet, pure ACKs too, SYNs not
            self.packets += packets;
            self.untold += packets as u32;
            let most = if length > 0 { MARKS_TOLD_AT_ONCE.0 } else { MARKS_TOLD_AT_ONCE.1 };
            //= rfc9768#3.2.2.5.1   increment-triggered: before the three bits could wrap
            wish.ack |= self.untold >= most;
        }
        if length > 0 {
            //= rfc9768#3.2.2.5.1   change-triggered: marked data behind any packet that was not
            wish.ack |= ecn == Ecn::Congestion && self.previous != ecn;
            if let Some(counter) = place(ecn) {
                self.bytes[counter] += u64::from(length);
                //= rfc9768#3.2.3.3   another counter than before moves: the next ACK tells of it, and that one goes at once
                wish.option = self.moved.is_some_and(|moved| moved != counter);
                self.moved = Some(counter);
            }
        }
        self.previous = ecn;
        wish.ack |= wish.option;
        wish
    }

    /// An ACK leaves.
    pub(super) const fn on_ack_sent(&mut self) {
        self.untold = 0;
    }

    /// r.cep.
    pub(super) const fn cep(&self) -> u32 {
        self.packets as u32 + INITIAL_CEP
    }

    /// The option's fields, in the order in which they matter.
    pub(super) fn option(&self) -> EcnCounters {
        let [ect0, ce, ect1] = [0, 1, 2].map(|counter| (self.bytes[counter] + INITIAL_BYTES[counter]) as u32);
        //= rfc9768#3.2.3   the counter in use first, where there is no room for all
        EcnCounters::new(ect0, ce, ect1, self.moved == Some(2))
    }

    pub(super) const fn packets(&self) -> u64 {
        self.packets
    }

    pub(super) const fn bytes(&self) -> [u64; 3] {
        self.bytes
    }
}

/// Whether the peer's option can be relied on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Channel {
    /// Nothing came yet that could have had it.
    Unknown,
    /// It comes.
    Open,
    /// It does not, so far.
    Absent,
    /// What it said can not be.
    Ignored,
}

/// How the sending half reads what the peer counts.
#[derive(Debug)]
pub(super) struct Reader {
    /// s.cep, less what it started from.
    packets: u64,
    /// s.e0b, s.ceb, s.e1b, less what they started from.
    bytes: [u64; 3],
    channel: Channel,
    /// The timestamp of the newest ACK read.
    stamp: Option<u32>,
    /// Bytes taken for marked by the flags alone, of which the option did not tell yet.
    ahead: u64,
    /// Of ours that left ECN-capable: packets and bytes. No more can be marked.
    sent: (u64, u64),
    /// No ACK was read yet.
    first: bool,
}

/// What an ACK tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Reading {
    /// Packets and bytes newly marked.
    pub(super) packets: u32,
    pub(super) bytes: u32,
    /// The field is cleared on the way.
    pub(super) zeroed: bool,
}

impl Reader {
    /// `option` tells that the SYN-ACK had it; the server has yet to see.
    pub(super) const fn new(server: bool, option: bool) -> Self {
        let channel = match (server, option) {
            (true, _) => Channel::Unknown,
            (false, true) => Channel::Open,
            //= rfc9768#3.2.3.2.3   not on the SYN-ACK: not available, until it shows up
            (false, false) => Channel::Absent,
        };
        Self { packets: 0, bytes: [0; 3], channel, stamp: None, ahead: 0, sent: (0, 0), first: true }
    }

    /// The ACK of our SYN-ACK, which arrived marked.
    pub(super) fn on_last_ack(&mut self, option: Option<EcnCounters>, marked: bool) {
        if marked {
            (self.packets, self.sent.0) = (1, 1);
        }
        self.channel = match option {
            None => Channel::Absent,
            Some(counters) if is_sound(counters) => Channel::Open,
            Some(_) => Channel::Ignored,
        };
    }

    /// `packets` with `bytes` of payload leave ECN-capable.
    pub(super) const fn on_sent(&mut self, packets: u64, bytes: u64) {
        (self.sent.0, self.sent.1) = (self.sent.0 + packets, self.sent.1 + bytes);
    }

    /// What an ACK tells, in the order in which ACKs were sent.
    pub(super) fn read(&mut self, segment: &TcpHeader, facts: &AckFacts) -> Option<Reading> {
        let stamp = segment.options.timestamps.map(|stamps| stamps.value);
        let newer = match (self.stamp, stamp) {
            (Some(old), Some(new)) => new.wrapping_sub(old) as i32 > 0,
            _ => false,
        };
        if !facts.progress && (!newer || self.first) {
            //= rfc9768#3.2.3.1   superseded by another, maybe; the counters lose nothing by waiting. Before the first
            // progress it may be the ACK of a second SYN-ACK, in the handshake's encoding
            return None;
        }
        if self.stamp.is_none() || newer {
            self.stamp = stamp;
        }
        let field = u32::from(ace(segment.flags));
        //= rfc9768#3.2.2.4   three marks before the first feedback would be needed for an honest 0
        if std::mem::take(&mut self.first) && field == 0 && facts.packets < 3 {
            return Some(Reading { zeroed: true, ..Reading::default() });
        }
        let option = self.option(segment, facts);
        let least = field.wrapping_sub(self.packets as u32 + INITIAL_CEP) % ACE_VALUES;
        let told = option.map(|ce| self.growth(1, ce));
        let packets = Self::safest(least, told, facts).min(self.unmarked().0);
        let bytes = self.marked_bytes(packets, told, facts);
        self.packets += u64::from(packets);
        if let Some(counters) = segment.options.ecn.filter(|_| option.is_some()) {
            self.follow(counters);
        }
        Some(Reading { packets, bytes, zeroed: false })
    }

    /// How many packets were marked, where `least` or eight, sixteen... more could be; `told` are marked bytes.
    fn safest(least: u32, told: Option<u32>, facts: &AckFacts) -> u32 {
        //= rfc9768#3.2.2.5.2   the safest likely case; as in appendix A.2
        let safer = facts.packets.saturating_sub(facts.packets.saturating_sub(least) % ACE_VALUES).max(least);
        let Some(told) = told else { return safer };
        let mss = u64::from(facts.mss);
        let (told, least_bytes, safer_bytes) =
            (u64::from(told), u64::from(least) * mss, u64::from(safer) * mss);
        // As many bytes as would need more packets, or full segments for the most part.
        if told > least_bytes || (safer > least && told * 2 >= safer_bytes) { safer } else { least }
    }

    /// Ours that could still be marked: packets and bytes.
    fn unmarked(&self) -> (u32, u32) {
        let packets = self.sent.0.saturating_sub(self.packets);
        let bytes = self.sent.1.saturating_sub(self.bytes[1]);
        (packets.min(u64::from(u32::MAX)) as u32, bytes.min(u64::from(u32::MAX)) as u32)
    }

    /// By how much a byte counter grew.
    fn growth(&self, counter: usize, field: u32) -> u32 {
        let known = (self.bytes[counter] + INITIAL_BYTES[counter]) as u32;
        field.wrapping_sub(known) % EcnCounters::MODULUS
    }

    /// The option's count of marked bytes, if it is there and to be believed.
    fn option(&mut self, segment: &TcpHeader, facts: &AckFacts) -> Option<u32> {
        let counters = segment.options.ecn;
        match self.channel {
            Channel::Ignored => return None,
            //= rfc9768#3.2.3.2.4   an initial zero: cleared on the way, so that nothing it says counts
            Channel::Unknown if counters.is_some_and(|counters| !is_sound(counters)) => {
                self.channel = Channel::Ignored;
                return None;
            }
            //= rfc9768#3.2.3.2.3   the first segment that acknowledges the SYN-ACK has it, or it is not available ...
            Channel::Unknown if counters.is_none() && facts.progress => self.channel = Channel::Absent,
            //= rfc9768#3.2.3.2.3   ... until it shows up
            Channel::Unknown | Channel::Absent if counters.is_some() => self.channel = Channel::Open,
            Channel::Unknown | Channel::Absent | Channel::Open => {}
        }
        let ce = counters?.ce()?;
        if self.growth(1, ce) > self.unmarked().1 {
            //= rfc9768#3.2.3.2.5   more than we sent: changed on the way
            self.channel = Channel::Ignored;
            return None;
        }
        Some(ce)
    }

    /// Bytes newly marked: as the option tells, else full segments, which a later option sets right.
    fn marked_bytes(&mut self, packets: u32, told: Option<u32>, facts: &AckFacts) -> u32 {
        let Some(told) = told else {
            let bytes = packets.saturating_mul(facts.mss);
            self.ahead += u64::from(bytes);
            return bytes;
        };
        let fresh = u64::from(told).saturating_sub(self.ahead);
        self.ahead = 0;
        fresh as u32
    }

    /// The byte counters go where the option says.
    fn follow(&mut self, counters: EcnCounters) {
        for (counter, field) in [counters.ect0(), counters.ce(), counters.ect1()].into_iter().enumerate() {
            if let Some(field) = field {
                self.bytes[counter] += u64::from(self.growth(counter, field));
            }
        }
    }

    pub(super) const fn bytes(&self) -> [u64; 3] {
        self.bytes
    }

    pub(super) fn option_seen(&self) -> bool {
        self.channel == Channel::Open
    }
}
