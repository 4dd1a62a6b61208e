//! What a test lends to an engine: a clock it turns by hand, and observers it looks at afterwards.

use super::{Context, Counter, Counters, InterfaceId, Trace};
use crate::drops::DropReason;
use crate::rng::Rng;
use crate::time::{Duration, Instant};

/// The owner of everything that a [`Context`] borrows.
#[derive(Debug)]
pub(crate) struct Bench {
    pub(crate) now: Instant,
    pub(crate) interface: Option<InterfaceId>,
    pub(crate) rng: Rng,
    pub(crate) counters: Counters,
    pub(crate) trace: Trace,
}

impl Bench {
    /// Repeatable from `seed`; the clock starts well after zero, so that nothing passes by luck.
    pub(crate) fn new(seed: u128) -> Self {
        let now = Instant::from_secs(1_000);
        let (rng, counters, trace) = (Rng::new(seed), Counters::default(), Trace::default());
        Self { now, interface: Some(InterfaceId(1)), rng, counters, trace }
    }

    pub(crate) const fn cx(&mut self) -> Context<'_> {
        let Self { now, interface, rng, counters, trace } = self;
        Context { now: *now, interface: *interface, rng, counters, trace }
    }

    pub(crate) fn advance(&mut self, span: Duration) {
        self.now += span;
    }

    pub(crate) fn drops(&self, reason: DropReason) -> u64 {
        self.counters.drops(reason)
    }

    pub(crate) fn count(&self, counter: Counter) -> u64 {
        self.counters.value(counter)
    }
}
