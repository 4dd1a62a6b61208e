//! The driver: one thread per stack that sleeps until a device, a timer or a caller has something, and then drives.

use crate::baton::Shared;
use crate::clock::Clock;
use crate::engine::Engine;
use crate::error::HostError;
use crate::handle::Handle;
use crate::poller::{Poller, time_until};
use crate::seat::Duty;
use rustix::thread::set_current_timer_slack;
use std::num::NonZeroU64;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::{self, JoinHandle};
use tapip_core::stack::{Config, Stack};
use tapip_core::time::{Duration, Instant};

/// A stack that lives: it owns the thread, and stops it when dropped.
pub struct Driver {
    handle: Handle,
    thread: Option<JoinHandle<()>>,
}

impl Driver {
    /// How long a stop waits for data on its way: with the join, well under a second.
    pub const LINGER: Duration = Duration::from_millis(500);

    /// Start a stack with no devices. Its numbers repeat for the same `seed`, so give a fresh one
    /// ([`seed`](crate::seed)) unless that is wanted.
    pub fn start(config: Config, seed: u128) -> Result<Self, HostError> {
        let fail = |error: std::io::Error| HostError::system("cannot start the driver", &error);
        let poller = Arc::new(Poller::new().map_err(fail)?);
        let clock = Clock::Live;
        let engine = Engine::new(Stack::new(config, seed, clock.now()), Some(Arc::clone(&poller)));
        let shared = Arc::new(Shared::new(engine, clock, Some(Arc::clone(&poller))));
        let driven = Arc::clone(&shared);
        let thread = thread::Builder::new().name("tapip".to_owned()).spawn(move || run(&driven, &poller));
        Ok(Self { handle: Handle { shared }, thread: Some(thread.map_err(fail)?) })
    }

    /// The door to the stack.
    pub const fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Stop: close every connection, give data on its way up to `linger`, reset what is left, join the thread and
    /// close the devices. Every call that sleeps is woken and fails. A second stop does nothing.
    pub fn stop(&mut self, linger: Duration) {
        let Some(thread) = self.thread.take() else { return };
        self.handle.wind_down(linger);
        let shared = &self.handle.shared;
        shared.stopping.store(true, Ordering::Release);
        shared.rouse();
        // A panic in the driver was caught and told already.
        let _ = thread.join();
        shared.stop();
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.stop(Self::LINGER);
    }
}

fn run(shared: &Shared, poller: &Poller) {
    // Timers of the kernel may be late by 50 us to save wake-ups; pacing and probes want them on time. Without the
    // right to change that, they are late.
    let _ = set_current_timer_slack(NonZeroU64::new(1));
    let mut ready = Vec::new();
    let mut until = Instant::ZERO;
    let mut refused = 0;
    while !shared.stopping.load(Ordering::Acquire) {
        if poller.wait(time_until(until), &mut ready).is_err() {
            // The descriptors are ours and open, so this does not happen; a stack without its driver must not look
            // alive.
            let _ = shared.enter(|_, _| panic!("the driver cannot poll its devices"));
        }
        match shared.turn(&ready) {
            Ok(Some(next)) => {
                until = next;
                shared.give_way(&mut refused);
            }
            Ok(None) => {
                // What we woke up for, and took, may have been meant for the leader.
                poller.wake();
                stand_by(shared, poller);
                until = Instant::ZERO;
            }
            Err(_) => return,
        }
    }
}

/// Leave the devices to callers that lead, until none does.
fn stand_by(shared: &Shared, poller: &Poller) {
    /// How long devices may be left alone by a caller that comes back to lead: a caller that reads as fast as it can is
    /// back within 100 us, and a third of a millisecond is less than the kernel's own interrupt moderation may take.
    const NAP: Duration = Duration::from_micros(300);
    /// And by one who came back during every nap so far: on one processor each look of ours costs a round trip 17 us.
    const LONG_NAP: Duration = Duration::from_micros(1_200);
    let mut nap = NAP;
    let mut seen = u64::MAX;
    while !shared.stopping.load(Ordering::Acquire) {
        let limit = match shared.duty(&mut seen) {
            Duty::Sit => return,
            Duty::Nap => {
                let limit = nap;
                nap = LONG_NAP.min(nap + nap);
                Some(limit)
            }
            Duty::Park => None,
        };
        if !matches!(poller.stand_by(limit), Ok(false)) {
            return;
        }
    }
}
