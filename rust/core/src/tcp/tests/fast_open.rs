//! TCP Fast Open (RFC 7413): the client by hand-played servers, the server by hand-played clients.

use super::listener::Server;
use super::peer::*;
use crate::buffer::{Chunks, Pool};
use crate::observe::{Counter, Readiness};
use crate::tcp::{Config, Connection, FastOpenCache, IcmpError, IcmpKind, Known, Lesson, Setting, State};
use crate::time::Duration;
use crate::wire::{FastOpenCookie, SackBlocks, TcpOptions, Timestamps};
use test_case::test_case;

fn some_cookie(byte: u8) -> FastOpenCookie {
    FastOpenCookie::new(&[byte; 8]).unwrap()
}

/// A client that has `data` to send with its SYN and knows a cookie.
fn client(data: &[u8]) -> Peer {
    let mut peer = Peer::connecting(config());
    let known = Known { cookie: some_cookie(7), mss: 1000 };
    assert_eq!(peer.tcp.open_with(data, Some(known)), data.len());
    peer
}

fn with_cookie(byte: u8) -> TcpOptions {
    TcpOptions { fast_open: Some(some_cookie(byte)), ..plain_options() }
}

#[test]
fn a_client_without_a_cookie_asks_for_one_and_sends_after_the_handshake() {
    let mut peer = Peer::connecting(config());
    let mut cache = FastOpenCache::new(1);
    let server = peer.tcp.tuple().remote.ip();
    peer.tcp.open_with(b"hello", cache.recall(peer.bench.now, server));
    let syn = peer.out().remove(0);
    assert_eq!((syn.length, syn.header.options.fast_open), (0, Some(FastOpenCookie::REQUEST)));
    assert_eq!(peer.info().fast_open, "cookie");
    assert_eq!(peer.answer(&seg(SYN | ACK, 0, 1).options(with_cookie(9))), "PSH|ACK 1:1 +5");
    assert_eq!(peer.payload, b"hello");
    let lesson = peer.tcp.take_lesson().unwrap();
    assert_eq!(lesson, Lesson::Cookie(some_cookie(9), 1000));
    cache.learn(peer.bench.now, server, lesson, Duration::from_secs(1));
    assert_eq!(cache.recall(peer.bench.now, server), Some(Known { cookie: some_cookie(9), mss: 1000 }));
}

#[test]
fn data_in_the_syn_that_the_server_takes() {
    let mut peer = client(b"hello");
    let syn = peer.out().remove(0);
    assert_eq!((words(&syn), syn.header.options.fast_open), ("SYN 0 +5".into(), Some(some_cookie(7))));
    assert_eq!(peer.payload, b"hello");
    assert_eq!((peer.info().fast_open, peer.info().send_queue), ("data", 5));
    // The answer comes with the SYN-ACK's flight, before we said anything else.
    assert_eq!(peer.answer(&seg(SYN | ACK, 0, 6).options(plain_options())), "ACK 6:1");
    assert_eq!(peer.answer(&seg(ACK, 1, 6).data(b"world")), "");
    assert_eq!(peer.read(9).unwrap(), b"world");
    let info = peer.info();
    assert_eq!((info.fast_open, info.syn_data_acked, info.bytes_acked), ("accepted", true, 5));
    assert_eq!(peer.tcp.take_lesson(), Some(Lesson::Accepted));
    assert_eq!(peer.bench.count(Counter::TcpFastOpenActive), 1);
    peer.write(3).unwrap();
    assert_eq!(peer.says(), "PSH|ACK 6:6 +3");
}

#[test]
fn a_send_buffer_that_is_set_before_the_answer_holds_after_it() {
    let mut peer = client(b"hello");
    peer.tcp.set(&mut peer.bench.cx(), Setting::SendBuffer(5_000)).unwrap();
    peer.out();
    peer.answer(&seg(SYN | ACK, 0, 6).options(plain_options()));
    assert_eq!(peer.write(20_000), Ok(5_000));
}

#[test]
fn data_that_the_server_does_not_take_goes_again_at_once() {
    let mut peer = client(b"hello");
    peer.out();
    assert_eq!(peer.answer(&seg(SYN | ACK, 0, 1).options(plain_options())), "PSH|ACK 1:1 +5");
    let info = peer.info();
    assert_eq!((info.fast_open, info.syn_data_acked), ("refused", false));
    assert_eq!(peer.tcp.take_lesson(), Some(Lesson::Refused));
    assert_eq!(peer.bench.count(Counter::TcpFastOpenActiveFail), 1);
    let mut peer = client(b"hello");
    peer.out();
    assert_eq!(peer.answer(&seg(SYN | ACK, 0, 4).options(with_cookie(8))), "PSH|ACK 4:1 +2");
    assert_eq!(peer.payload, b"lo", "or the part of it that was not");
    assert_eq!(peer.tcp.take_lesson(), Some(Lesson::Cookie(some_cookie(8), 1000)));
}

#[test_case(7 => "RST 7"; "beyond the data")]
#[test_case(0 => "RST 0"; "before the SYN")]
fn an_ack_of_what_was_not_in_the_syn(ack: i64) -> String {
    let mut peer = client(b"hello");
    peer.out();
    peer.answer(&seg(SYN | ACK, 0, ack))
}

#[test]
fn no_more_goes_with_the_syn_than_a_segment_holds() {
    let mut peer = client(&[5; 2_968]);
    let syn = peer.out().remove(0);
    // MSS, SACK permitted, timestamps, cookie: 4 + 12 + 12 bytes (a buffer of 10,000 needs a scale of 0: 4 more).
    assert_eq!((syn.header.options.len(), syn.length), (32, 1_000 - 32));
    let rest = peer.answer(&seg(SYN | ACK, 0, 969).options(plain_options()));
    assert_eq!(rest, "ACK 969:1 +1000, PSH|ACK 1969:1 +1000");
}

#[test]
fn after_two_losses_a_plain_syn_goes_and_the_server_is_barred() {
    let mut peer = client(b"hello");
    peer.out();
    assert_eq!(peer.pass(3_000), "@1000 SYN 0 +5, @3000 SYN 0");
    assert_eq!((peer.info().fast_open, peer.tcp.take_lesson()), ("refused", Some(Lesson::Lost)));
    assert_eq!(peer.answer(&seg(SYN | ACK, 0, 1).options(plain_options())), "PSH|ACK 1:1 +5");
    assert_eq!(peer.tcp.take_lesson(), None);
    // Or the first one's answer was late.
    let mut peer = client(b"hello");
    peer.out();
    peer.pass(3_000);
    assert_eq!(peer.answer(&seg(SYN | ACK, 0, 6).options(plain_options())), "ACK 6:1");
    assert_eq!(peer.info().fast_open, "accepted");
}

#[test]
fn without_fast_open_data_waits_for_the_handshake() {
    let mut peer = Peer::connecting(config());
    peer.tcp.open_with(b"hello", None);
    let syn = peer.out().remove(0);
    assert_eq!((syn.length, syn.header.options.fast_open), (0, None));
    assert_eq!(peer.answer(&seg(SYN | ACK, 0, 1).options(plain_options())), "PSH|ACK 1:1 +5");
    assert_eq!(peer.info().fast_open, "none");
}

fn all_options() -> TcpOptions {
    TcpOptions {
        mss: Some(1000),
        window_scale: Some(3),
        sack_permitted: true,
        timestamps: Some(Timestamps { value: 100, echo: 0 }),
        sack: SackBlocks::default(),
        fast_open: None,
        ecn: None,
    }
}

#[test_case(false; "plain")]
#[test_case(true; "with data in the SYN")]
fn crossed_syns_agree_on_every_option(fast: bool) {
    let mut peer = Peer::connecting(Config { receive_buffer: 1 << 20, ..config() });
    if fast {
        peer.tcp.open_with(b"hello", Some(Known { cookie: some_cookie(7), mss: 1000 }));
    }
    peer.out();
    peer.send(&seg(SYN, 0, 0).options(all_options()));
    let answer = peer.out().remove(0);
    assert_eq!(words(&answer), "SYN|ACK 0:1", "no data with it");
    let ours = answer.header.options;
    assert_eq!((ours.window_scale, ours.sack_permitted, ours.fast_open), (Some(5), true, None));
    assert_eq!(ours.timestamps.unwrap().echo, 100);
    let said = peer.answer(&seg(SYN | ACK, 0, 1).options(all_options()).stamps(101, 1));
    assert_eq!(said, if fast { "PSH|ACK 1:1 +5" } else { "ACK 1:1" });
    let info = peer.info();
    assert_eq!((info.state, info.window_scale), (State::Established, Some((3, 5))));
    assert!(info.sack && info.timestamps);
    assert_eq!(info.fast_open, if fast { "refused" } else { "none" });
}

#[test]
fn both_close_at_once_with_every_option() {
    let mut peer = Peer::established_with(config(), all_options());
    peer.shutdown();
    assert_eq!(peer.says(), "FIN|ACK 1:1");
    assert_eq!(peer.answer(&seg(FIN | ACK, 1, 1).stamps(101, 1)), "ACK 2:2");
    assert_eq!(peer.tcp.state(), State::Closing);
    peer.send(&seg(ACK, 2, 2).stamps(102, 1));
    assert_eq!(peer.tcp.state(), State::TimeWait);
}

/// A server that takes `places` such connections.
fn server(places: u32) -> Server {
    let mut server = Server::new(8, Config { fast_open: 3, ..Config::default() });
    server.listener.settings_mut().set(Setting::FastOpen(places)).unwrap();
    server
}

fn request() -> Seg {
    seg(SYN, 0, 0).options(TcpOptions { fast_open: Some(FastOpenCookie::REQUEST), ..plain_options() })
}

/// The cookie that the server gives on request.
fn granted(server: &mut Server) -> FastOpenCookie {
    assert_eq!(server.takes(5, &request()), "SYN|ACK 0:1");
    server.answer.unwrap().options.fast_open.expect("a cookie")
}

fn syn_with(cookie: FastOpenCookie) -> Seg {
    seg(SYN, 0, 0).options(TcpOptions { fast_open: Some(cookie), ..plain_options() })
}

/// The connection that `syn` made, given the same SYN.
fn child(server: &mut Server, syn: &Seg) -> Peer {
    let mut peer = Peer::connecting(config());
    peer.bench.now = server.bench.now;
    peer.tcp = *server.made.take().expect("a connection");
    peer.send(syn);
    peer
}

fn opened(server: &mut Server, data: &[u8]) -> Peer {
    let cookie = granted(server);
    let syn = syn_with(cookie).data(data);
    assert_eq!(server.takes(6, &syn), "SYN-RECEIVED");
    child(server, &syn)
}

#[test]
fn a_cookie_opens_at_once_and_the_answer_need_not_wait() {
    let mut server = server(1);
    let mut peer = opened(&mut server, b"GET /");
    assert_eq!(server.listener.fast_open_pending(), 1);
    assert_eq!(peer.says(), "SYN|ACK 0:6");
    assert_eq!(peer.tcp.readiness(), Readiness::READABLE | Readiness::WRITABLE);
    assert_eq!(peer.read(99).unwrap(), b"GET /");
    peer.write(2_000).unwrap();
    assert_eq!(peer.says(), "ACK 1:6 +1000, PSH|ACK 1001:6 +1000");
    assert_eq!((peer.tcp.state(), peer.tcp.is_fast_open_pending()), (State::SynReceived, true));
    assert_eq!(peer.answer(&seg(ACK, 6, 2_001)), "");
    let info = peer.info();
    assert_eq!((info.state, info.bytes_acked, info.fast_open), (State::Established, 2_000, "accepted"));
    assert!(info.syn_data_acked && !peer.tcp.is_fast_open_pending());
    assert_eq!(server.count(Counter::TcpFastOpenPassive), 1);
}

#[test]
fn a_lost_syn_ack_goes_again_with_the_data_acknowledged() {
    let mut server = server(1);
    let mut peer = opened(&mut server, b"GET /");
    peer.out();
    peer.write(100).unwrap();
    peer.out();
    let syn = syn_with(some_cookie(1)).data(b"GET /");
    assert_eq!(peer.answer(&syn), "SYN|ACK 0:6", "by the peer's timer");
    assert_eq!(peer.pass(1_000), "@1000 SYN|ACK 0:6", "and by ours");
    assert_eq!(peer.read(99).unwrap(), b"GET /", "once");
    assert_eq!(peer.read(99), Err(crate::error::Error::WouldBlock));
    // The peer dropped what came before its handshake: the ACK of the SYN-ACK alone.
    peer.send(&seg(ACK, 6, 1));
    assert_eq!(peer.tcp.state(), State::Established);
    assert_eq!(peer.pass(10_000).split(", ").next(), Some("@0 PSH|ACK 1:6 +100"));
}

#[test]
fn a_reset_or_silence_ends_it() {
    let mut server = server(1);
    let mut peer = opened(&mut server, b"GET /");
    peer.out();
    assert_eq!(peer.answer(&seg(RST, 7, 0)), "ACK 1:6", "not the number we expect");
    peer.send(&seg(RST, 6, 0));
    assert_eq!(peer.tcp.state(), State::Closed);
    let mut peer = opened(&mut super::fast_open::server(1), b"GET /");
    peer.out();
    peer.pass(70_000);
    assert_eq!(peer.tcp.state(), State::Closed);
}

#[test]
fn a_smaller_path_counts_before_the_ack_as_after() {
    let mut peer = opened(&mut server(1), b"");
    peer.out();
    peer.write(2_000).unwrap();
    peer.out();
    assert!(peer.tcp.in_flight(ISS + 1_001));
    let error = IcmpError { kind: IcmpKind::TooBig { mtu: 640 }, seq: ISS + 1_001 };
    peer.tcp.on_icmp(&mut peer.bench.cx(), error);
    assert_eq!(peer.info().mss, 600);
}

#[test]
fn closing_before_the_ack_waits_for_it_and_aborting_does_not() {
    let mut peer = opened(&mut server(1), b"");
    peer.out();
    peer.write(5).unwrap();
    peer.close();
    assert_eq!(peer.says(), "PSH|ACK 1:1 +5");
    assert_eq!(peer.answer(&seg(ACK, 1, 6)), "FIN|ACK 6:1");
    let mut peer = opened(&mut server(1), b"GET /");
    peer.out();
    peer.abort();
    assert_eq!((peer.says(), peer.tcp.state()), ("RST|ACK 1:6".into(), State::Closed));
}

#[test]
fn a_wrong_cookie_falls_back_and_gets_the_right_one() {
    let mut server = server(1);
    let right = granted(&mut server);
    assert_eq!(server.takes(6, &syn_with(some_cookie(1)).data(b"GET /")), "SYN|ACK 0:1");
    assert_eq!(server.answer.unwrap().options.fast_open, Some(right));
    assert_eq!(server.count(Counter::TcpFastOpenPassiveFail), 1);
    assert_eq!(server.pass(1_000), "@1000 SYN|ACK 0:1, @1000 SYN|ACK 0:1");
    assert_eq!(server.takes(6, &seg(ACK, 1, 1).data(b"GET /")), "ESTABLISHED");
    assert_eq!(server.made.unwrap().info().fast_open, "cookie");
}

#[test]
fn pending_opens_are_bounded_and_resets_make_no_room() {
    let mut server = server(2);
    let cookie = granted(&mut server);
    let open = |server: &mut Server, port| server.takes(port, &syn_with(cookie).data(b"x"));
    assert_eq!([open(&mut server, 11), open(&mut server, 12)], ["SYN-RECEIVED"; 2]);
    assert_eq!(open(&mut server, 13), "SYN|ACK 0:1", "the usual way");
    assert_eq!(server.count(Counter::TcpFastOpenListenOverflow), 1);
    server.listener.on_fast_open_over(false);
    assert_eq!(open(&mut server, 14), "SYN-RECEIVED", "one got its ACK");
    server.listener.on_fast_open_over(true);
    assert_eq!(open(&mut server, 15), "SYN|ACK 0:1", "one was reset");
    server.bench.advance(Duration::from_secs(60));
    assert_eq!(open(&mut server, 16), "SYN-RECEIVED", "a minute later");
}

#[test_case(1, 5; "the knob")]
#[test_case(3, 0; "the listener")]
fn switched_off_the_option_is_not_seen(knob: u8, places: u32) {
    let mut server = Server::new(8, Config { fast_open: knob, ..Config::default() });
    server.listener.settings_mut().set(Setting::FastOpen(places)).unwrap();
    assert_eq!(server.takes(5, &request()), "SYN|ACK 0:1");
    assert_eq!(server.answer.unwrap().options.fast_open, None);
}

#[test]
fn a_cookie_of_the_last_key_is_good_and_renewed() {
    let rotation = Duration::from_secs(600);
    let mut server =
        Server::new(8, Config { fast_open: 3, fast_open_rotation: rotation, ..Config::default() });
    server.listener.settings_mut().set(Setting::FastOpen(4)).unwrap();
    let old = granted(&mut server);
    server.bench.advance(rotation);
    let syn = syn_with(old).data(b"x");
    assert_eq!(server.takes(6, &syn), "SYN-RECEIVED");
    let renewed = child(&mut server, &syn).out().remove(0).header.options.fast_open;
    assert!(renewed.is_some_and(|cookie| cookie != old));
    server.bench.advance(rotation);
    assert_eq!(server.takes(7, &syn), "SYN|ACK 0:1", "two keys ago");
}

#[test]
fn a_client_and_a_server_of_ours_save_a_round_trip() {
    let mut server = server(4);
    let cookie = granted(&mut server);
    let mut client = Peer::connecting(config());
    client.tcp.open_with(b"GET /", Some(Known { cookie, mss: 1460 }));
    let syn = client.out().remove(0);
    let mut first = seg(SYN, 0, 0).options(syn.header.options).data(b"GET /");
    first.header.seq = syn.header.seq;
    assert_eq!(server.takes(6, &first), "SYN-RECEIVED");
    let mut child: Connection = *server.made.take().unwrap();
    let mut pool = Pool::new(8, 2048);
    let mut packet = pool.take().unwrap();
    packet.append(b"GET /");
    child.on_segment(&mut server.bench.cx(), &first.header, packet, &mut pool);
    child.send(&mut server.bench.cx(), b"200 OK", &mut Chunks::default()).unwrap();
    let (cx, max) = (&mut server.bench.cx(), 0);
    let answers: Vec<_> = std::iter::from_fn(|| child.poll_transmit(cx, max)).collect();
    assert_eq!(answers.len(), 2, "SYN-ACK and answer in one flight");
    let mut text = client.pool.take().unwrap();
    text.append(b"200 OK");
    let empty = client.pool.take_sized(0).unwrap();
    client.tcp.on_segment(&mut client.bench.cx(), &answers[0].header, empty, &mut client.pool);
    client.tcp.on_segment(&mut client.bench.cx(), &answers[1].header, text, &mut client.pool);
    assert_eq!(client.read(99).unwrap(), b"200 OK");
    assert_eq!(client.info().fast_open, "accepted");
}
