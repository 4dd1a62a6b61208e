//! SYN cookies (RFC 4987 3.6): a handshake that is remembered by the peer instead of by us.
//!
//! Our initial number is H1(name) + the peer's number + (counter << 24) + (H2(name, counter) + (MSS index << 21)) mod 2^24,
//! nearly as D. J. Bernstein made it: it grows with the peer's number as any initial number does, and only who saw it can
//! give it back. The index stands in the high bits, not in the low ones: there a segment that overtook the ACK, whose
//! number is a few bytes further on, would be taken for the ACK of a cookie of another size, and those bytes would
//! be lost without a word. The counter ticks every 64 seconds. What else both SYNs agree on lies in the low six bits of our timestamp,
//! where the peer offers timestamps, and is given up where it does not.

use super::Tuple;
use super::ecn;
use super::isn::name_of;
use super::options::Agreed;
use crate::rng::prf;
use crate::time::{Duration, Instant};
use crate::wire::SeqNumber;

/// How long the counter stands still, in seconds.
const STEP: u64 = 64;
/// Counter values for which a cookie is good: this one and the one before.
const STEPS: u32 = 2;
/// After this long no cookie that was sent can be good.
pub(super) const LIFETIME: Duration = Duration::from_secs(STEP * STEPS as u64);
/// Segment sizes that a cookie can tell: the least that an IPv4 path carries, the defaults of IPv4 and IPv6, tunnels,
/// PPPoE, Ethernet without and with timestamps, jumbo frames.
const SIZES: [u16; 8] = [216, 536, 1220, 1360, 1440, 1448, 1460, 8960];
/// The bits of a number that hold the second hash and the segment size.
const LOW: u32 = (1 << 24) - 1;
/// Where among them the segment size stands.
const SIZE_SHIFT: u32 = 21;
/// How far a segment may be ahead of the ACK and still be known for what it is: a window without scaling.
const AHEAD: u32 = 65_535;

/// Bits of a timestamp that hold options.
const OPTION_BITS: u32 = 6;
/// No window scaling, where the shift would stand.
const NO_SHIFT: u32 = 15;
/// SACK permitted.
const SACK: u32 = 1 << 4;
/// ECN, of either kind: which, the ACK tells.
const ECN: u32 = 1 << 5;

/// What a cookie is about: a connection's name and the peer's initial number.
#[derive(Debug, Clone, Copy)]
pub(super) struct Subject<'a> {
    pub(super) key: u128,
    pub(super) tuple: &'a Tuple,
    pub(super) irs: SeqNumber,
}

/// What a number that comes back is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Returned {
    /// A cookie, and the segment size that it tells.
    Good(u16),
    /// A cookie, in a segment that overtook the ACK: that one, or a copy, is still to come.
    Early,
    /// None of ours, or too old.
    Bad,
}

impl Subject<'_> {
    /// The cookie for a peer that takes segments of `mss`; none where that is smaller than a cookie can tell.
    pub(super) fn make(&self, now: Instant, mss: u16) -> Option<SeqNumber> {
        let index = SIZES.iter().rposition(|size| *size <= mss)? as u32;
        let counter = counter(now);
        let low = self.hash(1, counter).wrapping_add(index << SIZE_SHIFT) & LOW;
        Some(SeqNumber(self.base().wrapping_add(counter << 24).wrapping_add(low)))
    }

    /// Whether a cookie is one of ours and not too old.
    pub(super) fn check(&self, now: Instant, cookie: SeqNumber) -> Returned {
        let rest = cookie.0.wrapping_sub(self.base());
        let counter = counter(now);
        //= rfc4987#3.6   a cookie must age, or one day's collection would be a flood of another
        let age = counter.wrapping_sub(rest >> 24) & 0xff;
        if age >= STEPS {
            return Returned::Bad;
        }
        let told = (rest & LOW).wrapping_sub(self.hash(1, counter.wrapping_sub(age))) & LOW;
        let short = told.wrapping_neg() & ((1 << SIZE_SHIFT) - 1);
        match SIZES.get((told >> SIZE_SHIFT) as usize) {
            Some(size) if short == 0 => Returned::Good(*size),
            _ if short != 0 && short <= AHEAD => Returned::Early,
            _ => Returned::Bad,
        }
    }

    /// What a cookie starts from: the part that does not change with time.
    fn base(&self) -> u32 {
        self.hash(0, 0).wrapping_add(self.irs.0)
    }

    fn hash(&self, which: u8, counter: u32) -> u32 {
        let mut input = [0; 41];
        input[..36].copy_from_slice(&name_of(self.tuple));
        input[36..40].copy_from_slice(&counter.to_be_bytes());
        input[40] = which;
        prf(self.key, &input) as u32
    }
}

const fn counter(now: Instant) -> u32 {
    (now.as_millis() / 1000 / STEP) as u32
}

/// The timestamp of a cookie's SYN-ACK: `value` with the options in its low bits, and never ahead of it.
pub(super) fn stamp(value: u32, agreed: &Agreed) -> u32 {
    let shift = agreed.scale.map_or(NO_SHIFT, |(peer, _)| u32::from(peer));
    let options = shift | if agreed.sack { SACK } else { 0 } | if agreed.ecn.is_on() { ECN } else { 0 };
    let stamped = (value >> OPTION_BITS << OPTION_BITS) | options;
    // An echo of 0 means that there is nothing to echo.
    let ahead = (stamped.wrapping_sub(value) as i32) > 0 || stamped == 0;
    if ahead { stamped.wrapping_sub(1 << OPTION_BITS) } else { stamped }
}

/// What both SYNs agreed on, ECN aside, by the timestamp that the peer echoes and the one that it sends; `ours` is our shift.
/// Knobs may have changed since: what was told counts.
pub(super) fn agreed(mss: u16, stamps: Option<(u32, u32)>, ours: u8) -> Agreed {
    let ecn = ecn::Agreement::default();
    let bare = Agreed { peer_mss: mss, scale: None, sack: false, timestamps: None, ecn };
    //= rfc4987#3.6   where there was no room for options, there are none
    let Some((value, echo)) = stamps.filter(|(_, echo)| *echo != 0) else { return bare };
    let shift = (echo & 15) as u8;
    Agreed {
        scale: (shift < NO_SHIFT as u8).then_some((shift, ours)),
        sack: echo & SACK != 0,
        timestamps: Some(value),
        ..bare
    }
}

/// Whether that timestamp says that ECN was agreed on.
pub(super) const fn has_ecn(echo: u32) -> bool {
    echo & ECN != 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn subject(key: u128, tuple: &Tuple, irs: u32) -> Subject<'_> {
        Subject { key, tuple, irs: SeqNumber(irs) }
    }

    fn tuple(port: u16) -> Tuple {
        Tuple { local: ([10, 0, 0, 1], 80).into(), remote: ([10, 0, 0, 2], port).into() }
    }

    #[test]
    fn good_for_two_steps_of_the_counter() {
        let (tuple, start) = (tuple(5), Instant::from_secs(64 * 1000));
        let subject = subject(1, &tuple, 77);
        let cookie = subject.make(start, 1460).unwrap();
        let at = |seconds| subject.check(start + Duration::from_secs(seconds), cookie);
        assert_eq!([at(0), at(64), at(127)], [Returned::Good(1460); 3]);
        assert_eq!([at(128), at(1_000), at(64 * 255)], [Returned::Bad; 3]);
    }

    #[test]
    fn the_segment_size_is_rounded_down() {
        let (tuple, now) = (tuple(5), Instant::ZERO);
        let told = |mss| Some(subject(1, &tuple, 9).check(now, subject(1, &tuple, 9).make(now, mss)?));
        let good = |size| Some(Returned::Good(size));
        assert_eq!(
            [told(1459), told(65_535), told(536), told(535)],
            [good(1448), good(8960), good(536), good(216)]
        );
        assert_eq!(told(215), None);
    }

    #[test]
    fn options_travel_in_the_timestamp_and_never_ahead_of_it() {
        for value in [0, 63, 64, 100, u32::MAX] {
            for scale in [None, Some((0, 7)), Some((14, 7))] {
                for sack in [false, true] {
                    let ecn = ecn::Agreement::default();
                    let told = Agreed { peer_mss: 1460, scale, sack, timestamps: Some(5), ecn };
                    let echo = stamp(value, &told);
                    assert!((value.wrapping_sub(echo)) < 128, "{value} {echo}");
                    assert_eq!(agreed(1460, Some((5, echo)), 7), told);
                }
            }
        }
        let ecn = ecn::Agreement::default();
        let bare = Agreed { peer_mss: 536, scale: None, sack: false, timestamps: None, ecn };
        assert_eq!(agreed(536, Some((5, NO_SHIFT)), 7), Agreed { timestamps: Some(5), ..bare });
        assert_eq!(agreed(536, None, 7), bare);
    }

    #[test]
    fn a_segment_that_overtook_the_ack_is_not_taken_for_it() {
        let (tuple, now) = (tuple(5), Instant::from_secs(10_000));
        for mss in SIZES {
            let cookie = subject(7, &tuple, 77).make(now, mss).expect("a size that is told");
            for ahead in [1, 2, 7, 1_460, 65_535] {
                assert_eq!(
                    subject(7, &tuple, 77 + ahead).check(now, cookie),
                    Returned::Early,
                    "{ahead} bytes"
                );
            }
            assert_eq!(subject(7, &tuple, 77 + 70_000).check(now, cookie), Returned::Bad);
        }
    }

    proptest! {
        #[test]
        fn another_name_number_or_key_makes_another_cookie(key: u64, irs: u32, port in 1..u16::MAX) {
            let (name, other) = (tuple(port), tuple(port + 1));
            let (key, now) = (u128::from(key), Instant::from_secs(10_000));
            let cookie = subject(key, &name, irs).make(now, 1460).unwrap();
            prop_assert_eq!(subject(key, &name, irs).check(now, cookie), Returned::Good(1460));
            prop_assert_eq!(subject(key, &name, irs.wrapping_add(1)).check(now, cookie + 1), Returned::Good(1460));
            for wrong in [subject(key, &other, irs), subject(key ^ 1, &name, irs), subject(key, &name, irs ^ 1 << 30)] {
                prop_assert!(!matches!(wrong.check(now, cookie), Returned::Good(_)));
            }
        }
    }
}
