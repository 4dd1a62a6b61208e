use super::*;
use crate::time::Duration;
use crate::wire::checksum;
use proptest::prelude::*;

const SEED: u128 = 0x1d;

fn micros(micros: u64) -> Instant {
    Instant::from_micros(micros)
}

fn link(change: impl FnOnce(&mut Impairment)) -> Impairer {
    let mut spec = Impairment::default();
    change(&mut spec);
    Impairer::new(spec, SEED).expect("a sound spec")
}

/// A packet that says its number, `length` bytes long.
fn packet(number: u32, length: usize) -> Packet {
    let mut bytes = vec![0; length];
    bytes[..4].copy_from_slice(&number.to_be_bytes());
    Packet::copied(0, &bytes)
}

fn number(packet: &Packet) -> u32 {
    let bytes = packet.bytes();
    u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
}

fn arrivals(link: &mut Impairer, now: Instant) -> Vec<u32> {
    std::iter::from_fn(|| link.poll(now)).map(|packet| number(&packet)).collect()
}

/// Send packets 1 to `count`, one per `gap` microseconds, and take what comes out: (microsecond, number).
fn run(link: &mut Impairer, count: u32, gap: u64, length: usize) -> Vec<(u64, u32)> {
    let mut seen = Vec::new();
    let mut next = 1;
    loop {
        let sending = (next <= count).then(|| micros(u64::from(next - 1) * gap));
        let due = link.poll_timeout();
        match (sending, due) {
            (None, None) => return seen,
            (Some(at), due) if due.is_none_or(|due| at <= due) => {
                link.push(at, packet(next, length));
                next += 1;
            }
            (_, Some(due)) => {
                let packet = link.poll(due).expect("poll_timeout promised one");
                seen.push((due.as_micros(), number(&packet)));
            }
            (Some(_), None) => unreachable!("the arm above takes it"),
        }
    }
}

fn numbers(link: &mut Impairer, count: u32, gap: u64) -> Vec<u32> {
    run(link, count, gap, 100).into_iter().map(|(_, number)| number).collect()
}

#[test]
fn a_sound_link_hands_everything_over_at_once() {
    let mut link = link(|_| ());
    link.push(micros(5), packet(1, 60));
    link.push(micros(5), packet(2, 60));
    assert_eq!(link.poll_timeout(), Some(micros(5)));
    assert_eq!(arrivals(&mut link, micros(5)), [1, 2]);
    assert!(link.is_empty() && link.poll_timeout().is_none());
}

#[test]
fn an_unsound_spec_is_refused() {
    let spec = Impairment { limit: 0, ..Impairment::default() };
    assert_eq!(Impairer::new(spec, SEED).map(|_| ()).expect_err("limit is 0").field, "limit");
}

#[test]
fn listed_and_every_nth_packets_are_lost() {
    let mut link = link(|spec| {
        spec.drop_list = vec![5, 1];
        spec.drop_every = 3;
    });
    assert_eq!(numbers(&mut link, 10, 1), [2, 4, 7, 8, 10]);
    let counters = *link.counters();
    assert_eq!((counters.dropped_list, counters.dropped_every, counters.delivered), (2, 3, 5));
}

#[test]
fn chance_loses_about_its_share_and_the_same_packets_for_the_same_seed() {
    let lossy = |spec: &mut Impairment| spec.drop = 50_000;
    let first = numbers(&mut link(lossy), 20_000, 1);
    // 1000 expected, standard deviation 31.
    assert!((19_000 - 93..=19_000 + 93).contains(&first.len()), "{}", first.len());
    assert_eq!(numbers(&mut link(lossy), 20_000, 1), first);
    let mut other = Impairer::new(link(lossy).spec().clone(), SEED + 1).expect("a sound spec");
    assert_ne!(numbers(&mut other, 20_000, 1), first);
}

#[test]
fn what_is_lost_does_not_depend_on_the_other_chances() {
    let mut plain = link(|spec| spec.drop = 100_000);
    let mut busy = link(|spec| {
        (spec.drop, spec.corrupt, spec.corrupt_offset) = (100_000, 500_000, 4);
        spec.jitter = Duration::from_micros(50);
        spec.drop_list = vec![1, 2, 3];
    });
    let kept: Vec<_> = numbers(&mut plain, 1_000, 1).into_iter().filter(|number| *number > 3).collect();
    assert_eq!(numbers(&mut busy, 1_000, 1), kept);
}

#[test]
fn copies_follow_their_originals() {
    let mut link = link(|spec| spec.duplicate = 250_000);
    let seen = numbers(&mut link, 4_000, 1);
    let copies = seen.len() - 4_000;
    // 1000 expected, standard deviation 27.
    assert!((919..=1_081).contains(&copies), "{copies}");
    assert_eq!(link.counters().duplicated, copies as u64);
    assert!(seen.is_sorted());
}

#[test]
fn a_packet_held_back_comes_when_enough_have_passed() {
    let mut link = link(|spec| (spec.reorder, spec.reorder_gap) = (1_000_000, 2));
    link.push(micros(0), packet(1, 60));
    link.set_spec(Impairment::default()).expect("a sound spec");
    assert_eq!(arrivals(&mut link, micros(0)), []);
    link.push(micros(10), packet(2, 60));
    assert_eq!(arrivals(&mut link, micros(10)), [2]);
    link.push(micros(20), packet(3, 60));
    assert_eq!(link.poll_timeout(), Some(micros(20)));
    assert_eq!(arrivals(&mut link, micros(20)), [3, 1]);
    assert!(link.is_empty() && link.flight.holds_nothing_back());
}

#[test]
fn a_packet_held_back_comes_in_time_though_nobody_passes() {
    let mut link = link(|spec| (spec.reorder, spec.reorder_delay) = (1_000_000, Duration::from_millis(3)));
    link.push(micros(0), packet(1, 60));
    assert_eq!(link.poll_timeout(), Some(micros(3_000)));
    assert_eq!(arrivals(&mut link, micros(2_999)), []);
    assert_eq!(arrivals(&mut link, micros(3_000)), [1]);
    assert!(link.flight.holds_nothing_back());
}

#[test]
fn who_was_ahead_all_along_does_not_count_as_passing() {
    let mut link = link(|spec| spec.delay = Duration::from_micros(100));
    link.push(micros(0), packet(1, 60));
    link.set_spec(Impairment { reorder: 1_000_000, ..link.spec().clone() }).expect("a sound spec");
    link.push(micros(1), packet(2, 60));
    assert_eq!(arrivals(&mut link, micros(101)), [1]);
}

#[test]
fn a_gap_of_one_swaps_neighbours() {
    let mut link = link(|spec| spec.reorder = 100_000);
    let seen = numbers(&mut link, 5_000, 10);
    assert_eq!(seen.len(), 5_000);
    let late: u32 = seen.windows(2).map(|pair| u32::from(pair[1] < pair[0])).sum();
    // 500 are held; runs of them count once.
    assert!((380..=520).contains(&late), "{late}");
    assert!(seen.iter().zip(1..).all(|(seen, position): (&u32, u32)| seen.abs_diff(position) < 10));
}

#[test]
fn damage_flips_so_many_bits_past_the_offset() {
    let mut link = link(|spec| (spec.corrupt, spec.corrupt_bits, spec.corrupt_offset) = (1_000_000, 4, 14));
    let mut seen = [0; 5];
    for _ in 0..1_000 {
        link.push(micros(0), Packet::copied(0, &[0; 64]));
        let packet = link.poll(micros(0)).expect("damaged, not lost");
        assert!(packet.bytes()[..14].iter().all(|byte| *byte == 0));
        seen[packet.bytes().iter().map(|byte| byte.count_ones()).sum::<u32>() as usize] += 1;
    }
    // 250 expected for each number of bits, standard deviation 14.
    assert_eq!(seen[0], 0);
    assert!(seen[1..].iter().all(|times| (205..=295).contains(times)), "{seen:?}");
}

#[test]
fn what_cannot_be_damaged_is_counted() {
    let mut link = link(|spec| (spec.corrupt, spec.corrupt_offset) = (1_000_000, 14));
    link.push(micros(0), Packet::copied(0, &[0; 14]));
    let mut unit = Packet::copied(0, &[0; 64]);
    unit.offload.segment_size = 10;
    link.push(micros(0), unit);
    assert_eq!((link.counters().corrupted, link.counters().not_corrupted), (0, 2));
}

#[test]
fn damage_is_not_hidden_by_a_checksum_made_later() {
    let mut link = link(|spec| (spec.corrupt, spec.corrupt_offset) = (1_000_000, 20));
    let mut frame = Packet::copied(0, &[7; 40]);
    frame.bytes_mut()[16..18].fill(0);
    frame.offload.partial_checksum = Some((10, 6));
    frame.offload.checksum_valid = true;
    link.push(micros(0), frame);
    let mut packet = link.poll(micros(0)).expect("damaged, not lost");
    assert_eq!(packet.offload, crate::buffer::Offload::default());
    assert_ne!(checksum::checksum(&packet.bytes()[10..]), 0, "the damage shows");
    // Only one bit: put it back and the sum is right.
    let damaged = (20..40).find(|at| packet.bytes()[*at] != 7).expect("one byte");
    packet.bytes_mut()[damaged] = 7;
    assert_eq!(checksum::checksum(&packet.bytes()[10..]), 0);
}

#[test]
fn jitter_keeps_the_order_and_its_bounds() {
    let mut link = link(|spec| {
        spec.delay = Duration::from_micros(1_000);
        spec.jitter = Duration::from_micros(400);
    });
    let seen = run(&mut link, 2_000, 500, 100);
    let under_way: Vec<_> = seen.iter().map(|(at, number)| at - u64::from(number - 1) * 500).collect();
    assert!(seen.is_sorted() && under_way.iter().all(|span| (1_000..=1_400).contains(span)));
    let mean = under_way.iter().sum::<u64>() / 2_000;
    // 1200 expected, standard deviation of the mean 2.6.
    assert!((1_190..=1_210).contains(&mean), "{mean}");
    let crowded = run(&mut self::link(|spec| spec.jitter = Duration::from_millis(1)), 2_000, 1, 100);
    assert!(crowded.iter().map(|(_, number)| number).is_sorted());
}

#[test]
fn the_rate_spaces_packets_and_loses_no_nanosecond_to_rounding() {
    // 100 bytes at 8 Mbit/s last 100 microseconds.
    let mut slow = link(|spec| spec.rate = 8_000_000);
    assert_eq!(run(&mut slow, 4, 0, 100), [(100, 1), (200, 2), (300, 3), (400, 4)]);
    slow.push(micros(1_000), packet(5, 100));
    assert_eq!(slow.poll_timeout(), Some(micros(1_100)), "an idle link starts at once");
    // 64 bytes at 100 Gbit/s last 5.12 ns: 100,000 of them 512 microseconds.
    let mut fast = link(|spec| (spec.rate, spec.limit) = (100_000_000_000, 100_000));
    assert_eq!(run(&mut fast, 100_000, 0, 64).last(), Some(&(512, 100_000)));
}

#[test]
fn a_full_queue_loses_the_tail() {
    let queue = |change: fn(&mut Impairment)| {
        let mut link = link(|spec| {
            spec.rate = 8_000_000;
            change(spec);
        });
        let seen = numbers(&mut link, 6, 0);
        assert_eq!(link.counters().dropped_queue, 6 - seen.len() as u64);
        seen
    };
    assert_eq!(queue(|spec| spec.queue_packets = 2), [1, 2]);
    assert_eq!(queue(|spec| spec.queue_bytes = 399), [1, 2, 3]);
    // One leaves the queue of two every 100 microseconds; two come in that time.
    let mut steady = link(|spec| (spec.rate, spec.queue_packets) = (8_000_000, 2));
    assert_eq!(numbers(&mut steady, 10, 50), [1, 2, 3, 5, 7, 9]);
}

#[test]
fn what_is_under_way_is_bounded() {
    let mut link = link(|spec| (spec.delay, spec.limit) = (Duration::from_secs(1), 3));
    assert_eq!(numbers(&mut link, 10, 0), [1, 2, 3]);
    assert_eq!(link.counters().dropped_limit, 7);
}

fn any_spec() -> impl Strategy<Value = Impairment> {
    let parts = || prop_oneof![Just(0u32), 0..=1_000_000u32];
    let span = || prop_oneof![Just(0u64), 0..5_000_000u64].prop_map(Duration::from_nanos);
    let chances = (parts(), parts(), parts(), parts(), 0u32..5, 1u32..65, 0u32..80);
    let rest = (span(), span(), span(), prop_oneof![Just(0u64), 1..1_000_000_000u64], 0u64..8, 1u64..64);
    (chances, rest).prop_filter_map("a sound spec", |(chances, rest)| {
        let (drop, duplicate, reorder, corrupt, reorder_gap, corrupt_bits, corrupt_offset) = chances;
        let (delay, jitter, reorder_delay, rate, queue_packets, limit) = rest;
        let spec = Impairment {
            drop,
            duplicate,
            reorder,
            corrupt,
            reorder_gap,
            corrupt_bits,
            corrupt_offset,
            delay,
            jitter,
            reorder_delay,
            rate,
            queue_packets,
            limit,
            ..Impairment::default()
        };
        spec.check().is_ok().then_some(spec)
    })
}

proptest! {
    /// Whatever the spec: nothing is held forever, every packet is accounted for, and runs repeat exactly.
    #[test]
    fn every_packet_is_accounted_for(spec in any_spec(), seed: u128, gap in 0u64..3_000) {
        let mut link = Impairer::new(spec.clone(), seed).expect("a sound spec");
        let seen = run(&mut link, 200, gap, 60);
        let mut again = Impairer::new(spec, seed).expect("a sound spec");
        prop_assert_eq!(&run(&mut again, 200, gap, 60), &seen);
        prop_assert!(link.is_empty() && link.flight.holds_nothing_back());
        let counters = link.counters();
        let lost = counters.dropped + counters.dropped_queue + counters.dropped_limit;
        prop_assert_eq!(counters.received + counters.duplicated, counters.delivered + lost);
        prop_assert_eq!(counters.delivered, seen.len() as u64);
    }
}
