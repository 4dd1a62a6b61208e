//! HyStart++ round by round.

use super::super::RateSample;
use super::super::testing::{MSS, ack, start};
use super::*;

/// A round trip of ten ACKs, `millis` long each; what the last step was.
fn round(slow_start: &mut SlowStart, number: u64, millis: u64) -> Step {
    let mut step = Step { growth: 0, ends: false };
    let mut ends = false;
    for segment in 0..10 {
        let delivered = (number * 10 + segment + 1) * u64::from(MSS);
        let prior_delivered = delivered.saturating_sub(10 * u64::from(MSS));
        let sample = RateSample { delivered, prior_delivered, ..RateSample::default() };
        step =
            slow_start.on_ack(&Acked { rtt: Some(Duration::from_millis(millis)), sample, ..ack(MSS) }, MSS);
        ends |= step.ends;
    }
    Step { ends, ..step }
}

fn fresh() -> SlowStart {
    SlowStart::new(&start())
}

#[test]
fn a_growing_round_trip_slows_down_and_five_rounds_end_it() {
    let mut slow_start = fresh();
    for number in 0..4 {
        assert_eq!(round(&mut slow_start, number, 80).growth, MSS);
    }
    // An eighth of 80 ms more.
    assert_eq!(round(&mut slow_start, 4, 90).growth, MSS / 4);
    assert_eq!(slow_start.phase(), "conservative-slow-start");
    let rounds = (5..20).take_while(|number| !round(&mut slow_start, *number, 95).ends).count();
    assert_eq!(rounds, 4, "the round in which it began counts");
}

#[test]
fn a_little_more_is_no_queue() {
    for (before, after) in [(80, 89), (8, 11), (400, 415)] {
        let mut slow_start = fresh();
        round(&mut slow_start, 0, before);
        round(&mut slow_start, 1, before);
        round(&mut slow_start, 2, after);
        assert_eq!(slow_start.phase(), "slow-start", "{before} to {after}");
    }
    for (before, after) in [(8, 12), (400, 416)] {
        let mut slow_start = fresh();
        round(&mut slow_start, 0, before);
        round(&mut slow_start, 1, before);
        round(&mut slow_start, 2, after);
        assert_eq!(slow_start.phase(), "conservative-slow-start", "{before} to {after}");
    }
}

#[test]
fn a_round_trip_that_falls_back_was_noise() {
    let mut slow_start = fresh();
    round(&mut slow_start, 0, 40);
    round(&mut slow_start, 1, 40);
    round(&mut slow_start, 2, 60);
    assert_eq!(slow_start.phase(), "conservative-slow-start");
    assert_eq!(round(&mut slow_start, 3, 41).growth, MSS);
    assert_eq!(slow_start.phase(), "slow-start");
}

#[test]
fn few_samples_prove_nothing() {
    let mut slow_start = fresh();
    round(&mut slow_start, 0, 40);
    for number in 0..100_u64 {
        // One ACK a round trip, for all of it.
        let delivered = 20_000 + number * 10_000;
        let sample = RateSample { delivered, prior_delivered: delivered - 10_000, ..RateSample::default() };
        let rtt = Some(Duration::from_millis(40 + number * 10));
        assert!(!slow_start.on_ack(&Acked { rtt, sample, ..ack(10 * MSS) }, MSS).ends);
    }
    assert_eq!(slow_start.phase(), "slow-start");
}

#[test]
fn one_ack_grows_by_eight_segments_at_most_unless_paced() {
    let mut slow_start = fresh();
    assert_eq!(slow_start.on_ack(&ack(20 * MSS), MSS).growth, 8 * MSS);
    let mut paced = SlowStart::new(&Start { paced: true, ..start() });
    assert_eq!(paced.on_ack(&ack(20 * MSS), MSS).growth, 20 * MSS);
}

#[test]
fn only_the_first_slow_start_is_watched() {
    for start in [Start { hystart: false, ..start() }, Start { threshold: 20 * MSS, ..start() }] {
        let mut slow_start = SlowStart::new(&start);
        for number in 0..20 {
            let step = round(&mut slow_start, number, 40 + number * 10);
            assert_eq!(step, Step { growth: MSS, ends: false });
        }
        assert_eq!(slow_start.on_ack(&ack(20 * MSS), MSS).growth, 2 * MSS, "RFC 3465's limit");
    }
}
