//! Rate, delay, jitter, queue: when packets arrive.

use super::*;
use crate::sim::JitterShape;

#[test]
fn rate_and_delay_are_exact_to_the_nanosecond() {
    // A rate that divides nothing: what is below the nanosecond is carried on, never lost.
    let rate = 7_777_777;
    let delay = 12_345_678;
    let mut link = direction(LinkSpec::new(rate, Duration::from_nanos(delay)));
    let lengths = [1_514, 60, 777, 1_001, 64, 1_514, 333];
    for (number, length) in lengths.iter().enumerate() {
        link.offer(Instant::ZERO, packet(number as u16, *length));
    }
    let seen = arrivals(&mut link, Instant::ZERO, END);
    let mut bits = 0u128;
    for ((at, _), length) in seen.iter().zip(lengths) {
        bits += length as u128 * 8;
        assert_eq!(u128::from(*at), bits * 1_000_000_000 / u128::from(rate) + u128::from(delay));
    }
    assert_eq!(seen.len(), lengths.len());
}

#[test]
fn an_idle_link_begins_at_once_and_without_a_rate_nothing_waits() {
    let mut link = direction(LinkSpec::new(8_000, Duration::ZERO));
    link.offer(nanos(5), packet(1, 100));
    assert_eq!(arrivals(&mut link, nanos(5), END), [(100_000_005, 1)]);
    link.offer(nanos(900_000_000), packet(2, 100));
    assert_eq!(arrivals(&mut link, nanos(900_000_000), END), [(1_000_000_000, 2)]);
    let mut wire = direction(LinkSpec::new(0, Duration::from_nanos(7)));
    (1..=3).for_each(|number| wire.offer(Instant::ZERO, packet(number, 1_500)));
    assert_eq!(arrivals(&mut wire, Instant::ZERO, END), [(7, 1), (7, 2), (7, 3)]);
}

#[test]
fn a_new_rate_holds_from_the_next_packet_on_and_a_new_delay_never_reorders() {
    let mut link = direction(LinkSpec::new(8_000_000, Duration::from_millis(50)));
    (1..=3).for_each(|number| link.offer(Instant::ZERO, packet(number, 1_000)));
    assert!(arrivals(&mut link, Instant::ZERO, nanos(500_000)).is_empty());
    // Half of the first is sent; it goes on at its rate. The others take half the time, and 10 ms under way.
    link.set_spec(nanos(500_000), LinkSpec::new(16_000_000, Duration::from_millis(10))).expect("sound");
    let seen = arrivals(&mut link, nanos(500_000), END);
    // They would be there before the first, so they come right behind it.
    assert_eq!(seen, [(51_000_000, 1), (51_000_000, 2), (51_000_000, 3)]);
    let mut link = direction(LinkSpec::new(8_000_000, Duration::ZERO));
    (1..=3).for_each(|number| link.offer(Instant::ZERO, packet(number, 1_000)));
    link.set_spec(nanos(500_000), LinkSpec::new(4_000_000, Duration::ZERO)).expect("sound");
    let seen = arrivals(&mut link, nanos(500_000), END);
    assert_eq!(seen, [(1_000_000, 1), (3_000_000, 2), (5_000_000, 3)]);
    link.set_spec(nanos(6_000_000), LinkSpec::new(0, Duration::ZERO)).expect("sound");
}

#[test]
fn a_long_fat_path_holds_all_that_fits_it() {
    // More than the host's fault device holds.
    let mut link = direction(LinkSpec::new(0, Duration::from_secs(1)));
    for number in 0..100_000u64 {
        link.offer(nanos(number), packet(number as u16, 60));
    }
    assert_eq!(arrivals(&mut link, nanos(100_000), END).len(), 100_000);
    let mut spec = LinkSpec::new(0, Duration::from_secs(1));
    spec.impairment.limit = 10;
    let mut link = direction(spec);
    (0..20).for_each(|number| link.offer(Instant::ZERO, packet(number, 60)));
    assert_eq!(link.stats(END).drops.of(Cause::Limit), 10);
}

#[test]
fn a_rate_that_is_lifted_lets_go_all_that_waits() {
    let mut link = direction(LinkSpec::new(8_000_000, Duration::ZERO));
    (1..=3).for_each(|number| link.offer(Instant::ZERO, packet(number, 1_000)));
    link.set_spec(nanos(100), LinkSpec::default()).expect("sound");
    assert_eq!(arrivals(&mut link, nanos(100), END), [(1_000_000, 1), (1_000_000, 2), (1_000_000, 3)]);
}

#[test]
fn waiting_sending_and_idleness_are_measured() {
    let mut spec = LinkSpec::new(8_000_000, Duration::ZERO);
    spec.impairment.queue_packets = 4;
    let mut link = direction(spec);
    (1..=6).for_each(|number| link.offer(Instant::ZERO, packet(number, 1_000)));
    let seen = arrivals(&mut link, Instant::ZERO, END);
    assert_eq!(numbers(&seen), [1, 2, 3, 4]);
    let stats = link.stats(Instant::from_millis(10));
    assert_eq!(stats.drops.of(Cause::Full), 2);
    assert_eq!((stats.offered_packets, stats.delivered_packets), (6, 4));
    assert_eq!(stats.queue_delay.max, Duration::from_millis(3));
    assert_eq!(stats.queue_delay.mean, Duration::from_micros(1_500));
    assert_eq!(stats.queue_bytes_max, 3_000);
    assert_eq!(stats.busy, Duration::from_millis(4));
    assert!((stats.utilisation - 0.4).abs() < 1e-12);
    assert!((stats.throughput - 3_200_000.0).abs() < 1e-6);
    link.restart_stats(Instant::from_millis(5));
    let stats = link.stats(Instant::from_millis(10));
    assert_eq!((stats.offered_packets, stats.drops.total(), stats.queue_delay.count), (0, 0, 0));
    assert_eq!((stats.busy, stats.utilisation), (Duration::ZERO, 0.0));
    // In the middle of a packet only what was sent of it counts.
    link.offer(Instant::from_millis(10), packet(7, 1_000));
    assert_eq!(link.stats(nanos(10_500_000)).busy, Duration::from_micros(500));
}

#[test]
fn a_queue_is_as_long_as_it_would_be_had_every_departure_been_an_event() {
    let mut link = direction(LinkSpec::new(8_000_000, Duration::from_millis(5)));
    (1..=4).for_each(|number| link.offer(Instant::ZERO, packet(number, 1_000)));
    let mut wakes = 0;
    let mut look = |link: &mut Direction, micros| {
        wakes += usize::from(link.poll_wake(Instant::from_micros(micros)).transmit.is_some());
        let stats = link.stats(Instant::from_micros(micros));
        (stats.queue_packets, stats.queue_delay.count, stats.queue_delay.max.as_micros())
    };
    assert_eq!(look(&mut link, 0), (3, 1, 0));
    assert_eq!(look(&mut link, 999), (3, 1, 0));
    assert_eq!(look(&mut link, 1_000), (2, 2, 1_000));
    assert_eq!(look(&mut link, 3_500), (0, 4, 3_000));
    assert_eq!(wakes, 0, "what is under way comes before what waits");
    assert_eq!(std::iter::from_fn(|| link.poll(END)).count(), 4);
}

#[test]
fn jitter_of_each_shape_keeps_the_order_unless_it_may_not() {
    for (shape, mean) in [
        (JitterShape::Uniform, 10_500_000),
        (JitterShape::Normal, 10_000_000),
        (JitterShape::Pareto, 11_000_000),
    ] {
        for reorders in [false, true] {
            let mut spec = LinkSpec::new(0, Duration::from_millis(10));
            spec.impairment.jitter = Duration::from_millis(1);
            (spec.impairment.jitter_shape, spec.impairment.jitter_reorders) = (shape, reorders);
            let mut link = direction(spec);
            // Far apart, so that order costs no time.
            let gap = if reorders { 100_000 } else { 30_000_000 };
            let count = 5_000;
            for number in 0..count {
                link.offer(nanos(u64::from(number) * gap), packet(number, 60));
            }
            let seen = arrivals(&mut link, Instant::ZERO, END);
            assert_eq!(seen.len(), usize::from(count));
            let order = numbers(&seen);
            assert_eq!(order.windows(2).any(|pair| pair[0] > pair[1]), reorders, "{shape:?}");
            let took: u64 = seen.iter().map(|(at, number)| at - u64::from(*number) * gap).sum();
            let found = took / u64::from(count);
            assert!(found.abs_diff(mean) < mean / 100, "{shape:?}: {found} is not {mean}");
        }
    }
}
