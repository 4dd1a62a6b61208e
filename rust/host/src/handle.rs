//! The door to a running stack: every call of an application goes through a [`Handle`].

use crate::baton::Shared;
use crate::clock::{Clock, Deadline};
use crate::device::{Device, Features};
use crate::engine::Engine;
use crate::error::HostError;
use crate::port::{Capture, Fault, FaultSpec, FrameTrace, TracedFrame};
use std::path::Path;
use std::sync::Arc;
use tapip_core::error::Error;
use tapip_core::observe::InterfaceId;
use tapip_core::sim::ImpairmentCounters;
use tapip_core::stack::{InterfaceConfig, SocketId, Stack};
use tapip_core::time::{Duration, Instant};

/// A door to one stack. Clones lead to the same stack, from any thread.
///
/// No call holds the baton while it sleeps. A call on a stack that failed or was stopped says so and does nothing.
#[derive(Clone)]
pub struct Handle {
    pub(crate) shared: Arc<Shared>,
}

impl Handle {
    /// Do `verb` on the stack, then send what it gave to send, and wake the driver if it has to act earlier than it
    /// thought. Keep `verb` short: while it runs, no packet moves. It must not call a handle of this stack: the baton is
    /// taken, and that call would wait for ever.
    pub fn with<T>(&self, verb: impl FnOnce(&mut Stack, Instant) -> T) -> Result<T, HostError> {
        self.shared.enter(|engine, now| verb(&mut engine.stack, now))
    }

    /// As `with`, on the engine: the stack and its ports.
    pub fn with_engine<T>(&self, verb: impl FnOnce(&mut Engine, Instant) -> T) -> Result<T, HostError> {
        self.shared.enter(verb)
    }

    /// The stack's time.
    pub fn now(&self) -> Instant {
        self.shared.clock.now()
    }

    /// Whether a thread drives the stack; a detached one moves only when it is called.
    pub fn is_live(&self) -> bool {
        matches!(self.shared.clock, Clock::Live)
    }

    /// Why the stack failed, once it did.
    pub fn failure(&self) -> Option<&str> {
        self.shared.failure()
    }

    /// Whether it was stopped.
    pub fn is_stopped(&self) -> bool {
        self.shared.is_stopped()
    }

    /// Make an interface and plug `device` in.
    pub fn attach(&self, config: InterfaceConfig, device: Box<dyn Device>) -> Result<InterfaceId, HostError> {
        self.shared.enter(|engine, now| engine.attach(now, config, device))?
    }

    /// Remove an interface and close its device.
    pub fn detach(&self, id: InterfaceId) -> Result<(), HostError> {
        // The port, and its device with it, is dropped after the baton.
        self.shared.enter(|engine, now| engine.detach(now, id))?.map(drop)
    }

    /// Switch the fault decorator of a port. What an old one still holds is lost, as on a cable that is unplugged.
    pub fn set_fault(&self, id: InterfaceId, fault: Option<Fault>) -> Result<(), HostError> {
        self.shared.enter(|engine, _| {
            engine.port_mut(id)?.fault = fault.map(Box::new);
            Ok(())
        })?
    }

    /// What the fault decorator of a port does, when it is on.
    pub fn fault(&self, id: InterfaceId) -> Result<Option<FaultSpec>, HostError> {
        self.shared
            .enter(|engine, _| Ok(engine.port_mut(id)?.fault.as_ref().map(|fault| fault.spec().clone())))?
    }

    /// What the fault decorator of a port has done so far, inbound and outbound, when it is on.
    pub fn fault_counters(
        &self,
        id: InterfaceId,
    ) -> Result<Option<(ImpairmentCounters, ImpairmentCounters)>, HostError> {
        self.shared
            .enter(|engine, _| Ok(engine.port_mut(id)?.fault.as_ref().map(|fault| fault.counters())))?
    }

    /// How long whoever watches the devices spins before it sleeps, where that pays; zero: never. A detached stack has nobody.
    pub fn spin(&self) -> Duration {
        self.shared.poller().as_ref().map_or(Duration::ZERO, |poller| poller.spin.limit())
    }

    /// Change that.
    pub fn set_spin(&self, limit: Duration) {
        if let Some(poller) = &*self.shared.poller() {
            poller.spin.set_limit(limit);
        }
    }

    /// What is left to the device of a port.
    pub fn features(&self, id: InterfaceId) -> Result<Features, HostError> {
        self.shared.enter(|engine, _| Ok(engine.port_mut(id)?.device().features()))?
    }

    /// Change that; what it can do of it.
    pub fn set_features(&self, id: InterfaceId, features: Features) -> Result<Features, HostError> {
        self.shared.enter(|engine, _| engine.set_features(id, features))?
    }

    /// Record what passes a port to a file; a capture under way there is finished first.
    pub fn start_capture(&self, id: InterfaceId, path: &Path) -> Result<(), HostError> {
        let named =
            self.with(|stack, _| stack.interface(id).map(|found| (found.name.clone(), found.medium)))?;
        let (name, medium) = named.ok_or(Error::NoSuchDevice)?;
        let offset = self.shared.clock.unix_offset();
        // The file is opened and written outside the baton.
        let capture = Capture::create(path, &name, medium, offset)?;
        let old = self
            .shared
            .enter(|engine, _| Ok::<_, HostError>(engine.port_mut(id)?.capture.replace(capture)))??;
        old.map_or(Ok(()), |old| old.finish().map(drop))
    }

    /// End a capture; the number of packets in the file, or why it is not whole. `NotFound` when none runs.
    pub fn stop_capture(&self, id: InterfaceId) -> Result<u64, HostError> {
        let capture =
            self.shared.enter(|engine, _| Ok::<_, HostError>(engine.port_mut(id)?.capture.take()))??;
        capture.map_or_else(|| Err(Error::NotFound.into()), Capture::finish)
    }

    /// Keep the last `frames` frames of a port in memory; 0 keeps none.
    pub fn set_frame_trace(&self, id: InterfaceId, frames: usize) -> Result<(), HostError> {
        let trace = (frames > 0).then(|| FrameTrace::new(frames));
        self.shared.enter(|engine, _| {
            engine.port_mut(id)?.trace = trace;
            Ok(())
        })?
    }

    /// The frames that were kept, oldest first.
    pub fn frame_trace(&self, id: InterfaceId) -> Result<Vec<TracedFrame>, HostError> {
        self.shared.enter(|engine, _| {
            let trace = &engine.port_mut(id)?.trace;
            Ok(trace.iter().flat_map(FrameTrace::frames).cloned().collect())
        })?
    }

    /// Why the device of a port is out of use, when it is.
    pub fn port_failure(&self, id: InterfaceId) -> Result<Option<String>, HostError> {
        self.shared.enter(|engine, _| Ok(engine.port_mut(id)?.failure().map(str::to_owned)))?
    }

    /// Close what is open, let data on its way arrive for up to `linger`, then reset what is not finished.
    ///
    /// Faults end here: they would cost a peer the FIN or RST that nobody is left to repeat.
    pub(crate) fn wind_down(&self, linger: Duration) {
        /// How often to look: there is no event for "all acknowledged" on a socket that nobody holds.
        const STEP: std::time::Duration = std::time::Duration::from_millis(1);
        /// For challenges: a peer that lacks segments before our RST asks back (RFC 5961 3.2), and only the answer
        /// ends its connection. Many round trips on a tap, one on most networks.
        const CHALLENGES: std::time::Duration = std::time::Duration::from_millis(100);
        let deadline = Deadline::after(Some(linger));
        let _ = self.with_engine(|engine, now| {
            engine.lift_faults();
            for id in engine.stack.sockets() {
                // Some are closed already and only finish their work.
                let _ = engine.stack.close(now, id);
            }
            engine.waiters.wake_all();
        });
        while !deadline.has_passed() && self.with(|stack, _| !stack.tcp_unfinished().is_empty()) == Ok(true) {
            std::thread::sleep(STEP);
        }
        if self.with(|stack, _| stack.tcp_unfinished().is_empty()) == Ok(false) {
            let _ = self.with(Stack::tcp_abort_unfinished);
            std::thread::sleep(CHALLENGES);
        }
    }

    /// Close a socket and wake everyone who sleeps for it; they get `BadHandle`.
    pub fn close(&self, id: SocketId) -> Result<(), HostError> {
        self.shared.enter(|engine, now| {
            let closed = engine.stack.close(now, id);
            engine.waiters.on_close(id);
            Ok(closed?)
        })?
    }
}
