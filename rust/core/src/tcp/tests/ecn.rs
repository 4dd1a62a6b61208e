//! Classic ECN (RFC 3168): what the SYNs agree on, how marks travel back, and what they do; DCTCP's receiver (RFC 8257).

use super::listener::Server;
use super::peer::*;
use crate::tcp::congestion::Kind;
use crate::tcp::{Config, EcnInfo, Outgoing, State};
use crate::wire::{Ecn, TcpFlags, TcpHeader, TcpOptions};
use test_case::test_case;

pub(super) const ECE: TcpFlags = TcpFlags::ECE;
pub(super) const CWR: TcpFlags = TcpFlags::CWR;
pub(super) const AE: TcpFlags = TcpFlags::AE;
const MSS: u32 = 1_000;

impl Seg {
    /// In a packet with this ECN field.
    pub(super) fn ecn(mut self, ecn: Ecn) -> Self {
        self.header.ecn = ecn;
        self
    }
}

fn asking(ecn: u8) -> Config {
    Config { ecn, ..config() }
}

/// Flags of ECN, as written: `AE|CWR|ECE`.
pub(super) fn bits(header: &TcpHeader) -> String {
    let named = [(AE, "AE"), (CWR, "CWR"), (ECE, "ECE")];
    let set: Vec<_> = named.iter().filter(|(flag, _)| header.has(*flag)).map(|(_, name)| *name).collect();
    set.join("|")
}

/// Flags and field of each, in words.
pub(super) fn marks(out: &[Outgoing]) -> Vec<(String, Ecn)> {
    out.iter().map(|unit| (bits(&unit.header), unit.header.ecn)).collect()
}

fn ecn(peer: &Peer) -> EcnInfo {
    peer.info().ecn
}

/// ESTABLISHED from our side, both ends classic.
fn classic(config: Config) -> Peer {
    let mut peer = Peer::connecting(Config { ecn: 1, ..config });
    peer.out();
    peer.send(&seg(SYN | ACK | ECE, 0, 1).options(plain_options()));
    assert_eq!(peer.says(), "ACK 1:1");
    assert_eq!((ecn(&peer).mode, ecn(&peer).capable), ("classic", true));
    peer
}

//= rfc3168#6.1.1   type=test, ECN-setup SYN
#[test_case(0 => ""; "off")]
#[test_case(1 => "CWR|ECE"; "asked for")]
#[test_case(2 => ""; "granted only")]
#[test_case(3 => "AE|CWR|ECE"; "accurate")]
#[test_case(4 => "CWR|ECE"; "accurate granted, classic asked for")]
#[test_case(5 => ""; "accurate granted only")]
fn a_syn_asks(knob: u8) -> String {
    let syn = Peer::connecting(asking(knob)).out().remove(0).header;
    assert_eq!(syn.ecn, Ecn::NotCapable);
    bits(&syn)
}

//= rfc3168#6.1.1   type=test, ECN-setup SYN-ACK; all else is none, and no reason to fail
#[test_case(ECE => ("classic", "none"); "granted")]
#[test_case(NONE => ("off", "refused"); "refused")]
#[test_case(ECE | CWR => ("off", "reflected"); "our bits given back")]
#[test_case(CWR => ("off", "refused"); "one that is not defined")]
#[test_case(ECE | AE => ("classic", "none"); "with an old nonce")]
#[test_case(ECE | CWR | AE => ("off", "reflected"); "all bits")]
fn a_syn_ack_answers(flags: TcpFlags) -> (&'static str, &'static str) {
    let mut peer = Peer::connecting(asking(1));
    peer.out();
    assert_eq!(peer.answer(&seg(SYN | ACK | flags, 0, 1).options(plain_options())), "ACK 1:1");
    assert_eq!(peer.tcp.state(), State::Established);
    let info = ecn(&peer);
    assert_eq!(info.capable, info.mode == "classic");
    (info.mode, info.fallback)
}

//= rfc3168#6.1.1   type=test, in the other role
#[test_case(0, ECE | CWR => ("", "off"); "switched off")]
#[test_case(2, ECE | CWR => ("ECE", "classic"); "granted as ever")]
#[test_case(2, NONE => ("", "off"); "not asked for")]
#[test_case(2, ECE => ("", "off"); "half a wish")]
#[test_case(2, ECE | CWR | AE => ("ECE", "classic"); "from a peer that would have had AccECN")]
#[test_case(2, AE => ("", "off"); "what is not defined")]
fn a_listener_grants(knob: u8, flags: TcpFlags) -> (&'static str, &'static str) {
    let mut server = Server::new(1, asking(knob));
    assert_eq!(server.takes(5, &seg(SYN | flags, 0, 0)), "SYN|ACK 0:1");
    let answer = server.answer.unwrap();
    assert_eq!(answer.ecn, Ecn::NotCapable);
    assert_eq!(server.takes(5, &seg(ACK, 1, 1)), "ESTABLISHED");
    let mode = server.made.unwrap().info().ecn.mode;
    (if bits(&answer) == "ECE" { "ECE" } else { "" }, mode)
}

//= rfc3168#6.1.1.1   type=test
#[test_case(true => vec!["CWR|ECE", "", ""]; "with the fallback")]
#[test_case(false => vec!["CWR|ECE"; 3]; "without")]
fn a_syn_that_vanishes_goes_again(fallback: bool) -> Vec<String> {
    let mut peer = Peer::connecting(Config { ecn_fallback: fallback, ..asking(1) });
    let mut said = vec![bits(&peer.out().remove(0).header)];
    for _ in 0..2 {
        peer.fire();
        said.push(bits(&peer.out().remove(0).header));
    }
    // The answer to the first of them comes late: we echo marks, but who sent a plain SYN never sends ECT.
    peer.send(&seg(SYN | ACK | ECE, 0, 1).options(plain_options()));
    peer.out();
    let info = ecn(&peer);
    assert_eq!((info.mode, info.capable), ("classic", !fallback));
    assert_eq!(info.fallback, if fallback { "lost" } else { "none" });
    said
}

#[test]
fn a_client_that_falls_back_is_not_sent_ect() {
    let mut server = Server::new(1, asking(2));
    server.takes(5, &seg(SYN | ECE | CWR, 0, 0));
    assert_eq!(bits(&server.answer.unwrap()), "ECE");
    server.takes(5, &seg(SYN, 0, 0));
    assert_eq!(bits(&server.answer.unwrap()), "");
    server.takes(5, &seg(ACK, 1, 1));
    let info = server.made.unwrap().info().ecn;
    assert_eq!((info.mode, info.capable, info.fallback), ("classic", false, "lost"));
}

#[test_case(ECE | CWR => ("classic", true); "both ask")]
#[test_case(NONE => ("off", false); "only we ask")]
fn crossed_syns_agree(flags: TcpFlags) -> (&'static str, bool) {
    let mut peer = Peer::connecting(asking(1));
    peer.out();
    peer.send(&seg(SYN | flags, 0, 0).options(plain_options()));
    let answer = peer.out().remove(0).header;
    assert_eq!(answer.has(ECE), flags.contains(ECE));
    peer.answer(&seg(SYN | ACK | (flags & ECE), 0, 1).options(plain_options()));
    (ecn(&peer).mode, ecn(&peer).capable)
}

//= rfc3168#6.1.4   type=test, 6.1.5 and 6.1.6 as well
#[test]
fn only_new_data_is_ecn_capable() {
    let mut peer = classic(Config::default());
    peer.write(2_000).unwrap();
    assert_eq!(marks(&peer.out()), [(String::new(), Ecn::Capable0), (String::new(), Ecn::Capable0)]);
    peer.fire();
    peer.fire();
    let again = peer.out();
    assert!(again.iter().all(|unit| unit.retransmission && unit.header.ecn == Ecn::NotCapable), "{again:?}");
    peer.send(&seg(ACK, 1, 2_001).window(0));
    peer.send(&seg(ACK, 1, 2_001).bytes(500));
    assert_eq!(peer.out().len(), 0);
    peer.fire();
    assert_eq!(marks(&peer.out()), [(String::new(), Ecn::NotCapable)], "a pure ACK");
    peer.send(&seg(ACK, 501, 2_001).window(0));
    peer.write(100).unwrap();
    peer.out();
    peer.fire();
    let probe = peer.out();
    assert_eq!((probe[0].length, probe[0].header.ecn), (1, Ecn::NotCapable));
}

#[test]
fn without_it_nothing_is() {
    let mut peer = Peer::established();
    peer.write(2_000).unwrap();
    assert!(peer.out().iter().all(|unit| unit.header.ecn == Ecn::NotCapable));
    peer.send(&seg(ACK | ECE, 1, 2_001));
    assert_eq!(peer.info().ecn, EcnInfo::OFF);
    assert_eq!(peer.info().ssthresh, None, "and an echo tells nothing");
}

//= rfc3168#6.1.3   type=test
#[test]
fn a_mark_is_echoed_until_the_peer_has_reduced() {
    let mut peer = classic(Config::default());
    let mut at = 1;
    let mut take = |flags, field| {
        peer.send(&seg(ACK | flags, at, 1).bytes(1_000).ecn(field));
        at += 1_000;
        marks(&peer.out()).into_iter().map(|(bits, _)| bits).collect::<Vec<_>>()
    };
    assert_eq!(take(NONE, Ecn::Capable0), Vec::<String>::new(), "an ACK can wait");
    assert_eq!(take(NONE, Ecn::Congestion), ["ECE"], "this one can not");
    assert_eq!(take(NONE, Ecn::Capable0), Vec::<String>::new());
    assert_eq!(take(NONE, Ecn::Capable0), ["ECE"], "again and again");
    assert_eq!(take(CWR, Ecn::Capable0), [""], "the peer waits for this ACK, maybe");
    assert_eq!(take(CWR, Ecn::Congestion), ["ECE"], "a mark on the packet itself counts after its CWR");
    let info = ecn(&peer);
    assert_eq!((info.seen, info.received_ce), (true, 2));
}

//= rfc3168#6.1.5   type=test
#[test]
fn a_mark_outside_of_the_window_counts_for_nothing() {
    let mut peer = classic(Config::default());
    peer.send(&seg(ACK, 1, 1).bytes(1_000).ecn(Ecn::Capable0));
    peer.out();
    peer.send(&seg(ACK, 1, 1).bytes(1_000).ecn(Ecn::Congestion));
    assert_eq!(bits(&peer.out().remove(0).header), "");
    peer.send(&seg(ACK, 1_001, 1).ecn(Ecn::Congestion));
    peer.send(&seg(ACK, 1_001, 1).bytes(1_000).ecn(Ecn::Capable0));
    peer.send(&seg(ACK, 2_001, 1).bytes(1_000).ecn(Ecn::Capable0));
    assert_eq!(bits(&peer.out().remove(0).header), "", "nor does one without data");
}

//= rfc3168#6.1.2   type=test
#[test]
fn an_echo_halves_the_window_once_a_round_trip() {
    let mut peer = classic(config());
    peer.write(30_000).unwrap();
    assert_eq!(peer.out().len(), 10);
    peer.send(&seg(ACK | ECE, 1, 2_001));
    assert_eq!(ecn(&peer).reductions, 1);
    assert_eq!((peer.info().cwnd, peer.info().ssthresh), (5 * MSS, Some(5 * MSS)));
    assert_eq!(peer.says(), "", "eight are out");
    peer.send(&seg(ACK | ECE, 1, 6_001));
    let out = peer.out();
    assert_eq!(marks(&out), [("CWR".into(), Ecn::Capable0)], "the first new data says so");
    peer.send(&seg(ACK | ECE, 1, 10_001));
    assert_eq!((peer.info().cwnd, ecn(&peer).reductions), (5 * MSS, 1), "of the same window, and no growth");
    assert!(marks(&peer.out()).iter().all(|(bits, _)| bits.is_empty()), "once");
    // The peer has seen CWR. What it echoes now is a new mark.
    peer.send(&seg(ACK | ECE, 1, 11_001));
    assert_eq!((ecn(&peer).reductions, peer.info().cwnd), (2, 5 * MSS / 2));
}

//= rfc3168#6.1.2   type=test, of whatever kind the first is
#[test_case(true; "the mark first")]
#[test_case(false; "the loss first")]
fn a_mark_and_a_loss_in_one_window_reduce_it_once(mark_first: bool) {
    let options = TcpOptions { sack_permitted: false, ..plain_options() };
    let mut peer = Peer::connecting(Config { ecn: 1, limited_transmit: false, ..config() });
    peer.out();
    peer.send(&seg(SYN | ACK | ECE, 0, 1).options(options));
    peer.out();
    peer.write(10_000).unwrap();
    peer.out();
    let echo = |now: bool| if now { ACK | ECE } else { ACK };
    peer.send(&seg(echo(mark_first), 1, 1_001));
    let cut = if mark_first { 5 * MSS } else { 0 };
    for _ in 0..3 {
        peer.send(&seg(echo(mark_first), 1, 1_001));
    }
    assert_eq!(peer.info().recovery, "fast");
    let threshold = peer.info().ssthresh.unwrap();
    assert!(if mark_first { threshold == cut } else { threshold >= 4 * MSS }, "{threshold}");
    assert_eq!(peer.out()[0].header.seq, ISS + 1_001);
    peer.send(&seg(ACK | ECE, 1, 10_001));
    assert_eq!(peer.info().ssthresh, Some(threshold));
    peer.write(1_000).unwrap();
    assert_eq!(marks(&peer.out()), [("CWR".into(), Ecn::Capable0)]);
}

#[test]
fn a_mistaken_repair_does_not_give_back_what_a_mark_took() {
    let mut peer = Peer::connecting(Config { ecn: 1, ..config() });
    peer.out();
    peer.send(&seg(SYN | ACK | ECE, 0, 1).options(TcpOptions { sack_permitted: true, ..plain_options() }));
    peer.out();
    peer.write(10_000).unwrap();
    peer.out();
    peer.bench.advance(crate::time::Duration::from_millis(40));
    let blocks = |left: u32, right: u32| {
        let mut options = TcpOptions::default();
        options.sack.push(ISS + left, ISS + right);
        options
    };
    peer.send(&seg(ACK | ECE, 1, 1_001));
    assert_eq!(ecn(&peer).reductions, 1);
    peer.bench.advance(crate::time::Duration::from_millis(60));
    peer.send(&seg(ACK | ECE, 1, 1_001).options(blocks(2_001, 10_001)));
    assert_eq!(peer.info().recovery, "fast");
    assert_eq!(peer.out()[0].header.seq, ISS + 1_001);
    // The second copy was one too many.
    let mut doubled = blocks(1_001, 2_001);
    doubled.sack.push(ISS + 1_001, ISS + 10_001);
    peer.send(&seg(ACK | ECE, 1, 10_001).options(doubled));
    assert!(peer.info().cwnd <= 5 * MSS, "{}", peer.info().cwnd);
}

#[test_case(Kind::Reno, false, 5_000; "reno halves")]
#[test_case(Kind::Reno, true, 8_000; "reno under ABE keeps four fifths")]
#[test_case(Kind::Cubic, false, 7_000; "cubic keeps seven tenths")]
#[test_case(Kind::Cubic, true, 8_500; "cubic under ABE keeps more")]
#[test_case(Kind::Dctcp, false, 5_000; "dctcp halves at its first mark")]
fn each_congestion_control_has_its_answer(congestion: Kind, ecn_backoff: bool, rest: u32) {
    let mut peer = classic(Config { congestion, ecn_backoff, ..config() });
    peer.write(30_000).unwrap();
    peer.out();
    peer.send(&seg(ACK | ECE, 1, 2_001));
    assert_eq!((peer.info().cwnd, ecn(&peer).delivered_ce), (rest, 2));
}

//= rfc8257#3.2   type=test, DCTCP.CE
#[test]
fn dctcps_receiver_echoes_each_packet_for_itself() {
    let mut peer = classic(Config { congestion: Kind::Dctcp, ..config() });
    let mut at = 1;
    let mut take = |field| {
        peer.send(&seg(ACK, at, 1).bytes(1_000).ecn(field));
        at += 1_000;
        marks(&peer.out()).into_iter().map(|(bits, _)| bits).collect::<Vec<_>>()
    };
    assert_eq!(take(Ecn::Capable0), Vec::<String>::new());
    assert_eq!(take(Ecn::Congestion), ["", "ECE"], "at once, and the one before it apart");
    assert_eq!(take(Ecn::Congestion), Vec::<String>::new());
    assert_eq!(take(Ecn::Congestion), ["ECE"]);
    assert_eq!(take(Ecn::Capable0), [""], "at once, and without any CWR");
}

#[test]
fn dctcp_asks_for_marks_whatever_the_knob() {
    let mut peer = Peer::connecting(Config { congestion: Kind::Dctcp, ..asking(2) });
    assert_eq!(bits(&peer.out().remove(0).header), "CWR|ECE");
}

#[test]
fn a_cookie_keeps_it_where_there_are_timestamps() {
    for (stamps, told) in [(true, "classic"), (false, "off")] {
        let mut server = Server::new(4, Config { syn_cookies: 2, ecn: 2, ..Config::default() });
        let timestamps = stamps.then_some(crate::wire::Timestamps { value: 100, echo: 0 });
        server.takes(5, &seg(SYN | ECE | CWR, 0, 0).options(TcpOptions { timestamps, ..plain_options() }));
        let answer = server.answer.unwrap();
        assert_eq!(bits(&answer), if stamps { "ECE" } else { "" });
        let isn: i64 = answer.seq.distance(ISS).into();
        let last = seg(ACK, 1, isn + 1);
        let last = match answer.options.timestamps {
            Some(ours) => last.stamps(101, ours.value),
            None => last,
        };
        assert_eq!(server.takes(5, &last), "ESTABLISHED");
        let info = server.made.unwrap().info().ecn;
        assert_eq!((info.mode, info.capable), (told, stamps));
    }
}

#[test]
fn one_listener_may_refuse_it() {
    use crate::tcp::Setting;
    let mut server = Server::new(1, asking(1));
    server.listener.settings_mut().set(Setting::Ecn(Some(0))).unwrap();
    server.takes(5, &seg(SYN | ECE | CWR, 0, 0));
    assert_eq!(bits(&server.answer.unwrap()), "");
    assert!(server.listener.settings_mut().set(Setting::Ecn(Some(6))).is_err());
}

#[test]
fn fast_open_is_ecn_capable_from_its_first_answer() {
    let mut peer = Peer::answering(asking(1), &seg(SYN | ECE | CWR, 0, 0).options(plain_options()));
    assert_eq!(bits(&peer.out().remove(0).header), "ECE");
    peer.send(&seg(ACK, 1, 1).bytes(100).ecn(Ecn::Congestion));
    peer.write(10).unwrap();
    assert_eq!(marks(&peer.out()), [("ECE".into(), Ecn::Capable0)], "data carries the echo too");
}
