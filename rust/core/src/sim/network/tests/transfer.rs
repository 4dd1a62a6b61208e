//! Transfers over links of all kinds, and what is counted of them.

use super::*;

#[test]
fn a_transfer_arrives_intact_and_takes_the_time_that_the_rate_allows() {
    let (mut network, hosts, link) = pair(&LinkSpec::new(10 * MBIT, Duration::from_millis(20)));
    let flow = bulk(&mut network, hosts, 2_000_000);
    run(&mut network, Instant::from_secs(30));
    let result = network.flow(flow);
    assert!(result.intact && result.over && result.error.is_none());
    assert_eq!(result.bytes_delivered, 2_000_000);
    // 1448 of 1514 bytes of a frame are data: 1.6 s at 9.56 Mbit/s, and slow start over 40 ms.
    let took = result.completion_time.expect("it is complete").as_millis();
    assert!((1_670..2_200).contains(&took), "{took} ms");
    assert!(result.goodput > 7.2e6 && result.goodput < 9.57e6, "{}", result.goodput);
    let stats = network.stats(link.ab());
    assert_eq!(stats.drops.total(), 0);
    assert_eq!(stats.offered_packets, stats.delivered_packets);
    assert!(result.rtt.p50 >= Duration::from_millis(40), "{:?}", result.rtt);
    let trace = network.trace(flow);
    assert!(trace.len() > 100);
    assert!(trace.windows(2).all(|rows| rows[0].delivered <= rows[1].delivered && rows[0].at <= rows[1].at));
    assert!(trace.last().is_some_and(|last| last.delivered >= 1_900_000 && last.delivered <= 2_000_001));
}

#[test]
fn losses_are_repaired_and_counted() {
    let mut spec = LinkSpec::new(10 * MBIT, Duration::from_millis(5));
    spec.impairment.drop = 20_000;
    let (mut network, hosts, link) = pair(&spec);
    let flow = bulk(&mut network, hosts, 1_000_000);
    run(&mut network, Instant::from_secs(60));
    let result = network.flow(flow);
    assert!(result.intact && result.completed.is_some());
    assert!(result.retransmissions > 0);
    let drops = network.stats(link.ab()).drops;
    assert!(drops.of(crate::sim::Cause::Chance) > 0);
    assert_eq!(drops.total(), drops.of(crate::sim::Cause::Chance));
}

#[test]
fn the_same_seed_gives_the_same_digest_and_another_seed_another() {
    let digest = |seed| {
        let mut network = Network::new(seed);
        let hosts = ["a", "b"].map(|name| network.add_host(name, HostSpec::default()).expect("a new name"));
        let mut spec = LinkSpec::new(10 * MBIT, Duration::from_millis(5));
        spec.impairment.drop = 10_000;
        spec.impairment.reorder = 10_000;
        spec.impairment.jitter = Duration::from_millis(1);
        network.link(hosts[0], hosts[1], spec.clone(), spec).expect("a sound link");
        bulk(&mut network, hosts, 500_000);
        run(&mut network, Instant::from_secs(20));
        (network.digest(), network.packets())
    };
    assert_eq!(digest(1), digest(1));
    assert_ne!(digest(1), digest(2));
}

#[test]
fn how_time_is_cut_into_runs_changes_nothing() {
    let result = |slice: u64, budget| {
        let (mut network, hosts, _) = pair(&LinkSpec::new(10 * MBIT, Duration::from_millis(5)));
        bulk(&mut network, hosts, 300_000);
        for end in (0..=2_000).step_by(slice as usize) {
            while network.run_until(Instant::from_millis(end), budget) != Stop::Reached {
                while network.poll_notice().is_some() {}
            }
        }
        (network.digest(), network.packets(), network.now())
    };
    assert_eq!(result(2_000, u64::MAX), result(1, 3));
}

#[test]
fn the_discipline_can_change_under_way() {
    let (mut network, hosts, link) = pair(&LinkSpec::new(5 * MBIT, Duration::from_millis(5)));
    let flow = bulk(&mut network, hosts, 1_000_000);
    let mut spec = LinkSpec::new(5 * MBIT, Duration::from_millis(5));
    spec.discipline = Discipline::FqCodel(crate::sim::FqCodelSpec::default());
    let change = Change::Spec(Box::new(spec));
    network.schedule(Instant::from_millis(300), link.ab(), change).expect("a sound change");
    run(&mut network, Instant::from_secs(20));
    assert!(network.flow(flow).intact && network.flow(flow).completed.is_some());
    assert!(matches!(network.spec(link.ab()).discipline, Discipline::FqCodel(_)));
}
