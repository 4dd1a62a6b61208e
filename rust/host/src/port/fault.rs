//! The fault decorator: the core's impairment engine on both directions of a port, on the stack's clock.

use tapip_core::buffer::Packet;
use tapip_core::rng::Rng;
use tapip_core::sim::{Impairer, Impairment, ImpairmentCounters, ImpairmentError};
use tapip_core::time::Instant;

/// What to do to frames, by direction as the stack sees it.
#[derive(Debug, Clone, Default)]
pub struct FaultSpec {
    /// To frames on their way in; `None` leaves them alone.
    pub inbound: Option<Impairment>,
    /// To frames on their way out; `None` leaves them alone.
    pub outbound: Option<Impairment>,
}

impl FaultSpec {
    /// The same both ways.
    pub fn both(impairment: Impairment) -> Self {
        Self { inbound: Some(impairment.clone()), outbound: Some(impairment) }
    }
}

/// An impairer for each direction that has a specification.
#[derive(Debug)]
pub struct Fault {
    spec: FaultSpec,
    inbound: Option<Impairer>,
    outbound: Option<Impairer>,
    lifted: bool,
}

impl Fault {
    /// One that repeats exactly for the same `seed` and frames.
    pub fn new(spec: FaultSpec, seed: u128) -> Result<Self, ImpairmentError> {
        let mut rng = Rng::new(seed);
        let mut made = |impairment: &Option<Impairment>| {
            let seed = rng.key();
            impairment.clone().map(|impairment| Impairer::new(impairment, seed)).transpose()
        };
        let (inbound, outbound) = (made(&spec.inbound)?, made(&spec.outbound)?);
        Ok(Self { spec, inbound, outbound, lifted: false })
    }

    /// What it does.
    pub const fn spec(&self) -> &FaultSpec {
        &self.spec
    }

    /// What it has done so far: inbound, outbound.
    pub fn counters(&self) -> (ImpairmentCounters, ImpairmentCounters) {
        let counters =
            |impairer: &Option<Impairer>| impairer.as_ref().map(|made| *made.counters()).unwrap_or_default();
        (counters(&self.inbound), counters(&self.outbound))
    }

    /// Let what is held go at once, and every later frame pass.
    pub(crate) const fn lift(&mut self) {
        self.lifted = true;
    }

    pub(super) const fn impairs_inbound(&self) -> bool {
        self.inbound.is_some() && !self.lifted
    }

    pub(super) const fn impairs_outbound(&self) -> bool {
        self.outbound.is_some() && !self.lifted
    }

    pub(super) fn push_inbound(&mut self, now: Instant, packet: Packet) -> usize {
        push(&mut self.inbound, now, packet)
    }

    pub(super) fn push_outbound(&mut self, now: Instant, packet: Packet) -> usize {
        push(&mut self.outbound, now, packet)
    }

    pub(super) fn poll_inbound(&mut self, now: Instant) -> Option<Packet> {
        let now = self.reach(now);
        self.inbound.as_mut()?.poll(now)
    }

    pub(super) fn poll_outbound(&mut self, now: Instant) -> Option<Packet> {
        let now = self.reach(now);
        self.outbound.as_mut()?.poll(now)
    }

    pub(super) fn inbound_due(&self, now: Instant) -> bool {
        due(&self.inbound, self.reach(now))
    }

    pub(super) fn outbound_due(&self, now: Instant) -> bool {
        due(&self.outbound, self.reach(now))
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        let timeout = |impairer: &Option<Impairer>| impairer.as_ref().and_then(Impairer::poll_timeout);
        let first = [timeout(&self.inbound), timeout(&self.outbound)].into_iter().flatten().min();
        if self.lifted { first.map(|_| Instant::ZERO) } else { first }
    }

    /// Up to when frames are let go at `now`.
    const fn reach(&self, now: Instant) -> Instant {
        if self.lifted { Instant::FAR_FUTURE } else { now }
    }
}

/// Push a frame; returns how many that lost.
fn push(impairer: &mut Option<Impairer>, now: Instant, packet: Packet) -> usize {
    let Some(impairer) = impairer else { return 0 };
    let before = lost(impairer.counters());
    impairer.push(now, packet);
    (lost(impairer.counters()) - before) as usize
}

const fn lost(counters: &ImpairmentCounters) -> u64 {
    counters.dropped
        + counters.dropped_every
        + counters.dropped_list
        + counters.dropped_burst
        + counters.dropped_queue
        + counters.dropped_limit
}

fn due(impairer: &Option<Impairer>, now: Instant) -> bool {
    impairer.as_ref().and_then(Impairer::poll_timeout).is_some_and(|at| at <= now)
}
