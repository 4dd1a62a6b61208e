//! What can be seen of a network and done to it while it runs.

use super::*;
use crate::observe::{InterfaceId, Readiness};
use crate::sim::{Cause, DatagramSpec, PingSpec};
use crate::stack::SocketId;
use crate::wire::SocketAddress;
use std::sync::{Arc, Mutex};

fn ping(network: &mut Network, [from, to]: [HostId; 2], count: u64) -> FlowId {
    let interval = Duration::from_millis(10);
    network.ping(from, to, PingSpec { count: Some(count), interval, ..PingSpec::default() }).expect("sound")
}

#[test]
fn a_ping_takes_twice_the_delay_and_twice_the_time_of_its_bits() {
    let (mut network, hosts, link) = pair(&LinkSpec::new(10 * MBIT, Duration::from_millis(3)));
    let flow = ping(&mut network, hosts, 10);
    run(&mut network, Instant::from_secs(1));
    let result = network.flow(flow);
    assert_eq!((result.sent, result.received, result.late, result.duplicated), (10, 10, 0, 0));
    // 98 bytes at 10 Mbit/s are 78.4 microseconds; each way.
    let exact = Duration::from_nanos(2 * (3_000_000 + 78_400));
    assert_eq!((result.rtt.max, network.exchanges(flow)[9].took), (network.exchanges(flow)[0].took, exact));
    // The first one waits for the address: an ARP request and its answer, 42 bytes each.
    assert_eq!(network.exchanges(flow)[0].took, exact + Duration::from_nanos(2 * (3_000_000 + 33_600)));
    assert_eq!(network.stats(link.ab()).delivered_packets, 11);
}

#[test]
fn digests_are_the_same_on_every_machine() {
    let mut spec = LinkSpec::new(2 * MBIT, Duration::from_millis(7));
    spec.impairment.drop = 50_000;
    spec.impairment.duplicate = 50_000;
    spec.impairment.reorder = 50_000;
    spec.impairment.jitter = Duration::from_millis(1);
    spec.impairment.jitter_shape = crate::sim::JitterShape::Normal;
    let (mut network, hosts, _) = pair(&spec);
    ping(&mut network, hosts, 50);
    let datagrams = DatagramSpec { rate: 3 * MBIT, count: Some(300), ..DatagramSpec::default() };
    let flow = network.datagrams(hosts[1], hosts[0], datagrams).expect("a sound flow");
    run(&mut network, Instant::from_secs(5));
    assert!(network.flow(flow).received > 150);
    // Frames of ICMP, UDP and ARP only, so that this number stands while TCP changes.
    assert_eq!((network.digest(), network.packets()), (0x509eb47e244cbf26, 393));
}

#[test]
fn a_change_of_a_link_comes_at_its_time() {
    let (mut network, hosts, link) = pair(&LinkSpec::new(0, Duration::from_millis(1)));
    let flow = ping(&mut network, hosts, 30);
    let change = |field: &str, value| Change::Set(field.to_owned(), value);
    for (at, field, value) in [(45, "up", 0.0), (95, "up", 1.0), (145, "delay", 0.004), (195, "drop", 1.0)] {
        let at = Instant::from_millis(at);
        network.schedule(at, link.ab(), change(field, value)).expect("a sound change");
    }
    let refused = network.schedule(Instant::ZERO, link.ab(), change("drop", 1.5));
    assert_eq!(refused.expect_err("an odd chance").field, "drop");
    // Not so long that the hosts ask for each other's addresses again.
    run(&mut network, Instant::from_secs(3));
    let answered: Vec<(u64, u64)> =
        network.exchanges(flow).iter().map(|one| (one.number, one.took.as_millis())).collect();
    // Pings 6 to 10 are sent without carrier, 16 to 20 with the longer delay, those from 21 on are lost.
    let expected = [1, 2, 3, 4, 5, 11, 12, 13, 14, 15].map(|number| (number, 2));
    assert_eq!(answered[1..10], expected[1..]);
    assert_eq!(answered[10..], [16, 17, 18, 19, 20].map(|number| (number, 5)));
    let drops = network.stats(link.ab()).drops;
    assert_eq!((drops.of(Cause::Carrier), drops.of(Cause::Chance)), (5, 10));
}

/// Blocks of a pcapng file: (type, body).
fn blocks(mut file: &[u8]) -> Vec<(u32, &[u8])> {
    let word = |bytes: &[u8]| u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
    let mut blocks = Vec::new();
    while !file.is_empty() {
        let total = word(&file[4..]) as usize;
        assert_eq!(word(&file[total - 4..]) as usize, total, "the length stands at both ends");
        blocks.push((word(file), &file[8..total - 4]));
        file = &file[total..];
    }
    blocks
}

#[test]
fn a_capture_holds_what_passes_an_end_with_the_times_at_which_it_does() {
    let mut spec = LinkSpec::new(10 * MBIT, Duration::from_millis(3));
    spec.impairment.drop_list = vec![2];
    let (mut network, hosts, link) = pair(&spec);
    let [near, far] = [End::A, End::B].map(|end| network.capture_at(link, end));
    ping(&mut network, hosts, 2);
    run(&mut network, Instant::from_millis(5));
    let mut first = network.take_capture(near);
    assert!(network.take_capture(near).is_empty());
    run(&mut network, Instant::from_secs(1));
    first.extend(network.take_capture(near));
    let word =
        |bytes: &[u8], at: usize| u64::from(u32::from_le_bytes(bytes[at..at + 4].try_into().expect("4")));
    let times = |file: &[u8]| -> Vec<u64> {
        let blocks = blocks(file);
        assert_eq!((blocks[0].0, blocks[1].0), (0x0a0d_0d0a, 1));
        let packets = blocks[2..].iter().inspect(|(kind, _)| assert_eq!(*kind, 6));
        packets.map(|(_, body)| word(body, 4) << 32 | word(body, 8)).collect()
    };
    let arp = 3_033_600;
    // Address asked and told; the first ping, that is lost; the second, whose answer is.
    assert_eq!(times(&first), [0, 2 * arp, 2 * arp, 10_000_000]);
    assert_eq!(times(&network.take_capture(far)), [arp, arp, 13_078_400, 13_078_400]);
    network.stop_capture(far);
    ping(&mut network, hosts, 1);
    run(&mut network, Instant::from_secs(2));
    assert!(network.take_capture(far).is_empty());
}

#[test]
fn the_caller_is_woken_at_its_times_and_told_of_its_sockets() {
    let (mut network, [a, b], _) = pair(&LinkSpec::new(0, Duration::from_millis(1)));
    let wake = network.at(Instant::from_millis(7));
    let earlier = network.at(Instant::from_millis(3));
    let address = network.address(b).expect("an address");
    let listener = network
        .with_stack(b, |stack, _| stack.tcp_listen(SocketAddress::new(address, 80), 1).expect("a free port"));
    let client = network.with_stack(a, |stack, now| {
        stack.tcp_connect(now, SocketAddress::new(address, 80), None, None).expect("a way")
    });
    let mut told = Vec::new();
    while network.run_until(Instant::from_millis(9), u64::MAX) == Stop::Notice {
        while let Some(notice) = network.poll_notice() {
            told.push((network.now().as_millis(), notice));
        }
    }
    assert_eq!(network.now(), Instant::from_millis(9));
    assert!(told.contains(&(3, Notice::Wake(earlier))) && told.contains(&(7, Notice::Wake(wake))));
    let ready = |host, socket, wanted: Readiness| {
        told.iter().find_map(|(at, notice)| match notice {
            Notice::Socket { host: whose, event }
                if *whose == host && event.socket == socket && event.readiness.contains(wanted) =>
            {
                Some(*at)
            }
            _ => None,
        })
    };
    // Two milliseconds for the address, two for the handshake; the third segment is one more.
    assert_eq!(ready(a, SocketId::Tcp(client), Readiness::WRITABLE), Some(4));
    assert_eq!(ready(b, SocketId::Listener(listener), Readiness::READABLE), Some(5));
}

/// Counts frames by whether they were sent.
struct Counter(Arc<Mutex<[u64; 2]>>);

impl Observer for Counter {
    fn on_sent(&mut self, _: Instant, _: HostId, _: InterfaceId, _: &[u8]) {
        self.0.lock().expect("not poisoned")[0] += 1;
    }

    fn on_received(&mut self, _: Instant, _: HostId, _: InterfaceId, _: &[u8]) {
        self.0.lock().expect("not poisoned")[1] += 1;
    }
}

#[test]
fn an_observer_sees_every_frame_at_both_ends() {
    let mut spec = LinkSpec::new(0, Duration::from_millis(1));
    spec.impairment.drop_list = vec![3];
    let (mut network, hosts, _) = pair(&spec);
    let counts = Arc::new(Mutex::new([0, 0]));
    network.observe(Some(Box::new(Counter(Arc::clone(&counts)))));
    ping(&mut network, hosts, 5);
    run(&mut network, Instant::from_secs(1));
    // One ARP exchange, five requests, four answers less the third frame back that is lost too.
    assert_eq!(*counts.lock().expect("not poisoned"), [11, 9]);
}

#[test]
fn frames_to_oneself_take_time_but_no_link() {
    let (mut network, [a, _], _) = pair(&LinkSpec::default());
    let flow = bulk(&mut network, [a, a], 100_000);
    run(&mut network, Instant::from_secs(2));
    assert!(network.flow(flow).intact && network.flow(flow).completed.is_some());
    assert_eq!(network.packets(), 0);
}
