//! AccECN (RFC 9768): the handshake of three bits, the counter in the flags, the option, and what goes wrong on the way.

use super::ecn::{AE, CWR, ECE, bits, marks};
use super::listener::Server;
use super::peer::*;
use crate::tcp::congestion::Kind;
use crate::tcp::{Config, EcnInfo};
use crate::time::Duration;
use crate::wire::{Ecn, EcnCounters, TcpFlags, TcpOptions, Timestamps};
use test_case::test_case;

const ALL: TcpFlags = AE.union(CWR).union(ECE);
/// The ACE field of the handshake: the SYN, or the SYN-ACK, came not ECN-capable.
const UNTOUCHED: TcpFlags = CWR;

/// Without an option of ours, so that segments are full from the first.
fn accurate() -> Config {
    Config { ecn: 3, ecn_option: 0, ..config() }
}

/// With it.
fn telling() -> Config {
    Config { ecn_option: 2, ..accurate() }
}

/// A count as the ACE field says it.
fn ace(count: u32) -> TcpFlags {
    let bit = |place: u32, flag| if count >> place & 1 == 1 { flag } else { NONE };
    bit(2, AE) | bit(1, CWR) | bit(0, ECE)
}

fn count_of(flags: TcpFlags) -> u32 {
    u32::from(flags.contains(AE)) << 2 | u32::from(flags.contains(CWR)) << 1 | u32::from(flags.contains(ECE))
}

fn told(ect0: u32, ce: u32, ect1: u32) -> TcpOptions {
    TcpOptions { ecn: Some(EcnCounters::new(ect0, ce, ect1, false)), ..TcpOptions::default() }
}

fn ecn(peer: &Peer) -> EcnInfo {
    peer.info().ecn
}

/// ESTABLISHED from our side; the SYN-ACK had the option or not.
fn client(config: Config, option: bool) -> Peer {
    let mut peer = Peer::connecting(config);
    peer.out();
    peer.bench.advance(Duration::from_millis(30));
    let counters = option.then(|| EcnCounters::new(1, 0, 1, false));
    let options = TcpOptions { ecn: counters, ..plain_options() };
    peer.send(&seg(SYN | ACK | UNTOUCHED, 0, 1).options(options));
    let last = peer.out().remove(0).header;
    assert_eq!((bits(&last).as_str(), last.ecn), ("CWR", Ecn::NotCapable));
    assert_eq!((ecn(&peer).mode, ecn(&peer).capable, ecn(&peer).option_seen), ("accurate", true, option));
    peer
}

/// ESTABLISHED from the other side, by an ACK with these flags.
fn server(last: &Seg) -> Peer {
    let mut peer = Peer::answering(telling(), &seg(SYN | ALL, 0, 0).options(plain_options()));
    let answer = peer.out().remove(0).header;
    assert_eq!(bits(&answer), "CWR");
    assert_eq!(answer.options.ecn, Some(EcnCounters::new(1, 0, 1, false)), "to see whether it passes");
    peer.bench.advance(Duration::from_millis(30));
    peer.send(last);
    peer.out();
    peer
}

//= rfc9768#3.1.2   type=test, table 2; 3.1.3 for what is reserved
#[test_case(CWR => ("accurate", true, "none"); "the SYN was not ECN-capable")]
#[test_case(AE | ECE => ("accurate", true, "none"); "a combination to come")]
#[test_case(CWR | ECE => ("accurate", false, "mangled"); "ECT(1), which we did not send")]
#[test_case(AE => ("accurate", false, "mangled"); "ECT(0), which we did not send")]
#[test_case(AE | CWR => ("accurate", false, "mangled"); "congestion on what could not be marked")]
#[test_case(ECE => ("classic", true, "refused"); "classic")]
#[test_case(NONE => ("off", false, "refused"); "none")]
#[test_case(ALL => ("off", false, "reflected"); "our bits given back")]
fn a_syn_ack_answers(flags: TcpFlags) -> (&'static str, bool, &'static str) {
    let mut peer = Peer::connecting(accurate());
    assert_eq!(bits(&peer.out().remove(0).header), "AE|CWR|ECE");
    peer.send(&seg(SYN | ACK | flags, 0, 1).options(plain_options()));
    peer.out();
    (ecn(&peer).mode, ecn(&peer).capable, ecn(&peer).fallback)
}

//= rfc9768#3.1.2   type=test, in the other role; 3.1.3 for what is reserved
#[test_case(ALL => ("CWR", "accurate"); "accurate")]
#[test_case(CWR | ECE => ("ECE", "classic"); "classic")]
#[test_case(NONE => ("", "off"); "none")]
#[test_case(AE => ("CWR", "accurate"); "a combination to come")]
#[test_case(AE | ECE => ("CWR", "accurate"); "another")]
fn a_listener_answers(flags: TcpFlags) -> (&'static str, &'static str) {
    let mut server = Server::new(1, Config { ecn: 5, ..config() });
    server.takes(5, &seg(SYN | flags, 0, 0));
    let answer = bits(&server.answer.unwrap());
    server.takes(5, &seg(ACK | if flags == ALL { UNTOUCHED } else { NONE }, 1, 1));
    let mode = server.made.unwrap().info().ecn.mode;
    (["CWR", "ECE", ""].into_iter().find(|each| *each == answer).expect("one of them"), mode)
}

//= rfc9768#3.1.1   type=test, the field of the SYN comes back on the SYN-ACK
//= rfc9768#3.2.2.1   type=test, and that of the SYN-ACK on its ACK
#[test_case(Ecn::NotCapable, "CWR")]
#[test_case(Ecn::Capable1, "CWR|ECE")]
#[test_case(Ecn::Capable0, "AE")]
#[test_case(Ecn::Congestion, "AE|CWR")]
fn each_side_tells_how_the_others_syn_came(field: Ecn, said: &str) {
    let mut peer = Peer::answering(accurate(), &seg(SYN | ALL, 0, 0).ecn(field));
    assert_eq!(bits(&peer.out().remove(0).header), said);

    let mut peer = Peer::connecting(accurate());
    peer.out();
    peer.send(&seg(SYN | ACK | UNTOUCHED, 0, 1).options(plain_options()).ecn(field));
    assert_eq!(bits(&peer.out().remove(0).header), said);
    let marked = u32::from(field == Ecn::Congestion);
    peer.send(&seg(ACK, 1, 1).bytes(1_000).ecn(Ecn::Capable0));
    peer.send(&seg(ACK, 1_001, 1).bytes(1_000).ecn(Ecn::Capable0));
    assert_eq!(count_of(peer.out().remove(0).header.flags), 5 + marked, "then it is the counter");
}

#[test]
fn the_ack_of_the_syn_ack_goes_alone_though_data_waits() {
    use crate::tcp::Known;
    let mut peer = Peer::connecting(telling());
    let known = Known { cookie: crate::wire::FastOpenCookie::new(&[7; 8]).unwrap(), mss: 1000 };
    peer.tcp.open_with(b"hello", Some(known));
    peer.out();
    peer.send(&seg(SYN | ACK | UNTOUCHED, 0, 1).options(plain_options()));
    let out = peer.out();
    assert_eq!(out.iter().map(words).collect::<Vec<_>>(), ["ACK 1:1", "PSH|ACK 1:1 +5"]);
    assert_eq!(marks(&out), [("CWR".into(), Ecn::NotCapable), ("AE|ECE".into(), Ecn::Capable0)]);
    assert!(out.iter().all(|unit| unit.header.options.ecn.is_some()), "and both have the option");
}

//= rfc9768#3.2.2.1   type=test, table 4
#[test_case(CWR => (true, "none"); "as it was sent")]
#[test_case(CWR | ECE => (false, "mangled"); "ECT(1)")]
#[test_case(AE => (false, "mangled"); "ECT(0)")]
#[test_case(AE | CWR => (false, "mangled"); "congestion")]
#[test_case(NONE => (false, "zeroed"); "cleared on the way")]
#[test_case(ECE => (true, "none"); "unused, one")]
#[test_case(AE | ECE => (true, "none"); "unused, five")]
#[test_case(ALL => (true, "none"); "unused, seven")]
fn the_last_ack_tells_how_the_syn_ack_came(flags: TcpFlags) -> (bool, &'static str) {
    let mut peer = server(&seg(ACK | flags, 1, 1).options(told(1, 0, 1)));
    peer.write(1_000).unwrap();
    let capable = peer.out().remove(0).header.ecn == Ecn::Capable0;
    assert_eq!(ecn(&peer).capable, capable);
    peer.send(&seg(ACK, 1, 1).bytes(10));
    peer.pass(100);
    assert_eq!(ecn(&peer).mode, "accurate", "as a receiver it goes on");
    (capable, ecn(&peer).fallback)
}

#[test]
fn crossed_syns_tell_by_their_syn_acks() {
    let mut peer = Peer::connecting(accurate());
    peer.out();
    peer.send(&seg(SYN | ALL, 0, 0).options(plain_options()));
    assert_eq!(bits(&peer.out().remove(0).header), "CWR");
    peer.answer(&seg(SYN | ACK | UNTOUCHED, 0, 1).options(plain_options()));
    peer.write(4_000).unwrap();
    peer.out();
    // Were it in the handshake's encoding it would tell of a mark on our SYN-ACK.
    peer.send(&seg(ACK | ace(6), 1, 4_001));
    assert_eq!((ecn(&peer).mode, ecn(&peer).fallback, ecn(&peer).delivered_ce), ("accurate", "none", 1));
}

//= rfc9768#3.1.5   type=test
#[test]
fn crossed_syns_of_both_kinds_end_it() {
    let mut peer = Peer::connecting(accurate());
    peer.out();
    peer.send(&seg(SYN | ECE | CWR, 0, 0).options(plain_options()));
    peer.out();
    peer.send(&seg(SYN | ALL, 0, 0).options(plain_options()));
    let answer = peer.out().remove(0).header;
    assert_eq!(answer.flags, RST | ACK);
    assert_eq!(peer.info().state.name(), "CLOSED");
}

//= rfc9768#3.2.2.1   type=test
#[test]
fn a_second_syn_ack_is_answered_in_the_handshakes_encoding() {
    let mut peer = client(accurate(), true);
    peer.bench.advance(Duration::from_secs(1));
    peer.send(&seg(SYN | ACK | UNTOUCHED, 0, 1).options(plain_options()));
    assert_eq!(bits(&peer.out().remove(0).header), "CWR");
    peer.send(&seg(ACK | ace(5), 1, 1).bytes(100).ecn(Ecn::Capable0));
    peer.bench.advance(Duration::from_secs(1));
    peer.send(&seg(SYN | ACK | UNTOUCHED, 0, 1).options(plain_options()));
    assert_eq!(count_of(peer.out().remove(0).header.flags), 5, "not once its data is here");
}

//= rfc9768#3.1.4.1   type=test
#[test]
fn a_syn_that_vanishes_goes_again_with_it_once_and_then_without() {
    let mut peer = Peer::connecting(accurate());
    let mut said = vec![bits(&peer.out().remove(0).header)];
    for _ in 0..3 {
        peer.fire();
        said.push(bits(&peer.out().remove(0).header));
    }
    assert_eq!(said, ["AE|CWR|ECE", "AE|CWR|ECE", "", ""]);
    //= rfc9768#3.1.5   type=test, the mode of the first answer, and never ECT
    peer.send(&seg(SYN | ACK | UNTOUCHED, 0, 1).options(plain_options()));
    peer.out();
    assert_eq!((ecn(&peer).mode, ecn(&peer).capable, ecn(&peer).fallback), ("accurate", false, "lost"));
}

//= rfc9768#3.2.3.2.2   type=test
#[test]
fn a_syn_ack_that_vanishes_goes_again_without_the_option_and_then_without_the_bits() {
    let mut peer = Peer::answering(telling(), &seg(SYN | ALL, 0, 0).options(plain_options()));
    let mut said = Vec::new();
    for _ in 0..3 {
        let answer = peer.out().remove(0).header;
        said.push((bits(&answer), answer.options.ecn.is_some()));
        peer.fire();
    }
    assert_eq!(said, [("CWR".into(), true), ("CWR".into(), false), (String::new(), false)]);
    peer.send(&seg(ACK, 1, 1));
    assert_eq!((ecn(&peer).mode, ecn(&peer).capable), ("accurate", false));
}

#[test]
fn a_syn_that_comes_again_gets_no_option_and_a_plain_one_no_bits() {
    let mut server = Server::new(1, Config { ecn: 3, ..config() });
    let mut said = Vec::new();
    for flags in [ALL, ALL, NONE] {
        server.takes(5, &seg(SYN | flags, 0, 0));
        let answer = server.answer.unwrap();
        said.push((bits(&answer), answer.options.ecn.is_some()));
    }
    assert_eq!(said, [("CWR".into(), true), ("CWR".into(), false), (String::new(), false)]);
    server.takes(5, &seg(ACK, 1, 1));
    let info = server.made.unwrap().info().ecn;
    assert_eq!((info.mode, info.capable, info.fallback), ("accurate", false, "lost"));
}

//= rfc9768#3.1.5   type=test
#[test_case(3, ALL, ECE | CWR => "RST|ACK 1:1"; "classic after accurate")]
#[test_case(3, ECE | CWR, ALL => "RST|ACK 1:1"; "accurate after classic")]
#[test_case(1, ALL, ECE | CWR => "SYN|ACK 0:1"; "one that knows the classic one only")]
#[test_case(3, ALL, ALL => "SYN|ACK 0:1"; "the same again")]
fn syns_of_both_kinds_end_it(knob: u8, first: TcpFlags, second: TcpFlags) -> String {
    let mut server = Server::new(1, Config { ecn: knob, ..config() });
    server.takes(5, &seg(SYN | first, 0, 0));
    server.takes(5, &seg(SYN | second, 0, 0))
}

//= rfc9768#5.1   type=test
#[test_case(UNTOUCHED, true => "accurate"; "with timestamps")]
#[test_case(UNTOUCHED, false => "accurate"; "without, the ACK tells all the same")]
#[test_case(NONE, false => "off"; "an ACK that tells of none")]
#[test_case(NONE, true => "classic"; "agreed on, and not accurate")]
#[test_case(AE | ECE, true => "accurate"; "data came first")]
fn a_cookie_keeps_it(last: TcpFlags, stamps: bool) -> &'static str {
    let mut server = Server::new(4, Config { syn_cookies: 2, ecn: 3, ..Config::default() });
    let timestamps = stamps.then_some(Timestamps { value: 100, echo: 0 });
    server.takes(5, &seg(SYN | ALL, 0, 0).options(TcpOptions { timestamps, ..plain_options() }));
    let answer = server.answer.unwrap();
    assert_eq!(bits(&answer), "CWR");
    let isn: i64 = answer.seq.distance(ISS).into();
    let mut ack = seg(ACK | last, 1, isn + 1);
    if let Some(ours) = answer.options.timestamps {
        ack = ack.stamps(101, ours.value);
    }
    server.takes(5, &ack);
    server.made.unwrap().info().ecn.mode
}

//= rfc9768#3.2.2.2   type=test, every ACK has the counter, data too
#[test]
fn marks_are_counted_in_three_bits() {
    let mut peer = client(telling(), true);
    let mut at = 1;
    for marked in 1..=20u32 {
        peer.send(&seg(ACK | ace(5), at, 1).bytes(100).ecn(Ecn::Congestion));
        at += 100;
        peer.write(1).unwrap();
        peer.out().iter().for_each(|unit| assert_eq!(count_of(unit.header.flags), (5 + marked) % 8));
        peer.send(&seg(ACK | ace(5), at, i64::from(marked) + 1));
    }
    assert_eq!((ecn(&peer).received_ce, ecn(&peer).received_bytes), (20, [0, 2_000, 0]));
    assert!(ecn(&peer).seen);
}

#[test]
fn what_a_device_gathered_counts_as_the_packets_that_it_was() {
    let mut peer = client(telling(), true);
    peer.send(&seg(ACK | ace(5), 1, 1).bytes(2_500).ecn(Ecn::Congestion).gathered(500));
    assert_eq!((ecn(&peer).received_ce, ecn(&peer).received_bytes), (5, [0, 2_500, 0]));
    assert_eq!(count_of(peer.out().remove(0).header.flags), (5 + 5) % 8, "told at once");
}

//= rfc9768#3.2.2.5.1   type=test
#[test]
fn marks_are_told_before_the_counter_could_wrap() {
    let mut peer = client(accurate(), true);
    let mut at = 1;
    let mut take = |peer: &mut Peer, field| {
        peer.send(&seg(ACK | ace(5), at, 1).bytes(100).ecn(field));
        at += 100;
        peer.out().iter().map(|unit| count_of(unit.header.flags)).collect::<Vec<_>>()
    };
    assert_eq!(take(&mut peer, Ecn::Capable0), []);
    assert_eq!(take(&mut peer, Ecn::Congestion), [6], "the first one at once");
    assert_eq!(take(&mut peer, Ecn::Congestion), [], "then one can wait");
    assert_eq!(take(&mut peer, Ecn::Congestion), [0], "two can not");
    assert_eq!(take(&mut peer, Ecn::Capable0), [0], "nor can the edge back");
    for marked in 0..3 {
        peer.send(&seg(ACK | ace(5), at, 1).ecn(Ecn::Congestion));
        assert_eq!(peer.out().len(), usize::from(marked == 2), "of pure ACKs every third");
    }
    for (bytes, field, acks) in
        [(100, Ecn::Congestion, 1), (0, Ecn::NotCapable, 0), (100, Ecn::Congestion, 1)]
    {
        peer.send(&seg(ACK | ace(5), at, 1).bytes(bytes).ecn(field));
        assert_eq!(peer.out().len(), acks, "an edge is one to the packet before, whatever that was");
        at += bytes as i64;
    }
}

//= rfc9768#3.2.3.3   type=test
#[test]
fn the_option_tells_of_bytes_and_of_edges() {
    let mut peer = client(Config { ecn_option: 1, ..accurate() }, true);
    peer.bench.advance(Duration::from_millis(1));
    let mut at = 1;
    let mut take = |peer: &mut Peer, field| {
        peer.send(&seg(ACK | ace(5), at, 1).bytes(500).ecn(field));
        at += 500;
        let option = peer.out().first().map(|unit| unit.header.options.ecn);
        option.map(|option| option.map(|counters| (counters.ect0(), counters.ce(), counters.ect1())))
    };
    assert_eq!(take(&mut peer, Ecn::Capable0), None);
    let first = (Some(501), Some(500), Some(1));
    assert_eq!(take(&mut peer, Ecn::Congestion), Some(Some(first)), "an edge: at once, with the option");
    assert_eq!(take(&mut peer, Ecn::NotCapable), None, "what is not ECN-capable moves no counter");
    peer.pass(100);
    assert_eq!(take(&mut peer, Ecn::Capable1), Some(Some((Some(501), Some(500), Some(501)))));
    assert_eq!(ecn(&peer).received_bytes, [500, 500, 500]);
}

#[test_case(0, 0; "never")]
#[test_case(2, 5; "on every ACK")]
fn the_knob_says_how_often_the_option_goes(level: u8, times: usize) {
    let mut peer = client(Config { ecn_option: level, ..accurate() }, true);
    let mut with = 0;
    for turn in 0..10 {
        peer.send(&seg(ACK | ace(5), 1 + 1_000 * turn, 1).bytes(1_000).ecn(Ecn::Capable0));
        with += peer.out().iter().filter(|unit| unit.header.options.ecn.is_some()).count();
    }
    assert_eq!(with, times);
}

#[test]
fn data_keeps_its_size_but_for_the_first() {
    let mut peer = client(telling(), true);
    peer.write(9_000).unwrap();
    let sizes: Vec<_> =
        peer.out().iter().map(|unit| (unit.length, unit.header.options.ecn.is_some())).collect();
    assert_eq!((sizes[0], sizes[1]), ((988, true), (1_000, false)));
    peer.fire();
    peer.fire();
    let again = peer.out().remove(0);
    //= rfc9768#3.2.3.2.2   type=test, lost with the option, it goes without
    assert!(again.retransmission && again.header.options.ecn.is_none());
}

//= rfc9768#3.2.2.5.2   type=test, appendix A.2.1
#[test_case(2, 1 => 1; "no doubt")]
#[test_case(7, 3 => 3; "seven at once can be told apart")]
#[test_case(8, 0 => 8; "none or all eight: all")]
#[test_case(10, 1 => 9; "one or nine: nine")]
#[test_case(16, 5 => 13; "five or thirteen: thirteen")]
fn without_the_option_the_safe_case_is_taken(packets: u32, counted: u32) -> u64 {
    let mut peer = client(Config { initial_window: 20, ..accurate() }, false);
    peer.write(20_000).unwrap();
    assert_eq!(peer.out().len(), 20);
    peer.send(&seg(ACK | ace(5 + counted), 1, 1 + 1_000 * i64::from(packets)));
    ecn(&peer).delivered_ce
}

//= rfc9768#3.2.3.1   type=test, appendix A.2.2: bytes tell how many packets it can have been
#[test_case(8, 0, 0 => (0, 0); "none")]
#[test_case(8, 0, 8_000 => (8, 8_000); "all eight")]
#[test_case(10, 1, 1_000 => (1, 1_000); "one")]
#[test_case(10, 1, 9_000 => (9, 9_000); "nine")]
fn with_the_option_it_is_known(packets: u32, counted: u32, bytes: u32) -> (u64, u64) {
    let mut peer = client(Config { initial_window: 20, ..accurate() }, true);
    peer.write(20_000).unwrap();
    peer.out();
    let ect0 = 1_000 * packets - bytes + 1;
    let news = seg(ACK | ace(5 + counted), 1, 1 + 1_000 * i64::from(packets)).options(told(ect0, bytes, 1));
    peer.send(&news);
    assert_eq!(ecn(&peer).delivered_bytes[0], u64::from(ect0 - 1));
    assert_eq!(ecn(&peer).reductions, u64::from(bytes > 0));
    (ecn(&peer).delivered_ce, ecn(&peer).delivered_bytes[1])
}

#[test]
fn marks_reduce_the_window_once_a_round_trip_and_no_cwr_goes() {
    let mut peer = client(Config { initial_window: 20, ..accurate() }, true);
    peer.write(40_000).unwrap();
    peer.out();
    peer.send(&seg(ACK | ace(6), 1, 2_001).options(told(1_001, 1_000, 1)));
    assert_eq!((peer.info().cwnd, ecn(&peer).reductions), (10_000, 1));
    peer.send(&seg(ACK | ace(8), 1, 12_001).options(told(9_001, 3_000, 1)));
    assert_eq!((peer.info().cwnd, ecn(&peer).reductions), (10_000, 1));
    assert!(marks(&peer.out()).iter().all(|(bits, field)| bits == "AE|ECE" && *field == Ecn::Capable0));
    peer.send(&seg(ACK | ace(8), 1, 20_001).options(told(17_001, 3_000, 1)));
    peer.out();
    assert_eq!(ecn(&peer).reductions, 1, "no news");
    peer.send(&seg(ACK | ace(9), 1, 22_001).options(told(18_001, 4_000, 1)));
    assert_eq!(ecn(&peer).reductions, 2);
}

#[test]
fn an_ack_that_was_overtaken_tells_nothing() {
    let stamps = |value| Some(Timestamps { value, echo: 1 });
    let mut peer = Peer::connecting(accurate());
    peer.out();
    peer.send(
        &seg(SYN | ACK | UNTOUCHED, 0, 1).options(TcpOptions { timestamps: stamps(100), ..plain_options() }),
    );
    peer.out();
    peer.write(9_000).unwrap();
    peer.out();
    let ack = |count, number, value| {
        seg(ACK | ace(count), 1, number)
            .options(TcpOptions { timestamps: stamps(value), ..TcpOptions::default() })
    };
    peer.send(&ack(7, 4_000, 110));
    assert_eq!(ecn(&peer).delivered_ce, 2);
    peer.send(&ack(6, 2_000, 109));
    assert_eq!(ecn(&peer).delivered_ce, 2, "it left before");
    peer.send(&ack(8, 4_000, 111));
    assert_eq!(ecn(&peer).delivered_ce, 3, "this one after, though it acknowledges nothing new");
}

//= rfc9768#3.2.2.4   type=test
#[test]
fn a_counter_that_is_cleared_on_the_way_ends_it() {
    let mut peer = client(accurate(), false);
    peer.write(2_000).unwrap();
    peer.out();
    peer.send(&seg(ACK, 1, 2_001));
    assert_eq!((ecn(&peer).fallback, ecn(&peer).reductions), ("zeroed", 0));
    peer.write(1_000).unwrap();
    assert_eq!(peer.out().remove(0).header.ecn, Ecn::NotCapable);
    peer.send(&seg(ACK | ace(3), 1, 3_001));
    assert_eq!(ecn(&peer).reductions, 0, "and what it says later does not count");
}

//= rfc9768#3.2.3.2.4   type=test
#[test]
fn an_option_that_is_cleared_on_the_way_is_not_heeded() {
    let mut peer = server(&seg(ACK | UNTOUCHED, 1, 1).options(told(0, 0, 0)));
    peer.write(8_000).unwrap();
    assert_eq!(peer.out().len(), 8);
    peer.send(&seg(ACK | ace(5), 1, 7_989).options(told(0, 0, 0)));
    assert!(!ecn(&peer).option_seen);
    assert_eq!(ecn(&peer).delivered_ce, 8, "so the safe case is taken");
}

//= rfc9768#3.2.3.2.3   type=test
#[test]
fn an_option_that_was_missing_is_heeded_once_it_shows_up() {
    let mut peer = client(accurate(), false);
    peer.write(8_000).unwrap();
    peer.out();
    peer.send(&seg(ACK | ace(5), 1, 8_001).options(told(8_001, 0, 1)));
    assert_eq!((ecn(&peer).option_seen, ecn(&peer).delivered_ce), (true, 0));
}

//= rfc9768#3.2.3.2.5   type=test
#[test]
fn an_option_that_tells_of_more_than_was_sent_is_not_heeded() {
    let mut peer = client(accurate(), true);
    peer.write(2_000).unwrap();
    peer.out();
    peer.send(&seg(ACK | ace(5), 1, 2_001).options(told(1, 5_000, 1)));
    assert_eq!((ecn(&peer).option_seen, ecn(&peer).reductions), (false, 0));
}

//= rfc8257#3.3   type=test, alpha from bytes that were marked in fact
#[test]
fn dctcp_reads_the_accurate_counters() {
    let mut peer = client(Config { initial_window: 20, congestion: Kind::Dctcp, ..accurate() }, true);
    let (mut at, mut marked) = (1, 0);
    for round in 0..60 {
        let Ok(_) = peer.write(20_000) else { break };
        let sent: i64 = peer.out().iter().map(|unit| unit.length as i64).sum();
        at += sent;
        let ce = if round == 59 { 1_000 } else { 0 };
        marked += ce;
        let count = 5 + marked / 1_000;
        peer.send(&seg(ACK | ace(count), 1, at).options(told(at as u32 - marked, marked, 1)));
    }
    assert_eq!(ecn(&peer).reductions, 1);
    // Alpha has shrunk from 1 by a sixteenth a round: a mark of one segment in many costs a little.
    let (window, threshold) = (peer.info().cwnd, peer.info().ssthresh.unwrap());
    assert!(window == threshold, "{window} {threshold}");
}
