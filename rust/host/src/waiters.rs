//! Who sleeps for which socket. Guarded by the baton: a caller that saw "would block" is on the list before anyone
//! can change the socket, so no wake-up is lost.

use crate::eventfd::Signal;
use crate::poller::Poller;
use crate::watchlist::{WatchId, Watchlists};
use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tapip_core::observe::Readiness;
use tapip_core::stack::{Event, SocketId};

/// What somebody sleeps for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Awaited {
    /// One socket.
    Socket(SocketId),
    /// Any socket of a watchlist.
    List(WatchId),
}

/// The sleepers of one stack.
#[derive(Debug, Default)]
pub(crate) struct Waiters {
    asleep: HashMap<Awaited, Vec<Sleeper>>,
    /// A leader that sleeps on the devices, and for what.
    leader: Option<(Awaited, Readiness, Arc<Poller>)>,
    pub(crate) watchlists: Watchlists,
}

#[derive(Debug)]
struct Sleeper {
    interest: Readiness,
    signal: Arc<Signal>,
}

impl Waiters {
    /// Whether no one sleeps, but perhaps a leader.
    pub(crate) fn is_empty(&self) -> bool {
        self.asleep.is_empty()
    }

    /// A leader sleeps: wake it once when `awaited` becomes ready for `interest`, or fails, by somebody else's doing.
    pub(crate) fn add_leader(&mut self, awaited: Awaited, interest: Readiness, poller: &Arc<Poller>) {
        let interest = interest | Readiness::ERROR | Readiness::HANGUP;
        self.leader = Some((awaited, interest, Arc::clone(poller)));
    }

    /// The leader is awake, and sees for itself.
    pub(crate) fn remove_leader(&mut self) {
        self.leader = None;
    }

    /// Raise `signal` once when `awaited` becomes ready for `interest`, or fails.
    pub(crate) fn add(&mut self, awaited: Awaited, interest: Readiness, signal: &Arc<Signal>) {
        let interest = interest | Readiness::ERROR | Readiness::HANGUP;
        self.asleep.entry(awaited).or_default().push(Sleeper { interest, signal: Arc::clone(signal) });
    }

    /// Forget a sleeper that gave up.
    pub(crate) fn remove(&mut self, awaited: Awaited, signal: &Arc<Signal>) {
        self.wake_if(awaited, |sleeper| Arc::ptr_eq(&sleeper.signal, signal));
        signal.clear();
    }

    /// Wake whom an event concerns.
    pub(crate) fn on_event(&mut self, event: Event) {
        self.wake(Awaited::Socket(event.socket), event.readiness);
        while let Some(list) = self.watchlists.on_event(event) {
            self.wake(Awaited::List(list), event.readiness);
        }
    }

    /// Wake everyone who sleeps for `socket`: it is closed.
    pub(crate) fn on_close(&mut self, socket: SocketId) {
        self.watchlists.forget(socket);
        self.wake(Awaited::Socket(socket), Readiness::all());
    }

    /// Wake who sleeps for a watchlist: what it holds has changed.
    pub(crate) fn on_list_changed(&mut self, list: WatchId) {
        self.wake(Awaited::List(list), Readiness::all());
    }

    fn wake(&mut self, awaited: Awaited, readiness: Readiness) {
        self.wake_leader_if(|its, interest| its == awaited && interest.intersects(readiness));
        self.wake_if(awaited, |sleeper| sleeper.interest.intersects(readiness));
    }

    /// Wake everyone: the stack is at its end.
    pub(crate) fn wake_all(&mut self) {
        self.wake_leader_if(|_, _| true);
        for sleeper in self.asleep.drain().flat_map(|(_, sleepers)| sleepers) {
            sleeper.signal.raise();
        }
    }

    fn wake_leader_if(&mut self, concerned: impl FnOnce(Awaited, Readiness) -> bool) {
        if let Some((_, _, poller)) =
            self.leader.take_if(|(awaited, interest, _)| concerned(*awaited, *interest))
        {
            poller.wake();
        }
    }

    fn wake_if(&mut self, awaited: Awaited, concerned: impl Fn(&Sleeper) -> bool) {
        let Some(sleepers) = self.asleep.get_mut(&awaited) else { return };
        sleepers.retain(|sleeper| {
            let wake = concerned(sleeper);
            if wake {
                sleeper.signal.raise();
            }
            !wake
        });
        if sleepers.is_empty() {
            self.asleep.remove(&awaited);
        }
    }
}

/// Signals for sleepers, used again and closed with the stack: a descriptor per thread would outlive it.
#[derive(Debug, Default)]
pub(crate) struct Beds(Mutex<Vec<Arc<Signal>>>);

impl Beds {
    /// Signals kept for reuse; a crowd of sleepers larger than this makes and closes the rest.
    const KEPT: usize = 64;

    /// A signal that is not raised and belongs to nobody else.
    pub(crate) fn take(&self) -> io::Result<Bed<'_>> {
        let kept = self.lock().pop();
        let signal = kept.map_or_else(|| Signal::new().map(Arc::new), Ok)?;
        Ok(Bed { beds: self, signal })
    }

    /// Close all of them.
    pub(crate) fn close(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arc<Signal>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A signal for one sleeper, given back when dropped.
pub(crate) struct Bed<'a> {
    beds: &'a Beds,
    signal: Arc<Signal>,
}

impl Bed<'_> {
    /// What to sleep on.
    pub(crate) const fn signal(&self) -> &Arc<Signal> {
        &self.signal
    }
}

impl Drop for Bed<'_> {
    fn drop(&mut self) {
        self.signal.clear();
        let mut kept = self.beds.lock();
        // One that is still on somebody's list could be raised for its next user.
        if kept.len() < Beds::KEPT && Arc::strong_count(&self.signal) == 1 {
            kept.push(Arc::clone(&self.signal));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eventfd::Woken;
    use tapip_core::stack::TcpId;
    use tapip_core::time::Duration;

    fn raised(signal: &Signal) -> bool {
        signal.sleep(Some(Duration::ZERO)).expect("poll") == Woken::Raised
    }

    #[test]
    fn only_those_concerned_are_woken_and_only_once() {
        let socket = SocketId::Tcp(TcpId::default());
        let mut waiters = Waiters::default();
        let beds = Beds::default();
        let (reader, writer) = (beds.take().expect("eventfd"), beds.take().expect("eventfd"));
        let (reader, writer) = (reader.signal(), writer.signal());
        waiters.add(Awaited::Socket(socket), Readiness::READABLE, reader);
        waiters.add(Awaited::Socket(socket), Readiness::WRITABLE, writer);
        waiters.on_event(Event { socket, readiness: Readiness::READABLE });
        assert!(raised(reader) && !raised(writer));
        reader.clear();
        waiters.on_event(Event { socket, readiness: Readiness::READABLE });
        assert!(!raised(reader), "it was taken off the list");
        waiters.on_event(Event { socket, readiness: Readiness::ERROR });
        assert!(raised(writer), "an error concerns everyone");
    }

    #[test]
    fn who_gave_up_is_not_woken_and_its_signal_is_used_again() {
        let socket = SocketId::Tcp(TcpId::default());
        let mut waiters = Waiters::default();
        let beds = Beds::default();
        let bed = beds.take().expect("eventfd");
        waiters.add(Awaited::Socket(socket), Readiness::READABLE, bed.signal());
        waiters.remove(Awaited::Socket(socket), bed.signal());
        waiters.wake_all();
        assert!(!raised(bed.signal()));
        drop(bed);
        assert_eq!(beds.lock().len(), 1);
        let _bed = beds.take().expect("kept");
        assert_eq!(beds.lock().len(), 0);
    }
}
