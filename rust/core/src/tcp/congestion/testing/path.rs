//! A bottleneck with a rate, a delay and a queue, and senders with endless data that share it: segments without numbers.
//!
//! Data is data: what is lost is counted and not sent again, so that nothing but the algorithm decides what happens. An
//! ACK comes for each segment. Three segments delivered behind a gap make it a loss; recovery lasts until something sent
//! after its discovery is delivered, with PRR (RFC 9937) for those that do not repair themselves.

use super::super::{Acked, CongestionControl, Control, Kind, LostSegment, MAX_WINDOW, RateSample, Start};
use super::{MSS, start};
use crate::rng::Rng;
use crate::time::{Duration, Instant};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

/// Segments delivered behind a gap that make it a loss.
const REORDERING: u64 = 3;
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

/// A segment under way.
#[derive(Debug, Clone, Copy)]
struct Sent {
    at: Instant,
    lost: bool,
    done: bool,
    delivered: u64,
    delivered_at: Instant,
    first_sent: Instant,
    prior_lost: u64,
    in_flight: u32,
}

/// What PRR keeps.
#[derive(Debug, Clone, Copy)]
struct Repair {
    /// Over when this one is delivered.
    end: u64,
    flight: u64,
    delivered: u64,
    out: u64,
}

/// One sender.
pub(in super::super) struct Flow {
    pub(in super::super) control: Control,
    start: Instant,
    under_way: VecDeque<Sent>,
    /// Number of the first of them.
    first: u64,
    flight: u32,
    pub(in super::super) delivered: u64,
    delivered_at: Instant,
    first_sent: Instant,
    pub(in super::super) lost: u64,
    repair: Option<Repair>,
    allowance: u64,
    srtt: Option<Duration>,
    min_rtt: Option<Duration>,
    next_send: Instant,
    wake_at: Instant,
    progress: Instant,
    marked_until: u64,
    pub(in super::super) losses: u32,
    /// The sum of window times nanoseconds, and since when.
    area: u128,
    area_at: Instant,
    area_from: Instant,
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
    path: Path,
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
        self.flows.push(Flow {
            control: Control::new(kind, tune(seeded)),
            start: at,
            under_way: VecDeque::new(),
            first: 0,
            flight: 0,
            delivered: 0,
            delivered_at: at,
            first_sent: at,
            lost: 0,
            repair: None,
            allowance: 0,
            srtt: None,
            min_rtt: None,
            next_send: at,
            wake_at: at,
            progress: at,
            marked_until: 0,
            losses: 0,
            area: 0,
            area_at: at,
            area_from: at,
        });
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

impl Flow {
    fn may_send(&self) -> bool {
        if self.repair.is_some() && !self.control.repairs_itself() {
            return self.allowance >= u64::from(MSS);
        }
        self.flight + MSS <= self.control.window()
    }

    fn depart(&mut self, now: Instant) -> u64 {
        self.control.on_sent(now, self.flight, false);
        if self.flight == 0 {
            (self.first_sent, self.delivered_at) = (now, now);
        }
        self.flight += MSS;
        if let Some(repair) = &mut self.repair {
            repair.out += u64::from(MSS);
            self.allowance = self.allowance.saturating_sub(u64::from(MSS));
        }
        if let Some(rate) = self.control.pacing_rate() {
            let takes = Duration::from_nanos(u64::from(MSS) * 1_000_000_000 / rate);
            self.next_send = self.next_send.max(now) + takes;
        }
        self.under_way.push_back(Sent {
            at: now,
            lost: false,
            done: false,
            delivered: self.delivered,
            delivered_at: self.delivered_at,
            first_sent: self.first_sent,
            prior_lost: self.lost,
            in_flight: self.flight,
        });
        self.first + self.under_way.len() as u64 - 1
    }

    fn on_ack(&mut self, now: Instant, number: u64, marked: bool) {
        let Some(place) = number.checked_sub(self.first) else { return };
        let sent = self.under_way[place as usize];
        self.under_way[place as usize].done = true;
        let flight = self.flight;
        if !sent.lost {
            self.flight -= MSS;
        }
        self.progress = now;
        self.delivered += u64::from(MSS);
        self.delivered_at = now;
        self.first_sent = sent.at;
        let rtt = now.since(sent.at);
        self.srtt = Some(self.srtt.map_or(rtt, |old| old.saturating_sub(old.div(8)) + rtt.div(8)));
        self.min_rtt = Some(self.min_rtt.map_or(rtt, |least| least.min(rtt)));
        let before = self.lost;
        let newest_lost = self.find_losses(place);
        let newly_lost = (self.lost - before) as u32;
        let fast = self.repair.is_some();
        self.account(now, number, flight, newly_lost);
        if marked && number >= self.marked_until && self.repair.is_none() {
            self.marked_until = self.first + self.under_way.len() as u64;
            self.control.on_ecn(now, flight);
        }
        let sample = RateSample {
            delivered: self.delivered,
            prior_delivered: sent.delivered,
            lost: self.lost,
            prior_lost: sent.prior_lost,
            newly_lost,
            sent_in_flight: sent.in_flight,
            interval: sent.at.since(sent.first_sent).max(now.since(sent.delivered_at)),
            app_limited: false,
            newest_lost,
        };
        let fast = fast || self.repair.is_some();
        if !fast || self.control.repairs_itself() {
            self.tell(now, rtt, flight, u32::from(marked) * MSS, fast, sample);
        }
        self.area += u128::from(self.window()) * u128::from(now.since(self.area_at).as_nanos());
        self.area_at = now;
        while self.under_way.front().is_some_and(|sent| sent.done || sent.lost) {
            self.under_way.pop_front();
            self.first += 1;
        }
    }

    fn tell(
        &mut self,
        now: Instant,
        rtt: Duration,
        flight: u32,
        marked: u32,
        fast: bool,
        sample: RateSample,
    ) {
        let window = self.control.window();
        let slow_start = window < self.control.threshold();
        self.control.on_ack(Acked {
            now,
            bytes: MSS,
            marked,
            flight,
            flight_left: self.flight,
            rtt: Some(rtt),
            srtt: self.srtt,
            min_rtt: self.min_rtt,
            limited: flight + MSS > window || (slow_start && flight >= window / 2),
            after_timeout: false,
            in_recovery: fast,
            sample,
        });
    }

    /// The window in force: in fast recovery it is PRR's.
    fn window(&self) -> u64 {
        if self.repair.is_some() && !self.control.repairs_itself() {
            return u64::from(self.flight) + self.allowance;
        }
        self.control.window().into()
    }

    fn find_losses(&mut self, place: u64) -> Option<LostSegment> {
        let mut newest = None;
        let overtaken = place.saturating_sub(REORDERING - 1) as usize;
        for sent in self.under_way.iter_mut().take(overtaken).filter(|sent| !sent.done && !sent.lost) {
            sent.lost = true;
            self.flight -= MSS;
            self.lost += u64::from(MSS);
            newest = Some(LostSegment { sent_in_flight: sent.in_flight, prior_lost: sent.prior_lost });
        }
        newest
    }

    /// Recovery ends, begins, goes on.
    fn account(&mut self, now: Instant, number: u64, flight: u32, newly_lost: u32) {
        if self.repair.is_some_and(|repair| number >= repair.end) {
            self.repair = None;
            self.control.on_recovered(now, self.flight);
        }
        if newly_lost > 0 && self.repair.is_none() {
            self.losses += 1;
            let end = self.first + self.under_way.len() as u64;
            self.repair = Some(Repair { end, flight: flight.into(), delivered: 0, out: 0 });
            self.control.on_loss(now, flight);
        }
        if let Some(repair) = &mut self.repair {
            repair.delivered += u64::from(MSS);
            let (pipe, threshold) = (u64::from(self.flight), u64::from(self.control.threshold()));
            self.allowance = if pipe > threshold {
                (repair.delivered * threshold).div_ceil(repair.flight.max(1)).saturating_sub(repair.out)
            } else {
                let most = repair.delivered.saturating_sub(repair.out).max(MSS.into()) + u64::from(MSS);
                most.min(threshold - pipe)
            };
        }
    }

    fn on_timeout(&mut self, now: Instant) {
        self.control.on_timeout(now, self.flight);
        self.lost += u64::from(self.flight);
        self.flight = 0;
        self.repair = None;
        for sent in self.under_way.iter_mut().filter(|sent| !sent.done) {
            sent.lost = true;
        }
        self.first += self.under_way.len() as u64;
        self.under_way.clear();
        self.progress = now;
    }

    /// Forget what was measured so far.
    pub(in super::super) fn start_measuring(&mut self, now: Instant) {
        (self.area, self.area_at, self.area_from) = (0, now, now);
    }

    /// The mean window over time, in segments.
    pub(in super::super) fn mean_window(&self) -> f64 {
        self.area as f64 / self.area_at.since(self.area_from).as_nanos() as f64 / f64::from(MSS)
    }

    /// Whether its first slow start is over.
    pub(in super::super) fn left_slow_start(&self) -> bool {
        self.control.threshold() < MAX_WINDOW
    }
}
