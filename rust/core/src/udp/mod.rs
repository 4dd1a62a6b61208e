//! UDP sockets (RFC 768, RFC 1122 4.1).
//!
//! The stack owns the ports: it binds a socket, finds the one that [`Socket::score`]s best for a datagram (or all that
//! score, for broadcast and multicast), and sends for it with [`build`]. The socket owns what waits for its application.

use crate::buffer::{Datagram, DatagramSettings, Inbox, Meta, Packet, Pool, QueuedError};
use crate::drops::DropReason;
use crate::error::Error;
use crate::observe::{Context, Counter, InterfaceId, Layer, Readiness};
use crate::wire::{IpAddress, Ipv4Header, SocketAddress, UdpHeader};

/// The largest payload over IPv4.
pub const MAX_PAYLOAD_V4: usize = Ipv4Header::MAX_PAYLOAD - UdpHeader::LEN;
/// The largest payload over IPv6, whose length field does not count the IP header.
pub const MAX_PAYLOAD_V6: usize = 65_535 - UdpHeader::LEN;

/// A UDP socket.
#[derive(Debug)]
pub struct Socket {
    /// Where it is bound; an unspecified address takes datagrams to every address of ours.
    pub local: Option<SocketAddress>,
    /// Whom it is connected to.
    pub remote: Option<SocketAddress>,
    /// Its settings.
    pub settings: DatagramSettings,
    inbox: Inbox,
}

impl Socket {
    /// A socket, not bound.
    pub fn new(settings: DatagramSettings) -> Self {
        Self { local: None, remote: None, settings, inbox: Inbox::new() }
    }

    /// How well a datagram fits: `None` not at all; else the highest number wins.
    pub fn score(&self, source: SocketAddress, destination: SocketAddress) -> Option<u8> {
        let local = self.local?;
        let same_family = local.is_ipv4() == destination.is_ipv4();
        if local.port() != destination.port() || !same_family {
            return None;
        }
        let any = local.ip().is_unspecified();
        if !any && local.ip() != destination.ip() {
            return None;
        }
        match self.remote {
            Some(remote) if remote != source => None,
            remote => Some(1 + 2 * u8::from(!any) + 4 * u8::from(remote.is_some())),
        }
    }

    /// Queue a datagram (payload in view).
    pub fn on_datagram(&mut self, cx: &mut Context<'_>, datagram: Datagram, pool: &mut Pool) {
        if self.inbox.push(datagram, self.settings.receive_buffer, pool) {
            cx.count(Counter::UdpInDatagrams);
        } else {
            cx.drop(Layer::Udp, DropReason::UdpQueueFull);
        }
    }

    /// Copy the oldest datagram out; an error that waits comes first, and `WouldBlock` when there is nothing.
    pub fn recv(&mut self, out: &mut [u8], pool: &mut Pool) -> Result<(usize, Meta), Error> {
        self.inbox.recv(out, pool)
    }

    /// As [`Socket::recv`], but the datagram stays, and so does an error.
    pub fn peek(&self, out: &mut [u8]) -> Result<(usize, Meta), Error> {
        self.inbox.peek(out)
    }

    /// An error concerns a datagram of this socket.
    pub fn on_error(&mut self, error: QueuedError) {
        //= rfc1122#4.1.3.3   ICMP errors are passed up
        // Without a connection, a call that fails could not say which of many destinations was meant: then only the
        // queue tells, unless the application said that it reads it.
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

    /// Datagrams that wait, and the memory that they hold.
    pub fn queued(&self) -> (usize, usize) {
        (self.inbox.queue().len(), self.inbox.queue().bytes())
    }

    /// Length of the oldest datagram that waits.
    pub fn next_length(&self) -> Option<usize> {
        self.inbox.queue().next_length()
    }

    /// Datagrams dropped because the queue was full.
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

/// Put a UDP header before the payload in view, checksum included; the caller has left headroom.
///
/// `MessageTooLong` over 65507 bytes (IPv4), `AddressFamilyNotSupported` when the addresses are of two families.
pub fn build(packet: &mut Packet, source: SocketAddress, destination: SocketAddress) -> Result<(), Error> {
    if source.is_ipv4() != destination.is_ipv4() {
        return Err(Error::AddressFamilyNotSupported);
    }
    let most = if source.is_ipv4() { MAX_PAYLOAD_V4 } else { MAX_PAYLOAD_V6 };
    if packet.len() > most {
        return Err(Error::MessageTooLong);
    }
    packet.prepend(UdpHeader::LEN);
    let header = UdpHeader {
        source_port: source.port(),
        destination_port: destination.port(),
        length: packet.len() as u16,
    };
    //= rfc1122#4.1.3.4   the checksum is always made
    header.emit(packet.bytes_mut(), source.ip(), destination.ip());
    Ok(())
}

#[cfg(test)]
mod tests;
