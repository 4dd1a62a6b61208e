//! Controlled delay (RFC 8289): packets are dropped, or marked, as they leave, when all of the last interval waited too long.

use super::fifo::Fifo;
use super::{Backlog, Limits, Waiting, mark_or_drop};
use crate::sim::link::{Cause, Gauge};
use crate::time::{Duration, Instant};

/// What CoDel needs to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodelSpec {
    /// The standing delay that is no harm.
    pub target: Duration,
    /// How long a delay must stand to do harm: about the longest round trip.
    pub interval: Duration,
    /// A backlog of no more than so many bytes is left alone: the largest frame.
    pub floor_bytes: u64,
    /// Mark ECN-capable packets instead of dropping them.
    pub ecn: bool,
}

impl Default for CodelSpec {
    fn default() -> Self {
        //= rfc8289#4.2 4.3   5 ms and 100 ms
        Self {
            target: Duration::from_millis(5),
            interval: Duration::from_millis(100),
            floor_bytes: 1_514,
            ecn: false,
        }
    }
}

/// The control law's memory.
#[derive(Debug, Clone, Default)]
pub(super) struct Controller {
    /// When the delay will have been above the target for an interval.
    first_above: Option<Instant>,
    dropping: bool,
    drop_next: Instant,
    /// Drops since the dropping state was entered.
    count: u64,
    last_count: u64,
}

impl Controller {
    /// The packet that leaves, of those that `next` gives together with the bytes that still wait behind each.
    pub(super) fn pop(
        &mut self,
        now: Instant,
        spec: &CodelSpec,
        gauge: &mut Gauge,
        mut next: impl FnMut() -> Option<(Waiting, u64)>,
    ) -> Option<Waiting> {
        let (mut waiting, mut bad) = self.judge(now, spec, next())?;
        if self.dropping {
            if !bad {
                //= rfc8289#5.5   the delay fell below the target: leave the dropping state
                self.dropping = false;
            }
            while self.dropping && now >= self.drop_next {
                self.count += 1;
                let marked = mark_or_drop(waiting, spec.ecn, Cause::Codel, gauge);
                if marked.is_some() {
                    self.drop_next = control_law(self.drop_next, spec.interval, self.count);
                    return marked;
                }
                (waiting, bad) = self.judge(now, spec, next())?;
                if bad {
                    self.drop_next = control_law(self.drop_next, spec.interval, self.count);
                } else {
                    self.dropping = false;
                }
            }
        } else if bad {
            let marked = mark_or_drop(waiting, spec.ecn, Cause::Codel, gauge);
            self.enter(now, spec);
            return match marked {
                Some(marked) => Some(marked),
                None => self.judge(now, spec, next()).map(|(waiting, _)| waiting),
            };
        }
        Some(waiting)
    }

    /// Begin to drop: where the last bout ended, if that was not long ago.
    fn enter(&mut self, now: Instant, spec: &CodelSpec) {
        self.dropping = true;
        let delta = self.count - self.last_count;
        //= rfc8289#5.5   within 16 intervals the rate of drops that controlled the queue before is still about right
        let lately = now.since(self.drop_next) < spec.interval * 16;
        self.count = if delta > 1 && lately { delta } else { 1 };
        self.drop_next = control_law(now, spec.interval, self.count);
        self.last_count = self.count;
    }

    /// Whether the packet may be dropped: the delay has been above the target for an interval.
    fn judge(
        &mut self,
        now: Instant,
        spec: &CodelSpec,
        next: Option<(Waiting, u64)>,
    ) -> Option<(Waiting, bool)> {
        let Some((waiting, behind)) = next else {
            self.first_above = None;
            // Nothing left to drop: the next packet that waits begins anew.
            self.dropping = false;
            return None;
        };
        if now.since(waiting.since) < spec.target || behind <= spec.floor_bytes {
            self.first_above = None;
            return Some((waiting, false));
        }
        let above = *self.first_above.get_or_insert(now + spec.interval);
        Some((waiting, now >= above))
    }
}

/// The time of the next drop: an interval over the square root of the number of drops so far, to the nanosecond.
pub(super) fn control_law(at: Instant, interval: Duration, count: u64) -> Instant {
    // The square of a 4 s interval in nanoseconds is the largest that 64 bits hold.
    let interval = interval.as_nanos().min(u64::from(u32::MAX));
    at + Duration::from_nanos((interval * interval / count.max(1)).isqrt())
}

/// A queue with controlled delay.
#[derive(Debug)]
pub(in crate::sim) struct Codel {
    spec: CodelSpec,
    fifo: Fifo,
    controller: Controller,
}

impl Codel {
    pub(super) fn new(spec: CodelSpec) -> Self {
        Self { spec, fifo: Fifo::default(), controller: Controller::default() }
    }

    pub(super) fn push(&mut self, waiting: Waiting, limits: &Limits, gauge: &mut Gauge) {
        self.fifo.push(waiting, limits, gauge);
    }

    pub(super) fn pop(&mut self, now: Instant, gauge: &mut Gauge) -> Option<Waiting> {
        let fifo = &mut self.fifo;
        self.controller.pop(now, &self.spec, gauge, || {
            let waiting = fifo.pop()?;
            Some((waiting, fifo.backlog().bytes))
        })
    }

    pub(super) const fn backlog(&self) -> Backlog {
        self.fifo.backlog()
    }

    pub(super) fn clear(&mut self) -> Vec<Waiting> {
        self.fifo.clear()
    }
}
