//! The table against a list that is searched from end to end.

use super::*;
use crate::rng::Rng;
use proptest::prelude::*;
use std::net::{Ipv4Addr, Ipv6Addr};

fn route(prefix: &str, gateway: Option<&str>, interface: u32) -> Route {
    let (address, length) = prefix.split_once('/').expect("a prefix");
    let address = address.parse().expect("an address");
    Route {
        prefix: Prefix::new(address, length.parse().expect("a length")).expect("a prefix"),
        gateway: gateway.map(|gateway| gateway.parse().expect("an address")),
        interface: InterfaceId(interface),
        metric: 0,
        kind: RouteKind::Unicast,
        source: None,
    }
}

fn fib(routes: &[Route]) -> Fib {
    let mut fib = Fib::new(&mut Rng::new(1));
    fib.apply(&[], routes).expect("routes fit");
    fib
}

fn interface(fib: &Fib, destination: &str) -> Option<u32> {
    fib.lookup(destination.parse().expect("an address")).map(|route| route.interface.0)
}

#[test]
fn the_longest_prefix_wins_in_either_family() {
    //= rfc1812#5.2.4.3   type=test
    let routes = [
        route("0.0.0.0/0", Some("10.0.0.2"), 1),
        route("10.0.0.0/8", None, 2),
        route("10.1.0.0/16", None, 3),
        route("10.1.2.3/32", None, 4),
        route("2001:db8::/32", None, 5),
    ];
    let fib = fib(&routes);
    assert_eq!(interface(&fib, "192.0.2.1"), Some(1));
    assert_eq!(interface(&fib, "10.9.9.9"), Some(2));
    assert_eq!(interface(&fib, "10.1.2.4"), Some(3));
    assert_eq!(interface(&fib, "10.1.2.3"), Some(4));
    assert_eq!(interface(&fib, "2001:db8::1"), Some(5));
    assert_eq!(interface(&fib, "2001:db9::1"), None);
    assert_eq!(interface(&fib, "::ffff:10.1.2.3"), None);
}

#[test]
fn a_change_is_made_whole_or_not_at_all() {
    let mut fib = fib(&[route("10.0.0.0/8", None, 1)]);
    let before: Vec<Route> = fib.iter().copied().collect();
    let wrong = [route("10.0.0.0/8", None, 2), route("10.1.0.0/16", Some("fe80::1"), 2)];
    assert_eq!(fib.apply(&[before[0].prefix], &wrong), Err(Error::InvalidArgument));
    assert_eq!(fib.iter().copied().collect::<Vec<_>>(), before);
    fib.apply(&[before[0].prefix], &[]).expect("nothing to add");
    assert!(fib.is_empty());
    assert_eq!((fib.len(), interface(&fib, "10.0.0.1")), (0, None));
}

#[test]
fn host_bits_of_a_route_do_not_matter() {
    let mut fib = fib(&[route("10.0.0.7/24", None, 1)]);
    assert_eq!(interface(&fib, "10.0.0.99"), Some(1));
    fib.apply(&[], &[route("10.0.0.8/24", None, 2)]).expect("a route");
    assert_eq!((fib.len(), interface(&fib, "10.0.0.99")), (1, Some(2)));
    let prefix = route("10.0.0.1/24", None, 0).prefix;
    assert_eq!(fib.exact(prefix).map(|route| route.interface), Some(InterfaceId(2)));
}

#[test]
fn the_order_of_the_list_does_not_hang_on_hashes() {
    let mut texts = ["::/0", "10.0.0.0/8", "0.0.0.0/0", "9.0.0.0/8", "10.0.0.1/32", "2001:db8::/32"];
    let expected = ["10.0.0.1/32", "9.0.0.0/8", "10.0.0.0/8", "0.0.0.0/0", "2001:db8::/32", "::/0"];
    for seed in 0..20 {
        texts.rotate_left(1);
        let mut fib = Fib::new(&mut Rng::new(seed));
        let routes = texts.map(|text| route(text, None, 1));
        fib.apply(&[], &routes).expect("routes fit");
        let listed: Vec<String> = fib.iter().map(|route| route.prefix.to_string()).collect();
        assert_eq!(listed, expected);
    }
}

/// Few distinct bits, so that prefixes nest and collide.
fn address() -> impl Strategy<Value = IpAddress> {
    let v4 =
        prop::sample::select(vec![0u32, 0x0a00_0000, 0x0a00_0001, 0x0a01_0000, 0x0a01_8000, 0xffff_ffff]);
    let v6 = prop::sample::select(vec![0u128, 1, 1 << 127, (1 << 127) + 1, u128::MAX]);
    prop_oneof![
        v4.prop_map(|bits| IpAddress::V4(Ipv4Addr::from(bits))),
        v6.prop_map(|bits| IpAddress::V6(Ipv6Addr::from(bits))),
    ]
}

fn prefix() -> impl Strategy<Value = Prefix> {
    (address(), 0..=128u8).prop_map(|(address, length)| {
        let most = if address.is_ipv4() { 32 } else { 128 };
        Prefix::new(address, length % (most + 1)).expect("the length fits")
    })
}

/// Prefixes to remove, and routes to add.
type Change = (Vec<Prefix>, Vec<(Prefix, u32)>);

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let remove = prop::collection::vec(prefix(), 0..4);
    let add = prop::collection::vec((prefix(), 0..100u32), 0..4);
    prop::collection::vec((remove, add), 0..20)
}

proptest! {
    #[test]
    fn lookups_agree_with_a_plain_list(changes in changes(), asked in prop::collection::vec(address(), 1..20)) {
        let mut fib = Fib::new(&mut Rng::new(7));
        let mut list: Vec<(Prefix, u32)> = Vec::new();
        for (remove, add) in changes {
            let routes: Vec<Route> = add.iter().map(|(prefix, interface)| Route {
                prefix: *prefix,
                gateway: None,
                interface: InterfaceId(*interface),
                metric: 0,
                kind: RouteKind::Unicast,
                source: None,
            }).collect();
            fib.apply(&remove, &routes).expect("families fit");
            list.retain(|(prefix, _)| !remove.iter().any(|gone| gone.network() == *prefix));
            for (prefix, interface) in add {
                list.retain(|(other, _)| *other != prefix.network());
                list.push((prefix.network(), interface));
            }
            prop_assert_eq!(fib.len(), list.len());
            for destination in &asked {
                let fitting = list.iter().filter(|(prefix, _)| prefix.contains(*destination));
                let best = fitting.max_by_key(|(prefix, _)| prefix.length());
                let found = fib.lookup(*destination).map(|route| route.interface.0);
                prop_assert_eq!(found, best.map(|(_, interface)| *interface));
            }
        }
    }
}
