//! Calls that sleep. Whoever sleeps alone leads: it watches the devices itself. Others sleep on a signal of their own.

use crate::baton::Shared;
use crate::clock::Deadline;
use crate::engine::{Engine, Reading};
use crate::error::HostError;
use crate::eventfd::Woken;
use crate::handle::Handle;
use crate::poller::{Poller, Ready, time_until};
use crate::seat::Call;
use crate::waiters::Awaited;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tapip_core::error::Error;
use tapip_core::observe::Readiness;
use tapip_core::stack::{SocketId, Stack};
use tapip_core::time::{Duration, Instant};

impl Handle {
    /// Sleep until a socket is ready for `interest`, or has an error or hung up. What it is ready for then.
    ///
    /// `timeout`: `None` waits for ever, zero not at all (`WouldBlock`). Fails with `TimedOut`, with `Interrupted`
    /// when a signal handler ran, with `WouldBlock` on a detached stack.
    pub fn wait(
        &self,
        id: SocketId,
        interest: Readiness,
        timeout: Option<Duration>,
    ) -> Result<Readiness, HostError> {
        let wanted = interest | Readiness::ERROR | Readiness::HANGUP;
        self.block_on(id, interest, timeout, |stack, _| {
            let readiness = stack.readiness(id)?;
            if readiness.intersects(wanted) { Ok(readiness) } else { Err(Error::WouldBlock) }
        })
    }

    /// Sleep; `Interrupted` when a signal handler ran.
    pub(crate) fn nap(&self, span: Duration) -> Result<(), HostError> {
        let failed = |error| HostError::system("cannot sleep", &error);
        let bed = self.shared.beds.take().map_err(failed)?;
        match bed.signal().sleep(Some(span)).map_err(failed)? {
            Woken::Interrupted => Err(HostError::Interrupted),
            Woken::Raised | Woken::TimedOut => Ok(()),
        }
    }

    /// Try `verb` until it says other than `WouldBlock`, asleep in between until the socket is ready for `interest`.
    /// Timeouts as of [`Handle::wait`].
    pub fn block_on<T>(
        &self,
        id: SocketId,
        interest: Readiness,
        timeout: Option<Duration>,
        mut verb: impl FnMut(&mut Stack, Instant) -> Result<T, Error>,
    ) -> Result<T, HostError> {
        let verb = |engine: &mut Engine, now| verb(&mut engine.stack, now);
        self.block(Errand { awaited: Awaited::Socket(id), interest, verb }, timeout)
    }

    /// As `block_on`, for whatever can be slept for, with a verb that has the whole engine.
    pub(crate) fn block<T, V>(&self, mut errand: Errand<V>, timeout: Option<Duration>) -> Result<T, HostError>
    where
        V: FnMut(&mut Engine, Instant) -> Result<T, Error>,
    {
        let may_sleep = self.is_live() && timeout != Some(Duration::ZERO);
        let deadline = Deadline::after(timeout);
        let (tried, leads) = self.shared.enter(|engine, now| {
            let tried = (errand.verb)(engine, now);
            let sleeps = may_sleep && matches!(tried, Err(Error::WouldBlock));
            (tried, sleeps && engine.may_lead())
        })?;
        match tried {
            Err(Error::WouldBlock) if may_sleep => {}
            done => return Ok(done?),
        }
        if leads {
            return self.shared.lead(errand, deadline);
        }
        self.follow(errand, deadline)
    }

    /// Sleep until whoever watches the devices says so.
    fn follow<T, V>(&self, errand: Errand<V>, deadline: Deadline) -> Result<T, HostError>
    where
        V: FnMut(&mut Engine, Instant) -> Result<T, Error>,
    {
        let Errand { awaited, interest, mut verb } = errand;
        let bed = self.shared.beds.take().map_err(|error| HostError::system("cannot sleep", &error))?;
        loop {
            // On the list before the baton is given up: nobody can make the socket ready in between, unseen.
            let tried = self.shared.enter(|engine, now| {
                let tried = verb(engine, now);
                if matches!(tried, Err(Error::WouldBlock)) {
                    engine.waiters.add(awaited, interest, bed.signal());
                }
                tried
            })?;
            match tried {
                Err(Error::WouldBlock) => {}
                done => return Ok(done?),
            }
            let slept = bed.signal().sleep(deadline.left());
            let gave_up = match slept.map_err(|error| HostError::system("cannot sleep", &error))? {
                Woken::Raised => {
                    bed.signal().clear();
                    continue;
                }
                Woken::TimedOut => HostError::TimedOut,
                Woken::Interrupted => HostError::Interrupted,
            };
            // The socket may have become ready at the last moment: the verb has the last word.
            let last = self.shared.enter(|engine, now| {
                engine.waiters.remove(awaited, bed.signal());
                verb(engine, now)
            })?;
            return match last {
                Err(Error::WouldBlock) => Err(gave_up),
                done => Ok(done?),
            };
        }
    }
}

/// What a sleeper wants.
pub(crate) struct Errand<V> {
    pub(crate) awaited: Awaited,
    pub(crate) interest: Readiness,
    pub(crate) verb: V,
}

/// How a turn of a leader ended.
enum Step<T> {
    /// It may sleep until then.
    Sleep(Instant),
    Done(Result<T, Error>, Call),
}

impl Shared {
    /// Drive the stack, as its leader, until `verb` says other than `WouldBlock`.
    fn lead<T, V>(&self, mut errand: Errand<V>, deadline: Deadline) -> Result<T, HostError>
    where
        V: FnMut(&mut Engine, Instant) -> Result<T, Error>,
    {
        let poller = self.poller().as_ref().map(Arc::clone).ok_or(HostError::Stopped)?;
        let (mut ready, mut refused, mut gave_up) = (Vec::new(), 0, None);
        loop {
            // What woke us, and is taken, may have been meant for the driver: that it shall end.
            let step = self.lead_turn(&poller, &ready, &mut errand, gave_up.is_some());
            let step = step.inspect_err(|_| self.rouse())?;
            match step {
                Step::Sleep(Instant::ZERO) => self.give_way(&mut refused),
                Step::Sleep(until) => gave_up = self.watch(&poller, until, deadline, &mut ready),
                Step::Done(tried, call) => {
                    self.call(call);
                    if gave_up == Some(HostError::Stopped) {
                        self.rouse();
                    }
                    return match (tried, gave_up) {
                        (Err(Error::WouldBlock), Some(why)) => Err(why),
                        (done, _) => Ok(done?),
                    };
                }
            }
        }
    }

    /// One turn of the leader. `last`: it leaves, whatever the verb says.
    fn lead_turn<T, V>(
        &self,
        poller: &Arc<Poller>,
        ready: &[Ready],
        errand: &mut Errand<V>,
        last: bool,
    ) -> Result<Step<T>, HostError>
    where
        V: FnMut(&mut Engine, Instant) -> Result<T, Error>,
    {
        self.guarded(&mut self.lock(), |engine| {
            let now = self.clock.now();
            engine.seat.on_leader();
            engine.waiters.remove_leader();
            engine.on_ready(ready);
            let left = engine.drive(now, Reading::All);
            let tried = (errand.verb)(engine, now);
            if !last && matches!(tried, Err(Error::WouldBlock)) {
                if left {
                    return Step::Sleep(Instant::ZERO);
                }
                let until = engine.sleeps_until();
                engine.seat.leader_sits(until);
                engine.waiters.add_leader(errand.awaited, errand.interest, poller);
                return Step::Sleep(until);
            }
            let left = engine.drive(now, Reading::Memory);
            Step::Done(tried, engine.on_leave(left))
        })
    }

    /// Sleep on the devices; why the leader has to give up, if it has to.
    fn watch(
        &self,
        poller: &Poller,
        until: Instant,
        deadline: Deadline,
        ready: &mut Vec<Ready>,
    ) -> Option<HostError> {
        let limits = [time_until(until), deadline.left()];
        match poller.wait(limits.into_iter().flatten().min(), ready) {
            Err(error) => Some(HostError::system("cannot sleep", &error)),
            Ok(_) if self.stopping.load(Ordering::Acquire) => Some(HostError::Stopped),
            Ok(true) => Some(HostError::Interrupted),
            Ok(false) => deadline.has_passed().then_some(HostError::TimedOut),
        }
    }
}
