//! UDP and raw sockets, found by handle and by port.

use super::sockets::{RawId, UdpId, Watch};
use crate::error::Error;
use crate::wire::SocketAddress;
use crate::{raw, udp};
use slotmap::SlotMap;
use std::collections::BTreeMap;

/// A UDP socket and what was told of it.
pub(super) struct UdpEntry {
    pub(super) socket: udp::Socket,
    pub(super) watch: Watch,
}

/// A raw socket and what was told of it.
pub(super) struct RawEntry {
    pub(super) socket: raw::Socket,
    pub(super) watch: Watch,
}

/// Raw sockets are few: every packet is offered to each.
pub(super) type RawTable = SlotMap<RawId, RawEntry>;

/// UDP sockets by handle and by local port.
#[derive(Default)]
pub(super) struct UdpTable {
    pub(super) sockets: SlotMap<UdpId, UdpEntry>,
    by_port: BTreeMap<u16, Vec<UdpId>>,
}

impl UdpTable {
    pub(super) fn open(&mut self, socket: udp::Socket) -> UdpId {
        self.sockets.insert(UdpEntry { socket, watch: Watch::default() })
    }

    pub(super) fn close(&mut self, id: UdpId) -> Option<UdpEntry> {
        let entry = self.sockets.remove(id)?;
        if let Some(local) = entry.socket.local {
            self.release_port(local.port(), id);
        }
        Some(entry)
    }

    pub(super) fn entry(&self, id: UdpId) -> Result<&UdpEntry, Error> {
        self.sockets.get(id).ok_or(Error::BadHandle)
    }

    pub(super) fn entry_mut(&mut self, id: UdpId) -> Result<&mut UdpEntry, Error> {
        self.sockets.get_mut(id).ok_or(Error::BadHandle)
    }

    /// Give a socket its local address.
    pub(super) fn bind(&mut self, id: UdpId, local: SocketAddress) {
        if let Some(entry) = self.sockets.get_mut(id) {
            let before = entry.socket.local.replace(local);
            if before.map(|before| before.port()) == Some(local.port()) {
                return;
            }
            if let Some(before) = before {
                self.release_port(before.port(), id);
            }
            self.by_port.entry(local.port()).or_default().push(id);
        }
    }

    /// Whether `local` is taken by a socket that does not share it.
    pub(super) fn is_taken(&self, local: SocketAddress, reuse: bool) -> bool {
        let clash = |id: &UdpId| {
            let Some(entry) = self.sockets.get(*id) else { return false };
            let Some(other) = entry.socket.local else { return false };
            let overlap =
                other.ip() == local.ip() || other.ip().is_unspecified() || local.ip().is_unspecified();
            overlap && !(reuse && entry.socket.settings.reuse_address)
        };
        self.by_port.get(&local.port()).is_some_and(|ids| ids.iter().any(clash))
    }

    /// The one socket that a unicast datagram fits best; of equals the youngest.
    pub(super) fn best(&self, source: SocketAddress, destination: SocketAddress) -> Option<UdpId> {
        let scored = self
            .on_port(destination.port())
            .filter_map(|(id, entry)| entry.socket.score(source, destination).map(|score| (score, id)));
        scored.max_by_key(|(score, _)| *score).map(|(_, id)| id)
    }

    /// Every socket on a local port, oldest first.
    pub(super) fn on_port(&self, port: u16) -> impl Iterator<Item = (UdpId, &UdpEntry)> {
        let ids = self.by_port.get(&port).map_or(&[][..], Vec::as_slice);
        ids.iter().filter_map(|id| self.sockets.get(*id).map(|entry| (*id, entry)))
    }

    fn release_port(&mut self, port: u16, id: UdpId) {
        if let Some(ids) = self.by_port.get_mut(&port) {
            ids.retain(|other| *other != id);
            if ids.is_empty() {
                self.by_port.remove(&port);
            }
        }
    }
}
