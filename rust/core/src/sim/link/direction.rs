//! One direction of a link: from a frame that is sent to the time at which it arrives.

use super::{CapacityTrace, Capture, Cause, DirectionStats, Gauge, LinkSpec};
use crate::buffer::Packet;
use crate::rng::Rng;
use crate::sim::impair::{Fate, Flight, Verdict, copy_of};
use crate::sim::queue::{Limits, Queue, Waiting};
use crate::sim::{ImpairmentCounters, ImpairmentError};
use crate::time::{Duration, Instant};
use crate::wire::EthernetHeader;

/// Says of a packet, by its number and bytes, whether it is lost.
pub type Predicate = Box<dyn FnMut(u64, &[u8]) -> bool + Send>;

/// When the network has to call again; each at most once until it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::sim) struct Wake {
    /// A frame arrives.
    pub(in crate::sim) arrive: Option<Instant>,
    /// The transmitter is free.
    pub(in crate::sim) transmit: Option<Instant>,
}

/// The sending end: one frame after the other.
#[derive(Debug, Default)]
struct Transmitter {
    /// When it is free.
    free: Instant,
    /// Bytes of the frame being sent until then.
    sending: u64,
    /// What was too little for a nanosecond of `free`: a frame of 64 bytes at 100 Gbit/s lasts 5.12 of them.
    remainder: u64,
    /// With a capacity trace: when it began, and the number of the next opportunity.
    start: Instant,
    next: u64,
    /// A frame that opportunities so far have sent in part, and how many of its bytes are left.
    partial: Option<(Packet, u64)>,
}

/// One direction of a link.
pub(in crate::sim) struct Direction {
    spec: LinkSpec,
    rng: Rng,
    fate: Fate,
    flight: Flight,
    queue: Queue,
    transmitter: Transmitter,
    counters: ImpairmentCounters,
    /// What they were when the counting began.
    counted: ImpairmentCounters,
    pub(in crate::sim) gauge: Gauge,
    pub(in crate::sim) predicate: Option<Predicate>,
    pub(in crate::sim) captures: Vec<Capture>,
    /// What the network was told.
    armed: Wake,
}

impl Direction {
    pub(in crate::sim) fn new(spec: LinkSpec, now: Instant, seed: u128) -> Result<Self, ImpairmentError> {
        spec.check()?;
        let mut rng = Rng::new(seed);
        let mut direction = Self {
            fate: Fate::new(&mut rng),
            flight: Flight::new(&mut rng),
            queue: Queue::new(spec.discipline, now, &mut rng),
            rng,
            spec: LinkSpec::default(),
            transmitter: Transmitter { start: now, ..Transmitter::default() },
            counters: ImpairmentCounters::default(),
            counted: ImpairmentCounters::default(),
            gauge: Gauge::new(now),
            predicate: None,
            captures: Vec::new(),
            armed: Wake::default(),
        };
        direction.apply(now, spec);
        Ok(direction)
    }

    pub(in crate::sim) const fn spec(&self) -> &LinkSpec {
        &self.spec
    }

    /// Do what `spec` says from now on. The frame being sent and those under way are not touched, but by a lost carrier.
    pub(in crate::sim) fn set_spec(&mut self, now: Instant, spec: LinkSpec) -> Result<(), ImpairmentError> {
        spec.check()?;
        self.catch_up(now);
        if spec.discipline != self.spec.discipline {
            let waiting = self.queue.clear();
            self.queue = Queue::new(spec.discipline, now, &mut self.rng);
            let limits = self.limits(now);
            for waiting in waiting {
                self.queue.push(now, waiting, &limits, &mut self.gauge);
            }
        }
        self.apply(now, spec);
        Ok(())
    }

    fn apply(&mut self, now: Instant, mut spec: LinkSpec) {
        spec.impairment.drop_list.sort_unstable();
        if spec.capacity != self.spec.capacity {
            (self.transmitter.start, self.transmitter.next) = (now, 0);
            if let Some((packet, _)) = self.transmitter.partial.take() {
                self.flight.send(&self.spec.impairment, &mut self.counters, now, packet);
            }
        }
        self.spec = spec;
        if !self.spec.up {
            self.cut();
        }
        self.transmit(now);
    }

    /// The carrier is gone, and with it all that waited or was under way.
    fn cut(&mut self) {
        let partial = self.transmitter.partial.take().map(|(packet, _)| packet);
        let lost = self.queue.clear().len() + self.flight.cut().count() + usize::from(partial.is_some());
        (0..lost).for_each(|_| self.gauge.drops.add(Cause::Carrier));
    }

    /// Send a frame.
    pub(in crate::sim) fn offer(&mut self, now: Instant, mut packet: Packet) {
        self.catch_up(now);
        self.gauge.offered_bytes += packet.len() as u64;
        let cause = if !self.spec.up {
            Some(Cause::Carrier)
        } else if packet.len() > self.spec.mtu + EthernetHeader::LEN {
            Some(Cause::Mtu)
        } else {
            None
        };
        if let Some(cause) = cause {
            self.counters.received += 1;
            return self.gauge.drops.add(cause);
        }
        let verdict = self.fate.judge(&self.spec.impairment, &mut self.counters, &mut packet);
        let copy = match verdict {
            Verdict::Lost => return,
            Verdict::Once => None,
            Verdict::Twice => Some(copy_of(&packet)),
        };
        if let Some(predicate) = &mut self.predicate
            && predicate(self.counters.received, packet.whole())
        {
            return self.gauge.drops.add(Cause::Predicate);
        }
        self.carry(now, packet);
        if let Some(copy) = copy {
            self.carry(now, copy);
        }
    }

    fn carry(&mut self, now: Instant, packet: Packet) {
        let under_way = self.flight.len() as u64 + self.queue.backlog().packets;
        if under_way >= self.spec.impairment.limit {
            self.counters.dropped_limit += 1;
            return;
        }
        if self.spec.impairment.rate == 0 && self.spec.capacity.is_none() {
            return self.flight.send(&self.spec.impairment, &mut self.counters, now, packet);
        }
        let limits = self.limits(now);
        self.queue.push(now, Waiting { packet, since: now }, &limits, &mut self.gauge);
        self.transmit(now);
        self.note_queue(now);
    }

    fn limits(&self, now: Instant) -> Limits {
        let spec = &self.spec.impairment;
        let unless_zero = |limit: u64| if limit == 0 { u64::MAX } else { limit };
        let neither = spec.queue_bytes == 0 && spec.queue_packets == 0;
        let packets = if neither { LinkSpec::QUEUE_PACKETS } else { spec.queue_packets };
        let partial = self.transmitter.partial.as_ref().map_or(0, |(_, left)| *left);
        let sending = if now < self.transmitter.free { self.transmitter.sending } else { partial };
        Limits { bytes: unless_zero(spec.queue_bytes), packets: unless_zero(packets), sending }
    }

    /// Let go, each at its time, what waited and was begun by now.
    ///
    /// Between an offer and an arrival nothing depends on it, so that it is done when one of them comes up: an event of its
    /// own for each frame would cost as much as the rest of the link.
    pub(in crate::sim) fn catch_up(&mut self, now: Instant) {
        if self.spec.impairment.rate == 0 || self.spec.capacity.is_some() {
            return;
        }
        while self.transmitter.free <= now && self.queue.backlog().packets > 0 {
            let at = self.transmitter.free;
            self.transmit_one(at);
            self.note_queue(at);
        }
    }

    /// Send what can be sent now.
    fn transmit(&mut self, now: Instant) {
        if self.armed.transmit.is_some_and(|at| at <= now) {
            self.armed.transmit = None;
        }
        if let Some(trace) = self.spec.capacity.clone() {
            return self.use_opportunities(now, &trace);
        }
        while (now >= self.transmitter.free || self.spec.impairment.rate == 0) && self.transmit_one(now) {}
    }

    /// Send the next frame that waits; false when the queue has none.
    fn transmit_one(&mut self, now: Instant) -> bool {
        let Some(waiting) = self.queue.pop(now, &mut self.gauge) else { return false };
        self.gauge.waited(now.since(waiting.since));
        let sent = self.send(now, waiting.packet.len() as u64);
        self.flight.send(&self.spec.impairment, &mut self.counters, sent, waiting.packet);
        true
    }

    /// When a frame of `length` bytes that begins now is through.
    fn send(&mut self, now: Instant, length: u64) -> Instant {
        let rate = self.spec.impairment.rate;
        if rate == 0 {
            return now;
        }
        let transmitter = &mut self.transmitter;
        if transmitter.free < now {
            (transmitter.free, transmitter.remainder) = (now, 0);
        }
        // 65 549 bytes are 5.3e14 billionths of a bit, a rate of 2^53 leaves 9e15: far from 2^64.
        let total = length * 8 * 1_000_000_000 + transmitter.remainder;
        let time = Duration::from_nanos(total / rate);
        transmitter.remainder = total % rate;
        transmitter.free += time;
        transmitter.sending = length;
        self.gauge.busy += time;
        transmitter.free
    }

    /// Use the opportunities of a capacity trace up to now.
    fn use_opportunities(&mut self, now: Instant, trace: &CapacityTrace) {
        let start = self.transmitter.start;
        while self.wants_opportunity() {
            let first = trace.first_from(start, now);
            self.transmitter.next = self.transmitter.next.max(first);
            if trace.time(start, self.transmitter.next) > now {
                break;
            }
            self.transmitter.next += 1;
            self.use_opportunity(now);
        }
    }

    fn wants_opportunity(&self) -> bool {
        self.transmitter.partial.is_some() || self.queue.backlog().packets > 0
    }

    fn use_opportunity(&mut self, now: Instant) {
        let mut budget = CapacityTrace::OPPORTUNITY;
        while budget > 0 {
            let begun = self.transmitter.partial.take().or_else(|| {
                let waiting = self.queue.pop(now, &mut self.gauge)?;
                self.gauge.waited(now.since(waiting.since));
                let length = waiting.packet.len() as u64;
                Some((waiting.packet, length))
            });
            let Some((packet, left)) = begun else { return };
            let used = left.min(budget);
            budget -= used;
            self.gauge.capacity_used += used;
            if used == left {
                self.flight.send(&self.spec.impairment, &mut self.counters, now, packet);
            } else {
                self.transmitter.partial = Some((packet, left - used));
            }
        }
    }

    fn note_queue(&mut self, now: Instant) {
        let backlog = self.queue.backlog();
        self.gauge.note_queue(now, backlog.bytes, backlog.packets, &self.counters);
    }

    /// The sending end's time has come.
    pub(in crate::sim) fn on_transmit(&mut self, now: Instant) {
        self.catch_up(now);
        self.transmit(now);
        self.note_queue(now);
    }

    /// The next frame that has arrived by `now`.
    pub(in crate::sim) fn poll(&mut self, now: Instant) -> Option<Packet> {
        if self.armed.arrive.is_some_and(|at| at <= now) {
            self.armed.arrive = None;
        }
        self.catch_up(now);
        let packet = self.flight.poll(now)?;
        self.counters.delivered += 1;
        self.gauge.delivered_bytes += packet.len() as u64;
        Some(packet)
    }

    /// What has to be armed that is not yet.
    pub(in crate::sim) fn poll_wake(&mut self, now: Instant) -> Wake {
        let mut wake = Wake::default();
        let arrive = self.flight.poll_timeout();
        if let Some(at) = arrive.filter(|at| self.armed.arrive.is_none_or(|armed| *at < armed)) {
            (wake.arrive, self.armed.arrive) = (arrive, Some(at));
        }
        let transmit = self.next_transmission(now);
        if let Some(at) = transmit.filter(|at| self.armed.transmit.is_none_or(|armed| *at < armed)) {
            (wake.transmit, self.armed.transmit) = (transmit, Some(at));
        }
        wake
    }

    fn next_transmission(&self, now: Instant) -> Option<Instant> {
        if !self.wants_opportunity() {
            return None;
        }
        let transmitter = &self.transmitter;
        Some(match &self.spec.capacity {
            Some(trace) => {
                let first = trace.first_from(transmitter.start, now);
                trace.time(transmitter.start, transmitter.next.max(first))
            }
            // What waits arrives behind what is under way, and is begun when that arrives at the latest.
            None if self.flight.comes_before_all_later(&self.spec.impairment) => return None,
            None => transmitter.free,
        })
    }

    /// Whether an event at `now` is one that was armed.
    pub(in crate::sim) fn expects(&self, now: Instant) -> (bool, bool) {
        (self.armed.arrive == Some(now), self.armed.transmit == Some(now))
    }

    /// Begin to count anew: what was under way counts when it arrives. Packets keep their numbers.
    pub(in crate::sim) fn restart_stats(&mut self, now: Instant) {
        self.catch_up(now);
        self.gauge = Gauge::new(now);
        // The frame being sent is of the new time as far as it is sent in it.
        self.gauge.busy = self.transmitter.free.since(now);
        self.counted = self.counters;
    }

    /// What became of the packets.
    pub(in crate::sim) fn stats(&mut self, now: Instant) -> DirectionStats {
        self.catch_up(now);
        let gauge = &self.gauge;
        let counters = &since(&self.counters, &self.counted);
        let elapsed = now.since(gauge.since);
        // What is booked for the frame being sent, but not over yet, is no time spent.
        let busy = gauge.busy.saturating_sub(self.transmitter.free.since(now));
        let share = |part: u64, whole: u64| if whole == 0 { 0.0 } else { part as f64 / whole as f64 };
        let backlog = self.queue.backlog();
        let utilisation = match &self.spec.capacity {
            Some(trace) => {
                let start = self.transmitter.start;
                let passed = trace.first_from(start, now) - trace.first_from(start, gauge.since);
                share(gauge.capacity_used, passed * CapacityTrace::OPPORTUNITY)
            }
            None => share(busy.as_nanos(), elapsed.as_nanos()),
        };
        DirectionStats {
            offered_packets: counters.received,
            offered_bytes: gauge.offered_bytes,
            delivered_packets: counters.delivered,
            delivered_bytes: gauge.delivered_bytes,
            drops: gauge.all_drops(counters),
            marks: gauge.marks,
            duplicated: counters.duplicated,
            reordered: counters.reordered,
            corrupted: counters.corrupted,
            queue_packets: backlog.packets,
            queue_bytes: backlog.bytes,
            queue_bytes_max: gauge.most_bytes,
            queue_delay: gauge.delay.summary(),
            busy,
            utilisation: utilisation.min(1.0),
            throughput: 8e9 * share(gauge.delivered_bytes, elapsed.as_nanos()),
        }
    }
}

/// What was counted between two readings.
const fn since(now: &ImpairmentCounters, then: &ImpairmentCounters) -> ImpairmentCounters {
    ImpairmentCounters {
        received: now.received - then.received,
        delivered: now.delivered - then.delivered,
        dropped: now.dropped - then.dropped,
        dropped_burst: now.dropped_burst - then.dropped_burst,
        dropped_every: now.dropped_every - then.dropped_every,
        dropped_list: now.dropped_list - then.dropped_list,
        dropped_queue: now.dropped_queue - then.dropped_queue,
        dropped_limit: now.dropped_limit - then.dropped_limit,
        duplicated: now.duplicated - then.duplicated,
        reordered: now.reordered - then.reordered,
        corrupted: now.corrupted - then.corrupted,
        not_corrupted: now.not_corrupted - then.not_corrupted,
    }
}

#[cfg(test)]
impl Direction {
    pub(super) fn forget_armed(&mut self) {
        self.armed = Wake::default();
    }
}
