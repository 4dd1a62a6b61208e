//! DCTCP against the equations of RFC 8257.

use super::super::RateSample;
use super::super::testing::{MSS, ack, start};
use super::*;

/// `rounds` round trips of ten segments each, `marked` of them marked.
fn rounds(dctcp: &mut Dctcp, from: u64, rounds: u64, marked: u32) {
    for round in from..from + rounds {
        for segment in 0..10_u64 {
            let delivered = (round * 10 + segment + 1) * u64::from(MSS);
            let prior_delivered = delivered.saturating_sub(10 * u64::from(MSS));
            let sample = RateSample { delivered, prior_delivered, ..RateSample::default() };
            dctcp.on_marks(if segment < u64::from(marked) { MSS } else { 0 });
            dctcp.on_delivery(MSS, &sample);
            dctcp.on_ack(Acked { limited: false, sample, ..ack(MSS) });
        }
    }
}

#[test]
fn alpha_is_the_smoothed_part_of_marked_bytes() {
    let mut dctcp = Dctcp::new(start());
    assert_eq!(dctcp.alpha_ppm(), 1_000_000, "the first mark halves");
    rounds(&mut dctcp, 0, 200, 3);
    assert!(dctcp.alpha_ppm().abs_diff(300_000) < 20_000, "{}", dctcp.alpha_ppm());
    // Without marks it falls by a sixteenth each round trip.
    let before = dctcp.alpha_ppm() as f64;
    rounds(&mut dctcp, 200, 10, 0);
    let exact = (0..10).fold(before, |alpha, _| alpha * 15.0 / 16.0);
    assert!((dctcp.alpha_ppm() as f64 - exact).abs() < 0.07 * exact, "{} for {exact}", dctcp.alpha_ppm());
}

#[test]
fn a_mark_cuts_by_half_of_alpha() {
    let mut dctcp = Dctcp::new(Start { window: 100 * MSS, ..start() });
    dctcp.on_ecn(Instant::ZERO, 100 * MSS);
    assert_eq!(dctcp.window(), 50 * MSS);
    dctcp.alpha = ONE / 4;
    dctcp.on_ecn(Instant::ZERO, 50 * MSS);
    assert_eq!((dctcp.window(), dctcp.threshold()), (43_750, 43_750));
}

#[test]
fn a_loss_weighs_as_much_as_ever() {
    let mut dctcp = Dctcp::new(Start { window: 100 * MSS, ..start() });
    dctcp.alpha = 0;
    dctcp.on_loss(Instant::ZERO, 100 * MSS);
    assert_eq!(dctcp.window(), 50 * MSS);
    dctcp.on_timeout(Instant::ZERO, 50 * MSS);
    assert_eq!((dctcp.window(), dctcp.threshold()), (MSS, 25 * MSS));
}

#[test]
fn more_marks_than_bytes_are_as_many() {
    let mut dctcp = Dctcp::new(start());
    rounds(&mut dctcp, 0, 200, 0);
    dctcp.on_marks(1 << 30);
    rounds(&mut dctcp, 200, 1, 0);
    assert!(dctcp.alpha_ppm().abs_diff(62_500) < 1_000, "a sixteenth of one: {}", dctcp.alpha_ppm());
}
