//! What runs over it: mostly transfers, and a little of everything else.

use super::{millis, once_in, pick};
use crate::rng::Rng;
use crate::sim::{
    BulkSpec, DatagramSpec, HostId, Network, OnOffSpec, PingSpec, PoissonSpec, RequestSpec, SizeDistribution,
};
use crate::stack::SocketOption;
use crate::time::{Duration, Instant};

/// The rows of a trace that nobody reads.
const ROWS: usize = 0;

/// One to eight flows between any two hosts.
pub(super) fn add(network: &mut Network, rng: &mut Rng, hosts: &[HostId]) {
    for _ in 0..1 + rng.below(8) {
        let from = rng.below(hosts.len() as u64);
        let to = (from + 1 + rng.below(hosts.len() as u64 - 1)) % hosts.len() as u64;
        let pair = [hosts[from as usize], hosts[to as usize]];
        let start = Instant::ZERO + millis(rng, 3_000);
        match rng.below(10) {
            0 => requests(network, rng, pair, start),
            1 => on_off(network, rng, pair, start),
            2 => poisson(network, rng, pair, start),
            3 => others(network, rng, pair, start),
            _ => bulk(network, rng, pair, start),
        }
    }
}

fn size(rng: &mut Rng) -> u64 {
    let most = pick(rng, &[1, 100, 5_000, 50_000, 250_000, 500_000]);
    1 + rng.below(most)
}

fn bulk(network: &mut Network, rng: &mut Rng, [from, to]: [HostId; 2], start: Instant) {
    let mut options = Vec::new();
    let mut maybe = |rng: &mut Rng, of, option, value| {
        if once_in(rng, of) {
            options.push((option, value));
        }
    };
    maybe(rng, 6, SocketOption::NoDelay, 1);
    maybe(rng, 8, SocketOption::KeepAlive, 1);
    maybe(rng, 10, SocketOption::UserTimeout, 2_000);
    maybe(rng, 8, SocketOption::SendBuffer, 5_000);
    maybe(rng, 8, SocketOption::MaxSegment, 300);
    maybe(rng, 8, SocketOption::ReceiveBuffer, 3_000);
    maybe(rng, 8, SocketOption::Cork, 1);
    maybe(rng, 8, SocketOption::NotSentLowWater, 2_000);
    maybe(rng, 8, SocketOption::QuickAck, 1);
    maybe(rng, 16, SocketOption::Linger, 3_000);
    let fast_open = once_in(rng, 3);
    let spec = BulkSpec {
        size: Some(size(rng)),
        start,
        options,
        fast_open,
        trace_rows: ROWS,
        ..BulkSpec::default()
    };
    network.bulk(from, to, spec).expect("a sound flow");
}

fn requests(network: &mut Network, rng: &mut Rng, [from, to]: [HostId; 2], start: Instant) {
    let spec = RequestSpec {
        request: 1 + rng.below(3_000),
        response: 1 + rng.below(10_000),
        count: Some(1 + rng.below(8)),
        think: millis(rng, 300),
        start,
        trace_rows: ROWS,
        ..RequestSpec::default()
    };
    network.requests(from, to, spec).expect("a sound flow");
}

fn on_off(network: &mut Network, rng: &mut Rng, [from, to]: [HostId; 2], start: Instant) {
    let spec = OnOffSpec {
        on: millis(rng, 300) + Duration::from_millis(1),
        off: millis(rng, 600) + Duration::from_millis(1),
        rate: 1_000 + rng.below(1_000_000),
        start,
        stop: Some(start + millis(rng, 2_000) + Duration::from_millis(1)),
        trace_rows: ROWS,
        ..OnOffSpec::default()
    };
    network.on_off(from, to, spec).expect("a sound flow");
}

fn poisson(network: &mut Network, rng: &mut Rng, [from, to]: [HostId; 2], start: Instant) {
    let sizes = if once_in(rng, 2) {
        SizeDistribution::Exponential(5_000)
    } else {
        SizeDistribution::Fixed(1 + rng.below(3_000))
    };
    let count = Some(1 + rng.below(20));
    let interval = Duration::from_micros(1 + rng.below(100_000));
    let spec = PoissonSpec { interval, sizes, count, start, trace_rows: ROWS, ..PoissonSpec::default() };
    network.poisson(from, to, spec).expect("a sound flow");
}

fn others(network: &mut Network, rng: &mut Rng, [from, to]: [HostId; 2], start: Instant) {
    let payload = rng.below(2_000) as usize;
    let interval = Duration::from_millis(1 + rng.below(200));
    let count = Some(1 + rng.below(20));
    let ping = PingSpec { interval, count, payload, start, trace_rows: ROWS, ..PingSpec::default() };
    network.ping(from, to, ping).expect("a sound flow");
    let size = 16 + rng.below(3_000) as usize;
    let datagrams = DatagramSpec { size, count, start, trace_rows: ROWS, ..DatagramSpec::default() };
    network.datagrams(from, to, datagrams).expect("a sound flow");
}
