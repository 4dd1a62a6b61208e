//! What a connection tells of itself: why it waits, for how long it did, and the counts of tcp_info (RFC 4898).

use super::peer::*;
use crate::tcp::{Config, Setting, State, Wait};
use crate::time::Duration;
use crate::wire::{SackBlocks, TcpOptions};

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// ESTABLISHED, after `length` bytes were queued and all went out that may.
fn sending(config: Config, length: usize) -> Peer {
    let mut peer = Peer::established_with(config, plain_options());
    peer.write(length).unwrap();
    peer.out();
    peer
}

#[test]
fn handshake_and_end_are_told_apart_from_waiting() {
    for (state, wait) in [
        (State::SynSent, Wait::Handshake),
        (State::SynReceived, Wait::Handshake),
        (State::Established, Wait::Application),
        (State::FinWait1, Wait::Closed),
        (State::TimeWait, Wait::Closed),
        (State::Closed, Wait::Closed),
    ] {
        assert_eq!(Peer::in_state(state).info().work.waiting, wait, "{state:?}");
    }
}

#[test]
fn what_was_not_asked_for_yet_does_not_wait() {
    let mut peer = Peer::established();
    peer.write(500).unwrap();
    assert_eq!(peer.info().work.waiting, Wait::Nothing);
    assert_eq!(peer.info().work.unsent, 500);
    peer.out();
    assert_eq!((peer.info().work.waiting, peer.info().work.unsent), (Wait::Application, 0));
}

#[test]
fn the_first_of_both_windows_to_close_is_named() {
    //= rfc5681#3.1   ten segments in flight: more must wait for the congestion window
    let mut peer = sending(config(), 30_000);
    assert_eq!((peer.info().work.waiting, peer.info().flight), (Wait::CongestionWindow, 10_000));
    //= rfc9293#3.8.6   the peer's window is the smaller one now
    peer.answer(&seg(ACK, 1, 10_001).window(3_000));
    assert_eq!((peer.info().work.waiting, peer.info().flight), (Wait::ReceiveWindow, 3_000));
    assert_eq!(peer.info().work.unsent, 17_000);
    //= rfc9293#3.8.6.2.1   a window of less than a segment, and less than half of its best
    peer.answer(&seg(ACK, 1, 13_001).window(400));
    assert_eq!((peer.info().work.waiting, peer.info().flight), (Wait::SillyWindow, 0));
}

#[test]
fn nagle_holds_a_small_segment_and_nodelay_lets_it_go() {
    //= rfc9293#3.7.4   one small segment may be out; the next waits for its ACK
    let mut peer = sending(config(), 1_500);
    assert_eq!((peer.info().work.waiting, peer.info().work.unsent), (Wait::Nagle, 500));
    peer.tcp.set(&mut peer.bench.cx(), Setting::NoDelay(true)).unwrap();
    assert_eq!(peer.says(), "PSH|ACK 1001:1 +500");
    assert_eq!(peer.info().work.waiting, Wait::Application);
}

#[test]
fn a_full_send_buffer_is_not_an_idle_application() {
    let mut peer = Peer::established_with(Config { send_buffer: 3_000, ..config() }, plain_options());
    assert_eq!(peer.write(5_000), Ok(3_000));
    peer.out();
    assert_eq!(peer.info().work.waiting, Wait::SendBuffer);
    peer.bench.advance(ms(30));
    peer.answer(&seg(ACK, 1, 3_001));
    assert_eq!(peer.info().work.clock.times(peer.bench.now).send_buffer, ms(30));
    peer.write(1_000).unwrap();
    peer.out();
    assert_eq!(peer.info().work.waiting, Wait::Application);
}

#[test]
fn pacing_holds_back_what_both_windows_would_let_go() {
    let mut peer = Peer::connecting(Config { pacing: true, ..config() });
    peer.out();
    peer.bench.advance(ms(100));
    peer.send(&seg(SYN | ACK, 0, 1).options(plain_options()));
    peer.out();
    peer.write(30_000).unwrap();
    //= rfc9002#7.7   twice the window a round trip: two segments at once, the next after 5 ms
    assert_eq!(peer.out().len(), 2);
    assert_eq!(peer.info().work.waiting, Wait::Pacing);
    peer.pass(200);
    assert_eq!(peer.info().work.waiting, Wait::CongestionWindow);
}

#[test]
fn a_repair_waits_for_the_window_though_nothing_new_is_queued() {
    let options = TcpOptions { sack_permitted: true, ..plain_options() };
    let mut peer = Peer::established_with(Config { rack: false, ..config() }, options);
    peer.write(10_000).unwrap();
    peer.out();
    let mut sack = SackBlocks::default();
    sack.push(ISS + 8_001, ISS + 10_001);
    // Eight lost at once; proportional rate reduction lets them go one by one.
    peer.answer(&seg(ACK, 1, 1).options(TcpOptions { sack, ..TcpOptions::default() }));
    let info = peer.info();
    assert_eq!((info.lost, info.work.resent, info.sacked), (0, 0, 2_000), "two segments are no proof");
    let mut sack = SackBlocks::default();
    sack.push(ISS + 7_001, ISS + 10_001);
    peer.answer(&seg(ACK, 1, 1).options(TcpOptions { sack, ..TcpOptions::default() }));
    let info = peer.info();
    assert!(info.lost > 0 && info.work.resent > 0, "{info:?}");
    assert_eq!(info.work.waiting, Wait::CongestionWindow);
    assert_eq!(
        (info.work.bytes_resent, info.work.bytes_sent),
        (u64::from(info.work.resent), 10_000 + u64::from(info.work.resent))
    );
}

#[test]
fn the_clock_knows_how_long_the_peer_kept_its_window_shut() {
    let mut peer = sending(config(), 5_000);
    peer.bench.advance(ms(20));
    peer.answer(&seg(ACK, 1, 5_001).window(0));
    assert_eq!(peer.info().work.clock.times(peer.bench.now).busy, ms(20));
    peer.bench.advance(ms(500));
    peer.write(1_000).unwrap();
    peer.out();
    peer.bench.advance(ms(60));
    let times = peer.info().work.clock.times(peer.bench.now);
    assert_eq!((times.busy, times.receive_window, times.send_buffer), (ms(80), ms(60), ms(0)));
    peer.answer(&seg(ACK, 1, 5_001).window(9_000));
    peer.bench.advance(ms(40));
    peer.answer(&seg(ACK, 1, 6_001).window(9_000));
    peer.bench.advance(ms(1_000));
    let times = peer.info().work.clock.times(peer.bench.now);
    assert_eq!((times.busy, times.receive_window), (ms(120), ms(60)));
}

#[test]
fn timeouts_are_counted_with_the_time_until_the_next_progress() {
    let mut peer = sending(config(), 1_000);
    peer.fire();
    peer.out();
    peer.bench.advance(ms(10));
    peer.fire();
    peer.out();
    peer.bench.advance(ms(25));
    let first = peer.info();
    assert_eq!((first.work.timeouts, first.work.timeout_rows, first.work.timeout_time), (2, 1, ms(0)));
    assert_eq!((first.work.resent, first.work.bytes_resent, first.work.data_segments_out), (1_000, 2_000, 3));
    peer.answer(&seg(ACK, 1, 1_001));
    let info = peer.info();
    assert!(
        info.work.timeout_time >= ms(400) && info.work.timeout_time < ms(500),
        "{:?}",
        info.work.timeout_time
    );
    assert_eq!((info.work.resent, info.retries), (0, 0));
}

#[test]
fn what_comes_is_counted_and_dated() {
    let mut peer = Peer::established();
    assert_eq!(peer.info().work.last_data_received, None);
    let start = peer.bench.now;
    peer.bench.advance(ms(5));
    peer.answer(&seg(ACK, 1, 1).bytes(1_000));
    peer.bench.advance(ms(5));
    peer.answer(&seg(ACK, 3_001, 1).bytes(1_000));
    peer.bench.advance(ms(5));
    peer.answer(&seg(ACK, 1_001, 1));
    let info = peer.info();
    assert_eq!(
        (info.work.data_segments_in, info.work.out_of_order_segments, info.work.rcv_mss),
        (2, 1, 1_000)
    );
    assert_eq!(info.work.last_data_received, Some(start + ms(10)));
    assert_eq!((info.work.last_ack_received, info.work.last_data_sent), (Some(start + ms(15)), None));
}

#[test]
fn the_delivery_rate_is_that_of_the_path_or_says_that_it_is_not() {
    let mut peer = sending(config(), 40_000);
    peer.bench.advance(ms(100));
    peer.answer(&seg(ACK, 1, 10_001));
    // Ten segments in a round trip of 100 ms; but before them there was nothing to send.
    let info = peer.info();
    assert_eq!((info.work.delivery_rate, info.work.delivery_rate_app_limited), (Some(100_000), true));
    peer.bench.advance(ms(100));
    let out = i64::from(info.flight);
    peer.answer(&seg(ACK, 1, 10_001 + out));
    let info = peer.info();
    assert_eq!(
        (info.work.delivery_rate, info.work.delivery_rate_app_limited),
        (Some(out as u64 * 10), false)
    );
    assert_eq!(info.delivered, 10_000 + out as u64);
}
