//! What a host sends: checksums, bytes, backoff.

use super::*;
use crate::time::Duration;
use test_case::test_case;

#[test]
fn a_report_says_when_who_where_which_rule_and_what() {
    let mut court = Court::open();
    court.at(1_500).sends(&seg(ACK, 1, 3));
    assert_eq!(
        court.broke(Rule::AckCovers),
        "1.500000000 s, host 3, 10.0.0.1:40000 > 10.0.0.2:80: ack-covers (RFC 9293 3.4): 4294967043 is acknowledged, but only \
         what is before 4294967041 came"
    );
}

#[test_case(14, "IP header"; "of IP")]
#[test_case(50, "TCP header"; "of TCP")]
fn a_wrong_checksum_is_seen(at: usize, what: &str) {
    let mut frame = seg(ACK, 1, 1).data(b"data").frame();
    frame[at] ^= 0x40;
    let mut court = Court::open();
    court.sends_frame(&frame);
    assert!(court.broke(Rule::Checksum).contains(what));
}

#[test]
fn wrong_checksums_of_icmp_and_udp_are_seen_too() {
    for protocol in [Protocol::ICMP, Protocol::UDP] {
        let mut court = Court::default();
        court.sends_frame(&packet(A, B, protocol, &[8, 0, 1, 1, 0, 8, 9, 9]));
        court.broke(Rule::Checksum);
    }
    let mut court = Court::default();
    court.sends_frame(&packet(A, B, Protocol::ICMP, &[0, 0, 0xff, 0xff, 0, 0, 0, 0]));
    court.clean();
}

#[test]
fn what_a_router_passes_on_may_be_damaged() {
    let mut frame = seg(ACK, 1, 1).data(b"data").by_peer().frame();
    frame[54] ^= 1;
    let mut court = Court::default();
    court.sends_frame(&frame);
    court.clean();
    // But not in the header that the router made.
    frame[22] ^= 1;
    court.sends_frame(&frame);
    court.broke(Rule::Checksum);
}

#[test]
fn what_is_sent_again_is_what_was_sent() {
    let mut court = Court::open();
    court.sends(&seg(ACK, 1, 1).data(b"abcdef")).sends(&seg(ACK, 3, 1).data(b"cdefgh"));
    court.clean();
    court.sends(&seg(ACK, 2, 1).data(b"bcdxfgh"));
    assert!(court.broke(Rule::Bytes).contains("byte 3"));
}

#[test]
fn nothing_is_left_out() {
    let mut court = Court::open();
    court.sends(&seg(ACK, 1, 1).data(b"abc"));
    court.sends(&seg(ACK, 5, 1).data(b"efg"));
    court.broke(Rule::Bytes);
}

/// A segment leaves again by timeout: its time, and the timeout and doublings from then on.
fn timeout(court: &mut Court, at: u64, rto: u64, backoff: u32) {
    let (una, rto) = (ISS + 1, Duration::from_millis(rto));
    court.at(at).tells(Live { una, rto, backoff, ..Live::default() }).sends(&seg(ACK, 1, 1).data(b"abc"));
}

#[test]
fn timeouts_that_grow_and_are_waited_for_are_right() {
    let mut court = Court::open();
    for (at, rto, backoff) in [(0, 200, 0), (200, 400, 1), (600, 800, 2), (1_400, 800, 3)] {
        timeout(&mut court, at, rto, backoff);
    }
    court.clean();
}

#[test]
fn a_timeout_that_falls_is_seen() {
    let mut court = Court::open();
    timeout(&mut court, 0, 200, 0);
    timeout(&mut court, 200, 400, 1);
    timeout(&mut court, 600, 300, 2);
    assert!(court.broke(Rule::Timeout).contains("falls from"));
}

#[test]
fn a_timeout_that_is_not_waited_for_is_seen() {
    let mut court = Court::open();
    timeout(&mut court, 0, 200, 0);
    timeout(&mut court, 200, 400, 1);
    timeout(&mut court, 500, 800, 2);
    assert!(court.broke(Rule::Timeout).contains("sends again after"));
}

#[test]
fn a_backoff_that_ends_by_itself_is_seen_and_one_that_an_ack_ends_is_right() {
    let mut court = Court::open();
    timeout(&mut court, 0, 200, 0);
    timeout(&mut court, 200, 400, 1);
    court.hears(&seg(ACK, 1, 2).by_peer());
    timeout(&mut court, 300, 200, 0);
    court.clean();
    timeout(&mut court, 500, 400, 1);
    timeout(&mut court, 900, 200, 0);
    assert!(court.broke(Rule::Timeout).contains("though nothing came"));
}
