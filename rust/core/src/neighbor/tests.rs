//! The neighbour table under a clock that jumps.

use super::*;
use crate::drops::DropReason;
use crate::observe::{Bench, Counter};
use crate::time::Instant;
use crate::wire::ArpOperation;
use proptest::prelude::*;
use std::net::Ipv4Addr;
use test_case::test_case;

const IF: InterfaceId = InterfaceId(1);
const OWN: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
const PEER: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);
const OWN_MAC: MacAddress = MacAddress([2, 0, 0, 0, 0, 1]);
const PEER_MAC: MacAddress = MacAddress([2, 0, 0, 0, 0, 2]);
const OTHER_MAC: MacAddress = MacAddress([2, 0, 0, 0, 0, 3]);

/// A table with all that it needs around it.
struct Lan {
    bench: Bench,
    table: Table,
}

impl Lan {
    fn new() -> Self {
        Self::with(Config::default())
    }

    fn with(config: Config) -> Self {
        let mut bench = Bench::new(1);
        let table = Table::new(config, &mut bench.rng);
        Self { bench, table }
    }

    fn resolve(&mut self, address: Ipv4Addr) -> Resolution {
        self.table.resolve(&mut self.bench.cx(), key(address))
    }

    fn enqueue(&mut self, address: Ipv4Addr, bytes: &[u8]) {
        self.table.enqueue(&mut self.bench.cx(), key(address), Packet::copied(0, bytes));
    }

    fn arp(&mut self, packet: ArpPacket) {
        let arrival = Arrival {
            interface: IF,
            frame_source: packet.sender_mac,
            own_mac: OWN_MAC,
            target_is_ours: packet.target_ip == OWN,
            sender_is_ours: packet.sender_ip == OWN,
        };
        self.table.on_arp(&mut self.bench.cx(), &packet, arrival);
    }

    fn advance(&mut self, seconds: u64) {
        self.bench.advance(Duration::from_secs(seconds));
        self.table.handle_timeout(&mut self.bench.cx());
    }

    /// Jump from timer to timer until `seconds` have passed.
    fn run(&mut self, seconds: u64) -> Vec<(Instant, String)> {
        let end = self.bench.now + Duration::from_secs(seconds);
        let mut log = Vec::new();
        loop {
            log.extend(self.actions().into_iter().map(|action| (self.bench.now, action)));
            match self.table.poll_timeout().filter(|at| *at <= end) {
                Some(at) => self.bench.now = self.bench.now.max(at),
                None => break,
            }
            self.table.handle_timeout(&mut self.bench.cx());
        }
        self.bench.now = end;
        log
    }

    /// Everything that the table wants, in short.
    fn actions(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.table.poll_action())
            .map(|action| match action {
                Action::Request { target, unicast: None, .. } => format!("ask {target}"),
                Action::Request { target, unicast: Some(mac), .. } => format!("ask {target} at {mac}"),
                Action::Reply { request, .. } => format!("reply to {}", request.sender_ip),
                Action::Announce { address, .. } => format!("announce {address}"),
                Action::Send { mac, packet, .. } => {
                    format!("send {} to {mac}", String::from_utf8_lossy(packet.bytes()))
                }
                Action::Failed { key, packets } => format!("failed {} {}", key.address, packets.len()),
            })
            .collect()
    }

    fn state(&self, address: Ipv4Addr) -> Option<State> {
        let entries = self.table.entries(self.bench.now);
        entries.iter().find(|entry| entry.key == key(address)).map(|entry| entry.state)
    }

    fn mac(&self, address: Ipv4Addr) -> Option<MacAddress> {
        let entries = self.table.entries(self.bench.now);
        entries.iter().find(|entry| entry.key == key(address)).and_then(|entry| entry.mac)
    }

    /// Make `PEER` reachable.
    fn meet(&mut self) {
        self.resolve(PEER);
        self.arp(reply(PEER, PEER_MAC));
        self.actions();
        assert_eq!(self.state(PEER), Some(State::Reachable));
    }
}

fn key(address: Ipv4Addr) -> NeighborKey {
    NeighborKey { interface: IF, address: address.into() }
}

fn packet(operation: ArpOperation, sender: (Ipv4Addr, MacAddress), target: Ipv4Addr) -> ArpPacket {
    let target_mac = if operation == ArpOperation::Reply { OWN_MAC } else { MacAddress::ZERO };
    ArpPacket { operation, sender_mac: sender.1, sender_ip: sender.0, target_mac, target_ip: target }
}

fn request(sender: Ipv4Addr, mac: MacAddress, target: Ipv4Addr) -> ArpPacket {
    packet(ArpOperation::Request, (sender, mac), target)
}

fn reply(sender: Ipv4Addr, mac: MacAddress) -> ArpPacket {
    packet(ArpOperation::Reply, (sender, mac), OWN)
}

#[test]
fn first_packets_wait_and_leave_in_order_when_the_answer_comes() {
    //= rfc1122#2.3.2.2   type=test
    let mut lan = Lan::new();
    assert_eq!(lan.resolve(PEER), Resolution::Pending);
    lan.enqueue(PEER, b"a");
    assert_eq!(lan.resolve(PEER), Resolution::Pending);
    lan.enqueue(PEER, b"b");
    assert_eq!(lan.actions(), ["ask 10.0.0.2"]);
    lan.arp(reply(PEER, PEER_MAC));
    assert_eq!(lan.actions(), ["send a to 02:00:00:00:00:02", "send b to 02:00:00:00:00:02"]);
    assert_eq!(lan.resolve(PEER), Resolution::Resolved(PEER_MAC));
    assert_eq!(lan.table.waiting(), 0);
}

#[test]
fn a_silent_neighbour_is_asked_five_times_a_second_apart_and_then_given_up() {
    //= rfc1122#2.3.2.1   type=test
    let mut lan = Lan::new();
    let start = lan.bench.now;
    lan.resolve(PEER);
    lan.enqueue(PEER, b"a");
    let log = lan.run(6);
    let mut expected: Vec<_> =
        (0..5).map(|n| (start + Duration::from_secs(n), "ask 10.0.0.2".into())).collect();
    expected.push((start + Duration::from_secs(5), "failed 10.0.0.2 1".to_string()));
    assert_eq!(log, expected);
    assert_eq!(lan.bench.drops(DropReason::NeighborUnreachable), 1);
    assert_eq!(lan.state(PEER), Some(State::Failed));
}

#[test]
fn a_failed_neighbour_is_refused_at_once_and_asked_again_later() {
    let mut lan = Lan::new();
    lan.resolve(PEER);
    lan.run(5);
    assert_eq!(lan.resolve(PEER), Resolution::Unreachable);
    assert_eq!(lan.actions(), [""; 0]);
    lan.advance(1);
    assert_eq!(lan.resolve(PEER), Resolution::Pending);
    assert_eq!(lan.actions(), ["ask 10.0.0.2"]);
    lan.arp(reply(PEER, PEER_MAC));
    assert_eq!(lan.resolve(PEER), Resolution::Resolved(PEER_MAC));
}

#[test]
fn a_clock_that_jumps_far_asks_once_not_often() {
    let mut lan = Lan::new();
    lan.resolve(PEER);
    lan.actions();
    lan.advance(3_600);
    assert_eq!(lan.actions(), ["ask 10.0.0.2"]);
    lan.table.handle_timeout(&mut lan.bench.cx());
    assert_eq!(lan.actions(), [""; 0]);
}

#[test]
fn a_confirmed_entry_grows_stale_and_is_probed_at_its_own_address_first() {
    let mut lan = Lan::new();
    lan.meet();
    assert_eq!(lan.run(599), []);
    assert_eq!(lan.state(PEER), Some(State::Reachable));
    lan.run(1);
    assert_eq!(lan.state(PEER), Some(State::Stale));
    assert_eq!(lan.resolve(PEER), Resolution::Resolved(PEER_MAC));
    assert_eq!(lan.state(PEER), Some(State::Delay));
    let start = lan.bench.now;
    let log = lan.run(20);
    let at = |seconds| start + Duration::from_secs(seconds);
    let unicast = || "ask 10.0.0.2 at 02:00:00:00:00:02".to_string();
    let expected = [
        (at(5), unicast()),
        (at(6), unicast()),
        (at(7), unicast()),
        (at(8), "ask 10.0.0.2".to_string()),
        (at(9), "ask 10.0.0.2".to_string()),
        (at(10), "failed 10.0.0.2 0".to_string()),
    ];
    assert_eq!(log, expected);
}

#[test]
fn a_neighbour_in_doubt_stays_usable_and_recovers_by_answer_or_hint() {
    let mut lan = Lan::new();
    lan.meet();
    lan.run(600);
    lan.resolve(PEER);
    lan.run(6);
    assert_eq!(lan.state(PEER), Some(State::Probe));
    assert_eq!(lan.resolve(PEER), Resolution::Resolved(PEER_MAC));
    lan.arp(reply(PEER, OTHER_MAC));
    assert_eq!((lan.state(PEER), lan.mac(PEER)), (Some(State::Reachable), Some(OTHER_MAC)));
    lan.run(600);
    lan.resolve(PEER);
    lan.table.confirm(&mut lan.bench.cx(), key(PEER));
    assert_eq!(lan.state(PEER), Some(State::Reachable));
    assert_eq!(lan.run(599), []);
}

#[test]
fn hints_from_above_keep_an_entry_reachable_without_a_single_request() {
    let mut lan = Lan::new();
    lan.meet();
    for _ in 0..100 {
        assert_eq!(lan.run(100), []);
        lan.table.confirm(&mut lan.bench.cx(), key(PEER));
        lan.resolve(PEER);
    }
    assert_eq!(lan.state(PEER), Some(State::Reachable));
}

#[test]
fn unused_entries_are_flushed() {
    //= rfc1122#2.3.2.1   type=test
    let mut lan = Lan::new();
    lan.meet();
    lan.run(1_200);
    assert_eq!(lan.state(PEER), None);
    assert_eq!(lan.table.poll_timeout(), None);
}

#[test_case(request(PEER, PEER_MAC, OWN), Some(State::Stale), &["reply to 10.0.0.2"]; "a request to us makes an entry")]
#[test_case(request(Ipv4Addr::UNSPECIFIED, PEER_MAC, OWN), None, &["reply to 0.0.0.0"]; "a probe for our address is answered")]
#[test_case(reply(PEER, PEER_MAC), None, &[]; "a reply nobody asked for makes none")]
#[test_case(request(PEER, PEER_MAC, PEER), None, &[]; "an announcement makes none")]
#[test_case(request(PEER, PEER_MAC, Ipv4Addr::new(10, 0, 0, 9)), None, &[]; "a request to another host makes none")]
fn what_an_empty_table_learns(packet: ArpPacket, state: Option<State>, actions: &[&str]) {
    let mut lan = Lan::new();
    lan.arp(packet);
    assert_eq!(lan.state(PEER), state);
    assert_eq!(lan.actions(), actions);
}

#[test_case(request(PEER, OTHER_MAC, PEER), 2 => (Some(State::Stale), Some(OTHER_MAC)); "an announcement moves the entry")]
#[test_case(reply(PEER, OTHER_MAC), 2 => (Some(State::Stale), Some(OTHER_MAC)); "so does a late reply")]
#[test_case(request(PEER, OTHER_MAC, OWN), 2 => (Some(State::Stale), Some(OTHER_MAC)); "and a request to us")]
#[test_case(request(PEER, OTHER_MAC, PEER), 0 => (Some(State::Reachable), Some(PEER_MAC)); "but not right after it was confirmed")]
#[test_case(request(PEER, PEER_MAC, PEER), 2 => (Some(State::Reachable), Some(PEER_MAC)); "the same address changes nothing")]
#[test_case(request(PEER, MacAddress::BROADCAST, PEER), 2 => (Some(State::Reachable), Some(PEER_MAC)); "no host has the broadcast address")]
fn what_a_reachable_entry_learns(packet: ArpPacket, later: u64) -> (Option<State>, Option<MacAddress>) {
    let mut lan = Lan::new();
    lan.meet();
    lan.advance(later);
    lan.arp(packet);
    (lan.state(PEER), lan.mac(PEER))
}

#[test_case(PEER, OTHER_MAC => DropReason::ArpBadSender; "frame from another station")]
#[test_case(PEER, MacAddress([3, 0, 0, 0, 0, 2]) => DropReason::ArpBadSender; "group address")]
#[test_case(PEER, MacAddress::ZERO => DropReason::ArpBadSender; "no address")]
#[test_case(PEER, OWN_MAC => DropReason::ArpBadSender; "our own hardware address")]
#[test_case(Ipv4Addr::new(224, 0, 0, 5), PEER_MAC => DropReason::ArpBadSender; "multicast sender")]
#[test_case(Ipv4Addr::BROADCAST, PEER_MAC => DropReason::ArpBadSender; "broadcast sender")]
#[test_case(Ipv4Addr::LOCALHOST, PEER_MAC => DropReason::ArpBadSender; "loopback sender")]
#[test_case(OWN, PEER_MAC => DropReason::ArpAddressConflict; "our own address")]
fn senders_that_are_not_believed(sender: Ipv4Addr, mac: MacAddress) -> DropReason {
    let mut lan = Lan::new();
    let frame_source = if mac == OTHER_MAC { PEER_MAC } else { mac };
    let arrival = Arrival {
        interface: IF,
        frame_source,
        own_mac: OWN_MAC,
        target_is_ours: true,
        sender_is_ours: sender == OWN,
    };
    lan.table.on_arp(&mut lan.bench.cx(), &request(sender, mac, OWN), arrival);
    assert!(lan.table.entries(lan.bench.now).is_empty());
    assert!(!lan.actions().iter().any(|action| action.starts_with("reply")));
    let counted = |reason: &&DropReason| lan.bench.drops(**reason) == 1;
    *DropReason::ALL.iter().find(counted).expect("one drop is counted")
}

#[test]
fn an_answer_from_an_announcement_releases_what_waits_but_is_doubted() {
    let mut lan = Lan::new();
    lan.resolve(PEER);
    lan.enqueue(PEER, b"a");
    lan.actions();
    lan.arp(request(PEER, PEER_MAC, PEER));
    assert_eq!(lan.actions(), ["send a to 02:00:00:00:00:02"]);
    assert_eq!(lan.state(PEER), Some(State::Delay));
    lan.arp(reply(PEER, OTHER_MAC));
    assert_eq!((lan.state(PEER), lan.mac(PEER)), (Some(State::Delay), Some(PEER_MAC)));
    lan.arp(reply(PEER, PEER_MAC));
    assert_eq!(lan.state(PEER), Some(State::Reachable));
}

#[test]
fn permanent_entries_are_neither_changed_nor_flushed_nor_evicted() {
    let mut lan = Lan::with(Config { max_entries: 4, ..Config::default() });
    lan.resolve(PEER);
    lan.enqueue(PEER, b"a");
    lan.actions();
    lan.table.insert_permanent(&mut lan.bench.cx(), key(PEER), PEER_MAC);
    assert_eq!(lan.actions(), ["send a to 02:00:00:00:00:02"]);
    lan.arp(request(PEER, OTHER_MAC, OWN));
    lan.table.flush(&mut lan.bench.cx(), None);
    for last in 10..30 {
        lan.resolve(Ipv4Addr::new(10, 0, 0, last));
    }
    lan.run(10_000);
    assert_eq!(lan.resolve(PEER), Resolution::Resolved(PEER_MAC));
    assert_eq!(lan.state(PEER), Some(State::Permanent));
    assert!(lan.table.remove(&mut lan.bench.cx(), key(PEER)));
    assert!(!lan.table.remove(&mut lan.bench.cx(), key(PEER)));
}

#[test]
fn addresses_are_announced_twice_and_defended_seldom() {
    //= rfc5227#2.3   type=test
    //= rfc5227#2.4   type=test
    let mut lan = Lan::new();
    lan.table.announce(&mut lan.bench.cx(), IF, OWN.into());
    let start = lan.bench.now;
    let said = "announce 10.0.0.1".to_string();
    assert_eq!(lan.run(100), [(start, said.clone()), (start + Duration::from_secs(2), said.clone())]);
    for _ in 0..10 {
        lan.arp(request(OWN, OTHER_MAC, OWN));
    }
    assert_eq!(lan.actions(), [said.as_str()]);
    assert_eq!(lan.bench.drops(DropReason::ArpAddressConflict), 10);
    lan.advance(10);
    lan.arp(request(OWN, OTHER_MAC, PEER));
    assert_eq!(lan.actions(), [said.as_str()]);
}

#[test]
fn queues_are_bounded_and_the_oldest_give_way() {
    let config = Config { queue_packets: 2, queue_total: 3, ..Config::default() };
    let mut lan = Lan::with(config);
    let other = Ipv4Addr::new(10, 0, 0, 3);
    lan.resolve(PEER);
    lan.resolve(other);
    for bytes in [b"a", b"b", b"c"] {
        lan.enqueue(PEER, bytes);
    }
    lan.enqueue(other, b"d");
    lan.enqueue(other, b"e");
    assert_eq!(lan.table.waiting(), 3);
    assert_eq!(lan.bench.drops(DropReason::NeighborQueueFull), 2);
    lan.actions();
    lan.arp(reply(PEER, PEER_MAC));
    lan.arp(reply(other, OTHER_MAC));
    let sent = ["send b to 02:00:00:00:00:02", "send c to 02:00:00:00:00:02", "send e to 02:00:00:00:00:03"];
    assert_eq!(lan.actions(), sent);
}

#[test]
fn a_flood_of_invented_hosts_takes_one_place_and_spares_the_used() {
    let mut lan = Lan::with(Config { max_entries: 16, ..Config::default() });
    lan.meet();
    for n in 0..15u8 {
        lan.resolve(Ipv4Addr::new(10, 0, 1, n));
    }
    for n in 0..10_000u16 {
        let [a, b] = n.to_be_bytes();
        lan.arp(request(Ipv4Addr::new(10, 9, a, b), MacAddress([2, 9, 0, 0, a, b]), OWN));
        assert!(lan.table.entries(lan.bench.now).len() <= 16);
    }
    // The first of them cost a place that somebody used; the others took it from each other.
    assert_eq!(lan.bench.count(Counter::NeighborEvictions), 10_000);
    let survivors = (0..15u8).filter(|n| lan.state(Ipv4Addr::new(10, 0, 1, *n)).is_some()).count();
    assert_eq!((lan.state(PEER), survivors), (None, 15));
}

#[test]
fn a_scan_of_ten_thousand_hosts_stays_within_bounds() {
    let mut lan = Lan::new();
    lan.meet();
    for n in 0..10_000u16 {
        let [a, b] = n.to_be_bytes();
        let target = Ipv4Addr::new(10, 9, a, b);
        lan.resolve(target);
        lan.enqueue(target, b"scan");
        lan.actions();
        assert_eq!(lan.resolve(PEER), Resolution::Resolved(PEER_MAC), "the used neighbour survives");
    }
    assert_eq!(lan.table.entries(lan.bench.now).len(), 1024);
    assert!(lan.table.waiting() <= 512);
    lan.run(5);
    assert_eq!(lan.table.waiting(), 0);
    let dropped =
        [DropReason::NeighborUnreachable, DropReason::NeighborEvicted, DropReason::NeighborQueueFull];
    assert_eq!(dropped.iter().map(|reason| lan.bench.drops(*reason)).sum::<u64>(), 10_000);
}

#[test]
fn removing_an_interface_forgets_all_of_it_and_nothing_else() {
    let mut lan = Lan::new();
    lan.meet();
    let elsewhere = NeighborKey { interface: InterfaceId(2), address: PEER.into() };
    lan.table.insert_permanent(&mut lan.bench.cx(), elsewhere, OTHER_MAC);
    lan.table.insert_permanent(&mut lan.bench.cx(), key(OWN), OTHER_MAC);
    lan.table.announce(&mut lan.bench.cx(), IF, OWN.into());
    lan.table.remove_interface(&mut lan.bench.cx(), IF);
    let keys: Vec<_> = lan.table.entries(lan.bench.now).iter().map(|entry| entry.key).collect();
    assert_eq!((keys, lan.table.poll_timeout()), (vec![elsewhere], None));
}

#[test]
fn keys_of_the_other_family_live_beside() {
    let mut lan = Lan::new();
    let v6 = NeighborKey { interface: IF, address: "fe80::2".parse().expect("an address") };
    assert_eq!(lan.table.resolve(&mut lan.bench.cx(), v6), Resolution::Pending);
    assert_eq!(lan.actions(), ["ask fe80::2"]);
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Resolve(u8),
    Enqueue(u8),
    Arp { operation: bool, sender: u8, mac: u8, target: u8 },
    Confirm(u8),
    Advance(u16),
    Remove(u8),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        (2..8u8).prop_map(Step::Resolve),
        (2..8u8).prop_map(Step::Enqueue),
        (any::<bool>(), 0..8u8, 1..5u8, 1..8u8).prop_map(|(operation, sender, mac, target)| Step::Arp {
            operation,
            sender,
            mac,
            target
        }),
        (2..8u8).prop_map(Step::Confirm),
        (0..2_000u16).prop_map(Step::Advance),
        (2..8u8).prop_map(Step::Remove),
    ];
    prop::collection::vec(step, 0..120)
}

proptest! {
    /// Whatever happens: bounds hold, no destination is asked twice within a second, and time brings everything to rest.
    #[test]
    fn laws_of_the_table(steps in steps()) {
        let mut lan = Lan::with(Config { max_entries: 4, queue_packets: 3, queue_total: 5, ..Config::default() });
        let mut asked: std::collections::BTreeMap<String, Instant> = std::collections::BTreeMap::new();
        let host = |last: u8| if last == 0 { Ipv4Addr::UNSPECIFIED } else { Ipv4Addr::new(10, 0, 0, last) };
        for step in steps {
            let before: Vec<_> = lan.table.entries(lan.bench.now).iter().map(|entry| entry.key).collect();
            match step {
                Step::Resolve(last) => { lan.resolve(host(last)); }
                Step::Enqueue(last) => lan.enqueue(host(last), b"x"),
                Step::Arp { operation, sender, mac, target } => {
                    let operation = if operation { ArpOperation::Request } else { ArpOperation::Reply };
                    lan.arp(packet(operation, (host(sender), MacAddress([2, 0, 0, 0, 0, mac])), host(target)));
                }
                Step::Confirm(last) => lan.table.confirm(&mut lan.bench.cx(), key(host(last))),
                Step::Advance(tenths) => {
                    lan.bench.advance(Duration::from_millis(u64::from(tenths) * 100));
                    lan.table.handle_timeout(&mut lan.bench.cx());
                }
                Step::Remove(last) => { lan.table.remove(&mut lan.bench.cx(), key(host(last))); }
            }
            let entries = lan.table.entries(lan.bench.now);
            // A forgotten destination may be asked anew; one that stays in the table, once a second.
            asked.retain(|address, _| before.iter().any(|key| key.address.to_string() == *address)
                && entries.iter().any(|entry| entry.key.address.to_string() == *address));
            for action in lan.actions() {
                if let Some(target) = action.strip_prefix("ask ") {
                    let target = target.split(' ').next().unwrap_or_default().to_string();
                    let last = asked.insert(target, lan.bench.now);
                    prop_assert!(last.is_none_or(|last| lan.bench.now.since(last) >= Duration::from_secs(1)));
                }
            }
            prop_assert!(entries.len() <= 4);
            let pending: usize = entries.iter().map(|entry| entry.pending).sum();
            prop_assert_eq!(pending, lan.table.waiting());
            prop_assert!(pending <= 5 && entries.iter().all(|entry| entry.pending <= 3));
            prop_assert!(entries.iter().all(|entry| entry.pending == 0 || entry.state == State::Incomplete));
        }
        lan.run(100_000);
        prop_assert!(lan.table.entries(lan.bench.now).is_empty());
        prop_assert_eq!((lan.table.waiting(), lan.table.poll_timeout()), (0, None));
    }
}
