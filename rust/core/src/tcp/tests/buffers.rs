//! How large buffers are, and that no window told is ever taken back, whatever becomes of the buffer behind it.

use super::peer::*;
use crate::drops::DropReason;
use crate::rng::Rng;
use crate::tcp::{Config, Pressure, Setting, State, Wait};
use crate::time::Duration;
use crate::wire::TcpOptions;

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn scaled() -> TcpOptions {
    TcpOptions { window_scale: Some(7), ..plain_options() }
}

/// ESTABLISHED after a handshake of 10 ms, with windows scaled by 128.
fn tuned(config: Config) -> Peer {
    let mut peer = Peer::connecting(config);
    peer.out();
    peer.bench.advance(ms(10));
    peer.send(&seg(SYN | ACK, 0, 1).options(scaled()));
    peer.out();
    assert_eq!(peer.tcp.state(), State::Established);
    peer
}

/// The buffer of `config` with room to grow to a megabyte.
fn growing() -> Config {
    Config { receive_buffer: 20_000, receive_buffer_max: 1_000_000, ..config() }
}

/// Let `count` segments of 1000 bytes come from `seq` on, and read them.
fn feed(peer: &mut Peer, seq: i64, count: i64) -> i64 {
    for index in 0..count {
        peer.send(&seg(ACK, seq + index * 1_000, 1).bytes(1_000));
        peer.out();
        while peer.read(65_536).is_ok_and(|data| !data.is_empty()) {}
        peer.out();
    }
    seq + count * 1_000
}

#[test]
fn the_scale_is_that_of_the_largest_window_unless_the_application_fixed_it() {
    //= rfc7323#2.2   chosen once, in the SYN
    let scale = |peer: &mut Peer| peer.out()[0].header.options.window_scale;
    assert_eq!(scale(&mut Peer::connecting(Config::default())), Some(7), "6 MiB, as Linux");
    assert_eq!(scale(&mut Peer::connecting(growing())), Some(4));
    let mut fixed = Peer::connecting(growing());
    fixed.tcp.set(&mut fixed.bench.cx(), Setting::ReceiveBuffer(200_000)).unwrap();
    assert_eq!(scale(&mut fixed), Some(2));
}

#[test]
fn the_scale_stays_as_it_was_told_whatever_the_application_fixes_before_the_answer() {
    //= rfc7323#2.2   and meant so on both sides from then on
    let mut peer = Peer::connecting(Config { receive_buffer: 100_000, ..growing() });
    assert_eq!(peer.out()[0].header.options.window_scale, Some(4));
    peer.tcp.set(&mut peer.bench.cx(), Setting::ReceiveBuffer(20_000)).unwrap();
    let answer = TcpOptions { window_scale: Some(0), ..plain_options() };
    peer.send(&seg(SYN | ACK, 0, 1).options(answer));
    assert_eq!(peer.info().window_scale.map(|(_, ours)| ours), Some(4));
}

#[test]
fn a_large_buffer_keeps_more_pieces_out_of_order() {
    for (buffer, kept) in [(2 << 20, 2), (6 << 20, 6)] {
        let own = Config { receive_buffer: buffer, max_out_of_order: 2, ..config() };
        let mut peer = Peer::established_with(own, plain_options());
        for piece in 0..10 {
            peer.send(&seg(ACK, 2_001 + piece * 2_000, 1).bytes(1_000));
        }
        let dropped = peer.dropped(DropReason::TcpOutOfOrderFull);
        assert_eq!(10 - dropped, kept, "{buffer}");
    }
}

#[test]
fn the_buffer_follows_what_a_round_trip_brings() {
    let mut peer = tuned(growing());
    let mut seq = feed(&mut peer, 1, 10);
    assert_eq!(peer.info().work.receive_buffer, 20_000, "no round trip is over");
    for count in [10, 20, 20] {
        peer.bench.advance(ms(10));
        seq = feed(&mut peer, seq, count);
    }
    peer.bench.advance(ms(10));
    feed(&mut peer, seq, 1);
    let work = peer.info().work;
    assert!(work.rcv_space >= 20_000 && work.receive_buffer >= 2 * 20_000 + 16_000, "{work:?}");
    assert!(work.receive_buffer <= 1_000_000);
    assert_eq!(work.rcv_rtt, Some(ms(10)));
    assert!(peer.info().rcv_wnd > 40_000, "and the peer knows");
}

#[test]
fn a_slow_stream_needs_no_more_than_it_has() {
    let mut peer = tuned(growing());
    let mut seq = 1;
    for _ in 0..50 {
        peer.bench.advance(ms(10));
        seq = feed(&mut peer, seq, 5);
    }
    assert_eq!(peer.info().work.receive_buffer, 20_000);
}

#[test]
fn neither_the_application_nor_the_knob_wants_it_to_grow() {
    let grown = |peer: &mut Peer| {
        let mut seq = 1;
        for count in [10, 15, 15, 15] {
            peer.bench.advance(ms(10));
            seq = feed(peer, seq, count);
        }
        peer.info().work.receive_buffer
    };
    assert!(grown(&mut tuned(growing())) > 20_000);
    assert_eq!(grown(&mut tuned(Config { moderate_receive_buffer: false, ..growing() })), 20_000);
    let mut fixed = tuned(growing());
    fixed.tcp.set(&mut fixed.bench.cx(), Setting::ReceiveBuffer(20_000)).unwrap();
    assert_eq!(grown(&mut fixed), 20_000);
    let mut short = tuned(growing());
    short.tcp.set_pressure(Pressure::Short);
    assert_eq!(grown(&mut short), 20_000);
}

#[test]
fn the_send_buffer_follows_the_congestion_window() {
    let config = Config { send_buffer: 10_000, send_buffer_max: 60_000, ..config() };
    let mut peer = Peer::established_with(config, plain_options());
    let mut acked = 1;
    for _ in 0..12 {
        while peer.write(50_000).is_ok() {}
        for unit in peer.out() {
            acked += unit.length as i64;
            peer.send(&seg(ACK, 1, acked));
        }
    }
    assert_eq!(peer.info().work.send_buffer, 60_000, "twice the window, and no more than the most");
    let mut peer = Peer::established();
    peer.tcp.set(&mut peer.bench.cx(), Setting::SendBuffer(10_000)).unwrap();
    peer.write(50_000).unwrap();
    peer.out();
    peer.answer(&seg(ACK, 1, 10_001));
    assert_eq!(peer.info().work.send_buffer, 10_000);
}

#[test]
fn at_rest_buffers_shrink_to_what_they_were_and_the_window_stands() {
    let mut peer = tuned(growing());
    let mut seq = 1;
    for count in [10, 15, 15, 15] {
        peer.bench.advance(ms(10));
        seq = feed(&mut peer, seq, count);
    }
    peer.pass(9_000);
    let before = peer.info();
    assert!(before.work.receive_buffer > 20_000, "a pause is no rest");
    assert_eq!(peer.pass(11_000), "");
    let after = peer.info();
    assert_eq!((after.work.receive_buffer, after.rcv_wnd), (20_000, before.rcv_wnd));
    //= rfc9293#3.8.6 SHLD-14   what was promised is taken, though the buffer is smaller now
    for index in 0..i64::from(before.rcv_wnd) / 1_000 {
        peer.send(&seg(ACK, seq + index * 1_000, 1).bytes(1_000));
    }
    assert_eq!(peer.info().receive_queue as u32, before.rcv_wnd / 1_000 * 1_000);
}

/// The right edge of the last segment that left, relative to the peer's number.
fn edge(peer: &mut Peer, shift: u8) -> Option<i64> {
    let header = peer.out().last()?.header;
    Some(i64::from(header.ack.distance(IRS)) + (i64::from(header.window) << shift))
}

#[test]
fn the_right_edge_never_moves_left() {
    //= rfc9293#3.8.6 SHLD-14   whatever shrinks: memory, the application's wish, what nobody reads
    for seed in 0..200 {
        let mut rng = Rng::new(seed);
        let mut peer = tuned(growing());
        let (mut seq, mut most) = (1i64, 0);
        for _ in 0..300 {
            match rng.below(8) {
                0 => peer.tcp.set_pressure(
                    [Pressure::None, Pressure::Short, Pressure::Critical][rng.below(3) as usize],
                ),
                1 => {
                    let size = 2_304 + rng.below(60_000) as usize;
                    peer.tcp.set(&mut peer.bench.cx(), Setting::ReceiveBuffer(size)).unwrap();
                }
                2 | 3 => drop(peer.read(1 + rng.below(20_000) as usize)),
                4 => peer.bench.advance(ms(rng.below(30))),
                _ => {
                    // Only within the window: what lies beyond is trimmed, and that is another test.
                    let length = (1 + rng.below(1_000) as i64).min(most - seq);
                    if length > 0 {
                        let next = i64::from(peer.info().rcv_nxt.distance(IRS));
                        peer.send(&seg(ACK, next, 1).bytes(length as usize));
                        seq = i64::from(peer.info().rcv_nxt.distance(IRS));
                    }
                }
            }
            peer.tcp.set(&mut peer.bench.cx(), Setting::QuickAck(true)).unwrap();
            if let Some(edge) = edge(&mut peer, 4) {
                //= rfc7323#2.4   to a unit of the scale
                assert!(edge > most - 16, "seed {seed}: {edge} after {most}");
                most = most.max(edge);
            }
        }
    }
}

#[test]
fn short_memory_lets_the_window_close_to_a_few_segments() {
    let mut peer = tuned(growing());
    peer.tcp.set_pressure(Pressure::Short);
    let start = i64::from(peer.info().rcv_wnd);
    assert!(start > 19_000);
    for index in 0..19 {
        peer.send(&seg(ACK, 1 + index * 1_000, 1).bytes(1_000));
        peer.out();
    }
    assert!(peer.info().rcv_wnd < 2_000, "the promise was kept, and nothing added");
    while peer.read(65_536).is_ok_and(|data| !data.is_empty()) {}
    peer.out();
    let window = peer.info().rcv_wnd;
    assert!((4_096..=4 * 1_460).contains(&window), "four segments, not 20000: {window}");
    assert_eq!(peer.write(100_000), Ok(4_096), "and as much the other way");
}

#[test]
fn used_up_memory_takes_one_segment_at_a_time() {
    let mut peer = tuned(growing());
    peer.tcp.set_pressure(Pressure::Critical);
    for index in 0..6 {
        peer.send(&seg(ACK, 1 + index * 1_000, 1).bytes(1_000));
    }
    assert_eq!((peer.info().receive_queue, peer.dropped(DropReason::TcpNoMemory)), (4_000, 2));
    assert_eq!(peer.says(), "ACK 1:4001", "the peer sends the rest again");
    peer.read(65_536).unwrap();
    peer.send(&seg(ACK, 4_001, 1).bytes(1_000));
    assert_eq!(peer.info().receive_queue, 1_000);
    assert_eq!(peer.write(100_000), Ok(4_096));
    peer.out();
    assert_eq!(peer.info().work.waiting, Wait::Nagle);
}
