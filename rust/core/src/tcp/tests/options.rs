//! MSS, window scale, timestamps and PAWS, SACK blocks.

use super::peer::*;
use crate::drops::DropReason;
use crate::tcp::{Config, Setting, Settings, State};
use crate::time::Duration;
use crate::wire::{SackBlocks, SeqNumber, TcpOptions, Timestamps};
use test_case::test_case;

#[test]
fn our_syn_offers_everything_and_its_mss_has_no_options_taken_off() {
    let mut peer = Peer::connecting(Config {
        receive_buffer: 1 << 20,
        receive_buffer_max: 1 << 20,
        ..Config::default()
    });
    let syn = peer.out().remove(0).header;
    assert_eq!((syn.options.mss, syn.options.window_scale), (Some(1460), Some(5)));
    assert!(syn.options.sack_permitted);
    assert_eq!(syn.options.timestamps.map(|stamps| stamps.echo), Some(0));
    assert_eq!(syn.window, 0xffff, "the window of a SYN is never scaled");
}

#[test]
fn what_is_switched_off_is_neither_offered_nor_taken() {
    let off = Config { sack: false, timestamps: false, window_scaling: false, ..config() };
    let everything = TcpOptions {
        window_scale: Some(4),
        sack_permitted: true,
        timestamps: Some(Timestamps { value: 1, echo: 2 }),
        ..plain_options()
    };
    let mut peer = Peer::connecting(off);
    assert_eq!(peer.out()[0].header.options, TcpOptions { mss: Some(1460), ..TcpOptions::default() });
    peer.answer(&seg(SYN | ACK, 0, 1).options(everything));
    let info = peer.info();
    assert_eq!((info.sack, info.timestamps, info.window_scale), (false, false, None));
}

#[test_case(Some(1460), false => 1460; "as announced")]
#[test_case(Some(1460), true => 1448; "less our timestamps")]
#[test_case(Some(9000), false => 1460; "no more than the path")]
#[test_case(None, false => 536; "the default of IPv4")]
#[test_case(Some(1), false => 48; "never slivers")]
#[test_case(Some(0), true => 36; "slivers less timestamps")]
fn effective_mss(announced: Option<u16>, stamps: bool) -> u32 {
    let timestamps = stamps.then_some(Timestamps { value: 1, echo: 0 });
    let options = TcpOptions { mss: announced, timestamps, ..TcpOptions::default() };
    Peer::established_with(config(), options).info().mss
}

#[test]
fn a_limit_on_segments_holds_both_ways() {
    let mut peer = Peer::connecting(config());
    peer.tcp.set(&mut peer.bench.cx(), Setting::MaxSegment(700)).unwrap();
    assert_eq!(peer.out()[0].header.options.mss, Some(700));
    peer.answer(&seg(SYN | ACK, 0, 1).options(plain_options()));
    assert_eq!(peer.info().mss, 700);
}

#[test_case(65_535 => 0)]
#[test_case(65_536 => 1)]
#[test_case(1 << 20 => 5)]
#[test_case(1 << 30 => 14; "at most")]
fn shift_of(buffer: usize) -> u8 {
    crate::tcp::options::shift_for(buffer)
}

#[test]
fn windows_are_scaled_after_the_handshake_only() {
    let options = TcpOptions { window_scale: Some(20), ..plain_options() };
    let mut peer = Peer::connecting(Config { receive_buffer: 1 << 20, ..config() });
    peer.out();
    peer.send(&seg(SYN | ACK, 0, 1).options(options).window(500));
    assert_eq!(peer.info().window_scale, Some((14, 5)), "a shift over 14 counts as 14");
    assert_eq!(peer.info().snd_wnd, 500);
    let ack = peer.out().remove(0).header;
    assert_eq!(ack.window, ((1 << 20) >> 5) as u16);
    peer.send(&seg(ACK, 1, 1).window(3));
    assert_eq!(peer.info().snd_wnd, 3 << 14);
}

#[test]
fn an_old_timestamp_is_dropped_whatever_its_number() {
    let mut peer = Peer::stamped(config());
    peer.answer(&seg(ACK, 1, 1).data(b"ab").stamps(200, 0));
    peer.pass(100);
    assert_eq!(peer.answer(&seg(ACK, 3, 1).data(b"XX").stamps(199, 0)), "ACK 1:3");
    assert_eq!(peer.dropped(DropReason::TcpPaws), 1);
    peer.answer(&seg(ACK, 3, 1).data(b"cd").stamps(200, 0));
    assert_eq!(peer.read(10).unwrap(), b"abcd");
}

#[test]
fn timestamps_wrap() {
    let stamps = Some(Timestamps { value: u32::MAX, echo: 0 });
    let mut peer = Peer::established_with(config(), TcpOptions { timestamps: stamps, ..plain_options() });
    peer.answer(&seg(ACK, 1, 1).data(b"ab").stamps(5, 0));
    peer.answer(&seg(ACK, 3, 1).data(b"cd").stamps(u32::MAX, 0));
    assert_eq!(peer.read(10).unwrap(), b"ab");
}

#[test]
fn after_weeks_of_silence_any_timestamp_is_new() {
    let mut peer = Peer::stamped(config());
    peer.bench.advance(Duration::from_secs(25 * 24 * 3600));
    peer.answer(&seg(ACK, 1, 1).data(b"ab").stamps(99, 0));
    assert_eq!(peer.read(10).unwrap(), b"ab");
}

#[test]
fn a_segment_without_the_agreed_timestamp_does_nothing_but_a_reset_counts() {
    let mut peer = Peer::stamped(config());
    assert_eq!(peer.answer(&seg(ACK, 1, 1).data(b"ab")), "");
    assert_eq!(peer.tcp.state(), State::Established);
    peer.send(&seg(RST, 1, 0));
    assert_eq!(peer.tcp.state(), State::Closed);
}

#[test]
fn the_echo_is_of_the_oldest_segment_not_acknowledged() {
    let mut peer = Peer::stamped(config());
    let echo = |peer: &mut Peer| {
        let out = peer.out();
        out.last().expect("an ACK").header.options.timestamps.expect("agreed").echo
    };
    // Two segments, one delayed ACK: the first one's stamp.
    peer.send(&seg(ACK, 1, 1).bytes(1_000).stamps(201, 0));
    peer.send(&seg(ACK, 1_001, 1).bytes(1_000).stamps(202, 0));
    assert_eq!(echo(&mut peer), 201);
    // A gap: the last stamp in order is echoed until it fills.
    peer.send(&seg(ACK, 3_001, 1).bytes(1_000).stamps(204, 0));
    assert_eq!(echo(&mut peer), 201);
    peer.send(&seg(ACK, 2_001, 1).bytes(1_000).stamps(205, 0));
    assert_eq!(echo(&mut peer), 205, "what filled the gap");
}

#[test]
fn timestamps_that_nobody_agreed_on_are_ignored() {
    let mut peer = Peer::established();
    peer.answer(&seg(ACK, 1, 1).data(b"ab").stamps(200, 0));
    peer.answer(&seg(ACK, 3, 1).data(b"cd").stamps(100, 0));
    assert_eq!(peer.read(10).unwrap(), b"abcd");
    peer.write(1).unwrap();
    assert_eq!(peer.out()[0].header.options.timestamps, None);
}

#[test]
fn our_clock_ticks_in_milliseconds_and_keeps_its_offset_for_one_name() {
    let stamp = |wait: u64| {
        let mut peer = Peer::connecting(config());
        peer.bench.advance(Duration::from_millis(wait));
        peer.out()[0].header.options.timestamps.expect("offered").value
    };
    assert_eq!(stamp(250).wrapping_sub(stamp(0)), 250);
}

fn sacking(stamps: bool) -> Peer {
    let timestamps = stamps.then_some(Timestamps { value: 100, echo: 0 });
    let options = TcpOptions { sack_permitted: true, timestamps, ..plain_options() };
    let config = Config { receive_buffer: 60_000, ..config() };
    Peer::established_with(config, options)
}

fn blocks(peer: &mut Peer) -> Vec<(i32, i32)> {
    let out = peer.out();
    let sack = out.last().map_or_else(SackBlocks::default, |unit| unit.header.options.sack);
    let relative = |seq: SeqNumber| seq.distance(IRS);
    sack.as_slice().iter().map(|(left, right)| (relative(*left), relative(*right))).collect()
}

#[test]
fn sack_blocks_tell_the_latest_first() {
    let mut peer = sacking(false);
    let arrive = |peer: &mut Peer, seq: i64| {
        peer.send(&seg(ACK, seq, 1).bytes(100));
        blocks(peer)
    };
    assert_eq!(arrive(&mut peer, 201), [(201, 301)]);
    assert_eq!(arrive(&mut peer, 601), [(601, 701), (201, 301)]);
    assert_eq!(arrive(&mut peer, 401), [(401, 501), (601, 701), (201, 301)]);
    assert_eq!(arrive(&mut peer, 801), [(801, 901), (401, 501), (601, 701), (201, 301)]);
    assert_eq!(arrive(&mut peer, 1_001), [(1001, 1101), (801, 901), (401, 501), (601, 701)], "four fit");
    assert_eq!(arrive(&mut peer, 301), [(201, 501), (1001, 1101), (801, 901), (601, 701)], "joined");
    assert_eq!(arrive(&mut peer, 101), [(101, 501), (1001, 1101), (801, 901), (601, 701)]);
    assert_eq!(arrive(&mut peer, 1), [(1001, 1101), (801, 901), (601, 701)], "and acknowledged");
}

#[test]
fn beside_timestamps_three_fit() {
    let mut peer = sacking(true);
    for seq in [201, 401, 601, 801] {
        peer.send(&seg(ACK, seq, 1).bytes(100).stamps(101, 0));
    }
    assert_eq!(blocks(&mut peer), [(801, 901), (601, 701), (401, 501)]);
}

#[test]
fn blocks_ride_on_data_within_the_segment_size() {
    let mut peer = sacking(true);
    peer.send(&seg(ACK, 201, 1).bytes(100).stamps(101, 0));
    peer.out();
    peer.write(5_000).unwrap();
    for unit in peer.out().iter().filter(|unit| unit.length > 0) {
        assert!(!unit.header.options.sack.is_empty());
        assert!(unit.length + unit.header.options.len() <= 1_000);
    }
}

#[test]
fn without_agreement_there_are_no_blocks() {
    let mut peer = Peer::established();
    peer.send(&seg(ACK, 201, 1).bytes(100));
    assert_eq!(blocks(&mut peer), []);
}

#[test]
fn each_segment_out_of_order_is_told_but_sack_makes_three_enough() {
    let burst = |peer: &mut Peer| {
        for i in 1..=20 {
            peer.send(&seg(ACK, 1 + i * 1_000, 1).bytes(1_000));
        }
        peer.out().len()
    };
    assert_eq!(burst(&mut sacking(false)), 3);
    let config = Config { receive_buffer: 60_000, ..config() };
    assert_eq!(burst(&mut Peer::established_with(config, plain_options())), 20);
}

#[test]
fn settings_refuse_what_nobody_can_live_with() {
    let mut settings = Settings::default();
    for refused in [
        Setting::Ttl(0),
        Setting::KeepCount(0),
        Setting::KeepIdle(Duration::ZERO),
        Setting::KeepInterval(Duration::ZERO),
    ] {
        assert_eq!(settings.set(refused), Err(crate::error::Error::InvalidArgument));
    }
    assert_eq!(settings, Settings::default());
    settings.set(Setting::ReceiveBuffer(1)).unwrap();
    assert_eq!(settings.receive_buffer, 2_304);
}
