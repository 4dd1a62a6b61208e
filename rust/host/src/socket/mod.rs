//! Blocking sockets: a [`Handle`](crate::Handle), the name of a socket, and verbs that may sleep.
//!
//! Every verb that may sleep takes a timeout: `None` waits for ever, zero not at all (`WouldBlock`). It fails with
//! `TimedOut` when the time is up, and with `Interrupted` when a signal handler ran; nothing is lost then, and the
//! call may be repeated with the time that is left. A socket is closed when it is dropped.

mod listener;
mod raw;
mod stream;
mod udp;

pub use listener::TcpListener;
pub use raw::RawSocket;
pub use stream::TcpStream;
pub use udp::UdpSocket;

use crate::error::HostError;
use crate::handle::Handle;
use std::sync::atomic::{AtomicBool, Ordering};
use tapip_core::error::Error;
use tapip_core::observe::{InterfaceId, Readiness};
use tapip_core::stack::{SocketId, SocketOption};
use tapip_core::time::Duration;
use tapip_core::wire::{IpAddress, SocketAddress};

/// What all sockets have in common: the door, the name, and closing once.
pub struct Owned {
    handle: Handle,
    id: SocketId,
    closed: AtomicBool,
}

impl Owned {
    fn new(handle: &Handle, id: SocketId) -> Self {
        Self { handle: handle.clone(), id, closed: AtomicBool::new(false) }
    }

    /// Its name in the stack.
    pub const fn id(&self) -> SocketId {
        self.id
    }

    /// The door it works through.
    pub const fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Close it: who sleeps for it is woken with `BadHandle`. Closing twice is closing once.
    pub fn close(&self) -> Result<(), HostError> {
        if self.closed.swap(true, Ordering::AcqRel) {
            return Ok(());
        }
        self.handle.close(self.id)
    }

    /// Whether it was closed by `close`.
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// The local address, where there is one.
    pub fn local_address(&self) -> Result<Option<SocketAddress>, HostError> {
        Ok(self.handle.with(|stack, _| stack.local_address(self.id))??)
    }

    /// The remote address, where there is one.
    pub fn remote_address(&self) -> Result<Option<SocketAddress>, HostError> {
        Ok(self.handle.with(|stack, _| stack.remote_address(self.id))??)
    }

    /// The value of an option.
    pub fn option(&self, option: SocketOption) -> Result<i64, HostError> {
        Ok(self.handle.with(|stack, _| stack.option(self.id, option))??)
    }

    /// Set an option.
    pub fn set_option(&self, option: SocketOption, value: i64) -> Result<(), HostError> {
        Ok(self.handle.with(|stack, now| stack.set_option(now, self.id, option, value))??)
    }

    /// Take packets to a multicast group, on one interface or on the route's. Not for TCP.
    pub fn join(&self, group: IpAddress, interface: Option<InterfaceId>) -> Result<(), HostError> {
        Ok(self.handle.with(|stack, now| stack.join_group(now, self.id, group, interface))??)
    }

    /// Take them no more.
    pub fn leave(&self, group: IpAddress, interface: Option<InterfaceId>) -> Result<(), HostError> {
        Ok(self.handle.with(|stack, now| stack.leave_group(now, self.id, group, interface))??)
    }

    /// The error that waits to be reported, if there is one; taken.
    pub fn take_error(&self) -> Result<Option<Error>, HostError> {
        self.handle.with(|stack, _| stack.take_error(self.id))
    }

    /// What it is ready for.
    pub fn readiness(&self) -> Result<Readiness, HostError> {
        Ok(self.handle.with(|stack, _| stack.readiness(self.id))??)
    }

    /// Sleep until it is ready for `interest`, or failed.
    pub fn wait(&self, interest: Readiness, timeout: Option<Duration>) -> Result<Readiness, HostError> {
        self.handle.wait(self.id, interest, timeout)
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        // On a stack that is stopped or failed there is nothing to close any more.
        let _ = self.close();
    }
}
