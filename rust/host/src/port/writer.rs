//! The writer: a thread that writes full bursts to a device while the stack makes the next ones.
//!
//! A frame costs about four times as much in the kernel, which takes it through its own TCP before the write returns,
//! as in the stack. So bulk output takes two threads, and everything else none: a burst that is not full is written by
//! whoever made it, unless older ones are still here. The thread begins with the first full burst of a port.

use super::burst::Burst;
use crate::device::Queues;
use crate::poller::Poller;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, write};
use std::collections::VecDeque;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

/// The writer of one port. Dropped, it writes what it has and ends.
pub(super) struct Writer {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    state: Mutex<State>,
    work: Condvar,
    /// Bursts that are not written to their end.
    pending: AtomicUsize,
    /// There are losses to be told.
    troubled: AtomicBool,
    driver: Arc<Poller>,
}

#[derive(Default)]
struct State {
    queue: VecDeque<Burst>,
    /// Empty bursts for reuse.
    spare: Vec<Burst>,
    losses: Vec<io::Error>,
    /// The stack waits for room.
    wanted: bool,
    ending: bool,
}

impl Writer {
    /// Bursts that may wait. Four are under a millisecond of writing, so that no ACK or answer waits longer.
    const LIMIT: usize = 4;

    /// When so many are left, the driver is woken for more: it needs about 50 us, and one burst takes 200.
    const LOW: usize = 1;

    /// Begin. `queues` take frames by write(2); `driver` hears of room and of losses.
    pub(super) fn start(queues: Queues, driver: Arc<Poller>) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            work: Condvar::new(),
            pending: AtomicUsize::new(0),
            troubled: AtomicBool::new(false),
            driver,
        });
        let ours = Arc::clone(&shared);
        let thread =
            thread::Builder::new().name("tapip-writer".to_owned()).spawn(move || ours.run(&queues))?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// Whether nothing is under way, so that others may write without overtaking.
    pub(super) fn is_idle(&self) -> bool {
        self.shared.pending.load(Ordering::Acquire) == 0
    }

    /// Whether it has enough. If so, the driver is woken when it wants more.
    pub(super) fn is_full(&self) -> bool {
        if self.shared.pending.load(Ordering::Acquire) < Self::LIMIT {
            return false;
        }
        let mut state = self.shared.lock();
        state.wanted = state.queue.len() > Self::LOW;
        state.wanted
    }

    /// Write `burst` behind those that it has; an empty one comes back.
    pub(super) fn push(&self, burst: Burst) -> Burst {
        self.shared.pending.fetch_add(1, Ordering::AcqRel);
        let mut state = self.shared.lock();
        state.queue.push_back(burst);
        let spare = state.spare.pop();
        drop(state);
        self.shared.work.notify_one();
        spare.unwrap_or_default()
    }

    /// What writing failed with since the last time, an error for each frame lost.
    pub(super) fn take_losses(&self) -> Vec<io::Error> {
        if !self.shared.troubled.swap(false, Ordering::AcqRel) {
            return Vec::new();
        }
        std::mem::take(&mut self.shared.lock().losses)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.shared.lock().ending = true;
        self.shared.work.notify_one();
        if let Some(thread) = self.thread.take() {
            // It does not panic; were it to, the device is closed all the same.
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn run(&self, queues: &Queues) {
        while let Some(mut burst) = self.next() {
            for frame in burst.frames() {
                if let Err(error) = self.write(queues, frame) {
                    self.lock().losses.push(error.into());
                    self.troubled.store(true, Ordering::Release);
                }
            }
            burst.clear();
            self.lock().spare.push(burst);
            self.pending.fetch_sub(1, Ordering::AcqRel);
            if self.troubled.load(Ordering::Acquire) {
                self.driver.wake();
            }
        }
    }

    /// The next burst; `None` at the end.
    fn next(&self) -> Option<Burst> {
        let mut state = self.lock();
        loop {
            if let Some(burst) = state.queue.pop_front() {
                let wake = state.queue.len() <= Writer::LOW && std::mem::take(&mut state.wanted);
                drop(state);
                if wake {
                    self.driver.wake();
                }
                return Some(burst);
            }
            if state.ending {
                return None;
            }
            state = self.work.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn write(&self, queues: &Queues, frame: &[u8]) -> rustix::io::Result<()> {
        /// A device without room for so long loses frames, as a full queue does. A tap has room unless somebody gave
        /// it a send buffer (TUNSETSNDBUF).
        const PATIENCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 10_000_000 };
        let fd = queues.of_fronted(frame);
        loop {
            match write(fd, frame) {
                Ok(_) => return Ok(()),
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) if !self.lock().ending => {
                    if poll(&mut [PollFd::new(fd, PollFlags::OUT)], Some(&PATIENCE)) == Ok(0) {
                        return Err(Errno::AGAIN);
                    }
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Nothing in here panics while it is held.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
