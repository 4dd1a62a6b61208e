//! Loss: the retransmission timer, fast retransmit, NewReno, limited transmit, Reno's windows.

use super::peer::*;
use crate::observe::Counter;
use crate::tcp::Config;
use crate::time::Duration;

/// Ten segments out, none acknowledged.
fn ten_out(config: Config) -> Peer {
    let mut peer = Peer::established_with(config, plain_options());
    peer.write(30_000).unwrap();
    assert_eq!(peer.out().len(), 10);
    peer
}

#[test]
fn the_timer_sends_the_oldest_segment_again_and_doubles() {
    let mut peer = Peer::established();
    peer.write(500).unwrap();
    assert_eq!(peer.says(), "PSH|ACK 1:1 +500");
    assert_eq!(
        peer.pass(3_500),
        "@200 PSH|ACK 1:1 +500, @600 PSH|ACK 1:1 +500, @1400 PSH|ACK 1:1 +500, @3000 PSH|ACK 1:1 +500"
    );
    assert_eq!(peer.bench.count(Counter::TcpTimeouts), 4);
    assert_eq!(peer.bench.count(Counter::TcpRetransSegs), 4);
    assert_eq!(peer.info().retransmissions, 4);
    peer.send(&seg(ACK, 1, 501));
    assert_eq!(peer.tcp.poll_timeout(), None);
}

#[test]
fn after_a_timeout_all_goes_again_in_slow_start() {
    let mut peer = ten_out(Config { frto: false, ..config() });
    assert_eq!(peer.pass(200), "@200 ACK 1:1 +1000");
    let info = peer.info();
    assert_eq!((info.cwnd, info.ssthresh, info.recovery), (1_000, Some(5_000), "loss"));
    assert_eq!(peer.answer(&seg(ACK, 1, 1_001)), "ACK 1001:1 +1000, ACK 2001:1 +1000");
    assert_eq!(peer.answer(&seg(ACK, 1, 3_001)), "ACK 3001:1 +1000, ACK 4001:1 +1000, ACK 5001:1 +1000");
    // The rest had arrived: nothing of it goes a second time.
    let said = peer.answer(&seg(ACK, 1, 10_001));
    assert!(said.starts_with("ACK 10001:1 +1000"), "{said}");
    assert_eq!(peer.info().recovery, "open");
}

#[test]
fn a_repair_that_moves_on_ends_the_backoff() {
    //= rfc6298#5.7   type=test
    let mut peer = Peer::stamped(Config { frto: false, ..config() });
    peer.write(30_000).unwrap();
    assert_eq!(peer.out().len(), 10);
    peer.pass(3_000);
    let before = peer.info();
    assert_eq!((before.backoff, before.rto), (4, Duration::from_millis(3_200)));
    peer.bench.advance(Duration::from_millis(40));
    // The timestamp tells that it is the last copy that arrived, however much else is still to be sent again.
    let stamp = peer.stamp() - 40;
    peer.send(&seg(ACK, 1, 989).stamps(200, stamp));
    let after = peer.info();
    assert_eq!(after.backoff, 0, "{after:?}");
    assert!(after.rto < Duration::from_secs(1), "{after:?}");
}

#[test]
fn the_threshold_falls_once_for_repeated_timeouts() {
    let mut peer = ten_out(config());
    peer.pass(200);
    let first = peer.info().ssthresh;
    peer.pass(2_000);
    assert_eq!((peer.info().ssthresh, peer.info().cwnd), (first, 1_000));
}

#[test]
fn three_duplicates_repair_one_loss() {
    let mut peer = ten_out(config());
    let duplicate = seg(ACK, 1, 1);
    assert_eq!(peer.answer(&duplicate), "ACK 10001:1 +1000", "limited transmit");
    assert_eq!(peer.answer(&duplicate), "ACK 11001:1 +1000", "limited transmit");
    assert_eq!(peer.answer(&duplicate), "ACK 1:1 +1000");
    let info = peer.info();
    assert_eq!((info.cwnd, info.ssthresh, info.recovery), (9_000, Some(5_000), "fast"));
    assert_eq!(peer.bench.count(Counter::TcpFastRetrans), 1);
    // PRR: one out for two in, until what is out has come down to the threshold.
    let said: Vec<_> = (0..6).map(|_| peer.answer(&duplicate)).collect();
    assert_eq!(said, ["", "", "ACK 12001:1 +1000", "", "", "ACK 13001:1 +1000"]);
    peer.answer(&seg(ACK, 1, 12_001));
    assert_eq!((peer.info().recovery, peer.info().cwnd), ("open", 5_000));
}

#[test]
fn without_limited_transmit_the_first_two_duplicates_send_nothing() {
    let mut peer = ten_out(Config { limited_transmit: false, ..config() });
    assert_eq!(peer.answer(&seg(ACK, 1, 1)), "");
    assert_eq!(peer.answer(&seg(ACK, 1, 1)), "");
    assert_eq!(peer.answer(&seg(ACK, 1, 1)), "ACK 1:1 +1000");
}

#[test]
fn a_partial_ack_shows_the_next_hole() {
    let mut peer = ten_out(Config { limited_transmit: false, ..config() });
    for _ in 0..3 {
        peer.answer(&seg(ACK, 1, 1));
    }
    let said = peer.answer(&seg(ACK, 1, 4_001));
    assert!(said.starts_with("ACK 4001:1 +1000"), "{said}");
    assert_eq!(peer.info().recovery, "fast");
    let said = peer.answer(&seg(ACK, 1, 7_001));
    assert!(said.starts_with("ACK 7001:1 +1000"), "{said}");
    peer.answer(&seg(ACK, 1, 10_001));
    assert_eq!(peer.info().recovery, "open");
    assert_eq!(peer.bench.count(Counter::TcpFastRetrans), 1, "one window, one halving");
    assert_eq!(peer.info().ssthresh, Some(5_000));
}

#[test]
fn duplicates_of_a_repaired_timeout_start_nothing() {
    let mut peer = ten_out(config());
    peer.pass(200);
    for _ in 0..5 {
        peer.answer(&seg(ACK, 1, 1));
    }
    assert_eq!(peer.bench.count(Counter::TcpFastRetrans), 0);
}

#[test]
fn what_is_no_duplicate_counts_as_none() {
    let mut peer = ten_out(config());
    for i in 0..4 {
        peer.answer(&seg(ACK, 1 + i, 1).data(b"x"));
        peer.answer(&seg(ACK, 1 + i, 1).window(0x8000 + i as u16));
    }
    assert_eq!(peer.bench.count(Counter::TcpFastRetrans), 0);
}

#[test]
fn forged_duplicates_cannot_inflate_the_window_without_end() {
    let mut peer = ten_out(config());
    peer.write(1_000_000).unwrap();
    for _ in 0..1_000 {
        peer.answer(&seg(ACK, 1, 1));
    }
    assert!(peer.info().flight <= 0xffff, "{}", peer.info().flight);
    let before = peer.info().flight;
    for _ in 0..1_000 {
        peer.answer(&seg(ACK, 1, 1));
    }
    assert!(peer.info().flight >= before && peer.info().flight <= 0xffff);
}

#[test]
fn karn_ignores_what_was_sent_twice() {
    let mut peer = Peer::established();
    peer.write(500).unwrap();
    peer.out();
    let srtt = peer.info().srtt;
    peer.pass(650);
    peer.send(&seg(ACK, 1, 501));
    assert_eq!(peer.info().srtt, srtt);
    assert_eq!(peer.info().rto, Duration::from_millis(800), "the backoff stays until something is measured");
    peer.write(500).unwrap();
    peer.out();
    peer.bench.advance(Duration::from_millis(10));
    peer.send(&seg(ACK, 1, 1_001));
    assert_eq!(peer.info().rto, Duration::from_micros(201_250), "200 ms over an eighth of ten");
}

#[test]
fn timestamps_measure_retransmissions_too() {
    let mut peer = Peer::stamped(config());
    peer.write(500).unwrap();
    peer.out();
    peer.fire();
    let again = peer.out();
    assert!(again[0].retransmission);
    let stamp = again[0].header.options.timestamps.expect("agreed").value;
    peer.bench.advance(Duration::from_millis(80));
    peer.send(&seg(ACK, 1, 501).stamps(101, stamp));
    assert_eq!(peer.info().srtt, Some(Duration::from_millis(10)), "an eighth of 80 over nearly nothing");
    assert!(peer.info().rto < Duration::from_millis(400));
}

#[test]
fn an_idle_connection_starts_slowly_again() {
    let mut peer = Peer::established();
    for i in 0..20 {
        peer.write(10_000).unwrap();
        peer.out();
        peer.answer(&seg(ACK, 1, 1 + 10_000 * (i + 1)));
    }
    assert!(peer.info().cwnd > 10_000);
    peer.bench.advance(Duration::from_secs(5));
    peer.write(30_000).unwrap();
    assert_eq!(peer.out().len(), 10);
}

#[test]
fn the_window_grows_by_bytes_not_by_acks() {
    let mut peer = ten_out(config());
    for i in 1..=100 {
        peer.answer(&seg(ACK, 1, 1 + i * 10));
    }
    assert_eq!(peer.info().cwnd, 11_000, "a segment's worth in a hundred ACKs");
    let mut lazy = Peer::established();
    lazy.write(100).unwrap();
    lazy.out();
    lazy.send(&seg(ACK, 1, 101));
    assert_eq!(lazy.info().cwnd, 10_000, "an application that uses nothing of it earns nothing");
}
