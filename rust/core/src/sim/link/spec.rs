//! What a direction of a link does: plain data, checked before use.

use super::CapacityTrace;
use crate::sim::impairment::ensure;
use crate::sim::queue::Discipline;
use crate::sim::{Impairment, ImpairmentError};
use std::sync::Arc;

/// One direction of a link. The default is as fast as can be and does no harm.
///
/// `impairment` holds what any link does to packets, also rate and queue limits; the rest is what only a simulated one has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkSpec {
    /// Rate, delay, jitter, loss, disorder, damage, and how much may wait. Where neither limit of the queue is set,
    /// [`LinkSpec::QUEUE_PACKETS`] may.
    pub impairment: Impairment,
    /// What is dropped or marked of what waits.
    pub discipline: Discipline,
    /// When the link may send, instead of a rate.
    pub capacity: Option<Arc<CapacityTrace>>,
    /// The largest IP packet that passes; larger ones vanish, as in a black hole for path MTU discovery.
    pub mtu: usize,
    /// Whether there is a carrier. Without one, what is sent, waits or is under way is lost.
    pub up: bool,
}

impl Default for LinkSpec {
    fn default() -> Self {
        Self {
            impairment: Impairment { limit: Self::UNDER_WAY, ..Impairment::default() },
            discipline: Discipline::default(),
            capacity: None,
            mtu: 1_500,
            up: true,
        }
    }
}

impl LinkSpec {
    /// Packets that may wait where no limit is set: Linux's txqueuelen.
    pub const QUEUE_PACKETS: u64 = 1_000;
    /// Packets under way at most, where nobody says otherwise: 10 Gbit/s for 20 s, so that a long fat path with a deep
    /// queue meets its own limits and never this one.
    pub const UNDER_WAY: u64 = 1 << 24;
    /// The MTU below which IPv4 cannot work (RFC 791 3.2), and the largest length of a packet.
    const MTU: std::ops::RangeInclusive<usize> = 68..=65_535;

    /// A link of so many bits per second, and a delay.
    pub fn new(rate: u64, delay: crate::time::Duration) -> Self {
        let mut spec = Self::default();
        (spec.impairment.rate, spec.impairment.delay) = (rate, delay);
        spec
    }

    /// Set a number by name: `mtu`, `up` (0 or 1), or a field of [`Impairment`].
    pub fn set(&mut self, field: &str, value: f64) -> Result<(), ImpairmentError> {
        match field {
            "mtu" => {
                let right = value.fract() == 0.0 && Self::MTU.contains(&(value as usize));
                ensure(right, field, value, "a whole number from 68 to 65535")?;
                self.mtu = value as usize;
            }
            "up" => {
                ensure(value == 0.0 || value == 1.0, field, value, "0 or 1")?;
                self.up = value == 1.0;
            }
            _ => self.impairment.set(field, value)?,
        }
        Ok(())
    }

    /// Check every field, and the fields against each other.
    pub fn check(&self) -> Result<(), ImpairmentError> {
        let mut impairment = self.impairment.clone();
        if self.capacity.is_some() {
            ensure(impairment.rate == 0, "rate", impairment.rate, "0 where a capacity trace is given")?;
            // A trace is a rate, so packets wait.
            impairment.rate = 1;
        } else if impairment.rate == 0 {
            // Limits without a rate say nothing, but a rate may come later.
            (impairment.queue_bytes, impairment.queue_packets) = (0, 0);
        }
        impairment.check()?;
        ensure(Self::MTU.contains(&self.mtu), "mtu", self.mtu, "68 to 65535")?;
        match self.discipline {
            Discipline::Fifo { .. } => Ok(()),
            Discipline::Red(red) => {
                let right = red.min_bytes > 0 && red.max_bytes > red.min_bytes;
                ensure(right, "red.min_bytes", red.min_bytes, "more than 0 and less than red.max_bytes")?;
                ensure(red.max_drop <= 1_000_000, "red.max_drop", red.max_drop, "0 to 1000000 ppm")?;
                ensure(red.weight_log <= 32, "red.weight_log", red.weight_log, "0 to 32")
            }
            Discipline::Codel(codel) => check_codel(&codel),
            Discipline::FqCodel(fq) => {
                ensure(fq.queues > 0, "fq_codel.queues", fq.queues, "1 to 65535")?;
                ensure(fq.quantum > 0, "fq_codel.quantum", fq.quantum, "1 byte or more")?;
                check_codel(&fq.codel)
            }
        }
    }
}

fn check_codel(codel: &crate::sim::queue::CodelSpec) -> Result<(), ImpairmentError> {
    let right = !codel.target.is_zero() && codel.target <= codel.interval;
    let target = format!("{:?}", codel.target);
    ensure(right, "codel.target", target, "more than 0, and no more than codel.interval")?;
    let interval = format!("{:?}", codel.interval);
    ensure(codel.interval.as_nanos() <= u64::from(u32::MAX), "codel.interval", interval, "up to 4 seconds")
}
