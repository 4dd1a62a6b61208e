//! Echo, errors both ways, and the buckets.

use super::*;
use crate::buffer::Pool;
use crate::drops::DropReason;
use crate::error::Error;
use crate::observe::Bench;
use crate::wire::{
    Icmpv4Header, Icmpv4Message, IpAddress, Ipv4Header, Ipv4Options, Protocol, SeqNumber, TcpFlags,
};
use proptest::prelude::*;
use std::net::Ipv4Addr;
use test_case::test_case;

fn header(source: &str, destination: &str, protocol: Protocol) -> Ipv4Header {
    Ipv4Header {
        tos: 0x10,
        total_length: 48,
        id: 9,
        dont_fragment: true,
        more_fragments: false,
        fragment_offset: 0,
        ttl: 3,
        protocol,
        source: source.parse().expect("an address"),
        destination: destination.parse().expect("an address"),
        options: Ipv4Options::NONE,
    }
}

fn message(message: Icmpv4Message, data: &[u8]) -> Vec<u8> {
    let mut packet = Pool::new(1, 70_000).take().expect("a buffer");
    build(message, data, &mut packet);
    packet.bytes().to_vec()
}

fn ping(data: &[u8], group: bool, config: &Config) -> Result<(Ipv4Header, Vec<u8>), DropReason> {
    let request = header("10.0.0.2", "10.0.0.1", Protocol::ICMP);
    let mut bytes = message(Icmpv4Message::EchoRequest { id: 7, seq: 8 }, data);
    let reply = answer(config, Request { header: &request, group }, &mut bytes)?;
    Ok((reply, bytes))
}

proptest! {
    #[test]
    fn a_ping_comes_back_with_its_data_and_a_right_checksum(data in prop::collection::vec(any::<u8>(), 0..2_000)) {
        //= rfc1122#3.2.2.6   type=test
        let (reply, bytes) = ping(&data, false, &Config::default()).expect("it is answered");
        let parsed = Icmpv4Header::parse(&bytes).expect("a right checksum");
        prop_assert_eq!(parsed.message, Icmpv4Message::EchoReply { id: 7, seq: 8 });
        prop_assert_eq!(&bytes[8..], &data[..]);
        prop_assert_eq!(usize::from(reply.total_length), 28 + data.len());
    }
}

#[test]
fn a_ping_of_nothing_but_zeros_comes_back_with_a_right_checksum() {
    for length in [0, 1, 56, 1_001] {
        let request = header("10.0.0.2", "10.0.0.1", Protocol::ICMP);
        let mut bytes = message(Icmpv4Message::EchoRequest { id: 0, seq: 0 }, &vec![0; length]);
        let request = Request { header: &request, group: false };
        answer(&Config::default(), request, &mut bytes).expect("it is answered");
        assert!(Icmpv4Header::parse(&bytes).is_ok(), "{length} bytes");
    }
}

#[test]
fn the_reply_comes_from_the_address_that_was_pinged_and_may_be_cut() {
    let (reply, _) = ping(&[0; 65_507], false, &Config::default()).expect("it is answered");
    assert_eq!(reply.source, Ipv4Addr::new(10, 0, 0, 1));
    assert_eq!(reply.destination, Ipv4Addr::new(10, 0, 0, 2));
    assert_eq!((reply.ttl, reply.tos, reply.dont_fragment, reply.total_length), (64, 0x10, false, 65_535));
}

#[test]
fn pings_that_are_not_answered() {
    let quiet = Config { echo_ignore_all: true, ..Config::default() };
    assert_eq!(ping(b"x", true, &Config::default()).err(), Some(DropReason::IcmpEchoBroadcast));
    assert_eq!(ping(b"x", false, &quiet).err(), Some(DropReason::IcmpEchoDisabled));
    let header = header("10.0.0.2", "10.0.0.1", Protocol::ICMP);
    let request = Request { header: &header, group: false };
    assert_eq!(answer(&Config::default(), request, &mut [8; 7]).err(), Some(DropReason::IcmpTooShort));
    assert_eq!(answer(&Config::default(), request, &mut [0; 8]).err(), Some(DropReason::IcmpUnknownType));
}

/// Whether an error may be sent about a UDP packet, after one change to it.
fn about_udp(change: impl FnOnce(&mut Ipv4Header, &mut Offender<'_>)) -> bool {
    let mut header = header("10.0.0.2", "10.0.0.1", Protocol::UDP);
    let copy = header;
    let mut offender = Offender { header: &copy, payload: &[0; 8], link_group: false, broadcast: false };
    change(&mut header, &mut offender);
    may_answer(&Offender { header: &header, ..offender })
}

#[test]
fn errors_that_could_multiply_are_not_sent() {
    //= rfc1122#3.2.2   type=test
    //= rfc1812#4.3.2.7   type=test
    assert!(about_udp(|_, _| {}));
    assert!(!about_udp(|_, offender| offender.link_group = true));
    assert!(!about_udp(|_, offender| offender.broadcast = true));
    assert!(!about_udp(|header, _| header.destination = Ipv4Addr::BROADCAST));
    assert!(!about_udp(|header, _| header.destination = Ipv4Addr::new(224, 0, 0, 251)));
    assert!(!about_udp(|header, _| header.fragment_offset = 8));
    assert!(about_udp(|header, _| header.more_fragments = true));
    for source in ["0.0.0.0", "0.1.2.3", "224.0.0.1", "250.0.0.1", "255.255.255.255"] {
        assert!(!about_udp(|header, _| header.source = source.parse().expect("an address")), "{source}");
    }
    // A port of our own that is closed, over loopback.
    assert!(about_udp(|header, _| header.source = Ipv4Addr::LOCALHOST));
}

#[test_case(&[8, 0] => true; "echo request")]
#[test_case(&[0, 0] => true; "echo reply")]
#[test_case(&[13, 0] => true; "timestamp")]
#[test_case(&[3, 3] => false; "unreachable")]
#[test_case(&[4, 0] => false; "source quench")]
#[test_case(&[5, 1] => false; "redirect")]
#[test_case(&[11, 0] => false; "time exceeded")]
#[test_case(&[12, 0] => false; "parameter problem")]
#[test_case(&[40, 0] => false; "unknown type")]
#[test_case(&[] => false; "no type at all")]
fn an_error_about_icmp(payload: &[u8]) -> bool {
    let header = header("10.0.0.2", "10.0.0.1", Protocol::ICMP);
    may_answer(&Offender { header: &header, payload, link_group: false, broadcast: false })
}

#[test]
fn quotes_fill_576_bytes_and_no_more() {
    //= rfc1812#4.3.2.3   type=test
    assert_eq!(quote(&[1; 100]).len(), 100);
    assert_eq!(20 + 8 + quote(&[1; 1_500]).len(), 576);
}

/// The packet that an error quotes: header and `payload`.
fn quoted(header: Ipv4Header, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0; header.len()];
    header.emit(&mut bytes);
    bytes.extend_from_slice(payload);
    bytes
}

const PORT: Icmpv4Message = Icmpv4Message::Unreachable { code: 3, mtu: 0 };

#[test]
fn reports_name_the_socket_of_each_protocol() {
    let tuple = |protocol| header("10.0.0.1", "10.0.0.2", protocol);
    let eight = [0x12, 0x34, 0, 80, 0xaa, 0xbb, 0xcc, 0xdd];
    let udp = parse_error(PORT, &quoted(tuple(Protocol::UDP), &eight)).expect("a report");
    assert_eq!((udp.ports, udp.seq, udp.echo_id), (Some((0x1234, 80)), None, None));
    assert_eq!(udp.local().to_string(), "10.0.0.1:4660");
    assert_eq!(udp.remote().to_string(), "10.0.0.2:80");
    let tcp = parse_error(PORT, &quoted(tuple(Protocol::TCP), &eight)).expect("a report");
    assert_eq!((tcp.ports, tcp.seq), (Some((0x1234, 80)), Some(SeqNumber(0xaabb_ccdd))));
    let request = message(Icmpv4Message::EchoRequest { id: 5, seq: 6 }, &[]);
    let icmp = parse_error(PORT, &quoted(tuple(Protocol::ICMP), &request)).expect("a report");
    assert_eq!((icmp.ports, icmp.echo_id, icmp.local().port()), (None, Some(5), 0));
    let other = parse_error(PORT, &quoted(tuple(Protocol(47)), b"short")).expect("a report");
    assert_eq!((other.ports, other.original.protocol), (None, Protocol(47)));
}

#[test]
fn quotes_that_say_nothing() {
    let tcp = header("10.0.0.1", "10.0.0.2", Protocol::TCP);
    let short = quoted(tcp, &[0; 7]);
    assert_eq!(parse_error(PORT, &short).err(), Some(DropReason::IcmpBadQuote));
    assert_eq!(parse_error(PORT, &short[..19]).err(), Some(DropReason::IcmpBadQuote));
    let later = Ipv4Header { fragment_offset: 8, ..tcp };
    assert_eq!(parse_error(PORT, &quoted(later, &[])).map(|report| report.ports), Ok(None));
    let error = quoted(Ipv4Header { protocol: Protocol::ICMP, ..tcp }, &message(PORT, &[]));
    assert_eq!(parse_error(PORT, &error).err(), Some(DropReason::IcmpBadQuote));
    let echo = Icmpv4Message::EchoReply { id: 0, seq: 0 };
    assert_eq!(parse_error(echo, &short).err(), Some(DropReason::IcmpUnknownType));
}

fn unreachable(code: u8) -> Icmpv4Message {
    Icmpv4Message::Unreachable { code, mtu: 1400 }
}

const fn soft(error: Error) -> Option<Verdict> {
    Some(Verdict { error, hard: false, mtu: None })
}

const fn hard(error: Error) -> Option<Verdict> {
    Some(Verdict { error, hard: true, mtu: None })
}

#[test_case(unreachable(0) => soft(Error::NetworkUnreachable); "network")]
#[test_case(unreachable(1) => soft(Error::HostUnreachable); "host")]
#[test_case(unreachable(2) => hard(Error::ProtocolUnreachable); "protocol")]
#[test_case(unreachable(3) => hard(Error::ConnectionRefused); "port")]
#[test_case(unreachable(4) => Some(Verdict { error: Error::MessageTooLong, hard: false, mtu: Some(1400) }); "too big")]
#[test_case(unreachable(5) => soft(Error::NotSupported); "source route")]
#[test_case(unreachable(6) => hard(Error::NetworkUnreachable); "network unknown")]
#[test_case(unreachable(9) => hard(Error::NetworkUnreachable); "network prohibited")]
#[test_case(unreachable(10) => hard(Error::HostUnreachable); "host prohibited")]
#[test_case(unreachable(13) => hard(Error::HostUnreachable); "filtered")]
#[test_case(unreachable(16) => None; "unknown code")]
#[test_case(Icmpv4Message::TimeExceeded { code: 0 } => soft(Error::HostUnreachable); "time exceeded")]
#[test_case(Icmpv4Message::ParameterProblem { pointer: 1 } => soft(Error::ProtocolUnreachable); "parameter problem")]
#[test_case(Icmpv4Message::SourceQuench => None; "source quench")]
fn verdicts(message: Icmpv4Message) -> Option<Verdict> {
    let packet = quoted(header("10.0.0.1", "10.0.0.2", Protocol::UDP), &[0; 8]);
    parse_error(message, &packet).expect("a report").verdict()
}

proptest! {
    #[test]
    fn any_quote_is_taken_apart_without_harm(kind in 0..20u8, code in any::<u8>(), bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        let head = [kind, code, 0, 0, 0, 0, 0, 0];
        if let Ok(report) = parse_error(Icmpv4Header::parse_message(&head), &bytes) {
            report.verdict();
            report.local();
        }
        let mut bytes = bytes;
        let request = header("10.0.0.2", "10.0.0.1", Protocol::ICMP);
        let _ = answer(&Config::default(), Request { header: &request, group: false }, &mut bytes);
    }
}

/// A limiter with all that it needs around it.
struct Gate {
    bench: Bench,
    config: Config,
    limiter: Limiter,
}

impl Gate {
    fn new(config: Config) -> Self {
        let mut bench = Bench::new(1);
        let limiter = Limiter::new(&mut bench.rng);
        Self { bench, config, limiter }
    }

    fn allow(&mut self, message: &Icmpv4Message, destination: IpAddress) -> bool {
        self.limiter.allow(&mut self.bench.cx(), &self.config, message, destination)
    }

    /// How many of `tries` errors to `host(0)` pass.
    fn passed(&mut self, tries: usize) -> usize {
        (0..tries).filter(|_| self.allow(&PORT, host(0))).count()
    }
}

fn host(n: u16) -> IpAddress {
    let [a, b] = n.to_be_bytes();
    Ipv4Addr::new(10, 1, a, b).into()
}

#[test]
fn one_destination_gets_six_errors_at_once_and_one_a_second() {
    //= rfc1812#4.3.2.8   type=test
    let mut gate = Gate::new(Config::default());
    assert_eq!(gate.passed(100), 6);
    assert_eq!(gate.bench.drops(DropReason::IcmpRateLimited), 94);
    gate.bench.advance(Duration::from_millis(999));
    assert_eq!(gate.passed(10), 0);
    gate.bench.advance(Duration::from_millis(1));
    assert_eq!(gate.passed(10), 1);
    gate.bench.advance(Duration::from_secs(3_600));
    assert_eq!(gate.passed(10), 6);
}

#[test]
fn all_destinations_together_share_a_rate_and_a_burst() {
    let mut gate = Gate::new(Config::default());
    let burst = (0..10_000).filter(|n| gate.allow(&PORT, host(*n))).count();
    // Fifty on average: each costs none, one or two.
    assert!((30..=80).contains(&burst), "{burst} at once");
    let mut passed = 0;
    for n in 0..10_000u16 {
        gate.bench.advance(Duration::from_micros(100));
        passed += usize::from(gate.allow(&PORT, host(n.wrapping_add(20_000))));
    }
    assert!((900..=1_100).contains(&passed), "{passed} in a second");
    assert!(gate.limiter.destinations() <= gate.config.rate_entries);
}

#[test]
fn nobody_can_count_the_burst_exactly() {
    let burst = |seed| {
        let mut gate = Gate::new(Config { rate_limit: Duration::ZERO, ..Config::default() });
        gate.bench.rng = crate::rng::Rng::new(seed);
        gate.passed(1_000)
    };
    let bursts: std::collections::BTreeSet<usize> = (0..10).map(burst).collect();
    assert!(bursts.len() > 3, "always one of {bursts:?}");
}

#[test_case(Icmpv4Message::EchoReply { id: 0, seq: 0 }, host(0) => true; "replies")]
#[test_case(Icmpv4Message::Unreachable { code: 4, mtu: 1400 }, host(0) => true; "path MTU")]
#[test_case(PORT, Ipv4Addr::LOCALHOST.into() => true; "to this host")]
#[test_case(PORT, host(0) => false; "errors")]
#[test_case(Icmpv4Message::Redirect { code: 1, gateway: Ipv4Addr::LOCALHOST }, host(0) => false; "redirects")]
#[test_case(Icmpv4Message::TimeExceeded { code: 0 }, host(0) => false; "time exceeded")]
#[test_case(Icmpv4Message::Other { kind: 200, code: 0 }, host(0) => true; "types beyond the mask")]
fn free_of_limits(message: Icmpv4Message, destination: IpAddress) -> bool {
    let mut gate = Gate::new(Config { messages_per_second: 1, ..Config::default() });
    (0..1_000).all(|_| gate.allow(&message, destination))
}

#[test]
fn a_rate_of_zero_is_silence_and_a_limit_of_zero_is_none() {
    let mut silent = Gate::new(Config { messages_per_second: 0, ..Config::default() });
    assert_eq!(silent.passed(10), 0);
    let mut open =
        Gate::new(Config { rate_limit: Duration::ZERO, messages_burst: 1_000, ..Config::default() });
    assert!(open.passed(100) == 100);
}

#[test]
fn errors_parse_back_from_what_is_built() {
    let segment = crate::wire::TcpHeader {
        source_port: 1,
        destination_port: 2,
        seq: SeqNumber(3),
        ack: SeqNumber(4),
        flags: TcpFlags::ACK,
        window: 5,
        urgent: 0,
        options: crate::wire::TcpOptions::default(),
        ecn: crate::wire::Ecn::default(),
    };
    let mut bytes = vec![0; 20];
    segment.emit(&mut bytes, 0);
    let packet = quoted(header("10.0.0.1", "10.0.0.2", Protocol::TCP), &bytes);
    let error = message(Icmpv4Message::TimeExceeded { code: 0 }, quote(&packet));
    let parsed = Icmpv4Header::parse(&error).expect("a right checksum");
    let report = parse_error(parsed.message, &error[8..]).expect("a report");
    assert_eq!((report.ports, report.seq), (Some((1, 2)), Some(SeqNumber(3))));
}
