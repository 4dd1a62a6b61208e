//! Blocking datagram sockets between two live stacks on a pipe, and the rules of waiting.
#![allow(missing_docs, reason = "tests")]

mod common;

use common::{LONG, address, error_of, pair, socket, timed};
use std::thread;
use tapip_core::error::Error;
use tapip_core::observe::Readiness;
use tapip_core::time::Duration;
use tapip_host::socket::{RawSocket, UdpSocket};
use tapip_host::{Driver, HostError};

#[test]
fn datagrams_and_raw_packets_go_both_ways() {
    let (server, client) = pair();
    let (a, b) = (UdpSocket::open(server.handle()), UdpSocket::open(client.handle()));
    let (a, b) = (a.expect("it lives"), b.expect("it lives"));
    a.bind(socket(1, 9)).expect("a free port");
    b.send(b"question", Some(socket(1, 9)), LONG).expect("sent");
    let mut buffer = [0; 64];
    let (count, meta) = a.recv(&mut buffer, LONG).expect("a datagram");
    assert_eq!((&buffer[..count], meta.source.ip()), (&b"question"[..], address(2)));
    a.send(b"answer", Some(meta.source), LONG).expect("sent");
    let (count, _) = b.recv(&mut buffer, LONG).expect("a datagram");
    assert_eq!(&buffer[..count], b"answer");

    let ping = RawSocket::open(client.handle(), 1).expect("it lives");
    let mut request = [8, 0, 0, 0, 0, 7, 0, 1];
    let sum = tapip_core::wire::checksum::checksum(&request).to_be_bytes();
    request[2..4].copy_from_slice(&sum);
    ping.send(&request, Some(address(1)), LONG).expect("sent");
    let (count, meta) = ping.recv(&mut buffer, LONG).expect("a reply");
    assert_eq!((&buffer[20..count], meta.source.ip()), (&[0, 0, 0xff, 0xf7, 0, 7, 0, 1][..], address(1)));
}

#[test]
fn calls_give_up_when_their_time_is_up_and_not_before() {
    let (_server, client) = pair();
    let limit = Duration::from_millis(50);
    let datagrams = UdpSocket::open(client.handle()).expect("it lives");
    for _ in 0..2 {
        let (error, took) = timed(|| error_of(datagrams.recv(&mut [0; 8], Some(limit))));
        assert_eq!(error, HostError::TimedOut);
        assert!(took >= limit && took < Duration::from_millis(500), "{took:?}");
    }
    assert_eq!(error_of(datagrams.wait(Readiness::READABLE, Some(limit))), HostError::TimedOut);
    let at_once = Some(Duration::ZERO);
    assert_eq!(error_of(datagrams.recv(&mut [0; 8], at_once)), HostError::Core(Error::WouldBlock));
    assert_eq!(error_of(datagrams.wait(Readiness::READABLE, at_once)), HostError::Core(Error::WouldBlock));
    assert!(datagrams.wait(Readiness::WRITABLE, at_once).expect("always").contains(Readiness::WRITABLE));
}

#[test]
fn many_sleepers_of_one_socket_are_served_in_turn() {
    let (server, client) = pair();
    let (a, b) = (UdpSocket::open(server.handle()), UdpSocket::open(client.handle()));
    let (a, b) = (a.expect("it lives"), b.expect("it lives"));
    a.bind(socket(1, 9)).expect("a free port");
    thread::scope(|scope| {
        let sleepers: Vec<_> = (0..8).map(|_| scope.spawn(|| a.recv(&mut [0; 8], LONG))).collect();
        for _ in 0..8 {
            b.send(b"one each", Some(socket(1, 9)), LONG).expect("sent");
        }
        for sleeper in sleepers {
            assert_eq!(sleeper.join().expect("no panic").expect("a datagram").0, 8);
        }
    });
}

#[test]
fn closing_wakes_who_sleeps() {
    let (_server, client) = pair();
    let datagrams = UdpSocket::open(client.handle()).expect("it lives");
    thread::scope(|scope| {
        let sleepers = [
            scope.spawn(|| error_of(datagrams.recv(&mut [0; 8], None))),
            scope.spawn(|| error_of(datagrams.wait(Readiness::READABLE, LONG))),
        ];
        thread::sleep(std::time::Duration::from_millis(30));
        datagrams.close().expect("open");
        for sleeper in sleepers {
            assert_eq!(sleeper.join().expect("no panic"), HostError::Core(Error::BadHandle));
        }
    });
    assert!(datagrams.is_closed());
    datagrams.close().expect("twice is once");
}

#[test]
fn stopping_wakes_who_sleeps_and_takes_less_than_a_second() {
    let (_server, mut client) = pair();
    let datagrams = UdpSocket::open(client.handle()).expect("it lives");
    thread::scope(|scope| {
        let sleeper = scope.spawn(|| error_of(datagrams.recv(&mut [0; 8], None)));
        thread::sleep(std::time::Duration::from_millis(30));
        let ((), took) = timed(|| client.driver.stop(Driver::LINGER));
        assert!(took < Duration::from_secs(1), "{took:?}");
        let error = sleeper.join().expect("no panic");
        assert!(matches!(error, HostError::Stopped | HostError::Core(Error::BadHandle)), "{error:?}");
    });
    assert!(client.handle().is_stopped());
    assert_eq!(error_of(datagrams.recv(&mut [0; 8], None)), HostError::Stopped);
}
