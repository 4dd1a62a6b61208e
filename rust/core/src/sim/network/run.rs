//! Letting time pass: one event after the other.

use super::{Change, DirectionId, FlowId, HostId, Network, WakeId};
use crate::sim::events::Event;
use crate::stack;
use crate::time::Instant;

/// Why [`Network::run_until`] came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// The time is reached.
    Reached,
    /// The budget of events is used up.
    Budget,
    /// There is something to tell: see [`Network::poll_notice`].
    Notice,
}

/// Something to tell the caller, at the virtual time at which it happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    /// A time that the caller asked for has come.
    Wake(WakeId),
    /// A socket that no flow owns became ready.
    Socket {
        /// Whose socket.
        host: HostId,
        /// Which, and for what.
        event: stack::Event,
    },
    /// A flow is complete, or failed.
    Flow(FlowId),
}

impl Network {
    /// Let time pass until `end`, but handle at most `budget` events. Without notices, a time that is reached becomes the
    /// present, even when nothing happened at it; [`Instant::FAR_FUTURE`] runs until nothing is left to happen.
    pub fn run_until(&mut self, end: Instant, budget: u64) -> Stop {
        self.refresh_routes();
        for _ in 0..budget {
            if !self.notices.is_empty() {
                return Stop::Notice;
            }
            let Some((at, event)) = self.events.pop(end) else {
                if end != Instant::FAR_FUTURE {
                    self.now = self.now.max(end);
                }
                return Stop::Reached;
            };
            self.now = at;
            self.handle(event);
        }
        if self.notices.is_empty() { Stop::Budget } else { Stop::Notice }
    }

    /// Handle one event; false when there is none.
    pub fn step(&mut self) -> bool {
        self.refresh_routes();
        let Some((at, event)) = self.events.pop(Instant::FAR_FUTURE) else { return false };
        self.now = at;
        self.handle(event);
        true
    }

    /// When the next event happens, if any does.
    pub fn next_event(&self) -> Option<Instant> {
        self.events.next()
    }

    /// The next thing to tell, in the order in which it happened.
    pub fn poll_notice(&mut self) -> Option<Notice> {
        self.notices.pop_front()
    }

    /// Ask to be woken at a time; one that is past counts as now.
    pub fn at(&mut self, time: Instant) -> WakeId {
        let id = WakeId(self.wakes);
        self.wakes += 1;
        self.events.push(time.max(self.now), Event::Wake(id.0));
        id
    }

    fn handle(&mut self, event: Event) {
        self.handled += 1;
        match event {
            Event::Arrive(direction) => self.on_arrival(DirectionId(direction)),
            Event::Transmit(direction) => self.on_transmitter(DirectionId(direction)),
            Event::Timeout(host) => self.on_timeout(HostId(host)),
            Event::Loopback(host) => self.on_loopback(HostId(host)),
            Event::Traffic(flow) => self.on_traffic(FlowId(flow)),
            Event::Change(index) => self.on_change(index),
            Event::Wake(id) => self.notices.push_back(Notice::Wake(WakeId(id))),
        }
    }

    fn on_timeout(&mut self, id: HostId) {
        let host = &mut self.hosts[id.index()];
        if host.armed != Some(self.now) {
            return;
        }
        host.armed = None;
        // The deadline may have moved on since it was armed: then only arm anew.
        if host.stack.poll_timeout().is_some_and(|at| at <= self.now) {
            host.stack.handle_timeout(self.now);
            self.settle(id);
        } else {
            self.arm(id);
        }
    }

    /// See that the host's next deadline stands in the queue. One that moved further away is left where it stood.
    pub(super) fn arm(&mut self, id: HostId) {
        let host = &mut self.hosts[id.index()];
        let Some(at) = host.stack.poll_timeout() else { return };
        let at = at.max(self.now);
        if host.armed.is_none_or(|armed| at < armed) {
            host.armed = Some(at);
            self.events.push(at, Event::Timeout(id.0));
        }
    }

    fn on_change(&mut self, index: u32) {
        let change: Option<(DirectionId, Change)> = self.changes[index as usize].take();
        if let Some((direction, change)) = change {
            // Right when it was scheduled; if the link has become one that it does not fit, it is passed over.
            let _passed_over = self.change(direction, &change);
        }
    }
}
