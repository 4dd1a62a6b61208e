//! What is left of a network, and of a stack's memory.

use super::*;
use crate::sim::oracle::afterwards::{intact, leak, liveness};
use crate::sim::{BulkSpec, FlowStats, HostSpec, LinkSpec, Network, Oracle, Stop};
use crate::stack::Memory;
use crate::time::Duration;

/// A transfer between two hosts, some time after it began.
fn transfer(until: Instant) -> (Network, Oracle, FlowStats) {
    let mut network = Network::new(1);
    let hosts = ["a", "b"].map(|name| network.add_host(name, HostSpec::default()).expect("a new name"));
    let spec = LinkSpec::new(1_000_000, Duration::from_millis(5));
    network.link(hosts[0], hosts[1], spec.clone(), spec).expect("a sound link");
    let oracle = Oracle::watch(&mut network);
    let spec = BulkSpec { size: Some(50_000), ..BulkSpec::default() };
    let flow = network.bulk(hosts[0], hosts[1], spec).expect("a sound flow");
    while network.run_until(until, 1 << 20) != Stop::Reached {
        while network.poll_notice().is_some() {}
    }
    let stats = network.flow(flow);
    (network, oracle, stats)
}

#[test]
fn a_transfer_that_is_over_leaves_nothing() {
    let (network, oracle, stats) = transfer(Instant::from_secs(120));
    assert_eq!(oracle.verdict(&network), []);
    assert!(oracle.judged() > 50);
    assert!(intact(&stats).is_ok() && liveness(&stats).is_ok());
}

#[test]
fn one_that_is_under_way_is_not_over_and_holds_memory() {
    let (network, oracle, stats) = transfer(Instant::from_millis(200));
    assert!(liveness(&stats).is_err());
    let rules: Vec<Rule> = oracle.verdict(&network).iter().map(|violation| violation.rule).collect();
    assert_eq!(rules, [Rule::Liveness, Rule::Leak, Rule::Leak]);
}

#[test]
fn an_end_without_a_reason_is_none() {
    let (_, _, over) = transfer(Instant::from_secs(120));
    let silent = FlowStats { completed: None, ..over.clone() };
    assert!(liveness(&silent).is_err());
    let failed = FlowStats { error: Some(crate::error::Error::TimedOut), ..silent };
    assert!(liveness(&failed).is_ok());
    assert!(intact(&FlowStats { damaged: true, ..over }).is_err());
}

#[test]
fn every_kind_of_remainder_is_a_leak() {
    let (network, ..) = transfer(Instant::from_secs(120));
    let free = network.stack(HostId(0)).memory();
    assert!(leak(&free).is_ok());
    for left in [
        Memory { packets_used: 1, ..free },
        Memory { connections: 1, ..free },
        Memory { output: 1, ..free },
        Memory { fragments: 1, ..free },
    ] {
        assert!(leak(&left).is_err(), "{left:?}");
    }
}

#[test]
fn more_buffers_than_there_may_be_are_seen() {
    let (network, ..) = transfer(Instant::from_secs(120));
    let free = network.stack(HostId(0)).memory();
    let mut court = Court::default();
    court.judge.memory(court.now, HOST, &Memory { packets_used: free.packets_limit, ..free });
    court.clean();
    court.judge.memory(court.now, HOST, &Memory { packets_used: free.packets_limit + 1, ..free });
    court.broke(Rule::Memory);
}
