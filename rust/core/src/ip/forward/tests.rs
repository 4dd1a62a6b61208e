//! What a router does with each kind of packet.

use super::*;
use crate::wire::{Ipv4Options, Prefix, Protocol};
use test_case::test_case;

const IN: InterfaceId = InterfaceId(1);
const OUT: InterfaceId = InterfaceId(2);

fn address(text: &str) -> Ipv4Addr {
    text.parse().expect("an address")
}

fn header(source: &str, destination: &str) -> Ipv4Header {
    Ipv4Header {
        tos: 0,
        total_length: 1500,
        id: 0,
        dont_fragment: false,
        more_fragments: false,
        fragment_offset: 0,
        ttl: 64,
        protocol: Protocol::UDP,
        source: address(source),
        destination: address(destination),
        options: Ipv4Options::NONE,
    }
}

fn route(interface: InterfaceId, gateway: Option<&str>, kind: RouteKind) -> Route {
    let prefix = Prefix::new(address("10.2.0.0").into(), 16).expect("a prefix");
    let gateway = gateway.map(|text| address(text).into());
    Route { prefix, gateway, interface, metric: 0, kind, source: None }
}

fn config() -> Config {
    Config { forward: true, ..Config::default() }
}

fn passage<'a>(header: &'a Ipv4Header, route: Option<&'a Route>) -> Passage<'a> {
    Passage {
        header,
        ingress: IN,
        link_group: false,
        route,
        egress_mtu: 1500,
        egress_loopback: false,
        source_on_link: false,
        directed_broadcast: false,
    }
}

fn plain(next_hop: &str) -> Forward {
    Forward::Send { next_hop: address(next_hop).into(), interface: OUT, fragment: false, redirect: None }
}

#[test]
fn goes_to_the_gateway_or_to_the_destination_itself() {
    let header = header("10.1.0.5", "10.2.0.5");
    let direct = route(OUT, None, RouteKind::Unicast);
    assert_eq!(decide(&config(), &passage(&header, Some(&direct))), plain("10.2.0.5"));
    let via = route(OUT, Some("10.9.0.1"), RouteKind::Unicast);
    assert_eq!(decide(&config(), &passage(&header, Some(&via))), plain("10.9.0.1"));
    let off = Config::default();
    assert_eq!(decide(&off, &passage(&header, Some(&via))), Forward::Drop(DropReason::IpNotForUs));
}

#[test_case("10.1.0.5", "255.255.255.255"; "limited broadcast")]
#[test_case("10.1.0.5", "224.1.1.1"; "multicast")]
#[test_case("10.1.0.5", "169.254.1.1"; "to link-local")]
#[test_case("169.254.1.1", "10.2.0.5"; "from link-local")]
#[test_case("0.0.0.0", "10.2.0.5"; "from nobody")]
fn kinds_that_stay_on_their_link(source: &str, destination: &str) {
    let (header, route) = (header(source, destination), route(OUT, None, RouteKind::Unicast));
    let decided = decide(&config(), &passage(&header, Some(&route)));
    assert_eq!(decided, Forward::Drop(DropReason::IpNotForwardable));
}

#[test]
fn link_broadcasts_directed_broadcasts_and_loopback_are_not_forwarded() {
    let (header, route) = (header("10.1.0.5", "10.2.0.255"), route(OUT, None, RouteKind::Unicast));
    let whole = passage(&header, Some(&route));
    for passage in [
        Passage { link_group: true, ..whole },
        Passage { directed_broadcast: true, ..whole },
        Passage { egress_loopback: true, ..whole },
    ] {
        assert_eq!(decide(&config(), &passage), Forward::Drop(DropReason::IpNotForwardable));
    }
}

fn refusal(code: u8, mtu: u16, reason: DropReason) -> Forward {
    Forward::Refuse { message: Icmpv4Message::Unreachable { code, mtu }, reason }
}

#[test_case(RouteKind::Unreachable => refusal(1, 0, DropReason::IpNoRoute); "unreachable")]
#[test_case(RouteKind::Prohibit => refusal(13, 0, DropReason::IpProhibited); "prohibit")]
#[test_case(RouteKind::Blackhole => Forward::Drop(DropReason::IpProhibited); "blackhole")]
fn routes_that_refuse(kind: RouteKind) -> Forward {
    let (header, route) = (header("10.1.0.5", "10.2.0.5"), route(OUT, None, kind));
    decide(&config(), &passage(&header, Some(&route)))
}

#[test]
fn without_a_route_the_network_is_unreachable() {
    let header = header("10.1.0.5", "10.3.0.5");
    assert_eq!(decide(&config(), &passage(&header, None)), refusal(0, 0, DropReason::IpNoRoute));
}

#[test_case(0 => true; "already gone")]
#[test_case(1 => true; "ends here")]
#[test_case(2 => false; "one hop left")]
fn time_to_live(ttl: u8) -> bool {
    //= rfc1812#5.3.1   type=test
    let mut header = header("10.1.0.5", "10.2.0.5");
    header.ttl = ttl;
    let route = route(OUT, None, RouteKind::Unicast);
    let decided = decide(&config(), &passage(&header, Some(&route)));
    decided.message() == Some(Icmpv4Message::TimeExceeded { code: 0 })
}

#[test_case(1500, true => false; "fits")]
#[test_case(1500, false => false; "fits and may be cut")]
#[test_case(1400, false => true; "is cut")]
fn fragmentation(egress_mtu: usize, dont_fragment: bool) -> bool {
    let mut header = header("10.1.0.5", "10.2.0.5");
    header.dont_fragment = dont_fragment;
    let route = route(OUT, None, RouteKind::Unicast);
    let decided = decide(&config(), &Passage { egress_mtu, ..passage(&header, Some(&route)) });
    matches!(decided, Forward::Send { fragment: true, .. })
}

#[test]
fn too_big_with_df_is_refused_with_the_mtu() {
    //= rfc1191#4   type=test
    let mut header = header("10.1.0.5", "10.2.0.5");
    header.dont_fragment = true;
    let route = route(OUT, None, RouteKind::Unicast);
    let decided = decide(&config(), &Passage { egress_mtu: 1400, ..passage(&header, Some(&route)) });
    assert_eq!(decided, refusal(4, 1400, DropReason::IpTooBig));
}

#[test_case(IN, true, Some("10.1.0.9"), true => Some(address("10.1.0.9")); "the gateway is on the sender's own link")]
#[test_case(IN, true, None, true => Some(address("10.2.0.5")); "the destination is")]
#[test_case(OUT, true, Some("10.1.0.9"), true => None; "another link")]
#[test_case(IN, false, Some("10.1.0.9"), true => None; "the sender is a router's hop away")]
#[test_case(IN, true, Some("10.1.0.5"), true => None; "the sender is the gateway")]
#[test_case(IN, true, Some("10.1.0.9"), false => None; "switched off")]
fn redirects(
    out: InterfaceId,
    source_on_link: bool,
    gateway: Option<&str>,
    send_redirects: bool,
) -> Option<Ipv4Addr> {
    //= rfc1812#5.2.7.2   type=test
    let (header, route) = (header("10.1.0.5", "10.2.0.5"), route(out, gateway, RouteKind::Unicast));
    let config = Config { send_redirects, ..config() };
    let decided = decide(&config, &Passage { source_on_link, ..passage(&header, Some(&route)) });
    match decided {
        Forward::Send { redirect, .. } => redirect,
        other => panic!("a redirected packet still goes on, not {other:?}"),
    }
}
