//! Each rule against a host that keeps it and one that breaks it, in hand-made frames.

mod afterwards;
mod arrivals;
mod departures;
mod evidence;
mod windows;

use super::{Judge, Live, Rule};
use crate::sim::network::HostId;
use crate::time::Instant;
use crate::wire::{
    EtherType, EthernetHeader, IpAddress, Ipv4Header, Ipv4Options, MacAddress, Protocol, SeqNumber, TcpFlags,
    TcpHeader, TcpOptions, checksum::Sum,
};
use std::net::Ipv4Addr;

const A: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
const B: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);
/// The host that is judged; its address is A, that of its peer B.
const HOST: HostId = HostId(3);
const SYN: TcpFlags = TcpFlags::SYN;
const ACK: TcpFlags = TcpFlags::ACK;
/// Both ends number from near the end of the space on, so that it wraps in each test.
const ISS: SeqNumber = SeqNumber(0xffff_fff0);
const IRS: SeqNumber = SeqNumber(0xffff_ff00);

/// A TCP segment to be.
#[derive(Clone)]
struct Seg {
    header: TcpHeader,
    payload: Vec<u8>,
}

/// Numbers are relative to the ISS of who sends and of who receives.
fn seg(flags: TcpFlags, seq: u32, ack: u32) -> Seg {
    let header =
        TcpHeader { seq: ISS + seq, ack: IRS + ack, flags, window: 1_000, ..TcpHeader::new(40_000, 80) };
    Seg { header, payload: Vec::new() }
}

impl Seg {
    fn data(self, payload: &[u8]) -> Self {
        Self { payload: payload.to_vec(), ..self }
    }

    fn window(mut self, window: u16) -> Self {
        self.header.window = window;
        self
    }

    fn shift(mut self, shift: u8) -> Self {
        self.header.options = TcpOptions { window_scale: Some(shift), ..TcpOptions::default() };
        self
    }

    /// The same numbers, from the peer's side.
    fn by_peer(mut self) -> Self {
        let (seq, ack) = (self.header.seq.0.wrapping_sub(ISS.0), self.header.ack.0.wrapping_sub(IRS.0));
        (self.header.seq, self.header.ack) = (IRS + seq, ISS + ack);
        (self.header.source_port, self.header.destination_port) = (80, 40_000);
        self
    }

    fn frame(&self) -> Vec<u8> {
        let (from, to) = if self.header.source_port == 80 { (B, A) } else { (A, B) };
        let mut tcp = [&vec![0; self.header.len()], &self.payload[..]].concat();
        self.header.emit(&mut tcp, 0);
        let sum = Sum::new().pseudo_header(from.into(), to.into(), 6, tcp.len()).bytes(&tcp).finish();
        self.header.emit(&mut tcp, sum);
        packet(from, to, Protocol::TCP, &tcp)
    }
}

fn packet(source: Ipv4Addr, destination: Ipv4Addr, protocol: Protocol, body: &[u8]) -> Vec<u8> {
    let header = Ipv4Header {
        tos: 0,
        total_length: (Ipv4Header::MIN_LEN + body.len()) as u16,
        id: 0,
        dont_fragment: true,
        more_fragments: false,
        fragment_offset: 0,
        ttl: 64,
        protocol,
        source,
        destination,
        options: Ipv4Options::NONE,
    };
    let mut frame = [&[0; EthernetHeader::LEN + Ipv4Header::MIN_LEN], body].concat();
    header.emit(&mut frame[EthernetHeader::LEN..]);
    ethernet(&mut frame, EtherType::IPV4);
    frame
}

fn ethernet(frame: &mut [u8], ethertype: EtherType) {
    EthernetHeader { destination: MacAddress::ZERO, source: MacAddress::ZERO, ethertype }.emit(frame);
}

/// A judge and a clock.
#[derive(Default)]
struct Court {
    judge: Judge,
    now: Instant,
    live: Option<Live>,
}

impl Court {
    /// After a handshake that A began. Windows are those that `seg` tells.
    fn open() -> Self {
        Self::opened(None)
    }

    /// Both ends scale by so much.
    fn opened(shift: Option<u8>) -> Self {
        let mut court = Self::default();
        let scaled = |seg: Seg| match shift {
            Some(shift) => seg.shift(shift),
            None => seg,
        };
        court.sends(&scaled(seg(SYN, 0, 0)));
        court.hears(&scaled(seg(SYN | ACK, 0, 1).by_peer()));
        court.sends(&seg(ACK, 1, 1));
        court.clean();
        court
    }

    fn at(&mut self, millis: u64) -> &mut Self {
        self.now = Instant::from_millis(millis);
        self
    }

    /// What the connection tells of itself from now on.
    fn tells(&mut self, live: Live) -> &mut Self {
        self.live = Some(live);
        self
    }

    fn sends(&mut self, seg: &Seg) -> &mut Self {
        self.sends_frame(&seg.frame())
    }

    fn sends_frame(&mut self, frame: &[u8]) -> &mut Self {
        let (own, live) = (|address| address == IpAddress::V4(A), self.live);
        self.judge.sent(self.now, HOST, frame, own, |_| live);
        self
    }

    fn hears(&mut self, seg: &Seg) -> &mut Self {
        self.judge.received(self.now, HOST, &seg.frame());
        self
    }

    fn hears_arp(&mut self) -> &mut Self {
        let mut frame = vec![0; 42];
        ethernet(&mut frame, EtherType::ARP);
        self.judge.received(self.now, HOST, &frame);
        self
    }

    /// Nothing was wrong so far.
    fn clean(&self) {
        assert_eq!(self.judge.violations(), []);
    }

    /// Only `rule` was broken, once, and the report says where.
    fn broke(&self, rule: Rule) -> String {
        let [violation] = self.judge.violations() else { panic!("{:?}", self.judge.violations()) };
        assert_eq!((violation.rule, violation.host, violation.at), (rule, HOST, self.now));
        violation.to_string()
    }
}

#[test]
fn every_rule_has_a_name_of_its_own_and_a_clause() {
    let names: std::collections::BTreeSet<_> = Rule::ALL.iter().map(|rule| rule.name()).collect();
    assert_eq!(names.len(), Rule::ALL.len());
    assert!(Rule::ALL.iter().all(|rule| rule.clause().starts_with("RFC ")));
}
