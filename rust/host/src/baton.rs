//! The baton: one thread at a time holds the engine and drives it.
//!
//! A panic while it is held is caught here, wherever it began: the stack is marked failed with its text, everyone who
//! sleeps is woken, and every later call gets the text. Nothing of the stack is used after that.

use crate::clock::{Clock, monotonic};
use crate::engine::{Engine, Reading};
use crate::error::HostError;
use crate::poller::{Poller, Ready};
use crate::seat::{Call, Duty};
use crate::waiters::Beds;
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, TryLockError};
use tapip_core::time::{Duration, Instant};

/// What all handles of one stack, and its driver, share.
pub(crate) struct Shared {
    slot: Mutex<Slot>,
    pub(crate) clock: Clock,
    /// `None` for a detached stack, which no thread drives.
    poller: Mutex<Option<Arc<Poller>>>,
    /// Whether a driver runs it, or did until the stop.
    driven: bool,
    pub(crate) beds: Beds,
    pub(crate) stopping: AtomicBool,
    failure: OnceLock<String>,
    /// Callers that want the baton and do not have it.
    queueing: AtomicU32,
}

pub(crate) enum Slot {
    Running(Box<Engine>),
    /// Kept until the stop, so that devices are closed then and not in the middle of a panic.
    Failed(Box<Engine>),
    Stopped,
}

impl Shared {
    /// Turns of the driver that callers have to wait through before it makes room for them: a waiting thread needs
    /// about 50 us to wake up, and a busy driver would take the baton again before that, every time.
    const PATIENCE: u32 = 4;

    /// How long the driver makes room at most: twice that wake-up.
    const COURTESY: Duration = Duration::from_micros(100);

    pub(crate) fn new(engine: Engine, clock: Clock, poller: Option<Arc<Poller>>) -> Self {
        Self {
            slot: Mutex::new(Slot::Running(Box::new(engine))),
            clock,
            driven: poller.is_some(),
            poller: Mutex::new(poller),
            beds: Beds::default(),
            stopping: AtomicBool::new(false),
            failure: OnceLock::new(),
            queueing: AtomicU32::new(0),
        }
    }

    /// Take the baton, do `verb`, and move what it set in motion.
    pub(crate) fn enter<T>(&self, verb: impl FnOnce(&mut Engine, Instant) -> T) -> Result<T, HostError> {
        self.queueing.fetch_add(1, Ordering::Relaxed);
        let mut slot = self.lock();
        self.queueing.fetch_sub(1, Ordering::Relaxed);
        let (value, call) = self.guarded(&mut slot, |engine| {
            let now = self.clock.now();
            let value = verb(engine, now);
            let left = if self.driven { engine.drive(now, Reading::Memory) } else { exhaust(engine, now) };
            (value, engine.whom_to_call(left))
        })?;
        drop(slot);
        self.call(call);
        Ok(value)
    }

    /// One turn of the driver: until when it may sleep, or `None` when a caller leads. `Err` when there is nothing to
    /// drive any more.
    pub(crate) fn turn(&self, ready: &[Ready]) -> Result<Option<Instant>, HostError> {
        self.guarded(&mut self.lock(), |engine| {
            if !engine.seat.on_driver() {
                return None;
            }
            engine.on_ready(ready);
            if engine.drive(self.clock.now(), Reading::All) {
                return Some(Instant::ZERO);
            }
            let until = engine.sleeps_until();
            engine.seat.driver_sits(until);
            Some(until)
        })
    }

    /// What the driver does that stands by. It does not wait for the baton: who has it may be about to lead.
    pub(crate) fn duty(&self, seen: &mut u64) -> Duty {
        let mut slot = match self.slot.try_lock() {
            Ok(slot) => slot,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return Duty::Nap,
        };
        match &mut *slot {
            Slot::Running(engine) => engine.seat.duty(seen),
            Slot::Failed(_) | Slot::Stopped => Duty::Sit,
        }
    }

    /// Let callers in that have waited through several turns of one who drives. `refused` counts those turns.
    pub(crate) fn give_way(&self, refused: &mut u32) {
        if self.queueing.load(Ordering::Relaxed) == 0 {
            *refused = 0;
            return;
        }
        *refused += 1;
        if *refused < Self::PATIENCE {
            return;
        }
        *refused = 0;
        let until = monotonic() + Self::COURTESY;
        while self.queueing.load(Ordering::Relaxed) > 0 && monotonic() < until {
            std::thread::yield_now();
        }
    }

    /// Take the engine out and drop it, devices and all. Everyone who sleeps is woken.
    pub(crate) fn stop(&self) {
        let slot = std::mem::replace(&mut *self.lock(), Slot::Stopped);
        if let Slot::Running(mut engine) | Slot::Failed(mut engine) = slot {
            engine.waiters.wake_all();
            // A stack that failed may be in any state: that dropping it panics too must not reach the caller.
            let _ = catch_unwind(AssertUnwindSafe(move || drop(engine)));
        }
        self.beds.close();
        // Handles may live on for long; descriptors shall not.
        self.poller().take();
    }

    /// Wake who watches the devices, and a driver that stands by.
    pub(crate) fn rouse(&self) {
        self.call(Call::Watcher);
        self.call(Call::Driver);
    }

    /// Tell whom it concerns.
    pub(crate) fn call(&self, call: Call) {
        if call == Call::Nobody {
            return;
        }
        if let Some(poller) = &*self.poller() {
            if call == Call::Watcher { poller.wake() } else { poller.call() }
        }
    }

    pub(crate) fn poller(&self) -> MutexGuard<'_, Option<Arc<Poller>>> {
        self.poller.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The text of the panic, once the stack failed.
    pub(crate) fn failure(&self) -> Option<&str> {
        self.failure.get().map(String::as_str)
    }

    /// Whether it was stopped.
    pub(crate) fn is_stopped(&self) -> bool {
        matches!(*self.lock(), Slot::Stopped)
    }

    /// Run `action` on the engine; a panic in it ends the stack, not the caller.
    pub(crate) fn guarded<T>(
        &self,
        slot: &mut Slot,
        action: impl FnOnce(&mut Engine) -> T,
    ) -> Result<T, HostError> {
        let engine = match slot {
            Slot::Running(engine) => engine,
            Slot::Failed(_) => return Err(self.failed()),
            Slot::Stopped => return Err(HostError::Stopped),
        };
        catch_unwind(AssertUnwindSafe(|| action(engine))).map_err(|panic| {
            let _ = self.failure.set(text_of(&*panic));
            if let Slot::Running(mut engine) = std::mem::replace(slot, Slot::Stopped) {
                engine.waiters.wake_all();
                *slot = Slot::Failed(engine);
            }
            self.rouse();
            self.failed()
        })
    }

    fn failed(&self) -> HostError {
        HostError::StackFailed(self.failure().unwrap_or("for an unknown reason").to_owned())
    }

    /// Panics are caught before they reach the guard, so that the lock is never poisoned; were it, `slot` would
    /// still be one of its three states.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Slot> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Drive a detached stack until it rests.
fn exhaust(engine: &mut Engine, now: Instant) -> bool {
    /// Two stacks could play ping-pong for ever inside one instant; nothing honest takes this many rounds.
    const LIMIT: usize = 100_000;
    (0..LIMIT).all(|_| engine.drive(now, Reading::All))
}

/// What a panic said.
fn text_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "panic without a text".to_owned())
}
