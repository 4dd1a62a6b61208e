//! Requests and responses on one connection: what is asked again as soon as it was answered, or after a while.

use super::stream::{Inlet, Outlet};
use super::{App, Cx, Owner, Record, Role};
use crate::error::Error;
use crate::observe::Readiness;
use crate::sim::impairment::ensure;
use crate::sim::network::{FlowId, HostId};
use crate::sim::{ImpairmentError, Network};
use crate::stack::{SocketId, TcpId};
use crate::time::{Duration, Instant};
use crate::wire::IpAddress;

/// Requests one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestSpec {
    /// Bytes of a request.
    pub request: u64,
    /// Bytes of a response.
    pub response: u64,
    /// How many requests; `None` without end.
    pub count: Option<u64>,
    /// Between a response and the next request.
    pub think: Duration,
    /// When it begins.
    pub start: Instant,
    /// The client's congestion control, by name.
    pub congestion: Option<String>,
    /// Rows of the trace, and of the list of exchanges.
    pub trace_rows: usize,
}

impl Default for RequestSpec {
    fn default() -> Self {
        Self {
            request: 100,
            response: 10_000,
            count: None,
            think: Duration::ZERO,
            start: Instant::ZERO,
            congestion: None,
            trace_rows: 50_000,
        }
    }
}

/// Streams from the server are told from those of the client by this bit of their salt.
const BACK: u32 = 1 << 31;

/// One end: what it sends, what it reads.
#[derive(Debug, Clone, Copy)]
struct Side {
    outlet: Outlet,
    inlet: Inlet,
    /// Bytes to have been sent.
    target: u64,
}

impl Side {
    const fn new(host: HostId, id: TcpId, out: u32, back: u32) -> Self {
        Self { outlet: Outlet::new(host, id, out), inlet: Inlet::new(host, id, back), target: 0 }
    }
}

struct Requests {
    from: HostId,
    to: HostId,
    address: IpAddress,
    spec: RequestSpec,
    client: Option<Side>,
    server: Option<Side>,
    asked: u64,
    answered: u64,
    /// When the latest request was made.
    since: Instant,
}

impl App for Requests {
    fn on_timer(&mut self, cx: &mut Cx<'_, '_>) -> Option<HostId> {
        if cx.record.started.is_some() {
            self.ask(cx);
            return Some(self.from);
        }
        cx.record.started = Some(cx.now());
        match cx.connect(self.from, self.to, self.address, self.spec.congestion.as_deref(), 0) {
            Ok(id) => self.client = Some(Side::new(self.from, id, cx.flow.0, cx.flow.0 | BACK)),
            Err(error) => cx.finish(Some(error)),
        }
        Some(self.from)
    }

    fn on_ready(&mut self, cx: &mut Cx<'_, '_>, owner: Owner, socket: SocketId, ready: Readiness) {
        let SocketId::Tcp(id) = socket else { return };
        if let Some(error) = cx.error_of(owner.host, id, ready) {
            return cx.fail(owner.host, id, error);
        }
        let served = match owner.role {
            Role::Client => self.on_client(cx, ready),
            Role::Server => self.on_server(cx, id, ready),
        };
        if let Err(error) = served {
            cx.fail(owner.host, id, error);
        }
    }
}

impl Requests {
    fn on_client(&mut self, cx: &mut Cx<'_, '_>, ready: Readiness) -> Result<(), Error> {
        let Some(side) = &mut self.client else { return Ok(()) };
        if self.asked == 0 && ready.contains(Readiness::WRITABLE) {
            side.outlet.no_delay(cx);
            self.ask(cx);
            return Ok(());
        }
        side.outlet.pump(cx, side.target)?;
        if !ready.contains(Readiness::READABLE) {
            return Ok(());
        }
        let intake = side.inlet.drain(cx, ready)?;
        let (now, id) = (cx.now(), side.outlet.id);
        if intake.bytes > 0 {
            cx.record.deliver(now, intake.bytes);
        }
        if side.inlet.received >= self.asked * self.spec.response && self.answered < self.asked {
            self.answered = self.asked;
            cx.record.exchange(self.asked, self.spec.response, self.since, now);
            if Some(self.asked) == self.spec.count {
                cx.record.completed = Some(now);
                cx.finish(None);
                cx.close(self.from, id);
            } else if self.spec.think.is_zero() {
                self.ask(cx);
            } else {
                cx.wake_at(now + self.spec.think);
            }
        }
        Ok(())
    }

    /// Make the next request.
    fn ask(&mut self, cx: &mut Cx<'_, '_>) {
        let Some(side) = self.client.as_mut().filter(|_| self.asked == self.answered) else { return };
        self.asked += 1;
        self.since = cx.now();
        cx.record.sent += 1;
        side.target += self.spec.request;
        // A connection that failed meanwhile says so by an event.
        let _told_by_event = side.outlet.pump(cx, side.target);
    }

    fn on_server(&mut self, cx: &mut Cx<'_, '_>, id: TcpId, ready: Readiness) -> Result<(), Error> {
        let fresh = self.server.is_none();
        let flow = cx.flow.0;
        let side = self.server.get_or_insert_with(|| Side::new(self.to, id, flow | BACK, flow));
        if fresh {
            side.outlet.no_delay(cx);
        }
        if ready.contains(Readiness::READABLE) {
            let intake = side.inlet.drain(cx, ready)?;
            side.target = side.inlet.received / self.spec.request * self.spec.response;
            if intake.ended {
                cx.close(self.to, id);
                return Ok(());
            }
        }
        side.outlet.pump(cx, side.target)
    }
}

impl Network {
    /// Add requests from one host to another.
    pub fn requests(
        &mut self,
        from: HostId,
        to: HostId,
        spec: RequestSpec,
    ) -> Result<FlowId, ImpairmentError> {
        let address = self.flow_address(from, to)?;
        Self::check_congestion(spec.congestion.as_deref())?;
        ensure(spec.request > 0, "request", spec.request, "1 byte or more")?;
        ensure(spec.response > 0, "response", spec.response, "1 byte or more")?;
        ensure(spec.count != Some(0), "count", 0, "1 request or more")?;
        let record = Record::new("requests", from, to, spec.trace_rows);
        let start = spec.start;
        let app = Requests {
            from,
            to,
            address,
            spec,
            client: None,
            server: None,
            asked: 0,
            answered: 0,
            since: Instant::ZERO,
        };
        Ok(self.add_flow(Box::new(app), record, start))
    }
}
