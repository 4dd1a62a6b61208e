//! FQ-CoDel (RFC 8290): who is served when, and who pays.

use super::*;

fn push(queue: &mut Queue, gauge: &mut Gauge, now: u64, length: usize, port: u16, limits: &Limits) {
    queue.push(millis(now), waiting(millis(now), frame(length, 0, port)), limits, gauge);
}

fn served(queue: &mut Queue, gauge: &mut Gauge, count: usize) -> Vec<u16> {
    (0..count).filter_map(|_| queue.pop(millis(0), gauge)).map(|waiting| port(&waiting.packet)).collect()
}

#[test]
fn flows_share_bytes_evenly_whatever_they_send_and_in_which_pieces() {
    let (mut queue, mut gauge) = queue(Discipline::FqCodel(FqCodelSpec::default()));
    // One sends ten times as much, in frames; the other in quarters of frames.
    (0..100).for_each(|_| push(&mut queue, &mut gauge, 0, 1_514, 1, &ROOM));
    (0..40).for_each(|_| push(&mut queue, &mut gauge, 0, 378, 2, &ROOM));
    let order = served(&mut queue, &mut gauge, 40);
    let bytes = |port, size: usize| order.iter().filter(|other| **other == port).count() * size;
    let (first, second) = (bytes(1, 1_514), bytes(2, 378));
    assert!(first.abs_diff(second) <= 1_514, "{first} and {second} bytes");
}

#[test]
fn a_flow_that_begins_is_served_before_those_that_last() {
    let (mut queue, mut gauge) = queue(Discipline::FqCodel(FqCodelSpec::default()));
    (0..20).for_each(|_| push(&mut queue, &mut gauge, 0, 1_514, 1, &ROOM));
    assert_eq!(served(&mut queue, &mut gauge, 3), [1, 1, 1]);
    push(&mut queue, &mut gauge, 0, 100, 2, &ROOM);
    assert_eq!(served(&mut queue, &mut gauge, 1), [2]);
    // It has left the new ones, though it emptied: at once again it takes its turn among the old ones.
    assert_eq!(served(&mut queue, &mut gauge, 1), [1]);
}

#[test]
fn when_the_queue_is_full_the_fattest_flow_pays() {
    let (mut queue, mut gauge) = queue(Discipline::FqCodel(FqCodelSpec::default()));
    let limits = Limits { packets: 50, bytes: u64::MAX, sending: 0 };
    (0..5).for_each(|_| push(&mut queue, &mut gauge, 0, 1_000, 2, &limits));
    (0..60).for_each(|_| push(&mut queue, &mut gauge, 0, 1_000, 1, &limits));
    assert!(queue.backlog().packets <= 50);
    let order = served(&mut queue, &mut gauge, 50);
    assert_eq!(order.iter().filter(|port| **port == 2).count(), 5, "the thin flow lost nothing");
    // Half of the fat flow goes at once, so that an overload costs one search and not one for each packet.
    assert!(gauge.drops.of(Cause::Full) >= 22, "{} drops", gauge.drops.of(Cause::Full));
    assert_eq!(order.len() as u64 + gauge.drops.total(), 65);
}

#[test]
fn each_flow_has_a_controller_of_its_own() {
    let (mut queue, mut gauge) = queue(Discipline::FqCodel(FqCodelSpec::default()));
    let mut thin = 0;
    for now in 0..600 {
        push(&mut queue, &mut gauge, now, 1_514, 1, &ROOM);
        if now % 10 == 0 {
            push(&mut queue, &mut gauge, now, 200, 2, &ROOM);
        }
        if now % 2 == 0 {
            let waiting = queue.pop(millis(now), &mut gauge);
            thin += u64::from(waiting.is_some_and(|waiting| port(&waiting.packet) == 2));
        }
    }
    assert!(gauge.drops.of(Cause::Codel) > 5);
    assert!(thin >= 59, "{thin} of 60: the thin flow was never dropped nor delayed");
}
