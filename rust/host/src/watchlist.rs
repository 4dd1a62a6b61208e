//! Lists of sockets of which one caller wants to know which are ready. Guarded by the baton.
//!
//! A socket that something happened to stands in its lists' queues until a look finds it not ready: so readiness is
//! told as epoll tells it without EPOLLET, and a look costs what is ready, not what is watched.

use std::collections::{HashMap, VecDeque};
use tapip_core::observe::Readiness;
use tapip_core::stack::{Event, SocketId, Stack};

/// Names a list; never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct WatchId(u64);

/// What is told without being asked for.
const ALWAYS: Readiness = Readiness::ERROR.union(Readiness::HANGUP);

/// All lists of a stack.
#[derive(Debug, Default)]
pub(crate) struct Watchlists {
    lists: HashMap<WatchId, List>,
    /// Numbers given so far, to lists and to watched sockets.
    numbers: u64,
    /// The lists that a socket is on.
    holders: HashMap<SocketId, Vec<WatchId>>,
    /// Lists that the event at hand made news for.
    concerned: Vec<WatchId>,
}

#[derive(Debug, Default)]
struct List {
    watched: HashMap<SocketId, Watched>,
    /// Sockets to look at, each with its number: that of one taken off the list meanwhile fits nobody any more.
    queue: VecDeque<(SocketId, u64)>,
}

#[derive(Debug)]
struct Watched {
    interest: Readiness,
    token: u64,
    number: u64,
    queued: bool,
}

impl List {
    fn enqueue(&mut self, socket: SocketId, readiness: Readiness) -> bool {
        let Some(watched) = self.watched.get_mut(&socket) else { return false };
        let news = !watched.queued && (watched.interest | ALWAYS).intersects(readiness);
        if news {
            watched.queued = true;
            self.queue.push_back((socket, watched.number));
        }
        news
    }
}

impl Watchlists {
    pub(crate) fn open(&mut self) -> WatchId {
        let id = WatchId(self.number());
        self.lists.insert(id, List::default());
        id
    }

    const fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }

    pub(crate) fn close(&mut self, id: WatchId) {
        let Some(list) = self.lists.remove(&id) else { return };
        for socket in list.watched.into_keys() {
            self.let_go(socket, id);
        }
    }

    /// Put a socket on a list, or change what is wanted of it.
    pub(crate) fn watch(&mut self, id: WatchId, socket: SocketId, interest: Readiness, token: u64) {
        let number = self.number();
        let Some(list) = self.lists.get_mut(&id) else { return };
        // It may be ready already: the next look finds out.
        let before = list.watched.insert(socket, Watched { interest, token, number, queued: true });
        list.queue.push_back((socket, number));
        if before.is_none() {
            self.holders.entry(socket).or_default().push(id);
        }
    }

    /// Take a socket off a list; whether it was on it.
    pub(crate) fn unwatch(&mut self, id: WatchId, socket: SocketId) -> bool {
        let held = self.lists.get_mut(&id).is_some_and(|list| list.watched.remove(&socket).is_some());
        if held {
            self.let_go(socket, id);
        }
        held
    }

    /// A socket is gone.
    pub(crate) fn forget(&mut self, socket: SocketId) {
        for id in self.holders.remove(&socket).unwrap_or_default() {
            if let Some(list) = self.lists.get_mut(&id) {
                list.watched.remove(&socket);
            }
        }
    }

    fn let_go(&mut self, socket: SocketId, id: WatchId) {
        if let Some(holders) = self.holders.get_mut(&socket) {
            holders.retain(|holder| *holder != id);
            if holders.is_empty() {
                self.holders.remove(&socket);
            }
        }
    }

    /// Note an event; the next list for which it is news, until there is none.
    pub(crate) fn on_event(&mut self, event: Event) -> Option<WatchId> {
        if self.concerned.is_empty() {
            let Self { lists, holders, concerned, .. } = self;
            for id in holders.get(&event.socket)? {
                if lists.get_mut(id)?.enqueue(event.socket, event.readiness) {
                    concerned.push(*id);
                }
            }
        }
        self.concerned.pop()
    }

    /// Append the ready sockets of a list, `most` of them, to `found`: token and readiness. They are looked at in turn.
    pub(crate) fn look(
        &mut self,
        id: WatchId,
        stack: &Stack,
        most: usize,
        found: &mut Vec<(u64, Readiness)>,
    ) {
        let Some(list) = self.lists.get_mut(&id) else { return };
        for _ in 0..list.queue.len() {
            if found.len() >= most {
                return;
            }
            let Some((socket, number)) = list.queue.pop_front() else { return };
            let watched = list.watched.get_mut(&socket).filter(|watched| watched.number == number);
            let Some(watched) = watched else { continue };
            let readiness = stack.readiness(socket).unwrap_or(Readiness::ERROR);
            let told = readiness & (watched.interest | ALWAYS);
            watched.queued = !told.is_empty();
            if watched.queued {
                found.push((watched.token, told));
                list.queue.push_back((socket, number));
            }
        }
    }
}
