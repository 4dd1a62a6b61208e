//! CoDel (RFC 8289): when it drops, and how the drops follow each other.

use super::super::codel::control_law;
use super::*;

/// Push a packet each millisecond and pop one each `service` milliseconds; the times of drops and marks, in milliseconds.
fn overload(spec: CodelSpec, service: u64, until: u64, tos: u8) -> (Vec<u64>, Gauge) {
    let (mut queue, mut gauge) = queue(Discipline::Codel(spec));
    let mut hits = Vec::new();
    for now in 0..until {
        queue.push(millis(now), waiting(millis(now), frame(1_000, tos, 1)), &ROOM, &mut gauge);
        let before = gauge.drops.total() + gauge.marks.total();
        if now % service == 0 {
            queue.pop(millis(now), &mut gauge);
        }
        hits.extend((before..gauge.drops.total() + gauge.marks.total()).map(|_| now));
    }
    (hits, gauge)
}

#[test]
fn the_law_is_the_interval_over_the_square_root_to_the_nanosecond() {
    let interval = Duration::from_millis(100);
    let nanos = |count| control_law(Instant::ZERO, interval, count).as_nanos();
    assert_eq!([1, 2, 3, 4, 100].map(nanos), [100_000_000, 70_710_678, 57_735_026, 50_000_000, 10_000_000]);
}

#[test]
fn the_first_drop_comes_an_interval_after_the_delay_passed_the_target_and_the_next_by_the_law() {
    let (drops, gauge) = overload(CodelSpec::default(), 2, 700, 0);
    // At time t the packet of t/2 leaves, so the delay passes 5 ms at 10 ms; the interval is over at 110 ms.
    assert_eq!(drops[0], 110);
    assert_eq!(gauge.drops.of(Cause::Codel), drops.len() as u64);
    // The n-th drop plans the next one interval/sqrt(n) after its own planned time; service rounds up to 2 ms.
    let mut planned = 110.0;
    for (count, drop) in drops.iter().enumerate().skip(1) {
        planned += 100.0 / (count as f64).sqrt();
        assert!((0.0..=2.0).contains(&(*drop as f64 - planned)), "drop {count} at {drop}, planned {planned}");
    }
    assert!(drops.len() >= 8, "{} drops", drops.len());
}

#[test]
fn neither_a_short_delay_nor_a_small_backlog_is_touched() {
    assert!(overload(CodelSpec::default(), 1, 500, 0).0.is_empty());
    let floor = CodelSpec { floor_bytes: u64::MAX, ..CodelSpec::default() };
    assert!(overload(floor, 2, 500, 0).0.is_empty());
}

#[test]
fn with_ecn_the_same_packets_are_marked_and_none_is_dropped() {
    let ecn = CodelSpec { ecn: true, ..CodelSpec::default() };
    let (marks, gauge) = overload(ecn, 2, 700, ECT0);
    assert_eq!(marks[0], 110);
    assert_eq!(gauge.drops.total(), 0);
    assert_eq!(gauge.marks.of(Cause::Codel), marks.len() as u64);
    // What cannot be marked is dropped as ever.
    assert_eq!(overload(ecn, 2, 700, 0).0, overload(CodelSpec::default(), 2, 700, 0).0);
}

#[test]
fn an_emptied_queue_begins_anew() {
    let (mut queue, mut gauge) = queue(Discipline::Codel(CodelSpec::default()));
    for bout in [0, 10_000] {
        for now in bout..bout + 300 {
            queue.push(millis(now), waiting(millis(now), frame(1_000, 0, 1)), &ROOM, &mut gauge);
            if now % 2 == 0 {
                queue.pop(millis(now), &mut gauge);
            }
        }
        let dropped = gauge.drops.total();
        assert!(dropped > 0);
        while queue.pop(millis(bout + 301), &mut gauge).is_some() {}
        // Long afterwards the rate of drops is not taken up again, but the first one is as late as the first time.
        if bout == 0 {
            gauge = Gauge::new(Instant::ZERO);
        }
    }
}
