//! The first seeds of the fuzz targets: frames of every kind that the stack speaks.

use std::net::Ipv4Addr;
use tapip_core::wire::{
    ArpOperation, ArpPacket, EtherType, EthernetHeader, Icmpv4Header, Icmpv4Message, IgmpMessage, IgmpRecord,
    Ipv4Header, Ipv4Options, MacAddress, Protocol, RecordKind, SackBlocks, SeqNumber, TcpFlags, TcpHeader,
    TcpOptions, Timestamps, UdpHeader, checksum::Sum,
};

/// Target, name, bytes.
pub(crate) type Seed = (&'static str, &'static str, Vec<u8>);

const A: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
const B: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);

fn frame(ethertype: EtherType, payload: &[u8]) -> Vec<u8> {
    let (destination, source) = (MacAddress([2, 0, 0, 0, 0, 2]), MacAddress([2, 0, 0, 0, 0, 1]));
    let mut bytes = [&[0; EthernetHeader::LEN], payload].concat();
    EthernetHeader { destination, source, ethertype }.emit(&mut bytes);
    bytes
}

fn ip(protocol: Protocol, options: Ipv4Options, payload: &[u8]) -> Vec<u8> {
    let mut header = Ipv4Header {
        tos: 0,
        total_length: 0,
        id: 1,
        dont_fragment: true,
        more_fragments: false,
        fragment_offset: 0,
        ttl: 64,
        protocol,
        source: A,
        destination: B,
        options,
    };
    let mut bytes = [&vec![0; header.len()], payload].concat();
    header.total_length = bytes.len() as u16;
    header.emit(&mut bytes);
    bytes
}

fn tcp(flags: TcpFlags, options: TcpOptions, payload: &[u8]) -> Vec<u8> {
    let (seq, ack) = (SeqNumber(0x0102_0304), SeqNumber(0x0506_0708));
    let header =
        TcpHeader { seq, ack, flags, window: 1_000, urgent: 0, options, ..TcpHeader::new(40_000, 80) };
    let mut bytes = [&vec![0; header.len()], payload].concat();
    header.emit(&mut bytes, 0);
    let sum = Sum::new().pseudo_header(A.into(), B.into(), 6, bytes.len()).bytes(&bytes).finish();
    header.emit(&mut bytes, sum);
    bytes
}

fn tcp_frame(flags: TcpFlags, options: TcpOptions, payload: &[u8]) -> Vec<u8> {
    frame(EtherType::IPV4, &ip(Protocol::TCP, Ipv4Options::NONE, &tcp(flags, options, payload)))
}

fn udp(payload: &[u8]) -> Vec<u8> {
    let mut bytes = [&[0; UdpHeader::LEN], payload].concat();
    let length = bytes.len() as u16;
    UdpHeader { source_port: 53, destination_port: 40_000, length }.emit(&mut bytes, A.into(), B.into());
    bytes
}

fn icmp(message: Icmpv4Message, data: &[u8]) -> Vec<u8> {
    let mut bytes = [&[0; Icmpv4Header::LEN], data].concat();
    Icmpv4Header { message }.emit(&mut bytes);
    frame(EtherType::IPV4, &ip(Protocol::ICMP, Ipv4Options::NONE, &bytes))
}

fn igmp(message: &IgmpMessage) -> Vec<u8> {
    let mut bytes = vec![0; message.len()];
    message.emit(&mut bytes);
    frame(EtherType::IPV4, &ip(Protocol::IGMP, Ipv4Options::ROUTER_ALERT, &bytes))
}

fn arp(operation: ArpOperation) -> Vec<u8> {
    let (sender_mac, target_mac) = (MacAddress([2, 0, 0, 0, 0, 1]), MacAddress::ZERO);
    let mut bytes = [0; ArpPacket::LEN];
    ArpPacket { operation, sender_mac, sender_ip: A, target_mac, target_ip: B }.emit(&mut bytes);
    frame(EtherType::ARP, &bytes)
}

fn syn_options() -> TcpOptions {
    TcpOptions {
        mss: Some(1_460),
        window_scale: Some(7),
        sack_permitted: true,
        timestamps: Some(Timestamps { value: 1, echo: 0 }),
        sack: SackBlocks::default(),
        fast_open: None,
        ecn: None,
    }
}

/// Seeds of the parser.
pub(crate) fn parser() -> Vec<Seed> {
    let mut sack = SackBlocks::default();
    for left in [10, 30, 50] {
        sack.push(SeqNumber(left), SeqNumber(left + 10));
    }
    let stamped =
        TcpOptions { timestamps: Some(Timestamps { value: 9, echo: 8 }), sack, ..TcpOptions::default() };
    let quote = ip(Protocol::TCP, Ipv4Options::NONE, &tcp(TcpFlags::ACK, TcpOptions::default(), b""));
    let route = Ipv4Options::new(&[7, 7, 4, 10, 0, 0, 9, 131, 7, 4, 10, 0, 0, 8]).expect("14 bytes");
    let group = Ipv4Addr::new(239, 1, 2, 3);
    let record = IgmpRecord::whole(RecordKind::ToExclude, group);
    let any = Ipv4Addr::UNSPECIFIED;
    let seeds = [
        ("arp-request", arp(ArpOperation::Request)),
        ("arp-reply", arp(ArpOperation::Reply)),
        ("tcp-syn", tcp_frame(TcpFlags::SYN, syn_options(), b"")),
        (
            "tcp-data",
            tcp_frame(TcpFlags::ACK | TcpFlags::PSH, TcpOptions::default(), b"GET / HTTP/1.0\r\n\r\n"),
        ),
        ("tcp-sack", tcp_frame(TcpFlags::ACK, stamped, b"")),
        ("tcp-reset", tcp_frame(TcpFlags::RST, TcpOptions::default(), b"")),
        ("udp", frame(EtherType::IPV4, &ip(Protocol::UDP, Ipv4Options::NONE, &udp(b"datagram")))),
        ("udp-options", frame(EtherType::IPV4, &ip(Protocol::UDP, route, &udp(b"")))),
        ("icmp-echo", icmp(Icmpv4Message::EchoRequest { id: 1, seq: 2 }, b"12345678")),
        ("icmp-port", icmp(Icmpv4Message::Unreachable { code: 3, mtu: 0 }, &quote)),
        ("icmp-mtu", icmp(Icmpv4Message::Unreachable { code: 4, mtu: 1_400 }, &quote)),
        ("icmp-expired", icmp(Icmpv4Message::TimeExceeded { code: 0 }, &quote)),
        ("icmp-redirect", icmp(Icmpv4Message::Redirect { code: 1, gateway: A }, &quote)),
        (
            "igmp-query2",
            igmp(&IgmpMessage::Query { version: 2, max_response: 100, group: any, sources: vec![] }),
        ),
        (
            "igmp-query3",
            igmp(&IgmpMessage::Query { version: 3, max_response: 1_000, group, sources: vec![any, group] }),
        ),
        ("igmp-report2", igmp(&IgmpMessage::Report { version: 2, group })),
        ("igmp-report3", igmp(&IgmpMessage::ReportV3 { records: vec![record] })),
        ("bare-ip", quote),
        ("bare-tcp", tcp(TcpFlags::SYN | TcpFlags::ACK, syn_options(), b"")),
    ];
    seeds.map(|(name, bytes)| ("parser", name, bytes)).into()
}

/// Seeds of the two stacks: decisions of a simple generator, with more and more mischief.
pub(crate) fn two_stacks() -> Vec<Seed> {
    let names = ["quiet", "calm", "rough", "wild", "mad", "long"];
    let seed = |(number, name): (usize, &'static str)| {
        let mut state = number as u32 + 1;
        let length = if name == "long" { 4_096 } else { 400 };
        let byte = |_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            // Decisions under 128 let a frame pass.
            let byte = (state >> 24) as u8;
            if (state >> 16) as u8 % 8 < 2 * number as u8 { byte } else { byte & 0x7f }
        };
        ("two_stacks", name, (0..length).map(byte).collect())
    };
    names.into_iter().enumerate().map(seed).collect()
}
