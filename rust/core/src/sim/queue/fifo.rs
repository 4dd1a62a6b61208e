//! First in, first out, with a tail that is cut off, and at wish a threshold above which packets are marked.

use super::{Backlog, Limits, Waiting, ecn};
use crate::sim::link::{Cause, Gauge};
use std::collections::VecDeque;

/// A plain queue.
#[derive(Debug, Default)]
pub(in crate::sim) struct Fifo {
    packets: VecDeque<Waiting>,
    backlog: Backlog,
    mark_bytes: u64,
}

impl Fifo {
    pub(super) fn new(mark_bytes: u64) -> Self {
        Self { mark_bytes, ..Self::default() }
    }

    pub(super) fn push(&mut self, mut waiting: Waiting, limits: &Limits, gauge: &mut Gauge) {
        if limits.exceeded(self.backlog.plus(waiting.packet.len())) {
            return gauge.drops.add(Cause::Full);
        }
        //= rfc8257#3.1   the instantaneous queue, with a single threshold
        let above = self.mark_bytes > 0 && self.backlog.bytes + limits.sending > self.mark_bytes;
        if above && ecn::mark(&mut waiting.packet) {
            gauge.marks.add(Cause::Threshold);
        }
        self.append(waiting);
    }

    /// Add without looking at any limit.
    pub(super) fn append(&mut self, waiting: Waiting) {
        self.backlog.add(waiting.packet.len());
        self.packets.push_back(waiting);
    }

    pub(super) fn pop(&mut self) -> Option<Waiting> {
        let waiting = self.packets.pop_front()?;
        self.backlog.sub(waiting.packet.len());
        Some(waiting)
    }

    pub(super) const fn backlog(&self) -> Backlog {
        self.backlog
    }

    pub(super) fn clear(&mut self) -> Vec<Waiting> {
        self.backlog = Backlog::default();
        self.packets.drain(..).collect()
    }
}
