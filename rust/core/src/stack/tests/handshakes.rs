//! Handshakes between whole stacks: floods of SYNs, Fast Open, deferred accepts.

use super::wire_pair::{A, B, ETH, Net, net as prefix, route};
use crate::buffer::Packet;
use crate::observe::Counter;
use crate::rng::Rng;
use crate::stack::{ListenerId, SocketId, SocketOption, TcpId};
use crate::tcp::State;
use crate::time::{Duration, Instant};
use crate::wire::{
    EtherType, EthernetHeader, IpAddress, Ipv4Header, Ipv4Options, MacAddress, Protocol, SocketAddress,
    TcpFlags, TcpHeader, TcpOptions, checksum::Sum, put16,
};
use std::net::Ipv4Addr;

const SECOND: Duration = Duration::from_secs(1);
const PORT: u16 = 80;

fn at(address: IpAddress) -> SocketAddress {
    SocketAddress::new(address, PORT)
}

fn set(net: &mut Net, host: usize, knob: &str, value: i64) {
    let now = net.now;
    net.hosts[host].set_knob(now, knob, value).unwrap();
}

/// A SYN to the second host from somewhere in 198.18.0.0/15, which is behind the first.
fn syn(rng: &mut Rng) -> Packet {
    let source = Ipv4Addr::from(0xc612_0000 | (rng.next_u32() & 0x1_ffff));
    let mut header = TcpHeader::new(1024 + (rng.next_u32() as u16 >> 1), PORT);
    (header.flags, header.seq.0, header.window) = (TcpFlags::SYN, rng.next_u32(), 65_535);
    header.options = TcpOptions { mss: Some(1460), sack_permitted: true, ..TcpOptions::default() };
    let destination = Ipv4Addr::new(10, 0, 0, 2);
    let ip = Ipv4Header {
        tos: 0,
        total_length: (Ipv4Header::MIN_LEN + header.len()) as u16,
        id: 0,
        dont_fragment: true,
        more_fragments: false,
        fragment_offset: 0,
        ttl: 60,
        protocol: Protocol::TCP,
        source,
        destination,
        options: Ipv4Options::NONE,
    };
    let front = EthernetHeader::LEN + Ipv4Header::MIN_LEN;
    let mut bytes = vec![0; front + header.len()];
    let (to, from) = (MacAddress([2, 0, 0, 0, 0, 2]), MacAddress([2, 0, 0, 0, 0, 1]));
    EthernetHeader { destination: to, source: from, ethertype: EtherType::IPV4 }.emit(&mut bytes);
    ip.emit(&mut bytes[EthernetHeader::LEN..]);
    header.emit(&mut bytes[front..], 0);
    let sum = Sum::new().pseudo_header(source.into(), destination.into(), Protocol::TCP.0, header.len());
    let sum = sum.bytes(&bytes[front..]).finish();
    put16(&mut bytes, front + 16, sum);
    Packet::copied(32, &bytes)
}

/// Two hosts, an established connection between them, and a way for the flooded one to answer.
fn flooded() -> (Net, ListenerId, TcpId, TcpId) {
    let mut net = Net::pair(21);
    let behind = route(prefix([198, 18, 0, 0], 15), Some(A), ETH);
    net.hosts[1].apply_routes(&[], &[behind]).unwrap();
    let listener = net.hosts[1].tcp_listen(at(B), 8).unwrap();
    let client = net.hosts[0].tcp_connect(net.now, at(B), None, None).unwrap();
    net.run(SECOND);
    let server = net.hosts[1].tcp_accept(listener).unwrap();
    // What answers the flood has done its part when it leaves.
    net.lose = Box::new(|_, frame| frame[30..32] == [198, 18] || frame[30..32] == [198, 19]);
    (net, listener, client, server)
}

/// `seconds` of 100,000 SYNs a second; half through, a client comes. How long it waited, and what the old connection moved.
fn flood(net: &mut Net, ends: (ListenerId, TcpId, TcpId), seconds: u64) -> (Duration, usize, TcpId) {
    let (listener, client, server) = ends;
    let mut rng = Rng::new(5);
    let mut buffer = vec![0; 1 << 16];
    let (mut moved, mut came, mut done) = (0, None, None);
    for milli in 0..seconds * 1000 {
        let now = net.now;
        for _ in 0..100 {
            net.hosts[1].handle_frame(now, ETH, syn(&mut rng));
        }
        if milli == seconds * 500 {
            let new = net.hosts[0].tcp_connect(now, at(B), None, None).unwrap();
            came = Some((now, new));
        }
        net.hosts[0].tcp_send(now, client, &[7; 1_000]).unwrap();
        net.run(Duration::from_millis(1));
        while let Ok(count) = net.hosts[1].tcp_recv(net.now, server, &mut buffer) {
            moved += count;
        }
        if let (Some((at, new)), None) = (came, done)
            && let Ok(accepted) = net.hosts[1].tcp_accept(listener)
        {
            assert_eq!(net.hosts[0].tcp_info(new).unwrap().state, State::Established);
            done = Some((net.now.since(at), accepted));
        }
        let memory = net.hosts[1].memory();
        assert!(memory.packets_used < 300 && memory.connections < 4 && memory.timers < 10, "{memory:?}");
        assert!(net.hosts[1].tcp_half_open_count() <= 128);
    }
    let (waited, accepted) = done.expect("the new client was let in");
    (waited, moved, accepted)
}

#[test]
fn a_flood_of_syns_keeps_nobody_out() {
    let (mut net, listener, client, server) = flooded();
    let (waited, moved, accepted) = flood(&mut net, (listener, client, server), 10);
    assert!(waited < SECOND * 3, "{waited:?}");
    assert!(moved > 9_900_000, "{moved} of 10,000,000 bytes");
    assert!(net.hosts[1].tcp_info(accepted).unwrap().syn_cookie);
    let counters = net.hosts[1].counters();
    assert!(counters.value(Counter::TcpSyncookiesSent) > 900_000);
    assert_eq!(counters.value(Counter::TcpSyncookiesRecv), 1);
}

#[test]
fn nor_does_it_without_cookies() {
    let (mut net, listener, client, server) = flooded();
    set(&mut net, 1, "tcp_syncookies", 0);
    let (waited, moved, accepted) = flood(&mut net, (listener, client, server), 1);
    assert!(waited < SECOND * 3, "{waited:?}");
    assert!(moved > 990_000, "{moved} of 1,000,000 bytes");
    assert!(!net.hosts[1].tcp_info(accepted).unwrap().syn_cookie);
    assert!(net.hosts[1].counters().value(Counter::TcpReqQFullDrop) > 90_000);
}

#[test]
fn after_a_flood_all_is_as_before() {
    let (mut net, listener, client, server) = flooded();
    flood(&mut net, (listener, client, server), 1);
    net.run(SECOND * 70);
    assert_eq!((net.hosts[1].tcp_half_open_count(), net.hosts[1].memory().packets_used), (0, 0));
    let new = net.hosts[0].tcp_connect(net.now, at(B), None, None).unwrap();
    net.run(SECOND);
    let accepted = net.hosts[1].tcp_accept(listener).unwrap();
    assert!(!net.hosts[1].tcp_info(accepted).unwrap().syn_cookie);
    assert_eq!(net.hosts[0].tcp_info(new).unwrap().state, State::Established);
}

/// Both roles switched on, a listener that takes such opens, and a delay of 50 ms each way.
fn fast_pair(seed: u128) -> (Net, ListenerId) {
    let mut net = Net::pair(seed);
    net.delay = Duration::from_millis(50);
    set(&mut net, 1, "tcp_fastopen", 3);
    let listener = net.hosts[1].tcp_listen(at(B), 8).unwrap();
    let now = net.now;
    net.hosts[1].set_option(now, SocketId::Listener(listener), SocketOption::FastOpen, 16).unwrap();
    (net, listener)
}

/// Ask and be answered; how long that took, and both ends.
fn exchange(net: &mut Net, listener: ListenerId) -> (Duration, TcpId, TcpId) {
    let start = net.now;
    let (client, taken) = net.hosts[0].tcp_connect_fast(start, at(B), None, None, b"question").unwrap();
    assert_eq!(taken, 8);
    let (mut server, mut buffer) = (None, [0; 99]);
    let answered = net.run_until(start + SECOND * 30, |net| {
        let now = net.now;
        if server.is_none() {
            server = net.hosts[1].tcp_accept(listener).ok();
        }
        if let Some(server) = server
            && net.hosts[1].tcp_recv(now, server, &mut buffer) == Ok(8)
        {
            net.hosts[1].tcp_send(now, server, b"answer").unwrap();
        }
        net.hosts[0].tcp_recv(now, client, &mut buffer) == Ok(6)
    });
    assert!(answered);
    (net.now.since(start), client, server.unwrap())
}

fn fast(net: &Net, host: usize, id: TcpId) -> &'static str {
    net.hosts[host].tcp_info(id).unwrap().fast_open
}

#[test]
fn the_second_connection_is_one_round_trip_faster() {
    let (mut net, listener) = fast_pair(31);
    // The neighbours' addresses first, so that only the handshake counts.
    let (_, client, server) = exchange(&mut net, listener);
    assert_eq!((fast(&net, 0, client), fast(&net, 1, server)), ("cookie", "cookie"));
    let (took, client, server) = exchange(&mut net, listener);
    assert_eq!((fast(&net, 0, client), fast(&net, 1, server)), ("accepted", "accepted"));
    assert_eq!(took.as_millis(), 100, "one round trip for question and answer");
    set(&mut net, 0, "tcp_fastopen", 0);
    let (took, client, _) = exchange(&mut net, listener);
    assert_eq!((took.as_millis(), fast(&net, 0, client)), (200, "none"));
    let count = |host: usize, counter| net.hosts[host].counters().value(counter);
    assert_eq!((count(0, Counter::TcpFastOpenActive), count(1, Counter::TcpFastOpenPassive)), (1, 1));
    assert_eq!(count(1, Counter::TcpFastOpenCookieReqd), 1);
}

#[test]
fn a_black_hole_is_left_alone_for_an_hour() {
    let (mut net, listener) = fast_pair(32);
    exchange(&mut net, listener);
    // A box that drops every SYN with the option.
    let is_fast = |frame: &[u8]| frame[12..14] == [8, 0] && frame[47] == 2 && frame[46] >> 4 > 10;
    net.lose = Box::new(move |_, frame| is_fast(frame));
    let (took, client, _) = exchange(&mut net, listener);
    assert!(took > SECOND * 3 && took < SECOND * 4, "{took:?}");
    assert_eq!(fast(&net, 0, client), "refused");
    assert_eq!(net.hosts[0].counters().value(Counter::TcpFastOpenBlackhole), 1);
    let (took, client, _) = exchange(&mut net, listener);
    assert!(took < SECOND, "{took:?}");
    assert_eq!(fast(&net, 0, client), "none");
    net.lose = Box::new(|_, _| false);
    net.run(SECOND * 3_600);
    let (_, client, _) = exchange(&mut net, listener);
    assert_eq!(fast(&net, 0, client), "accepted");
}

#[test]
fn every_fast_open_ends_whole_under_loss() {
    let (mut net, listener) = fast_pair(33);
    exchange(&mut net, listener);
    net.lose = Box::new(|n, _| Rng::new(u128::from(n)).chance(200_000));
    set(&mut net, 0, "tcp_fastopen_blackhole_timeout_sec", 0);
    for _ in 0..40 {
        exchange(&mut net, listener);
    }
    assert!(net.hosts[0].counters().value(Counter::TcpFastOpenActive) > 10);
}

#[test]
fn a_deferred_accept_hands_out_data_only() {
    let mut net = Net::pair(41);
    let listener = net.hosts[1].tcp_listen(at(B), 8).unwrap();
    let now = net.now;
    net.hosts[1].set_option(now, SocketId::Listener(listener), SocketOption::DeferAccept, 10_000).unwrap();
    let talker = net.hosts[0].tcp_connect(now, at(B), None, None).unwrap();
    let silent = net.hosts[0].tcp_connect(now, at(B), None, None).unwrap();
    net.run(SECOND * 4);
    assert_eq!(net.hosts[0].tcp_info(talker).unwrap().state, State::Established);
    assert!(net.hosts[1].tcp_accept(listener).is_err());
    net.hosts[0].tcp_send(net.now, talker, b"hello").unwrap();
    net.run(SECOND);
    let accepted = net.hosts[1].tcp_accept(listener).unwrap();
    assert_eq!(net.hosts[1].tcp_recv(net.now, accepted, &mut [0; 9]), Ok(5));
    assert!(net.hosts[1].tcp_accept(listener).is_err());
    net.run(SECOND * 6);
    assert!(net.now > Instant::ZERO + SECOND * 10);
    let late = net.hosts[1].tcp_accept(listener).unwrap();
    let tuple = net.hosts[0].tcp_tuple(silent).unwrap();
    assert_eq!(net.hosts[1].tcp_tuple(late).unwrap().remote, tuple.local);
}
