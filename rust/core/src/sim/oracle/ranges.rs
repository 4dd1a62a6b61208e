//! Stretches of sequence space, joined where they touch.

use crate::wire::SeqNumber;

/// Stretches that do not touch each other, in no order. There are few: a receiver's gaps are.
#[derive(Debug, Default)]
pub(super) struct Ranges(Vec<(SeqNumber, SeqNumber)>);

impl Ranges {
    /// Add a stretch.
    pub(super) fn add(&mut self, mut start: SeqNumber, mut end: SeqNumber) {
        if !start.before(end) {
            return;
        }
        self.0.retain(|(left, right)| {
            let apart = right.before(start) || left.after(end);
            if !apart {
                (start, end) = (start.min(*left), end.max(*right));
            }
            apart
        });
        self.0.push((start, end));
    }

    /// The end of the stretch that `seq` lies in.
    pub(super) fn end_of(&self, seq: SeqNumber) -> Option<SeqNumber> {
        let holding = |(left, right): &&(SeqNumber, SeqNumber)| left.at_or_before(seq) && right.after(seq);
        self.0.iter().find(holding).map(|(_, right)| *right)
    }

    /// Keep only the stretch that `seq` lies in, and those behind it.
    pub(super) fn forget_before(&mut self, seq: SeqNumber) {
        self.0.retain(|(_, right)| right.after(seq));
    }
}
