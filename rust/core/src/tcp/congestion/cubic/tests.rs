//! CUBIC against the equations of RFC 9438, computed here in floating point.

use super::super::testing::{MSS, ack, start};
use super::*;
use crate::time::Duration;

const C: f64 = 0.4;
const BETA: f64 = 0.7;
const RTT: Duration = Duration::from_millis(100);

fn cubic() -> Cubic {
    Cubic::new(Start { hystart: false, ..start() })
}

/// After a loss at `segments` in flight, with recovery over.
fn cut_at(segments: u32) -> Cubic {
    let mut cubic = cubic();
    cubic.window = segments * MSS;
    cubic.on_loss(Instant::ZERO, segments * MSS);
    cubic
}

/// One window after the other is acknowledged, segment by segment, until `end`.
fn run(cubic: &mut Cubic, from: Instant, end: Duration) {
    let mut now = from;
    while now < from + end {
        let segments = (cubic.window() / MSS).max(1);
        for index in 0..segments {
            let at = now + Duration::from_nanos(RTT.as_nanos() * u64::from(index) / u64::from(segments));
            cubic.on_ack(Acked { now: at, srtt: Some(RTT), ..ack(MSS) });
        }
        now += RTT;
    }
}

fn cube_root(value: f64) -> f64 {
    (0..100).fold(value, |root, _| (2.0 * root + value / (root * root)) / 3.0)
}

fn segments(cubic: &Cubic) -> f64 {
    f64::from(cubic.window()) / f64::from(MSS)
}

#[test]
fn a_loss_leaves_seven_tenths() {
    let cubic = cut_at(100);
    assert_eq!((cubic.window(), cubic.threshold()), (70 * MSS, 70 * MSS));
    assert_eq!(cubic.model.plateau, 100 * MSS);
}

#[test]
fn the_window_follows_the_curve() {
    for loss in [500, 2000] {
        let w_max = f64::from(loss);
        let k = cube_root((1.0 - BETA) * w_max / C);
        for part in [0.25, 0.5, 0.75, 1.0, 1.25, 1.5] {
            let mut cubic = cut_at(loss);
            let time = part * k;
            run(&mut cubic, Instant::ZERO, Duration::from_micros((time * 1e6) as u64));
            let exact = C * (time - k).powi(3) + w_max;
            let error = (segments(&cubic) - exact).abs() / exact;
            assert!(error < 0.02, "{loss} at {part} K: {} for {exact}", segments(&cubic));
        }
    }
}

#[test]
fn the_target_is_at_most_half_as_much_again() {
    let mut cubic = cut_at(10);
    cubic.on_ack(Acked { srtt: Some(RTT), ..ack(MSS) });
    let late = Instant::from_secs(100);
    for _ in 0..7 {
        cubic.on_ack(Acked { now: late, srtt: Some(RTT), ..ack(MSS) });
    }
    assert!(segments(&cubic) < 7.0 * 1.5 + 1.0, "{}", segments(&cubic));
    assert!(segments(&cubic) > 7.0 * 1.3, "{}", segments(&cubic));
}

#[test]
fn a_small_window_grows_as_reno_of_the_same_mean() {
    // 20 segments at 5 ms: the curve takes 2.5 s to its plateau, Reno gains 9/17 segments each round trip.
    let (mut cubic, rtt) = (cut_at(20), Duration::from_millis(5));
    let mut now = Instant::ZERO;
    let mut reno: f64 = 14.0;
    for _ in 0..10 {
        let count = cubic.window() / MSS;
        for _ in 0..count {
            cubic.on_ack(Acked { now, srtt: Some(rtt), ..ack(MSS) });
            reno += 9.0 / 17.0 / reno;
        }
        now += rtt;
    }
    assert_eq!(cubic.phase(), "reno-friendly");
    assert!((segments(&cubic) - reno).abs() < 0.1, "{} for {reno}", segments(&cubic));
    // Beyond the window at the cut the gain is one segment a round trip.
    let mut rounds = 0;
    while segments(&cubic) < 21.0 {
        for _ in 0..cubic.window() / MSS {
            cubic.on_ack(Acked { now, srtt: Some(rtt), ..ack(MSS) });
        }
        (now, rounds) = (now + rtt, rounds + 1);
        assert!(rounds < 20);
    }
    let before = segments(&cubic);
    for _ in 0..cubic.window() / MSS {
        cubic.on_ack(Acked { now, srtt: Some(rtt), ..ack(MSS) });
    }
    assert!((segments(&cubic) - before - 1.0).abs() < 0.1, "{before} to {}", segments(&cubic));
}

#[test]
fn who_stops_short_of_the_plateau_leaves_room() {
    let mut cubic = cut_at(100);
    cubic.on_loss(Instant::ZERO, 70 * MSS);
    assert_eq!(cubic.model.plateau, 70 * MSS * 17 / 20);
    assert_eq!(cubic.window(), 49 * MSS);
}

#[test]
fn time_without_use_does_not_count() {
    let second = Duration::from_secs(1);
    let grown = |idle: u64, silent: bool| {
        let mut cubic = cut_at(500);
        run(&mut cubic, Instant::ZERO, second);
        let end = Instant::from_secs(1 + idle);
        if silent {
            cubic.on_sent(end, 0, true);
        } else {
            for tenth in 0..idle * 10 {
                let now = Instant::from_millis(1000 + tenth * 100);
                cubic.on_ack(Acked { now, limited: false, srtt: Some(RTT), ..ack(MSS) });
            }
        }
        run(&mut cubic, end, second);
        segments(&cubic)
    };
    let busy = grown(0, true);
    for silent in [true, false] {
        let rested = grown(60, silent);
        assert!((rested - busy).abs() / busy < 0.02, "{rested} for {busy}");
    }
}

#[test]
fn after_a_timeout_the_curve_starts_flat_at_the_threshold() {
    let mut cubic = cut_at(100);
    cubic.on_timeout(Instant::ZERO, 100 * MSS);
    assert_eq!((cubic.window(), cubic.threshold()), (MSS, 70 * MSS));
    while cubic.window() < cubic.threshold() {
        cubic.on_ack(ack(MSS));
    }
    cubic.on_ack(Acked { srtt: Some(RTT), ..ack(MSS) });
    assert_eq!(cubic.model.plateau, 70 * MSS);
    run(&mut cubic, Instant::ZERO, Duration::from_secs(8));
    // No way back to the plateau first: C t^3 beyond it from the start.
    let exact = 70.0 + C * 8.0_f64.powi(3);
    assert!((segments(&cubic) - exact).abs() / exact < 0.06, "{} for {exact}", segments(&cubic));
}

#[test]
fn a_mistaken_cut_is_taken_back_with_all_its_curve() {
    let mut cubic = cut_at(500);
    run(&mut cubic, Instant::ZERO, Duration::from_secs(3));
    let (before, later) = (cubic.clone(), Instant::from_secs(3));
    for timeout in [false, true] {
        if timeout {
            cubic.on_timeout(later, cubic.window());
        } else {
            cubic.on_loss(later, cubic.window());
        }
        assert!(cubic.window() < before.window());
        cubic.on_undo(later);
        assert_eq!((cubic.window(), cubic.threshold()), (before.window(), before.threshold()));
        assert_eq!((cubic.model.plateau, cubic.model.prior), (before.model.plateau, before.model.prior));
        assert_eq!(cubic.model.epoch.map(|epoch| epoch.k), before.model.epoch.map(|epoch| epoch.k));
    }
}

#[test]
fn an_undo_that_comes_late_leaves_a_larger_window_alone() {
    let mut cubic = cut_at(20);
    run(&mut cubic, Instant::ZERO, Duration::from_secs(20));
    let window = cubic.window();
    cubic.on_undo(Instant::from_secs(20));
    assert_eq!(cubic.window(), window);
}

#[test]
fn a_mark_may_weigh_less_than_a_loss() {
    for (ecn_backoff, left) in [(false, 70), (true, 85)] {
        let mut cubic = Cubic::new(Start { ecn_backoff, window: 100 * MSS, ..start() });
        cubic.on_ecn(Instant::ZERO, 100 * MSS);
        assert_eq!(cubic.window(), left * MSS);
    }
    let mut small = cubic();
    small.on_ecn(Instant::ZERO, 2 * MSS);
    assert_eq!((small.window(), small.threshold()), (2 * MSS * 7 / 10, 2 * MSS));
}

#[test]
fn after_a_rest_it_resumes_below_three_quarters() {
    let mut cubic = cut_at(200);
    cubic.on_idle(10 * MSS);
    assert_eq!((cubic.window(), cubic.threshold()), (10 * MSS, 140 * MSS));
    run(&mut cubic, Instant::ZERO, Duration::from_secs(20));
    cubic.on_idle(10 * MSS);
    assert!(cubic.threshold() > 200 * MSS, "{}", cubic.threshold());
}
