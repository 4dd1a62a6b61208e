//! BBR version 3 (draft-ietf-ccwg-bbr): a model of the path, how fast it delivers and how long it is, sets the rate and the
//! window; loss corrects the model, and is not itself the signal.
//!
//! ```text
//! bandwidth   max_bw, and whether it still grows        bounds   what loss says of volume and rate
//! delay       min_rtt, ACK aggregation                  cycle    the states, and the steps between them
//! ```
//!
//! Written after the draft as of August 2026 (4ce5e87 in its repository); the names in comments are the draft's. What
//! `is_window_limited` and the samples of ProbeRTT need is kept here and not asked of the sender.

mod bandwidth;
mod bounds;
mod cycle;
mod delay;

use super::rounds::Rounds;
use super::{Acked, CongestionControl, MAX_WINDOW, RateSample, Start};
use crate::rng::Rng;
use crate::time::{Duration, Instant};
use bandwidth::{FullPipe, MaxRate};
use bounds::{Bounds, UNBOUNDED};
use cycle::{Cycle, State};
use delay::{Aggregation, MinRtt, volume};

/// Segments that keep a receiver's delayed ACKs coming (MinPipeCwnd).
const MIN_PIPE: u64 = 4;
/// Sent below the estimate, so that queues drain over time (PacingMarginPercent).
const PACING_PERCENT: u64 = 99;
/// Bounds of what leaves at once: a millisecond's worth between two segments and what one unit can carry.
const QUANTUM: (Duration, u64, u64) = (Duration::from_millis(1), 2, 64 << 10);
/// Quanta that are somewhere between the two hosts and not on the path (offload_budget).
const OFFLOAD_QUANTA: u64 = 3;
/// Round trip that a first rate assumes where none was measured.
const FIRST_RTT: Duration = Duration::from_millis(1);

/// The state of the draft.
#[derive(Debug, Clone)]
pub struct Bbr {
    mss: u32,
    initial_window: u32,
    window: u32,
    /// The window before recovery or ProbeRTT, and what else a mistaken repair gives back.
    prior_window: u32,
    undo: Undo,
    /// Bytes per second; and whether a round trip was measured to found it on.
    pacing_rate: u64,
    founded: bool,
    state: State,
    cycle: Cycle,
    rng: Rng,
    round: Rounds,
    round_start: bool,
    rounds: u64,
    delivered: u64,
    /// Lost, as far as it was answered.
    lost: u64,
    max_rate: MaxRate,
    full: FullPipe,
    min_rtt: MinRtt,
    aggregation: Aggregation,
    bounds: Bounds,
    /// Holes in the round trip that just ended.
    round_holes: u32,
    /// The round in which a repair began that still goes on; and whether it is one after a timeout.
    recovery_round: Option<u64>,
    after_timeout: bool,
    idle_restart: bool,
    /// What was sent while this much was delivered tells of ProbeRTT.
    limited: Limited,
    /// The window was full in this round trip, and in the last.
    window_full: (bool, bool),
}

/// What a mistaken repair gives back.
#[derive(Debug, Clone, Copy)]
struct Undo {
    state: Option<State>,
    rate_short: u64,
    inflight_short: u64,
    inflight_long: u64,
}

#[derive(Debug, Clone, Copy)]
struct Limited {
    start: u64,
    end: u64,
}

impl Bbr {
    /// Startup, from whatever window there is.
    pub fn new(start: Start) -> Self {
        let mut bbr = Self {
            mss: start.mss,
            initial_window: start.window,
            window: start.window,
            prior_window: 0,
            undo: Undo { state: None, rate_short: 0, inflight_short: 0, inflight_long: 0 },
            pacing_rate: 0,
            founded: false,
            state: State::Startup,
            cycle: Cycle::new(),
            rng: Rng::new(start.seed.into()),
            round: Rounds::default(),
            round_start: false,
            rounds: 0,
            delivered: 0,
            lost: 0,
            max_rate: MaxRate::default(),
            full: FullPipe::default(),
            min_rtt: MinRtt::new(start.now, start.rtt),
            aggregation: Aggregation::new(start.now),
            bounds: Bounds::new(),
            round_holes: 0,
            recovery_round: None,
            after_timeout: false,
            idle_restart: false,
            limited: Limited { start: UNBOUNDED, end: 0 },
            window_full: (false, false),
        };
        bbr.found_rate(start.rtt);
        bbr
    }

    //= draft-ietf-ccwg-bbr#5.6.2   the first rate: the first window in the first round trip, with Startup's gain
    fn found_rate(&mut self, rtt: Option<Duration>) {
        self.founded = rtt.is_some();
        let nanos = u128::from(rtt.unwrap_or(FIRST_RTT).as_nanos().max(1));
        let rate = u128::from(self.initial_window) * 1_000_000_000 / nanos;
        self.pacing_rate = (rate * u128::from(State::Startup.pacing_percent()) / 100) as u64;
    }

    /// BBR.bw: what the path delivers, as far as loss lets us believe it.
    fn rate(&self) -> u64 {
        self.max_rate.value().min(self.bounds.rate_short)
    }

    /// `percent` of what `rate` delivers in the least round trip.
    fn volume(&self, rate: u64, percent: u64) -> u64 {
        match self.min_rtt.value() {
            Some(rtt) => volume(rate, rtt).saturating_mul(percent) / 100,
            None => self.initial_window.into(),
        }
    }

    /// `percent` of the bandwidth-delay product.
    fn bdp(&self, percent: u64) -> u64 {
        self.volume(self.rate(), percent)
    }

    fn least_window(&self) -> u64 {
        MIN_PIPE * u64::from(self.mss)
    }

    //= draft-ietf-ccwg-bbr#5.6.3   a millisecond's worth
    fn quantum(&self) -> u64 {
        let (time, segments, most) = QUANTUM;
        volume(self.pacing_rate, time).min(most).max(segments * u64::from(self.mss))
    }

    //= draft-ietf-ccwg-bbr#5.6.4.2   room for what is being gathered or not acknowledged yet
    fn quantized(&self, bytes: u64) -> u64 {
        let bytes = bytes.max(OFFLOAD_QUANTA * self.quantum()).max(self.least_window());
        if self.state == State::Up { bytes + 2 * u64::from(self.mss) } else { bytes }
    }

    /// What in flight makes `percent` of the bandwidth-delay product, quanta included.
    fn inflight(&self, percent: u64) -> u64 {
        self.quantized(self.bdp(percent))
    }

    fn target_inflight(&self) -> u64 {
        self.bdp(100).min(self.window.into())
    }

    fn probe_rtt_window(&self) -> u64 {
        self.bdp(State::ProbeRtt.window_percent()).max(self.least_window())
    }

    fn is_window_limited(&self) -> bool {
        self.window_full.0 || self.window_full.1
    }

    /// Whether a sample tells of the application, or of ProbeRTT, and not of the path.
    fn is_limited(&self, sample: &RateSample) -> bool {
        let sent_at = sample.prior_delivered;
        sample.app_limited || (self.limited.start <= sent_at && sent_at <= self.limited.end)
    }

    fn start_round(&mut self) {
        self.round.restart(self.delivered);
    }

    fn count_round(&mut self, acked: &Acked) {
        self.delivered = acked.sample.delivered;
        self.round_start = self.round.passed(&acked.sample);
        if self.round_start {
            self.rounds += 1;
            self.cycle.on_round();
            self.window_full = (false, self.window_full.0);
        }
        self.window_full.0 |= acked.flight.saturating_add(self.mss) > self.window;
    }

    //= draft-ietf-ccwg-bbr#5.2.3   the model, in the draft's order
    fn update_model(&mut self, acked: &Acked) {
        let sample = &acked.sample;
        self.bounds.observe(sample);
        self.count_round(acked);
        let limited = self.is_limited(sample);
        if let Some(rate) = sample.rate() {
            self.max_rate.sample(rate, limited);
        }
        if self.bounds.round_over {
            if self.bounds.lost_in_round && !self.state.probes_bandwidth() {
                self.bounds.adapt(self.max_rate.value(), self.window);
            }
            self.round_holes = self.bounds.holes;
            self.bounds.next_round();
        }
        let rounds = (self.rounds, self.full.ever);
        self.aggregation.on_ack(acked.now, acked.bytes, self.rate(), self.window, rounds);
        if self.round_start {
            self.full.on_round(sample, limited);
        }
    }

    /// A repair after a timeout has no other end than that ACKs no longer speak of it.
    fn watch_repair(&mut self, acked: &Acked) {
        if self.after_timeout && !acked.after_timeout {
            self.end_repair();
        }
    }

    fn end_repair(&mut self) {
        //= draft-ietf-ccwg-bbr#5.6.4.4   back to the window before it; the model's bounds apply with the next ACK
        self.window = self.window.max(self.prior_window);
        (self.recovery_round, self.after_timeout) = (None, false);
    }

    fn save_window(&mut self) {
        let kept = if self.recovery_round.is_some() || self.state == State::ProbeRtt {
            self.prior_window
        } else {
            0
        };
        self.prior_window = self.window.max(kept);
    }

    //= draft-ietf-ccwg-bbr#5.5.11.1   what a mistaken repair gives back
    fn save(&mut self) {
        self.save_window();
        self.undo = Undo {
            state: None,
            rate_short: self.bounds.rate_short,
            inflight_short: self.bounds.inflight_short,
            inflight_long: self.bounds.inflight_long,
        };
    }

    //= draft-ietf-ccwg-bbr#5.6.2   the rate falls only once the pipe was full
    fn set_pacing_rate(&mut self, percent: u64) {
        let rate = u128::from(self.rate()) * u128::from(percent * PACING_PERCENT) / 10_000;
        let rate = u64::try_from(rate).unwrap_or(u64::MAX);
        if self.full.ever || rate > self.pacing_rate {
            self.pacing_rate = rate.max(1);
        }
    }

    //= draft-ietf-ccwg-bbr#5.6.4.6   up by what was acknowledged, down at once
    fn set_window(&mut self, acked: &Acked) {
        let most = self.bdp(self.state.window_percent()).saturating_add(self.aggregation.value());
        let most = self.quantized(most);
        let mut window = u64::from(self.window);
        if self.full.ever {
            window = (window + u64::from(acked.bytes)).min(most);
        } else if window < most || self.delivered < u64::from(self.initial_window) {
            window += u64::from(acked.bytes);
        }
        window = window.max(self.least_window());
        if self.state == State::ProbeRtt {
            window = window.min(self.probe_rtt_window());
        }
        window = window.min(self.bound()).min(u64::from(MAX_WINDOW));
        self.window = window as u32;
    }

    //= draft-ietf-ccwg-bbr#5.6.4.7   what loss allows, by state
    fn bound(&self) -> u64 {
        let long = match self.state {
            State::Cruise | State::ProbeRtt => self.bounds.with_headroom(self.mss, self.least_window()),
            State::Down | State::Refill | State::Up => self.bounds.inflight_long,
            State::Startup | State::Drain => UNBOUNDED,
        };
        long.min(self.bounds.inflight_short).max(self.least_window())
    }
}

impl CongestionControl for Bbr {
    fn window(&self) -> u32 {
        self.window
    }

    /// The pipe was never full: none. Otherwise the window itself, for whoever takes over.
    fn threshold(&self) -> u32 {
        if self.full.ever { self.window } else { MAX_WINDOW }
    }

    fn pacing_rate(&self) -> Option<u64> {
        Some(self.pacing_rate)
    }

    fn repairs_itself(&self) -> bool {
        true
    }

    fn phase(&self) -> &'static str {
        self.state.name()
    }

    //= draft-ietf-ccwg-bbr#5.4.1   after a pause at the very rate, and without aggregation from before it
    fn on_sent(&mut self, now: Instant, flight: u32, app_limited: bool) {
        if flight > 0 || !app_limited {
            return;
        }
        self.idle_restart = true;
        self.aggregation.restart(now);
        if self.state.is_probe_bw() {
            self.set_pacing_rate(100);
        } else if self.state == State::ProbeRtt {
            self.end_probe_rtt(now);
        }
    }

    fn on_ack(&mut self, acked: Acked) {
        if !self.founded && acked.rtt.is_some() {
            self.found_rate(acked.rtt);
        }
        self.watch_repair(&acked);
        self.delivered = acked.sample.delivered;
        // Losses found by a timer come with the next ACK.
        let newly_lost = acked.sample.lost.saturating_sub(self.lost);
        self.lost = acked.sample.lost;
        if newly_lost > 0 {
            self.on_lost(&acked, newly_lost);
        }
        self.update_model(&acked);
        self.advance_state(&acked);
        self.bounds.advance(&acked.sample);
        self.set_pacing_rate(self.state.pacing_percent());
        self.set_window(&acked);
    }

    fn on_loss(&mut self, _now: Instant, _flight: u32) {
        self.save();
        self.recovery_round = Some(self.rounds);
    }

    fn on_ecn(&mut self, now: Instant, flight: u32) {
        self.on_mark(now, flight);
    }

    fn on_timeout(&mut self, _now: Instant, _flight: u32) {
        self.save();
        //= draft-ietf-ccwg-bbr#5.6.4.4   nothing counts as in flight, and one segment may go
        self.window = self.mss;
        (self.recovery_round, self.after_timeout) = (Some(self.rounds), true);
    }

    fn on_recovered(&mut self, _now: Instant, _flight: u32) {
        self.end_repair();
    }

    fn on_undo(&mut self, _now: Instant) {
        self.end_repair();
        self.undo_state();
    }

    fn on_idle(&mut self, _initial_window: u32) {
        //= draft-ietf-ccwg-bbr#5.4.1   the window stays: pacing keeps the first flight from being a burst
    }

    fn on_mss(&mut self, mss: u32) {
        self.mss = mss;
        self.window = self.window.max(mss);
    }
}

#[cfg(test)]
mod tests;
