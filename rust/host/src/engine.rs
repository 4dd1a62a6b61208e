//! The stack with its ports, driven: the drain law of the core, carried out.
//!
//! No thread, no clock and no sleep in here. Whoever holds the baton drives: the driver thread, a caller behind its
//! own verb, or the owner of a detached stack.

use crate::device::{Device, Features};
use crate::error::HostError;
use crate::poller::{Poller, Ready};
use crate::port::{Port, Received};
use crate::seat::{Call, Seat};
use crate::waiters::Waiters;
use std::io;
use std::sync::Arc;
use tapip_core::drops::DropReason;
use tapip_core::error::Error;
use tapip_core::observe::{InterfaceId, Layer, TraceEvent};
use tapip_core::stack::{InterfaceConfig, Medium, Stack};
use tapip_core::time::Instant;
use tapip_core::wire::EthernetHeader;

/// Which devices a drive reads from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// All of them.
    All,
    /// Those that only the stack feeds: enough to finish what a verb began.
    Memory,
}

/// A stack and its ports.
///
/// After every change, [`Engine::drive`] until it says that nothing is left, then sleep until
/// [`Engine::next_timeout`] or until a device has something.
pub struct Engine {
    /// The stack.
    pub stack: Stack,
    pub(crate) waiters: Waiters,
    ports: Vec<Port>,
    poller: Option<Arc<Poller>>,
    pub(crate) seat: Seat,
}

/// What one round did.
#[derive(Debug, Clone, Copy, Default)]
struct Round {
    /// Something happened, so there may be more: a frame to ourselves, an answer.
    worked: bool,
    /// A bound was reached before the end.
    cut_short: bool,
}

impl Engine {
    /// Frames read from one device before others have their turn: a quarter of a tap's queue.
    const READ_BURST: usize = 256;

    /// Frames written before devices are read again. While this many leave (about 0.2 ms), fewer arrive than a tap's
    /// queue of 500 or 1000 holds, so output cannot make input overflow.
    const WRITE_BURST: usize = 128;

    /// Rounds before the baton is given up, so that nobody waits for it much longer than a millisecond.
    const ROUNDS: usize = 4;

    /// A stack with no ports. `poller` is told of devices that come and go.
    pub(crate) fn new(stack: Stack, poller: Option<Arc<Poller>>) -> Self {
        Self { stack, waiters: Waiters::default(), ports: Vec::new(), poller, seat: Seat::default() }
    }

    /// Move everything that can move at `now`, within bounds: due timers, then frames in, then frames out, then
    /// wake-ups. Returns whether something is left for another call.
    pub fn drive(&mut self, now: Instant, reading: Reading) -> bool {
        if self.stack.poll_timeout().is_some_and(|at| at <= now) {
            self.stack.handle_timeout(now);
        }
        let mut left = true;
        for _ in 0..Self::ROUNDS {
            let round = self.round(now, reading);
            left = round.worked || round.cut_short;
            if !round.worked {
                break;
            }
        }
        while let Some(event) = self.stack.poll_event() {
            self.waiters.on_event(event);
        }
        for port in &mut self.ports {
            if let Some(poller) = &self.poller {
                port.update_watch(poller);
            }
            if let (false, Some(capture)) = (left, &mut port.capture) {
                capture.flush();
            }
        }
        left
    }

    /// When `drive` shall be called if nothing else happens.
    pub fn next_timeout(&self) -> Option<Instant> {
        let ports = self.ports.iter().filter_map(Port::poll_timeout).min();
        [self.stack.poll_timeout(), ports].into_iter().flatten().min()
    }

    /// Note what the poller saw; the next `drive` reads it.
    pub(crate) fn on_ready(&mut self, ready: &[Ready]) {
        for ready in ready {
            if let Some(port) = self.ports.iter_mut().find(|port| port.id() == ready.interface) {
                port.on_ready(*ready);
            }
        }
    }

    /// End every fault: what the decorators hold goes on at once.
    pub(crate) fn lift_faults(&mut self) {
        self.ports.iter_mut().filter_map(|port| port.fault.as_mut()).for_each(|fault| fault.lift());
    }

    /// The ports, in the order of their numbers.
    pub fn ports(&self) -> &[Port] {
        &self.ports
    }

    /// The port of an interface.
    pub fn port_mut(&mut self, id: InterfaceId) -> Result<&mut Port, Error> {
        self.ports.iter_mut().find(|port| port.id() == id).ok_or(Error::NoSuchDevice)
    }

    /// Make an interface and plug `device` in.
    pub(crate) fn attach(
        &mut self,
        now: Instant,
        config: InterfaceConfig,
        device: Box<dyn Device>,
    ) -> Result<InterfaceId, HostError> {
        let (name, mtu, medium) = (config.name.clone(), config.mtu, config.medium);
        let id = self.stack.add_interface(config)?;
        if let Some(poller) = &self.poller
            && let Err(error) = device.fds().into_iter().try_for_each(|fd| poller.add(id, fd))
        {
            self.stack.remove_interface(now, id)?;
            return Err(HostError::system(&format!("cannot watch the device of {name}"), &error));
        }
        self.stack.set_offloads(id, device.features().offloads())?;
        let mut port = Port::new(id, mtu, device);
        port.link_header = if medium == Medium::Ethernet { EthernetHeader::LEN } else { 0 };
        port.driver.clone_from(&self.poller);
        self.ports.push(port);
        Ok(id)
    }

    /// Change what is left to a device, and tell the stack.
    pub(crate) fn set_features(
        &mut self,
        id: InterfaceId,
        features: Features,
    ) -> Result<Features, HostError> {
        let failed = |error: io::Error| HostError::system("cannot change what the device does", &error);
        let features = self.port_mut(id)?.set_features(features).map_err(failed)?;
        self.stack.set_offloads(id, features.offloads())?;
        Ok(features)
    }

    /// Remove an interface; the device, as it is, goes back to the caller, who may close it outside the baton.
    pub(crate) fn detach(&mut self, now: Instant, id: InterfaceId) -> Result<Port, HostError> {
        let index = self.ports.iter().position(|port| port.id() == id).ok_or(Error::NoSuchDevice)?;
        self.stack.remove_interface(now, id)?;
        let port = self.ports.remove(index);
        self.unwatch(&port);
        Ok(port)
    }

    /// When whoever watches the devices has to look again.
    pub(crate) fn sleeps_until(&self) -> Instant {
        self.next_timeout().unwrap_or(Instant::FAR_FUTURE)
    }

    /// Who must hear of a verb that left `left` to do.
    pub(crate) fn whom_to_call(&mut self, left: bool) -> Call {
        let next = self.next_timeout();
        self.seat.whom_to_call(left, next)
    }

    /// Let a caller that would sleep lead, if it sleeps alone. Its first turn reads the devices without asking the poller:
    /// while an application is busy, frames are there as a rule.
    pub(crate) fn may_lead(&mut self) -> bool {
        let leads = self.poller.is_some() && self.waiters.is_empty() && self.seat.lead();
        if leads {
            self.ports.iter_mut().for_each(Port::expect_frames);
        }
        leads
    }

    /// The leader leaves, with `left` to do: who must hear of it.
    pub(crate) fn on_leave(&mut self, left: bool) -> Call {
        match self.seat.leave(left || !self.waiters.is_empty()) {
            Call::Nobody => self.whom_to_call(left),
            call => call,
        }
    }

    fn round(&mut self, now: Instant, reading: Reading) -> Round {
        let mut round = Round::default();
        for index in 0..self.ports.len() {
            let port = &self.ports[index];
            if (reading == Reading::All || port.is_memory()) && port.wants_read(now) {
                self.receive(now, index, &mut round);
            }
            if self.ports[index].wants_flush(now) {
                round.worked |= self.ports[index].flush(now);
            }
            self.settle(now, index);
        }
        self.transmit(now, &mut round);
        for index in 0..self.ports.len() {
            self.ports[index].end_burst();
            self.settle(now, index);
        }
        round
    }

    /// Read one port until it is dry, or its burst is over.
    fn receive(&mut self, now: Instant, index: usize, round: &mut Round) {
        let port = &mut self.ports[index];
        for _ in 0..Self::READ_BURST {
            match port.recv(now, self.stack.pool()) {
                Received::Frame(packet) => self.stack.handle_frame(now, port.id(), packet),
                Received::Lost => {}
                Received::Dry => return,
            }
            round.worked = true;
        }
        round.cut_short = true;
    }

    /// Write until the stack has nothing to send, or the burst is over.
    fn transmit(&mut self, now: Instant, round: &mut Round) {
        for _ in 0..Self::WRITE_BURST {
            if self.ports.iter().any(Port::is_backed_up) {
                return;
            }
            let Some(frame) = self.stack.poll_transmit(now) else { return };
            round.worked = true;
            let id = frame.interface;
            let Some(index) = self.ports.iter().position(|port| port.id() == id) else {
                self.count_drop(now, id, DropReason::InterfaceDown);
                continue;
            };
            self.ports[index].send(now, &frame);
            self.settle(now, index);
        }
        round.cut_short = true;
    }

    /// Count what a port lost, and take its interface down when the device is gone.
    fn settle(&mut self, now: Instant, index: usize) {
        let id = self.ports[index].id();
        for reason in self.ports[index].take_losses() {
            self.count_drop(now, id, reason);
        }
        if self.ports[index].take_failed() {
            // An interface that is gone already needs no taking down.
            let _ = self.stack.set_up(now, id, false);
            self.unwatch(&self.ports[index]);
        }
    }

    fn count_drop(&mut self, now: Instant, id: InterfaceId, reason: DropReason) {
        self.stack.counters_mut().drop(Some(id), reason);
        if matches!(reason, DropReason::DeviceError | DropReason::InterfaceDown) {
            self.stack.counters_mut().interface_mut(id).tx_errors += 1;
        }
        let trace = self.stack.trace_mut();
        if trace.wants(Layer::Dev) {
            let event = TraceEvent::Drop { protocol: reason.protocol(), reason: reason.name() };
            trace.push(now, Layer::Dev, Some(id), event);
        }
    }

    /// An error that stays on a descriptor would wake the driver for ever: take it out.
    fn unwatch(&self, port: &Port) {
        if let Some(poller) = &self.poller {
            port.device().fds().into_iter().for_each(|fd| poller.remove(fd));
        }
    }
}
