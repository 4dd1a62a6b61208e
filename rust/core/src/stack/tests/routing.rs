//! A router between two networks, and what it says when a packet cannot pass.

use super::wire_pair::{A, ETH, Net, attach, host, net as prefix, route};
use crate::error::Error;
use crate::observe::{Counter, InterfaceId};
use crate::stack::{Config, SocketId, SocketOption};
use crate::time::Duration;
use crate::wire::{IpAddress, SocketAddress};
use std::net::Ipv4Addr;

const R: IpAddress = IpAddress::V4(Ipv4Addr::new(10, 0, 0, 2));
pub(super) const FAR: IpAddress = IpAddress::V4(Ipv4Addr::new(10, 0, 1, 9));
const SECOND: Duration = Duration::from_secs(1);

/// 10.0.0.1 -- 10.0.0.2 router 10.0.1.2 -- 10.0.1.9, with default routes to the router.
pub(super) fn network() -> Net {
    let mut config = Config::default();
    config.ip.forward = true;
    let mut near = host(Config::default(), 1, 1);
    let mut router = host(config, 2, 2);
    let inner = attach(&mut router, "inner", [10, 0, 1, 2], 0x12);
    let mut far = host(Config::default(), 3, 3);
    let wire = attach(&mut far, "wire", [10, 0, 1, 9], 9);
    let inside = IpAddress::V4(Ipv4Addr::new(10, 0, 1, 2));
    near.apply_routes(&[], &[route(prefix([0, 0, 0, 0], 0), Some(R), ETH)]).unwrap();
    far.apply_routes(&[prefix([10, 0, 0, 0], 24)], &[route(prefix([0, 0, 0, 0], 0), Some(inside), wire)])
        .unwrap();
    Net::new(vec![near, router, far], vec![[(0, ETH), (1, ETH)], [(1, inner), (2, wire)]])
}

/// Send a datagram of `size` bytes from the near host to `to`; what error came back.
fn probe(net: &mut Net, to: IpAddress, size: usize, options: &[(SocketOption, i64)]) -> Option<Error> {
    let socket = net.hosts[0].udp_open();
    let id = SocketId::Udp(socket);
    for (option, value) in options {
        net.hosts[0].set_option(net.now, id, *option, *value).unwrap();
    }
    net.hosts[0].udp_connect(socket, Some(SocketAddress::new(to, 4_000))).unwrap();
    net.hosts[0].udp_send(net.now, socket, &vec![7; size], None).unwrap();
    net.run(SECOND * 6);
    let error = net.hosts[0].take_error(id);
    net.hosts[0].close(net.now, id).unwrap();
    error
}

#[test]
fn packets_pass_with_one_less_to_live() {
    let mut net = network();
    let server = net.hosts[2].udp_open();
    net.hosts[2].udp_bind(server, SocketAddress::new(FAR, 4_000)).unwrap();
    assert_eq!(probe(&mut net, FAR, 3_000, &[]), None);
    let mut out = [0; 4_000];
    let (length, meta) = net.hosts[2].udp_recv(server, &mut out).unwrap();
    assert_eq!((length, meta.ttl, meta.source.ip()), (3_000, 63, A));
    assert_eq!(net.hosts[1].counters().value(Counter::IpForwDatagrams), 3);
}

#[test]
fn errors_of_the_path_reach_the_socket() {
    let mut net = network();
    assert_eq!(probe(&mut net, FAR, 10, &[(SocketOption::Ttl, 1)]), Some(Error::HostUnreachable));
    assert_eq!(probe(&mut net, FAR, 10, &[]), Some(Error::ConnectionRefused));
    let nowhere = Ipv4Addr::new(192, 0, 2, 1).into();
    assert_eq!(probe(&mut net, nowhere, 10, &[]), Some(Error::NetworkUnreachable));
    let absent = Ipv4Addr::new(10, 0, 1, 77).into();
    assert_eq!(probe(&mut net, absent, 10, &[]), Some(Error::HostUnreachable));
}

#[test]
fn a_narrow_link_is_learned_when_df_is_set_and_fragmented_when_not() {
    let mut net = network();
    let inner = InterfaceId(2);
    net.hosts[1].set_mtu(net.now, inner, 1_000).unwrap();
    let server = net.hosts[2].udp_open();
    net.hosts[2].udp_bind(server, SocketAddress::new(FAR, 4_000)).unwrap();
    let df = [(SocketOption::MtuDiscover, 2)];
    assert_eq!(probe(&mut net, FAR, 1_400, &df), Some(Error::MessageTooLong));
    assert_eq!(net.hosts[2].udp_recv(server, &mut [0; 9]), Err(Error::WouldBlock));
    // The path is known now, so the next one is cut to size here.
    assert_eq!(probe(&mut net, FAR, 1_400, &[]), None);
    assert_eq!(net.hosts[2].udp_recv(server, &mut [0; 2_000]).unwrap().0, 1_400);
    // Without DF the router cuts.
    let before = net.hosts[1].counters().value(Counter::IpFragCreates);
    net.run(SECOND * 700);
    assert_eq!(probe(&mut net, FAR, 1_400, &[(SocketOption::MtuDiscover, 0)]), None);
    assert_eq!(net.hosts[2].udp_recv(server, &mut [0; 2_000]).unwrap().0, 1_400);
    assert_eq!(net.hosts[1].counters().value(Counter::IpFragCreates) - before, 2);
}

#[test]
fn a_host_that_does_not_forward_drops_without_a_word() {
    let mut net = network();
    net.hosts[1].set_knob(net.now, "ip_forward", 0).unwrap();
    assert_eq!(probe(&mut net, FAR, 10, &[]), None);
    assert_eq!(net.hosts[1].counters().drops(crate::drops::DropReason::IpNotForUs), 1);
}
