//! One direction of a link, alone: times to the nanosecond, and where packets end.

use super::*;
use crate::buffer::Packet;
use crate::sim::{Discipline, GilbertElliott, Impairment};
use crate::time::{Duration, Instant};

mod capacity;
mod times;

fn nanos(nanos: u64) -> Instant {
    Instant::from_nanos(nanos)
}

fn direction(spec: LinkSpec) -> Direction {
    Direction::new(spec, Instant::ZERO, 5).expect("a sound spec")
}

fn packet(number: u16, length: usize) -> Packet {
    let mut bytes = vec![0; length];
    bytes[..2].copy_from_slice(&number.to_be_bytes());
    Packet::copied(0, &bytes)
}

/// Let time pass as a network does, until `end`; (nanosecond, number) of what arrives.
fn arrivals(direction: &mut Direction, from: Instant, end: Instant) -> Vec<(u64, u16)> {
    let mut events = std::collections::BTreeSet::new();
    let mut seen = Vec::new();
    let mut now = from;
    loop {
        let wake = direction.poll_wake(now);
        events.extend(wake.arrive.map(|at| (at, false)));
        events.extend(wake.transmit.map(|at| (at, true)));
        let Some((at, transmit)) = events.pop_first() else { return seen };
        if at > end {
            // Stand as if nobody had been asked: the next call is told again.
            direction.forget_armed();
            return seen;
        }
        now = at;
        let expected = direction.expects(now);
        if transmit && expected.1 {
            direction.on_transmit(now);
        } else if !transmit && expected.0 {
            let packet = direction.poll(now).expect("an arrival was promised");
            seen.push((now.as_nanos(), u16::from_be_bytes([packet.bytes()[0], packet.bytes()[1]])));
        }
    }
}

fn numbers(seen: &[(u64, u16)]) -> Vec<u16> {
    seen.iter().map(|(_, number)| *number).collect()
}

const END: Instant = Instant::from_secs(1_000);

#[test]
fn what_is_lost_at_the_entrance_is_counted_by_cause() {
    let mut spec = LinkSpec::new(0, Duration::from_millis(1));
    spec.impairment.drop_list = vec![5, 2];
    spec.impairment.drop_every = 4;
    let mut link = direction(spec);
    link.predicate = Some(Box::new(|number, bytes| number == 3 && bytes[1] == 3));
    (1..=9).for_each(|number| link.offer(Instant::ZERO, packet(number, 100)));
    assert_eq!(numbers(&arrivals(&mut link, Instant::ZERO, END)), [1, 6, 7, 9]);
    let drops = link.stats(END).drops;
    let by_cause: Vec<_> = drops.by_cause().collect();
    assert_eq!(by_cause, [("every", 2), ("list", 2), ("predicate", 1)]);
}

#[test]
fn losses_of_the_gilbert_elliott_model_have_its_share_and_its_bursts() {
    let model = GilbertElliott { to_bad: 50_000, to_good: 250_000, drop_in_good: 0, drop_in_bad: 1_000_000 };
    let mut spec = LinkSpec::default();
    spec.impairment.burst = Some(model);
    let mut link = direction(spec);
    let count = 200_000;
    let mut lost = Vec::new();
    for number in 0..count {
        link.offer(nanos(number), packet(0, 60));
        lost.push(link.poll(nanos(number)).is_none());
    }
    let share = lost.iter().filter(|lost| **lost).count() as f64 / count as f64;
    // Stationary: 5 % over 5 % + 25 %.
    assert!((model.loss() - 1.0 / 6.0).abs() < 1e-12);
    assert!((share / model.loss() - 1.0).abs() < 0.05, "{share}");
    let bursts = lost.windows(2).filter(|pair| pair[1] && !pair[0]).count();
    let length = share * count as f64 / bursts as f64;
    assert!((length - 4.0).abs() < 0.2, "a mean burst of {length} packets, 4 by the model");
    assert_eq!(link.stats(END).drops.of(Cause::Burst), (share * count as f64).round() as u64);
}

#[test]
fn without_carrier_all_is_lost_and_with_it_again_nothing() {
    let mut link = direction(LinkSpec::new(8_000_000, Duration::from_millis(10)));
    // A millisecond each: at 2.5 ms two are under way, one is being sent, two wait.
    (1..=5).for_each(|number| link.offer(Instant::ZERO, packet(number, 1_000)));
    assert!(arrivals(&mut link, Instant::ZERO, nanos(2_500_000)).is_empty());
    let down = LinkSpec { up: false, ..link.spec().clone() };
    link.set_spec(nanos(2_500_000), down).expect("a sound spec");
    link.offer(nanos(2_600_000), packet(6, 1_000));
    let up = LinkSpec { up: true, ..link.spec().clone() };
    link.set_spec(nanos(3_000_000), up).expect("a sound spec");
    link.offer(nanos(3_000_000), packet(7, 1_000));
    assert_eq!(arrivals(&mut link, nanos(3_000_000), END), [(14_000_000, 7)]);
    assert_eq!(link.stats(END).drops.of(Cause::Carrier), 6);
}

#[test]
fn larger_packets_than_the_mtu_vanish() {
    let mut link = direction(LinkSpec { mtu: 1_000, ..LinkSpec::default() });
    link.offer(Instant::ZERO, packet(1, 1_014));
    link.offer(Instant::ZERO, packet(2, 1_015));
    assert_eq!(numbers(&arrivals(&mut link, Instant::ZERO, END)), [1]);
    assert_eq!(link.stats(END).drops.of(Cause::Mtu), 1);
}

#[test]
fn copies_damage_and_disorder_are_done_and_counted() {
    let mut spec = LinkSpec::new(0, Duration::from_millis(1));
    spec.impairment = Impairment { duplicate: 1_000_000, corrupt: 1_000_000, ..spec.impairment };
    let mut link = direction(spec);
    link.offer(Instant::ZERO, packet(0, 100));
    let mut seen = 0;
    while let Some(packet) = link.poll(Instant::from_millis(1)) {
        let flipped: u32 = packet.bytes().iter().map(|byte| byte.count_ones()).sum();
        assert_eq!(flipped, 1);
        seen += 1;
    }
    let stats = link.stats(END);
    assert_eq!((seen, stats.duplicated, stats.corrupted), (2, 1, 1));
    let mut spec = LinkSpec::new(0, Duration::from_millis(1));
    spec.impairment.reorder = 500_000;
    let mut link = direction(spec);
    (0..100).for_each(|number| link.offer(nanos(number * 1_000), packet(number as u16, 60)));
    let order = numbers(&arrivals(&mut link, Instant::ZERO, END));
    assert_eq!(order.len(), 100);
    assert!(order.windows(2).any(|pair| pair[0] > pair[1]));
    assert!(link.stats(END).reordered > 20);
}

#[test]
fn what_is_wrong_is_named() {
    let complaint = |spec: LinkSpec| spec.check().expect_err("this is not allowed").to_string();
    let mut spec = LinkSpec::new(1, Duration::ZERO);
    spec.capacity = Some(std::sync::Arc::new(CapacityTrace::parse("1").expect("a trace")));
    assert!(complaint(spec).starts_with("rate = 1: allowed is 0 where"));
    assert!(complaint(LinkSpec { mtu: 60, ..LinkSpec::default() }).starts_with("mtu = 60"));
    let red = crate::sim::RedSpec { max_bytes: 10, ..crate::sim::RedSpec::default() };
    let spec = LinkSpec { discipline: Discipline::Red(red), ..LinkSpec::default() };
    assert!(complaint(spec).starts_with("red.min_bytes = "));
    let codel = crate::sim::CodelSpec { target: Duration::from_secs(1), ..crate::sim::CodelSpec::default() };
    let spec = LinkSpec { discipline: Discipline::Codel(codel), ..LinkSpec::default() };
    assert!(complaint(spec).starts_with("codel.target = "));
    let mut spec = LinkSpec::default();
    assert_eq!(spec.set("mtu", 1.5).expect_err("half a byte").field, "mtu");
    assert_eq!(spec.set("up", 2.0).expect_err("neither").field, "up");
    spec.set("rate", 9.0).expect("a rate");
    assert_eq!(spec.impairment.rate, 9);
}
