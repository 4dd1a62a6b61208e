//! Capacity traces.

use super::*;
use std::sync::Arc;

const FULL: usize = CapacityTrace::OPPORTUNITY as usize;

fn trace(text: &str) -> LinkSpec {
    let capacity = Some(Arc::new(CapacityTrace::parse(text).expect("a sound trace")));
    let mut spec = LinkSpec { capacity, ..LinkSpec::default() };
    spec.impairment.queue_packets = 100;
    spec
}

fn at_millis(seen: &[(u64, u16)]) -> Vec<u64> {
    seen.iter().map(|(at, _)| at / 1_000_000).collect()
}

#[test]
fn each_line_delivers_a_frame_and_the_trace_begins_anew() {
    let mut link = direction(trace("5\n10\n10\n"));
    (1..=8).for_each(|number| link.offer(Instant::ZERO, packet(number, FULL)));
    let seen = arrivals(&mut link, Instant::ZERO, END);
    assert_eq!(at_millis(&seen), [5, 10, 10, 15, 20, 20, 25, 30]);
    assert!((link.stats(Instant::from_millis(30)).utilisation - 1.0).abs() < 1e-12);
}

#[test]
fn an_opportunity_that_nobody_uses_is_lost() {
    let mut link = direction(trace("5\n10\n10\n"));
    link.offer(nanos(6_000_000), packet(1, FULL));
    assert_eq!(at_millis(&arrivals(&mut link, nanos(6_000_000), END)), [10]);
    link.offer(nanos(21_000_000), packet(2, FULL));
    assert_eq!(at_millis(&arrivals(&mut link, nanos(21_000_000), END)), [25]);
    let stats = link.stats(nanos(25_500_000));
    // 5, 10, 10, 15, 20, 20 and 25 have passed; two were used.
    assert!((stats.utilisation - 2.0 / 7.0).abs() < 1e-12, "{}", stats.utilisation);
    assert_eq!(stats.queue_delay.max, Duration::from_millis(4));
}

#[test]
fn small_packets_share_an_opportunity_and_large_ones_take_several() {
    let mut link = direction(LinkSpec { mtu: 9_000, ..trace("1\n2\n3\n4\n5\n") });
    (1..=3).for_each(|number| link.offer(Instant::ZERO, packet(number, FULL / 2)));
    link.offer(Instant::ZERO, packet(4, FULL * 2));
    // 1 and 2 in the first; 3 and half of a frame of 4 in the second; the rest of 4 in the third and half the fourth.
    assert_eq!(at_millis(&arrivals(&mut link, Instant::ZERO, END)), [1, 1, 2, 4]);
}

#[test]
fn a_trace_begins_when_it_is_set() {
    let mut link = direction(LinkSpec::default());
    link.set_spec(nanos(2_000_000), trace("5\n")).expect("a sound spec");
    link.offer(nanos(2_000_000), packet(1, FULL));
    assert_eq!(at_millis(&arrivals(&mut link, nanos(2_000_000), END)), [7]);
}

#[test]
fn what_is_no_trace_is_refused() {
    for wrong in ["", "\n\n", "0\n", "3\n2\n", "1.5\n", "a\n", "-1\n"] {
        assert_eq!(CapacityTrace::parse(wrong).expect_err(wrong).field, "capacity", "{wrong:?}");
    }
    let trace = CapacityTrace::parse(" 0\n 0 \r\n\n7").expect("blanks are no harm");
    assert_eq!(trace.period(), Duration::from_millis(7));
}
