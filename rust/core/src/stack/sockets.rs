//! Names of sockets and their events.

use crate::observe::Readiness;
use slotmap::{Key, new_key_type};

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
