//! The algorithms in the model of a path, against the equations of their documents.

use super::super::{CongestionControl, Kind, Start};
use super::MSS;
use super::path::{Loss, Model, Path};
use crate::time::{Duration, Instant};

const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// The mean window over `epochs` losses, each after exactly `every` segments, on a path without a queue. It starts at
/// `law`, so that the first slow start needs not be lived down.
fn mean_window(kind: Kind, every: u64, rtt_millis: u64, epochs: u32, law: f64) -> f64 {
    const SETTLED: u32 = 10;
    let path = Path { loss: Loss::Every(every), ..Path::new(1_000_000_000_000, rtt_millis) };
    let mut model = Model::new(path);
    let window = law as u32 * MSS;
    model.add(kind, Instant::ZERO, |start| Start { window, threshold: window, ..start });
    model.run_while(secs(1_000_000), |model| model.flows[0].losses < SETTLED);
    let now = model.now;
    model.flows[0].start_measuring(now);
    model.run_while(secs(1_000_000), |model| model.flows[0].losses < SETTLED + epochs);
    model.flows[0].mean_window()
}

#[test]
fn reno_obeys_the_square_root_law() {
    for (every, epochs) in [(100, 100), (1_000, 60), (10_000, 20)] {
        let p = 1.0 / every as f64;
        let law = (3.0 / (2.0 * p)).sqrt();
        let mean = mean_window(Kind::Reno, every, 50, epochs, law);
        assert!((mean - law).abs() < 0.1 * law, "p = {p}: {mean} for {law}");
    }
}

#[test]
fn cubic_obeys_its_response_function() {
    for (every, epochs) in [(10_000, 30), (100_000, 8)] {
        for rtt in [20_u32, 100] {
            let p = 1.0 / every as f64;
            let seconds = f64::from(rtt) / 1000.0;
            //= rfc9438#5.1   AVG_W_cubic, and Reno's where that is larger
            let cubic =
                (0.4_f64 * 3.7 / (4.0 * 0.3) * (seconds / p) * (seconds / p) * (seconds / p)).sqrt().sqrt();
            let law = cubic.max((3.0 / (2.0 * p)).sqrt());
            let mean = mean_window(Kind::Cubic, every, u64::from(rtt), epochs, law);
            assert!((mean - law).abs() < 0.15 * law, "p = {p}, {rtt} ms: {mean} for {law}");
        }
    }
}

/// Slow start on a queue of four bandwidth-delay products: phases seen, and segments dropped until it ended.
fn first_slow_start(kind: Kind, hystart: bool) -> (Vec<&'static str>, u64) {
    let mut path = Path::new(20_000_000, 40);
    path.buffer = 4 * path.bdp();
    let mut model = Model::new(path);
    model.add(kind, Instant::ZERO, |start| Start { hystart, ..start });
    let mut phases = Vec::new();
    for step in 1..5_000 {
        model.run(Duration::from_millis(step));
        let phase = model.flows[0].control.phase();
        if phases.last() != Some(&phase) {
            phases.push(phase);
        }
        if model.flows[0].left_slow_start() {
            break;
        }
    }
    (phases, model.drops)
}

#[test]
fn hystart_slows_down_before_the_first_loss() {
    for kind in [Kind::Cubic, Kind::Reno] {
        let (phases, drops) = first_slow_start(kind, true);
        assert_eq!(phases[..2], ["slow-start", "conservative-slow-start"], "{phases:?}");
        let (_, without) = first_slow_start(kind, false);
        assert!(without > 50, "slow start alone overflows the queue: {without}");
        assert!(2 * drops < without, "{drops} with HyStart++, {without} without");
    }
}

#[test]
fn dctcp_keeps_the_queue_at_the_mark() {
    let mut path = Path::new(100_000_000, 10);
    path.mark = Some(30_000);
    path.buffer = 400_000;
    let mut model = Model::new(path).with(Kind::Dctcp);
    model.run(secs(20));
    let late: Vec<_> = model.delays.iter().filter(|(at, _)| *at > Instant::from_secs(5)).collect();
    let mean = late.iter().map(|(_, wait)| wait.as_nanos() as f64).sum::<f64>() / late.len() as f64 / 1e9;
    let mark = 30_000.0 / path.rate as f64;
    assert!(mean < 1.5 * mark, "mean wait {mean} s, mark at {mark} s");
    assert_eq!(model.drops, 0);
    let goodput = model.flows[0].delivered as f64 / 20.0 / path.rate as f64;
    assert!(goodput > 0.95, "{goodput}");
}

/// BBR, CUBIC: goodput as a part of the rate, and the median wait, on 50 Mbit/s, 40 ms, 2 BDP, 1 % random loss.
fn lossy(kind: Kind) -> (f64, Duration) {
    let mut path = Path::new(50_000_000, 40);
    path.buffer = 2 * path.bdp();
    path.loss = Loss::Chance(10_000);
    let mut model = Model::new(path).with(kind);
    model.run(secs(60));
    (model.flows[0].delivered as f64 / 60.0 / path.rate as f64, model.median_delay(Instant::from_secs(3)))
}

#[test]
fn bbr_fills_a_pipe_that_loses_by_chance() {
    let (bbr, wait) = lossy(Kind::Bbr);
    let (cubic, _) = lossy(Kind::Cubic);
    assert!(bbr > 0.8, "{bbr}");
    assert!(bbr >= 5.0 * cubic, "BBR {bbr}, CUBIC {cubic}");
    assert!(wait < Duration::from_millis(60), "{wait:?}");
}

#[test]
fn bbr_fills_a_clean_pipe_and_keeps_its_queue_small() {
    let mut path = Path::new(50_000_000, 40);
    path.buffer = 4 * path.bdp();
    let mut model = Model::new(path).with(Kind::Bbr);
    model.run(secs(30));
    let goodput = model.flows[0].delivered as f64 / 30.0 / path.rate as f64;
    let wait = model.median_delay(Instant::from_secs(2));
    assert!(goodput > 0.93, "{goodput}");
    assert!(wait < Duration::from_millis(10), "{wait:?}");
    assert_eq!(model.drops, 0);
}

#[test]
fn bbr_looks_at_the_empty_path_every_five_seconds() {
    let mut model = Model::new(Path::new(50_000_000, 40)).with(Kind::Bbr);
    let (mut starts, mut inside) = (Vec::new(), false);
    for step in 1..31_000 {
        model.run(Duration::from_millis(step));
        let now_inside = model.flows[0].control.phase() == "probe-rtt";
        if now_inside && !inside {
            starts.push(step);
        }
        inside = now_inside;
    }
    assert!((4..=6).contains(&starts.len()), "{starts:?}");
    for pair in starts.windows(2) {
        //= draft-ietf-ccwg-bbr#5.3.4.3   five seconds after the last look, which takes 200 ms and a round trip
        assert!((5_000..=5_600).contains(&(pair[1] - pair[0])), "{starts:?}");
    }
}

#[test]
fn two_bbr_flows_come_to_equal_shares() {
    let mut path = Path::new(50_000_000, 40);
    path.buffer = 2 * path.bdp();
    let mut model = Model::new(path).with(Kind::Bbr);
    model.add(Kind::Bbr, Instant::from_secs(5), |start| start);
    model.run(secs(60));
    let before = [model.flows[0].delivered, model.flows[1].delivered];
    model.run(secs(120));
    let shares = [0, 1].map(|flow: usize| (model.flows[flow].delivered - before[flow]) as f64);
    let sum = shares[0] + shares[1];
    let jain = sum * sum / (2.0 * (shares[0] * shares[0] + shares[1] * shares[1]));
    assert!(jain > 0.9, "{shares:?}");
    assert!(sum / 60.0 / path.rate as f64 > 0.9, "{shares:?}");
}
