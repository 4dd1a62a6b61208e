//! Many sockets, one who waits: readiness as epoll(7) tells it, of the sockets of one stack.

use crate::error::HostError;
use crate::handle::Handle;
use crate::wait::Errand;
use crate::waiters::Awaited;
use crate::watchlist::WatchId;
use tapip_core::error::Error;
use tapip_core::observe::Readiness;
use tapip_core::stack::SocketId;
use tapip_core::time::Duration;

/// A set of sockets to wait for. Level-triggered: a socket is told of as long as it is ready for what is wanted of it.
///
/// A socket that is closed leaves the set by itself. Who waits may lead (see the crate's tour): then no other thread
/// stands between the devices and the sockets that become ready.
pub struct Selector {
    handle: Handle,
    list: WatchId,
}

impl Selector {
    /// An empty set of sockets of the stack behind `handle`.
    pub fn new(handle: &Handle) -> Result<Self, HostError> {
        let list = handle.with_engine(|engine, _| engine.waiters.watchlists.open())?;
        Ok(Self { handle: handle.clone(), list })
    }

    /// Watch a socket for `interest`, errors and hang-ups, or change what it is watched for. Events carry `token`.
    pub fn watch(&self, socket: SocketId, interest: Readiness, token: u64) -> Result<(), HostError> {
        self.handle.with_engine(|engine, _| {
            engine.stack.readiness(socket)?;
            engine.waiters.watchlists.watch(self.list, socket, interest, token);
            engine.waiters.on_list_changed(self.list);
            Ok(())
        })?
    }

    /// Watch a socket no more; `NotFound` when it was not watched.
    pub fn unwatch(&self, socket: SocketId) -> Result<(), HostError> {
        let held =
            self.handle.with_engine(|engine, _| engine.waiters.watchlists.unwatch(self.list, socket))?;
        if held { Ok(()) } else { Err(Error::NotFound.into()) }
    }

    /// Wait until a socket is ready; `events` then holds tokens and readiness, of `most` sockets at most. Timeouts as of
    /// [`Handle::wait`].
    pub fn wait(
        &self,
        events: &mut Vec<(u64, Readiness)>,
        most: usize,
        timeout: Option<Duration>,
    ) -> Result<(), HostError> {
        events.clear();
        let list = self.list;
        let errand = Errand {
            awaited: Awaited::List(list),
            interest: Readiness::all(),
            verb: |engine: &mut crate::Engine, _| {
                engine.waiters.watchlists.look(list, &engine.stack, most, events);
                if events.is_empty() { Err(Error::WouldBlock) } else { Ok(()) }
            },
        };
        self.handle.block(errand, timeout)
    }
}

impl Drop for Selector {
    fn drop(&mut self) {
        // On a stack that is stopped or failed there is no list any more.
        let _ = self.handle.with_engine(|engine, _| engine.waiters.watchlists.close(self.list));
    }
}
