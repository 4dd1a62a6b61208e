//! A frame taken to pieces, as far as the rules need it.

use crate::tcp::Tuple;
use crate::wire::{
    EtherType, EthernetHeader, IpAddress, Ipv4Header, Protocol, SeqNumber, SocketAddress, TcpFlags,
    TcpHeader, checksum::Sum,
};

/// A TCP segment as it stands in a frame.
#[derive(Debug, Clone, Copy)]
pub(super) struct Segment<'a> {
    pub(super) from: SocketAddress,
    pub(super) to: SocketAddress,
    pub(super) header: TcpHeader,
    pub(super) payload: &'a [u8],
}

impl Segment<'_> {
    /// The connection as its sender names it.
    pub(super) const fn sender(&self) -> Tuple {
        Tuple { local: self.from, remote: self.to }
    }

    /// The connection as its receiver names it.
    pub(super) const fn receiver(&self) -> Tuple {
        Tuple { local: self.to, remote: self.from }
    }

    pub(super) const fn has(&self, flag: TcpFlags) -> bool {
        self.header.has(flag)
    }

    /// The number of the first byte of payload.
    pub(super) fn data_start(&self) -> SeqNumber {
        self.header.seq + u32::from(self.has(TcpFlags::SYN))
    }

    /// The number behind all that it takes of the sequence space.
    pub(super) fn end(&self) -> SeqNumber {
        self.header.seq + self.header.sequence_length(self.payload.len())
    }
}

/// What a frame is.
#[derive(Debug)]
pub(super) enum Seen<'a> {
    /// A whole TCP segment with a right checksum.
    Tcp(Segment<'a>),
    /// ARP, by which a neighbour's address is told and what waited for it may go.
    Arp,
    /// A piece of an IP packet, from here to there.
    Fragment(IpAddress, IpAddress),
    /// Anything else that is sound.
    Other,
    /// A checksum or a length is wrong.
    Broken(Option<IpAddress>, &'static str),
}

/// Take a frame to pieces.
pub(super) fn read(frame: &[u8]) -> Seen<'_> {
    let Ok(ethernet) = EthernetHeader::parse(frame) else { return Seen::Broken(None, "no Ethernet header") };
    match ethernet.ethertype {
        EtherType::ARP => Seen::Arp,
        EtherType::IPV4 => read_ip(&frame[EthernetHeader::LEN..]),
        _ => Seen::Other,
    }
}

fn read_ip(packet: &[u8]) -> Seen<'_> {
    let Ok(ip) = Ipv4Header::parse(packet) else {
        return Seen::Broken(None, "the IP header's checksum or lengths");
    };
    let (source, destination) = (IpAddress::V4(ip.source), IpAddress::V4(ip.destination));
    if ip.is_fragment() {
        return Seen::Fragment(source, destination);
    }
    let body = &packet[ip.len()..usize::from(ip.total_length)];
    match ip.protocol {
        Protocol::TCP => read_tcp(source, destination, body),
        Protocol::UDP => {
            // A sender may leave a datagram without.
            let made = body.get(6..8).is_some_and(|sum| sum != [0, 0]);
            let sum = Sum::new().pseudo_header(source, destination, Protocol::UDP.0, body.len());
            if made && !sum.bytes(body).is_valid() {
                return Seen::Broken(Some(source), "the UDP checksum");
            }
            Seen::Other
        }
        Protocol::ICMP if !Sum::new().bytes(body).is_valid() => {
            Seen::Broken(Some(source), "the ICMP checksum")
        }
        _ => Seen::Other,
    }
}

fn read_tcp(source: IpAddress, destination: IpAddress, body: &[u8]) -> Seen<'_> {
    match TcpHeader::parse(body, source, destination, true) {
        Ok((header, length)) => Seen::Tcp(Segment {
            from: SocketAddress::new(source, header.source_port),
            to: SocketAddress::new(destination, header.destination_port),
            header,
            payload: &body[length..],
        }),
        Err(_) => Seen::Broken(Some(source), "the TCP header's checksum, lengths or options"),
    }
}
