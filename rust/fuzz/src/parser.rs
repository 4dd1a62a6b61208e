//! Any bytes through every parser: no panic, nothing read twice differently, everything printable.

use std::fmt::Debug;
use std::net::Ipv4Addr;
use tapip_core::icmp;
use tapip_core::wire::{
    ArpPacket, EthernetHeader, Icmpv4Header, IgmpMessage, IpAddress, Ipv4Header, TcpHeader, TcpOptions,
    UdpHeader,
    checksum::{self, Sum},
};

const A: IpAddress = IpAddress::V4(Ipv4Addr::new(10, 0, 0, 1));
const B: IpAddress = IpAddress::V4(Ipv4Addr::new(10, 0, 0, 2));

/// The body of the target.
pub fn run(data: &[u8]) {
    frame(data);
    // The fuzzer needs no luck to get behind the outer headers.
    arp(data);
    ipv4(data);
    transport(data, A, B);
}

fn frame(data: &[u8]) {
    let Ok(header) = EthernetHeader::parse(data) else { return };
    let mut bytes = [0; EthernetHeader::LEN];
    header.emit(&mut bytes);
    assert_eq!(bytes, data[..EthernetHeader::LEN]);
    show(&header, header);
    arp(&data[EthernetHeader::LEN..]);
    ipv4(&data[EthernetHeader::LEN..]);
}

fn arp(data: &[u8]) {
    let Ok(packet) = ArpPacket::parse(data) else { return };
    let mut bytes = [0; ArpPacket::LEN];
    packet.emit(&mut bytes);
    assert_eq!(bytes, data[..ArpPacket::LEN]);
    show(&packet, packet);
}

fn ipv4(data: &[u8]) {
    let Ok(quoted) = Ipv4Header::parse_quoted(data) else { return };
    show(&quoted, quoted.options);
    let _ = quoted.options.check();
    assert!(quoted.options.copied().check().is_ok() || quoted.options.check().is_err());
    // The same packet with its header checksum mended.
    let mut bytes = data.to_vec();
    quoted.emit(&mut bytes);
    let Ok(header) = Ipv4Header::parse(&bytes) else { return };
    assert_eq!(header, quoted);
    if header.ttl > 1 {
        Ipv4Header::decrement_ttl(&mut bytes);
        assert_eq!(Ipv4Header::parse(&bytes), Ok(Ipv4Header { ttl: header.ttl - 1, ..header }));
    }
    let payload = &data[header.len()..usize::from(header.total_length)];
    transport(payload, header.source.into(), header.destination.into());
}

fn transport(data: &[u8], source: IpAddress, destination: IpAddress) {
    tcp(data, source, destination);
    udp(data, source, destination);
    icmp(data);
    igmp(data);
}

fn tcp(data: &[u8], source: IpAddress, destination: IpAddress) {
    let _ = TcpHeader::parse(data, source, destination, true);
    let Ok((header, length)) = TcpHeader::parse(data, source, destination, false) else { return };
    assert!((TcpHeader::MIN_LEN..=data.len().min(TcpHeader::MAX_LEN)).contains(&length));
    show(&header, header.sequence_length(data.len() - length));
    // Options may be packed more tightly than we write them, so SACK blocks and AccECN's counters may have to give way.
    let mut bytes = vec![0; header.len()];
    header.emit(&mut bytes, 0);
    let (again, _) = TcpHeader::parse(&bytes, source, destination, false).expect("our own");
    let plain = |header: TcpHeader| {
        let options = TcpOptions { sack: Default::default(), ecn: None, ..header.options };
        TcpHeader { options, ..header }
    };
    assert_eq!(plain(again), plain(header));
    assert!(header.options.sack.as_slice().starts_with(again.options.sack.as_slice()));
    if let Some(kept) = again.options.ecn {
        let all = header.options.ecn.expect("what was written was there");
        for (kept, all) in [(kept.ect0(), all.ect0()), (kept.ce(), all.ce()), (kept.ect1(), all.ect1())] {
            assert!(kept.is_none() || kept == all);
        }
    }
}

fn udp(data: &[u8], source: IpAddress, destination: IpAddress) {
    let _ = UdpHeader::parse(data, source, destination, true);
    let Ok(header) = UdpHeader::parse(data, source, destination, false) else { return };
    show(&header, header.length);
    let mut bytes = data.to_vec();
    header.emit(&mut bytes, source, destination);
    assert_eq!(UdpHeader::parse(&bytes, source, destination, true), Ok(header));
}

fn icmp(data: &[u8]) {
    let Ok(header) = Icmpv4Header::parse(&mended(data)) else { return };
    show(&header.message, header);
    let quote = &data[Icmpv4Header::LEN..];
    if let Ok(report) = icmp::parse_error(header.message, quote) {
        show(&report.original, report);
        let _ = report.verdict();
    }
}

fn igmp(data: &[u8]) {
    let Ok(message) = IgmpMessage::parse(&mended(data)) else { return };
    show(&message, &message);
    let mut bytes = vec![0; message.len()];
    message.emit(&mut bytes);
    assert_eq!(IgmpMessage::parse(&bytes), Ok(message));
}

/// `data` with the checksum that ICMP and IGMP carry in bytes 2 and 3 made right.
fn mended(data: &[u8]) -> Vec<u8> {
    let mut bytes = data.to_vec();
    if bytes.len() >= 4 {
        bytes[2..4].fill(0);
        let sum = checksum::checksum(&bytes);
        bytes[2..4].copy_from_slice(&sum.to_be_bytes());
        assert!(Sum::new().bytes(&bytes).is_valid());
    }
    bytes
}

fn show(words: &impl ToString, value: impl Debug) {
    assert!(!words.to_string().is_empty() && !format!("{value:?}").is_empty());
}
