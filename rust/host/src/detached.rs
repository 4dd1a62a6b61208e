//! A stack without thread, device or clock: its owner feeds it frames, takes what it sends, and moves its time.

use crate::baton::Shared;
use crate::clock::Clock;
use crate::device::{Queue, QueueEnd};
use crate::engine::Engine;
use crate::error::HostError;
use crate::handle::Handle;
use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tapip_core::error::Error;
use tapip_core::observe::InterfaceId;
use tapip_core::stack::{Config, InterfaceConfig, Stack};
use tapip_core::time::{Duration, Instant};

/// A stack under virtual time. The same seed and the same calls give the same bytes.
///
/// Calls on its [`Handle`] work as on a live stack, except that nothing can happen while one of them waits: whatever
/// would sleep fails with `WouldBlock`.
pub struct Detached {
    handle: Handle,
    queues: Mutex<BTreeMap<InterfaceId, QueueEnd>>,
}

impl Detached {
    /// A stack at time zero with no interfaces.
    pub fn new(config: Config, seed: u128) -> Self {
        let clock = Clock::Manual(AtomicU64::new(0));
        let engine = Engine::new(Stack::new(config, seed, clock.now()), None);
        let shared = Arc::new(Shared::new(engine, clock, None));
        Self { handle: Handle { shared }, queues: Mutex::default() }
    }

    /// The door to the stack.
    pub const fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Make an interface whose frames come by `inject` and go by `pull`.
    pub fn attach_queue(&self, config: InterfaceConfig) -> Result<InterfaceId, HostError> {
        let (device, end) = Queue::new(config.mtu);
        let id = self.handle.attach(config, Box::new(device))?;
        self.queues().insert(id, end);
        Ok(id)
    }

    /// Hand the stack a frame, and let it act on it now.
    pub fn inject(&self, id: InterfaceId, frame: &[u8]) -> Result<(), HostError> {
        self.end(id)?.inject(frame);
        self.handle.with(|_, _| ())
    }

    /// The oldest frame that the stack sent by an interface and nobody has pulled yet.
    pub fn pull(&self, id: InterfaceId) -> Result<Option<Vec<u8>>, HostError> {
        let frame = self.end(id)?.pull();
        // There is room again: frames that waited for it move up.
        self.handle.with(|_, _| ())?;
        Ok(frame)
    }

    /// When something will happen by itself.
    pub fn next_timeout(&self) -> Result<Option<Instant>, HostError> {
        self.handle.with_engine(|engine, _| engine.next_timeout())
    }

    /// Let `span` pass: each timer in it fires at its own time, in order.
    pub fn advance(&self, span: Duration) -> Result<(), HostError> {
        /// No honest stack arms this many timers for one instant; past it, time goes on regardless.
        const LIMIT: u32 = 100_000;
        let clock = &self.handle.shared.clock;
        let target = clock.now() + span;
        let mut stuck = 0;
        while let Some(at) = self.next_timeout()?.filter(|at| *at <= target) {
            stuck = if at > clock.now() { 0 } else { stuck + 1 };
            if stuck > LIMIT {
                break;
            }
            clock.set(at.max(clock.now()));
            self.handle.with(|_, _| ())?;
        }
        clock.set(target);
        self.handle.with(|_, _| ())
    }

    /// Drop the stack. Every later call says that it is stopped.
    pub fn stop(&self) {
        self.handle.shared.stop();
        self.queues().clear();
    }

    fn end(&self, id: InterfaceId) -> Result<QueueEnd, HostError> {
        Ok(self.queues().get(&id).cloned().ok_or(Error::NoSuchDevice)?)
    }

    /// A panic elsewhere leaves the map whole: every change is one insertion.
    fn queues(&self) -> MutexGuard<'_, BTreeMap<InterfaceId, QueueEnd>> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
