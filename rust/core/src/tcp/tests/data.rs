//! Data both ways: Nagle, silly windows, delayed ACKs, window updates, units for offload.

use super::peer::*;
use crate::error::Error;
use crate::observe::Counter;
use crate::tcp::{Config, Setting};
use crate::wire::TcpOptions;
use std::sync::Arc;

#[test]
fn full_segments_go_at_once_and_the_rest_waits_for_them() {
    let mut peer = Peer::established();
    peer.write(2_500).unwrap();
    assert_eq!(peer.says(), "ACK 1:1 +1000, ACK 1001:1 +1000");
    assert_eq!(peer.answer(&seg(ACK, 1, 1_001)), "", "one is still out");
    assert_eq!(peer.answer(&seg(ACK, 1, 2_001)), "PSH|ACK 2001:1 +500");
    peer.write(10).unwrap();
    assert_eq!(peer.says(), "", "the small one in front is out");
    peer.write(990).unwrap();
    assert_eq!(peer.says(), "PSH|ACK 2501:1 +1000", "grown to a full one");
}

#[test]
fn nodelay_sends_small_segments_and_a_fin_releases_them() {
    let mut peer = Peer::established();
    peer.tcp.set(&mut peer.bench.cx(), Setting::NoDelay(true)).unwrap();
    peer.write(10).unwrap();
    assert_eq!(peer.says(), "PSH|ACK 1:1 +10");
    peer.write(10).unwrap();
    assert_eq!(peer.says(), "PSH|ACK 11:1 +10");

    let mut peer = Peer::established();
    peer.write(1_010).unwrap();
    assert_eq!(peer.says(), "ACK 1:1 +1000");
    peer.shutdown();
    assert_eq!(peer.says(), "FIN|PSH|ACK 1001:1 +10");
}

#[test]
fn nagle_measures_by_the_segment_that_timestamps_leave() {
    let stamps = Some(crate::wire::Timestamps { value: 1, echo: 0 });
    let options = TcpOptions { mss: Some(1460), timestamps: stamps, ..TcpOptions::default() };
    let mut peer = Peer::established_with(config(), options);
    assert_eq!(peer.info().mss, 1448);
    peer.write(2 * 1448).unwrap();
    assert_eq!(peer.says(), "ACK 1:1 +1448, PSH|ACK 1449:1 +1448");
}

#[test]
fn a_window_cut_short_is_worth_filling_from_half_of_its_best() {
    let mut peer = Peer::established_with(config(), TcpOptions { mss: Some(1000), ..plain_options() });
    peer.send(&seg(ACK, 1, 1).window(1_500));
    peer.write(5_000).unwrap();
    assert_eq!(peer.says(), "ACK 1:1 +1000");
    // 500 of 65535 is not worth it ...
    assert_eq!(peer.answer(&seg(ACK, 1, 1_001).window(500)), "");
    // ... until the timer overrides.
    assert_eq!(peer.pass(300), "@200 ACK 1001:1 +500");
}

#[test]
fn a_receiver_that_is_always_small_gets_half_windows_at_once() {
    let mut peer = Peer::in_state(crate::tcp::State::SynSent);
    peer.answer(&seg(SYN | ACK, 0, 1).options(plain_options()).window(600));
    peer.write(5_000).unwrap();
    assert_eq!(peer.says(), "ACK 1:1 +600");
    assert_eq!(peer.answer(&seg(ACK, 1, 601).window(200)), "");
    assert_eq!(peer.answer(&seg(ACK, 1, 601).window(300)), "ACK 601:1 +300");
}

#[test]
fn never_beyond_the_right_edge_even_if_it_shrinks() {
    let mut peer = Peer::established();
    peer.send(&seg(ACK, 1, 1).window(4_000));
    peer.write(20_000).unwrap();
    assert_eq!(peer.out().len(), 4);
    assert_eq!(peer.answer(&seg(ACK, 1, 1_001).window(1_000)), "", "the edge moved back by 2000");
    assert_eq!(peer.answer(&seg(ACK, 1, 4_001).window(1_000)), "ACK 4001:1 +1000");
}

#[test]
fn a_late_segment_does_not_take_the_window_back() {
    let mut peer = Peer::established();
    peer.send(&seg(ACK, 1, 1).data(b"ab").window(5_000));
    peer.send(&seg(ACK, 1, 1).data(b"a").window(9_000));
    assert_eq!(peer.info().snd_wnd, 5_000, "older by its number");
}

#[test]
fn a_fin_waits_for_room_in_the_window() {
    let mut peer = Peer::established();
    peer.send(&seg(ACK, 1, 1).window(1_000));
    peer.write(1_000).unwrap();
    peer.shutdown();
    assert_eq!(peer.says(), "PSH|ACK 1:1 +1000");
    assert_eq!(peer.answer(&seg(ACK, 1, 1_001).window(500)), "FIN|ACK 1001:1");
}

#[test]
fn acks_wait_for_company_and_every_second_full_segment_ends_that() {
    let mut peer = Peer::established();
    assert_eq!(peer.answer(&seg(ACK, 1, 1).bytes(1_000)), "");
    assert_eq!(peer.answer(&seg(ACK, 1_001, 1).bytes(1_000)), "ACK 1:2001");
    assert_eq!(peer.answer(&seg(ACK, 2_001, 1).bytes(1_000)), "");
    assert_eq!(peer.pass(100), "@40 ACK 1:3001");
    assert_eq!(peer.bench.count(Counter::TcpDelayedAcks), 1);
    assert_eq!(peer.answer(&seg(ACK, 3_001, 1).bytes(10)), "");
    peer.write(5).unwrap();
    assert_eq!(peer.says(), "PSH|ACK 1:3011 +5", "data takes the ACK along");
    assert_eq!(peer.pass(100), "");
}

#[test]
fn a_burst_is_acknowledged_once() {
    let mut peer = Peer::established();
    for i in 0..6 {
        peer.send(&seg(ACK, 1 + 1_000 * i, 1).bytes(1_000));
    }
    assert_eq!(peer.says(), "ACK 1:6001");
}

#[test]
fn quickack_does_not_wait() {
    let mut peer = Peer::established();
    peer.tcp.set(&mut peer.bench.cx(), Setting::QuickAck(true)).unwrap();
    assert_eq!(peer.answer(&seg(ACK, 1, 1).bytes(10)), "ACK 1:11");
}

#[test]
fn a_filled_gap_is_acknowledged_at_once() {
    let mut peer = Peer::established();
    assert_eq!(peer.answer(&seg(ACK, 501, 1).bytes(500)), "ACK 1:1");
    assert_eq!(peer.answer(&seg(ACK, 1, 1).bytes(500)), "ACK 1:1001");
}

#[test]
fn the_window_closes_without_its_right_edge_ever_going_back() {
    let mut peer = Peer::established();
    let mut edge = 0;
    for i in 0..20 {
        peer.send(&seg(ACK, 1 + 500 * i, 1).bytes(500));
        for unit in peer.out() {
            let right = unit.header.ack.distance(IRS) + i32::from(unit.header.window);
            assert!(right >= edge, "{right} after {edge}");
            edge = right;
        }
    }
    assert_eq!(peer.info().rcv_wnd, 0);
}

#[test]
fn reads_update_the_window_only_when_it_is_worth_it() {
    let mut peer = Peer::established();
    for i in 0..10 {
        peer.send(&seg(ACK, 1 + 1_000 * i, 1).bytes(1_000));
        peer.out();
    }
    assert_eq!(peer.info().rcv_wnd, 0);
    peer.read(500).unwrap();
    assert_eq!(peer.says(), "", "not a segment's worth");
    peer.read(1_000).unwrap();
    let update = peer.out();
    assert_eq!(update.len(), 1);
    assert_eq!((words(&update[0]), update[0].header.window), ("ACK 1:10001".into(), 1_500));
    peer.read(1_000).unwrap();
    assert_eq!(peer.says(), "", "the same window again would look like a duplicate ACK");
    peer.read(10_000).unwrap();
    assert_eq!(peer.out()[0].header.window, 10_000);
}

#[test]
fn a_large_window_is_not_updated_with_each_read() {
    let mut peer = Peer::established_with(Config { receive_buffer: 60_000, ..config() }, plain_options());
    peer.send(&seg(ACK, 1, 1).bytes(20_000));
    peer.out();
    peer.read(10_000).unwrap();
    assert_eq!(peer.says(), "");
    peer.read(10_000).unwrap();
    assert_eq!(peer.out().len(), 1);
}

#[test]
fn a_trickle_nobody_reads_closes_a_scaled_window_in_the_end() {
    let buffer = 4 << 20;
    let options = TcpOptions { window_scale: Some(7), ..plain_options() };
    let mut peer = Peer::established_with(Config { receive_buffer: buffer, ..config() }, options);
    let mut seq = 1;
    let mut rounds = 0;
    // Short segments each round the window up by some bytes: that must not go on for ever.
    while peer.info().rcv_wnd > 0 && rounds < 2_000_000 {
        let length = (peer.info().rcv_wnd as usize).min(100 + rounds % 3);
        peer.send(&seg(ACK, seq, 1).bytes(length));
        peer.out();
        seq += length as i64;
        rounds += 1;
    }
    assert_eq!(peer.info().rcv_wnd, 0);
    let kept = peer.info().receive_queue;
    assert!((buffer..buffer + buffer / 4).contains(&kept), "{kept}");
}

#[test]
fn units_for_offload_are_whole_segments() {
    let mut peer = Peer::established_with(Config { initial_window: 100, ..config() }, plain_options());
    peer.max_unit = 16_500;
    peer.write(40_300).unwrap();
    let units = peer.out();
    let lengths: Vec<_> = units.iter().map(|unit| (unit.length, unit.segment_size)).collect();
    assert_eq!(lengths, [(16_000, 1_000), (16_000, 1_000), (8_000, 1_000)], "the rest waits for Nagle");
    let expected: Vec<u8> = (0..40_000).map(|i| (i % 251) as u8).collect();
    assert!(peer.payload == expected);
}

#[test]
fn foreign_bytes_go_out_by_reference_and_the_buffer_is_bounded() {
    let mut peer = Peer::established_with(Config { send_buffer: 10_000, ..config() }, plain_options());
    let data: Arc<Vec<u8>> = Arc::new((0..30_000).map(|i| (i % 251) as u8).collect());
    let taken =
        peer.tcp.send_foreign(&mut peer.bench.cx(), data.clone(), 5_000, &mut peer.pool.chunks).unwrap();
    assert_eq!(taken, 10_000);
    let full = peer.tcp.send_foreign(&mut peer.bench.cx(), data.clone(), 15_000, &mut peer.pool.chunks);
    assert_eq!(full, Err(Error::WouldBlock));
    assert_eq!(
        peer.tcp.send_foreign(&mut peer.bench.cx(), data.clone(), 30_000, &mut peer.pool.chunks),
        Ok(0)
    );
    assert!(!peer.tcp.readiness().contains(crate::observe::Readiness::WRITABLE));
    assert_eq!(peer.out().len(), 10);
    assert!(peer.payload == data[5_000..15_000]);
    peer.send(&seg(ACK, 1, 10_001));
    assert_eq!(Arc::strong_count(&data), 1);
    assert!(peer.tcp.readiness().contains(crate::observe::Readiness::WRITABLE));
}

#[test]
fn many_small_pieces_never_stall_a_large_segment() {
    // Loopback: a segment of 60 KB cannot be gathered from more slices than a unit has.
    let mut bench = crate::observe::Bench::new(1);
    let config = Config { initial_window: 100, ..config() };
    let settings = crate::tcp::Settings::new(&config);
    let tcp = crate::tcp::Connection::connect(
        &mut bench.cx(),
        &Arc::new(config.clone()),
        settings,
        super::pair::tuple(),
        ISS,
        65_536,
    );
    let mut peer =
        Peer { bench, tcp, pool: crate::buffer::Pool::new(16, 2_000), max_unit: 0, payload: Vec::new() };
    peer.out();
    peer.answer(&seg(SYN | ACK, 0, 1).options(TcpOptions { mss: Some(65_000), ..TcpOptions::default() }));
    for _ in 0..12 {
        peer.write(1).unwrap();
        let piece: Arc<Vec<u8>> = Arc::new(vec![1; 4_096]);
        peer.tcp.send_foreign(&mut peer.bench.cx(), piece, 0, &mut peer.pool.chunks).unwrap();
    }
    let total: usize = peer.out().iter().map(|unit| unit.length).sum();
    assert!(total >= 8 * 4_096, "{total}");
    peer.send(&seg(ACK, 1, 1 + total as i64));
    let rest: usize = peer.out().iter().map(|unit| unit.length).sum();
    assert_eq!(total + rest, 12 * 4_097);
}
