//! How many frames a second the virtual network carries: one bulk flow over one link of 1 Gbit/s and 5 ms, then the same
//! work spread over more hosts and more flows.
//!
//! `cargo run --release --example sim_bulk [SECONDS [NAME]]` prints frames per second of the processor's time (it uses one core),
//! and the wall time that passed. SECONDS is how many virtual seconds the single flow lasts, NAME a part of the one line wanted.

use std::time::Instant as Clock;
use tapip_core::sim::{BulkSpec, HostSpec, LinkSpec, Network, NodeId, Stop};
use tapip_core::time::{Duration, Instant};

fn main() {
    let seconds = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(20);
    let only = std::env::args().nth(2);
    let run = |name: &str, make: &dyn Fn() -> Network, seconds: u64| {
        if only.as_deref().is_none_or(|only| name.contains(only)) {
            report(name, make(), seconds);
        }
    };
    let rows = BulkSpec::default().trace_rows;
    run("1 traced flow, 2 hosts", &|| pairs(1, 1, 1_000_000_000, rows), seconds);
    run("1 flow, 2 hosts", &|| pairs(1, 1, 1_000_000_000, 0), seconds);
    run("500 flows, 1000 hosts", &|| pairs(500, 1, 10_000_000, 0), seconds / 4);
    run("500 flows, 1000 hosts, 1 switch", &|| star(1_000, 10_000_000, false), seconds / 4);
    run("500 flows, 1000 hosts, 1 router", &|| star(1_000, 10_000_000, true), seconds / 4);
    run("1000 flows, 2 hosts", &|| pairs(1, 1_000, 1_000_000_000, 0), seconds / 4);
    run("10000 flows, 2 hosts", &|| pairs(1, 10_000, 10_000_000_000, 0), seconds / 8);
}

/// So many pairs of hosts, each with a link and so many flows.
fn pairs(count: u32, flows: u32, rate: u64, trace_rows: usize) -> Network {
    let mut network = Network::new(7);
    for pair in 0..count {
        let mut host = |side| {
            let name = format!("{side}{pair}");
            network.add_host(&name, HostSpec::default()).expect("a new name")
        };
        let (a, b) = (host("a"), host("b"));
        let mut spec = LinkSpec::new(rate, Duration::from_millis(5));
        // Twice what is under way in a round trip: enough, and no more memory than that.
        spec.impairment.queue_bytes = rate / 8 / 50;
        network.link(a, b, spec.clone(), spec).expect("a sound link");
        for flow in 0..flows {
            // Apart, so that a thousand handshakes do not overrun the queue at once.
            let start = Instant::from_micros(u64::from(flow) * 100);
            let spec = BulkSpec { start, trace_rows, ..BulkSpec::default() };
            network.bulk(a, b, spec).expect("a sound flow");
        }
    }
    network
}

/// So many hosts around one switch, or one router; the first half sends to the second.
fn star(count: u32, rate: u64, routed: bool) -> Network {
    let mut network = Network::new(7);
    let middle: NodeId = if routed {
        let spec = HostSpec { forward: true, ..HostSpec::default() };
        network.add_host("middle", spec).expect("a new name").into()
    } else {
        network.add_switch("middle").expect("a new name").into()
    };
    let mut spec = LinkSpec::new(rate, Duration::from_micros(2_500));
    spec.impairment.queue_bytes = rate / 8 / 50;
    let hosts: Vec<_> = (0..count)
        .map(|number| {
            let host = network.add_host(&format!("h{number}"), HostSpec::default()).expect("a new name");
            network.link(host, middle, spec.clone(), spec.clone()).expect("a sound link");
            host
        })
        .collect();
    let (left, right) = hosts.split_at(hosts.len() / 2);
    for (from, to) in left.iter().zip(right) {
        network.bulk(*from, *to, BulkSpec { trace_rows: 0, ..BulkSpec::default() }).expect("a sound flow");
    }
    network
}

#[allow(clippy::disallowed_methods, reason = "a measurement has a clock")]
fn report(name: &str, mut network: Network, seconds: u64) {
    let (begin, busy_before) = (Clock::now(), busy());
    while network.run_until(Instant::from_secs(seconds.max(1)), 1 << 20) != Stop::Reached {
        while network.poll_notice().is_some() {}
    }
    let (wall, busy) = (begin.elapsed().as_secs_f64(), busy() - busy_before);
    let flows = (0..network.flow_count() as u32).map(|flow| network.flow(tapip_core::sim::FlowId(flow)));
    let (mut bytes, mut sent_again, mut intact) = (0, 0, true);
    for flow in flows {
        bytes += flow.bytes_delivered;
        sent_again += flow.retransmissions;
        intact &= flow.intact;
    }
    let frames = network.packets();
    println!(
        "{name:32} {:6.3} M frames/s  ({frames} frames, {} events, {busy:.2} s busy, {wall:.2} s wall, {:.1} Mbit/s, {sent_again} sent again, intact: {intact}, digest {:016x})",
        frames as f64 / busy / 1e6,
        network.events(),
        bytes as f64 * 8.0 / seconds.max(1) as f64 / 1e6,
        network.digest(),
    );
}

/// Seconds that this process has had a processor; on a crowded machine less than passed.
fn busy() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    let nanos = stat.split_whitespace().next().and_then(|field| field.parse::<f64>().ok());
    nanos.unwrap_or(f64::NAN) / 1e9
}
