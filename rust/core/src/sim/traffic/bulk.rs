//! Bulk transfer: as many bytes as TCP lets through, checked one by one at the far end.

use super::stream::{Inlet, Outlet};
use super::{App, Cx, Owner, Record, Role, live};
use crate::observe::Readiness;
use crate::sim::impairment::ensure;
use crate::sim::network::{FlowId, HostId};
use crate::sim::{ImpairmentError, Network};
use crate::stack::{SocketId, SocketOption, TcpId};
use crate::tcp::congestion::Kind;
use crate::time::Instant;
use crate::wire::IpAddress;

/// A bulk transfer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BulkSpec {
    /// Bytes to send; `None` without end.
    pub size: Option<u64>,
    /// When it begins.
    pub start: Instant,
    /// When it stops queueing more, whatever the size.
    pub stop: Option<Instant>,
    /// The sender's congestion control, by name; `None` for the host's own.
    pub congestion: Option<String>,
    /// Options of the sender's socket, set before anything is sent.
    pub options: Vec<(SocketOption, i64)>,
    /// Send the first bytes with the SYN, where a cookie is known and both hosts' knobs allow it (RFC 7413).
    pub fast_open: bool,
    /// Rows of the trace; 0 for none. When they are full, every second one goes.
    pub trace_rows: usize,
}

impl Default for BulkSpec {
    fn default() -> Self {
        // Five megabytes: every change of a short flow, and more than any screen shows of a long one.
        Self {
            size: None,
            start: Instant::ZERO,
            stop: None,
            congestion: None,
            options: Vec::new(),
            fast_open: false,
            trace_rows: 50_000,
        }
    }
}

/// The sender and the receiver of one stream.
struct Bulk {
    from: HostId,
    to: HostId,
    address: IpAddress,
    spec: BulkSpec,
    outlet: Option<Outlet>,
    inlet: Option<Inlet>,
    shut: bool,
}

impl App for Bulk {
    fn on_timer(&mut self, cx: &mut Cx<'_, '_>) -> Option<HostId> {
        if cx.record.started.is_some() {
            // The time to stop.
            self.shut(cx);
            return Some(self.from);
        }
        cx.record.started = Some(cx.now());
        let congestion = self.spec.congestion.as_deref();
        let first = if self.spec.fast_open { self.spec.size.unwrap_or(u64::MAX) } else { 0 };
        match cx.connect_fast([self.from, self.to], self.address, congestion, 0, first) {
            Ok((id, taken)) => self.open(cx, id, taken),
            Err(error) => cx.finish(Some(error)),
        }
        if let Some(stop) = self.spec.stop {
            cx.wake_at(stop);
        }
        Some(self.from)
    }

    fn on_ready(&mut self, cx: &mut Cx<'_, '_>, owner: Owner, socket: SocketId, ready: Readiness) {
        let SocketId::Tcp(id) = socket else { return };
        match owner.role {
            Role::Client => self.on_client(cx, id, ready),
            Role::Server => self.on_server(cx, id, ready),
        }
    }
}

impl Bulk {
    fn open(&mut self, cx: &mut Cx<'_, '_>, id: TcpId, taken: u64) {
        let now = cx.now();
        for (option, value) in &self.spec.options {
            let set = cx.host(self.from).stack.set_option(now, SocketId::Tcp(id), *option, *value);
            if let Err(error) = set {
                return cx.fail(self.from, id, error);
            }
        }
        self.outlet = Some(Outlet { sent: taken, ..Outlet::new(self.from, id, cx.flow.0) });
    }

    fn on_client(&mut self, cx: &mut Cx<'_, '_>, id: TcpId, ready: Readiness) {
        if let Some(error) = cx.error_of(self.from, id, ready) {
            return cx.fail(self.from, id, error);
        }
        if ready.contains(Readiness::READ_CLOSED) {
            // The receiver has everything and closed its side as well.
            let sent = self.outlet.as_ref().map_or(0, |outlet| outlet.sent);
            return cx.leave(self.from, id, sent);
        }
        let Some(outlet) = self.outlet.as_mut().filter(|_| ready.contains(Readiness::WRITABLE)) else {
            return;
        };
        if self.shut {
            return;
        }
        let target = self.spec.size.unwrap_or(u64::MAX);
        if let Err(error) = outlet.pump(cx, target) {
            return cx.fail(self.from, id, error);
        }
        if outlet.sent == target {
            self.shut(cx);
        }
    }

    fn shut(&mut self, cx: &mut Cx<'_, '_>) {
        if let Some(outlet) = &self.outlet
            && !std::mem::replace(&mut self.shut, true)
        {
            outlet.shut(cx);
        }
    }

    fn on_server(&mut self, cx: &mut Cx<'_, '_>, id: TcpId, ready: Readiness) {
        if !ready.intersects(Readiness::READABLE | Readiness::ERROR) {
            return;
        }
        let now = cx.now();
        let inlet = self.inlet.get_or_insert_with(|| Inlet::new(self.to, id, cx.flow.0));
        match inlet.drain(cx, ready) {
            Err(error) => cx.fail(self.to, id, error),
            Ok(intake) => {
                if intake.bytes > 0 {
                    cx.record.deliver(now, intake.bytes);
                }
                if Some(inlet.received) == self.spec.size {
                    cx.record.completed.get_or_insert(now);
                    cx.finish(None);
                }
                if intake.ended {
                    self.end(cx, id);
                }
            }
        }
    }

    /// The sender has shut its side: complete, for all that it had queued until then is here.
    fn end(&self, cx: &mut Cx<'_, '_>, id: TcpId) {
        let sent = self.outlet.as_ref().map_or(0, |outlet| outlet.sent);
        if cx.record.delivered == sent {
            cx.record.completed = cx.record.completed.or(cx.record.last);
        } else {
            cx.record.damaged = true;
        }
        cx.finish(None);
        cx.close(self.to, id);
    }
}

impl Network {
    /// The congestion controls that a flow may name.
    pub fn congestion_controls() -> Vec<&'static str> {
        let mut names = live::congestion_names();
        names.push("newreno");
        names
    }

    /// Check the name of a congestion control.
    pub(super) fn check_congestion(name: Option<&str>) -> Result<(), ImpairmentError> {
        let Some(name) = name else { return Ok(()) };
        let allowed = format!("one of {}", Self::congestion_controls().join(", "));
        ensure(Kind::by_name(name).is_some(), "congestion", name, &allowed)
    }

    /// Add a bulk transfer from one host to another.
    pub fn bulk(&mut self, from: HostId, to: HostId, spec: BulkSpec) -> Result<FlowId, ImpairmentError> {
        let address = self.flow_address(from, to)?;
        Self::check_congestion(spec.congestion.as_deref())?;
        let record = Record::new("bulk", from, to, spec.trace_rows);
        let start = spec.start;
        let app = Bulk { from, to, address, spec, outlet: None, inlet: None, shut: false };
        Ok(self.add_flow(Box::new(app), record, start))
    }
}
