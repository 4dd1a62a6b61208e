//! Units of several segments for a device that cuts them, when some of their segments are lost: what the peer tells is of
//! segments, and what is sent again too.

use super::peer::*;
use crate::observe::Counter;
use crate::tcp::Config;
use crate::time::Duration;
use crate::wire::{SackBlocks, TcpFlags, TcpOptions};

const RTT: u64 = 40;

/// Twenty segments in one unit left 40 ms ago, which is the round trip; none is acknowledged.
fn one_unit(options: TcpOptions) -> Peer {
    one_unit_with(config(), options)
}

fn one_unit_with(config: Config, options: TcpOptions) -> Peer {
    let mut peer = Peer::connecting(Config { initial_window: 20, ..config });
    peer.max_unit = 60_000;
    peer.out();
    peer.bench.advance(Duration::from_millis(RTT));
    peer.send(&seg(SYN | ACK, 0, 1).options(options));
    peer.out();
    peer.write(20_000).unwrap();
    assert_eq!(peer.says(), "PSH|ACK 1:1 +20000");
    peer.bench.advance(Duration::from_millis(RTT));
    peer
}

fn with_sack() -> Peer {
    one_unit(TcpOptions { sack_permitted: true, ..plain_options() })
}

fn answer(peer: &mut Peer, ack: i64, blocks: &[(i64, i64)]) -> String {
    let mut sack = SackBlocks::default();
    for (left, right) in blocks {
        sack.push(ISS + *left as u32, ISS + *right as u32);
    }
    peer.answer(&seg(ACK, 1, ack).options(TcpOptions { sack, ..TcpOptions::default() }))
}

#[test]
fn a_lost_segment_in_the_middle_goes_again_alone() {
    let mut peer = with_sack();
    assert_eq!(answer(&mut peer, 9_001, &[(10_001, 20_001)]), "ACK 9001:1 +1000");
    peer.bench.advance(Duration::from_millis(RTT));
    assert_eq!(answer(&mut peer, 20_001, &[]), "");
    let info = peer.info();
    assert_eq!((info.retransmissions, info.recovery), (1, "open"));
    assert_eq!(peer.bench.count(Counter::TcpTimeouts), 0);
}

#[test]
fn holes_of_several_segments_go_in_units_of_their_own() {
    let mut peer = with_sack();
    let said = answer(&mut peer, 1_001, &[(5_001, 6_001), (8_001, 20_001)]);
    // The first that begins a repair goes at once and alone.
    assert_eq!(said, "ACK 1001:1 +1000, ACK 2001:1 +3000, ACK 6001:1 +2000");
    assert_eq!(peer.info().retransmissions, 6, "segments are counted, not units");
    assert_eq!(peer.bench.count(Counter::TcpRetransSegs), 6);
}

#[test]
fn a_block_that_ends_within_a_segment_tells_of_the_whole_ones_only() {
    let mut peer = with_sack();
    assert_eq!(answer(&mut peer, 1, &[(2_501, 19_500)]), "ACK 1:1 +1000, ACK 1001:1 +2000");
    assert_eq!(peer.info().sacked, 16_000);
}

#[test]
fn an_ack_within_a_unit_leaves_the_rest_in_flight() {
    let mut peer = with_sack();
    assert_eq!(answer(&mut peer, 3_501, &[]), "");
    assert_eq!(peer.info().snd_nxt.distance(peer.info().snd_una), 16_500);
    // Segments begin at 1 still, so that half of one is missing first.
    let said = answer(&mut peer, 3_501, &[(12_001, 20_001)]);
    assert!(said.starts_with("ACK 3501:1 +1000, ACK 4501:1 +"), "{said}");
    peer.bench.advance(Duration::from_millis(RTT));
    answer(&mut peer, 20_001, &[]);
    assert_eq!((peer.info().lost, peer.info().flight), (0, 0));
}

#[test]
fn without_sack_three_duplicates_send_the_first_segment_again() {
    let mut peer = one_unit(plain_options());
    assert_eq!(answer(&mut peer, 5_001, &[]), "");
    assert_eq!(answer(&mut peer, 5_001, &[]), "");
    assert_eq!(answer(&mut peer, 5_001, &[]), "");
    assert_eq!(answer(&mut peer, 5_001, &[]), "ACK 5001:1 +1000");
    peer.bench.advance(Duration::from_millis(RTT));
    // A partial ACK: the next hole.
    assert_eq!(answer(&mut peer, 9_001, &[]), "ACK 9001:1 +1000");
}

#[test]
fn a_timeout_begins_with_one_segment_and_goes_on_in_units() {
    let mut peer = with_sack();
    let said = peer.pass(400);
    let first = said.split(", ").next().unwrap();
    assert!(first.ends_with(" +1000"), "{said}");
}

#[test]
fn the_end_of_a_unit_is_probed_with_its_last_segment() {
    let mut peer = with_sack();
    let said = peer.pass(120);
    assert!(said.ends_with("PSH|ACK 19001:1 +1000"), "{said}");
    assert_eq!(peer.bench.count(Counter::TcpLossProbes), 1);
}

#[test]
fn a_path_that_grows_narrow_cuts_what_is_in_flight_anew() {
    let mut peer = with_sack();
    peer.tcp.on_path_mtu(&mut peer.bench.cx(), 540);
    let units = peer.out();
    assert_eq!(units[0].segment_size, 500);
    assert!(units.iter().all(|unit| unit.retransmission && unit.length % 500 == 0), "{units:?}");
    peer.bench.advance(Duration::from_millis(RTT));
    let sent: i64 = units.iter().map(|unit| unit.length as i64).sum();
    // Segments of the new size, the second lost.
    let said = answer(&mut peer, 501, &[(1_001, 1 + sent)]);
    assert!(said.starts_with("ACK 501:1 +500"), "{said}");
}

#[test]
fn a_window_that_shrinks_within_a_unit_is_obeyed() {
    let probeless = Config { tail_loss_probe: false, ..config() };
    let mut peer = one_unit_with(probeless, plain_options());
    peer.send(&seg(ACK, 1, 2_001).window(3_500));
    assert_eq!(peer.says(), "");
    // All is lost: of what goes again, nothing lies beyond the edge.
    peer.fire();
    let mut highest = 0;
    for _ in 0..3 {
        for unit in peer.out() {
            highest = highest.max(unit.header.seq.distance(ISS) + unit.length as i32);
        }
        peer.send(&seg(ACK, 1, highest.into()).window((5_501 - highest) as u16));
    }
    assert_eq!(highest, 5_501);
}

#[test]
fn only_the_last_segment_of_a_unit_may_be_short_and_it_waits_for_nagle() {
    let mut peer = with_sack();
    peer.write(2_500).unwrap();
    assert_eq!(answer(&mut peer, 20_001, &[]), "ACK 20001:1 +2000");
    peer.shutdown();
    assert_eq!(peer.says(), "FIN|PSH|ACK 22001:1 +500");
}

#[test]
fn what_devices_cannot_cut_goes_in_single_segments() {
    let mut peer = with_sack();
    answer(&mut peer, 20_001, &[]);
    peer.tcp.send_urgent(&mut peer.bench.cx(), &[1; 5_000], &mut peer.pool.chunks).unwrap();
    let units = peer.out();
    assert!(units.len() >= 5 && units.iter().all(|unit| unit.length <= 1_000), "{units:?}");
    assert!(units.iter().all(|unit| unit.header.has(TcpFlags::URG)));
}

#[test]
fn pacing_limits_a_unit_to_what_may_leave_at_once() {
    let mut peer = Peer::connecting(Config { initial_window: 40, pacing: true, ..config() });
    peer.max_unit = 60_000;
    peer.out();
    peer.bench.advance(Duration::from_millis(RTT));
    peer.send(&seg(SYN | ACK, 0, 1).options(plain_options()));
    peer.out();
    peer.write(40_000).unwrap();
    // 40 kB in 40 ms, twice as fast in slow start: 2 kB a millisecond.
    let longest = peer.out().iter().map(|unit| unit.length).max();
    assert_eq!(longest, Some(2_000));
}
