//! Which datagrams a socket takes, what its errors do, and the header.

use super::*;
use crate::observe::Bench;
use crate::time::Instant;
use proptest::prelude::*;
use test_case::test_case;

fn at(text: &str) -> SocketAddress {
    text.parse().expect("an address and a port")
}

fn socket(local: Option<&str>, remote: Option<&str>) -> Socket {
    let mut socket = Socket::new(DatagramSettings::default());
    (socket.local, socket.remote) = (local.map(at), remote.map(at));
    socket
}

#[test_case(None, None => None; "not bound")]
#[test_case(Some("0.0.0.0:7"), None => Some(1); "any address")]
#[test_case(Some("10.0.0.1:7"), None => Some(3); "that address")]
#[test_case(Some("0.0.0.0:7"), Some("10.0.0.2:9") => Some(5); "connected")]
#[test_case(Some("10.0.0.1:7"), Some("10.0.0.2:9") => Some(7); "connected from that address")]
#[test_case(Some("10.0.0.1:8"), None => None; "another port")]
#[test_case(Some("10.0.0.3:7"), None => None; "another address")]
#[test_case(Some("[::]:7"), None => None; "another family")]
#[test_case(Some("0.0.0.0:7"), Some("10.0.0.2:8") => None; "connected to another port")]
#[test_case(Some("0.0.0.0:7"), Some("10.0.0.3:9") => None; "connected to another host")]
fn scores(local: Option<&str>, remote: Option<&str>) -> Option<u8> {
    socket(local, remote).score(at("10.0.0.2:9"), at("10.0.0.1:7"))
}

fn error(error: Error) -> QueuedError {
    let origin = Some(at("10.0.0.9:0").ip());
    QueuedError { error, origin, destination: at("10.0.0.2:9"), icmp: (3, 3), mtu: 0, time: Instant::ZERO }
}

#[test_case(None, false => None; "neither connected nor asking for errors")]
#[test_case(Some("10.0.0.2:9"), false => Some(Error::ConnectionRefused); "connected")]
#[test_case(None, true => Some(Error::ConnectionRefused); "asking for errors")]
fn what_fails_after_an_error(remote: Option<&str>, receive_errors: bool) -> Option<Error> {
    //= rfc1122#4.1.3.3   type=test
    let mut socket = socket(Some("0.0.0.0:7"), remote);
    socket.settings.receive_errors = receive_errors;
    socket.on_error(error(Error::ConnectionRefused));
    let pending =
        socket.recv(&mut [0; 1], &mut Pool::new(1, 100)).err().filter(|error| *error != Error::WouldBlock);
    assert_eq!(socket.take_error(), None, "it is told once");
    assert_eq!(socket.take_queued_error(), Some(error(Error::ConnectionRefused)));
    pending
}

#[test]
fn an_entry_read_from_the_queue_fails_no_call_any_more() {
    let mut socket = socket(Some("0.0.0.0:7"), Some("10.0.0.2:9"));
    socket.on_error(error(Error::ConnectionRefused));
    socket.on_error(error(Error::HostUnreachable));
    socket.on_local_error(QueuedError::local(Instant::ZERO, Error::MessageTooLong, at("10.0.0.2:9"), 70_000));
    assert_eq!(socket.take_queued_error(), Some(error(Error::ConnectionRefused)));
    assert_eq!(socket.take_error(), Some(Error::HostUnreachable), "the one behind it is next");
    assert_eq!(socket.take_queued_error(), Some(error(Error::HostUnreachable)));
    let own = socket.take_queued_error().expect("our own");
    assert_eq!((own.error, own.origin, own.mtu), (Error::MessageTooLong, None, u16::MAX));
    assert_eq!((socket.take_error(), socket.take_queued_error()), (None, None));
}

#[test]
fn a_full_queue_drops_and_counts() {
    let (mut bench, mut pool) = (Bench::new(1), Pool::new(1_000, 1514));
    let mut socket = socket(Some("0.0.0.0:7"), None);
    socket.settings.receive_buffer = 10_000;
    for _ in 0..100 {
        let mut packet = pool.take().expect("a buffer");
        packet.append(&[1; 1_000]);
        let (source, destination) = (at("10.0.0.2:9"), at("10.0.0.1:7").ip());
        let datagram = Datagram { source, destination, interface: InterfaceId(1), ttl: 1, tos: 0, packet };
        socket.on_datagram(&mut bench.cx(), datagram, &mut pool);
    }
    let (waiting, bytes) = socket.queued();
    assert!(bytes < 12_000);
    assert_eq!(bench.count(Counter::UdpInDatagrams), waiting as u64);
    assert_eq!(
        (socket.drops(), bench.drops(DropReason::UdpQueueFull)),
        (100 - waiting as u64, socket.drops())
    );
    assert!(socket.readiness().contains(Readiness::READABLE | Readiness::WRITABLE));
}

proptest! {
    #[test]
    fn headers_parse_back(payload in prop::collection::vec(any::<u8>(), 0..3_000), v6 in any::<bool>()) {
        //= rfc1122#4.1.3.4   type=test
        let (source, destination) = if v6 { ("[fe80::1]:1000", "[fe80::2]:53") } else { ("10.0.0.1:1000", "10.0.0.2:53") };
        let (source, destination) = (at(source), at(destination));
        let mut packet = Packet::copied(8, &payload);
        build(&mut packet, source, destination).expect("it fits");
        let header = UdpHeader::parse(packet.bytes(), source.ip(), destination.ip(), true).expect("a right checksum");
        prop_assert_eq!((header.source_port, header.destination_port), (1000, 53));
        prop_assert_eq!(&packet.bytes()[8..], &payload[..]);
    }
}

#[test]
fn what_is_too_long_or_of_two_families_is_refused() {
    let (source, destination) = (at("10.0.0.1:1000"), at("10.0.0.2:53"));
    let send = |length, destination| build(&mut Packet::copied(8, &vec![0; length]), source, destination);
    assert_eq!(send(65_507, destination), Ok(()));
    assert_eq!(send(65_508, destination), Err(Error::MessageTooLong));
    assert_eq!(send(1, at("[::1]:53")), Err(Error::AddressFamilyNotSupported));
}
