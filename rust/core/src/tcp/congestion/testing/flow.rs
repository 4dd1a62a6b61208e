//! A sender of the model: segments without numbers, the delivery rate, losses by what overtook them, PRR.

use super::super::{Acked, CongestionControl, Control, LostSegment, MAX_WINDOW, RateSample};
use super::MSS;
use crate::time::{Duration, Instant};
use std::collections::VecDeque;

/// Segments delivered behind a gap that make it a loss.
const REORDERING: u64 = 3;

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
    app_limited: bool,
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
    pub(super) start: Instant,
    under_way: VecDeque<Sent>,
    /// Number of the first of them.
    first: u64,
    pub(super) flight: u32,
    pub(in super::super) delivered: u64,
    delivered_at: Instant,
    first_sent: Instant,
    pub(in super::super) lost: u64,
    repair: Option<Repair>,
    allowance: u64,
    /// Bytes that the application has ready; `None` for an endless supply.
    pub(in super::super) supply: Option<u64>,
    /// Samples tell of the application until this much is delivered; 0 for none.
    limited_until: u64,
    srtt: Option<Duration>,
    min_rtt: Option<Duration>,
    pub(super) next_send: Instant,
    pub(super) wake_at: Instant,
    pub(super) progress: Instant,
    marked_until: u64,
    pub(in super::super) losses: u32,
    /// The sum of window times nanoseconds, and since when.
    area: u128,
    area_at: Instant,
    area_from: Instant,
}

impl Flow {
    pub(super) fn new(control: Control, at: Instant) -> Self {
        Self {
            control,
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
            supply: None,
            limited_until: 0,
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
        }
    }

    pub(super) fn may_send(&mut self) -> bool {
        if self.supply.is_some_and(|supply| supply < u64::from(MSS)) {
            if self.flight + MSS <= self.control.window() {
                self.limited_until = (self.delivered + u64::from(self.flight)).max(1);
            }
            return false;
        }
        if self.repair.is_some() && !self.control.repairs_itself() {
            return self.allowance >= u64::from(MSS);
        }
        self.flight + MSS <= self.control.window()
    }

    pub(super) fn depart(&mut self, now: Instant) -> u64 {
        let app_limited = self.limited_until != 0;
        self.control.on_sent(now, self.flight, app_limited);
        if let Some(supply) = &mut self.supply {
            *supply -= u64::from(MSS);
        }
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
            app_limited,
        });
        self.first + self.under_way.len() as u64 - 1
    }

    pub(super) fn on_ack(&mut self, now: Instant, number: u64, marked: bool) {
        let Some(place) = number.checked_sub(self.first) else { return };
        let sent = self.under_way[place as usize];
        self.under_way[place as usize].done = true;
        let flight = self.flight;
        if !sent.lost {
            self.flight -= MSS;
        }
        self.progress = now;
        self.delivered += u64::from(MSS);
        if self.delivered > self.limited_until {
            self.limited_until = 0;
        }
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
            app_limited: sent.app_limited,
            newest_lost,
        };
        let fast = fast || self.repair.is_some();
        self.control.on_marks(u32::from(marked) * MSS);
        self.control.on_delivery(MSS, &sample);
        if !fast || self.control.repairs_itself() {
            self.tell(now, rtt, flight, fast, sample);
        }
        self.area += u128::from(self.window()) * u128::from(now.since(self.area_at).as_nanos());
        self.area_at = now;
        while self.under_way.front().is_some_and(|sent| sent.done || sent.lost) {
            self.under_way.pop_front();
            self.first += 1;
        }
    }

    fn tell(&mut self, now: Instant, rtt: Duration, flight: u32, fast: bool, sample: RateSample) {
        let window = self.control.window();
        let slow_start = window < self.control.threshold();
        self.control.on_ack(Acked {
            now,
            bytes: MSS,
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

    pub(super) fn on_timeout(&mut self, now: Instant) {
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
