//! Raw IP sockets: a copy of every packet of one protocol, from its IP header on.

use crate::buffer::{Datagram, DatagramSettings, Inbox, Meta, Pool, QueuedError};
use crate::drops::DropReason;
use crate::error::Error;
use crate::observe::{Context, InterfaceId, Layer, Readiness};
use crate::wire::{IpAddress, Protocol};

/// IPPROTO_RAW: a socket that only sends, headers included.
const SEND_ONLY: Protocol = Protocol(255);

/// A raw IP socket.
#[derive(Debug)]
pub struct Socket {
    /// Only packets to this address; an unspecified one is the same as none.
    pub local: Option<IpAddress>,
    /// Only packets from this address.
    pub remote: Option<IpAddress>,
    /// Its settings.
    pub settings: DatagramSettings,
    /// Its protocol, chosen for good when it was made; never 0.
    pub protocol: Protocol,
    inbox: Inbox,
}

impl Socket {
    /// A socket for a protocol; `InvalidArgument` for 0, which names none. 255 only sends, and writes its own headers.
    pub fn new(protocol: Protocol, mut settings: DatagramSettings) -> Result<Self, Error> {
        if protocol == Protocol(0) {
            return Err(Error::InvalidArgument);
        }
        settings.header_included |= protocol == SEND_ONLY;
        Ok(Self { local: None, remote: None, settings, protocol, inbox: Inbox::new() })
    }

    /// Whether a packet is for this socket.
    pub fn accepts(&self, protocol: Protocol, source: IpAddress, destination: IpAddress) -> bool {
        let fits = |filter: Option<IpAddress>, address: IpAddress| {
            filter.is_none_or(|filter| filter.is_unspecified() || filter == address)
        };
        protocol == self.protocol
            && protocol != SEND_ONLY
            && fits(self.local, destination)
            && fits(self.remote, source)
    }

    /// Queue a packet (from its IP header on).
    pub fn on_packet(&mut self, cx: &mut Context<'_>, datagram: Datagram, pool: &mut Pool) {
        if !self.inbox.push(datagram, self.settings.receive_buffer, pool) {
            cx.drop(Layer::Ip, DropReason::RawQueueFull);
        }
    }

    /// Copy the oldest packet out; an error that waits comes first, and `WouldBlock` when there is nothing.
    pub fn recv(&mut self, out: &mut [u8], pool: &mut Pool) -> Result<(usize, Meta), Error> {
        self.inbox.recv(out, pool)
    }

    /// As [`Socket::recv`], but the packet stays, and so does an error.
    pub fn peek(&self, out: &mut [u8]) -> Result<(usize, Meta), Error> {
        self.inbox.peek(out)
    }

    /// An error concerns a packet of this socket.
    pub fn on_error(&mut self, error: QueuedError) {
        let fail = self.remote.is_some() || self.settings.receive_errors;
        self.inbox.on_error(error, fail);
    }

    /// An error of this stack's own, which the call that met it has told already.
    pub fn on_local_error(&mut self, error: QueuedError) {
        self.inbox.on_error(error, false);
    }

    /// Take the error that the next call would fail with (SO_ERROR).
    pub const fn take_error(&mut self) -> Option<Error> {
        self.inbox.errors().take_pending()
    }

    /// Take the oldest entry of the error queue.
    pub fn take_queued_error(&mut self) -> Option<QueuedError> {
        self.inbox.errors().take()
    }

    /// What it is ready for.
    pub fn readiness(&self) -> Readiness {
        self.inbox.readiness(self.settings.receive_errors)
    }

    /// Packets that wait, and the memory that they hold.
    pub fn queued(&self) -> (usize, usize) {
        (self.inbox.queue().len(), self.inbox.queue().bytes())
    }

    /// Length of the oldest packet that waits.
    pub fn next_length(&self) -> Option<usize> {
        self.inbox.queue().next_length()
    }

    /// Packets dropped because the queue was full.
    pub const fn drops(&self) -> u64 {
        self.inbox.queue().drops()
    }

    /// Groups that it joined, for the stack to leave at close.
    pub fn memberships(&self) -> &[(IpAddress, InterfaceId)] {
        self.inbox.memberships()
    }

    /// Note a group joined. `AddressInUse` when it is noted already, `NoBuffers` when there are too many.
    pub fn add_membership(&mut self, group: IpAddress, interface: InterfaceId) -> Result<(), Error> {
        self.inbox.add_membership(group, interface)
    }

    /// Note a group left; `AddressNotAvailable` when it was not joined.
    pub fn remove_membership(&mut self, group: IpAddress, interface: InterfaceId) -> Result<(), Error> {
        self.inbox.remove_membership(group, interface)
    }
}

#[cfg(test)]
mod tests;
