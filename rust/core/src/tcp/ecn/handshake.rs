//! What SYN, SYN-ACK and the last ACK say of ECN (RFC 3168 6.1.1, RFC 9768 3.1).
//!
//! | SYN (AE CWR ECE) | SYN-ACK | mode |
//! |---|---|---|
//! | 111 | 010, 011, 100, 110: the ECN field on the SYN; 101 reserved | accurate |
//! | 111 or 011 | 001 | classic |
//! | 111 or 011 | 000; 111 from a peer that gives our bits back | off |

use super::accurate::INITIAL_CEP;
use super::{Fallback, Mode, Policy};
use crate::wire::{Ecn, EcnCounters, TcpFlags, TcpHeader};

/// The three bits that AccECN reads as one number (ACE).
pub(super) const ACE: TcpFlags = TcpFlags::AE.union(TcpFlags::CWR).union(TcpFlags::ECE);
/// How far the bits lie above a number's.
const SHIFT: u32 = TcpFlags::ECE.bits().trailing_zeros();

/// The ACE field of a header's flags.
pub(super) const fn ace(flags: TcpFlags) -> u8 {
    (flags.intersection(ACE).bits() >> SHIFT) as u8
}

/// As flags.
pub(super) const fn ace_flags(value: u32) -> TcpFlags {
    TcpFlags::from_bits_truncate((value as u16 & 7) << SHIFT)
}

/// The handshake's encoding of an ECN field that was seen.
pub(super) const fn encoded(seen: Ecn) -> TcpFlags {
    //= rfc9768#3.1.2   table 2, and 3.2.2.1, table 3
    ace_flags(match seen {
        Ecn::NotCapable => 0b010,
        Ecn::Capable1 => 0b011,
        Ecn::Capable0 => 0b100,
        Ecn::Congestion => 0b110,
    })
}

/// The ECN field that the handshake's encoding tells of; none where it has no such value.
pub(super) const fn decoded(flags: TcpFlags) -> Option<Ecn> {
    match ace(flags) {
        0b010 => Some(Ecn::NotCapable),
        0b011 => Some(Ecn::Capable1),
        0b100 => Some(Ecn::Capable0),
        0b110 => Some(Ecn::Congestion),
        _ => None,
    }
}

/// What the client's SYNs ask for.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::tcp) struct Asking {
    /// By the first SYN.
    asked: Mode,
    /// A SYN went without.
    plain: bool,
}

bitflags::bitflags! {
    /// Yes or no of an [`Agreement`]; packed, since half-open connections are many.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
    pub(super) struct Facts: u8 {
        /// Our data may leave ECN-capable.
        const CAPABLE = 1;
        /// We answered the SYN: the peer's first pure ACK is in the handshake's encoding.
        const SERVER = 2;
        /// AccECN's option was on the peer's SYN-ACK, and sound.
        const OPTION = 4;
        /// The peer's last SYN asked for nothing.
        const PLAIN = 8;
        /// The peer's SYN came more than once.
        const AGAIN = 16;
        /// The SYNs crossed: both SYN-ACKs tell how the SYNs came, and no ACK does.
        const CROSSED = 32;
        /// A SYN of the peer asked for the classic one.
        const ASKED_CLASSIC = 64;
        /// A SYN of the peer asked for the accurate one.
        const ASKED_ACCURATE = 128;
    }
}

/// What both SYNs come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::tcp) struct Agreement {
    pub(super) mode: Mode,
    pub(super) facts: Facts,
    /// The ECN field of the packet that brought the peer's SYN.
    pub(super) seen: Ecn,
    pub(super) fallback: Fallback,
}

impl Asking {
    /// The flags of a SYN that was sent `retries` times before.
    pub(in crate::tcp) fn syn_flags(&mut self, policy: Policy, retries: u8) -> TcpFlags {
        if retries == 0 {
            self.asked = policy.asks;
        }
        //= rfc3168#6.1.1.1   no answer: some boxes drop what they do not know, so once more without
        //= rfc9768#3.1.4.1   AccECN gets a second try before that
        let tries = if self.asked == Mode::Accurate { 2 } else { 1 };
        if policy.fallback && retries >= tries && self.asked != Mode::Off {
            self.plain = true;
        }
        match self.asked {
            _ if self.plain => TcpFlags::empty(),
            Mode::Off => TcpFlags::empty(),
            //= rfc3168#6.1.1   ECN-setup SYN
            Mode::Classic => TcpFlags::ECE | TcpFlags::CWR,
            //= rfc9768#3.1.1   all three
            Mode::Accurate => ACE,
        }
    }

    /// What the peer's SYN-ACK makes of it.
    pub(in crate::tcp) fn answered(&self, segment: &TcpHeader) -> Agreement {
        let bits = ace(segment.flags);
        let (mode, mut fallback) = match (self.asked, bits) {
            (Mode::Off, _) => return Agreement::default(),
            (Mode::Accurate, 0b111) | (Mode::Classic, 0b011 | 0b111) => (Mode::Off, Fallback::Reflected),
            (Mode::Accurate, 0b001) => (Mode::Classic, Fallback::Refused),
            //= rfc3168#6.1.1   ECN-setup SYN-ACK: ECE without CWR; an old nonce above them tells nothing
            (Mode::Classic, 0b001 | 0b101) => (Mode::Classic, Fallback::None),
            (_, 0b000) | (Mode::Classic, _) => (Mode::Off, Fallback::Refused),
            (Mode::Accurate, _) => (Mode::Accurate, Fallback::None),
        };
        //= rfc9768#3.2.2.3   our SYN was not ECN-capable; 101 is for others to define (3.1.3)
        let mangled =
            mode == Mode::Accurate && decoded(segment.flags).is_some_and(|seen| seen != Ecn::NotCapable);
        if mangled {
            fallback = Fallback::Mangled;
        } else if self.plain {
            fallback = Fallback::Lost;
        }
        //= rfc3168#6.1.1   who sent one SYN without it never sets ECT; RFC 9768 3.1.5 says so again
        let capable = mode != Mode::Off && !self.plain && !mangled;
        //= rfc9768#3.2.3.2.4   an initial zero was not written by the peer
        let option = segment.options.ecn.is_some_and(is_sound);
        let mut facts = Facts::empty();
        facts.set(Facts::CAPABLE, capable);
        facts.set(Facts::OPTION, option);
        Agreement { mode, facts, seen: segment.ecn, fallback }
    }

    /// What the peer's SYN, which crossed ours, makes of it: what both asked for.
    pub(in crate::tcp) fn crossed(&self, segment: &TcpHeader) -> Agreement {
        let mode = self.asked.min(offered(segment.flags));
        let fallback = match (self.plain, mode < self.asked) {
            (true, _) => Fallback::Lost,
            (_, true) => Fallback::Refused,
            _ => Fallback::None,
        };
        let capable = mode != Mode::Off && !self.plain;
        let mut agreement = Agreement { fallback, ..Agreement::as_server(mode, capable, segment.ecn) };
        agreement.facts.insert(Facts::CROSSED);
        agreement.note(offered(segment.flags));
        agreement
    }
}

/// What a SYN asks for.
fn offered(flags: TcpFlags) -> Mode {
    match ace(flags) {
        0b000 => Mode::Off,
        0b011 => Mode::Classic,
        //= rfc9768#3.1.3   any other combination is AccECN's, that of a version to come maybe
        _ => Mode::Accurate,
    }
}

/// Whether the option could be the first that the peer sent: counters of what is ECN-capable begin at one.
pub(super) fn is_sound(counters: EcnCounters) -> bool {
    counters.ect0() != Some(0) && counters.ect1() != Some(0)
}

impl Agreement {
    fn as_server(mode: Mode, capable: bool, seen: Ecn) -> Self {
        let mut facts = Facts::SERVER;
        facts.set(Facts::CAPABLE, capable);
        Self { mode, facts, seen, fallback: Fallback::None }
    }

    /// Whether all of `facts` hold.
    pub(super) const fn has(&self, facts: Facts) -> bool {
        self.facts.contains(facts)
    }

    /// Nothing of ours is ECN-capable, for want of answers.
    fn give_up(&mut self) {
        self.facts.remove(Facts::CAPABLE);
        self.fallback = Fallback::Lost;
    }

    /// What a SYN for a listener comes to.
    pub(in crate::tcp) fn answering(policy: Policy, segment: &TcpHeader) -> Self {
        let setup = segment.has(TcpFlags::ECE | TcpFlags::CWR);
        let mode = match policy.grants {
            Mode::Off => Mode::Off,
            //= rfc3168#6.1.1   ECN-setup SYN: both bits; what the third one says, RFC 3168 did not know
            Mode::Classic if setup => Mode::Classic,
            Mode::Classic => Mode::Off,
            Mode::Accurate => offered(segment.flags),
        };
        let mut agreement = Self::as_server(mode, mode != Mode::Off, segment.ecn);
        agreement.note(offered(segment.flags));
        agreement
    }

    /// A SYN of the peer asked for `mode`.
    fn note(&mut self, mode: Mode) {
        self.facts.insert(match mode {
            Mode::Off => Facts::empty(),
            Mode::Classic => Facts::ASKED_CLASSIC,
            Mode::Accurate => Facts::ASKED_ACCURATE,
        });
    }

    /// What the ACK that brings a SYN cookie back comes to. `told` is what its timestamp says: whether anything was
    /// agreed on; nothing without timestamps.
    pub(in crate::tcp) fn remembered(policy: Policy, segment: &TcpHeader, told: Option<bool>) -> Self {
        //= rfc9768#5.1   neither 0 nor 1 comes from a client in AccECN mode, and nothing else from any other
        let mode = match (policy.grants, told) {
            (_, Some(false)) | (Mode::Off, _) => Mode::Off,
            (Mode::Accurate, _) if ace(segment.flags) > 1 => Mode::Accurate,
            (_, Some(true)) => Mode::Classic,
            (_, None) => Mode::Off,
        };
        Self::as_server(mode, mode != Mode::Off, Ecn::NotCapable)
    }

    /// As much of it as a cookie keeps; `stamps` if there are timestamps for it to lie in.
    pub(in crate::tcp) fn kept_by_cookie(self, stamps: bool) -> Self {
        if stamps || self.mode == Mode::Accurate { self } else { Self::default() }
    }

    /// Whether anything was agreed on.
    pub(in crate::tcp) fn is_on(&self) -> bool {
        self.mode != Mode::Off
    }

    /// The SYN came again. False if the connection must be reset.
    #[must_use]
    pub(in crate::tcp) fn on_syn_again(&mut self, policy: Policy, segment: &TcpHeader) -> bool {
        self.note(offered(segment.flags));
        //= rfc9768#3.1.5   SYNs of both kinds in one handshake: no telling which answer the peer goes by
        if policy.grants == Mode::Accurate && self.has(Facts::ASKED_CLASSIC.union(Facts::ASKED_ACCURATE)) {
            return false;
        }
        let plain = self.is_on() && offered(segment.flags) == Mode::Off;
        self.facts.insert(Facts::AGAIN);
        self.facts.set(Facts::PLAIN, plain);
        if plain {
            //= rfc9768#3.1.5   the mode stays; who got one SYN without it never sets ECT, as RFC 3168 6.1.1 has it too
            self.give_up();
        }
        true
    }

    /// Flags and option of a SYN-ACK that was sent `retries` times before.
    pub(in crate::tcp) fn syn_ack(&mut self, policy: Policy, retries: u8) -> (TcpFlags, Option<EcnCounters>) {
        match self.mode {
            _ if self.has(Facts::PLAIN) => (TcpFlags::empty(), None),
            Mode::Off => (TcpFlags::empty(), None),
            Mode::Classic => (TcpFlags::ECE, None),
            Mode::Accurate if policy.fallback && retries > 1 => {
                //= rfc9768#3.2.3.2.2   lost with the option and without: the bits may be why
                self.give_up();
                (TcpFlags::empty(), None)
            }
            //= rfc9768#3.2.3.2.1   the option goes with the first SYN-ACK, to see whether it passes
            //= rfc9768#3.2.3.2.2   and with no other: it may be what a box stumbles over
            Mode::Accurate => {
                let option = policy.option && retries == 0 && !self.has(Facts::AGAIN);
                (encoded(self.seen), option.then(|| EcnCounters::new(1, 0, 1, false)))
            }
        }
    }

    /// The flags of a bare ACK in SYN-RECEIVED.
    pub(in crate::tcp) fn ack_flags(&self) -> TcpFlags {
        if self.mode == Mode::Accurate { ace_flags(INITIAL_CEP) } else { TcpFlags::empty() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use test_case::test_case;

    //= rfc9768#3.1.2   type=test, table 2
    #[test_case(Ecn::NotCapable, 0b010)]
    #[test_case(Ecn::Capable1, 0b011)]
    #[test_case(Ecn::Capable0, 0b100)]
    #[test_case(Ecn::Congestion, 0b110)]
    fn the_handshake_has_an_encoding_of_its_own(seen: Ecn, bits: u8) {
        assert_eq!((ace(encoded(seen)), decoded(encoded(seen))), (bits, Some(seen)));
    }

    #[test]
    fn the_field_is_ae_cwr_ece() {
        assert_eq!(ace_flags(0b100), TcpFlags::AE);
        assert_eq!(ace_flags(0b010), TcpFlags::CWR);
        assert_eq!(ace_flags(0b001), TcpFlags::ECE);
        assert_eq!(ace(TcpFlags::ACK | TcpFlags::AE | TcpFlags::ECE), 0b101);
    }
}
