//! A UDP socket.

use super::Owned;
use crate::error::HostError;
use crate::handle::Handle;
use std::ops::Deref;
use tapip_core::buffer::{Meta, QueuedError};
use tapip_core::observe::Readiness;
use tapip_core::stack::{SocketId, UdpId};
use tapip_core::time::Duration;
use tapip_core::wire::SocketAddress;

/// A socket for datagrams.
pub struct UdpSocket {
    socket: Owned,
    id: UdpId,
}

impl Deref for UdpSocket {
    type Target = Owned;
    fn deref(&self) -> &Owned {
        &self.socket
    }
}

impl UdpSocket {
    /// A socket that is neither bound nor connected.
    pub fn open(handle: &Handle) -> Result<Self, HostError> {
        let id = handle.with(|stack, _| stack.udp_open())?;
        Ok(Self { socket: Owned::new(handle, SocketId::Udp(id)), id })
    }

    /// Its name among the stack's UDP sockets.
    pub const fn udp_id(&self) -> UdpId {
        self.id
    }

    /// Take datagrams to `local`; port 0 takes any free one.
    pub fn bind(&self, local: SocketAddress) -> Result<(), HostError> {
        Ok(self.handle().with(|stack, _| stack.udp_bind(self.id, local))??)
    }

    /// Send to `remote` by default and take datagrams from it only; `None` undoes that.
    pub fn connect(&self, remote: Option<SocketAddress>) -> Result<(), HostError> {
        Ok(self.handle().with(|stack, _| stack.udp_connect(self.id, remote))??)
    }

    /// Send one datagram, to `to` or else to whom it is connected.
    pub fn send(
        &self,
        data: &[u8],
        to: Option<SocketAddress>,
        timeout: Option<Duration>,
    ) -> Result<usize, HostError> {
        self.handle().block_on(self.socket.id(), Readiness::WRITABLE, timeout, |stack, now| {
            stack.udp_send(now, self.id, data, to)
        })
    }

    /// Receive one datagram: how many bytes are in `out`, and where it came from. What does not fit is lost, and
    /// `Meta::length` tells.
    pub fn recv(&self, out: &mut [u8], timeout: Option<Duration>) -> Result<(usize, Meta), HostError> {
        self.handle()
            .block_on(self.socket.id(), Readiness::READABLE, timeout, |stack, _| stack.udp_recv(self.id, out))
    }

    /// As `recv`, but the datagram stays to be received again.
    pub fn peek(&self, out: &mut [u8], timeout: Option<Duration>) -> Result<(usize, Meta), HostError> {
        self.handle()
            .block_on(self.socket.id(), Readiness::READABLE, timeout, |stack, _| stack.udp_peek(self.id, out))
    }

    /// Take the oldest entry of the error queue.
    pub fn queued_error(&self) -> Result<Option<QueuedError>, HostError> {
        Ok(self.handle().with(|stack, _| stack.udp_queued_error(self.id))??)
    }
}
