use super::*;
use proptest::prelude::*;
use std::net::{Ipv4Addr, Ipv6Addr};

/// The plainest reading of RFC 1071: big-endian words, an odd last byte padded with zero.
fn naive(bytes: &[u8]) -> u16 {
    let mut sum = 0u64;
    for pair in bytes.chunks(2) {
        sum += u64::from(pair[0]) << 8 | u64::from(*pair.get(1).unwrap_or(&0));
    }
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}

#[test]
fn the_example_of_rfc_1071() {
    // Section 3: the words 0001, f203, f4f5, f6f7 sum to ddf2.
    assert_eq!(checksum(&[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]), !0xddf2);
    assert_eq!(checksum(&[]), 0xffff);
    assert_eq!(checksum(&[0xff; 2]), 0);
}

#[test]
fn a_full_unit_of_ones_does_not_overflow() {
    for length in [65_535, 65_536, 262_144 + 1] {
        let bytes = vec![0xff; length];
        assert_eq!(checksum(&bytes), naive(&bytes));
    }
}

#[test]
fn the_pseudo_header_is_as_the_rfcs_draw_it() {
    let (source, destination) = (Ipv4Addr::new(192, 0, 2, 1), Ipv4Addr::new(198, 51, 100, 255));
    let drawn = [192, 0, 2, 1, 198, 51, 100, 255, 0, 6, 0x12, 0x34];
    let sum = Sum::new().pseudo_header(source.into(), destination.into(), 6, 0x1234);
    assert_eq!(sum.finish(), naive(&drawn));
    assert_eq!(sum.partial(), !naive(&drawn));

    let (source, destination) = (Ipv6Addr::LOCALHOST, Ipv6Addr::new(0xfe80, 0, 0, 0, 0xabcd, 0, 0, 0x9876));
    let drawn =
        [&source.octets()[..], &destination.octets(), &0x0001_2345u32.to_be_bytes(), &[0, 0, 0, 17]].concat();
    let sum = Sum::new().pseudo_header(source.into(), destination.into(), 17, 0x0001_2345);
    assert_eq!(sum.finish(), naive(&drawn));
}

#[test]
fn an_update_meets_the_corner_of_rfc_1624() {
    // Section 4: a checksum of dd2f over a word that goes from 5555 to 3285 must become 0000, not ffff.
    assert_eq!(update(0xdd2f, 0x5555, 0x3285), 0x0000);
    // Nothing changed, nothing changes; also at both zeros.
    for sum in [0x0000, 0xffff, 0x1234] {
        assert_eq!(fold(u64::from(update(sum, 0xabcd, 0xabcd)) + 0xffff), fold(u64::from(sum) + 0xffff));
    }
}

#[test]
fn a_begun_checksum_is_completed_or_refused() {
    let mut frame = [7; 40];
    assert!(complete(&mut frame, 10, 6));
    frame[16..18].fill(7);
    let sum = naive(&frame[10..]);
    assert!(complete(&mut frame, 10, 6));
    assert_eq!(frame[16..18], sum.to_be_bytes());
    assert!(!complete(&mut frame, 39, 0) && !complete(&mut frame, 10, 29) && !complete(&mut frame, 41, 0));
    assert!(complete(&mut frame, 38, 0));
    // All ones sum to zero, which would say "no checksum".
    let mut ones = [0xff, 0xff, 0, 0];
    assert!(complete(&mut ones, 0, 2));
    assert_eq!(ones[2..], [0xff, 0xff]);
}

proptest! {
    #[test]
    fn agrees_with_the_plain_sum(bytes in prop::collection::vec(any::<u8>(), 0..300), skip in 0usize..9) {
        // Any alignment, any length.
        let bytes = &bytes[skip.min(bytes.len())..];
        prop_assert_eq!(checksum(bytes), naive(bytes));
    }

    #[test]
    fn pieces_may_be_cut_anywhere(
        bytes in prop::collection::vec(any::<u8>(), 0..300),
        mut cuts in prop::collection::vec(0usize..300, 0..8),
    ) {
        cuts.push(bytes.len());
        cuts.sort_unstable();
        let (mut sum, mut at) = (Sum::new(), 0);
        for cut in cuts {
            let cut = cut.min(bytes.len());
            sum = sum.bytes(&bytes[at..cut]);
            at = cut;
        }
        prop_assert_eq!(sum.finish(), naive(&bytes));
    }

    #[test]
    fn what_carries_its_checksum_is_valid_and_any_flipped_bit_shows(
        mut bytes in prop::collection::vec(any::<u8>(), 2..100), bit: prop::sample::Index,
    ) {
        bytes[0..2].fill(0);
        let sum = checksum(&bytes);
        bytes[0..2].copy_from_slice(&sum.to_be_bytes());
        prop_assert!(Sum::new().bytes(&bytes).is_valid());
        let bit = bit.index(bytes.len() * 8);
        bytes[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(!Sum::new().bytes(&bytes).is_valid());
    }

    /// The incremental update gives what summing again would, up to the two ways to write zero.
    #[test]
    fn an_update_is_as_good_as_summing_again(
        mut words in prop::collection::vec(prop_oneof![Just(0u16), Just(0xffff), any::<u16>()], 2..12),
        new in prop_oneof![Just(0u16), Just(0xffff), any::<u16>()],
    ) {
        let bytes = |words: &[u16]| words.iter().flat_map(|word| word.to_be_bytes()).collect::<Vec<_>>();
        words[0] = 0;
        let before = naive(&bytes(&words));
        let after = update(before, words[1], new);
        words[1] = new;
        words[0] = after;
        // As a receiver sees it. A packet of nothing but zeros has no valid checksum field other than ffff.
        if words[1..].iter().any(|word| *word != 0) {
            prop_assert!(Sum::new().bytes(&bytes(&words)).is_valid());
            words[0] = 0;
            prop_assert_eq!(after, naive(&bytes(&words)));
        }
    }
}
