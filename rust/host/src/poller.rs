//! What the driver, or a leader, sleeps on: the devices' descriptors and one signal, with timeouts in nanoseconds; and
//! the signal for a driver that stands by.

use crate::clock::monotonic;
use crate::eventfd::{Signal, Woken, timespec};
use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::fd::{BorrowedFd, OwnedFd};
use rustix::io::Errno;
use std::io;
use tapip_core::observe::InterfaceId;
use tapip_core::time::{Duration, Instant};

/// An epoll instance. Devices may be added and removed by any thread while another sleeps.
#[derive(Debug)]
pub(crate) struct Poller {
    epoll: OwnedFd,
    wake: Signal,
    standby: Signal,
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

/// Interface numbers are 32 bits wide, so this is none of them.
const WAKE: u64 = u64::MAX;

impl Poller {
    /// One with no devices.
    pub(crate) fn new() -> io::Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let wake = Signal::new()?;
        epoll::add(&epoll, &wake, EventData::new_u64(WAKE), EventFlags::IN)?;
        Ok(Self { epoll, wake, standby: Signal::new()? })
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

    /// Sleep until a device or the signal wants attention, at most for `limit`: whether a signal handler ended it.
    pub(crate) fn wait(&self, limit: Option<Duration>, ready: &mut Vec<Ready>) -> io::Result<bool> {
        ready.clear();
        let limit = limit.map(timespec);
        // A stack with more busy devices than this serves the rest in the next round: epoll goes round itself.
        let mut events = Vec::<epoll::Event>::with_capacity(64);
        match epoll::wait(&self.epoll, spare_capacity(&mut events), limit.as_ref()) {
            Ok(_) => {}
            Err(Errno::INTR) => return Ok(true),
            Err(error) => return Err(error.into()),
        }
        for event in events {
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
        Ok(false)
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
