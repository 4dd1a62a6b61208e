//! SYN cookies (RFC 4987 3.6): when they are sent, what comes back, what survives.

use super::listener::Server;
use super::peer::*;
use crate::buffer::{Chunks, Pool};
use crate::drops::DropReason;
use crate::observe::Counter;
use crate::tcp::{Config, Setting, State};
use crate::time::Duration;
use crate::wire::{SeqNumber, TcpOptions, Timestamps};
use test_case::test_case;

fn always() -> Server {
    Server::new(
        4,
        Config { syn_cookies: 2, receive_buffer: 1 << 20, receive_buffer_max: 1 << 20, ..Config::default() },
    )
}

fn everything() -> TcpOptions {
    TcpOptions {
        mss: Some(1460),
        window_scale: Some(9),
        sack_permitted: true,
        timestamps: Some(Timestamps { value: 100, echo: 0 }),
        ..TcpOptions::default()
    }
}

/// Send a SYN; our number in the answer, and the timestamp.
fn cookie(server: &mut Server, port: u16, options: TcpOptions) -> (i64, u32) {
    server.takes(port, &seg(SYN, 0, 0).options(options));
    let answer = server.answer.expect("a SYN-ACK");
    assert_eq!((answer.flags, answer.ack), (SYN | ACK, IRS + 1));
    (answer.seq.distance(ISS).into(), answer.options.timestamps.map_or(0, |stamps| stamps.value))
}

#[test]
fn a_cookie_keeps_what_both_syns_agreed_on() {
    let mut server = always();
    let (isn, stamp) = cookie(&mut server, 5, everything());
    assert_eq!(server.listener.half_open(), 0, "nothing is remembered");
    let ours = server.answer.unwrap().options;
    assert_eq!((ours.window_scale, ours.sack_permitted), (Some(5), true));
    assert_eq!(server.takes(5, &seg(ACK, 1, isn + 1).stamps(101, stamp)), "ESTABLISHED");
    let info = server.made.unwrap().info();
    assert!(info.syn_cookie && info.sack && info.timestamps);
    assert_eq!((info.window_scale, info.peer_mss, info.mss), (Some((9, 5)), 1460, 1448));
    assert_eq!((info.srtt, info.cwnd), (None, 14_480), "nobody knows the round trip");
    assert_eq!(info.snd_nxt, ISS + isn as u32 + 1);
}

#[test]
fn a_cookie_keeps_our_scale_whatever_becomes_of_the_buffer() {
    let mut server = always();
    let (isn, stamp) = cookie(&mut server, 5, everything());
    server.listener.settings_mut().set(Setting::ReceiveBuffer(20_000)).unwrap();
    cookie(&mut server, 6, everything());
    assert_eq!(
        server.answer.unwrap().options.window_scale,
        Some(5),
        "while any is out: which it was, none tells"
    );
    assert_eq!(server.takes(5, &seg(ACK, 1, isn + 1).stamps(101, stamp)), "ESTABLISHED");
    assert_eq!(server.made.unwrap().info().window_scale, Some((9, 5)));
}

#[test]
fn without_timestamps_only_the_segment_size_survives() {
    let mut server = always();
    let (isn, _) = cookie(&mut server, 5, TcpOptions { timestamps: None, ..everything() });
    let ours = server.answer.unwrap().options;
    assert_eq!(
        ours,
        TcpOptions { mss: Some(1460), ..TcpOptions::default() },
        "nothing is promised that will be forgotten"
    );
    assert_eq!(server.takes(5, &seg(ACK, 1, isn + 1)), "ESTABLISHED");
    let info = server.made.unwrap().info();
    assert_eq!((info.window_scale, info.sack, info.timestamps, info.mss), (None, false, false, 1460));
}

#[test]
fn data_with_the_cookie_is_taken_at_once() {
    let mut server = always();
    let (isn, stamp) = cookie(&mut server, 5, everything());
    let request = seg(ACK, 1, isn + 1).stamps(101, stamp).data(b"GET /");
    assert_eq!(server.takes(5, &request), "ESTABLISHED");
    let (mut child, mut pool) = (server.made.unwrap(), Pool::new(4, 2048));
    let mut packet = pool.take().unwrap();
    packet.append(b"GET /");
    child.on_segment(&mut server.bench.cx(), &request.header, packet, &mut pool);
    let mut out = [0; 9];
    assert_eq!(child.recv(&mut server.bench.cx(), &mut out, &mut pool), Ok(5));
    // Our clock goes on from the stamp in the cookie.
    child.send(&mut server.bench.cx(), b"answer", &mut Chunks::default()).unwrap();
    let answer = child.poll_transmit(&mut server.bench.cx(), 0).unwrap();
    let stamps = answer.header.options.timestamps.unwrap();
    assert!(stamps.value.wrapping_sub(stamp) < 128);
    assert_eq!((answer.header.ack, stamps.echo), (IRS + 6, 101));
}

#[test]
fn cookies_begin_when_the_queue_is_full_and_end_with_the_flood() {
    let mut server = Server::new(4, Config { max_syn_backlog: 3, ..Config::default() });
    for port in 1..=3 {
        assert_eq!(server.takes(port, &seg(SYN, 0, 0)), "SYN|ACK 0:1");
    }
    let (isn, stamp) = cookie(&mut server, 4, everything());
    assert_ne!(isn, 0);
    assert_eq!((server.listener.half_open(), server.count(Counter::TcpSyncookiesSent)), (3, 1));
    assert_eq!(server.count(Counter::TcpReqQFullDoCookies), 1);
    assert_eq!(server.takes(4, &seg(ACK, 1, isn + 99).stamps(101, stamp)), format!("RST {}", isn + 99));
    assert_eq!(server.count(Counter::TcpSyncookiesFailed), 1);
    assert_eq!(server.takes(4, &seg(ACK, 1, isn + 1).stamps(101, stamp)), "ESTABLISHED");
    assert_eq!(server.count(Counter::TcpSyncookiesRecv), 1);
    server.bench.advance(Duration::from_secs(128));
    assert_eq!(server.takes(4, &seg(ACK, 1, isn + 99)), format!("RST {}", isn + 99));
    assert_eq!(server.count(Counter::TcpSyncookiesFailed), 1, "none is out: nobody can guess at leisure");
}

#[test_case(60 => true; "young")]
#[test_case(129 => false; "old")]
fn a_cookie_ages(seconds: u64) -> bool {
    let mut server = always();
    let (isn, stamp) = cookie(&mut server, 5, everything());
    server.bench.advance(Duration::from_secs(seconds));
    server.takes(5, &seg(ACK, 1, isn + 1).stamps(101, stamp)) == "ESTABLISHED"
}

#[test]
fn a_cookie_is_good_for_its_peer_only() {
    let mut server = always();
    let (isn, _) = cookie(&mut server, 5, TcpOptions::default());
    assert_eq!(server.takes(6, &seg(ACK, 1, isn + 1)), format!("RST {}", isn + 1));
    assert_eq!(server.takes(5, &seg(SYN | ACK, 1, isn + 1)), format!("RST {}", isn + 1));
    assert_eq!(server.takes(5, &seg(ACK, 1, isn + 1)), "ESTABLISHED");
}

#[test]
fn guessing_gets_nowhere() {
    let mut server = always();
    cookie(&mut server, 5, TcpOptions::default());
    let hits = (0..100_000u32).filter(|guess| {
        let mut ack = seg(ACK, 1, 0);
        ack.header.ack = SeqNumber(guess.wrapping_mul(2_654_435_761));
        server.takes(5, &ack) == "ESTABLISHED"
    });
    // 8 sizes x 2 steps in 2^32 numbers: expected here are 0.0004.
    assert_eq!(hits.count(), 0);
    assert_eq!(server.count(Counter::TcpSyncookiesFailed), 100_000);
}

#[test]
fn what_overtakes_the_ack_waits_for_it() {
    let mut server = always();
    let (isn, stamp) = cookie(&mut server, 5, everything());
    for ahead in [1, 5, 1_448] {
        let early = seg(ACK, 1 + ahead, isn + 1).stamps(101, stamp).data(b"late");
        assert_eq!(server.takes(5, &early), DropReason::TcpListenIgnored.name());
    }
    assert_eq!(server.takes(5, &seg(ACK, 1, isn + 1).stamps(101, stamp)), "ESTABLISHED");
    assert_eq!(server.made.unwrap().info().rcv_nxt, IRS + 1);
}

#[test]
fn the_accept_queue_bounds_cookies_too() {
    let mut server = always();
    let (isn, _) = cookie(&mut server, 5, TcpOptions::default());
    (0..4).for_each(|_| server.listener.on_established());
    assert_eq!(server.takes(5, &seg(ACK, 1, isn + 1)), DropReason::TcpAcceptQueueFull.name());
    assert_eq!(server.takes(6, &seg(SYN, 0, 0)), DropReason::TcpAcceptQueueFull.name());
    server.listener.on_accepted();
    assert_eq!(server.takes(5, &seg(ACK, 1, isn + 1)), State::Established.name());
}

#[test]
fn switched_off_there_are_none() {
    let mut server = Server::new(4, Config { syn_cookies: 0, max_syn_backlog: 1, ..Config::default() });
    for port in 0..10 {
        assert_eq!(server.takes(port, &seg(SYN, 0, 0)), "SYN|ACK 0:1");
    }
    assert_eq!(server.count(Counter::TcpSyncookiesSent), 0);
}

#[test]
fn a_listener_may_differ_from_the_stack() {
    let mut server = Server::new(4, Config { syn_cookies: 0, ..Config::default() });
    server.listener.settings_mut().set(Setting::SynCookies(Some(2))).unwrap();
    let (isn, stamp) = cookie(&mut server, 5, everything());
    assert_eq!(server.takes(5, &seg(ACK, 1, isn + 1).stamps(101, stamp)), "ESTABLISHED");
    assert!(server.listener.settings_mut().set(Setting::SynCookies(Some(3))).is_err());
}
