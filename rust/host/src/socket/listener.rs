//! A TCP listener.

use super::{Owned, TcpStream};
use crate::error::HostError;
use crate::handle::Handle;
use std::ops::Deref;
use tapip_core::observe::Readiness;
use tapip_core::stack::{ListenerId, SocketId};
use tapip_core::time::Duration;
use tapip_core::wire::SocketAddress;

/// A socket that takes connections.
pub struct TcpListener {
    socket: Owned,
    id: ListenerId,
}

impl Deref for TcpListener {
    type Target = Owned;
    fn deref(&self) -> &Owned {
        &self.socket
    }
}

impl TcpListener {
    /// Listen on `local`; up to `backlog` connections stand and wait to be accepted.
    pub fn bind(handle: &Handle, local: SocketAddress, backlog: usize) -> Result<Self, HostError> {
        let id = handle.with(|stack, _| stack.tcp_listen(local, backlog))??;
        Ok(Self { socket: Owned::new(handle, SocketId::Listener(id)), id })
    }

    /// The oldest connection that stands and was not accepted yet.
    pub fn accept(&self, timeout: Option<Duration>) -> Result<TcpStream, HostError> {
        let accepted = self
            .handle()
            .block_on(self.socket.id(), Readiness::READABLE, timeout, |stack, _| stack.tcp_accept(self.id));
        accepted.map(|id| TcpStream::of(self.handle(), id))
    }
}
