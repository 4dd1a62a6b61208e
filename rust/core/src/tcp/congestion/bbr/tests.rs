//! BBR in the situations that the draft lists as example test cases, and its estimators by themselves.

use super::super::Control;
use super::super::testing::path::{Loss, Model, Path};
use super::super::testing::{MSS, ack, start};
use super::bounds::inflight_at_loss;
use super::*;
use crate::tcp::congestion::Kind;

const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// 50 Mbit/s, 40 ms, four bandwidth-delay products of queue.
fn deep() -> Path {
    let path = Path::new(50_000_000, 40);
    Path { buffer: 4 * path.bdp(), ..path }
}

fn bbr(model: &Model) -> &Bbr {
    match &model.flows[0].control {
        Control::Bbr(bbr) => bbr,
        other => panic!("{other:?}"),
    }
}

/// Let time pass, a millisecond at a time, until the flow is in `state`; when that was.
fn run_until(model: &mut Model, state: State, end: Duration) -> Instant {
    while bbr(model).state != state {
        assert!(model.now < Instant::ZERO + end, "never in {state:?}, but in {:?}", bbr(model).state);
        let next = model.now.as_millis() + 1;
        model.run(Duration::from_millis(next));
        model.now = Instant::from_millis(next);
    }
    model.now
}

#[test]
fn startup_ends_at_the_plateau_and_drain_with_the_queue() {
    let mut model = Model::new(deep()).with(Kind::Bbr);
    let full = run_until(&mut model, State::Drain, secs(3));
    let (rate, estimate) = (model.path.rate, bbr(&model).max_rate.value());
    assert!(estimate.abs_diff(rate) * 50 < rate, "{estimate} for {rate}");
    assert!(bbr(&model).full.ever);
    let drained = run_until(&mut model, State::Cruise, secs(3));
    assert!(drained.since(full) < Duration::from_millis(200), "{full:?} {drained:?}");
    let inflight = u64::from(bbr(&model).window);
    assert!(inflight <= 3 * model.path.bdp(), "{inflight}");
}

#[test]
fn startup_ends_by_loss_where_the_queue_is_short() {
    let path = deep();
    let mut model = Model::new(Path { buffer: path.bdp() / 4, ..path }).with(Kind::Bbr);
    model.run(secs(30));
    let flow = &model.flows[0];
    let goodput = flow.delivered as f64 / 30.0 / path.rate as f64;
    let lost = flow.lost as f64 / (flow.lost + flow.delivered) as f64;
    assert!(goodput > 0.8, "{goodput}");
    assert!(lost < 0.03, "{lost}");
    assert!(bbr(&model).bounds.inflight_long < 2 * path.bdp(), "loss has set the long-term bound");
}

#[test]
fn an_application_that_sends_little_says_nothing_of_the_path() {
    let mut model = Model::new(deep());
    model.add(Kind::Bbr, Instant::ZERO, |start| start);
    model.flows[0].supply = Some(0);
    model.trickle(500, 4_000);
    assert_eq!(bbr(&model).phase(), "startup");
    assert!(!bbr(&model).full.ever);
    // All at once it wants everything.
    model.flows[0].supply = None;
    model.trickle(u64::from(u32::MAX), 3_000);
    assert!(bbr(&model).full.ever);
    let (rate, estimate) = (model.path.rate, bbr(&model).max_rate.value());
    assert!(estimate.abs_diff(rate) * 50 < rate, "{estimate} for {rate}");
}

#[test]
fn a_pause_is_a_look_at_the_empty_path() {
    let mut model = Model::new(deep()).with(Kind::Bbr);
    model.run(secs(4));
    model.flows[0].supply = Some(0);
    model.trickle(0, 6_000);
    let (rate, window) = (bbr(&model).max_rate.value(), bbr(&model).window);
    model.trickle(10_000, 200);
    assert!(bbr(&model).state.is_probe_bw(), "{:?}", bbr(&model).state);
    assert!(!bbr(&model).min_rtt.due);
    assert_eq!(bbr(&model).max_rate.value(), rate, "the rate is remembered");
    assert!(bbr(&model).window >= window / 2, "and so is the window");
}

#[test]
fn probe_rtt_empties_the_path_and_gives_the_window_back() {
    let mut model = Model::new(deep()).with(Kind::Bbr);
    let began = run_until(&mut model, State::ProbeRtt, secs(8));
    let before = bbr(&model).prior_window;
    model.run(Duration::from_millis(began.as_millis() + 100));
    assert!(u64::from(bbr(&model).window) <= model.path.bdp() / 2 + u64::from(MSS));
    let ended = run_until(&mut model, State::Cruise, secs(9));
    let took = ended.since(began);
    assert!(took > Duration::from_millis(200) && took < Duration::from_millis(400), "{took:?}");
    assert!(bbr(&model).window >= before / 2, "{} for {before}", bbr(&model).window);
    assert_eq!(bbr(&model).min_rtt.value().map(|rtt| rtt.as_millis()), Some(40));
}

#[test]
fn ten_times_the_bandwidth_is_found_and_a_tenth_too() {
    let mut model = Model::new(Path { rate: 10_000_000 / 8, buffer: 400_000, ..deep() }).with(Kind::Bbr);
    model.run(secs(10));
    model.path.rate *= 10;
    model.run(secs(60));
    let (rate, estimate) = (model.path.rate, bbr(&model).max_rate.value());
    assert!(estimate * 10 > rate * 9, "{estimate} for {rate}");
    model.path.rate /= 10;
    model.run(secs(90));
    let (rate, estimate) = (model.path.rate, bbr(&model).max_rate.value());
    assert!(estimate * 10 < rate * 13, "{estimate} for {rate}");
    let before = model.flows[0].delivered;
    model.run(secs(120));
    let goodput = (model.flows[0].delivered - before) as f64 / 30.0 / rate as f64;
    assert!(goodput > 0.85, "{goodput}");
}

#[test]
fn a_path_that_holds_less_than_a_segment_gets_four() {
    let mut model = Model::new(Path::new(100_000, 20)).with(Kind::Bbr);
    model.run(secs(60));
    assert!(bbr(&model).window >= 4 * MSS);
    let goodput = model.flows[0].delivered as f64 / 60.0 / model.path.rate as f64;
    assert!(goodput > 0.9, "{goodput}");
}

#[test]
fn a_mistaken_repair_gives_the_probe_back() {
    let mut model = Model::new(deep()).with(Kind::Bbr);
    run_until(&mut model, State::Up, secs(30));
    let mut bbr = bbr(&model).clone();
    bbr.bounds.inflight_long = 2_000_000;
    let (window, now, delivered) = (bbr.window, model.now, bbr.delivered);
    bbr.on_loss(now, window);
    let sample = RateSample {
        delivered: delivered + u64::from(MSS),
        prior_delivered: delivered,
        lost: bbr.lost + 100 * u64::from(MSS),
        prior_lost: bbr.lost,
        newly_lost: 100 * MSS,
        sent_in_flight: window,
        interval: Duration::from_millis(40),
        ..RateSample::default()
    };
    bbr.on_ack(Acked { now, flight_left: window, in_recovery: true, sample, ..ack(MSS) });
    assert_eq!(bbr.state, State::Down, "a probe that loses this much is over");
    assert!(bbr.bounds.inflight_long < 2_000_000);
    bbr.on_undo(now);
    assert_eq!(bbr.state, State::Refill);
    assert_eq!(bbr.bounds.inflight_long, 2_000_000);
    assert!(bbr.window >= window);
}

#[test]
fn a_mark_ends_a_probe_and_slows_a_cruise_down() {
    let mut model = Model::new(deep()).with(Kind::Bbr);
    run_until(&mut model, State::Up, secs(30));
    let mut marked = bbr(&model).clone();
    marked.on_ecn(model.now, marked.window);
    assert_eq!(marked.state, State::Down);
    assert!(marked.bounds.inflight_long <= u64::from(marked.window));
    let path = Path { mark: Some(100_000), ..deep() };
    let mut model = Model::new(path).with(Kind::Bbr);
    model.run(secs(30));
    let goodput = model.flows[0].delivered as f64 / 30.0 / path.rate as f64;
    assert!(goodput > 0.8, "{goodput}");
    let late = model.delays.iter().filter(|(at, wait)| *at > Instant::from_secs(2) && wait.as_millis() > 30);
    assert_eq!(late.count(), 0, "the queue stays near the mark, 16 ms");
}

#[test]
fn a_timeout_leaves_one_segment_and_recovery_gives_the_rest_back() {
    let mut model = Model::new(deep()).with(Kind::Bbr);
    model.run(secs(3));
    let mut bbr = bbr(&model).clone();
    let (window, now) = (bbr.window, model.now);
    bbr.on_timeout(now, window);
    assert_eq!(bbr.window(), MSS);
    let delivered = bbr.delivered;
    let acked = |step: u64, after_timeout| Acked {
        now,
        after_timeout,
        sample: RateSample {
            delivered: delivered + step * u64::from(MSS),
            prior_delivered: delivered,
            ..RateSample::default()
        },
        ..ack(MSS)
    };
    bbr.on_ack(acked(1, true));
    assert!(bbr.window() <= 4 * MSS, "{}", bbr.window());
    bbr.on_ack(acked(2, false));
    assert!(bbr.window() > window / 2, "{} for {window}", bbr.window());
}

#[test]
fn equal_seeds_give_equal_runs_and_others_do_not() {
    let run = |seed| {
        let mut model = Model::new(Path { loss: Loss::Chance(1_000), ..deep() });
        model.add(Kind::Bbr, Instant::ZERO, |start| Start { seed, ..start });
        model.run(secs(10));
        (model.flows[0].delivered, bbr(&model).window, bbr(&model).pacing_rate)
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}

#[test]
fn loss_crosses_its_threshold_within_the_last_bytes() {
    // 2 % of 100,000 in flight are 2,000: of 1,500 lost before and 1,500 now, some 500 more would have been one too many.
    let (lost, size) = (3_000, 1_500);
    let at = inflight_at_loss(lost, 100_000, size);
    let (before, lost_before) = (98_500.0, 1_500.0);
    let exact = before + (0.02 * before - lost_before) / 0.98;
    assert!((at as f64 - exact).abs() <= 1.0, "{at} for {exact}");
    assert_eq!(inflight_at_loss(50_000, 100_000, 1_000), 99_000, "it was crossed long before");
}

#[test]
fn the_maximum_is_that_of_two_cycles() {
    let mut rate = MaxRate::default();
    rate.sample(100, false);
    rate.sample(50, true);
    assert_eq!(rate.value(), 100);
    rate.advance();
    rate.sample(70, false);
    assert_eq!(rate.value(), 100);
    rate.advance();
    assert_eq!(rate.value(), 70);
    rate.sample(90, true);
    assert_eq!(rate.value(), 90, "more than was thought possible, even of a lazy application");
}

#[test]
fn bursts_of_acks_are_measured_against_the_rate() {
    let mut aggregation = Aggregation::new(Instant::ZERO);
    let mut largest = 0;
    for burst in 1..100_u64 {
        let now = Instant::from_millis(burst * 10);
        for _ in 0..10 {
            aggregation.on_ack(now, 1_000, 1_000_000, 1_000_000, (burst, true));
        }
        largest = largest.max(aggregation.value());
    }
    assert!((9_000..=20_000).contains(&largest), "ten kilobytes every ten milliseconds: {largest}");
}

#[test]
fn the_first_rate_is_the_first_window_in_the_first_round_trip() {
    let mut bbr = Bbr::new(Start { rtt: Some(Duration::from_millis(100)), ..start() });
    assert_eq!(bbr.pacing_rate(), Some(277_000));
    bbr = Bbr::new(start());
    assert_eq!(bbr.pacing_rate(), Some(27_700_000), "a millisecond, where nothing was measured");
    bbr.on_ack(Acked { rtt: Some(Duration::from_millis(100)), ..ack(MSS) });
    assert_eq!(bbr.pacing_rate(), Some(277_000));
}
