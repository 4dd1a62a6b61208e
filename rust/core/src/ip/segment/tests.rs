//! What a receiver makes of the frames, and what none may be made of.

use super::*;
use crate::wire::{
    EtherType, EthernetHeader, IpAddress, Ipv4Header, Ipv4Options, MacAddress, SeqNumber, TcpHeader,
    TcpOptions, Timestamps,
};

const SOURCE: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
const DESTINATION: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);

/// Link, IP and TCP header of a unit with `payload` bytes, and their length.
fn headers(payload: usize, id: u16, flags: TcpFlags) -> Vec<u8> {
    let mut tcp = TcpHeader::new(1, 2);
    (tcp.seq, tcp.ack, tcp.flags, tcp.window) = (SeqNumber(u32::MAX - 100), SeqNumber(7), flags, 500);
    tcp.options = TcpOptions { timestamps: Some(Timestamps { value: 3, echo: 4 }), ..TcpOptions::default() };
    let mut options = [1; 4];
    options[3] = 0;
    let options = Ipv4Options::new(&options).expect("no-operation");
    let mut ip = Ipv4Header {
        tos: 2,
        total_length: 0,
        id,
        dont_fragment: true,
        more_fragments: false,
        fragment_offset: 0,
        ttl: 64,
        protocol: Protocol::TCP,
        source: SOURCE,
        destination: DESTINATION,
        options,
    };
    ip.total_length = (ip.len() + tcp.len() + payload) as u16;
    let link = EthernetHeader {
        destination: MacAddress([2; 6]),
        source: MacAddress([4; 6]),
        ethertype: EtherType::IPV4,
    };
    let mut bytes = vec![0; EthernetHeader::LEN + ip.len() + tcp.len()];
    link.emit(&mut bytes);
    ip.emit(&mut bytes[EthernetHeader::LEN..]);
    tcp.emit(&mut bytes[EthernetHeader::LEN + ip.len()..], 0x1234);
    bytes
}

/// All frames of a unit, each parsed with its checksums verified.
fn cut(front: &[u8], rest: &[&[u8]], size: u16) -> Vec<(Ipv4Header, TcpHeader, Vec<u8>)> {
    let mut segments = Segments::new(front, rest, EthernetHeader::LEN, size).expect("TCP over IPv4");
    let mut frames = Vec::new();
    while let Some(length) = segments.next_len() {
        let mut frame = vec![0xee; length];
        segments.emit(&mut frame);
        assert_eq!(frame[..EthernetHeader::LEN], front[..EthernetHeader::LEN]);
        let ip = Ipv4Header::parse(&frame[EthernetHeader::LEN..]).expect("a good header");
        assert_eq!(usize::from(ip.total_length), frame.len() - EthernetHeader::LEN);
        let segment = &frame[EthernetHeader::LEN + ip.len()..];
        let (source, destination) = (IpAddress::V4(SOURCE), IpAddress::V4(DESTINATION));
        let (tcp, length) = TcpHeader::parse(segment, source, destination, true).expect("a good checksum");
        frames.push((ip, tcp, segment[length..].to_vec()));
    }
    frames
}

#[test]
fn a_unit_becomes_what_would_have_been_sent_without_offload() {
    let flags = TcpFlags::ACK | TcpFlags::PSH | TcpFlags::FIN | TcpFlags::CWR | TcpFlags::ECE;
    let data: Vec<u8> = (0..3_500).map(|at| (at % 251) as u8).collect();
    let front = headers(data.len(), u16::MAX, flags);
    // Slices of any length, an empty one and one of odd length among them.
    let rest: Vec<&[u8]> = vec![&data[..1], &[], &data[1..1_448], &data[1_448..2_001], &data[2_001..]];
    let frames = cut(&front, &rest, 1_000);
    let lengths: Vec<_> = frames.iter().map(|(.., payload)| payload.len()).collect();
    assert_eq!(lengths, [1_000, 1_000, 1_000, 500]);
    assert!(frames.iter().flat_map(|(.., payload)| payload).eq(&data));
    let ids: Vec<_> = frames.iter().map(|(ip, ..)| ip.id).collect();
    assert_eq!(ids, [u16::MAX, 0, 1, 2]);
    for (index, (ip, tcp, _)) in frames.iter().enumerate() {
        assert_eq!(tcp.seq, SeqNumber(u32::MAX - 100) + 1_000 * index as u32);
        assert_eq!((tcp.ack, tcp.window, ip.tos, ip.dont_fragment), (SeqNumber(7), 500, 2, true));
        assert_eq!(tcp.options.timestamps, Some(Timestamps { value: 3, echo: 4 }));
        assert!(tcp.has(TcpFlags::ACK | TcpFlags::ECE));
        assert_eq!(tcp.flags.contains(TcpFlags::CWR), index == 0);
        assert_eq!(tcp.flags.intersects(TcpFlags::FIN | TcpFlags::PSH), index == 3);
    }
}

#[test]
fn what_fits_is_one_frame_with_its_checksums_made() {
    let front = [headers(5, 9, TcpFlags::ACK | TcpFlags::FIN), b"hello".to_vec()].concat();
    let frames = cut(&front, &[], 1_448);
    let [(ip, tcp, payload)] = &frames[..] else { panic!("{frames:?}") };
    assert_eq!((ip.id, tcp.flags, &payload[..]), (9, TcpFlags::ACK | TcpFlags::FIN, &b"hello"[..]));
    let bare = headers(0, 9, TcpFlags::ACK);
    assert_eq!(cut(&bare, &[], 1_448).len(), 1);
}

#[test]
fn whole_segments_end_with_a_full_one() {
    let front = headers(2_000, 0, TcpFlags::ACK | TcpFlags::PSH);
    let data = [7; 2_000];
    let frames = cut(&front, &[&data], 1_000);
    assert_eq!(frames.len(), 2);
    assert!(frames[1].1.has(TcpFlags::PSH) && !frames[0].1.has(TcpFlags::PSH));
}

#[test]
fn what_is_no_whole_tcp_packet_is_not_cut() {
    let good = headers(0, 0, TcpFlags::ACK);
    let changed = |at: usize, value: u8| {
        let mut bytes = good.clone();
        bytes[at] = value;
        bytes
    };
    let network = EthernetHeader::LEN;
    let bad = [
        (changed(network, 0x65), 1_000),
        (changed(network, 0x44), 1_000),
        (changed(network, 0x4f), 1_000),
        (changed(network + 6, 0x20), 1_000),
        (changed(network + 7, 1), 1_000),
        (changed(network + 9, 17), 1_000),
        (changed(network + 24 + 12, 0x40), 1_000),
        (changed(network + 24 + 12, 0xf0), 1_000),
        (good[..good.len() - 1].to_vec(), 1_000),
        (good[..20].to_vec(), 1_000),
        (Vec::new(), 1_000),
        (good.clone(), 0),
    ];
    for (frame, size) in bad {
        assert!(Segments::new(&frame, &[], network, size).is_none(), "{frame:02x?}");
    }
    assert!(Segments::new(&good, &[], network, 1_000).is_some());
}
