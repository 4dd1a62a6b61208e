//! Names of sockets and their events.

use crate::observe::Readiness;
use slotmap::{Key, new_key_type};
use std::collections::VecDeque;

new_key_type! {
    /// Names a TCP connection. A stale name finds nothing.
    pub struct TcpId;
    /// Names a TCP listener.
    pub struct ListenerId;
    /// Names a UDP socket.
    pub struct UdpId;
    /// Names a raw IP socket.
    pub struct RawId;
}

/// Names a socket of any kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SocketId {
    /// A TCP connection.
    Tcp(TcpId),
    /// A TCP listener.
    Listener(ListenerId),
    /// A UDP socket.
    Udp(UdpId),
    /// A raw IP socket.
    Raw(RawId),
}

impl SocketId {
    /// A number for it that no other socket of this stack ever has: kind, generation and slot.
    pub fn number(self) -> u64 {
        let (kind, key) = match self {
            Self::Tcp(id) => (0, id.data()),
            Self::Listener(id) => (1, id.data()),
            Self::Udp(id) => (2, id.data()),
            Self::Raw(id) => (3, id.data()),
        };
        // A slot map holds fewer than 2^32 slots and its generations use 31 bits, so two bits on top are free.
        kind << 62 | (key.as_ffi() & 0x3fff_ffff_ffff_ffff)
    }
}

/// A socket's readiness changed, or readiness that it had grew fresh (more data, another connection).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    /// The socket.
    pub socket: SocketId,
    /// What it is ready for now.
    pub readiness: Readiness,
}

/// What was last told of a socket's readiness.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Watch {
    seen: Readiness,
    queued: bool,
}

/// Sockets whose readiness grew, each at most once, in the order in which it happened.
#[derive(Debug, Default)]
pub(super) struct Events {
    queue: VecDeque<SocketId>,
}

impl Events {
    /// Compare `readiness` with what was last told; `fresh` says that more of the same arrived.
    pub(super) fn note(&mut self, watch: &mut Watch, socket: SocketId, readiness: Readiness, fresh: bool) {
        let grew = !(readiness - watch.seen).is_empty();
        watch.seen = readiness;
        if (grew || fresh) && !watch.queued {
            watch.queued = true;
            self.queue.push_back(socket);
        }
    }

    pub(super) fn pop(&mut self) -> Option<SocketId> {
        self.queue.pop_front()
    }
}

impl Watch {
    /// The event was taken from the queue.
    pub(super) const fn told(&mut self) {
        self.queued = false;
    }
}
