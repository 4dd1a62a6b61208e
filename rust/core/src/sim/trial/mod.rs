//! Random trials: from one seed a network, its faults and its traffic, run to the end under the eyes of the oracle.
//!
//! For some seconds links lose, double, damage, delay and reorder, carriers go and come, MTUs change, and applications change
//! their minds about their sockets; then every fault stops (`heal`), and what is still under way has to come to its end: finish, or report why not. All of it follows from the
//! seed alone, so that a seed which found something is its own reproduction.

mod hosts;
mod links;
mod moments;
mod shape;
mod traffic;

#[cfg(test)]
mod tests;

use super::network::{Network, Stop};
use super::oracle::{Oracle, Rule, Violation};
use super::{DirectionId, FlowId, HostId};
use crate::rng::Rng;
use crate::stack::{Stack, TcpId};
use crate::tcp::Tuple;
use crate::time::{Duration, Instant};

/// A trial that was not run yet.
pub struct Trial {
    /// The network.
    pub network: Network,
    oracle: Oracle,
    moments: Vec<moments::Moment>,
    /// Directions that swallow what is larger than this, even when all else is healed.
    holes: Vec<(DirectionId, usize)>,
}

/// What came of a trial.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The digest over all frames: equal for equal seeds.
    pub digest: u64,
    /// Frames delivered over links.
    pub packets: u64,
    /// Segments judged.
    pub judged: u64,
    /// Flows that were complete, and that failed.
    pub completed: usize,
    /// Those that reported an error instead.
    pub failed: usize,
    /// How long it all took.
    pub lasted: Duration,
    /// What the oracle found.
    pub violations: Vec<Violation>,
}

/// Faults stop at this time at the latest; it is long enough for some timeouts, and short enough for many seeds.
const HEALED: Instant = Instant::from_secs(8);
/// Longer than R2 of any connection (fifteen retries of at most two minutes), and TIME-WAIT after it.
const OVER: Instant = Instant::from_secs(7_200);
/// Events that no trial needs: thousands of segments make some ten thousands.
const EVENTS: u64 = 4_000_000;

/// True once in `of` times.
fn once_in(rng: &mut Rng, of: u64) -> bool {
    rng.below(of) == 0
}

/// One of these.
fn pick<T: Copy>(rng: &mut Rng, of: &[T]) -> T {
    of[rng.below(of.len() as u64) as usize]
}

/// A time up to some milliseconds.
fn millis(rng: &mut Rng, below: u64) -> Duration {
    Duration::from_micros(rng.below(below * 1_000))
}

impl Trial {
    /// The trial of a seed.
    pub fn new(seed: u64) -> Self {
        let mut rng = Rng::new(u128::from(seed) << 64 | 0x0a11);
        let mut network = Network::new(seed);
        let shape = shape::build(&mut network, &mut rng);
        links::upset(&mut network, &mut rng, &shape);
        let holes = links::holes(&mut network, &mut rng, &shape);
        let moments = moments::plan(&network, &mut rng, &shape);
        traffic::add(&mut network, &mut rng, &shape.hosts);
        let oracle = Oracle::watch(&mut network);
        Self { network, oracle, moments, holes }
    }

    /// Run it to its end and judge it.
    pub fn run(self) -> Outcome {
        self.run_keeping().0
    }

    /// The same; also the network, for who wants to see more of it.
    pub fn run_keeping(mut self) -> (Outcome, Network) {
        for moment in std::mem::take(&mut self.moments) {
            self.pass(moment.at);
            moment.apply(&mut self.network);
        }
        self.pass(HEALED);
        self.heal();
        let stuck = !self.pass(OVER);
        self.hang_up();
        let network = &self.network;
        let mut violations = self.oracle.verdict(network);
        if stuck {
            let what = format!("{EVENTS} events and no end: the network does not come to rest");
            let (at, host) = (network.now(), HostId(0));
            violations.push(Violation { at, host, tuple: None, rule: Rule::Liveness, what });
        }
        let flows = || (0..network.flow_count() as u32).map(|id| network.flow(FlowId(id)));
        let outcome = Outcome {
            digest: network.digest(),
            packets: network.packets(),
            judged: self.oracle.judged(),
            completed: flows().filter(|flow| flow.completed.is_some()).count(),
            failed: flows().filter(|flow| flow.error.is_some()).count(),
            lasted: network.now().since(Instant::ZERO),
            violations,
        };
        (outcome, self.network)
    }

    /// Let time pass; false when it did not get there.
    fn pass(&mut self, until: Instant) -> bool {
        while self.network.events() < EVENTS {
            match self.network.run_until(until, EVENTS - self.network.events()) {
                Stop::Reached => return true,
                Stop::Budget => return false,
                Stop::Notice => while self.network.poll_notice().is_some() {},
            }
        }
        false
    }

    /// An application whose peer gave up without its being told waits for ever; here it does not: connections without another
    /// end are aborted, so that what is left then was lost by the stacks.
    fn hang_up(&mut self) {
        let ends = |network: &Network, host: HostId| -> Vec<(TcpId, Tuple)> {
            let stack = network.stack(host);
            let held = stack.tcp_ids().into_iter().filter_map(|id| Some((id, stack.tcp_info(id).ok()?)));
            held.filter(|(_, info)| !info.orphan).map(|(id, info)| (id, info.tuple)).collect()
        };
        let hosts = || (0..self.network.host_count() as u32).map(HostId);
        let all: Vec<Tuple> = hosts()
            .flat_map(|host| {
                let stack = self.network.stack(host);
                stack.tcp_ids().into_iter().filter_map(|id| stack.tcp_tuple(id).ok()).collect::<Vec<_>>()
            })
            .collect();
        for host in hosts().collect::<Vec<_>>() {
            for (id, tuple) in ends(&self.network, host) {
                if !all.contains(&Tuple { local: tuple.remote, remote: tuple.local }) {
                    let abort = |stack: &mut Stack, now| stack.tcp_abort(now, id);
                    self.network.with_stack(host, abort).expect("a connection that is there");
                }
            }
        }
        self.pass(OVER + Duration::from_secs(10));
    }

    /// Every fault stops, of hosts as of links: links carry whatever they are given, at their rate and delay; but a black hole stays one.
    fn heal(&mut self) {
        for host in (0..self.network.host_count() as u32).map(HostId) {
            self.network.with_stack(host, moments::heal);
        }
        for direction in 0..self.network.link_count() as u32 * 2 {
            let direction = DirectionId(direction);
            let hole = self.holes.iter().find(|hole| hole.0 == direction);
            let whole = links::healed(self.network.spec(direction), hole.map_or(1_500, |hole| hole.1));
            let change = super::Change::Spec(Box::new(whole));
            self.network.change(direction, &change).expect("less harm than before");
        }
    }
}
