//! What paths carry, in the virtual network: ICMP that comes and ICMP that does not (RFC 1191, RFC 4821, RFC 8899).
#![allow(missing_docs, reason = "tests")]

use tapip_core::observe::Counter;
use tapip_core::sim::{BulkSpec, Change, DirectionId, FlowId, HostId, HostSpec, LinkSpec, Network, Stop};
use tapip_core::stack::Config;
use tapip_core::tcp::Info;
use tapip_core::time::{Duration, Instant};

const MBIT: u64 = 1_000_000;
/// Timestamps in each header.
const STAMPS: u32 = 12;

struct Path {
    network: Network,
    sender: HostId,
    flow: FlowId,
}

/// Two hosts and one link of 10 ms that carries packets of `mtu` bytes; a flow of `size` bytes.
fn path(rate: u64, mtu: usize, size: Option<u64>, knobs: impl Fn(&mut Config)) -> Path {
    let mut network = Network::new(11);
    let mut host = |name| {
        let mut config = HostSpec::default().config;
        knobs(&mut config);
        network.add_host(name, HostSpec { config, ..HostSpec::default() }).expect("a new name")
    };
    let (sender, receiver) = (host("a"), host("b"));
    let mut spec = LinkSpec::new(rate, Duration::from_millis(10));
    // A quarter of a second.
    (spec.mtu, spec.impairment.queue_bytes) = (mtu, rate / 32);
    network.link(sender, receiver, spec.clone(), spec).expect("a sound link");
    let flow =
        network.bulk(sender, receiver, BulkSpec { size, ..BulkSpec::default() }).expect("a sound flow");
    Path { network, sender, flow }
}

impl Path {
    fn run(&mut self, seconds: f64) {
        let until = self.network.now() + Duration::from_micros((seconds * 1e6) as u64);
        while self.network.run_until(until, 1 << 20) != Stop::Reached {
            while self.network.poll_notice().is_some() {}
        }
    }

    /// From now on the link swallows what is larger, without a word.
    fn narrow(&mut self, mtu: f64) {
        for direction in [0, 1] {
            self.network.change(DirectionId(direction), &Change::Set("mtu".into(), mtu)).expect("an MTU");
        }
    }

    fn info(&self) -> Info {
        let stack = self.network.stack(self.sender);
        let [id] = stack.tcp_ids()[..] else { panic!("one connection") };
        stack.tcp_info(id).expect("it is there")
    }

    fn count(&self, counter: Counter) -> u64 {
        self.network.stack(self.sender).counters().value(counter)
    }
}

#[test]
fn a_black_hole_is_found_out_and_passed() {
    let mut path = path(2 * MBIT, 1_500, Some(1_000_000), |_| ());
    path.run(1.0);
    assert_eq!(path.info().mss, 1_460 - STAMPS);
    path.narrow(1_300.0);
    path.run(20.0);
    let flow = path.network.flow(path.flow);
    assert!(flow.intact && flow.completed.is_some(), "{flow:?}");
}

#[test]
fn the_largest_that_passes_is_found_and_a_wider_path_after_ten_minutes() {
    let mut path = path(2 * MBIT, 1_500, None, |_| ());
    path.run(1.0);
    path.narrow(1_300.0);
    path.run(20.0);
    let found = path.info().mss;
    assert!((1_260 - 8 - STAMPS..=1_260 - STAMPS).contains(&found), "{found}");
    let timeouts = path.count(Counter::TcpTimeouts);
    path.narrow(1_500.0);
    path.run(570.0);
    assert_eq!(path.info().mss, found, "it rests");
    path.run(60.0);
    assert_eq!(path.info().mss, 1_460 - STAMPS);
    assert_eq!(path.count(Counter::TcpTimeouts), timeouts);
}

#[test]
fn without_the_search_a_black_hole_is_the_end() {
    let mut path = path(2 * MBIT, 1_500, Some(1_000_000), |config| config.tcp.mtu_probing = 0);
    path.run(1.0);
    path.narrow(1_300.0);
    path.run(60.0);
    assert!(path.network.flow(path.flow).completed.is_none());
}

/// A fast path for large frames, and a sender that begins with small ones; for so short a time that no queue overflows.
fn jumbo() -> Path {
    path(1_000 * MBIT, 9_000, None, |config| config.tcp.mtu_probing = 2)
}

#[test]
fn from_the_start_it_climbs_to_jumbo_frames_and_loses_nothing() {
    let mut path = jumbo();
    path.run(0.05);
    assert_eq!(path.info().mss, 1_024 - STAMPS);
    path.run(0.25);
    assert_eq!(path.info().mss, 8_960 - STAMPS);
    assert_eq!((path.count(Counter::TcpTimeouts), path.count(Counter::TcpRetransSegs)), (0, 0));
}

#[test]
fn a_lost_probe_is_no_congestion() {
    let mut path = jumbo();
    // The link is narrower than the interfaces believe, from the start.
    path.narrow(4_000.0);
    path.run(1.5);
    let found = path.info().mss;
    assert!((3_960 - 8 - STAMPS..=3_960 - STAMPS).contains(&found), "{found}");
    assert_eq!((path.count(Counter::TcpTimeouts), path.count(Counter::TcpFastRetrans)), (0, 0));
    assert!(path.count(Counter::TcpRetransSegs) > 0, "what the probes carried went again");
    let flow = path.network.flow(path.flow);
    assert!(flow.intact, "{flow:?}");
}

/// A sender, a router, a receiver; the link behind the router carries `mtu`, and the router says so.
fn routed(mtu: usize) -> (Path, HostId) {
    let mut network = Network::new(12);
    let sender = network.add_host("a", HostSpec::default()).expect("a new name");
    let router =
        network.add_host("r", HostSpec { forward: true, ..HostSpec::default() }).expect("a new name");
    let receiver = network.add_host("b", HostSpec::default()).expect("a new name");
    let mut spec = LinkSpec::new(MBIT, Duration::from_millis(5));
    spec.impairment.queue_bytes = 20_000;
    network.link(sender, router, spec.clone(), spec.clone()).expect("a sound link");
    let second = network.link(router, receiver, spec.clone(), spec).expect("a sound link");
    let (_, narrow) = network.interface_at(second, tapip_core::sim::End::A).expect("the router's");
    network.with_stack(router, |stack, now| stack.set_mtu(now, narrow, mtu)).expect("an MTU");
    let flow = network.bulk(sender, receiver, BulkSpec::default()).expect("a sound flow");
    (Path { network, sender, flow }, router)
}

#[test]
fn what_icmp_said_is_forgotten_after_ten_minutes() {
    let (mut path, router) = routed(1_300);
    path.run(2.0);
    assert_eq!(path.info().mss, 1_260 - STAMPS);
    path.network.with_stack(router, |stack, now| {
        for id in stack.interfaces().map(|interface| interface.id).collect::<Vec<_>>() {
            stack.set_mtu(now, id, 1_500).expect("an MTU");
        }
    });
    path.run(590.0);
    assert_eq!(path.info().mss, 1_260 - STAMPS);
    path.run(15.0);
    assert_eq!(path.info().mss, 1_460 - STAMPS);
}

#[test]
fn what_icmp_said_is_learned_again_while_it_holds() {
    let (mut path, _) = routed(1_300);
    path.run(605.0);
    assert_eq!(path.info().mss, 1_260 - STAMPS);
    assert!(path.network.now() > Instant::from_secs(600));
    let flow = path.network.flow(path.flow);
    assert!(flow.goodput > 0.9e6, "{flow:?}");
}

#[test]
fn a_wider_interface_costs_no_probe() {
    let mut path = jumbo();
    for step in 1..200 {
        path.network.with_stack(path.sender, |stack, now| {
            for id in stack.interfaces().map(|interface| interface.id).collect::<Vec<_>>() {
                stack.set_mtu(now, id, 9_000 + step).expect("an MTU");
            }
        });
        path.run(0.001);
    }
    assert_eq!(path.info().mss, 8_960 - STAMPS, "the peer takes no more");
    assert_eq!(path.count(Counter::TcpRetransSegs), 0);
}
