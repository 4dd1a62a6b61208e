//! The memory that all TCP connections of a stack share: what they hold, and when it is short (net.ipv4.tcp_mem).
//!
//! Each connection is charged with what it queues in both directions whenever anything happened to it. Buffers of the
//! pool count too: payload stays in them until it is read, and frames for everybody else come out of the same pool.

use crate::buffer::Pool;
use crate::tcp::Pressure;

/// The unit of net.ipv4.tcp_mem.
const PAGE: u64 = 4_096;

/// What all connections together may hold, in pages of 4096 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TcpMemory {
    /// Below this it is no longer short.
    pub low: u32,
    /// Above this it is short.
    pub pressure: u32,
    /// Above this it is used up.
    pub high: u32,
}

impl Default for TcpMemory {
    /// What Linux chooses on a host of 8 GiB.
    fn default() -> Self {
        Self { low: 98_304, pressure: 131_072, high: 196_608 }
    }
}

/// What they hold.
#[derive(Debug, Default)]
pub(super) struct Budget {
    held: u64,
    pressure: Pressure,
}

impl Budget {
    /// A connection that was charged with `before` holds `now`.
    pub(super) const fn charge(&mut self, before: &mut u32, now: u32) {
        self.held = self.held + now as u64 - *before as u64;
        *before = now;
    }

    /// Bytes held.
    pub(super) const fn held(&self) -> u64 {
        self.held
    }

    pub(super) const fn pressure(&self) -> Pressure {
        self.pressure
    }

    /// Look again. True if memory has just become short.
    pub(super) fn review(&mut self, limits: &TcpMemory, pool: &Pool) -> bool {
        let pages = self.held / PAGE;
        let (used, most) = (pool.in_use(), pool.capacity());
        let before = self.pressure;
        // Some buffers stay for what no connection queues: ARP, ICMP, ACKs.
        self.pressure = if pages > u64::from(limits.high) || used > most / 16 * 15 {
            Pressure::Critical
        } else if pages > u64::from(limits.pressure) || used > most / 4 * 3 {
            Pressure::Short
        } else if before != Pressure::None && (pages > u64::from(limits.low) || used > most / 2) {
            // As on Linux, short until well below what made it short, or it would come and go with every segment
            Pressure::Short
        } else {
            Pressure::None
        };
        before == Pressure::None && self.pressure != Pressure::None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_above_the_mark_until_below_the_low_one() {
        let (limits, pool) = (TcpMemory { low: 1, pressure: 2, high: 4 }, Pool::new(64, 2_016));
        let mut budget = Budget::default();
        let (mut one, mut other) = (0, 0);
        let mut look = |first: u32, second: u32| {
            budget.charge(&mut one, first * 4_096);
            budget.charge(&mut other, second * 4_096);
            assert_eq!(budget.held(), u64::from(first + second) * 4_096);
            (budget.review(&limits, &pool), budget.pressure())
        };
        assert_eq!(look(1, 1), (false, Pressure::None));
        assert_eq!(look(1, 2), (true, Pressure::Short));
        assert_eq!(look(3, 2), (false, Pressure::Critical));
        assert_eq!(look(0, 2), (false, Pressure::Short));
        assert_eq!(look(1, 0), (false, Pressure::None));
    }

    #[test]
    fn an_empty_pool_is_short_memory_too() {
        let (limits, mut pool) = (TcpMemory::default(), Pool::new(64, 2_016));
        let mut budget = Budget::default();
        let mut held = Vec::new();
        let mut seen = Vec::new();
        for _ in 0..64 {
            held.extend(pool.take());
            budget.review(&limits, &pool);
            seen.push(budget.pressure());
        }
        assert_eq!((seen[46], seen[48], seen[62]), (Pressure::None, Pressure::Short, Pressure::Critical));
        held.truncate(10);
        budget.review(&limits, &pool);
        assert_eq!(budget.pressure(), Pressure::None);
    }
}
