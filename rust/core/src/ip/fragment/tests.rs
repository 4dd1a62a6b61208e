//! Pieces fit, join without gaps, and carry the right options.

use super::*;
use crate::wire::Protocol;
use proptest::prelude::*;
use std::net::Ipv4Addr;

fn header(options: Ipv4Options) -> Ipv4Header {
    Ipv4Header {
        tos: 0,
        total_length: 0,
        id: 7,
        dont_fragment: false,
        more_fragments: false,
        fragment_offset: 0,
        ttl: 64,
        protocol: Protocol::UDP,
        source: Ipv4Addr::new(10, 0, 0, 1),
        destination: Ipv4Addr::new(10, 0, 0, 2),
        options,
    }
}

fn pieces(header: &Ipv4Header, length: usize, mtu: usize) -> Vec<(Ipv4Header, Range<usize>)> {
    fragments(header, length, mtu).expect("the mtu is large enough").collect()
}

#[test]
fn one_that_fits_is_one_piece() {
    let pieces = pieces(&header(Ipv4Options::NONE), 1480, 1500);
    let [(first, range)] = &pieces[..] else { panic!("one piece, not {pieces:?}") };
    assert_eq!((first.total_length, first.more_fragments, range.clone()), (1500, false, 0..1480));
}

#[test]
fn a_packet_without_payload_is_one_piece() {
    assert_eq!(pieces(&header(Ipv4Options::NONE), 0, 28).len(), 1);
}

#[test]
fn impossible_mtus_and_lengths_are_refused() {
    let header = header(Ipv4Options::ROUTER_ALERT);
    assert!(fragments(&header, 100, 31).is_none());
    assert!(fragments(&header, 100, 32).is_some());
    assert!(fragments(&header, 65_535 - 24, 1500).is_some());
    assert!(fragments(&header, 65_535 - 23, 1500).is_none());
}

#[test]
fn only_copied_options_go_with_later_pieces() {
    //= rfc791#3.1   type=test
    // Router alert (copied) behind record route (not copied).
    let options = Ipv4Options::new(&[7, 7, 4, 0, 0, 0, 0, 0x94, 4, 0, 0]).expect("they fit");
    let pieces = pieces(&header(options), 200, 100);
    assert_eq!(pieces[0].0.options, options);
    assert_eq!(pieces[0].1, 0..64);
    assert!(pieces[1..].iter().all(|(header, _)| header.options == Ipv4Options::ROUTER_ALERT));
    assert_eq!(pieces[1].1, 64..136);
}

#[test]
fn a_fragment_is_cut_into_fragments_of_the_same_datagram() {
    let mut middle = header(Ipv4Options::NONE);
    middle.fragment_offset = 1480;
    middle.more_fragments = true;
    let pieces = pieces(&middle, 1480, 1000);
    let facts: Vec<_> = pieces
        .iter()
        .map(|(header, range)| (header.fragment_offset, header.more_fragments, range.len()))
        .collect();
    assert_eq!(facts, [(1480, true, 976), (2456, true, 504)]);
}

proptest! {
    #[test]
    fn pieces_tile_the_payload(length in 0..65_000usize, mtu in 68..2_000usize, options in 0..=40usize) {
        let header = header(Ipv4Options::new(&vec![1; options]).expect("they fit"));
        prop_assume!(header.len() + length <= 65_535);
        let pieces = pieces(&header, length, mtu);
        let mut end = 0;
        for (index, (piece, range)) in pieces.iter().enumerate() {
            prop_assert_eq!(range.start, end);
            end = range.end;
            prop_assert_eq!(usize::from(piece.fragment_offset), range.start);
            prop_assert_eq!(usize::from(piece.total_length), piece.len() + range.len());
            prop_assert!(usize::from(piece.total_length) <= mtu);
            let last = index + 1 == pieces.len();
            prop_assert_eq!(piece.more_fragments, !last);
            prop_assert!(last || range.len().is_multiple_of(8));
            prop_assert_eq!((piece.id, piece.ttl, piece.protocol), (header.id, header.ttl, header.protocol));
        }
        prop_assert_eq!(end, length);
    }
}
