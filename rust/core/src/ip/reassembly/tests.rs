//! Datagrams cut, shuffled, repeated, forged and forgotten.

use super::*;
use crate::ip::fragments;
use crate::observe::Bench;
use crate::time::Duration;
use crate::wire::Ipv4Options;
use proptest::prelude::*;
use std::net::Ipv4Addr;
use test_case::test_case;

/// A reassembler with all that it needs around it.
struct Host {
    bench: Bench,
    config: Config,
    pool: Pool,
    reassembler: Reassembler,
}

impl Host {
    fn new() -> Self {
        Self::with(Config::default())
    }

    fn with(config: Config) -> Self {
        Self { bench: Bench::new(1), config, pool: Pool::new(10_000, 1514), reassembler: Reassembler::new() }
    }

    /// A packet as a device would bring it: in a pooled buffer, padding cut off.
    fn insert(&mut self, bytes: &[u8]) -> Outcome {
        let header = Ipv4Header::parse(bytes).expect("a packet");
        let mut packet = self.pool.take_sized(bytes.len()).expect("a buffer");
        packet.append(bytes);
        packet.mark_network();
        let Self { bench, config, pool, reassembler } = self;
        reassembler.insert(&mut bench.cx(), config, &header, packet, pool)
    }

    fn expire(&mut self, seconds: u64) -> Vec<Expired> {
        self.bench.advance(Duration::from_secs(seconds));
        self.reassembler.handle_timeout(&mut self.bench.cx(), &self.config)
    }

    fn drops(&self, reason: DropReason) -> u64 {
        self.bench.drops(reason)
    }

    /// Nothing is held, in the books or in the pool.
    fn is_at_rest(&self) -> bool {
        let Reassembler { datagrams, by_age, by_use, by_source, source_bytes, bytes, stamp: _ } =
            &self.reassembler;
        let maps = datagrams.len() + by_age.len() + by_use.len() + by_source.len() + source_bytes.len();
        maps + bytes == 0 && self.pool.in_use() == 0
    }
}

fn header(source: u16, id: u16) -> Ipv4Header {
    let [a, b] = source.to_be_bytes();
    Ipv4Header {
        tos: 0,
        total_length: 0,
        id,
        dont_fragment: false,
        more_fragments: false,
        fragment_offset: 0,
        ttl: 64,
        protocol: Protocol::UDP,
        source: Ipv4Addr::new(10, 1, a, b),
        destination: Ipv4Addr::new(10, 0, 0, 1),
        options: Ipv4Options::NONE,
    }
}

fn packet(mut header: Ipv4Header, payload: &[u8]) -> Vec<u8> {
    header.total_length = (header.len() + payload.len()) as u16;
    let mut bytes = vec![0; header.len()];
    header.emit(&mut bytes);
    bytes.extend_from_slice(payload);
    bytes
}

/// One fragment: offset and length in units of eight bytes, filled with `fill`.
fn piece(offset: u16, units: u16, more: bool, fill: u8) -> Vec<u8> {
    let header = Ipv4Header { fragment_offset: offset * 8, more_fragments: more, ..header(0, 1) };
    packet(header, &vec![fill; usize::from(units) * 8])
}

fn payload(length: usize) -> Vec<u8> {
    (0..length).map(|n| (n * 7 + n / 256) as u8).collect()
}

fn cut(header: &Ipv4Header, payload: &[u8], mtu: usize) -> Vec<Vec<u8>> {
    let pieces = fragments(header, payload.len(), mtu).expect("the mtu is large enough");
    pieces.map(|(header, range)| packet(header, &payload[range])).collect()
}

fn complete(outcome: Outcome) -> Option<Vec<u8>> {
    match outcome {
        Outcome::Complete(packet) => Some(packet.bytes().to_vec()),
        Outcome::Pending | Outcome::Dropped => None,
    }
}

#[test]
fn the_largest_datagram_comes_back_whole_in_either_order() {
    let whole = packet(header(0, 1), &payload(65_515));
    let pieces = cut(&header(0, 1), &payload(65_515), 1500);
    assert_eq!(pieces.len(), 45);
    let mut host = Host::new();
    for order in [pieces.clone(), pieces.into_iter().rev().collect()] {
        let outcomes: Vec<_> = order.iter().map(|piece| complete(host.insert(piece))).collect();
        assert_eq!(outcomes.last(), Some(&Some(whole.clone())));
        assert!(outcomes[..44].iter().all(Option::is_none));
        assert!(host.is_at_rest());
    }
    assert_eq!(host.bench.count(Counter::IpReasmReqds), 90);
    assert_eq!((host.bench.count(Counter::IpReasmOKs), host.bench.count(Counter::IpReasmFails)), (2, 0));
}

#[test]
fn the_whole_has_the_first_header_and_its_options() {
    let options = Ipv4Options::new(&[7, 7, 4, 0, 0, 0, 0, 0]).expect("they fit");
    let header = Ipv4Header { options, ttl: 9, ..header(0, 1) };
    let mut host = Host::new();
    let mut pieces = cut(&header, &payload(3_000), 1000);
    pieces.rotate_left(1);
    let whole = pieces.iter().find_map(|piece| complete(host.insert(piece))).expect("it is complete");
    let parsed = Ipv4Header::parse(&whole).expect("a right checksum");
    assert_eq!((parsed.options, parsed.ttl, parsed.is_fragment()), (options, 9, false));
    assert_eq!(&whole[parsed.len()..], payload(3_000));
}

#[test_case(&[(0, 2, true, 1), (0, 2, true, 1)], 1 => DropReason::FragmentDuplicate; "repeated")]
#[test_case(&[(0, 2, true, 1), (0, 2, true, 2)], 2 => DropReason::FragmentOverlap; "repeated with other bytes")]
#[test_case(&[(0, 2, true, 1), (1, 2, true, 1)], 2 => DropReason::FragmentOverlap; "over the end of one before")]
#[test_case(&[(2, 2, true, 1), (1, 2, true, 1)], 2 => DropReason::FragmentOverlap; "over the start of one after")]
#[test_case(&[(1, 1, true, 1), (0, 3, true, 1)], 2 => DropReason::FragmentOverlap; "over all of one")]
#[test_case(&[(0, 4, true, 1), (1, 1, false, 1)], 2 => DropReason::FragmentOverlap; "inside one: teardrop")]
#[test_case(&[(0, 2, true, 1), (0, 2, false, 1)], 2 => DropReason::FragmentOverlap; "repeated as the last")]
#[test_case(&[(4, 1, false, 1), (6, 1, false, 1)], 2 => DropReason::FragmentBad; "a second end")]
#[test_case(&[(4, 1, false, 1), (6, 1, true, 1)], 2 => DropReason::FragmentBad; "behind the end")]
#[test_case(&[(4, 1, false, 1), (2, 1, false, 1)], 2 => DropReason::FragmentBad; "an earlier end")]
#[test_case(&[(6, 1, true, 1), (4, 1, false, 1)], 2 => DropReason::FragmentBad; "an end before what is here")]
#[test_case(&[(4, 1, false, 1), (3, 1, true, 1), (5, 1, true, 1)], 3 => DropReason::FragmentBad; "right behind the end")]
#[test_case(&[(8_190, 1, true, 1)], 1 => DropReason::FragmentBad; "beyond 65535: ping of death")]
#[test_case(&[(0, 0, true, 1)], 1 => DropReason::FragmentBad; "empty")]
fn fragments_that_do_not_fit(pieces: &[(u16, u16, bool, u8)], lost: u64) -> DropReason {
    let mut host = Host::new();
    for (offset, units, more, fill) in pieces {
        assert!(complete(host.insert(&piece(*offset, *units, *more, *fill))).is_none());
    }
    let counted = |reason: &&DropReason| host.drops(**reason) > 0;
    let reason = *DropReason::ALL.iter().find(counted).expect("the drop is counted");
    assert_eq!(host.drops(reason), lost);
    // Only a mere repetition leaves the datagram alive.
    assert_eq!(host.reassembler.len(), usize::from(reason == DropReason::FragmentDuplicate));
    host.expire(30);
    assert!(host.is_at_rest());
    reason
}

#[test]
fn a_ragged_fragment_in_the_middle_is_dropped_alone() {
    //= rfc791#3.2   type=test
    let mut host = Host::new();
    let ragged = packet(Ipv4Header { more_fragments: true, ..header(0, 1) }, &[0; 9]);
    assert!(matches!(host.insert(&ragged), Outcome::Dropped));
    assert!(host.is_at_rest());
}

#[test]
fn a_header_that_makes_the_whole_too_long_is_found_out() {
    let options = Ipv4Options::new(&[1; 40]).expect("they fit");
    let last = Ipv4Header { fragment_offset: 65_480, ..header(0, 1) };
    let first = Ipv4Header { more_fragments: true, options, ..header(0, 1) };
    let mut host = Host::new();
    host.insert(&packet(last, &[0; 35]));
    for start in (0..65_480).step_by(1_480).rev() {
        let length = (65_480 - start).min(1_480);
        let header = if start == 0 { first } else { Ipv4Header { fragment_offset: start as u16, ..first } };
        let header = if start == 0 { header } else { Ipv4Header { options: Ipv4Options::NONE, ..header } };
        let outcome = host.insert(&packet(header, &vec![0; length]));
        assert!(complete(outcome).is_none(), "65575 bytes do not fit a packet");
    }
    assert!(host.drops(DropReason::FragmentBad) > 0);
    assert!(host.is_at_rest());
}

#[test_case(&[0, 0] => Some(0); "not capable")]
#[test_case(&[2, 2] => Some(2); "capable")]
#[test_case(&[2, 3] => Some(3); "one met congestion")]
#[test_case(&[3, 2] => Some(3); "the first met congestion")]
#[test_case(&[0, 3] => None; "marked beside what can not be marked")]
fn congestion_marks_are_joined(marks: &[u8]) -> Option<u8> {
    //= rfc3168#5.3   type=test
    let mut host = Host::new();
    let pieces = [(0, true), (8, false)];
    let outcomes = pieces.iter().zip(marks).map(|((offset, more), mark)| {
        let header =
            Ipv4Header { fragment_offset: *offset, more_fragments: *more, tos: *mark, ..header(0, 1) };
        complete(host.insert(&packet(header, &[0; 8])))
    });
    let whole = outcomes.last().flatten();
    whole.map(|whole| Ipv4Header::parse(&whole).expect("a right checksum").tos & 3)
}

#[test]
fn what_is_not_complete_in_time_is_given_up_with_fragment_zero_if_it_came() {
    //= rfc1122#3.3.2   type=test
    let mut host = Host::new();
    let first = piece(0, 2, true, 1);
    host.insert(&first);
    host.expire(1);
    host.insert(&packet(Ipv4Header { fragment_offset: 16, more_fragments: true, ..header(0, 2) }, &[0; 8]));
    let deadline = host.reassembler.poll_timeout(&host.config);
    assert_eq!(deadline, Some(host.bench.now + Duration::from_secs(29)));
    assert!(host.expire(28).is_empty());
    let expired = host.expire(1);
    let [Expired { first: Some(packet), interface: InterfaceId(1) }] = &expired[..] else {
        panic!("one with its first fragment, not {expired:?}")
    };
    assert_eq!(packet.bytes(), first);
    drop(expired);
    let expired = host.expire(1);
    assert!(matches!(&expired[..], [Expired { first: None, .. }]));
    assert_eq!(host.drops(DropReason::FragmentTimeout), 2);
    assert_eq!(host.bench.count(Counter::IpReasmFails), 2);
    assert!(host.is_at_rest());
}

#[test]
fn the_timer_runs_from_the_first_fragment_and_may_be_changed() {
    let mut host = Host::new();
    host.insert(&piece(0, 1, true, 1));
    host.expire(2);
    host.insert(&piece(1, 1, true, 1));
    host.config.fragment_timeout = Duration::from_secs(3);
    assert_eq!(host.expire(1).len(), 1);
}

#[test]
fn one_source_can_not_take_the_memory_of_others() {
    let mut host =
        Host::with(Config { fragment_memory: 400_000, fragment_source_memory: 100_000, ..Config::default() });
    let victim = cut(&header(1, 1), &payload(3_000), 1500);
    host.insert(&victim[0]);
    for id in 0..1_000 {
        host.insert(&packet(Ipv4Header { more_fragments: true, ..header(2, id) }, &[0; 1_480]));
        assert!(host.reassembler.memory() <= 200_000);
    }
    host.insert(&victim[1]);
    assert!(complete(host.insert(&victim[2])).is_some());
}

#[test]
fn ten_thousand_sources_stay_within_the_bound_and_the_newest_still_complete() {
    let mut host = Host::with(Config { fragment_memory: 200_000, ..Config::default() });
    for source in 0..10_000 {
        host.insert(&packet(Ipv4Header { more_fragments: true, ..header(source, 1) }, &[0; 1_480]));
        assert!(host.reassembler.memory() <= 200_000);
    }
    assert!(host.pool.in_use() <= 200);
    assert!(host.drops(DropReason::FragmentMemory) > 9_000);
    let late = cut(&header(20_000, 1), &payload(3_000), 1500);
    let whole = late.iter().find_map(|piece| complete(host.insert(piece)));
    assert!(whole.is_some());
    host.expire(30);
    assert!(host.is_at_rest());
}

#[test]
fn a_datagram_too_large_for_its_source_is_dropped_whole() {
    let mut host = Host::with(Config { fragment_source_memory: 10_000, ..Config::default() });
    let pieces = cut(&header(0, 1), &payload(60_000), 1500);
    assert!(pieces.iter().all(|piece| complete(host.insert(piece)).is_none()));
    assert!(host.reassembler.memory() <= 10_000);
    host.expire(30);
    assert!(host.is_at_rest());
    assert_eq!(host.drops(DropReason::FragmentMemory) + host.drops(DropReason::FragmentTimeout), 41);
}

#[test]
fn small_fragments_do_not_keep_large_buffers() {
    let mut host = Host::new();
    for offset in 0..4_000 {
        host.insert(&piece(offset * 2, 1, true, 1));
    }
    assert_eq!(host.pool.in_use(), 0);
    assert_eq!(host.reassembler.len(), 1);
    assert!(host.reassembler.memory() < 1 << 20);
}

#[test]
fn an_empty_pool_drops_and_counts() {
    let mut host = Host::new();
    host.pool = Pool::new(2, 1514);
    let pieces = cut(&header(0, 1), &payload(2_900), 1500);
    host.insert(&pieces[0]);
    host.pool.set_capacity(1);
    let small = Ipv4Header::parse(&pieces[1]).expect("a packet");
    let packet = Packet::copied(0, &pieces[1]);
    let Host { bench, config, pool, reassembler } = &mut host;
    assert!(matches!(reassembler.insert(&mut bench.cx(), config, &small, packet, pool), Outcome::Dropped));
    assert_eq!(host.drops(DropReason::PoolExhausted), 2);
    assert!(host.is_at_rest());
}

/// What the rule says, in the plainest way: bytes of one datagram, each known or not.
#[derive(Default)]
struct Reference {
    pieces: Vec<(u16, u16, bool, u8)>,
}

impl Reference {
    /// The payload once it is whole. A contradiction forgets everything.
    fn insert(&mut self, new: (u16, u16, bool, u8)) -> Option<Vec<u8>> {
        if self.pieces.contains(&new) {
            return None;
        }
        let end = |piece: &(u16, u16, bool, u8)| piece.0 + piece.1;
        let overlaps = self.pieces.iter().any(|old| new.0 < end(old) && old.0 < end(&new));
        let all: Vec<_> = self.pieces.iter().copied().chain([new]).collect();
        let ends: Vec<u16> = all.iter().filter(|piece| !piece.2).map(end).collect();
        let beyond = ends.first().is_some_and(|last| all.iter().any(|piece| piece.2 && end(piece) >= *last));
        if overlaps || ends.len() > 1 || beyond {
            self.pieces.clear();
            return None;
        }
        self.pieces = all;
        let total: u16 = self.pieces.iter().map(|piece| piece.1).sum();
        if ends.first() != Some(&total) {
            return None;
        }
        self.pieces.sort_unstable();
        let pieces = std::mem::take(&mut self.pieces);
        Some(pieces.iter().flat_map(|piece| vec![piece.3; usize::from(piece.1) * 8]).collect())
    }
}

proptest! {
    #[test]
    fn cutting_and_joining_is_the_identity(
        length in 1..20_000usize,
        mtu in 68..1_600usize,
        shuffle in any::<u64>(),
        repeats in prop::collection::vec(any::<prop::sample::Index>(), 0..10),
    ) {
        let header = header(0, 1);
        let mut pieces = cut(&header, &payload(length), mtu);
        for index in repeats {
            pieces.push(index.get(&pieces).clone());
        }
        let mut rng = crate::rng::Rng::new(u128::from(shuffle));
        for index in (1..pieces.len()).rev() {
            pieces.swap(index, rng.below(index as u64 + 1) as usize);
        }
        let mut host = Host::new();
        host.config.fragment_source_memory = 4 << 20;
        let wholes: Vec<_> = pieces.iter().filter_map(|piece| {
            // One that was never cut is none of the reassembler's business.
            if Ipv4Header::parse(piece).expect("a packet").is_fragment() {
                complete(host.insert(piece))
            } else {
                Some(piece.clone())
            }
        }).collect();
        prop_assert!(wholes.iter().all(|whole| *whole == packet(header, &payload(length))));
        prop_assert!(!wholes.is_empty());
        host.expire(30);
        prop_assert!(host.is_at_rest());
    }

    #[test]
    fn overlaps_are_judged_as_the_rule_says(
        pieces in prop::collection::vec((0..8u16, 1..4u16, any::<bool>(), 0..2u8), 1..30),
    ) {
        let (mut host, mut reference) = (Host::new(), Reference::default());
        for (offset, units, more, fill) in pieces {
            // Neither would ever see what is no fragment at all.
            let more = more || offset == 0;
            let got = complete(host.insert(&piece(offset, units, more, fill)));
            let expected = reference.insert((offset, units, more, fill));
            prop_assert_eq!(got.map(|whole| whole[20..].to_vec()), expected);
            prop_assert_eq!(host.reassembler.is_empty(), reference.pieces.is_empty());
        }
        host.expire(30);
        prop_assert!(host.is_at_rest());
    }
}
