//! Bulk transfer: as many bytes as TCP lets through, checked one by one at the far end.

use super::{App, Cx, Record, Role, live};
use crate::error::Error;
use crate::observe::Readiness;
use crate::sim::impairment::ensure;
use crate::sim::network::{FlowId, HostId};
use crate::sim::{ImpairmentError, Network};
use crate::stack::{SocketId, TcpId};
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
    /// Rows of the trace; 0 for none. When they are full, every second one goes.
    pub trace_rows: usize,
}

impl Default for BulkSpec {
    fn default() -> Self {
        // Five megabytes: every change of a short flow, and more than any screen shows of a long one.
        Self { size: None, start: Instant::ZERO, stop: None, congestion: None, trace_rows: 50_000 }
    }
}

/// The sender and the receiver of one stream.
pub(super) struct Bulk {
    from: HostId,
    to: HostId,
    address: IpAddress,
    spec: BulkSpec,
    client: Option<TcpId>,
    sent: u64,
    shut: bool,
}

impl App for Bulk {
    fn on_timer(&mut self, cx: &mut Cx<'_, '_>) -> Option<HostId> {
        if self.client.is_some() {
            // The time to stop.
            self.stop(cx);
            return Some(self.from);
        }
        cx.record.started = Some(cx.now());
        match cx.connect(self.from, self.to, self.address, self.spec.congestion.as_deref()) {
            Ok(id) => self.client = Some(id),
            Err(error) => cx.finish(Some(error)),
        }
        if let Some(stop) = self.spec.stop {
            cx.wake_at(stop);
        }
        Some(self.from)
    }

    fn on_ready(
        &mut self,
        cx: &mut Cx<'_, '_>,
        host: HostId,
        role: Role,
        socket: SocketId,
        ready: Readiness,
    ) {
        let SocketId::Tcp(id) = socket else { return };
        match role {
            Role::Client => self.on_client(cx, id, ready),
            Role::Server => self.on_server(cx, host, id, ready),
        }
    }
}

impl Bulk {
    fn on_client(&mut self, cx: &mut Cx<'_, '_>, id: TcpId, ready: Readiness) {
        if ready.contains(Readiness::ERROR) {
            let error = cx.host(self.from).stack.take_error(SocketId::Tcp(id));
            cx.finish(error);
            return cx.close(self.from, id);
        }
        if ready.contains(Readiness::READ_CLOSED) {
            // The receiver has everything and closed its side as well.
            return cx.close(self.from, id);
        }
        if ready.contains(Readiness::WRITABLE) {
            self.fill(cx, id);
        }
    }

    /// Queue as much as the socket takes.
    fn fill(&mut self, cx: &mut Cx<'_, '_>, id: TcpId) {
        let (now, salt) = (cx.now(), cx.flow.0);
        while !self.shut {
            let left = self.spec.size.map_or(u64::MAX, |size| size - self.sent);
            if left == 0 {
                self.shut = true;
                let _closed_meanwhile = cx.host(self.from).stack.tcp_shutdown(now, id, false, true);
                break;
            }
            let pattern = &cx.shared.pattern;
            let stack = &mut cx.arena.hosts[self.from.index()].stack;
            let bytes = pattern.bytes(salt, self.sent, u64::MAX);
            let taken = if left >= bytes.len() as u64 {
                let (foreign, offset) = pattern.foreign(salt, self.sent);
                stack.tcp_send_foreign(now, id, foreign, offset)
            } else {
                stack.tcp_send(now, id, &bytes[..left as usize])
            };
            match taken {
                Ok(taken) => self.sent += taken as u64,
                Err(Error::WouldBlock) => break,
                Err(error) => return cx.finish(Some(error)),
            }
        }
    }

    fn stop(&mut self, cx: &mut Cx<'_, '_>) {
        if let Some(id) = self.client.filter(|_| !self.shut) {
            self.shut = true;
            let now = cx.now();
            let _closed_meanwhile = cx.host(self.from).stack.tcp_shutdown(now, id, false, true);
        }
    }

    fn on_server(&mut self, cx: &mut Cx<'_, '_>, host: HostId, id: TcpId, ready: Readiness) {
        let now = cx.now();
        if !ready.intersects(Readiness::READABLE | Readiness::ERROR) {
            return;
        }
        loop {
            let stack = &mut cx.arena.hosts[host.index()].stack;
            let scratch = &mut cx.shared.scratch;
            match stack.tcp_recv(now, id, scratch) {
                Ok(0) => return self.end(cx, host, id),
                Ok(count) => {
                    let position = cx.record.delivered;
                    let found = &cx.shared.scratch[..count];
                    cx.record.damaged |= !cx.shared.pattern.matches(cx.flow.0, position, found);
                    cx.record.deliver(now, count as u64);
                    if Some(cx.record.delivered) == self.spec.size {
                        cx.record.completed = Some(now);
                        cx.finish(None);
                    }
                    if count < cx.shared.scratch.len() && !ready.contains(Readiness::READ_CLOSED) {
                        return;
                    }
                }
                Err(Error::WouldBlock) => return,
                Err(error) => {
                    cx.finish(Some(error));
                    return cx.close(host, id);
                }
            }
        }
    }

    /// The sender has shut its side: complete if that was all.
    fn end(&self, cx: &mut Cx<'_, '_>, host: HostId, id: TcpId) {
        if cx.record.delivered == self.sent && self.spec.size.is_none_or(|size| self.shut && self.sent < size)
        {
            // It was told to stop, and all that it had queued until then is here.
            cx.record.completed = cx.record.completed.or(cx.record.last);
        }
        cx.record.damaged |= cx.record.delivered != self.sent;
        cx.finish(None);
        cx.close(host, id);
    }
}

impl Network {
    /// The congestion controls that a flow may name.
    pub fn congestion_controls() -> Vec<&'static str> {
        let mut names = live::congestion_names();
        names.push("newreno");
        names
    }

    /// Add a bulk transfer from one host to another.
    pub fn bulk(&mut self, from: HostId, to: HostId, spec: BulkSpec) -> Result<FlowId, ImpairmentError> {
        let address = self.flow_address(from, to)?;
        if let Some(name) = &spec.congestion {
            let allowed = format!("one of {}", Self::congestion_controls().join(", "));
            ensure(live::congestion(name).is_some(), "congestion", name, &allowed)?;
        }
        let record = Record::new("bulk", from, to, spec.trace_rows);
        let start = spec.start;
        let app = Bulk { from, to, address, spec, client: None, sent: 0, shut: false };
        Ok(self.add_flow(Box::new(app), record, start))
    }
}
