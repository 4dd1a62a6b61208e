//! The rate: packets one after the other, each for as long as its bits take.

use super::Impairment;
use crate::time::{Duration, Instant};
use std::collections::VecDeque;

/// The sending end: packets one after the other, at the rate.
#[derive(Debug, Default)]
pub(super) struct Throttle {
    /// When the link is idle.
    idle: Instant,
    /// What was too little for a nanosecond of `idle`: a frame of 64 bytes at 100 Gbit/s lasts 5.12 of them.
    remainder: u128,
    /// Packets that wait or are being sent: when each is through, and its length.
    waiting: VecDeque<(Instant, u64)>,
    waiting_bytes: u64,
}

impl Throttle {
    /// When a packet of `length` bytes is through; `None` when there is no room for it to wait.
    pub(super) fn send(&mut self, now: Instant, length: u64, spec: &Impairment) -> Option<Instant> {
        if spec.rate == 0 {
            return Some(now);
        }
        while let Some((_, length)) = self.waiting.front().filter(|(through, _)| *through <= now) {
            self.waiting_bytes -= length;
            self.waiting.pop_front();
        }
        let packets = self.waiting.len() as u64;
        if (spec.queue_bytes > 0 && self.waiting_bytes + length > spec.queue_bytes)
            || (spec.queue_packets > 0 && packets >= spec.queue_packets)
        {
            return None;
        }
        if self.idle < now {
            (self.idle, self.remainder) = (now, 0);
        }
        let rate = u128::from(spec.rate);
        let total = u128::from(length) * 8 * 1_000_000_000 + self.remainder;
        self.remainder = total % rate;
        self.idle += Duration::from_nanos(u64::try_from(total / rate).unwrap_or(u64::MAX));
        self.waiting.push_back((self.idle, length));
        self.waiting_bytes += length;
        Some(self.idle)
    }
}
