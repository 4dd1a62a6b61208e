//! UDP sockets (RFC 768, RFC 1122 4.1).
use crate::buffer::{Datagram, DatagramSettings, Meta, Packet, Pool, QueuedError};
use crate::error::Error;
use crate::observe::{Context, InterfaceId, Readiness};
use crate::wire::{IpAddress, SocketAddress};

/// A UDP socket. The stack binds it, finds it by port, and sends for it.
#[derive(Debug)]
pub struct Socket {
    /// Where it is bound; an unspecified address takes datagrams to every address of ours.
    pub local: Option<SocketAddress>,
    /// Whom it is connected to.
    pub remote: Option<SocketAddress>,
    /// Its settings.
    pub settings: DatagramSettings,
}

#[allow(unused_variables, missing_docs)]
impl Socket {
    pub fn new(settings: DatagramSettings) -> Self {
        todo!()
    }
    /// How well a datagram fits: `None` not at all; else the highest number wins.
    pub fn score(&self, source: SocketAddress, destination: SocketAddress) -> Option<u8> {
        todo!()
    }
    /// Queue a datagram (payload in view).
    pub fn on_datagram(&mut self, cx: &mut Context<'_>, datagram: Datagram, pool: &mut Pool) {
        todo!()
    }
    pub fn recv(&mut self, out: &mut [u8], pool: &mut Pool) -> Result<(usize, Meta), Error> {
        todo!()
    }
    pub fn peek(&self, out: &mut [u8]) -> Result<(usize, Meta), Error> {
        todo!()
    }
    /// An error concerns a datagram of this socket.
    pub fn on_error(&mut self, error: QueuedError) {
        todo!()
    }
    /// SO_ERROR: the error that the next call fails with; taken.
    pub fn take_error(&mut self) -> Option<Error> {
        todo!()
    }
    /// The oldest entry of the error queue.
    pub fn take_queued_error(&mut self) -> Option<QueuedError> {
        todo!()
    }
    pub fn readiness(&self) -> Readiness {
        todo!()
    }
    pub fn queued(&self) -> (usize, usize) {
        todo!()
    }
    pub fn drops(&self) -> u64 {
        todo!()
    }
    /// Multicast memberships of this socket, for the stack to give up at close.
    pub fn memberships(&self) -> &[(IpAddress, InterfaceId)] {
        todo!()
    }
    pub fn add_membership(&mut self, group: IpAddress, interface: InterfaceId) -> Result<(), Error> {
        todo!()
    }
    pub fn remove_membership(&mut self, group: IpAddress, interface: InterfaceId) -> Result<(), Error> {
        todo!()
    }
}

/// Put a UDP header before the payload in view, checksum included. `MessageTooLong` over 65507 bytes (IPv4).
#[allow(unused_variables)]
pub fn build(packet: &mut Packet, source: SocketAddress, destination: SocketAddress) -> Result<(), Error> {
    todo!()
}
