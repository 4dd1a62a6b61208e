//! A raw IP socket.

use super::Owned;
use crate::error::HostError;
use crate::handle::Handle;
use std::ops::Deref;
use tapip_core::buffer::{Meta, QueuedError};
use tapip_core::observe::Readiness;
use tapip_core::stack::{RawId, SocketId};
use tapip_core::time::Duration;
use tapip_core::wire::IpAddress;

/// A socket for the packets of one IP protocol.
pub struct RawSocket {
    socket: Owned,
    id: RawId,
}

impl Deref for RawSocket {
    type Target = Owned;
    fn deref(&self) -> &Owned {
        &self.socket
    }
}

impl RawSocket {
    /// A socket for `protocol`; 1 is ICMP.
    pub fn open(handle: &Handle, protocol: u8) -> Result<Self, HostError> {
        let id = handle.with(|stack, _| stack.raw_open(protocol))??;
        Ok(Self { socket: Owned::new(handle, SocketId::Raw(id)), id })
    }

    /// Its name among the stack's raw sockets.
    pub const fn raw_id(&self) -> RawId {
        self.id
    }

    /// Take packets to `local` only, and send from it.
    pub fn bind(&self, local: IpAddress) -> Result<(), HostError> {
        Ok(self.handle().with(|stack, _| stack.raw_bind(self.id, local))??)
    }

    /// Send to `remote` by default and take packets from it only; `None` undoes that.
    pub fn connect(&self, remote: Option<IpAddress>) -> Result<(), HostError> {
        Ok(self.handle().with(|stack, _| stack.raw_connect(self.id, remote))??)
    }

    /// Send one packet: its payload, or the whole of it with `HeaderIncluded`.
    pub fn send(
        &self,
        data: &[u8],
        to: Option<IpAddress>,
        timeout: Option<Duration>,
    ) -> Result<usize, HostError> {
        self.handle().block_on(self.socket.id(), Readiness::WRITABLE, timeout, |stack, now| {
            stack.raw_send(now, self.id, data, to)
        })
    }

    /// Receive one packet from its IP header on: how many bytes are in `out`, and where it came from.
    pub fn recv(&self, out: &mut [u8], timeout: Option<Duration>) -> Result<(usize, Meta), HostError> {
        self.handle()
            .block_on(self.socket.id(), Readiness::READABLE, timeout, |stack, _| stack.raw_recv(self.id, out))
    }

    /// Take the oldest entry of the error queue.
    pub fn queued_error(&self) -> Result<Option<QueuedError>, HostError> {
        Ok(self.handle().with(|stack, _| stack.raw_queued_error(self.id))??)
    }
}
