//! A network: nodes, links and one event queue.
//!
//! `topology` builds it (with `addresses` and `routes`), `run` lets time pass, `carry` moves frames, `links` changes and
//! observes links, `hosts` lends out stacks. What a network does is decided by its seed and by what the caller does at
//! which virtual time, by nothing else.

mod addresses;
mod carry;
mod flows;
mod hosts;
mod ids;
mod links;
mod routes;
mod run;
mod stock;
mod topology;

#[cfg(test)]
mod tests;

pub use hosts::HostSpec;
pub use ids::{CaptureId, DirectionId, End, FlowId, HostId, LinkId, NodeId, SwitchId, WakeId};
pub use links::Change;
pub use run::{Notice, Stop};
pub use topology::Attachment;

pub(super) use hosts::Host;

use super::digest::Digest;
use super::events::EventQueue;
use super::link::Direction;
use super::switch::Table;
use super::traffic::Traffic;
use crate::observe::InterfaceId;
use crate::rng::Rng;
use crate::stack::Stack;
use crate::time::Instant;
use std::collections::VecDeque;

/// Where a direction of a link ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Endpoint {
    Host(HostId, InterfaceId),
    /// A switch and one of its ports.
    Switch(SwitchId, usize),
}

/// A switch: what it learned, and the direction that leaves by each port.
#[derive(Debug)]
struct Switch {
    name: String,
    table: Table,
    ports: Vec<DirectionId>,
}

/// Sees every frame of a network: for tests that judge what stacks do on the wire.
pub trait Observer: Send {
    /// A host sends a frame into a link.
    fn on_sent(&mut self, now: Instant, host: HostId, interface: InterfaceId, frame: &[u8]);
    /// The same, with the host's stack as it is right after the frame left.
    fn on_emitted(
        &mut self,
        now: Instant,
        host: HostId,
        interface: InterfaceId,
        frame: &[u8],
        stack: &Stack,
    ) {
        let _as_it_was = stack;
        self.on_sent(now, host, interface, frame);
    }
    /// A host receives a frame from a link.
    fn on_received(&mut self, now: Instant, host: HostId, interface: InterfaceId, frame: &[u8]);
}

/// A virtual network under virtual time.
///
/// Build it (`add_host`, `add_switch`, `link`), give it something to do (`bulk` and its like, or the verbs of the hosts'
/// stacks by [`Network::with_stack`]), and let time pass with [`Network::run_until`]. It comes back when the time is
/// reached, when its budget of events is used up, so that the caller can look at other things, or when there is something to
/// tell: then drain [`Network::poll_notice`] and call again.
pub struct Network {
    now: Instant,
    rng: Rng,
    events: EventQueue,
    hosts: Vec<Host>,
    switches: Vec<Switch>,
    directions: Vec<Direction>,
    /// Where each direction ends.
    ends: Vec<Endpoint>,
    addresses: addresses::Plan,
    /// Every interface that a link gave to a host.
    legs: Vec<topology::Leg>,
    /// Whether the routes of all hosts are to be computed before time passes.
    routes_stale: bool,
    automatic_routes: bool,
    stock: stock::Stock,
    traffic: Traffic,
    changes: Vec<Option<(DirectionId, Change)>>,
    captures: Vec<Vec<u8>>,
    observer: Option<Box<dyn Observer>>,
    notices: VecDeque<Notice>,
    wakes: u32,
    digest: Digest,
    packets: u64,
    handled: u64,
}

impl Network {
    /// An empty network at time zero.
    pub fn new(seed: u64) -> Self {
        Self {
            now: Instant::ZERO,
            rng: Rng::new(u128::from(seed)),
            events: EventQueue::default(),
            hosts: Vec::new(),
            switches: Vec::new(),
            directions: Vec::new(),
            ends: Vec::new(),
            addresses: addresses::Plan::default(),
            legs: Vec::new(),
            routes_stale: false,
            automatic_routes: true,
            stock: stock::Stock::default(),
            traffic: Traffic::new(),
            changes: Vec::new(),
            captures: Vec::new(),
            observer: None,
            notices: VecDeque::new(),
            wakes: 0,
            digest: Digest::new(),
            packets: 0,
            handled: 0,
        }
    }

    /// The virtual time.
    pub const fn now(&self) -> Instant {
        self.now
    }

    /// A hash over time, link, direction and bytes of every frame delivered so far.
    pub fn digest(&self) -> u64 {
        self.digest.value()
    }

    /// Frames delivered over links so far.
    pub const fn packets(&self) -> u64 {
        self.packets
    }

    /// Events handled so far.
    pub const fn events(&self) -> u64 {
        self.handled
    }

    /// Show every frame that a host sends or receives to `observer`.
    pub fn observe(&mut self, observer: Option<Box<dyn Observer>>) {
        self.observer = observer;
    }
}
