//! Hosts: a whole stack each, and what the network keeps beside it.

use super::{DirectionId, HostId, Network};
use crate::buffer::Packet;
use crate::observe::InterfaceId;
use crate::sim::traffic::Owners;
use crate::stack::{Config, Stack};
use crate::time::Instant;
use crate::wire::Prefix;
use std::collections::VecDeque;

/// How to make a host.
#[derive(Debug, Clone)]
pub struct HostSpec {
    /// The knobs of its stack.
    pub config: Config,
    /// It passes on packets for others: a router.
    pub forward: bool,
}

impl Default for HostSpec {
    /// A stack's defaults but for what only makes noise or trouble in a network without strangers: addresses are not
    /// announced, and a burst of thousands of connections finds room.
    fn default() -> Self {
        let mut config = Config::default();
        config.neighbor.announcements = 0;
        config.neighbor.max_entries = 65_536;
        config.somaxconn = 65_535;
        config.pool_packets = 1 << 20;
        config.trace_records = 1_024;
        Self { config, forward: false }
    }
}

/// Where an interface leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sim) enum Port {
    /// Back to the host.
    Loopback,
    /// Into a link.
    Link(DirectionId),
}

/// A host.
pub(in crate::sim) struct Host {
    pub(super) name: String,
    pub(in crate::sim) stack: Stack,
    /// By interface number.
    pub(super) ports: Vec<Port>,
    /// The time for which a timeout stands in the event queue; an event of another time is stale.
    pub(super) armed: Option<Instant>,
    /// Frames to itself, and when they come back.
    pub(super) looped: VecDeque<(Instant, InterfaceId, Packet)>,
    pub(super) forward: bool,
    /// Routes that the network computed and installed.
    pub(super) routes: Vec<Prefix>,
    pub(in crate::sim) owners: Owners,
}

impl Host {
    /// Where what leaves by an interface goes.
    pub(super) fn port(&self, interface: InterfaceId) -> Option<Port> {
        self.ports.get(interface.0 as usize).copied()
    }
}

impl Network {
    /// How many hosts there are; they are numbered from 0.
    pub const fn host_count(&self) -> usize {
        self.hosts.len()
    }

    /// A host's name.
    pub fn host_name(&self, host: HostId) -> &str {
        &self.hosts[host.index()].name
    }

    /// The host of that name.
    pub fn host_by_name(&self, name: &str) -> Option<HostId> {
        self.hosts.iter().position(|host| host.name == name).map(|index| HostId(index as u32))
    }

    /// Look at a host's stack.
    pub fn stack(&self, host: HostId) -> &Stack {
        &self.hosts[host.index()].stack
    }

    /// Use a host's stack at the present time. What the verbs cause leaves at once; events of sockets that no flow owns
    /// come by [`Network::poll_notice`].
    pub fn with_stack<T>(&mut self, host: HostId, verbs: impl FnOnce(&mut Stack, Instant) -> T) -> T {
        let now = self.now;
        let result = verbs(&mut self.hosts[host.index()].stack, now);
        self.settle(host);
        result
    }
}
