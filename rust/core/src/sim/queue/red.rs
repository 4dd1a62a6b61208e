//! Random early detection (Floyd and Jacobson, "Random Early Detection Gateways for Congestion Avoidance", 1993), with the
//! "gentle" slope above the upper threshold that Floyd recommends.
//!
//! In fixed point: the average has 16 bits below the byte, probabilities are parts of 2^32.

use super::fifo::Fifo;
use super::{Backlog, Limits, Waiting, mark_or_drop};
use crate::rng::Rng;
use crate::sim::link::{Cause, Gauge};
use crate::time::{Duration, Instant};

/// What RED needs to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RedSpec {
    /// Below this average, in bytes, nothing is dropped.
    pub min_bytes: u64,
    /// At this average the chance has risen to `max_drop`; at twice this average to certainty.
    pub max_bytes: u64,
    /// That chance, in parts per million.
    pub max_drop: u32,
    /// The weight of the newest value in the average is one over two to this power. 9 is the paper's 0.002.
    pub weight_log: u32,
    /// How long a typical packet takes on the link: the average decays by one step for each such time of idleness.
    pub idle_step: Duration,
    /// Mark ECN-capable packets instead of dropping them.
    pub ecn: bool,
}

impl Default for RedSpec {
    /// The paper's proportions for frames of 1514 bytes: 5 and 15 packets, 1 in 50, 1/512; idle steps of 10 Mbit/s.
    fn default() -> Self {
        Self {
            min_bytes: 5 * 1_514,
            max_bytes: 15 * 1_514,
            max_drop: 20_000,
            weight_log: 9,
            idle_step: Duration::from_nanos(1_211_200),
            ecn: false,
        }
    }
}

/// Bits of the average below the byte.
const POINT: u32 = 16;
/// Certainty.
const ONE: u64 = 1 << 32;

/// A queue with random early detection.
#[derive(Debug)]
pub(in crate::sim) struct Red {
    spec: RedSpec,
    fifo: Fifo,
    rng: Rng,
    average: u64,
    /// Packets since the last drop, while the average is between the thresholds.
    count: u64,
    /// Since when nothing waits.
    idle: Option<Instant>,
}

impl Red {
    pub(super) fn new(spec: RedSpec, now: Instant, rng: Rng) -> Self {
        Self { spec, fifo: Fifo::default(), rng, average: 0, count: 0, idle: Some(now) }
    }

    pub(super) fn push(&mut self, now: Instant, waiting: Waiting, limits: &Limits, gauge: &mut Gauge) {
        self.update_average(now);
        let chance = self.chance();
        let waiting = if self.hits(chance) {
            match mark_or_drop(waiting, self.spec.ecn, Cause::Red, gauge) {
                Some(marked) => marked,
                None => return,
            }
        } else {
            waiting
        };
        self.fifo.push(waiting, limits, gauge);
    }

    pub(super) fn pop(&mut self, now: Instant) -> Option<Waiting> {
        let waiting = self.fifo.pop();
        if self.fifo.backlog().packets == 0 && self.idle.is_none() {
            self.idle = Some(now);
        }
        waiting
    }

    pub(super) const fn backlog(&self) -> Backlog {
        self.fifo.backlog()
    }

    pub(super) fn clear(&mut self) -> Vec<Waiting> {
        self.fifo.clear()
    }

    /// The average as a packet comes: one step towards the queue's length, or its decay while nothing waited.
    fn update_average(&mut self, now: Instant) {
        let queue = self.fifo.backlog().bytes << POINT;
        if let Some(since) = self.idle.take() {
            let step = self.spec.idle_step.as_nanos().max(1);
            let keep = ONE - (ONE >> self.spec.weight_log.min(32));
            let factor = power(keep, now.since(since).as_nanos() / step);
            self.average = ((u128::from(self.average) * u128::from(factor)) >> 32) as u64;
        }
        let weight = self.spec.weight_log.min(32);
        if queue >= self.average {
            self.average += (queue - self.average) >> weight;
        } else {
            self.average -= (self.average - queue) >> weight;
        }
    }

    /// The chance that the average gives, before it is spread evenly: p_b of the paper.
    fn chance(&self) -> u64 {
        let average = self.average >> POINT;
        let RedSpec { min_bytes: min, max_bytes: max, .. } = self.spec;
        let most = ONE * u64::from(self.spec.max_drop) / 1_000_000;
        let part = |of: u64, above: u64, width: u64| {
            (u128::from(of) * u128::from(above) / u128::from(width.max(1))) as u64
        };
        match average {
            _ if average < min => 0,
            _ if average < max => part(most, average - min, max - min),
            _ if average < 2 * max => most + part(ONE - most, average - max, max),
            _ => ONE,
        }
    }

    /// Whether the packet is hit. The chance grows with the packets spared since the last hit, so that the distance
    /// between two is even, not geometric: p_a of the paper.
    fn hits(&mut self, chance: u64) -> bool {
        if chance == 0 {
            self.count = 0;
            return false;
        }
        let spent = u128::from(self.count) * u128::from(chance);
        let left = u128::from(ONE).saturating_sub(spent);
        let hit = left == 0 || {
            let scaled = (u128::from(chance) << 32) / left;
            u128::from(self.rng.next_u32()) < scaled
        };
        self.count = if hit { 0 } else { self.count + 1 };
        hit
    }
}

/// `base` (a part of 2^32) to the power of `exponent`.
fn power(mut base: u64, mut exponent: u64) -> u64 {
    let mut result = ONE;
    while exponent > 0 && result > 0 {
        if exponent & 1 == 1 {
            result = ((u128::from(result) * u128::from(base)) >> 32) as u64;
        }
        base = ((u128::from(base) * u128::from(base)) >> 32) as u64;
        exponent >>= 1;
    }
    result
}

#[cfg(test)]
impl Red {
    pub(super) fn set_average(&mut self, bytes: u64) {
        self.average = bytes << POINT;
        self.idle = None;
    }

    pub(super) fn average_bytes(&self) -> u64 {
        self.average >> POINT
    }

    pub(super) fn draw(&mut self) -> bool {
        let chance = self.chance();
        self.hits(chance)
    }
}
