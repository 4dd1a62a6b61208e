//! A TCP connection.

use super::Owned;
use crate::error::HostError;
use crate::handle::Handle;
use std::ops::Deref;
use tapip_core::buffer::Foreign;
use tapip_core::error::Error;
use tapip_core::observe::Readiness;
use tapip_core::stack::{SocketId, SocketOption, TcpId};
use tapip_core::time::Duration;
use tapip_core::wire::SocketAddress;

/// A TCP connection of a stack.
pub struct TcpStream {
    socket: Owned,
    id: TcpId,
}

impl Deref for TcpStream {
    type Target = Owned;
    fn deref(&self) -> &Owned {
        &self.socket
    }
}

impl TcpStream {
    /// Connect, and wait until the connection stands. It is aborted when it does not in time.
    pub fn connect(
        handle: &Handle,
        remote: SocketAddress,
        local: Option<SocketAddress>,
        timeout: Option<Duration>,
    ) -> Result<Self, HostError> {
        let deadline = crate::clock::Deadline::after(timeout);
        let stream = Self::start(handle, remote, local)?;
        loop {
            match stream.finish_connect(deadline.left()) {
                Ok(()) => return Ok(stream),
                Err(HostError::Interrupted) => {}
                Err(error) => {
                    // What went wrong is the answer; that an abort of it fails too is none.
                    let _ = stream.abort();
                    return Err(error);
                }
            }
        }
    }

    /// Send the SYN and come back at once.
    pub fn start(
        handle: &Handle,
        remote: SocketAddress,
        local: Option<SocketAddress>,
    ) -> Result<Self, HostError> {
        let id = handle.with(|stack, now| stack.tcp_connect(now, remote, local, None))??;
        Ok(Self::of(handle, id))
    }

    /// Wait until a connection that was started stands, or say why it does not.
    pub fn finish_connect(&self, timeout: Option<Duration>) -> Result<(), HostError> {
        let id = self.socket.id();
        self.handle().block_on(id, Readiness::WRITABLE, timeout, |stack, _| {
            if let Some(error) = stack.take_error(id) {
                return Err(error);
            }
            let readiness = stack.readiness(id)?;
            if readiness.contains(Readiness::HANGUP) {
                Err(Error::NotConnected)
            } else if readiness.contains(Readiness::WRITABLE) {
                Ok(())
            } else {
                Err(Error::WouldBlock)
            }
        })
    }

    /// A connection that exists in the stack.
    pub fn of(handle: &Handle, id: TcpId) -> Self {
        Self { socket: Owned::new(handle, SocketId::Tcp(id)), id }
    }

    /// Its name among the stack's connections.
    pub const fn tcp_id(&self) -> TcpId {
        self.id
    }

    /// Queue a copy of as much of `data` as there is room for; waits until that is something. How much it was.
    pub fn send(&self, data: &[u8], timeout: Option<Duration>) -> Result<usize, HostError> {
        self.handle().block_on(self.socket.id(), Readiness::WRITABLE, timeout, |stack, now| {
            stack.tcp_send(now, self.id, data)
        })
    }

    /// Queue `data` from `offset` on by reference, as much as there is room for. How much it was.
    pub fn send_foreign(
        &self,
        data: &Foreign,
        offset: usize,
        timeout: Option<Duration>,
    ) -> Result<usize, HostError> {
        self.handle().block_on(self.socket.id(), Readiness::WRITABLE, timeout, |stack, now| {
            stack.tcp_send_foreign(now, self.id, Foreign::clone(data), offset)
        })
    }

    /// Queue all of `data`. Goes on after signals; `timeout` is for the whole of it.
    pub fn send_all(&self, mut data: &[u8], timeout: Option<Duration>) -> Result<(), HostError> {
        let deadline = crate::clock::Deadline::after(timeout);
        while !data.is_empty() {
            match self.send(data, deadline.left()) {
                Ok(count) => data = &data[count..],
                Err(HostError::Interrupted) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// As `send`, with the urgent pointer at the last byte taken (RFC 6093).
    pub fn send_urgent(&self, data: &[u8], timeout: Option<Duration>) -> Result<usize, HostError> {
        self.handle().block_on(self.socket.id(), Readiness::WRITABLE, timeout, |stack, now| {
            stack.tcp_send_urgent(now, self.id, data)
        })
    }

    /// Read what is there, at least a byte; 0 at the end of the stream.
    pub fn recv(&self, out: &mut [u8], timeout: Option<Duration>) -> Result<usize, HostError> {
        self.handle().block_on(self.socket.id(), Readiness::READABLE, timeout, |stack, now| {
            stack.tcp_recv(now, self.id, out)
        })
    }

    /// As `recv`, but the bytes stay to be read again.
    pub fn peek(&self, out: &mut [u8], timeout: Option<Duration>) -> Result<usize, HostError> {
        self.handle()
            .block_on(self.socket.id(), Readiness::READABLE, timeout, |stack, _| stack.tcp_peek(self.id, out))
    }

    /// Read no more, send no more (a FIN follows what is queued), or both.
    pub fn shutdown(&self, read: bool, write: bool) -> Result<(), HostError> {
        Ok(self.handle().with(|stack, now| stack.tcp_shutdown(now, self.id, read, write))??)
    }

    /// How long a close of it waits (SO_LINGER), where it does; never on a detached stack.
    pub fn linger(&self) -> Option<Duration> {
        if self.is_closed() || !self.handle().is_live() {
            return None;
        }
        let millis = u64::try_from(self.option(SocketOption::Linger).ok()?).ok()?;
        Some(Duration::from_millis(millis)).filter(|linger| !linger.is_zero())
    }

    /// After a close: wait until the peer has acknowledged everything, our FIN too, and reset the connection when the
    /// time is up (socket(7), SO_LINGER). Fails with `Interrupted` only.
    pub fn finish_close(&self, timeout: Option<Duration>) -> Result<(), HostError> {
        /// How often to look: there is no event for "all acknowledged" on a socket that nobody holds.
        const STEP: Duration = Duration::from_millis(2);
        let deadline = crate::clock::Deadline::after(timeout);
        while self.handle().with(|stack, _| stack.tcp_is_unfinished(self.id)) == Ok(true) {
            if deadline.has_passed() {
                // On a stack that was stopped meanwhile, there is nothing left to reset.
                let _ = self.handle().with(|stack, now| stack.tcp_give_up(now, self.id));
                break;
            }
            self.handle().nap(deadline.left().map_or(STEP, |left| left.min(STEP)))?;
        }
        Ok(())
    }

    /// Reset the connection: what is queued is lost.
    pub fn abort(&self) -> Result<(), HostError> {
        Ok(self.handle().with(|stack, now| stack.tcp_abort(now, self.id))??)
    }
}
