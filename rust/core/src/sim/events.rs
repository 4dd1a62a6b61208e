//! What will happen when: the one event queue of a network.
//!
//! Events are taken in the order of (time, order of insertion), so ties are broken the same way on every run. Nothing is
//! ever taken out before its time: who arms an event remembers for when, and ignores one that comes at another time.

use crate::time::Instant;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Something that happens. The numbers are places in the network's lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Event {
    /// A frame reaches the far end of a link's direction.
    Arrive(u32),
    /// The sending end of a direction is free for the next frame.
    Transmit(u32),
    /// A host's next timer is due.
    Timeout(u32),
    /// A frame that a host sent to itself comes back.
    Loopback(u32),
    /// A flow has something to do.
    Traffic(u32),
    /// A scheduled change of a link is due.
    Change(u32),
    /// The caller asked to be woken.
    Wake(u32),
}

/// Ordered by time, then by insertion; the event itself never decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    at: Instant,
    order: u64,
    event: Event,
}

/// All events to come.
#[derive(Debug, Default)]
pub(super) struct EventQueue {
    heap: BinaryHeap<Reverse<Entry>>,
    order: u64,
}

impl EventQueue {
    pub(super) fn push(&mut self, at: Instant, event: Event) {
        self.heap.push(Reverse(Entry { at, order: self.order, event }));
        self.order += 1;
    }

    /// When the next event happens.
    pub(super) fn next(&self) -> Option<Instant> {
        self.heap.peek().map(|Reverse(entry)| entry.at)
    }

    /// The next event, if it happens by `until`.
    pub(super) fn pop(&mut self, until: Instant) -> Option<(Instant, Event)> {
        if self.next()? > until {
            return None;
        }
        self.heap.pop().map(|Reverse(entry)| (entry.at, entry.event))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_come_by_time_and_at_one_time_as_they_were_pushed() {
        let mut queue = EventQueue::default();
        let at = Instant::from_nanos;
        queue.push(at(5), Event::Wake(9));
        queue.push(at(3), Event::Traffic(1));
        queue.push(at(5), Event::Arrive(0));
        queue.push(at(3), Event::Arrive(2));
        assert_eq!(queue.next(), Some(at(3)));
        assert_eq!(queue.pop(at(2)), None);
        let order: Vec<_> = std::iter::from_fn(|| queue.pop(at(9))).map(|(_, event)| event).collect();
        assert_eq!(order, [Event::Traffic(1), Event::Arrive(2), Event::Wake(9), Event::Arrive(0)]);
    }
}
