//! Loss recovery with SACK: RACK and TLP (RFC 8985), counting (RFC 6675), PRR (RFC 9937), what is taken back (RFC 3522,
//! RFC 3708, RFC 5682), and the reports of what came twice (RFC 2883).

use super::peer::*;
use crate::observe::Counter;
use crate::tcp::Config;
use crate::time::Duration;
use crate::wire::{SackBlocks, TcpOptions, Timestamps};

const RTT: u64 = 40;

fn options() -> TcpOptions {
    TcpOptions { sack_permitted: true, ..plain_options() }
}

/// ESTABLISHED after a handshake of one round trip.
fn established(config: Config, options: TcpOptions) -> Peer {
    let mut peer = Peer::connecting(config);
    peer.out();
    peer.bench.advance(Duration::from_millis(RTT));
    let echo = peer.stamp().wrapping_sub(RTT as u32);
    let timestamps = options.timestamps.map(|stamps| Timestamps { echo, ..stamps });
    peer.send(&seg(SYN | ACK, 0, 1).options(TcpOptions { timestamps, ..options }));
    peer.out();
    peer
}

/// Ten segments left 40 ms ago, which is the round trip that the first ten measured; none is acknowledged.
fn ten_late(config: Config, options: TcpOptions) -> Peer {
    let mut peer = established(config, options);
    peer.write(10_000).unwrap();
    peer.out();
    peer.bench.advance(Duration::from_millis(RTT));
    let first = acked(&peer, 10_001, &[]);
    peer.send(&first);
    peer.out();
    peer.write(10_000).unwrap();
    assert_eq!(peer.out().len(), 10);
    peer.bench.advance(Duration::from_millis(RTT));
    peer
}

/// An ACK of all before `ack`, with these blocks, echoing what left a round trip ago if timestamps are agreed.
fn acked(peer: &Peer, ack: i64, blocks: &[(i64, i64)]) -> Seg {
    let mut sack = SackBlocks::default();
    for (left, right) in blocks {
        sack.push(ISS + *left as u32, ISS + *right as u32);
    }
    let echo = peer.stamp().wrapping_sub(RTT as u32);
    let timestamps = peer.info().timestamps.then_some(Timestamps { value: 200, echo });
    seg(ACK, 1, ack).options(TcpOptions { sack, timestamps, ..TcpOptions::default() })
}

fn answer(peer: &mut Peer, ack: i64, blocks: &[(i64, i64)]) -> String {
    let seg = acked(peer, ack, blocks);
    peer.answer(&seg)
}

#[test]
fn a_hole_is_repaired_without_a_timeout_and_without_sending_more_than_it() {
    let mut peer = ten_late(config(), options());
    assert_eq!(answer(&mut peer, 10_001, &[(11_001, 12_001)]), "");
    assert_eq!(answer(&mut peer, 10_001, &[(11_001, 13_001)]), "");
    //= rfc8985#3.3.2   three segments behind it, and no reordering ever seen
    assert_eq!(answer(&mut peer, 10_001, &[(11_001, 14_001)]), "ACK 10001:1 +1000");
    assert_eq!((peer.info().recovery, peer.info().lost, peer.info().sacked), ("fast", 0, 3_000));
    peer.bench.advance(Duration::from_millis(RTT));
    answer(&mut peer, 20_001, &[]);
    let info = peer.info();
    assert_eq!((info.recovery, info.cwnd, info.ssthresh), ("open", 5_000, Some(5_000)));
    assert_eq!((info.retransmissions, peer.bench.count(Counter::TcpTimeouts)), (1, 0));
}

#[test]
fn several_holes_go_in_one_round_trip() {
    let mut peer = ten_late(config(), options());
    let blocks = [(11_001, 12_001), (13_001, 14_001), (15_001, 20_001)];
    let said = answer(&mut peer, 10_001, &blocks);
    assert_eq!(said, "ACK 10001:1 +1000, ACK 12001:1 +1000, ACK 14001:1 +1000");
    assert_eq!(peer.bench.count(Counter::TcpFastRetrans), 1);
}

#[test]
fn a_lost_retransmission_is_found_by_time() {
    let mut peer = ten_late(config(), options());
    answer(&mut peer, 10_001, &[(11_001, 20_001)]);
    peer.write(5_000).unwrap();
    peer.out();
    assert!(peer.info().snd_nxt.0.wrapping_sub((ISS + 20_001).0) > 0, "new data follows");
    peer.bench.advance(Duration::from_millis(RTT));
    // What left after the retransmission arrived, so that was lost too.
    let said = answer(&mut peer, 10_001, &[(11_001, 21_001)]);
    assert!(said.starts_with("ACK 10001:1 +1000"), "{said}");
    assert_eq!(peer.bench.count(Counter::TcpTimeouts), 0);
}

#[test]
fn the_timeout_of_the_oldest_segment_counts_from_its_last_departure() {
    // RFC 6298 5.1 and 5.3 leave it open; Linux does so, and a lost retransmission has its time to be found by RACK.
    let timeout = |peer: &Peer| {
        let timers = peer.info().timers;
        timers.iter().find(|timer| timer.0 == "retransmit").expect("something is out").1
    };
    let mut peer = ten_late(config(), options());
    let before = timeout(&peer);
    assert_eq!(answer(&mut peer, 10_001, &[(11_001, 14_001)]), "ACK 10001:1 +1000");
    let after = timeout(&peer);
    assert!(after >= before + Duration::from_millis(RTT / 2), "{before:?} {after:?}");
    // What is sent again behind it does not push it back.
    peer.bench.advance(Duration::from_millis(5));
    assert_eq!(answer(&mut peer, 10_001, &[(11_001, 14_001), (15_001, 20_001)]), "ACK 14001:1 +1000");
    assert_eq!(timeout(&peer), after);
}

#[test]
fn where_the_path_reorders_a_quarter_of_the_round_trip_is_waited() {
    let mut peer = ten_late(config(), options());
    answer(&mut peer, 10_001, &[(11_001, 12_001)]);
    answer(&mut peer, 12_001, &[]);
    assert!(peer.info().reordering);
    assert_eq!(answer(&mut peer, 12_001, &[(13_001, 17_001)]), "");
    assert_eq!(peer.pass(9), "", "10 ms are a quarter of 40");
    assert_eq!(peer.pass(1), "@1 ACK 12001:1 +1000");
    assert_eq!(peer.info().recovery, "fast");
}

#[test]
fn late_segments_are_not_sent_again() {
    let mut peer = ten_late(config(), options());
    answer(&mut peer, 10_001, &[(11_001, 12_001)]);
    answer(&mut peer, 12_001, &[]);
    answer(&mut peer, 12_001, &[(13_001, 17_001)]);
    peer.pass(8);
    assert_eq!(answer(&mut peer, 17_001, &[]), "");
    assert_eq!(peer.pass(30), "");
    assert_eq!((peer.info().retransmissions, peer.info().recovery), (0, "open"));
}

#[test]
fn counting_finds_it_too_where_rack_is_off() {
    let mut peer = ten_late(Config { rack: false, ..config() }, options());
    assert_eq!(answer(&mut peer, 10_001, &[(11_001, 13_001)]), "");
    assert_eq!(answer(&mut peer, 10_001, &[(11_001, 14_001)]), "ACK 10001:1 +1000");
}

#[test]
fn the_last_segment_of_a_flight_is_probed_for() {
    let mut peer = ten_late(config(), options());
    answer(&mut peer, 19_001, &[]);
    // The tail is lost: nothing more comes. A lone segment's ACK may be delayed by 200 ms.
    let said = peer.pass(400);
    assert!(said.contains("PSH|ACK 19001:1 +1000"), "{said}");
    assert_eq!(peer.bench.count(Counter::TcpLossProbes), 1);
}

#[test]
fn a_flight_of_several_is_probed_for_after_two_round_trips() {
    let mut peer = ten_late(config(), options());
    answer(&mut peer, 17_001, &[]);
    let said = peer.pass(90);
    assert_eq!(said, "@42 PSH|ACK 19001:1 +1000", "82 ms after it left");
    peer.bench.advance(Duration::from_millis(RTT));
    // The probe shows the hole before it: repaired without a timeout.
    let said = answer(&mut peer, 17_001, &[(19_001, 20_001)]);
    assert!(said.starts_with("ACK 17001:1 +1000"), "{said}");
    assert_eq!(peer.bench.count(Counter::TcpTimeouts), 0);
}

#[test]
fn new_data_is_the_better_probe() {
    let mut peer = ten_late(config(), options());
    answer(&mut peer, 17_001, &[]);
    peer.write(100).unwrap();
    let said = peer.says() + &peer.pass(90);
    assert!(said.contains("PSH|ACK 20001:1 +100"), "{said}");
}

#[test]
fn a_loss_that_the_probe_repaired_costs_the_window_all_the_same() {
    let mut peer = ten_late(config(), options());
    answer(&mut peer, 19_001, &[]);
    peer.pass(150);
    answer(&mut peer, 20_001, &[]);
    assert_eq!(peer.info().ssthresh, None, "the original may have arrived, and its ACK was late");
    peer.write(1_000).unwrap();
    peer.out();
    answer(&mut peer, 21_001, &[]);
    assert_eq!(peer.bench.count(Counter::TcpLossProbeRecovery), 1);
    assert!(peer.info().ssthresh.is_some());
}

#[test]
fn without_the_switch_only_the_timer_finds_a_lost_tail() {
    let mut peer = ten_late(Config { tail_loss_probe: false, ..config() }, options());
    answer(&mut peer, 17_001, &[]);
    peer.pass(190 + RTT);
    assert_eq!(peer.info().retransmissions, 0);
    peer.pass(20);
    assert_eq!(peer.bench.count(Counter::TcpTimeouts), 1);
}

#[test]
fn a_report_that_all_copies_were_in_vain_takes_the_cut_back() {
    let mut peer = ten_late(config(), options());
    let before = peer.info().cwnd;
    answer(&mut peer, 10_001, &[(11_001, 14_001)]);
    assert!(peer.info().cwnd < before || peer.info().ssthresh.is_some());
    // The original was 5 ms late; the report of its copy takes a round trip.
    peer.bench.advance(Duration::from_millis(5));
    answer(&mut peer, 14_001, &[]);
    assert_eq!(peer.info().recovery, "fast");
    peer.bench.advance(Duration::from_millis(RTT - 5));
    answer(&mut peer, 20_001, &[(10_001, 11_001)]);
    let info = peer.info();
    assert_eq!((info.recovery, info.ssthresh), ("open", None));
    assert!(info.cwnd >= before);
    assert_eq!(peer.bench.count(Counter::TcpFullUndo), 1);
    assert_eq!(peer.bench.count(Counter::TcpDSACKRecv), 1);
}

#[test]
fn an_echo_older_than_the_copy_takes_the_cut_back() {
    // Twelve bytes more for the timestamps, so that segments carry a thousand again.
    let stamps = Some(Timestamps { value: 100, echo: 0 });
    let stamped = TcpOptions { timestamps: stamps, mss: Some(1_012), ..options() };
    let mut peer = ten_late(config(), stamped);
    answer(&mut peer, 10_001, &[(11_001, 14_001)]);
    assert_eq!(peer.info().recovery, "fast");
    peer.bench.advance(Duration::from_millis(5));
    // The original was late by 5 ms: its ACK echoes what left long before the copy.
    answer(&mut peer, 14_001, &[]);
    assert_eq!((peer.info().recovery, peer.info().ssthresh), ("open", None));
}

#[test]
fn a_timeout_that_was_none_is_found_out_by_what_follows() {
    let mut peer = ten_late(Config { tail_loss_probe: false, ..config() }, options());
    let before = peer.info().cwnd;
    let said = peer.pass(200);
    assert!(said.contains("ACK 10001:1 +1000"), "{said}");
    assert_eq!((peer.info().recovery, peer.info().cwnd), ("loss", 1_000));
    peer.write(5_000).unwrap();
    //= rfc5682#3.1   the path was late: new data goes, no more copies
    assert_eq!(answer(&mut peer, 12_001, &[]), "ACK 20001:1 +1000, ACK 21001:1 +1000");
    answer(&mut peer, 13_001, &[]);
    let info = peer.info();
    assert_eq!((info.recovery, info.ssthresh, info.retransmissions), ("open", None, 1));
    assert!(info.cwnd >= before);
    assert_eq!(peer.bench.count(Counter::TcpSpuriousRTOs), 1);
}

#[test]
fn a_timeout_that_was_one_goes_its_way() {
    let mut peer = ten_late(Config { tail_loss_probe: false, ..config() }, options());
    peer.pass(200);
    peer.write(5_000).unwrap();
    assert_eq!(answer(&mut peer, 11_001, &[]), "ACK 20001:1 +1000, ACK 21001:1 +1000");
    let said = answer(&mut peer, 11_001, &[(20_001, 21_001)]);
    assert!(said.starts_with("ACK 11001:1 +1000"), "{said}");
    assert_eq!((peer.info().recovery, peer.bench.count(Counter::TcpSpuriousRTOs)), ("loss", 0));
}

#[test]
fn blocks_of_what_was_never_sent_tell_nothing() {
    let mut peer = ten_late(config(), options());
    let before = peer.info();
    for blocks in [[(30_001, 40_001)], [(1, 5_001)], [(15_001, 12_001)], [(20_001, 20_002)]] {
        assert_eq!(answer(&mut peer, 10_001, &blocks), "");
    }
    assert_eq!((peer.info().sacked, peer.info().cwnd, peer.info().lost), (0, before.cwnd, 0));
}

#[test]
fn what_came_twice_is_reported_first_and_once() {
    let mut peer = Peer::established_with(config(), options());
    peer.answer(&seg(ACK, 1, 1).bytes(1_000));
    peer.answer(&seg(ACK, 2_001, 1).bytes(500));
    peer.send(&seg(ACK, 1, 1).bytes(1_000));
    let out = peer.out();
    let blocks = |index: usize| -> Vec<_> { out[index].header.options.sack.as_slice().to_vec() };
    assert_eq!(blocks(0), [(IRS + 1, IRS + 1_001), (IRS + 2_001, IRS + 2_501)]);
    assert_eq!(peer.bench.count(Counter::TcpDSACKOldSent), 1);
    peer.send(&seg(ACK, 3_001, 1).bytes(500));
    let out = peer.out();
    assert!(out.iter().all(|unit| unit.header.options.sack.as_slice()[0] != (IRS + 1, IRS + 1_001)));
    let mut silent = Peer::established_with(Config { dsack: false, ..config() }, options());
    silent.answer(&seg(ACK, 1, 1).bytes(1_000));
    silent.send(&seg(ACK, 1, 1).bytes(1_000));
    assert!(silent.out().iter().all(|unit| unit.header.options.sack.is_empty()));
}

#[test]
fn paced_output_keeps_its_distance() {
    let mut peer = established(Config { pacing: true, ..config() }, options());
    peer.write(10_000).unwrap();
    peer.out();
    peer.pass(RTT);
    answer(&mut peer, 10_001, &[]);
    peer.pass(1_000);
    peer.write(20_000).unwrap();
    let at_once = peer.out().len();
    assert!((1..=4).contains(&at_once), "a quantum, not a window: {at_once}");
    assert!(peer.info().pacing_rate.is_some());
    let said = peer.pass(RTT);
    assert!(said.split(", ").count() >= 6, "{said}");
}

#[test]
fn what_is_late_is_not_old() {
    for (slack, taken) in [(0, false), (64, true)] {
        let mut peer = Peer::stamped(Config { paws_slack: slack, ..config() });
        peer.send(&seg(ACK, 1, 1).bytes(100).stamps(164, 0));
        peer.out();
        peer.send(&seg(ACK, 101, 1).bytes(100).stamps(100, 0));
        assert_eq!(peer.info().receive_queue, if taken { 200 } else { 100 });
        peer.out();
        peer.send(&seg(ACK, if taken { 201 } else { 101 }, 1).bytes(100).stamps(35, 0));
        assert_eq!(peer.info().receive_queue, if taken { 200 } else { 100 }, "64 ticks are 64 ticks");
    }
}
