//! The states and how one leads to the next (draft-ietf-ccwg-bbr 5.3).

use super::bounds::{BETA_TENTHS, UNBOUNDED, inflight_at_loss, is_too_high};
use super::{Acked, Bbr};
use crate::time::{Duration, Instant};

/// Separate holes in one round trip of Startup that tell of a full pipe (BBRStartupFullLossCnt).
const STARTUP_HOLES: u32 = 6;
/// Rounds that Drain may last: a rate that was overestimated would never be drained.
const DRAIN_ROUNDS: u64 = 3;
/// Most round trips between two probes, so that Reno of the same share is not starved (T_reno_bound).
const RENO_ROUNDS: u64 = 63;
/// Least time between two probes, and how much chance adds (T_bbr).
const PROBE_WAIT: Duration = Duration::from_secs(2);
const PROBE_WAIT_SPREAD: Duration = Duration::from_secs(1);
/// How long the path is kept empty at least (ProbeRTTDuration).
const PROBE_RTT_TIME: Duration = Duration::from_millis(200);
/// Doublings of growth after which it is beyond any window.
const MAX_UP_ROUNDS: u32 = 30;

/// A state of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// Twice as fast each round trip.
    Startup,
    /// Half as fast as delivered, until the queue of Startup is gone.
    Drain,
    /// Below the rate: leave room.
    Down,
    /// At the rate.
    Cruise,
    /// At the rate without headroom, for one round trip.
    Refill,
    /// Beyond the rate: is there more?
    Up,
    /// Nearly nothing in flight: how long is the empty path?
    ProbeRtt,
}

impl State {
    //= draft-ietf-ccwg-bbr#5.6.1   pacing gain, percent
    pub(super) const fn pacing_percent(self) -> u64 {
        match self {
            Self::Startup => 277,
            Self::Drain => 50,
            Self::Down => 90,
            Self::Cruise | Self::Refill | Self::ProbeRtt => 100,
            Self::Up => 125,
        }
    }

    //= draft-ietf-ccwg-bbr#5.6.1   cwnd gain, percent
    pub(super) const fn window_percent(self) -> u64 {
        match self {
            Self::Up => 225,
            Self::ProbeRtt => 50,
            _ => 200,
        }
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Startup => "startup",
            Self::Drain => "drain",
            Self::Down => "probe-bw-down",
            Self::Cruise => "probe-bw-cruise",
            Self::Refill => "probe-bw-refill",
            Self::Up => "probe-bw-up",
            Self::ProbeRtt => "probe-rtt",
        }
    }

    pub(super) const fn probes_bandwidth(self) -> bool {
        matches!(self, Self::Startup | Self::Refill | Self::Up)
    }

    pub(super) const fn is_probe_bw(self) -> bool {
        matches!(self, Self::Down | Self::Cruise | Self::Refill | Self::Up)
    }
}

/// What the ACKs that arrive tell of a probe (BBR.ack_phase).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Feedback {
    None,
    Refilling,
    Starting,
    Arriving,
    Stopping,
}

/// A probing cycle.
#[derive(Debug, Clone)]
pub(super) struct Cycle {
    pub(super) feedback: Feedback,
    /// What is delivered now was sent while probing, and no loss of it was answered yet.
    sampling: bool,
    began: Instant,
    wait: Duration,
    rounds_since_up: u64,
    /// The last probe lost too much; the last probe stopped where that one had.
    too_high: bool,
    cautious: bool,
    /// Growth of the long-term bound: bytes acknowledged towards a segment, bytes for a segment, rounds of it.
    up_acked: u64,
    up_per_segment: u64,
    up_rounds: u32,
    /// The round in which Drain began.
    drain_round: u64,
    /// ProbeRTT may end then; `None` while too much is in flight. And whether it lasted a round trip.
    rtt_done_at: Option<Instant>,
    rtt_round_done: bool,
}

impl Cycle {
    pub(super) const fn new() -> Self {
        Self {
            feedback: Feedback::None,
            sampling: false,
            began: Instant::ZERO,
            wait: Duration::ZERO,
            rounds_since_up: 0,
            too_high: false,
            cautious: false,
            up_acked: 0,
            up_per_segment: UNBOUNDED,
            up_rounds: 0,
            drain_round: 0,
            rtt_done_at: None,
            rtt_round_done: false,
        }
    }

    pub(super) const fn on_round(&mut self) {
        self.rounds_since_up += 1;
    }
}

impl Bbr {
    /// Step by step, what an ACK means for the state.
    pub(super) fn advance_state(&mut self, acked: &Acked) {
        self.check_startup(acked);
        self.check_drain(acked);
        self.check_cycle(acked);
        self.min_rtt.on_ack(acked.now, acked.rtt);
        self.check_probe_rtt(acked);
    }

    fn check_startup(&mut self, acked: &Acked) {
        if self.state != State::Startup {
            return;
        }
        let sample = &acked.sample;
        let lost = is_too_high(sample.lost - sample.prior_lost, sample.sent_in_flight.into());
        let long = self.recovery_round.is_some_and(|began| self.rounds > began);
        if self.bounds.round_over && long && lost && self.round_holes >= STARTUP_HOLES {
            //= draft-ietf-ccwg-bbr#5.3.1.3   recovery for a round trip, over 2 % lost in it, in six places: it is full
            self.undo.state = Some(State::Startup);
            self.full.ever = true;
            self.bounds.inflight_long = self.bdp(100).max(self.bounds.inflight_latest);
        }
        if self.full.ever {
            self.state = State::Drain;
            self.cycle.drain_round = self.rounds;
        }
    }

    fn check_drain(&mut self, acked: &Acked) {
        //= draft-ietf-ccwg-bbr#5.3.2   until no queue is left, three rounds at most
        if self.state == State::Drain
            && (u64::from(acked.flight_left) <= self.inflight(100)
                || self.rounds > self.cycle.drain_round + DRAIN_ROUNDS)
        {
            self.start_down(acked.now);
        }
    }

    pub(super) fn start_down(&mut self, now: Instant) {
        self.bounds.forget_signals();
        self.cycle.up_per_segment = UNBOUNDED;
        //= draft-ietf-ccwg-bbr#5.3.3.8.3   chance keeps flows from probing in step
        self.cycle.rounds_since_up = self.rng.below(2);
        self.cycle.wait = PROBE_WAIT + Duration::from_nanos(self.rng.below(PROBE_WAIT_SPREAD.as_nanos()));
        self.cycle.began = now;
        self.cycle.feedback = Feedback::Stopping;
        self.start_round();
        self.state = State::Down;
    }

    fn start_refill(&mut self) {
        self.bounds.forget_short();
        (self.cycle.up_rounds, self.cycle.up_acked) = (0, 0);
        self.cycle.cautious = false;
        self.cycle.feedback = Feedback::Refilling;
        self.start_round();
        self.state = State::Refill;
    }

    fn start_up(&mut self, acked: &Acked) {
        self.cycle.feedback = Feedback::Starting;
        self.start_round();
        self.full.reset(acked.sample.rate().unwrap_or(0));
        self.state = State::Up;
        self.raise_slope();
    }

    //= draft-ietf-ccwg-bbr#5.3.3.9   the steps of ProbeBW
    fn check_cycle(&mut self, acked: &Acked) {
        if !self.full.ever || self.adapt_long_term(acked) {
            return;
        }
        let state = self.state;
        match state {
            State::Down | State::Cruise if self.is_time_to_probe(acked.now) => self.start_refill(),
            State::Down if self.is_time_to_cruise(acked.flight_left) => self.state = State::Cruise,
            State::Refill if self.round_start => {
                self.cycle.sampling = true;
                self.start_up(acked);
            }
            State::Up if self.is_time_to_go_down(acked) => {
                self.cycle.too_high = false;
                self.start_down(acked.now);
            }
            _ => {}
        }
    }

    fn is_time_to_probe(&self, now: Instant) -> bool {
        //= draft-ietf-ccwg-bbr#5.3.3.8.3   two to three seconds, or as often as Reno would with this window
        let reno = (self.target_inflight() / u64::from(self.mss)).min(RENO_ROUNDS);
        now > self.cycle.began + self.cycle.wait || self.cycle.rounds_since_up >= reno
    }

    fn is_time_to_cruise(&self, flight: u32) -> bool {
        //= draft-ietf-ccwg-bbr#5.3.3.1   headroom is free, and no queue is left
        let flight = u64::from(flight);
        flight <= self.bounds.with_headroom(self.mss, self.least_window())
            && flight <= self.quantized(self.volume(self.max_rate.value(), 100))
    }

    fn is_time_to_go_down(&mut self, acked: &Acked) -> bool {
        let bound = self.bounds.inflight_long;
        if self.cycle.too_high && u64::from(acked.flight_left) >= bound {
            //= draft-ietf-ccwg-bbr#5.3.3.6   where the last probe lost too much, this one stops and listens
            self.cycle.cautious = true;
            return true;
        }
        if self.is_window_limited() && u64::from(self.window) >= bound {
            //= draft-ietf-ccwg-bbr#5.3.3.7   the bound, not the path, was the limit
            self.full.reset(acked.sample.rate().unwrap_or(0));
            return false;
        }
        self.full.now
    }

    /// Whether it decided on a state.
    fn adapt_long_term(&mut self, acked: &Acked) -> bool {
        if self.cycle.feedback == Feedback::Starting && self.round_start {
            self.cycle.feedback = Feedback::Arriving;
        }
        if self.cycle.feedback == Feedback::Stopping && self.round_start {
            self.cycle.sampling = false;
            self.cycle.feedback = Feedback::None;
            if self.state.is_probe_bw() && !self.is_limited(&acked.sample) {
                self.max_rate.advance();
            }
            if self.state.is_probe_bw() && self.cycle.cautious && !self.cycle.too_high {
                //= draft-ietf-ccwg-bbr#5.3.3.6   a whole round trip at the bound and little loss: probe on
                self.start_refill();
                return true;
            }
        }
        let sample = &acked.sample;
        let inflight = u64::from(sample.sent_in_flight);
        if !is_too_high(sample.lost - sample.prior_lost, inflight) && self.bounds.inflight_long != UNBOUNDED {
            self.bounds.inflight_long = self.bounds.inflight_long.max(inflight);
            if self.state == State::Up {
                self.probe_upward(acked.bytes);
            }
        }
        false
    }

    fn raise_slope(&mut self) {
        let segments = 1_u64 << self.cycle.up_rounds;
        self.cycle.up_rounds = (self.cycle.up_rounds + 1).min(MAX_UP_ROUNDS);
        self.cycle.up_per_segment = (u64::from(self.window) / segments).max(self.mss.into());
    }

    fn probe_upward(&mut self, bytes: u32) {
        if !self.is_window_limited() || u64::from(self.window) < self.bounds.inflight_long {
            return;
        }
        //= draft-ietf-ccwg-bbr#5.3.3.5   by 1, 2, 4, 8 segments in successive round trips
        self.cycle.up_acked += u64::from(bytes);
        let segments = self.cycle.up_acked / self.cycle.up_per_segment;
        self.cycle.up_acked -= segments * self.cycle.up_per_segment;
        self.bounds.inflight_long += segments * u64::from(self.mss);
        if self.round_start {
            self.raise_slope();
        }
    }

    /// An ACK told of losses, or comes after such as time told of.
    //= draft-ietf-ccwg-bbr#5.5.10.2   while probing, too much loss tells how much in flight is too much
    pub(super) fn on_lost(&mut self, acked: &Acked, newly_lost: u64) {
        let sample = &acked.sample;
        if self.bounds.on_lost(sample.delivered) {
            self.save();
        }
        if !self.cycle.sampling {
            return;
        }
        let (inflight, prior_lost) = match sample.newest_lost {
            Some(lost) => (lost.sent_in_flight, lost.prior_lost),
            None => (sample.sent_in_flight, sample.prior_lost),
        };
        let (inflight, lost) = (u64::from(inflight), sample.lost - prior_lost);
        if is_too_high(lost, inflight) {
            let most = inflight_at_loss(lost, inflight, newly_lost);
            self.end_probe(acked.now, (!self.is_limited(sample)).then_some(most));
        }
    }

    /// The probe went too far, with so much in flight, unless the application was what limited it.
    fn end_probe(&mut self, now: Instant, inflight: Option<u64>) {
        self.cycle.too_high = true;
        self.cycle.sampling = false;
        if let Some(inflight) = inflight {
            self.bounds.inflight_long = inflight.max(self.target_inflight() * BETA_TENTHS / 10);
        }
        if self.state == State::Up {
            self.undo.state = Some(State::Up);
            self.start_down(now);
        }
    }

    /// The peer echoed a mark.
    //= draft-ietf-ccwg-bbr#3.7   a mark is congestion; how to answer it is left open: as too much loss in this round trip
    pub(super) fn on_mark(&mut self, now: Instant, flight: u32) {
        if self.bounds.on_lost(self.delivered) {
            self.save();
        }
        if self.state == State::Startup {
            self.full.ever = true;
            self.bounds.inflight_long = self.bdp(100).max(self.bounds.inflight_latest);
        } else if self.cycle.sampling {
            self.end_probe(now, Some(flight.into()));
        }
    }

    /// Take back what a repair that was none had changed.
    //= draft-ietf-ccwg-bbr#5.5.11.2   bounds no lower than before, and back to the probe that the loss had ended
    pub(super) fn undo_state(&mut self) {
        self.bounds.lost_in_round = false;
        self.full.reset(0);
        self.bounds.rate_short = self.bounds.rate_short.max(self.undo.rate_short);
        self.bounds.inflight_short = self.bounds.inflight_short.max(self.undo.inflight_short);
        self.bounds.inflight_long = self.bounds.inflight_long.max(self.undo.inflight_long);
        match self.undo.state.take() {
            Some(State::Startup) if self.state != State::Startup => {
                self.full.ever = false;
                if self.state != State::ProbeRtt {
                    self.state = State::Startup;
                }
            }
            Some(State::Up) if !matches!(self.state, State::Up | State::ProbeRtt) => self.start_refill(),
            _ => {}
        }
    }

    //= draft-ietf-ccwg-bbr#5.3.4.3   every five seconds, unless a pause emptied the path of itself
    fn check_probe_rtt(&mut self, acked: &Acked) {
        if self.state != State::ProbeRtt && self.min_rtt.due && !self.idle_restart {
            self.save_window();
            self.state = State::ProbeRtt;
            self.cycle.rtt_done_at = None;
            self.cycle.feedback = Feedback::Stopping;
            self.start_round();
            self.limited.start = self.delivered;
        }
        if self.state == State::ProbeRtt {
            self.hold_probe_rtt(acked);
        }
        self.idle_restart &= acked.bytes == 0;
    }

    fn hold_probe_rtt(&mut self, acked: &Acked) {
        //= draft-ietf-ccwg-bbr#5.3.4.3   what is sent now tells of the state, not of the path
        self.limited.end = self.delivered + u64::from(acked.flight_left);
        if self.cycle.rtt_done_at.is_some() {
            self.cycle.rtt_round_done |= self.round_start;
            if self.cycle.rtt_round_done {
                self.end_probe_rtt(acked.now);
            }
        } else if u64::from(acked.flight_left) <= self.probe_rtt_window() {
            self.cycle.rtt_done_at = Some(acked.now + PROBE_RTT_TIME);
            self.cycle.rtt_round_done = false;
            self.start_round();
        }
    }

    /// The path was empty long enough.
    pub(super) fn end_probe_rtt(&mut self, now: Instant) {
        if self.cycle.rtt_done_at.is_none_or(|at| now <= at) {
            return;
        }
        self.min_rtt.looked(now);
        self.window = self.window.max(self.prior_window);
        self.bounds.forget_short();
        if self.full.ever {
            //= draft-ietf-ccwg-bbr#5.3.4.4   a new cycle; its queue is drained already
            self.start_down(now);
            self.state = State::Cruise;
        } else {
            self.state = State::Startup;
        }
    }
}
