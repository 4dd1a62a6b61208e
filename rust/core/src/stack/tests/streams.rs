//! TCP between whole stacks.

use super::wire_pair::{A, B, Net};
use crate::error::Error;
use crate::observe::{Counter, Readiness};
use crate::rng::Rng;
use crate::stack::{ListenerId, SocketId, SocketOption, TcpId};
use crate::tcp::State;
use crate::time::{Duration, Instant};
use crate::wire::{IpAddress, SocketAddress};
use std::net::Ipv4Addr;

const SECOND: Duration = Duration::from_secs(1);

pub(super) fn at(address: IpAddress, port: u16) -> SocketAddress {
    SocketAddress::new(address, port)
}

/// A listener on the second host, and a connection to it from the first.
pub(super) fn connected(net: &mut Net) -> (ListenerId, TcpId, TcpId) {
    let listener = net.hosts[1].tcp_listen(at(B, 80), 8).unwrap();
    let client = net.hosts[0].tcp_connect(net.now, at(B, 80), None, None).unwrap();
    net.run(SECOND);
    let server = net.hosts[1].tcp_accept(listener).expect("established within a second");
    (listener, client, server)
}

/// Send `data` from one end to the other, reading as it comes, and close; what arrived.
pub(super) fn transfer(
    net: &mut Net,
    from: (usize, TcpId),
    to: (usize, TcpId),
    data: &[u8],
    limit: Duration,
) -> Vec<u8> {
    let mut sent = 0;
    let mut got = Vec::new();
    let mut buffer = vec![0; 1 << 16];
    let end = net.now + limit;
    net.run_until(end, |net| {
        let now = net.now;
        while sent < data.len() {
            match net.hosts[from.0].tcp_send(now, from.1, &data[sent..]) {
                Ok(count) => sent += count,
                Err(_) => break,
            }
            if sent == data.len() {
                net.hosts[from.0].tcp_shutdown(now, from.1, false, true).unwrap();
            }
        }
        loop {
            match net.hosts[to.0].tcp_recv(now, to.1, &mut buffer) {
                Ok(0) => return true,
                Ok(count) => got.extend_from_slice(&buffer[..count]),
                Err(_) => return false,
            }
        }
    });
    got
}

pub(super) fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|i| (i * 31 % 253) as u8).collect()
}

fn state(net: &Net, host: usize, id: TcpId) -> State {
    net.hosts[host].tcp_info(id).unwrap().state
}

#[test]
fn a_megabyte_arrives_and_both_ends_close_in_order() {
    let mut net = Net::pair(1);
    let (_, client, server) = connected(&mut net);
    let data = pattern(1_000_000);
    assert!(transfer(&mut net, (0, client), (1, server), &data, SECOND * 10) == data);
    net.run(SECOND);
    assert_eq!((state(&net, 0, client), state(&net, 1, server)), (State::FinWait2, State::CloseWait));
    net.hosts[1].close(net.now, SocketId::Tcp(server)).unwrap();
    net.run(SECOND);
    assert_eq!(state(&net, 0, client), State::TimeWait);
    assert!(net.hosts[1].tcp_ids().is_empty());
    net.hosts[0].close(net.now, SocketId::Tcp(client)).unwrap();
    net.run(SECOND * 61);
    assert!(net.hosts[0].tcp_ids().is_empty());
    assert_eq!(net.hosts[0].memory().packets_used + net.hosts[1].memory().packets_used, 0);
}

#[test]
fn what_is_negotiated_is_seen() {
    let mut net = Net::pair(2);
    let (_, client, _) = connected(&mut net);
    let info = net.hosts[0].tcp_info(client).unwrap();
    assert!(info.timestamps && info.sack);
    assert_eq!((info.advertised_mss, info.peer_mss, info.mss), (1_460, 1_460, 1_448));
    assert!(info.window_scale.is_some_and(|(peer, own)| peer > 0 && own > 0));
    assert_eq!(info.cwnd, 10 * 1_448);
}

#[test]
fn every_transfer_ends_whole_under_loss_in_both_directions() {
    for (seed, per_mille) in [(1, 10), (2, 50), (3, 100), (4, 200)] {
        let mut net = Net::pair(seed);
        let (_, client, server) = connected(&mut net);
        net.lose = Box::new(move |n, _| Rng::new(u128::from(n)).chance(per_mille * 1_000));
        let data = pattern(300_000);
        let got = transfer(&mut net, (0, client), (1, server), &data, SECOND * 3_600);
        assert!(got == data, "{per_mille} per mille: {} of {} bytes", got.len(), data.len());
        let back = transfer(&mut net, (1, server), (0, client), &data, SECOND * 3_600);
        assert!(back == data, "{per_mille} per mille back: {} of {} bytes", back.len(), data.len());
    }
}

#[test]
fn the_same_seed_gives_the_same_frames_under_loss_too() {
    let digest = |seed| {
        let mut net = Net::pair(seed);
        let (_, client, server) = connected(&mut net);
        net.lose = Box::new(|n, _| n % 17 == 0);
        transfer(&mut net, (0, client), (1, server), &pattern(100_000), SECOND * 600);
        net.digest
    };
    assert_eq!(digest(5), digest(5));
}

#[test]
fn one_lost_segment_is_repaired_without_a_timeout() {
    let mut net = Net::pair(6);
    let (_, client, server) = connected(&mut net);
    let mut full = 0;
    net.lose = Box::new(move |_, frame| {
        full += u32::from(frame.len() > 1_400);
        frame.len() > 1_400 && full == 60
    });
    let data = pattern(400_000);
    assert!(transfer(&mut net, (0, client), (1, server), &data, SECOND * 10) == data);
    let counters = net.hosts[0].counters();
    assert_eq!((counters.value(Counter::TcpFastRetrans), counters.value(Counter::TcpTimeouts)), (1, 0));
}

#[test]
fn a_closed_port_refuses_and_a_silent_host_times_out() {
    let mut net = Net::pair(7);
    let refused = net.hosts[0].tcp_connect(net.now, at(B, 81), None, None).unwrap();
    net.run(SECOND);
    assert_eq!(net.hosts[0].take_error(SocketId::Tcp(refused)), Some(Error::ConnectionRefused));
    net.lose = Box::new(|_, frame| frame[12..14] == [8, 0]);
    let silent = net.hosts[0].tcp_connect(net.now, at(B, 80), None, None).unwrap();
    net.run(SECOND * 400);
    assert_eq!(state(&net, 0, silent), State::Closed);
    assert_eq!(net.hosts[0].take_error(SocketId::Tcp(silent)), Some(Error::TimedOut));
    let nobody = at(Ipv4Addr::new(10, 0, 0, 77).into(), 80);
    net.lose = Box::new(|_, _| false);
    let absent = net.hosts[0].tcp_connect(net.now, nobody, None, None).unwrap();
    net.run(SECOND * 6);
    assert_eq!(net.hosts[0].take_error(SocketId::Tcp(absent)), Some(Error::HostUnreachable));
}

#[test]
fn a_stopped_reader_closes_the_window_and_reading_opens_it_again() {
    let mut net = Net::pair(8);
    let (_, client, server) = connected(&mut net);
    let data = pattern(3_000_000);
    let sent = net.hosts[0].tcp_send(net.now, client, &data).unwrap();
    assert_eq!(sent, data.len());
    net.run(SECOND * 120);
    let info = net.hosts[0].tcp_info(client).unwrap();
    assert!(info.snd_wnd < 1_448 && info.state == State::Established, "{info:?}");
    assert!(net.hosts[0].counters().value(Counter::TcpProbes) > 2);
    let mut got = Vec::new();
    let mut buffer = vec![0; 1 << 16];
    let end = net.now + SECOND * 300;
    net.run_until(end, |net| {
        while let Ok(count) = net.hosts[1].tcp_recv(net.now, server, &mut buffer) {
            got.extend_from_slice(&buffer[..count]);
        }
        got.len() == data.len()
    });
    assert!(got == data, "{} bytes", got.len());
    assert!(net.now < Instant::ZERO + SECOND * 125, "{:?}", net.now);
}

#[test]
fn a_peer_that_vanishes_is_noticed_by_the_user_timeout_and_by_keepalive() {
    let mut net = Net::pair(9);
    let (_, client, server) = connected(&mut net);
    let now = net.now;
    net.hosts[0].set_option(now, SocketId::Tcp(client), SocketOption::UserTimeout, 5_000).unwrap();
    for (option, value) in [
        (SocketOption::KeepIdle, 10_000),
        (SocketOption::KeepInterval, 1_000),
        (SocketOption::KeepCount, 3),
        (SocketOption::KeepAlive, 1),
    ] {
        net.hosts[1].set_option(now, SocketId::Tcp(server), option, value).unwrap();
    }
    net.run(SECOND * 60);
    assert_eq!(state(&net, 1, server), State::Established);
    net.lose = Box::new(|_, _| true);
    net.hosts[0].tcp_send(net.now, client, b"anybody there?").unwrap();
    net.run(SECOND * 20);
    assert_eq!(net.hosts[0].take_error(SocketId::Tcp(client)), Some(Error::TimedOut));
    assert_eq!(net.hosts[1].take_error(SocketId::Tcp(server)), Some(Error::TimedOut));
}

#[test]
fn a_reset_is_reported_after_what_was_received() {
    let mut net = Net::pair(10);
    let (_, client, server) = connected(&mut net);
    net.hosts[0].tcp_send(net.now, client, b"last words").unwrap();
    net.run(SECOND);
    net.hosts[0].tcp_abort(net.now, client).unwrap();
    net.run(SECOND);
    let now = net.now;
    let mut buffer = [0; 100];
    assert_eq!(net.hosts[1].tcp_recv(now, server, &mut buffer), Ok(10));
    assert_eq!(net.hosts[1].tcp_recv(now, server, &mut buffer), Err(Error::ConnectionReset));
    assert_eq!(net.hosts[1].tcp_recv(now, server, &mut buffer), Ok(0));
    assert_eq!(net.hosts[1].tcp_send(now, server, b"x"), Err(Error::BrokenPipe));
}

#[test]
fn closing_with_unread_data_resets_and_so_does_data_after_close() {
    let mut net = Net::pair(11);
    let (_, client, server) = connected(&mut net);
    net.hosts[0].tcp_send(net.now, client, b"unread").unwrap();
    net.run(SECOND);
    net.hosts[1].close(net.now, SocketId::Tcp(server)).unwrap();
    net.run(SECOND);
    assert_eq!(net.hosts[0].take_error(SocketId::Tcp(client)), Some(Error::ConnectionReset));
    let mut net = Net::pair(12);
    let (_, client, server) = connected(&mut net);
    net.hosts[1].close(net.now, SocketId::Tcp(server)).unwrap();
    net.run(SECOND);
    assert_eq!(net.hosts[0].tcp_recv(net.now, client, &mut [0; 9]), Ok(0));
    net.hosts[0].tcp_send(net.now, client, b"too late").unwrap();
    net.run(SECOND);
    assert_eq!(net.hosts[0].take_error(SocketId::Tcp(client)), Some(Error::ConnectionReset));
}

#[test]
fn both_ends_may_open_at_once_and_close_at_once() {
    let mut net = Net::pair(13);
    let now = net.now;
    let left = net.hosts[0].tcp_connect(now, at(B, 5_000), Some(at(A, 6_000)), None).unwrap();
    let right = net.hosts[1].tcp_connect(now, at(A, 6_000), Some(at(B, 5_000)), None).unwrap();
    net.run(SECOND * 3);
    assert_eq!((state(&net, 0, left), state(&net, 1, right)), (State::Established, State::Established));
    let data = pattern(10_000);
    net.hosts[0].tcp_send(net.now, left, &data).unwrap();
    net.hosts[1].tcp_send(net.now, right, &data).unwrap();
    net.run(SECOND);
    let mut buffer = vec![0; 20_000];
    assert_eq!(net.hosts[0].tcp_recv(net.now, left, &mut buffer), Ok(10_000));
    assert_eq!(net.hosts[1].tcp_recv(net.now, right, &mut buffer), Ok(10_000));
    let now = net.now;
    net.hosts[0].close(now, SocketId::Tcp(left)).unwrap();
    net.hosts[1].close(now, SocketId::Tcp(right)).unwrap();
    net.run(SECOND);
    let states: Vec<_> = [(0, left), (1, right)].iter().map(|(host, id)| state(&net, *host, *id)).collect();
    assert_eq!(states, [State::TimeWait, State::TimeWait]);
    net.run(SECOND * 61);
    assert!(net.hosts.iter().all(|host| host.tcp_ids().is_empty()));
}

#[test]
fn the_backlog_is_bounded_and_no_connection_is_lost_by_it() {
    let mut net = Net::pair(14);
    let listener = net.hosts[1].tcp_listen(at(B, 80), 2).unwrap();
    let clients: Vec<_> =
        (0..8).map(|_| net.hosts[0].tcp_connect(net.now, at(B, 80), None, None).unwrap()).collect();
    net.run(SECOND);
    assert!(net.hosts[1].counters().value(Counter::TcpListenOverflows) > 0);
    let mut accepted = 0;
    let end = net.now + SECOND * 100;
    net.run_until(end, |net| {
        while net.hosts[1].tcp_accept(listener).is_ok() {
            accepted += 1;
        }
        accepted == clients.len()
    });
    assert_eq!(accepted, 8);
    net.run(SECOND * 5);
    for client in clients {
        assert_eq!(state(&net, 0, client), State::Established);
    }
}

#[test]
fn a_connection_to_oneself_goes_over_lo() {
    let mut net = Net::pair(15);
    let listener = net.hosts[0].tcp_listen(at(Ipv4Addr::UNSPECIFIED.into(), 80), 8).unwrap();
    let client = net.hosts[0].tcp_connect(net.now, at(Ipv4Addr::LOCALHOST.into(), 80), None, None).unwrap();
    net.run(SECOND);
    let server = net.hosts[0].tcp_accept(listener).unwrap();
    let data = pattern(500_000);
    assert!(transfer(&mut net, (0, client), (0, server), &data, SECOND * 10) == data);
}

#[test]
fn events_tell_of_connections_data_and_the_end() {
    let mut net = Net::pair(16);
    let (listener, client, server) = connected(&mut net);
    let mut seen = Vec::new();
    while let Some(event) = net.hosts[1].poll_event() {
        seen.push(event.socket);
    }
    assert!(seen.contains(&SocketId::Listener(listener)));
    net.hosts[0].tcp_send(net.now, client, b"x").unwrap();
    net.hosts[0].tcp_shutdown(net.now, client, false, true).unwrap();
    net.run(SECOND);
    let event = std::iter::from_fn(|| net.hosts[1].poll_event()).last().expect("data came");
    assert_eq!(event.socket, SocketId::Tcp(server));
    assert!(event.readiness.contains(Readiness::READABLE | Readiness::READ_CLOSED));
}

#[test]
fn a_smaller_path_mtu_cuts_what_is_under_way_anew() {
    let mut net = Net::pair(17);
    let (_, client, server) = connected(&mut net);
    let eth = super::wire_pair::ETH;
    net.hosts[0].set_mtu(net.now, eth, 600).unwrap();
    let data = pattern(50_000);
    assert!(transfer(&mut net, (0, client), (1, server), &data, SECOND * 10) == data);
    assert_eq!(net.hosts[0].tcp_info(client).unwrap().mss, 548);
}
