//! The bounded ring of trace records behind the shell's `debug` and `stack.events()`.

use super::InterfaceId;
use crate::time::Instant;
use crate::wire::{IpAddress, MacAddress, SeqNumber};
use std::collections::VecDeque;
use std::fmt;

bitflags::bitflags! {
    /// The layers being watched.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
    pub struct LayerMask: u16 {
        /// Frames at the device.
        const DEV = 1;
        /// Ethernet.
        const L2 = 2;
        /// ARP and the neighbour table.
        const ARP = 4;
        /// IP: input, output, fragments, forwarding.
        const IP = 8;
        /// ICMP and IGMP.
        const ICMP = 16;
        /// UDP.
        const UDP = 32;
        /// TCP segments, timers, retransmissions.
        const TCP = 64;
        /// TCP state changes and the steps of SEGMENT ARRIVES.
        const TCPSTATE = 128;
    }
}

/// One layer of the trace: tapip's eight debug words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Layer {
    /// `dev`
    Dev,
    /// `l2`
    L2,
    /// `arp`
    Arp,
    /// `ip`
    Ip,
    /// `icmp`
    Icmp,
    /// `udp`
    Udp,
    /// `tcp`
    Tcp,
    /// `tcpstate`
    TcpState,
}

impl Layer {
    /// All layers, in the order of tapip's usage text.
    pub const ALL: [Self; 8] =
        [Self::Dev, Self::L2, Self::Arp, Self::Ip, Self::Icmp, Self::Udp, Self::Tcp, Self::TcpState];

    /// The word used in the shell.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dev => "dev",
            Self::L2 => "l2",
            Self::Arp => "arp",
            Self::Ip => "ip",
            Self::Icmp => "icmp",
            Self::Udp => "udp",
            Self::Tcp => "tcp",
            Self::TcpState => "tcpstate",
        }
    }

    /// The layer as a mask of one.
    pub const fn mask(self) -> LayerMask {
        LayerMask::from_bits_truncate(1 << self as u16)
    }
}

/// A field of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value {
    /// A number.
    Int(i64),
    /// A word.
    Text(&'static str),
    /// A hardware address.
    Mac(MacAddress),
    /// A network address.
    Ip(IpAddress),
}

macro_rules! value_from {
    ($($type:ty => |$x:ident| $make:expr;)+) => {
        $(impl From<$type> for Value { fn from($x: $type) -> Self { $make } })+
    };
}

value_from! {
    u8 => |x| Self::Int(i64::from(x));
    u16 => |x| Self::Int(i64::from(x));
    u32 => |x| Self::Int(i64::from(x));
    u64 => |x| Self::Int(x as i64);
    usize => |x| Self::Int(x as i64);
    bool => |x| Self::Int(i64::from(x));
    SeqNumber => |x| Self::Int(i64::from(x.0));
    &'static str => |x| Self::Text(x);
    MacAddress => |x| Self::Mac(x);
    IpAddress => |x| Self::Ip(x);
}

macro_rules! trace_events {
    ($($(#[doc = $doc:literal])+ $variant:ident { $($field:ident: $type:ty),* } => $text:literal;)+) => {
        /// What happened. `Display` gives the line that `debug` prints.
        #[derive(Debug, Clone, Copy, PartialEq)]
        #[allow(missing_docs, reason = "the fields are named in the text of each event")]
        pub enum TraceEvent { $($(#[doc = $doc])+ $variant { $($field: $type),* },)+ }

        impl TraceEvent {
            /// The event's name.
            pub const fn name(&self) -> &'static str { match self { $(Self::$variant { .. } => stringify!($variant),)+ } }

            /// The event's fields, by name.
            pub fn fields(&self) -> Vec<(&'static str, Value)> {
                match *self { $(Self::$variant { $($field),* } => vec![$((stringify!($field), $field.into())),*],)+ }
            }
        }

        impl fmt::Display for TraceEvent {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self { $(Self::$variant { $($field),* } => write!(f, $text),)+ }
            }
        }
    };
}

trace_events! {
    /// A frame came from the device.
    FrameIn { size: usize } => "read net dev size: {size}";
    /// A frame went to the device.
    FrameOut { size: usize } => "write net dev size: {size}";
    /// An Ethernet frame, either way.
    Ethernet { source: MacAddress, destination: MacAddress, kind: &'static str } => "{source} -> {destination}({kind})";
    /// A packet was dropped by a rule.
    Drop { protocol: &'static str, reason: &'static str } => "drop {protocol} packet: {reason}";
    /// An ARP packet, seen.
    Arp { source: IpAddress, destination: IpAddress } => "{source} -> {destination}";
    /// An ARP packet's operation.
    ArpOperation { source: IpAddress, hardware: MacAddress, destination: IpAddress, operation: &'static str } => "{source}({hardware})->{destination}({operation})";
    /// Our reply to a request.
    ArpReply { destination: IpAddress, hardware: MacAddress } => "replying arp request of {destination}({hardware})";
    /// An entry changed its state.
    Neighbor { address: IpAddress, from: &'static str, to: &'static str } => "neighbour {address}: {from} -> {to}";
    /// Packets wait for an address.
    ArpPending { address: IpAddress } => "not found arp cache: {address}, packet pending";
    /// Waiting packets leave.
    ArpFlush { address: IpAddress, packets: usize } => "send pending packets: {packets} to {address}";
    /// Waiting packets are dropped.
    ArpFail { address: IpAddress, packets: usize } => "drop pending packets: {packets} to {address}";
    /// An IP packet came in or goes out.
    Ip { source: IpAddress, destination: IpAddress, header: usize, length: usize } => "{source} -> {destination}({header}/{length} bytes)";
    /// Header details.
    IpHeader { id: u16, reserved: u8, dont_fragment: u8, more_fragments: u8, offset: usize, size: usize } => "ID:{id} RS:{reserved} DF:{dont_fragment} MF:{more_fragments} OFF:{offset} bytes size:{size} bytes";
    /// A route was found.
    Route { source: IpAddress, destination: IpAddress } => "Find route entry from {source} to {destination}";
    /// Forwarding.
    Forward { source: IpAddress, destination: IpAddress, next_hop: IpAddress } => "{source} -> {destination} forward to next-hop {next_hop}";
    /// Local delivery of what we send to ourselves.
    ToLoopback { destination: IpAddress } => "To loopback: {destination}";
    /// A fragment, made or received.
    Fragment { offset: usize, header: usize, data: usize } => " [f] ip frag: off {offset} hlen {header} dlen {data}";
    /// A datagram is whole again.
    Reassembled { header: usize, length: usize } => "reassembly success({header}/{length} bytes)";
    /// An ICMP message.
    Icmp { size: usize } => "{size} bytes";
    /// An echo request.
    EchoRequest { data: usize, id: u16, seq: u16 } => "echo request data {data} bytes icmp_id {id} icmp_seq {seq}";
    /// An echo reply.
    EchoReply { source: IpAddress, id: u16, seq: u16, ttl: u8 } => "from {source} id {id} seq {seq} ttl {ttl}";
    /// An ICMP message that we send.
    IcmpOut { destination: IpAddress, payload: usize, kind: u8, code: u8 } => "to {destination}(payload {payload}) [type {kind} code {code}]";
    /// An ICMP error that we received.
    IcmpError { source: IpAddress, kind: u8, code: u8 } => "error from {source} [type {kind} code {code}]";
    /// An IGMP message.
    Igmp { group: IpAddress, kind: &'static str } => "igmp {kind} {group}";
    /// A UDP datagram.
    Udp { source: IpAddress, source_port: u16, destination: IpAddress, destination_port: u16, length: usize } => "from {source}:{source_port} to {destination}:{destination_port} ({length} bytes)";
    /// A TCP segment came in.
    TcpIn { source: IpAddress, source_port: u16, destination: IpAddress, destination_port: u16, seq: SeqNumber, length: usize, ack: SeqNumber, window: u32, flags: &'static str } => "from {source}:{source_port} to {destination}:{destination_port}\tseq:{seq}(dlen:{length}) ack:{ack} win:{window} {flags}";
    /// A TCP segment goes out.
    TcpOut { source: IpAddress, source_port: u16, destination: IpAddress, destination_port: u16, seq: SeqNumber, length: usize, ack: SeqNumber, window: u32, flags: &'static str } => "send {flags} from {source}:{source_port} to {destination}:{destination_port}\tseq:{seq}(dlen:{length}) ack:{ack} win:{window}";
    /// A segment goes out again.
    TcpRetransmit { destination: IpAddress, destination_port: u16, seq: SeqNumber, length: usize, cause: &'static str } => "retransmit to {destination}:{destination_port} seq:{seq}(dlen:{length}) cause:{cause}";
    /// A timer of a connection fired.
    TcpTimer { destination: IpAddress, destination_port: u16, timer: &'static str } => "timer {timer} of {destination}:{destination_port}";
    /// A connection changed its state.
    TcpState { destination: IpAddress, destination_port: u16, from: &'static str, to: &'static str } => "State from {from} to {to} ({destination}:{destination_port})";
    /// A step of SEGMENT ARRIVES (RFC 9293 3.10.7.4).
    TcpStep { step: &'static str } => "{step}";
    /// Acknowledgment acceptance.
    TcpAck { una: SeqNumber, ack: SeqNumber, next: SeqNumber } => "SND.UNA {una} < SEG.ACK {ack} <= SND.NXT {next}";
    /// The congestion window changed.
    TcpCongestion { destination: IpAddress, destination_port: u16, window: u64, threshold: u64, cause: &'static str } => "cwnd {window} ssthresh {threshold} ({destination}:{destination_port}) {cause}";
}

/// One line of the trace.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Record {
    /// Position in the stream of records; a gap means that the ring overflowed.
    pub number: u64,
    /// When.
    pub time: Instant,
    /// Which layer.
    pub layer: Layer,
    /// On which interface, where one is concerned.
    pub interface: Option<InterfaceId>,
    /// What.
    pub event: TraceEvent,
}

/// The ring. Old records give way to new ones; readers see the gap in `Record::number`.
#[derive(Debug)]
pub struct Trace {
    mask: LayerMask,
    ring: VecDeque<Record>,
    capacity: usize,
    next: u64,
}

impl Default for Trace {
    fn default() -> Self {
        Self::new(Self::CAPACITY)
    }
}

impl Trace {
    /// 16384 records hold a few milliseconds of full-rate traffic or minutes of debugging, in about 1.5 MB.
    pub const CAPACITY: usize = 16_384;

    /// A ring of `capacity` records, watching nothing.
    pub const fn new(capacity: usize) -> Self {
        Self { mask: LayerMask::empty(), ring: VecDeque::new(), capacity, next: 0 }
    }

    /// The layers being watched.
    pub const fn mask(&self) -> LayerMask {
        self.mask
    }

    /// Watch exactly these layers.
    pub const fn set_mask(&mut self, mask: LayerMask) {
        self.mask = mask;
    }

    /// Whether `layer` is watched.
    #[inline]
    pub const fn wants(&self, layer: Layer) -> bool {
        self.mask.intersects(layer.mask())
    }

    /// Add a record.
    pub fn push(&mut self, time: Instant, layer: Layer, interface: Option<InterfaceId>, event: TraceEvent) {
        if self.ring.len() == self.capacity {
            self.ring.pop_front();
        }
        self.ring.push_back(Record { number: self.next, time, layer, interface, event });
        self.next += 1;
    }

    /// The number that the next record will get.
    pub const fn next_number(&self) -> u64 {
        self.next
    }

    /// Up to `limit` records numbered `from` or later, oldest first.
    pub fn since(&self, from: u64, limit: usize) -> impl Iterator<Item = &Record> {
        let first = self.next - self.ring.len() as u64;
        self.ring.iter().skip(from.saturating_sub(first) as usize).take(limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ring_keeps_the_newest_and_numbers_show_the_gap() {
        let mut trace = Trace::new(2);
        for size in 1..=3 {
            trace.push(Instant::ZERO, Layer::Dev, None, TraceEvent::FrameIn { size });
        }
        let numbers: Vec<_> = trace.since(0, 10).map(|record| record.number).collect();
        assert_eq!(numbers, [1, 2]);
        assert_eq!(trace.since(2, 10).count(), 1);
        assert_eq!(trace.since(9, 10).count(), 0);
    }

    #[test]
    fn every_layer_has_its_own_bit() {
        let mask = Layer::ALL.iter().fold(LayerMask::empty(), |mask, layer| mask | layer.mask());
        assert_eq!(mask, LayerMask::all());
    }
}
