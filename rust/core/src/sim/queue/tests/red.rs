//! RED: the curve of its chance, the even spread of its hits, and its average.

use super::super::red::Red;
use super::*;

const SPEC: RedSpec = RedSpec {
    min_bytes: 10_000,
    max_bytes: 30_000,
    max_drop: 100_000,
    weight_log: 9,
    idle_step: Duration::from_millis(1),
    ecn: false,
};

/// Gaps between hits at a fixed average.
fn gaps(average: u64) -> Vec<u64> {
    let mut red = Red::new(SPEC, Instant::ZERO, Rng::new(9));
    red.set_average(average);
    let mut gaps = Vec::new();
    let mut gap = 0;
    for _ in 0..200_000 {
        gap += 1;
        if red.draw() {
            gaps.push(std::mem::take(&mut gap));
        }
    }
    gaps
}

#[test]
fn hits_are_spread_evenly_between_one_and_the_inverse_of_the_chance() {
    // (average, p_b): rising to a tenth at 30000, then to one at 60000.
    for (average, chance) in [(12_000, 0.01_f64), (20_000, 0.05), (29_999, 0.1), (45_000, 0.55)] {
        let gaps = gaps(average);
        let most = *gaps.iter().max().expect("there are hits") as f64;
        assert!(most <= (1.0 / chance + 1.0).floor(), "a gap of {most} at {average}");
        let mean = gaps.iter().sum::<u64>() as f64 / gaps.len() as f64;
        // The paper: uniform on 1 to 1/p_b, so the mean is (1/p_b + 1) / 2, where 1/p_b is whole.
        if (1.0 / chance).fract() < 1e-6 {
            let expected = (1.0 / chance + 1.0) / 2.0;
            assert!((mean / expected - 1.0).abs() < 0.03, "mean {mean}, expected {expected} at {average}");
        }
    }
}

#[test]
fn below_the_lower_threshold_nothing_is_hit_and_at_twice_the_upper_one_everything() {
    assert!(gaps(9_999).is_empty());
    assert_eq!(gaps(60_000).len(), 200_000);
}

#[test]
fn the_average_follows_the_queue_by_its_weight_and_decays_while_nothing_waits() {
    let mut gauge = Gauge::new(Instant::ZERO);
    let mut red =
        Red::new(RedSpec { min_bytes: 1 << 40, max_bytes: 1 << 41, ..SPEC }, millis(0), Rng::new(1));
    for _ in 0..50 {
        red.push(millis(0), waiting(millis(0), frame(1_000, 0, 1)), &ROOM, &mut gauge);
    }
    // The queue as each packet finds it: 0, 1000, ... 49000.
    let expected = (0..50).fold(0.0, |average, n| average + (f64::from(n) * 1_000.0 - average) / 512.0);
    let found = red.average_bytes() as f64;
    assert!((found - expected).abs() <= 2.0, "{found} is not {expected}");
    red.set_average(20_000);
    while red.pop(millis(1)).is_some() {}
    // 512 idle steps of a millisecond: the average falls to (1 - 1/512)^512 of what it was.
    red.push(millis(513), waiting(millis(513), frame(1_000, 0, 1)), &ROOM, &mut gauge);
    let decayed = 20_000.0 * (511.0f64 / 512.0).powi(513);
    assert!((red.average_bytes() as f64 - decayed).abs() < 5.0, "{}", red.average_bytes());
}

#[test]
fn with_ecn_what_can_be_marked_is_marked() {
    let spec = RedSpec { ecn: true, ..SPEC };
    let mut gauge = Gauge::new(Instant::ZERO);
    let mut red = Red::new(spec, millis(0), Rng::new(1));
    red.set_average(200_000);
    red.push(millis(0), waiting(millis(0), frame(1_000, ECT0, 1)), &ROOM, &mut gauge);
    red.push(millis(0), waiting(millis(0), frame(1_000, 0, 1)), &ROOM, &mut gauge);
    assert_eq!((gauge.marks.of(Cause::Red), gauge.drops.of(Cause::Red)), (1, 1));
    assert_eq!(red.pop(millis(0)).map(|waiting| tos(&waiting.packet)), Some(3));
}
