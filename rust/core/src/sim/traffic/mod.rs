//! Traffic: applications that run inside the network, event by event, by the verbs of the hosts' stacks.
//!
//! A flow is an application ([`App`], one file a kind) and a record of what came of it (`record`). The manager here knows
//! which socket belongs to which flow, hands events on, and takes samples of the sending connections (`live`). One
//! listener a host, the sink, takes the connections of all flows to it; who connects is known by its address.

mod bulk;
mod datagrams;
mod live;
mod on_off;
mod pattern;
mod ping;
mod poisson;
mod record;
mod requests;
mod stream;

#[cfg(test)]
mod tests;

pub use bulk::BulkSpec;
pub use datagrams::DatagramSpec;
pub use live::TraceRow;
pub use on_off::OnOffSpec;
pub use ping::PingSpec;
pub use poisson::{PoissonSpec, SizeDistribution};
pub(super) use record::Record;
pub use record::{Exchange, FlowStats};
pub use requests::RequestSpec;

use super::events::{Event, EventQueue};
use super::network::{FlowId, Host, HostId};
use crate::error::Error;
use crate::observe::Readiness;
use crate::stack::{self, ListenerId, RawId, SocketId, SocketOption, TcpId, UdpId};
use crate::time::Instant;
use crate::wire::{IpAddress, Protocol, SocketAddress};
use pattern::Pattern;
use slotmap::SecondaryMap;
use std::collections::{BTreeMap, VecDeque};

/// Which end of a flow a socket is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Client,
    Server,
}

/// Whose a socket is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Owner {
    flow: FlowId,
    host: HostId,
    role: Role,
    /// Which of the flow's connections, where it has many.
    part: u32,
}

/// Which sockets of a host belong to which flow.
#[derive(Default)]
pub(super) struct Owners {
    tcp: SecondaryMap<TcpId, Owner>,
    udp: SecondaryMap<UdpId, Owner>,
    raw: SecondaryMap<RawId, Owner>,
    /// Takes the connections of all flows to this host.
    sink: Option<(ListenerId, u16)>,
    /// Sending connections to be sampled, by (local port, remote address, remote port).
    live: BTreeMap<u64, FlowId>,
}

/// The parts of a network that traffic works on.
pub(super) struct Arena<'a> {
    pub(super) now: Instant,
    pub(super) hosts: &'a mut [Host],
    pub(super) events: &'a mut EventQueue,
}

/// What an application works with when it is called.
pub(super) struct Cx<'a, 'b> {
    arena: &'a mut Arena<'b>,
    flow: FlowId,
    record: &'a mut Record,
    shared: &'a mut Shared,
}

/// What all flows share.
struct Shared {
    pattern: Pattern,
    /// Where received bytes are read to.
    scratch: Vec<u8>,
    /// Connections on their way to a sink: which host, from which address.
    awaited: BTreeMap<(HostId, SocketAddress), (FlowId, u32)>,
    done: VecDeque<FlowId>,
}

/// An application.
pub(super) trait App: Send {
    /// Its first and its later times have come; returns the host that it did something to.
    fn on_timer(&mut self, cx: &mut Cx<'_, '_>) -> Option<HostId>;
    /// A socket of its own is ready.
    fn on_ready(&mut self, cx: &mut Cx<'_, '_>, owner: Owner, socket: SocketId, ready: Readiness);
}

/// An application and what came of it.
struct Flow {
    /// Away while it runs.
    app: Option<Box<dyn App>>,
    record: Record,
}

/// All flows of a network.
pub(super) struct Traffic {
    flows: Vec<Flow>,
    shared: Shared,
    /// Flows whose connection sent or received since they were last sampled.
    touched: Vec<(FlowId, live::Cause)>,
}

impl Traffic {
    /// What is read at once: a whole window of the largest kind takes sixteen reads.
    const SCRATCH: usize = 64 << 10;

    pub(super) fn new() -> Self {
        let shared = Shared {
            pattern: Pattern::new(),
            scratch: vec![0; Self::SCRATCH],
            awaited: BTreeMap::new(),
            done: VecDeque::new(),
        };
        Self { flows: Vec::new(), shared, touched: Vec::new() }
    }

    /// Add a flow that begins at `start`.
    pub(super) fn add(
        &mut self,
        arena: &mut Arena<'_>,
        app: Box<dyn App>,
        record: Record,
        start: Instant,
    ) -> FlowId {
        let id = FlowId(self.flows.len() as u32);
        self.flows.push(Flow { app: Some(app), record });
        arena.events.push(start.max(arena.now), Event::Traffic(id.0));
        id
    }

    pub(super) fn len(&self) -> usize {
        self.flows.len()
    }

    /// The next flow that became complete, or failed.
    pub(super) fn poll_done(&mut self) -> Option<FlowId> {
        self.shared.done.pop_front()
    }

    /// A flow's time has come; returns the host that is to be settled.
    pub(super) fn on_timer(&mut self, arena: &mut Arena<'_>, id: FlowId) -> Option<HostId> {
        self.call(arena, id, |app, cx| app.on_timer(cx)).flatten()
    }

    /// A socket is ready; false when it belongs to no flow.
    pub(super) fn on_event(&mut self, arena: &mut Arena<'_>, host: HostId, event: stack::Event) -> bool {
        let owners = &arena.hosts[host.index()].owners;
        let owner = match event.socket {
            SocketId::Tcp(id) => owners.tcp.get(id).copied(),
            SocketId::Listener(id) if owners.sink.is_some_and(|(sink, _)| sink == id) => {
                self.accept(arena, host, id);
                return true;
            }
            SocketId::Listener(_) => None,
            SocketId::Udp(id) => owners.udp.get(id).copied(),
            SocketId::Raw(id) => owners.raw.get(id).copied(),
        };
        let Some(owner) = owner else { return false };
        self.call(arena, owner.flow, |app, cx| app.on_ready(cx, owner, event.socket, event.readiness));
        true
    }

    fn accept(&mut self, arena: &mut Arena<'_>, host: HostId, listener: ListenerId) {
        let now = arena.now;
        while let Ok(id) = arena.hosts[host.index()].stack.tcp_accept(listener) {
            let at = &mut arena.hosts[host.index()];
            let tuple = at.stack.tcp_tuple(id);
            let awaited = tuple.ok().and_then(|tuple| self.shared.awaited.remove(&(host, tuple.remote)));
            let Some((flow, part)) = awaited else {
                // Nobody that we know: sinks are for flows.
                let _gone_already = at.stack.tcp_abort(now, id);
                continue;
            };
            let owner = Owner { flow, host, role: Role::Server, part };
            at.owners.tcp.insert(id, owner);
            let socket = SocketId::Tcp(id);
            let ready = at.stack.readiness(socket).unwrap_or_default();
            self.call(arena, flow, |app, cx| app.on_ready(cx, owner, socket, ready));
        }
    }

    /// What came of a flow so far.
    pub(super) fn stats(&self, hosts: &[Host], id: FlowId) -> FlowStats {
        let record = &self.flows[id.index()].record;
        let info = record.client.and_then(|(host, id)| hosts[host.index()].stack.tcp_info(id).ok());
        record.stats(info.as_ref())
    }

    pub(super) fn exchanges(&self, id: FlowId) -> &[Exchange] {
        self.flows[id.index()].record.exchanges.rows()
    }

    pub(super) fn trace(&self, id: FlowId) -> &[TraceRow] {
        self.flows[id.index()].record.trace.rows()
    }

    /// A host sends a frame.
    pub(super) fn on_sent(&mut self, host: &Host, now: Instant, frame: &[u8]) {
        self.touch(host, now, frame, live::Cause::Sent);
    }

    /// A host receives a frame.
    pub(super) fn on_received(&mut self, host: &Host, now: Instant, frame: &[u8]) {
        self.touch(host, now, frame, live::Cause::Received);
    }

    /// Remember to sample the sending connection that a frame belongs to, if there is one and it is time to.
    fn touch(&mut self, host: &Host, now: Instant, frame: &[u8], cause: live::Cause) {
        if host.owners.live.is_empty() {
            return;
        }
        let key = live::key_of(frame, cause == live::Cause::Sent);
        let Some(id) = key.and_then(|key| host.owners.live.get(&key).copied()) else { return };
        let wanted = self.flows[id.index()].record.wants_sample(now);
        // What is sent because of what came is one change.
        if wanted && self.touched.last().is_none_or(|(last, _)| *last != id) {
            self.touched.push((id, cause));
        }
    }

    /// Sample the connections that sent or received something.
    pub(super) fn take_samples(&mut self, hosts: &[Host], now: Instant) {
        for (id, cause) in self.touched.drain(..) {
            let record = &mut self.flows[id.index()].record;
            if let Some((host, id)) = record.client
                && let Ok(info) = hosts[host.index()].stack.tcp_info(id)
            {
                record.sample(now, &info, cause);
            }
        }
    }

    fn call<T>(
        &mut self,
        arena: &mut Arena<'_>,
        id: FlowId,
        act: impl FnOnce(&mut dyn App, &mut Cx<'_, '_>) -> T,
    ) -> Option<T> {
        let flow = self.flows.get_mut(id.index())?;
        let mut app = flow.app.take()?;
        let mut cx = Cx { arena, flow: id, record: &mut flow.record, shared: &mut self.shared };
        let result = act(app.as_mut(), &mut cx);
        flow.app = Some(app);
        Some(result)
    }
}

impl Cx<'_, '_> {
    pub(super) const fn now(&self) -> Instant {
        self.arena.now
    }

    pub(super) fn host(&mut self, id: HostId) -> &mut Host {
        &mut self.arena.hosts[id.index()]
    }

    /// Be called again at a time.
    pub(super) fn wake_at(&mut self, at: Instant) {
        self.arena.events.push(at.max(self.arena.now), Event::Traffic(self.flow.0));
    }

    /// Connect to the sink of a host, at one of its addresses.
    pub(super) fn connect(
        &mut self,
        from: HostId,
        to: HostId,
        address: IpAddress,
        congestion: Option<&str>,
        part: u32,
    ) -> Result<TcpId, Error> {
        self.connect_fast([from, to], address, congestion, part, 0).map(|(id, _)| id)
    }

    /// The same, with up to `first` bytes of the flow in the SYN if that may be; also how many were taken.
    pub(super) fn connect_fast(
        &mut self,
        [from, to]: [HostId; 2],
        address: IpAddress,
        congestion: Option<&str>,
        part: u32,
        first: u64,
    ) -> Result<(TcpId, u64), Error> {
        let (now, flow) = (self.now(), self.flow);
        let port = self.sink(to)?;
        let host = &mut self.arena.hosts[from.index()];
        let remote = SocketAddress::new(address, port);
        // More than a SYN holds would wait for the answer anyway.
        let data = self.shared.pattern.bytes(flow.0, 0, first.min(1_000));
        let (id, taken) = live::connect(&mut host.stack, now, remote, congestion, data)?;
        let tuple = host.stack.tcp_tuple(id)?;
        host.owners.tcp.insert(id, Owner { flow, host: from, role: Role::Client, part });
        host.owners.live.insert(live::key(tuple.local.port(), tuple.remote), flow);
        self.record.client = Some((from, id));
        self.shared.awaited.insert((to, tuple.local), (flow, part));
        Ok((id, taken as u64))
    }

    /// The port of a host's sink, which is made when it is first needed.
    fn sink(&mut self, to: HostId) -> Result<u16, Error> {
        let now = self.now();
        let host = self.host(to);
        if let Some((_, port)) = host.owners.sink {
            return Ok(port);
        }
        let any = SocketAddress::new(std::net::Ipv4Addr::UNSPECIFIED.into(), 0);
        let listener = host.stack.tcp_listen(any, usize::MAX)?;
        // Taken up only where the knob for servers says so.
        let _no_bit_no_fast_open =
            host.stack.set_option(now, SocketId::Listener(listener), SocketOption::FastOpen, 16);
        let local = host.stack.local_address(SocketId::Listener(listener))?;
        let port = local.map_or(0, |local| local.port());
        host.owners.sink = Some((listener, port));
        Ok(port)
    }

    /// Make a UDP socket on a host.
    pub(super) fn open_udp(&mut self, at: HostId, role: Role) -> Result<UdpId, Error> {
        let flow = self.flow;
        let host = self.host(at);
        let id = host.stack.udp_open();
        host.owners.udp.insert(id, Owner { flow, host: at, role, part: 0 });
        Ok(id)
    }

    /// Make a raw socket on a host.
    pub(super) fn open_raw(&mut self, at: HostId, protocol: Protocol) -> Result<RawId, Error> {
        let flow = self.flow;
        let host = self.host(at);
        let id = host.stack.raw_open(protocol.0)?;
        host.owners.raw.insert(id, Owner { flow, host: at, role: Role::Client, part: 0 });
        Ok(id)
    }

    /// Let go of a connection: it finishes what it has begun.
    pub(super) fn close(&mut self, host: HostId, id: TcpId) {
        let now = self.now();
        let at = &mut self.arena.hosts[host.index()];
        if at.owners.tcp.get(id).is_some_and(|owner| owner.role == Role::Client) {
            if let Ok(info) = at.stack.tcp_info(id) {
                self.record.end(now, id, &info);
            }
            if let Ok(tuple) = at.stack.tcp_tuple(id) {
                at.owners.live.remove(&live::key(tuple.local.port(), tuple.remote));
            }
        }
        at.owners.tcp.remove(id);
        let _gone_already = at.stack.close(now, SocketId::Tcp(id));
    }

    /// The flow is over, well or with an error.
    pub(super) fn finish(&mut self, error: Option<Error>) {
        if !std::mem::replace(&mut self.record.over, true) {
            self.record.error = error;
            self.shared.done.push_back(self.flow);
        }
    }
}
