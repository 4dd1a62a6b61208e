//! Connections and listeners, found by handle, by tuple and by port.

use super::route::Hop;
use super::sockets::{ListenerId, SocketId, TcpId, Watch};
use super::turns::{Credit, Turns};
use crate::buffer::TimerKey;
use crate::error::Error;
use crate::observe::InterfaceId;
use crate::rng::KeyedState;
use crate::tcp::{Config, Connection, Listener, Tuple};
use crate::time::Instant;
use crate::wire::{IpAddress, SocketAddress};
use slotmap::SlotMap;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

/// A connection and what the stack keeps beside it.
pub(super) struct Entry {
    pub(super) connection: Connection,
    /// The listener that it came through, until it is accepted.
    pub(super) parent: Option<ListenerId>,
    /// The listener that it came through by Fast Open, until its peer's ACK.
    pub(super) fast_open: Option<ListenerId>,
    /// Counted in the parent's accept queue, no longer in its SYN queue.
    pub(super) announced: bool,
    /// The application let go of it.
    pub(super) released: bool,
    /// In the list of those that have something to send.
    pub(super) queued: bool,
    /// Its account with [`Turns`].
    pub(super) turn: Credit,
    /// Bytes that it is charged with.
    pub(super) charged: u32,
    /// The timer that is armed for it.
    pub(super) timer: Option<(Instant, TimerKey)>,
    /// Where its packets go, and the routing generation in which that was found.
    pub(super) hop: Option<(u64, Hop)>,
    /// When to ask again what its path carries: once what ICMP said of it is forgotten.
    pub(super) path_until: Instant,
    pub(super) watch: Watch,
}

/// A listener and the connections that wait to be accepted.
pub(super) struct ListenEntry {
    pub(super) listener: Listener,
    pub(super) local: SocketAddress,
    /// Knobs of its own, which its connections begin with.
    pub(super) config: Option<Arc<Config>>,
    pub(super) waiting: VecDeque<TcpId>,
    /// The timer that is armed for its half-open connections.
    pub(super) timer: Option<(Instant, TimerKey)>,
    pub(super) watch: Watch,
}

impl ListenEntry {
    /// The knobs that it works under: its own, or those of the stack.
    pub(super) fn config<'a>(&'a self, stack: &'a Arc<Config>) -> &'a Arc<Config> {
        self.config.as_ref().unwrap_or(stack)
    }
}

/// All TCP sockets of a stack. No hash order reaches the wire: lists are walked by slot or by queue.
pub(super) struct TcpTable {
    pub(super) connections: SlotMap<TcpId, Entry>,
    pub(super) listeners: SlotMap<ListenerId, ListenEntry>,
    by_tuple: HashMap<Tuple, TcpId, KeyedState>,
    by_local: HashMap<SocketAddress, ListenerId, KeyedState>,
    /// Those that have something to send.
    pub(super) turns: Turns,
}

impl TcpTable {
    pub(super) fn new(hash: KeyedState) -> Self {
        Self {
            connections: SlotMap::with_key(),
            listeners: SlotMap::with_key(),
            by_tuple: HashMap::with_hasher(hash),
            by_local: HashMap::with_hasher(hash),
            turns: Turns::default(),
        }
    }

    pub(super) fn by_tuple(&self, tuple: &Tuple) -> Option<TcpId> {
        self.by_tuple.get(tuple).copied()
    }

    /// The listener for `local`: one bound to the address before one bound to all.
    pub(super) fn listener_for(&self, local: SocketAddress) -> Option<ListenerId> {
        let any = SocketAddress::new(super::route::unspecified(local.ip()), local.port());
        self.by_local.get(&local).or_else(|| self.by_local.get(&any)).copied()
    }

    /// Whether a listener stands on `local`, or on all addresses or any address of the same port where one of them is "all".
    pub(super) fn listens_on(&self, local: SocketAddress) -> bool {
        //= rfc9293#3.9.1.1 MUST-42   connections of the port, half-open ones too, are not in the way
        self.listeners.values().any(|entry| {
            entry.local.port() == local.port()
                && (entry.local.ip() == local.ip()
                    || entry.local.ip().is_unspecified()
                    || local.ip().is_unspecified())
        })
    }

    pub(super) fn insert(
        &mut self,
        connection: Connection,
        parent: Option<ListenerId>,
        hop: (u64, Hop),
    ) -> TcpId {
        let tuple = connection.tuple();
        let fast_open = parent.filter(|_| connection.is_fast_open_pending());
        let id = self.connections.insert(Entry {
            connection,
            parent,
            fast_open,
            announced: false,
            released: false,
            queued: false,
            turn: Credit::default(),
            charged: 0,
            timer: None,
            path_until: Instant::ZERO,
            hop: Some(hop),
            watch: Watch::default(),
        });
        self.by_tuple.insert(tuple, id);
        id
    }

    /// Take a connection out of the demultiplexer: its tuple is free again, the handle still works.
    pub(super) fn unlink(&mut self, id: TcpId) {
        if let Some(entry) = self.connections.get(id) {
            let tuple = entry.connection.tuple();
            if self.by_tuple.get(&tuple) == Some(&id) {
                self.by_tuple.remove(&tuple);
            }
        }
    }

    pub(super) fn listen(&mut self, entry: ListenEntry) -> ListenerId {
        let local = entry.local;
        let id = self.listeners.insert(entry);
        self.by_local.insert(local, id);
        id
    }

    pub(super) fn unlisten(&mut self, id: ListenerId) -> Option<ListenEntry> {
        let entry = self.listeners.remove(id)?;
        self.by_local.remove(&entry.local);
        Some(entry)
    }

    pub(super) fn entry(&self, id: TcpId) -> Result<&Entry, Error> {
        self.connections.get(id).filter(|entry| !entry.released).ok_or(Error::BadHandle)
    }

    pub(super) fn entry_mut(&mut self, id: TcpId) -> Result<&mut Entry, Error> {
        self.connections.get_mut(id).filter(|entry| !entry.released).ok_or(Error::BadHandle)
    }

    /// Put a connection on the list of those that have something to send, once.
    pub(super) fn mark_ready(&mut self, id: TcpId) {
        if let Some(entry) = self.connections.get_mut(id)
            && !entry.queued
        {
            entry.queued = true;
            self.turns.join(id, entry.turn);
        }
    }

    /// Connections whose packets go by this neighbour.
    pub(super) fn behind(&self, interface: InterfaceId, next_hop: IpAddress) -> impl Iterator<Item = TcpId> {
        let by_it = move |hop: &Hop| hop.interface == interface && hop.next_hop == next_hop;
        let entries = self.connections.iter();
        entries.filter(move |(_, entry)| entry.hop.is_some_and(|(_, hop)| by_it(&hop))).map(|(id, _)| id)
    }

    /// Connections and listeners that the application holds.
    pub(super) fn held(&self) -> impl Iterator<Item = SocketId> {
        let connections = self.connections.iter().filter(|(_, entry)| !entry.released);
        connections.map(|(id, _)| SocketId::Tcp(id)).chain(self.listeners.keys().map(SocketId::Listener))
    }
}
