//! A bottleneck with a rate, a delay and a queue, and senders with endless data that share it: segments without numbers.
//!
//! Data is data: what is lost is counted and not sent again, so that nothing but the algorithm decides what happens. An
//! ACK comes for each segment. Three segments delivered behind a gap make it a loss; recovery lasts until something sent
//! after its discovery is delivered, with PRR (RFC 9937) for those that do not repair themselves.

use super::super::{CongestionControl, Control, Kind, Start};
use super::flow::Flow;
use super::{MSS, start};
use crate::rng::Rng;
use crate::time::{Duration, Instant};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Silence after which all is lost.
const TIMEOUT: Duration = Duration::from_secs(1);

/// What loses segments besides a full queue.
#[derive(Debug, Clone, Copy)]
pub(in super::super) enum Loss {
    Never,
    /// Every so many-th segment.
    Every(u64),
    /// So many of a million, by chance.
    Chance(u32),
}

/// The bottleneck.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Path {
    /// Bytes per second.
    pub(in super::super) rate: u64,
    /// Round trip without a queue.
    pub(in super::super) rtt: Duration,
    /// Bytes that may wait.
    pub(in super::super) buffer: u64,
    /// Waiting bytes from which on segments are marked.
    pub(in super::super) mark: Option<u64>,
    pub(in super::super) loss: Loss,
}

impl Path {
    /// So many bits a second, without a bound of the queue.
    pub(in super::super) const fn new(bits: u64, rtt_millis: u64) -> Self {
        let rtt = Duration::from_millis(rtt_millis);
        Self { rate: bits / 8, rtt, buffer: u64::MAX, mark: None, loss: Loss::Never }
    }

    pub(in super::super) const fn bdp(&self) -> u64 {
        self.rate * self.rtt.as_micros() / 1_000_000
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Ack { flow: usize, number: u64, marked: bool },
    Wake(usize),
    Timer(usize),
}

/// The model.
pub(in super::super) struct Model {
    pub(in super::super) now: Instant,
    pub(in super::super) path: Path,
    free_at: Instant,
    pub(in super::super) flows: Vec<Flow>,
    events: BinaryHeap<Reverse<(Instant, u64, Event)>>,
    count: u64,
    sent: u64,
    rng: Rng,
    /// Waiting time of each segment that got through, with the time at which it came.
    pub(in super::super) delays: Vec<(Instant, Duration)>,
    pub(in super::super) drops: u64,
    pub(in super::super) marks: u64,
}

impl Model {
    pub(in super::super) fn new(path: Path) -> Self {
        Self {
            now: Instant::ZERO,
            path,
            free_at: Instant::ZERO,
            flows: Vec::new(),
            events: BinaryHeap::new(),
            count: 0,
            sent: 0,
            rng: Rng::new(7),
            delays: Vec::new(),
            drops: 0,
            marks: 0,
        }
    }

    /// One flow of `kind` from now on.
    pub(in super::super) fn with(mut self, kind: Kind) -> Self {
        self.add(kind, Instant::ZERO, |start| start);
        self
    }

    pub(in super::super) fn add(&mut self, kind: Kind, at: Instant, tune: impl FnOnce(Start) -> Start) {
        let seeded = Start { now: at, ..start() }.seeded(self.flows.len() as u32 + 1);
        self.flows.push(Flow::new(Control::new(kind, tune(seeded)), at));
        let flow = self.flows.len() - 1;
        self.at(at, Event::Wake(flow));
        self.at(at + TIMEOUT, Event::Timer(flow));
    }

    fn at(&mut self, time: Instant, event: Event) {
        self.count += 1;
        self.events.push(Reverse((time, self.count, event)));
    }

    /// Let time pass until `end`.
    pub(in super::super) fn run(&mut self, end: Duration) {
        self.run_while(end, |_| true);
    }

    /// Let time pass until `end`, or as long as `go_on` says.
    pub(in super::super) fn run_while(&mut self, end: Duration, go_on: impl Fn(&Self) -> bool) {
        let end = Instant::ZERO + end;
        while let Some(Reverse((time, _, event))) = self.events.peek().copied()
            && time <= end
            && go_on(self)
        {
            self.events.pop();
            self.now = time;
            match event {
                Event::Ack { flow, number, marked } => self.on_ack(flow, number, marked),
                Event::Wake(flow) => self.send(flow),
                Event::Timer(flow) => self.on_timer(flow),
            }
        }
    }

    /// The application of each flow makes `bytes` more every millisecond, for `millis` of them.
    pub(in super::super) fn trickle(&mut self, bytes: u64, millis: u64) {
        for _ in 0..millis {
            let end = self.now.as_millis() + 1;
            self.run(Duration::from_millis(end));
            self.now = Instant::from_millis(end);
            for index in 0..self.flows.len() {
                let supply = &mut self.flows[index].supply;
                *supply = Some(supply.unwrap_or(0) + bytes);
                self.send(index);
            }
        }
    }

    fn send(&mut self, index: usize) {
        loop {
            let flow = &mut self.flows[index];
            if self.now < flow.start || !flow.may_send() {
                return;
            }
            if flow.control.pacing_rate().is_some() && self.now < flow.next_send {
                if flow.wake_at <= self.now || flow.wake_at > flow.next_send {
                    flow.wake_at = flow.next_send;
                    let at = flow.next_send;
                    self.at(at, Event::Wake(index));
                }
                return;
            }
            let number = flow.depart(self.now);
            self.cross(index, number);
        }
    }

    /// Through the queue, or not.
    fn cross(&mut self, flow: usize, number: u64) {
        self.sent += 1;
        let wait = self.free_at.since(self.now);
        let waiting = u128::from(self.path.rate) * u128::from(wait.as_nanos()) / 1_000_000_000;
        let chance = match self.path.loss {
            Loss::Never => false,
            Loss::Every(count) => self.sent.is_multiple_of(count),
            Loss::Chance(ppm) => self.rng.chance(ppm),
        };
        if chance || waiting + u128::from(MSS) > u128::from(self.path.buffer) {
            self.drops += 1;
            return;
        }
        let marked = self.path.mark.is_some_and(|mark| waiting > u128::from(mark));
        self.marks += u64::from(marked);
        self.delays.push((self.now, wait));
        let takes = Duration::from_nanos(u64::from(MSS) * 1_000_000_000 / self.path.rate);
        self.free_at = self.free_at.max(self.now) + takes;
        self.at(self.free_at + self.path.rtt, Event::Ack { flow, number, marked });
    }

    fn on_ack(&mut self, index: usize, number: u64, marked: bool) {
        let now = self.now;
        self.flows[index].on_ack(now, number, marked);
        self.send(index);
    }

    fn on_timer(&mut self, index: usize) {
        let now = self.now;
        let flow = &mut self.flows[index];
        if flow.flight > 0 && now >= flow.progress + TIMEOUT {
            flow.on_timeout(now);
        }
        let next = flow.progress.max(now - TIMEOUT) + TIMEOUT;
        self.at(if next > now { next } else { now + TIMEOUT }, Event::Timer(index));
        self.send(index);
    }

    /// What waited in the queue from `from` on: the median.
    pub(in super::super) fn median_delay(&self, from: Instant) -> Duration {
        let mut delays: Vec<_> =
            self.delays.iter().filter(|(at, _)| *at >= from).map(|(_, wait)| *wait).collect();
        delays.sort_unstable();
        delays[delays.len() / 2]
    }
}
