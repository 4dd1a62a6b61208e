//! Random networks with random faults, each from one seed: whatever happens, transfers end intact or say why not, and
//! nothing is left in memory.

use super::*;
use crate::rng::Rng;
use crate::sim::{CodelSpec, FqCodelSpec, GilbertElliott, JitterShape, RedSpec};

/// A chance in parts per million, mostly none.
fn rarely(rng: &mut Rng, most: u64) -> u32 {
    if rng.below(3) == 0 { rng.below(most) as u32 } else { 0 }
}

fn random_link(rng: &mut Rng) -> LinkSpec {
    let rate = [MBIT, 10 * MBIT, 100 * MBIT][rng.below(3) as usize];
    let mut spec = LinkSpec::new(rate, Duration::from_micros(rng.below(20_000)));
    let link = &mut spec.impairment;
    link.drop = rarely(rng, 30_000);
    link.duplicate = rarely(rng, 20_000);
    link.corrupt = rarely(rng, 20_000);
    link.reorder = rarely(rng, 50_000);
    link.jitter = Duration::from_micros(u64::from(rarely(rng, 5_000)));
    link.jitter_shape =
        [JitterShape::Uniform, JitterShape::Normal, JitterShape::Pareto][rng.below(3) as usize];
    link.jitter_reorders = rng.below(2) == 0;
    link.queue_bytes = 12_112 + rng.below(200_000);
    if rng.below(4) == 0 {
        link.burst =
            Some(GilbertElliott { to_bad: 5_000, to_good: 300_000, drop_in_good: 0, drop_in_bad: 500_000 });
    }
    let ecn = rng.below(2) == 0;
    let codel = CodelSpec { ecn, ..CodelSpec::default() };
    spec.discipline = match rng.below(4) {
        0 => Discipline::Red(RedSpec { ecn, ..RedSpec::default() }),
        1 => Discipline::Codel(codel),
        2 => Discipline::FqCodel(FqCodelSpec { codel, ..FqCodelSpec::default() }),
        _ => Discipline::default(),
    };
    spec
}

/// A chain of hosts, routers and switches between two ends, and a side way for one more host.
fn random_network(seed: u64) -> (Network, Vec<FlowId>) {
    let mut rng = Rng::new(u128::from(seed));
    let mut network = Network::new(seed);
    let host = |network: &mut Network, name: &str, forward| {
        network.add_host(name, HostSpec { forward, ..HostSpec::default() }).expect("a new name")
    };
    let (a, b, c) =
        (host(&mut network, "a", false), host(&mut network, "b", false), host(&mut network, "c", false));
    let mut before = NodeId::from(a);
    for hop in 0..rng.below(3) {
        let name = format!("hop{hop}");
        let node = if rng.below(2) == 0 {
            host(&mut network, &name, true).into()
        } else {
            network.add_switch(&name).expect("a new name").into()
        };
        let (ab, ba) = (random_link(&mut rng), random_link(&mut rng));
        let link = network.link(before, node, ab, ba).expect("a sound link");
        flap(&mut network, &mut rng, link);
        before = node;
    }
    let (ab, ba) = (random_link(&mut rng), random_link(&mut rng));
    network.link(before, b, ab, ba).expect("a sound link");
    let other = if before == NodeId::from(a) { a } else { b };
    let (ab, ba) = (random_link(&mut rng), random_link(&mut rng));
    network.link(c, other, ab, ba).expect("a sound link");
    let pairs = [[a, b], [b, a], [c, other], [other, c]];
    let flows = (0..2 + rng.below(4)).map(|_| {
        let pair = pairs[rng.below(4) as usize];
        let size = 1 + rng.below(300_000);
        let start = Instant::from_millis(rng.below(2_000));
        let spec = BulkSpec { size: Some(size), start, ..BulkSpec::default() };
        network.bulk(pair[0], pair[1], spec).expect("a sound flow")
    });
    let flows = flows.collect();
    (network, flows)
}

/// Take the carrier away for a while, sometimes.
fn flap(network: &mut Network, rng: &mut Rng, link: LinkId) {
    if rng.below(3) > 0 {
        return;
    }
    let down = Instant::from_millis(rng.below(3_000));
    let up = down + Duration::from_millis(rng.below(2_000));
    for (at, value) in [(down, 0.0), (up, 1.0)] {
        let change = Change::Set("up".to_owned(), value);
        network.schedule(at, link.ab(), change).expect("a sound change");
    }
}

#[test]
fn whatever_happens_transfers_end_intact_or_say_why_not_and_leave_nothing_behind() {
    let mut completed = 0;
    for seed in 0..60 {
        let (mut network, flows) = random_network(seed);
        run(&mut network, Instant::from_secs(900));
        for flow in flows {
            let result = network.flow(flow);
            assert!(result.over, "seed {seed}, {flow:?}: {result:?}");
            assert!(result.intact || result.error.is_some(), "seed {seed}, {flow:?}: {result:?}");
            completed += u32::from(result.completed.is_some());
        }
        for host in 0..network.host_count() as u32 {
            let memory = network.stack(HostId(host)).memory();
            let left = (memory.packets_used, memory.connections, memory.output);
            assert_eq!(left, (0, 0, 0), "seed {seed}, host {host}");
        }
    }
    assert!(completed > 150, "{completed} transfers were completed");
}

#[test]
fn random_networks_repeat_exactly() {
    for seed in 100..105 {
        let outcome = || {
            let (mut network, _) = random_network(seed);
            run(&mut network, Instant::from_secs(60));
            (network.digest(), network.packets(), network.events())
        };
        assert_eq!(outcome(), outcome(), "seed {seed}");
    }
}

#[test]
fn a_network_can_move_to_another_thread() {
    fn movable<T: Send>() {}
    movable::<Network>();
}
