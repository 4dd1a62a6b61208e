//! What every engine call is given besides its subject.

use super::{Counter, Counters, InterfaceId, Layer, Trace, TraceEvent};
use crate::drops::DropReason;
use crate::rng::Rng;
use crate::time::Instant;

/// Time, randomness and the observers, lent to an engine for one call.
#[derive(Debug)]
pub struct Context<'a> {
    /// The time of this call.
    pub now: Instant,
    /// The interface the packet at hand came in on or leaves by, where there is one.
    pub interface: Option<InterfaceId>,
    /// The stack's seeded generator.
    pub rng: &'a mut Rng,
    /// Where to count.
    pub counters: &'a mut Counters,
    /// Where to trace.
    pub trace: &'a mut Trace,
}

impl Context<'_> {
    /// Count one of `counter`.
    pub fn count(&mut self, counter: Counter) {
        self.counters.count(counter);
    }

    /// Count a dropped packet and, when its layer is watched, trace the rule that dropped it.
    pub fn drop(&mut self, layer: Layer, reason: DropReason) {
        self.counters.drop(self.interface, reason);
        self.emit(layer, || TraceEvent::Drop { reason: reason.name(), protocol: reason.protocol() });
    }

    /// Trace an event; one branch and nothing else when its layer is not watched.
    #[inline]
    pub fn emit(&mut self, layer: Layer, event: impl FnOnce() -> TraceEvent) {
        if self.trace.wants(layer) {
            self.trace.push(self.now, layer, self.interface, event());
        }
    }
}
