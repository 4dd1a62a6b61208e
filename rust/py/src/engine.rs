//! What runs a stack: the driver thread, or nobody.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tapip_core::error::Error;
use tapip_core::observe::InterfaceId;
use tapip_core::rng::Rng;
use tapip_core::stack::{Config, Medium};
use tapip_core::time::Duration;
use tapip_core::wire::MacAddress;
use tapip_host::device::QueueEnd;
use tapip_host::{Detached, Driver, Handle, HostError};

/// A stack with what runs it.
pub(crate) struct Engine {
    handle: Handle,
    kind: Kind,
    /// The caller's ends of `Queue` devices.
    ends: Mutex<HashMap<InterfaceId, QueueEnd>>,
    /// For what is chosen outside the core: hardware addresses, seeds of impairments.
    rng: Mutex<Rng>,
}

enum Kind {
    Live(Mutex<Driver>),
    Detached(Detached),
}

impl Engine {
    /// A new stack; without a seed the kernel gives one.
    pub(crate) fn start(seed: Option<u128>, threaded: bool) -> Result<Self, HostError> {
        let seed = seed.map_or_else(tapip_host::seed, Ok).map_err(|error| HostError::Device {
            errno: error.raw_os_error().unwrap_or_default(),
            text: format!("cannot get a seed from the kernel: {error}"),
        })?;
        let mut rng = Rng::new(seed);
        let (seed, config) = (rng.key(), Config::default());
        let (handle, kind) = if threaded {
            let driver = Driver::start(config, seed)?;
            (driver.handle().clone(), Kind::Live(Mutex::new(driver)))
        } else {
            let detached = Detached::new(config, seed);
            (detached.handle().clone(), Kind::Detached(detached))
        };
        Ok(Self { handle, kind, ends: Mutex::default(), rng: Mutex::new(rng) })
    }

    /// The door to the stack.
    pub(crate) const fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Close everything. Data on its way is given a moment; see `Driver::stop`.
    pub(crate) fn stop(&self) -> Result<(), HostError> {
        match &self.kind {
            Kind::Live(driver) => locked(driver).stop(Driver::LINGER),
            Kind::Detached(detached) => detached.stop(),
        }
        locked(&self.ends).clear();
        Ok(())
    }

    /// A seed that follows from the stack's.
    pub(crate) fn seed(&self) -> u128 {
        locked(&self.rng).key()
    }

    /// A hardware address of our own for an interface: locally administered, for one host (IEEE 802 3.1).
    pub(crate) fn mac(&self, medium: Medium) -> MacAddress {
        if medium != Medium::Ethernet {
            return MacAddress::ZERO;
        }
        let [first, rest @ ..] = locked(&self.rng).next_u64().to_be_bytes();
        MacAddress([first & 0xfc | 0x02, rest[0], rest[1], rest[2], rest[3], rest[4]])
    }

    /// Keep the other end of the queue that was plugged in as `id`.
    pub(crate) fn keep_end(&self, id: InterfaceId, end: Option<QueueEnd>) {
        locked(&self.ends).extend(end.map(|end| (id, end)));
    }

    /// A frame arrives at once.
    pub(crate) fn inject(&self, id: InterfaceId, frame: &[u8]) -> Result<(), HostError> {
        self.end(id)?.inject(frame);
        self.handle.with(|_, _| ())
    }

    /// The oldest frame that was sent and not pulled yet.
    pub(crate) fn pull(&self, id: InterfaceId) -> Result<Option<Vec<u8>>, HostError> {
        let frame = self.end(id)?.pull();
        // There is room again: frames that waited for it move up.
        self.handle.with(|_, _| ())?;
        Ok(frame)
    }

    /// Let time pass.
    pub(crate) fn advance(&self, span: Duration) -> Result<(), HostError> {
        self.detached()?.advance(span)
    }

    /// How long until something happens by itself.
    pub(crate) fn next_timeout(&self) -> Result<Option<Duration>, HostError> {
        let now = self.handle.now();
        Ok(self.detached()?.next_timeout()?.map(|at| at.since(now)))
    }

    fn detached(&self) -> Result<&Detached, HostError> {
        match &self.kind {
            Kind::Detached(detached) => Ok(detached),
            Kind::Live(_) => Err(Error::NotSupported.into()),
        }
    }

    fn end(&self, id: InterfaceId) -> Result<QueueEnd, HostError> {
        Ok(locked(&self.ends).get(&id).cloned().ok_or(Error::NoSuchDevice)?)
    }
}

/// A lock whose holders leave it whole whatever happens.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
