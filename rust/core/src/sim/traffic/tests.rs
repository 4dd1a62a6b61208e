//! Applications, each over a link whose times are known.

use crate::sim::{
    BulkSpec, DatagramSpec, FlowId, HostId, HostSpec, LinkSpec, Network, OnOffSpec, PingSpec, PoissonSpec,
    RequestSpec, SizeDistribution, Stop,
};
use crate::time::{Duration, Instant};

const MBIT: u64 = 1_000_000;

fn pair(spec: &LinkSpec) -> (Network, [HostId; 2]) {
    let mut network = Network::new(3);
    let hosts = ["a", "b"].map(|name| network.add_host(name, HostSpec::default()).expect("a new name"));
    network.link(hosts[0], hosts[1], spec.clone(), spec.clone()).expect("a sound link");
    (network, hosts)
}

fn run(network: &mut Network, seconds: u64) -> Vec<FlowId> {
    let mut over = Vec::new();
    for _ in 0..1_000_000 {
        match network.run_until(Instant::from_secs(seconds), 1 << 16) {
            Stop::Reached => return over,
            Stop::Budget | Stop::Notice => {}
        }
        while let Some(notice) = network.poll_notice() {
            if let crate::sim::Notice::Flow(flow) = notice {
                over.push(flow);
            }
        }
    }
    panic!("virtual time stands still at {:?}", network.now());
}

#[test]
fn a_bulk_flow_begins_and_stops_when_it_shall() {
    let (mut network, [a, b]) = pair(&LinkSpec::new(10 * MBIT, Duration::from_millis(5)));
    let (start, stop) = (Instant::from_secs(1), Some(Instant::from_secs(3)));
    let flow = network.bulk(a, b, BulkSpec { start, stop, ..BulkSpec::default() }).expect("a sound flow");
    assert_eq!(run(&mut network, 30), [flow]);
    let result = network.flow(flow);
    assert_eq!(result.started, Some(start));
    assert!(result.intact && result.completed.is_some() && result.error.is_none());
    assert!(result.bytes_delivered > 2_000_000, "{}", result.bytes_delivered);
}

#[test]
fn a_flow_to_nowhere_fails_and_says_why() {
    let mut spec = LinkSpec::new(10 * MBIT, Duration::from_millis(5));
    spec.up = false;
    let (mut network, [a, b]) = pair(&spec);
    let flow = network.bulk(a, b, BulkSpec::default()).expect("a sound flow");
    assert_eq!(run(&mut network, 2_000), [flow]);
    let result = network.flow(flow);
    assert!(result.over && result.error.is_some() && !result.intact);
    assert_eq!((result.bytes_delivered, result.completed), (0, None));
}

#[test]
fn requests_take_a_round_trip_each_and_think_in_between() {
    let (mut network, [a, b]) = pair(&LinkSpec::new(0, Duration::from_millis(10)));
    let think = Duration::from_millis(5);
    let spec = RequestSpec { count: Some(20), think, response: 1_000, ..RequestSpec::default() };
    let flow = network.requests(a, b, spec).expect("a sound flow");
    assert_eq!(run(&mut network, 10), [flow]);
    let result = network.flow(flow);
    assert!(result.intact && result.completed.is_some());
    assert_eq!((result.sent, result.received, result.bytes_delivered), (20, 20, 20_000));
    assert_eq!(network.exchanges(flow).iter().map(|one| one.took.as_millis()).max(), Some(20));
    // Address, handshake, and twenty times 20 ms with 19 pauses of 5.
    assert_eq!(result.completion_time, Some(Duration::from_millis(40 + 400 + 95)));
}

#[test]
fn an_on_off_stream_sends_at_its_rate_for_its_share_of_the_time() {
    let (mut network, [a, b]) = pair(&LinkSpec::new(100 * MBIT, Duration::from_millis(1)));
    let spec = OnOffSpec {
        on: Duration::from_millis(200),
        off: Duration::from_millis(600),
        exponential: false,
        rate: 2 * MBIT,
        stop: Some(Instant::from_secs(8)),
        ..OnOffSpec::default()
    };
    let flow = network.on_off(a, b, spec).expect("a sound flow");
    assert_eq!(run(&mut network, 20), [flow]);
    let result = network.flow(flow);
    assert!(result.intact && result.completed.is_some());
    assert_eq!(result.sent, 10);
    // Ten times 200 ms at 2 Mbit/s, in pieces of a segment.
    assert!(result.bytes_delivered.abs_diff(500_000) <= 10 * 1_448, "{}", result.bytes_delivered);
}

#[test]
fn poisson_transfers_come_at_their_rate_and_all_arrive() {
    let (mut network, [a, b]) = pair(&LinkSpec::new(100 * MBIT, Duration::from_millis(1)));
    let spec = PoissonSpec {
        interval: Duration::from_millis(10),
        sizes: SizeDistribution::Exponential(20_000),
        stop: Some(Instant::from_secs(10)),
        ..PoissonSpec::default()
    };
    let flow = network.poisson(a, b, spec).expect("a sound flow");
    assert_eq!(run(&mut network, 30), [flow]);
    let result = network.flow(flow);
    assert!(result.intact && result.completed.is_some());
    // A thousand in the mean; the deviation is the root of it.
    assert!(result.sent.abs_diff(1_000) < 130, "{} arrivals", result.sent);
    assert_eq!(result.sent, result.received);
    let exchanges = network.exchanges(flow);
    assert_eq!(exchanges.len() as u64, result.sent);
    assert_eq!(exchanges.iter().map(|one| one.bytes).sum::<u64>(), result.bytes_delivered);
    // A handshake of 2 ms, and half a round trip for what fits the first window.
    assert!(result.latency.p50 >= Duration::from_millis(3));
}

#[test]
fn lost_copied_and_late_pings_are_told_apart() {
    let mut spec = LinkSpec::new(0, Duration::from_millis(10));
    spec.impairment.drop_list = vec![4];
    let (mut network, [a, b]) = pair(&LinkSpec::default());
    network.link(a, b, spec.clone(), LinkSpec::default()).expect("a second link, not used");
    let count = Some(10);
    let lost = network.ping(a, b, PingSpec { count, ..PingSpec::default() }).expect("a sound flow");
    run(&mut network, 60);
    assert_eq!(network.flow(lost).received, 10);
    let (mut network, [a, b]) = pair(&spec);
    let flow = network.ping(a, b, PingSpec { count, ..PingSpec::default() }).expect("a sound flow");
    assert_eq!(run(&mut network, 60), [flow]);
    let result = network.flow(flow);
    // The fourth frame of either direction: the third request, and the fourth answer after it.
    assert_eq!((result.sent, result.received, result.completed), (10, 8, None));
    spec.impairment.drop_list.clear();
    spec.impairment.duplicate = 1_000_000;
    let (mut network, [a, b]) = pair(&spec);
    let flow = network.ping(a, b, PingSpec { count, ..PingSpec::default() }).expect("a sound flow");
    run(&mut network, 60);
    // Every request comes twice, and every answer to each of them twice.
    assert_eq!((network.flow(flow).received, network.flow(flow).duplicated), (10, 30));
}

#[test]
fn datagrams_keep_their_rate_and_count_what_happens_to_them() {
    let mut spec = LinkSpec::new(0, Duration::from_millis(10));
    spec.impairment.drop_list = vec![12];
    spec.impairment.reorder = 100_000;
    let (mut network, [a, b]) = pair(&spec);
    let count = Some(1_000);
    let datagrams = DatagramSpec { rate: 8 * MBIT, size: 1_000, count, ..DatagramSpec::default() };
    let flow = network.datagrams(a, b, datagrams).expect("a sound flow");
    assert_eq!(run(&mut network, 10), [flow]);
    let result = network.flow(flow);
    assert_eq!((result.sent, result.received, result.duplicated), (1_000, 999, 0));
    assert!((60..140).contains(&result.late), "{} late", result.late);
    // A datagram a millisecond; the last is sent at 999 ms.
    let median = result.latency.p50.as_micros();
    assert!((9_900..10_100).contains(&median), "{median} microseconds");
    let last = result.last_delivery.expect("there was one").as_millis();
    assert!((1_009..1_030).contains(&last), "{last}");
    assert!(result.intact);
}
