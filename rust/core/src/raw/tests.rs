//! Which packets a socket gets a copy of.

use super::*;
use crate::observe::Bench;
use crate::wire::SocketAddress;
use std::net::Ipv4Addr;
use test_case::test_case;

fn address(last: u8) -> IpAddress {
    Ipv4Addr::new(10, 0, 0, last).into()
}

#[test_case(1, None, None => true; "all of its protocol")]
#[test_case(2, None, None => false; "another protocol")]
#[test_case(255, None, None => false; "one that only sends")]
#[test_case(1, Some(1), Some(2) => true; "from and to those addresses")]
#[test_case(1, Some(3), None => false; "to another address")]
#[test_case(1, None, Some(3) => false; "from another address")]
fn takes(protocol: u8, local: Option<u8>, remote: Option<u8>) -> bool {
    let mut socket = Socket::new(Protocol(protocol), DatagramSettings::default()).expect("a protocol");
    (socket.local, socket.remote) = (local.map(address), remote.map(address));
    socket.accepts(Protocol::ICMP, address(2), address(1))
}

#[test]
fn protocols_that_are_special() {
    let make = |protocol| Socket::new(Protocol(protocol), DatagramSettings::default());
    assert_eq!(make(0).err(), Some(Error::InvalidArgument));
    assert!(make(255).is_ok_and(|socket| socket.settings.header_included));
    assert!(make(1).is_ok_and(|socket| !socket.settings.header_included));
}

#[test]
fn a_full_queue_drops_and_counts() {
    let (mut bench, mut pool) = (Bench::new(1), Pool::new(1_000, 1514));
    let mut socket = Socket::new(Protocol::ICMP, DatagramSettings::default()).expect("a protocol");
    socket.settings.receive_buffer = 5_000;
    for _ in 0..100 {
        let mut packet = pool.take().expect("a buffer");
        packet.append(&[0x45; 84]);
        let source = SocketAddress::new(address(2), 0);
        let datagram =
            Datagram { source, destination: address(1), interface: InterfaceId(1), ttl: 1, tos: 0, packet };
        socket.on_packet(&mut bench.cx(), datagram, &mut pool);
    }
    assert_eq!(socket.queued().0 as u64 + bench.drops(DropReason::RawQueueFull), 100);
    assert_eq!(socket.drops(), bench.drops(DropReason::RawQueueFull));
    assert_eq!(socket.next_length(), Some(84));
    let (length, meta) = socket.recv(&mut [0; 100], &mut pool).expect("it waits");
    assert_eq!((length, meta.source.ip()), (84, address(2)));
}
