//! On and off: a stream that is filled for a while, as fast as TCP takes it or at a rate, and then rests for a while.

use super::stream::{Inlet, Outlet};
use super::{App, Cx, Owner, Record, Role};
use crate::observe::Readiness;
use crate::rng::Rng;
use crate::sim::draw;
use crate::sim::impairment::ensure;
use crate::sim::network::{FlowId, HostId};
use crate::sim::{ImpairmentError, Network};
use crate::stack::SocketId;
use crate::time::{Duration, Instant};
use crate::wire::IpAddress;

/// A stream with pauses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnOffSpec {
    /// How long it sends at a time, in the mean.
    pub on: Duration,
    /// How long it rests, in the mean.
    pub off: Duration,
    /// Both times are exponentially distributed; otherwise they are always the same.
    pub exponential: bool,
    /// Bits of data per second while it sends; 0 for as many as TCP takes.
    pub rate: u64,
    /// When it begins.
    pub start: Instant,
    /// When it ends; `None` for never.
    pub stop: Option<Instant>,
    /// The sender's congestion control, by name.
    pub congestion: Option<String>,
    /// Rows of the trace.
    pub trace_rows: usize,
}

impl Default for OnOffSpec {
    fn default() -> Self {
        Self {
            on: Duration::from_secs(1),
            off: Duration::from_secs(1),
            exponential: true,
            rate: 0,
            start: Instant::ZERO,
            stop: None,
            congestion: None,
            trace_rows: 50_000,
        }
    }
}

/// With a rate, so many bytes are queued at a time: one full segment.
const PIECE: u64 = 1_448;

struct OnOff {
    from: HostId,
    to: HostId,
    address: IpAddress,
    spec: OnOffSpec,
    rng: Rng,
    outlet: Option<Outlet>,
    inlet: Option<Inlet>,
    on: bool,
    /// When it turns.
    turn: Instant,
    /// With a rate: since when it sends, and pieces queued since.
    since: Instant,
    pieces: u64,
    target: u64,
    /// All that was queued, once it has ended.
    sent: u64,
}

impl App for OnOff {
    fn on_timer(&mut self, cx: &mut Cx<'_, '_>) -> Option<HostId> {
        let now = cx.now();
        if cx.record.started.is_none() {
            cx.record.started = Some(now);
            match cx.connect(self.from, self.to, self.address, self.spec.congestion.as_deref(), 0) {
                Ok(id) => self.outlet = Some(Outlet::new(self.from, id, cx.flow.0)),
                Err(error) => cx.finish(Some(error)),
            }
            (self.on, self.turn) = (false, now);
            if let Some(stop) = self.spec.stop {
                cx.wake_at(stop);
            }
        }
        if self.spec.stop.is_some_and(|stop| now >= stop) {
            if let Some(outlet) = self.outlet.take() {
                self.sent = outlet.sent;
                outlet.shut(cx);
            }
            return Some(self.from);
        }
        if now >= self.turn {
            self.turn_over(cx);
        }
        self.fill(cx);
        Some(self.from)
    }

    fn on_ready(&mut self, cx: &mut Cx<'_, '_>, owner: Owner, socket: SocketId, ready: Readiness) {
        let SocketId::Tcp(id) = socket else { return };
        if let Some(error) = cx.error_of(owner.host, id, ready) {
            return cx.fail(owner.host, id, error);
        }
        if owner.role == Role::Client {
            if ready.contains(Readiness::READ_CLOSED) {
                return cx.leave(
                    owner.host,
                    id,
                    self.outlet.as_ref().map_or(self.sent, |outlet| outlet.sent),
                );
            }
            return self.fill(cx);
        }
        let now = cx.now();
        let inlet = self.inlet.get_or_insert_with(|| Inlet::new(owner.host, id, cx.flow.0));
        match inlet.drain(cx, ready) {
            Err(error) => cx.fail(owner.host, id, error),
            Ok(intake) => {
                if intake.bytes > 0 {
                    cx.record.deliver(now, intake.bytes);
                }
                if intake.ended {
                    cx.record.completed = cx.record.last.or(Some(now));
                    cx.finish(None);
                    cx.close(owner.host, id);
                }
            }
        }
    }
}

impl OnOff {
    /// From sending to resting, or back.
    fn turn_over(&mut self, cx: &mut Cx<'_, '_>) {
        self.on = !self.on;
        let mean = if self.on { self.spec.on } else { self.spec.off };
        let factor = if self.spec.exponential { draw::exponential(&mut self.rng) } else { 1.0 };
        // A nanosecond at least, so that time goes on.
        self.turn = cx.now() + draw::scaled(mean, factor).max(Duration::from_nanos(1));
        (self.since, self.pieces) = (cx.now(), 0);
        if self.on {
            cx.record.sent += 1;
        }
        cx.wake_at(self.turn);
    }

    /// Queue what is due by now.
    fn fill(&mut self, cx: &mut Cx<'_, '_>) {
        let Some(outlet) = self.outlet.as_mut().filter(|_| self.on) else { return };
        if self.spec.rate == 0 {
            // What the socket does not take now is not made up for: it is as if it had not been there.
            let _told_by_event = outlet.pump(cx, u64::MAX);
            return;
        }
        let due = |pieces: u64| {
            let bits = u128::from(pieces * PIECE * 8) * 1_000_000_000;
            Duration::from_nanos(u64::try_from(bits / u128::from(self.spec.rate)).unwrap_or(u64::MAX))
        };
        while self.since + due(self.pieces) <= cx.now() {
            self.pieces += 1;
            self.target += PIECE;
            let next = self.since + due(self.pieces);
            if next > cx.now() && next < self.turn {
                cx.wake_at(next);
            }
        }
        let _told_by_event = outlet.pump(cx, self.target);
    }
}

impl Network {
    /// Add a stream with pauses from one host to another.
    pub fn on_off(&mut self, from: HostId, to: HostId, spec: OnOffSpec) -> Result<FlowId, ImpairmentError> {
        let address = self.flow_address(from, to)?;
        Self::check_congestion(spec.congestion.as_deref())?;
        ensure(!spec.on.is_zero(), "on", format!("{:?}", spec.on), "more than 0")?;
        ensure(!spec.off.is_zero(), "off", format!("{:?}", spec.off), "more than 0")?;
        let record = Record::new("on_off", from, to, spec.trace_rows);
        let start = spec.start;
        let app = OnOff {
            from,
            to,
            address,
            spec,
            rng: self.fork_rng(),
            outlet: None,
            inlet: None,
            on: false,
            turn: start,
            since: start,
            pieces: 0,
            target: 0,
            sent: 0,
        };
        Ok(self.add_flow(Box::new(app), record, start))
    }
}
