use std::cell::Cell;
use std::sync::{Arc, Mutex};
use tapip_core::sim::{HostId, Network};
use tapip_core::stack::Stack;
use tapip_core::time::Instant;
use tapip_host::HostError;

thread_local! {
    /// Whether this thread is inside a network. It comes back to Python there when a link asks a predicate.
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// Linux's number for "resource deadlock avoided".
const EDEADLK: i32 = 35;

/// A network with its lock. Nobody holds the GIL while waiting for it.
pub(crate) struct Shared(Mutex<Network>);

impl Shared {
    pub(super) fn new(network: Network) -> Self {
        Self(Mutex::new(network))
    }

    /// Do `verb` on the network.
    pub(super) fn with<T>(&self, verb: impl FnOnce(&mut Network) -> T) -> Result<T, HostError> {
        if INSIDE.get() {
            let text = "a predicate of a link must not use its network".to_owned();
            return Err(HostError::Device { errno: EDEADLK, text });
        }
        let failed = |_| HostError::StackFailed("the network broke in an earlier call".to_owned());
        let mut network = self.0.lock().map_err(failed)?;
        let _inside = Inside::enter();
        Ok(verb(&mut network))
    }
}

/// Being inside, for as long as this lives, also when the network panics.
struct Inside;

impl Inside {
    fn enter() -> Self {
        INSIDE.set(true);
        Self
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        INSIDE.set(false);
    }
}

/// The stack of a host of a virtual network.
pub(crate) struct VirtualHost {
    pub(super) shared: Arc<Shared>,
    pub(super) host: HostId,
}

impl VirtualHost {
    /// Do `verb` on the stack, at the network's time.
    pub(crate) fn with<T>(&self, verb: impl FnOnce(&mut Stack, Instant) -> T) -> Result<T, HostError> {
        self.shared.with(|network| network.with_stack(self.host, verb))
    }

    /// The same host once more.
    pub(super) fn another(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), host: self.host }
    }
}
