//! What the driver, or a leader, sleeps on: the devices' descriptors and one signal, with timeouts in nanoseconds; and
//! the signal for a driver that stands by.

use crate::clock::monotonic;
use crate::eventfd::{Signal, Woken, timespec};
use crate::spin::Spin;
use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::fd::{BorrowedFd, OwnedFd};
use rustix::io::Errno;
use rustix::thread::sched_yield;
use std::io;
use std::mem::MaybeUninit;
use tapip_core::observe::InterfaceId;
use tapip_core::time::{Duration, Instant};

/// An epoll instance. Devices may be added and removed by any thread while another sleeps.
#[derive(Debug)]
pub(crate) struct Poller {
    epoll: OwnedFd,
    wake: Signal,
    standby: Signal,
    pub(crate) spin: Spin,
}

/// What a device's descriptor reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ready {
    pub(crate) interface: InterfaceId,
    pub(crate) readable: bool,
    pub(crate) writable: bool,
    /// EPOLLERR or EPOLLHUP: reported whether asked for or not, until the descriptor is removed.
    pub(crate) broken: bool,
}

/// What a look found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Looked {
    Nothing,
    Something,
    /// A signal handler ran.
    Interrupted,
}

/// Interface numbers are 32 bits wide, so this is none of them.
const WAKE: u64 = u64::MAX;

impl Poller {
    /// One with no devices.
    pub(crate) fn new() -> io::Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let wake = Signal::new()?;
        epoll::add(&epoll, &wake, EventData::new_u64(WAKE), EventFlags::IN)?;
        Ok(Self { epoll, wake, standby: Signal::new()?, spin: Spin::new() })
    }

    /// Watch a device for frames.
    pub(crate) fn add(&self, interface: InterfaceId, fd: BorrowedFd<'_>) -> io::Result<()> {
        Ok(epoll::add(&self.epoll, fd, EventData::new_u64(u64::from(interface.0)), EventFlags::IN)?)
    }

    /// Watch a device for room as well, or no more.
    pub(crate) fn watch_room(
        &self,
        interface: InterfaceId,
        fd: BorrowedFd<'_>,
        watch: bool,
    ) -> io::Result<()> {
        let flags = if watch { EventFlags::IN | EventFlags::OUT } else { EventFlags::IN };
        Ok(epoll::modify(&self.epoll, fd, EventData::new_u64(u64::from(interface.0)), flags)?)
    }

    /// Watch a device no more.
    pub(crate) fn remove(&self, fd: BorrowedFd<'_>) {
        // That it is not there, because its device failed before, is no failure.
        let _ = epoll::delete(&self.epoll, fd);
    }

    /// End the sleep of whoever watches the devices, or keep it from starting one.
    pub(crate) fn wake(&self) {
        self.wake.raise();
    }

    /// Call a driver that stands by.
    pub(crate) fn call(&self) {
        self.standby.raise();
    }

    /// Stand by for `limit`, or until called: whether it was.
    pub(crate) fn stand_by(&self, limit: Option<Duration>) -> io::Result<bool> {
        let called = self.standby.sleep(limit)? == Woken::Raised;
        if called {
            self.standby.clear();
        }
        Ok(called)
    }

    /// Sleep until a device or the signal wants attention, at most for `limit`: whether a signal handler ended it. Where that
    /// pays, spin before the sleep.
    pub(crate) fn wait(&self, limit: Option<Duration>, ready: &mut Vec<Ready>) -> io::Result<bool> {
        ready.clear();
        if limit == Some(Duration::ZERO) || !self.spin.is_on() {
            return self.look(limit, ready).map(|looked| looked == Looked::Interrupted);
        }
        let start = monotonic();
        let span = self.spin.span().min(limit.unwrap_or(Duration::MAX));
        let mut silent = Duration::ZERO;
        while silent < span {
            match self.look(Some(Duration::ZERO), ready)? {
                Looked::Nothing => {}
                Looked::Something => {
                    self.spin.on_silence(silent, true);
                    return Ok(false);
                }
                Looked::Interrupted => return Ok(true),
            }
            // Whoever shall answer may need this processor.
            sched_yield();
            silent = monotonic().since(start);
        }
        let left =
            limit.map(|limit| Duration::from_nanos(limit.as_nanos().saturating_sub(silent.as_nanos())));
        let looked = self.look(left, ready)?;
        self.spin.on_silence(monotonic().since(start), false);
        Ok(looked == Looked::Interrupted)
    }

    /// Look once, asleep for `limit` at most while there is nothing.
    fn look(&self, limit: Option<Duration>, ready: &mut Vec<Ready>) -> io::Result<Looked> {
        let limit = limit.map(timespec);
        // A stack with more busy devices than this serves the rest in the next round: epoll goes round itself.
        let mut events = [const { MaybeUninit::<epoll::Event>::uninit() }; 16];
        let events = match epoll::wait(&self.epoll, &mut events, limit.as_ref()) {
            Ok(([], _)) => return Ok(Looked::Nothing),
            Ok((events, _)) => events,
            Err(Errno::INTR) => return Ok(Looked::Interrupted),
            Err(error) => return Err(error.into()),
        };
        for event in events.iter() {
            let (token, flags) = ({ event.data }.u64(), { event.flags });
            if token == WAKE {
                self.wake.clear();
                continue;
            }
            let broken = flags.intersects(EventFlags::ERR | EventFlags::HUP);
            ready.push(Ready {
                interface: InterfaceId(token as u32),
                readable: broken || flags.contains(EventFlags::IN),
                writable: flags.contains(EventFlags::OUT),
                broken,
            });
        }
        Ok(Looked::Something)
    }
}

/// The limit of a sleep until `until`.
pub(crate) fn time_until(until: Instant) -> Option<Duration> {
    (until != Instant::FAR_FUTURE).then(|| until.since(monotonic()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::fd::AsFd;

    #[test]
    fn a_wake_before_the_sleep_is_not_lost() {
        let poller = Poller::new().expect("epoll");
        let mut ready = Vec::new();
        poller.wake();
        poller.wait(None, &mut ready).expect("wait");
        assert_eq!(ready, []);
    }

    #[test]
    fn devices_are_told_apart_and_time_is_kept() {
        let poller = Poller::new().expect("epoll");
        let device = Signal::new().expect("eventfd");
        poller.add(InterfaceId(7), device.as_fd()).expect("add");
        let mut ready = Vec::new();
        let before = monotonic();
        poller.wait(Some(Duration::from_micros(300)), &mut ready).expect("wait");
        assert!(monotonic().since(before) >= Duration::from_micros(300));
        assert_eq!(ready, []);
        device.raise();
        poller.wait(None, &mut ready).expect("wait");
        let expected = Ready { interface: InterfaceId(7), readable: true, writable: false, broken: false };
        assert_eq!(ready, [expected]);
        poller.remove(device.as_fd());
        poller.wait(Some(Duration::ZERO), &mut ready).expect("wait");
        assert_eq!(ready, []);
    }
}
