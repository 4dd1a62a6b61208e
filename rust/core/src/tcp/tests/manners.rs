//! Manners of a sender and a receiver: cork, low water, quick ACKs, tiny segments, and peers that cheat with ACKs.

use super::peer::*;
use crate::drops::DropReason;
use crate::observe::Readiness;
use crate::tcp::{Config, Setting, Wait};
use crate::wire::TcpOptions;

fn set(peer: &mut Peer, setting: Setting) {
    peer.tcp.set(&mut peer.bench.cx(), setting).unwrap();
}

fn corked() -> Peer {
    let mut peer = Peer::established();
    set(&mut peer, Setting::Cork(true));
    peer
}

#[test]
fn a_cork_lets_full_segments_go_and_keeps_the_rest_for_200_ms() {
    // tcp(7), TCP_CORK: no partial frames, with a ceiling of 200 ms
    let mut peer = corked();
    peer.write(400).unwrap();
    assert_eq!((peer.says().as_str(), peer.info().work.waiting), ("", Wait::Cork));
    assert_eq!(peer.pass(100), "");
    peer.write(1_000).unwrap();
    assert_eq!(peer.says(), "ACK 1:1 +1000");
    assert_eq!(peer.pass(99), "", "the clock began with the first byte that waits");
    assert_eq!(peer.pass(1), "@1 PSH|ACK 1001:1 +400");
    peer.answer(&seg(ACK, 1, 1_401));
    peer.write(10).unwrap();
    assert_eq!(peer.says(), "");
    assert_eq!(peer.pass(199), "");
    assert_eq!(peer.pass(1), "@1 PSH|ACK 1401:1 +10");
}

#[test]
fn pulling_the_cork_sends_what_waits() {
    let mut peer = corked();
    peer.write(400).unwrap();
    peer.out();
    set(&mut peer, Setting::Cork(false));
    assert_eq!(peer.says(), "PSH|ACK 1:1 +400");
    assert_eq!(peer.info().timers.iter().filter(|(name, _)| *name == "cork").count(), 0);
    // TCP_NODELAY pushes once through a cork that stays.
    let mut peer = corked();
    peer.write(400).unwrap();
    peer.out();
    set(&mut peer, Setting::NoDelay(true));
    assert_eq!(peer.says(), "PSH|ACK 1:1 +400");
    peer.write(400).unwrap();
    assert_eq!(peer.says(), "");
    // The end of the stream needs no company.
    peer.shutdown();
    assert_eq!(peer.says(), "FIN|PSH|ACK 401:1 +400");
}

#[test]
fn a_cork_outlasts_no_window() {
    let mut peer = corked();
    peer.send(&seg(ACK, 1, 1).window(0));
    peer.write(400).unwrap();
    peer.out();
    assert_eq!(peer.info().work.waiting, Wait::ReceiveWindow);
    assert!(peer.pass(300).starts_with("@200 ACK 1:1 +1"), "a closed window is probed as ever");
}

#[test]
fn above_the_low_water_nothing_more_is_taken_and_below_half_of_it_the_writer_is_woken() {
    // tcp(7), TCP_NOTSENT_LOWAT: unsent bytes, not those in flight, count
    let mut peer = Peer::established_with(Config { initial_window: 2, ..config() }, plain_options());
    set(&mut peer, Setting::NotSentLowWater(4_000));
    let writable = |peer: &Peer| peer.tcp.readiness().contains(Readiness::WRITABLE);
    assert_eq!(peer.write(10_000), Ok(4_000));
    assert!(!writable(&peer), "4000 bytes are unsent");
    peer.out();
    assert!(!writable(&peer), "2000 are");
    assert_eq!(peer.info().work.unsent, 2_000);
    assert_eq!(peer.write(10_000), Ok(2_000), "who asks may fill up to the mark");
    peer.answer(&seg(ACK, 1, 2_001));
    assert!(peer.info().work.unsent < 2_000 && writable(&peer), "{}", peer.info().work.unsent);
    let stack_wide = Config { notsent_low_water: 1_000, ..config() };
    let mut peer = Peer::established_with(stack_wide, plain_options());
    assert_eq!(peer.write(10_000), Ok(1_000));
}

#[test]
fn a_low_water_below_a_segment_leaves_room_for_one() {
    // Byte by byte, each would wait for cork, or for the ACK of the one before.
    let mut peer = Peer::established();
    set(&mut peer, Setting::NotSentLowWater(1));
    set(&mut peer, Setting::Cork(true));
    assert_eq!(peer.write(300), Ok(300));
    assert_eq!(peer.says(), "", "corked");
    assert_eq!(peer.write(10_000), Ok(700));
    assert_eq!(peer.out().len(), 1);
}

#[test]
fn quickack_sends_the_ack_that_waits_and_waits_no_more() {
    //= rfc9293#3.8.6.3   a delay is allowed, not required
    let mut peer = Peer::established();
    assert_eq!(peer.answer(&seg(ACK, 1, 1).bytes(100)), "");
    set(&mut peer, Setting::QuickAck(true));
    assert_eq!(peer.says(), "ACK 1:101");
    assert_eq!(peer.answer(&seg(ACK, 101, 1).bytes(100)), "ACK 1:201");
    set(&mut peer, Setting::QuickAck(false));
    assert_eq!(peer.answer(&seg(ACK, 201, 1).bytes(100)), "");
}

#[test]
fn every_second_full_segment_is_acknowledged_and_a_super_frame_at_once() {
    //= rfc9293#3.8.6.3 SHLD-19
    let mut peer = Peer::established_with(Config { receive_buffer: 60_000, ..config() }, plain_options());
    let mut acks = 0;
    for index in 0..20 {
        acks += peer.answer(&seg(ACK, 1 + index * 1_000, 1).bytes(1_000)).matches("ACK").count();
    }
    assert!((9..=11).contains(&acks), "{acks} for twenty");
    peer.pass(100);
    // What a device merged counts by its bytes: one ACK, whatever it holds.
    assert_eq!(peer.answer(&seg(ACK, 20_001, 1).bytes(20_000)), "ACK 1:40001");
}

#[test]
fn a_peer_can_not_force_tiny_segments_on_us() {
    // CVE-2019-11479: an MSS of 8 would make a header of 40 bytes out of every 8 of data
    for (min_mss, segment) in [(48, 48), (536, 536)] {
        let options = TcpOptions { mss: Some(8), ..TcpOptions::default() };
        let mut peer = Peer::established_with(Config { min_mss, ..config() }, options);
        peer.write(5_000).unwrap();
        assert!(peer.out().iter().all(|unit| unit.length == segment));
    }
}

/// The window after segment 1 was acknowledged by `pieces` ACKs.
fn window_after(pieces: i64) -> u32 {
    let mut peer = Peer::established();
    peer.write(60_000).unwrap();
    peer.out();
    for piece in 1..=pieces {
        peer.send(&seg(ACK, 1, 1 + 1_000 * piece / pieces));
        peer.out();
    }
    peer.info().cwnd
}

#[test]
fn acks_cut_into_pieces_open_the_window_no_further() {
    //= rfc3465#2.1   bytes count, not ACKs: Savage's ACK division earns nothing
    assert_eq!(window_after(1), 11_000);
    assert!(window_after(100) <= 11_000, "{}", window_after(100));
    assert!(window_after(1_000) <= 11_000);
}

#[test]
fn one_ack_for_much_opens_the_window_by_two_segments() {
    //= rfc3465#2.3   L = 2, and a knob
    for (abc_limit, window) in [(1, 11_000), (2, 12_000), (8, 18_000)] {
        let config = Config { abc_limit, hystart: false, ..config() };
        let mut peer = Peer::established_with(config, plain_options());
        peer.write(60_000).unwrap();
        peer.out();
        peer.answer(&seg(ACK, 1, 10_001));
        assert_eq!(peer.info().cwnd, window);
    }
}

#[test]
fn acks_of_what_was_never_sent_are_refused_and_answered_sparingly() {
    //= rfc5961#5.2   an optimistic peer learns where we stand, and gains nothing
    let mut peer = Peer::established();
    peer.write(60_000).unwrap();
    peer.out();
    let before = peer.info().cwnd;
    let mut answers = 0;
    for ahead in 1..=50 {
        answers += peer.answer(&seg(ACK, 1, 10_001 + ahead * 1_000)).matches("ACK").count();
    }
    assert_eq!((peer.info().cwnd, peer.info().flight), (before, 10_000));
    assert_eq!(peer.dropped(DropReason::TcpBadAck), 50);
    //= rfc5961#7
    assert_eq!(answers, 1);
}
