//! Links that do harm, changes of them while time passes, and their healing.

use super::{HEALED, millis, once_in, pick, shape::Shape};
use crate::rng::Rng;
use crate::sim::{
    CapacityTrace, Change, CodelSpec, DirectionId, Discipline, FqCodelSpec, GilbertElliott, Impairment,
    JitterShape, LinkSpec, Network, RedSpec,
};
use crate::time::{Duration, Instant};
use std::sync::Arc;

const MBIT: u64 = 1_000_000;
/// Never under the smallest MTU that IPv4 hosts must take whole (RFC 791 3.1): below, routers cut what may not be cut.
pub(super) const NARROW: [usize; 4] = [576, 900, 1_280, 1_400];

/// A chance in parts per million, mostly none.
fn rarely(rng: &mut Rng, most: u64) -> u32 {
    if once_in(rng, 4) { rng.below(most) as u32 } else { 0 }
}

/// A direction of a link.
pub(super) fn random(rng: &mut Rng) -> LinkSpec {
    let rate = pick(rng, &[MBIT, 5 * MBIT, 20 * MBIT, 100 * MBIT, 1_000 * MBIT]);
    let delay = if once_in(rng, 6) { millis(rng, 150) } else { millis(rng, 15) };
    let mut spec = LinkSpec::new(rate, delay);
    harm(rng, &mut spec.impairment);
    spec.impairment.queue_bytes = 12_112 + rng.below(150_000);
    if once_in(rng, 5) {
        spec.impairment.queue_packets = 2 + rng.below(40);
    }
    spec.discipline = discipline(rng);
    if once_in(rng, 16) {
        spec.impairment.rate = 0;
        spec.capacity = Some(Arc::new(opportunities(rng)));
    }
    if once_in(rng, 8) {
        spec.mtu = pick(rng, &NARROW);
    }
    spec
}

fn harm(rng: &mut Rng, link: &mut Impairment) {
    link.drop = rarely(rng, 60_000);
    link.duplicate = rarely(rng, 50_000);
    link.corrupt = rarely(rng, 50_000);
    link.reorder = rarely(rng, 80_000);
    link.reorder_gap = rng.below(5) as u32;
    link.reorder_delay = Duration::from_micros(1) + millis(rng, 40);
    if once_in(rng, 4) {
        link.jitter = millis(rng, 8);
        link.jitter_shape = pick(rng, &[JitterShape::Uniform, JitterShape::Normal, JitterShape::Pareto]);
        link.jitter_reorders = once_in(rng, 2);
    }
    if once_in(rng, 8) {
        link.drop_every = 5 + rng.below(60) as u32;
    }
    if once_in(rng, 6) {
        link.drop_list = (0..rng.below(8)).map(|_| 1 + rng.below(60)).collect();
    }
    if once_in(rng, 8) {
        link.burst =
            Some(GilbertElliott { to_bad: 10_000, to_good: 300_000, drop_in_good: 0, drop_in_bad: 700_000 });
    }
}

fn discipline(rng: &mut Rng) -> Discipline {
    let ecn = once_in(rng, 2);
    let codel = CodelSpec { ecn, ..CodelSpec::default() };
    match rng.below(6) {
        0 => Discipline::Red(RedSpec { ecn, ..RedSpec::default() }),
        1 => Discipline::Codel(codel),
        2 => Discipline::FqCodel(FqCodelSpec { codel, ..FqCodelSpec::default() }),
        3 => Discipline::Fifo { mark_bytes: 6_000 + rng.below(30_000) },
        _ => Discipline::default(),
    }
}

fn opportunities(rng: &mut Rng) -> CapacityTrace {
    let mut at = 0;
    let lines = (0..20).map(|_| {
        at += rng.below(6);
        at.to_string()
    });
    let text: Vec<String> = lines.collect();
    CapacityTrace::parse(&(text.join("\n") + "\n200")).expect("a trace that rises")
}

/// Carriers go and come, links get worse, rates change, and packets above a size vanish: all before the healing.
pub(super) fn upset(network: &mut Network, rng: &mut Rng, shape: &Shape) {
    let last = HEALED.as_millis();
    for link in &shape.links {
        let direction = if once_in(rng, 2) { link.ab() } else { link.ba() };
        let mut change = |at: Instant, field: &str, value: f64| {
            // A capacity trace takes no rate.
            let _unfit = network.schedule(at, direction, Change::Set(field.to_owned(), value));
        };
        if once_in(rng, 4) {
            let down = Instant::from_millis(rng.below(last / 2));
            change(down, "up", 0.0);
            change(down + millis(rng, last / 2), "up", 1.0);
        }
        if once_in(rng, 5) {
            change(Instant::from_millis(rng.below(last)), "rate", (MBIT + rng.below(50 * MBIT)) as f64);
        }
        if once_in(rng, 6) {
            change(Instant::from_millis(rng.below(last)), "delay", rng.below(100_000) as f64 / 1e6);
        }
        if once_in(rng, 6) {
            change(Instant::from_millis(rng.below(last)), "drop", 0.3);
        }
        if once_in(rng, 8) {
            change(Instant::from_millis(rng.below(last)), "mtu", pick(rng, &NARROW) as f64);
        }
    }
}

/// Links that swallow large packets from some moment on, and tell nobody, ever.
pub(super) fn holes(network: &mut Network, rng: &mut Rng, shape: &Shape) -> Vec<(DirectionId, usize)> {
    let mut holes = Vec::new();
    for link in &shape.links {
        if once_in(rng, 10) {
            let direction = if once_in(rng, 2) { link.ab() } else { link.ba() };
            let (at, size) = (Instant::ZERO + millis(rng, 3_000), pick(rng, &NARROW));
            let change = Change::Set("mtu".to_owned(), size as f64);
            network.schedule(at, direction, change).expect("an MTU that links take");
            holes.push((direction, size));
        }
    }
    holes
}

/// The same link without faults, for packets up to `mtu`.
pub(super) fn healed(spec: &LinkSpec, mtu: usize) -> LinkSpec {
    let harmed = &spec.impairment;
    let whole = Impairment {
        rate: harmed.rate,
        delay: harmed.delay,
        queue_bytes: harmed.queue_bytes,
        queue_packets: harmed.queue_packets,
        limit: harmed.limit,
        ..Impairment::default()
    };
    LinkSpec { impairment: whole, mtu, up: true, ..spec.clone() }
}
