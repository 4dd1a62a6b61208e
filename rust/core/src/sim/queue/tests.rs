//! Queue disciplines against their definitions.

use super::*;
use crate::time::Duration;
use crate::wire::{EtherType, EthernetHeader, Ipv4Header, Ipv4Options, MacAddress, Protocol};
use std::net::Ipv4Addr;

mod codel;
mod fair;
mod red;

const ECT0: u8 = 2;
const ROOM: Limits = Limits { bytes: u64::MAX, packets: u64::MAX, sending: 0 };

fn millis(millis: u64) -> Instant {
    Instant::from_millis(millis)
}

/// An Ethernet frame with an IPv4 header of this TOS, and UDP ports.
fn frame(length: usize, tos: u8, port: u16) -> Packet {
    let mut bytes = vec![0; length];
    let mac = |last| MacAddress([2, 0, 0, 0, 0, last]);
    EthernetHeader { destination: mac(2), source: mac(1), ethertype: EtherType::IPV4 }.emit(&mut bytes);
    let header = Ipv4Header {
        tos,
        total_length: (length - EthernetHeader::LEN) as u16,
        id: 0,
        dont_fragment: true,
        more_fragments: false,
        fragment_offset: 0,
        ttl: 64,
        protocol: Protocol::UDP,
        source: Ipv4Addr::new(10, 0, 0, 1),
        destination: Ipv4Addr::new(10, 0, 0, 2),
        options: Ipv4Options::NONE,
    };
    header.emit(&mut bytes[EthernetHeader::LEN..]);
    bytes[34..36].copy_from_slice(&port.to_be_bytes());
    Packet::copied(0, &bytes)
}

fn waiting(since: Instant, packet: Packet) -> Waiting {
    Waiting { packet, since }
}

fn tos(packet: &Packet) -> u8 {
    Ipv4Header::parse(&packet.bytes()[EthernetHeader::LEN..]).expect("an intact header").tos
}

fn port(packet: &Packet) -> u16 {
    u16::from_be_bytes([packet.bytes()[34], packet.bytes()[35]])
}

fn queue(discipline: Discipline) -> (Queue, Gauge) {
    (Queue::new(discipline, Instant::ZERO, &mut Rng::new(3)), Gauge::new(Instant::ZERO))
}

#[test]
fn a_plain_queue_is_cut_off_at_bytes_or_at_packets_whichever_comes_first() {
    let fill = |limits: Limits| {
        let (mut queue, mut gauge) = queue(Discipline::default());
        for _ in 0..10 {
            queue.push(millis(0), waiting(millis(0), frame(500, 0, 1)), &limits, &mut gauge);
        }
        (queue.backlog(), gauge.drops.of(Cause::Full))
    };
    let bytes = Limits { bytes: 1_999, packets: u64::MAX, sending: 0 };
    assert_eq!(fill(bytes), (Backlog { bytes: 1_500, packets: 3 }, 7));
    // What is being sent takes room as well.
    let sending = Limits { bytes: 1_999, packets: u64::MAX, sending: 500 };
    assert_eq!(fill(sending).1, 8);
    let packets = Limits { bytes: u64::MAX, packets: 4, sending: 1 };
    assert_eq!(fill(packets), (Backlog { bytes: 1_500, packets: 3 }, 7));
}

#[test]
fn above_the_threshold_a_plain_queue_marks_what_can_be_marked() {
    let (mut queue, mut gauge) = queue(Discipline::Fifo { mark_bytes: 1_000 });
    for tos in [ECT0, ECT0, 0, ECT0, 1, 3] {
        queue.push(millis(0), waiting(millis(0), frame(600, tos, 1)), &ROOM, &mut gauge);
    }
    let seen: Vec<u8> =
        std::iter::from_fn(|| queue.pop(millis(1), &mut gauge)).map(|waiting| tos(&waiting.packet)).collect();
    // The header's checksum is right after each mark, or it would not have been parsed.
    assert_eq!(seen, [ECT0, ECT0, 0, 3, 3, 3]);
    assert_eq!((gauge.marks.of(Cause::Threshold), gauge.drops.total()), (3, 0));
}

#[test]
fn what_is_no_ipv4_is_never_marked() {
    let mut arp = frame(60, ECT0, 1);
    arp.bytes_mut()[12..14].copy_from_slice(&[0x08, 0x06]);
    assert!(!ecn::mark(&mut arp));
    assert!(!ecn::mark(&mut Packet::copied(0, &[0; 9])));
}
