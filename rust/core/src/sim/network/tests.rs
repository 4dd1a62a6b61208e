//! Networks as their users see them: what arrives when, where, and the same every time.

use super::*;
use crate::sim::{BulkSpec, Discipline, LinkSpec};
use crate::time::{Duration, Instant};

mod buffers;
mod observe;
mod soak;
mod topology;
mod transfer;

const MBIT: u64 = 1_000_000;

/// Two hosts and a link of equal directions.
fn pair(spec: &LinkSpec) -> (Network, [HostId; 2], LinkId) {
    let mut network = Network::new(7);
    let hosts = ["a", "b"].map(|name| network.add_host(name, HostSpec::default()).expect("a new name"));
    let link = network.link(hosts[0], hosts[1], spec.clone(), spec.clone()).expect("a sound link");
    (network, hosts, link)
}

/// Let time pass, whatever there is to tell.
fn run(network: &mut Network, until: Instant) {
    for _ in 0..1_000_000 {
        match network.run_until(until, 1 << 16) {
            Stop::Reached => return,
            Stop::Budget => {}
            Stop::Notice => while network.poll_notice().is_some() {},
        }
    }
    panic!("virtual time stands still at {:?}", network.now());
}

fn bulk(network: &mut Network, [from, to]: [HostId; 2], size: u64) -> FlowId {
    network.bulk(from, to, BulkSpec { size: Some(size), ..BulkSpec::default() }).expect("a sound flow")
}
