//! CUBIC (RFC 9438): after a cut the window returns along a cubic curve over time to where it was, rests there, and
//! probes beyond; where Reno would be faster, it is as fast as Reno.

use super::curve::{self, Ticks};
use super::hystart::SlowStart;
use super::{Acked, CongestionControl, MAX_WINDOW, Start, worth_resuming};
use crate::time::Instant;

/// What is left of the window after a loss, in tenths (RFC 9438 4.6).
const BETA_TENTHS: u64 = 7;
/// The same after a mark, in hundredths, where marks weigh less (RFC 8511 3.1).
const BETA_ECN_HUNDREDTHS: u64 = 85;
/// alpha_cubic = 3 (1 - beta) / (1 + beta) = 9/17 segments a round trip: with beta 0.7 as fast as Reno on average.
const ALPHA: (u64, u64) = (9, 17);

/// The state of RFC 9438.
#[derive(Debug, Clone)]
pub struct Cubic {
    mss: u32,
    window: u32,
    threshold: u32,
    slow_start: SlowStart,
    ecn_backoff: bool,
    model: Model,
    /// As it was before the last cut.
    before: Before,
}

/// What a cut changes.
#[derive(Debug, Clone)]
struct Before {
    window: u32,
    threshold: u32,
    slow_start: SlowStart,
    model: Model,
}

/// Where the curve lies.
#[derive(Debug, Clone, Copy)]
struct Model {
    /// W_max: the plateau, bytes; 0 before the first loss.
    plateau: u32,
    /// cwnd_prior: the window at the last cut.
    prior: u32,
    /// The next epoch has its plateau where it begins.
    flat: bool,
    epoch: Option<Epoch>,
}

/// One stay in congestion avoidance.
#[derive(Debug, Clone, Copy)]
struct Epoch {
    /// When it began, moved on by all times in which the window was not the limit.
    start: Instant,
    /// The latest ACK or departure after a silence.
    seen: Instant,
    k: Ticks,
    /// W_est: Reno's window, bytes, and a remainder towards its next one.
    reno: u32,
    reno_credit: u64,
    /// Remainder towards the next byte of growth.
    credit: u64,
}

impl Cubic {
    /// Slow start, unless another algorithm left a threshold.
    pub fn new(start: Start) -> Self {
        let Start { mss, window, threshold, ecn_backoff, .. } = start;
        let model = Model { plateau: 0, prior: 0, flat: true, epoch: None };
        let slow_start = SlowStart::new(&start);
        let before = Before { window, threshold, slow_start: slow_start.clone(), model };
        Self { mss, window, threshold, slow_start, ecn_backoff, model, before }
    }

    /// A cut to `numerator`/`denominator` of what is in flight; returns that, unbounded.
    fn cut(&mut self, flight: u32, numerator: u64, denominator: u64) -> u32 {
        self.before = Before {
            window: self.window,
            threshold: self.threshold,
            slow_start: self.slow_start.clone(),
            model: self.model,
        };
        //= rfc9438#4.6   beta of what was in flight, two segments at least
        let rest = (u64::from(flight) * numerator / denominator) as u32;
        self.threshold = rest.max(2 * self.mss);
        //= rfc9438#4.7   fast convergence: who stops short of the old plateau leaves room to others
        self.model.plateau = if self.window < self.model.plateau {
            (u64::from(self.window) * (10 + BETA_TENTHS) / 20) as u32
        } else {
            self.window
        };
        self.model.prior = self.window;
        self.model.flat = false;
        self.model.epoch = None;
        self.slow_start.end();
        rest
    }

    /// Congestion avoidance: `bytes` were acknowledged.
    fn avoid(&mut self, acked: &Acked, bytes: u32) {
        let (window, mss) = (self.window, self.mss);
        let prior = self.model.prior;
        let (epoch, plateau) = self.model.at(acked.now, window, mss);
        let elapsed = acked.now.since(epoch.start);
        let rtt = acked.srtt.unwrap_or_default();
        epoch.grow_reno(bytes, window, prior, mss);
        //= rfc9438#4.3   below what Reno would have: as Reno
        if curve::window_at(Ticks::of(elapsed), epoch.k, plateau, mss) < u64::from(epoch.reno) {
            epoch.credit = 0;
            self.window = window.max(epoch.reno).min(MAX_WINDOW);
            return;
        }
        //= rfc9438#4.2   where the curve will be a round trip from now, at most half as much again
        let most = u64::from(window) + u64::from(window) / 2;
        let target = curve::window_at(Ticks::of(elapsed + rtt), epoch.k, plateau, mss);
        let target = target.clamp(window.into(), most);
        //= rfc9438#4.4   (target - cwnd) / cwnd for each segment acknowledged; the same in the convex part (4.5)
        epoch.credit += (target - u64::from(window)) * u64::from(bytes);
        let growth = epoch.credit / u64::from(window.max(1));
        epoch.credit %= u64::from(window.max(1));
        self.window = window.saturating_add(growth.min(u64::from(MAX_WINDOW)) as u32).min(MAX_WINDOW);
    }
}

impl Model {
    /// The epoch in which congestion avoidance is at `now`, and its plateau.
    fn at(&mut self, now: Instant, window: u32, mss: u32) -> (&mut Epoch, u32) {
        let begins = self.epoch.is_none();
        if begins && (self.flat || window >= self.plateau) {
            //= rfc9438#4.8   after a timeout, and where slow start ended without a loss (4.10): K = 0, from here on
            self.plateau = window;
            self.flat = false;
        }
        let plateau = self.plateau;
        let epoch = self.epoch.get_or_insert_with(|| Epoch {
            start: now,
            seen: now,
            k: curve::time_to_plateau(plateau.saturating_sub(window), mss),
            //= rfc9438#4.3   W_est starts at the window with which the epoch starts
            reno: window,
            reno_credit: 0,
            credit: 0,
        });
        epoch.seen = now;
        (epoch, plateau)
    }

    /// The time since anything was last seen does not count: the window was not what held us back.
    fn pause(&mut self, now: Instant) {
        if let Some(epoch) = &mut self.epoch {
            //= rfc9438#4.2   t leaves out the times in which the window was not updated
            epoch.start = now.min(epoch.start + now.since(epoch.seen));
            epoch.seen = now;
        }
    }
}

impl Epoch {
    /// What Reno would do.
    fn grow_reno(&mut self, bytes: u32, window: u32, prior: u32, mss: u32) {
        //= rfc9438#4.3   alpha_cubic until the loss in growth is made good, from then on 1
        let (alpha, parts) = if self.reno < prior { ALPHA } else { (1, 1) };
        self.reno_credit += u64::from(bytes) * u64::from(mss) * alpha / parts;
        let window = u64::from(window.max(1));
        self.reno = self.reno.saturating_add((self.reno_credit / window) as u32).min(MAX_WINDOW);
        self.reno_credit %= window;
    }
}

impl CongestionControl for Cubic {
    fn window(&self) -> u32 {
        self.window
    }

    fn threshold(&self) -> u32 {
        self.threshold
    }

    fn phase(&self) -> &'static str {
        if self.window < self.threshold {
            return self.slow_start.phase();
        }
        match &self.model.epoch {
            Some(epoch) if self.window <= epoch.reno => "reno-friendly",
            _ if self.window < self.model.plateau => "concave",
            _ => "convex",
        }
    }

    fn on_sent(&mut self, now: Instant, flight: u32, _app_limited: bool) {
        if flight == 0 {
            self.model.pause(now);
        }
    }

    fn on_ack(&mut self, acked: Acked) {
        if !acked.limited {
            self.model.pause(acked.now);
            return;
        }
        let windows = (&mut self.window, &mut self.threshold);
        let Some(bytes) = self.slow_start.grow(&acked, self.mss, windows) else { return };
        self.avoid(&acked, bytes);
    }

    fn on_loss(&mut self, _now: Instant, flight: u32) {
        self.cut(flight, BETA_TENTHS, 10);
        self.window = self.threshold;
    }

    fn on_ecn(&mut self, _now: Instant, flight: u32) {
        let rest = if self.ecn_backoff {
            //= rfc8511#3.1   a mark tells of a short queue, so the cut may be smaller
            self.cut(flight, BETA_ECN_HUNDREDTHS, 100)
        } else {
            self.cut(flight, BETA_TENTHS, 10)
        };
        //= rfc9438#4.6   marks may lead down to one segment
        self.window = rest.max(self.mss);
    }

    fn on_timeout(&mut self, _now: Instant, flight: u32) {
        self.cut(flight, BETA_TENTHS, 10);
        //= rfc9438#4.8   the window as Reno's, the threshold by beta; the next epoch is flat
        self.window = self.mss;
        self.model.flat = true;
    }

    fn on_recovered(&mut self, _now: Instant, _flight: u32) {
        //= rfc9937#6.2   PRR has led there
        self.window = self.threshold;
    }

    fn on_undo(&mut self, _now: Instant) {
        //= rfc9438#4.9.2   unless the window is beyond it already, all as it was before the cut
        if self.window < self.before.window {
            let Before { window, threshold, slow_start, model } = self.before.clone();
            (self.window, self.threshold, self.slow_start, self.model) =
                (window, threshold, slow_start, model);
        }
    }

    fn on_idle(&mut self, initial_window: u32) {
        //= rfc5681#4.1   the ACK clock is gone: start again, but not higher than before
        self.threshold = self.threshold.max(worth_resuming(self.window));
        self.window = self.window.min(initial_window);
        self.model.epoch = None;
    }

    fn on_mss(&mut self, mss: u32) {
        self.mss = mss;
        self.window = self.window.max(mss);
    }
}

#[cfg(test)]
mod tests;
