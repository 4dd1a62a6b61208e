//! UDP, ICMP and raw sockets between two hosts, and to oneself.

use super::wire_pair::{A, B, ETH, Net};
use crate::drops::DropReason;
use crate::error::Error;
use crate::observe::{Counter, Readiness};
use crate::stack::{SocketId, SocketOption};
use crate::time::Duration;
use crate::wire::{IpAddress, Protocol, SocketAddress, checksum::checksum};
use std::net::Ipv4Addr;

const SECOND: Duration = Duration::from_secs(1);

fn at(address: IpAddress, port: u16) -> SocketAddress {
    SocketAddress::new(address, port)
}

/// An echo request as a raw socket sends it.
fn echo(id: u16, data: usize) -> Vec<u8> {
    let mut message = vec![8, 0, 0, 0];
    message.extend(id.to_be_bytes());
    message.extend([0, 1]);
    message.extend((0..data).map(|i| i as u8));
    let sum = checksum(&message);
    message[2..4].copy_from_slice(&sum.to_be_bytes());
    message
}

/// Ping `target` from the first host of `net` with `data` bytes; the payload of the reply, if one came.
fn ping(net: &mut Net, target: IpAddress, data: usize) -> Option<Vec<u8>> {
    let raw = net.hosts[0].raw_open(Protocol::ICMP.0).unwrap();
    net.hosts[0].raw_send(net.now, raw, &echo(77, data), Some(target)).unwrap();
    net.run(SECOND);
    let mut out = vec![0; 70_000];
    let mut reply = None;
    while let Ok((length, meta)) = net.hosts[0].raw_recv(raw, &mut out) {
        if out[20] == 0 && meta.source.ip() == target {
            reply = Some(out[28..length].to_vec());
        }
    }
    net.hosts[0].close(net.now, SocketId::Raw(raw)).unwrap();
    reply
}

#[test]
fn echo_comes_back_whole_at_every_size_up_to_the_largest() {
    let mut net = Net::pair(1);
    for size in [0, 56, 1_472, 1_473, 6_000, 65_507] {
        let reply = ping(&mut net, B, size).unwrap_or_else(|| panic!("no reply of {size} bytes"));
        assert_eq!(reply, (0..size).map(|i| i as u8).collect::<Vec<_>>());
    }
}

#[test]
fn own_addresses_and_all_of_127_answer_from_the_address_that_was_asked() {
    let mut net = Net::pair(2);
    for target in [A, Ipv4Addr::LOCALHOST.into(), Ipv4Addr::new(127, 1, 2, 3).into()] {
        assert!(ping(&mut net, target, 65_000).is_some(), "{target}");
    }
}

#[test]
fn a_datagram_arrives_with_all_that_is_known_of_it() {
    let mut net = Net::pair(3);
    let server = net.hosts[1].udp_open();
    net.hosts[1].udp_bind(server, at(B, 53)).unwrap();
    let client = net.hosts[0].udp_open();
    net.hosts[0].set_option(net.now, SocketId::Udp(client), SocketOption::Tos, 0x10).unwrap();
    let sent = net.hosts[0].udp_send(net.now, client, b"question", Some(at(B, 53)));
    assert_eq!(sent, Ok(8));
    net.run(SECOND);
    let event = net.hosts[1].poll_event().expect("an event");
    assert_eq!(event.socket, SocketId::Udp(server));
    assert!(event.readiness.contains(Readiness::READABLE));
    let mut out = [0; 4];
    let (length, meta) = net.hosts[1].udp_recv(server, &mut out).unwrap();
    assert_eq!((length, &out, meta.length), (4, b"ques", 8));
    assert_eq!((meta.destination, meta.interface, meta.ttl, meta.tos), (B, ETH, 64, 0x10));
    let port = net.hosts[0].local_address(SocketId::Udp(client)).unwrap().unwrap().port();
    assert_eq!(meta.source, at(A, port));
    assert!((32_768..=60_999).contains(&port));
    assert_eq!(net.hosts[1].udp_recv(server, &mut out), Err(Error::WouldBlock));
}

#[test]
fn a_connected_socket_hears_that_its_port_is_closed() {
    let mut net = Net::pair(4);
    let client = net.hosts[0].udp_open();
    net.hosts[0].udp_connect(client, Some(at(B, 9))).unwrap();
    net.hosts[0].udp_send(net.now, client, b"x", None).unwrap();
    net.run(SECOND);
    assert!(net.hosts[0].readiness(SocketId::Udp(client)).unwrap().contains(Readiness::ERROR));
    assert_eq!(net.hosts[0].udp_send(net.now, client, b"x", None), Err(Error::ConnectionRefused));
    assert_eq!(net.hosts[1].counters().drops(DropReason::UdpNoSocket), 1);
}

#[test]
fn broadcast_needs_permission_and_reaches_every_socket_on_the_port() {
    let mut net = Net::pair(5);
    let everyone = at(Ipv4Addr::new(10, 0, 0, 255).into(), 1_000);
    let server = net.hosts[1].udp_open();
    net.hosts[1].udp_bind(server, at(Ipv4Addr::UNSPECIFIED.into(), 1_000)).unwrap();
    let client = net.hosts[0].udp_open();
    let now = net.now;
    assert_eq!(net.hosts[0].udp_send(now, client, b"x", Some(everyone)), Err(Error::PermissionDenied));
    net.hosts[0].set_option(now, SocketId::Udp(client), SocketOption::Broadcast, 1).unwrap();
    for target in [everyone, at(Ipv4Addr::BROADCAST.into(), 1_000)] {
        net.hosts[0].udp_send(net.now, client, b"x", Some(target)).unwrap();
        net.run(SECOND);
        let (_, meta) = net.hosts[1].udp_recv(server, &mut [0; 9]).unwrap();
        assert_eq!(meta.destination, target.ip());
    }
}

#[test]
fn multicast_reaches_who_joined_and_nobody_else() {
    let mut net = Net::pair(6);
    let group = IpAddress::V4(Ipv4Addr::new(239, 1, 2, 3));
    let server = net.hosts[1].udp_open();
    net.hosts[1].udp_bind(server, at(Ipv4Addr::UNSPECIFIED.into(), 5_000)).unwrap();
    let client = net.hosts[0].udp_open();
    net.hosts[0].udp_send(net.now, client, b"nobody", Some(at(group, 5_000))).unwrap();
    net.run(SECOND);
    assert_eq!(net.hosts[1].udp_recv(server, &mut [0; 9]), Err(Error::WouldBlock));
    net.hosts[1].join_group(net.now, SocketId::Udp(server), group, Some(ETH)).unwrap();
    net.run(SECOND);
    assert!(net.hosts[1].counters().value(Counter::IgmpOutMsgs) > 0);
    net.hosts[0].udp_send(net.now, client, b"member", Some(at(group, 5_000))).unwrap();
    net.run(SECOND);
    let (length, meta) = net.hosts[1].udp_recv(server, &mut [0; 9]).unwrap();
    assert_eq!((length, meta.destination, meta.ttl), (6, group, 1));
    net.hosts[1].close(net.now, SocketId::Udp(server)).unwrap();
    assert!(net.hosts[1].groups().is_empty());
}

#[test]
fn an_unknown_protocol_is_reported_and_a_raw_socket_takes_it() {
    let mut net = Net::pair(7);
    let sender = net.hosts[0].raw_open(200).unwrap();
    net.hosts[0].raw_connect(sender, Some(B)).unwrap();
    net.hosts[0].raw_send(net.now, sender, b"hello", None).unwrap();
    net.run(SECOND);
    assert_eq!(net.hosts[0].take_error(SocketId::Raw(sender)), Some(Error::ProtocolUnreachable));
    let receiver = net.hosts[1].raw_open(200).unwrap();
    net.hosts[0].raw_send(net.now, sender, b"hello", None).unwrap();
    net.run(SECOND);
    let mut out = [0; 100];
    let (length, _) = net.hosts[1].raw_recv(receiver, &mut out).unwrap();
    assert_eq!(&out[20..length], b"hello");
    assert_eq!(net.hosts[1].raw_open(0), Err(Error::InvalidArgument));
}

#[test]
fn a_full_pool_drops_and_counts_and_recovers() {
    let mut net = Net::pair(8);
    net.hosts[0].set_knob(net.now, "pool_packets", 16).unwrap();
    let client = net.hosts[0].udp_open();
    let results: Vec<_> =
        (0..40).map(|_| net.hosts[0].udp_send(net.now, client, &[0; 100], Some(at(B, 9)))).collect();
    assert!(results.contains(&Err(Error::NoBuffers)));
    assert!(net.hosts[0].counters().drops(DropReason::PoolExhausted) > 0);
    net.run(Duration::from_secs(3));
    assert_eq!(net.hosts[0].memory().packets_used, 0);
    assert!(ping(&mut net, B, 56).is_some());
}

#[test]
fn the_same_seed_gives_the_same_frames() {
    let digest = |seed| {
        let mut net = Net::pair(seed);
        assert!(ping(&mut net, B, 3_000).is_some());
        net.digest
    };
    assert_eq!(digest(9), digest(9));
}
