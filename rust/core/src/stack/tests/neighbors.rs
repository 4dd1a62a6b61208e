//! ARP between whole stacks.

use super::wire_pair::{A, B, ETH, Net};
use crate::error::Error;
use crate::neighbor::State;
use crate::stack::SocketId;
use crate::time::Duration;
use crate::wire::{IpAddress, MacAddress, SocketAddress};
use std::net::Ipv4Addr;

#[test]
fn the_first_packet_is_not_lost() {
    let mut net = Net::pair(1);
    let server = net.hosts[1].udp_open();
    net.hosts[1].udp_bind(server, SocketAddress::new(B, 7)).unwrap();
    let client = net.hosts[0].udp_open();
    net.hosts[0].udp_send(net.now, client, b"first", Some(SocketAddress::new(B, 7))).unwrap();
    net.run(Duration::from_millis(1));
    assert!(net.hosts[1].udp_recv(server, &mut [0; 9]).is_ok());
    let entries = net.hosts[0].neighbors(net.now);
    assert_eq!(entries.len(), 1);
    assert_eq!((entries[0].key.address, entries[0].state), (B, State::Reachable));
    assert_eq!(entries[0].mac, Some(MacAddress([2, 0, 0, 0, 0, 2])));
    // The other side learned us from our request.
    assert_eq!(net.hosts[1].neighbors(net.now)[0].key.address, A);
}

#[test]
fn a_silent_neighbour_is_asked_five_times_and_then_the_socket_is_told() {
    let mut net = Net::pair(2);
    let nobody = IpAddress::V4(Ipv4Addr::new(10, 0, 0, 99));
    // Past the two announcements of our own address, which are requests as well.
    net.run(Duration::from_secs(3));
    let client = net.hosts[0].udp_open();
    net.hosts[0].udp_connect(client, Some(SocketAddress::new(nobody, 7))).unwrap();
    let before = net.hosts[0].counters().value(crate::observe::Counter::ArpOutRequests);
    net.hosts[0].udp_send(net.now, client, b"x", None).unwrap();
    net.run(Duration::from_millis(4_900));
    assert_eq!(net.hosts[0].take_error(SocketId::Udp(client)), None);
    net.run(Duration::from_millis(200));
    let asked = net.hosts[0].counters().value(crate::observe::Counter::ArpOutRequests) - before;
    assert_eq!(asked, 5);
    assert_eq!(net.hosts[0].take_error(SocketId::Udp(client)), Some(Error::HostUnreachable));
}

#[test]
fn a_static_neighbour_is_used_without_asking_and_can_be_removed() {
    let mut net = Net::pair(3);
    let mac = MacAddress([2, 0, 0, 0, 0, 9]);
    net.hosts[0].add_neighbor(net.now, ETH, B, mac).unwrap();
    assert_eq!(net.hosts[0].neighbors(net.now)[0].state, State::Permanent);
    net.hosts[0].remove_neighbor(net.now, ETH, B).unwrap();
    assert_eq!(net.hosts[0].remove_neighbor(net.now, ETH, B), Err(Error::NotFound));
}

#[test]
fn who_asks_by_name_gets_the_answer() {
    let mut net = Net::pair(4);
    // Past the announcements, which answer a question as well as a reply does.
    net.run(Duration::from_secs(3));
    net.hosts[0].arp_request(net.now, ETH, None, Ipv4Addr::new(10, 0, 0, 2)).unwrap();
    net.run(Duration::from_millis(1));
    let reply = net.hosts[0].poll_arp_reply().expect("a reply");
    assert_eq!((reply.address, reply.mac), (B, MacAddress([2, 0, 0, 0, 0, 2])));
    assert!(net.hosts[0].poll_arp_reply().is_none());
}
