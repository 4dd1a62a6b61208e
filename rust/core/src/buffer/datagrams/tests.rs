//! Bounds, order, and what a small buffer loses.

use super::*;
use crate::error::Error;
use crate::observe::Readiness;
use crate::time::Instant;
use std::net::Ipv4Addr;

fn datagram(packet: Packet) -> Datagram {
    let source = SocketAddress::new(Ipv4Addr::new(10, 0, 0, 2).into(), 53);
    let destination = Ipv4Addr::new(10, 0, 0, 1).into();
    Datagram { source, destination, interface: InterfaceId(3), ttl: 7, tos: 8, packet }
}

fn pooled(pool: &mut Pool, bytes: &[u8]) -> Packet {
    let mut packet = pool.take_sized(bytes.len()).expect("a buffer");
    packet.append(bytes);
    packet
}

#[test]
fn what_is_read_is_what_came_with_all_its_facts() {
    let mut pool = Pool::new(8, 1514);
    let mut queue = DatagramQueue::new();
    for bytes in [&b"first"[..], b"", b"third"] {
        let packet = pooled(&mut pool, bytes);
        assert!(queue.push(datagram(packet), 10_000, &mut pool));
    }
    let mut out = [0; 3];
    let (length, meta) = queue.peek(&mut out).expect("it waits");
    assert_eq!((length, &out, meta.length, meta.ttl, meta.tos), (3, b"fir", 5, 7, 8));
    assert_eq!(queue.next_length(), Some(5));
    assert_eq!(queue.pop(&mut out, &mut pool).map(|(length, _)| length), Some(3));
    assert_eq!(queue.pop(&mut out, &mut pool).map(|(length, meta)| (length, meta.length)), Some((0, 0)));
    assert_eq!(queue.take().map(|datagram| datagram.packet.bytes().to_vec()), Some(b"third".to_vec()));
    assert!(queue.pop(&mut out, &mut pool).is_none());
    assert_eq!((queue.len(), queue.bytes()), (0, 0));
}

#[test]
fn memory_is_bounded_and_drops_are_counted() {
    let mut pool = Pool::new(100_000, 1514);
    let mut queue = DatagramQueue::new();
    for n in 0..10_000usize {
        let packet = pooled(&mut pool, &vec![1; n % 1400]);
        queue.push(datagram(packet), 50_000, &mut pool);
        assert!(queue.bytes() < 50_000 + 2_000);
    }
    assert_eq!(queue.len() as u64 + queue.drops(), 10_000);
    assert!(queue.len() > 30);
    assert!(pool.in_use() <= queue.len());
}

#[test]
fn empty_datagrams_are_not_free_and_the_first_always_fits() {
    let mut pool = Pool::new(8, 1514);
    let mut queue = DatagramQueue::new();
    let accepted = (0..1_000)
        .filter(|_| {
            let packet = pooled(&mut pool, b"");
            queue.push(datagram(packet), 1_280, &mut pool)
        })
        .count();
    assert_eq!(accepted, 10);
    assert_eq!(pool.in_use(), 0, "none of them keeps a buffer of the pool");
    let mut tiny = DatagramQueue::new();
    let packet = pooled(&mut pool, &[0; 1_000]);
    assert!(tiny.push(datagram(packet), 1, &mut pool));
    let packet = pooled(&mut pool, &[0; 1_000]);
    assert!(!tiny.push(datagram(packet), 1, &mut pool));
}

fn error(error: Error) -> QueuedError {
    let destination = SocketAddress::new(Ipv4Addr::new(10, 0, 0, 2).into(), 53);
    QueuedError { error, origin: None, destination, icmp: (3, 3), mtu: 0, time: Instant::ZERO }
}

#[test]
fn errors_come_before_data_and_once() {
    let mut pool = Pool::new(8, 1514);
    let mut inbox = Inbox::new();
    let packet = pooled(&mut pool, b"x");
    inbox.push(datagram(packet), 10_000, &mut pool);
    inbox.on_error(error(Error::HostUnreachable), false);
    assert_eq!(inbox.readiness(false), Readiness::WRITABLE | Readiness::READABLE);
    assert!(inbox.readiness(true).contains(Readiness::ERROR));
    inbox.on_error(error(Error::ConnectionRefused), true);
    assert!(inbox.readiness(false).contains(Readiness::ERROR));
    assert_eq!(inbox.peek(&mut [0; 1]).err(), Some(Error::ConnectionRefused));
    assert_eq!(inbox.recv(&mut [0; 1], &mut pool).err(), Some(Error::ConnectionRefused));
    assert!(inbox.recv(&mut [0; 1], &mut pool).is_ok());
    assert_eq!(inbox.recv(&mut [0; 1], &mut pool).err(), Some(Error::WouldBlock));
    let queued: Vec<_> = std::iter::from_fn(|| inbox.errors().take()).map(|entry| entry.error).collect();
    assert_eq!(queued, [Error::HostUnreachable, Error::ConnectionRefused]);
}

#[test]
fn a_flood_of_errors_keeps_the_newest() {
    let mut errors = ErrorQueue::new();
    for n in 0..1_000u64 {
        errors.push(QueuedError { time: Instant::from_secs(n), ..error(Error::HostUnreachable) }, false);
    }
    assert_eq!((errors.len() as u64 + errors.drops(), errors.pending()), (1_000, None));
    let first = errors.take().map(|entry| entry.time);
    assert_eq!(first, Some(Instant::from_secs(1_000 - 64)));
}

#[test]
fn memberships_are_noted_once_and_bounded() {
    let mut inbox = Inbox::new();
    let group = |n: u8| IpAddress::from(Ipv4Addr::new(239, 0, 0, n));
    for n in 0..20 {
        assert_eq!(inbox.add_membership(group(n), InterfaceId(1)), Ok(()));
    }
    assert_eq!(inbox.add_membership(group(0), InterfaceId(1)), Err(Error::AddressInUse));
    assert_eq!(inbox.add_membership(group(0), InterfaceId(2)), Err(Error::NoBuffers));
    assert_eq!(inbox.remove_membership(group(0), InterfaceId(2)), Err(Error::AddressNotAvailable));
    assert_eq!(inbox.remove_membership(group(0), InterfaceId(1)), Ok(()));
    assert_eq!(inbox.memberships().len(), 19);
}
