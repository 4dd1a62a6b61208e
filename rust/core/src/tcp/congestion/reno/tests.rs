use super::super::testing::{MSS, ack, start};
use super::*;

fn reno() -> Reno {
    Reno::new(Start { hystart: false, ..start() })
}

#[test]
fn slow_start_counts_bytes_and_caps_a_stretched_ack() {
    let mut reno = reno();
    reno.on_ack(ack(1));
    assert_eq!(reno.window(), 10 * MSS + 1, "dividing an ACK gains nothing");
    reno.on_ack(ack(40 * MSS));
    assert_eq!(reno.window(), 12 * MSS + 1);
    reno.on_ack(Acked { after_timeout: true, ..ack(40 * MSS) });
    assert_eq!(reno.window(), 13 * MSS + 1);
}

#[test]
fn an_idle_application_earns_no_window() {
    let mut reno = reno();
    reno.on_ack(Acked { limited: false, ..ack(MSS) });
    assert_eq!(reno.window(), 10 * MSS);
}

#[test]
fn avoidance_adds_a_segment_a_window() {
    let mut reno = reno();
    reno.on_loss(Instant::ZERO, 20 * MSS);
    assert_eq!((reno.window(), reno.threshold()), (10 * MSS, 10 * MSS));
    for _ in 0..9 {
        reno.on_ack(ack(MSS));
    }
    assert_eq!(reno.window(), 10 * MSS);
    reno.on_ack(ack(MSS));
    assert_eq!(reno.window(), 11 * MSS);
}

#[test]
fn timeout_falls_to_one_segment_and_never_below_two_of_threshold() {
    let mut reno = reno();
    reno.on_timeout(Instant::ZERO, MSS);
    assert_eq!((reno.window(), reno.threshold()), (MSS, 2 * MSS));
    reno.on_ack(ack(2 * MSS));
    assert_eq!(reno.window(), 2 * MSS, "slow start stops at the threshold");
}

#[test]
fn a_mistaken_cut_is_taken_back() {
    let mut reno = reno();
    reno.on_loss(Instant::ZERO, 8 * MSS);
    assert_eq!((reno.window(), reno.threshold()), (4 * MSS, 4 * MSS));
    reno.on_undo(Instant::ZERO);
    assert_eq!((reno.window(), reno.threshold()), (10 * MSS, MAX_WINDOW));
}
