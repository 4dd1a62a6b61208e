//! Sockets: the host's blocking ones, with a timeout that stays and signals that are looked at. One class a file.

mod raw_socket;
mod server;
mod tcp_listener;
mod tcp_stream;
mod udp_socket;

pub(crate) use raw_socket::RawSocket;
pub(crate) use server::Server;
pub(crate) use tcp_listener::TcpListener;
pub(crate) use tcp_stream::TcpStream;
pub(crate) use udp_socket::UdpSocket;

use crate::alive::Alive;
use crate::enter::Enter;
use crate::names::{self, OptionValue};
use crate::timeout::{Timeout, limit};
use pyo3::prelude::*;
use std::ops::Deref;
use tapip_core::time::Duration;
use tapip_core::wire::SocketAddress;
use tapip_host::HostError;
use tapip_host::socket::Owned;

/// What every socket class holds and can do.
struct Socket<T> {
    socket: Alive<T>,
    timeout: Timeout,
}

impl<T: Deref<Target = Owned> + Send + Sync> Socket<T> {
    fn new(socket: T, timeout: Option<Duration>) -> Self {
        Self { socket: Alive::new(socket), timeout: Timeout::new(timeout) }
    }

    /// A verb that is over at once.
    fn call<R: Send>(
        &self,
        py: Python<'_>,
        verb: impl FnOnce(&T) -> Result<R, HostError> + Send,
    ) -> PyResult<R> {
        py.enter(|| verb(self.socket.check()?))
    }

    /// A verb that may sleep as long as the timeout says.
    fn block<R: Send>(
        &self,
        py: Python<'_>,
        verb: impl FnMut(&T, Option<Duration>) -> Result<R, HostError> + Send,
    ) -> PyResult<R> {
        self.block_for(py, self.timeout.value(), verb)
    }

    /// A verb that may sleep for `limit`.
    fn block_for<R: Send>(
        &self,
        py: Python<'_>,
        limit: Option<Duration>,
        mut verb: impl FnMut(&T, Option<Duration>) -> Result<R, HostError> + Send,
    ) -> PyResult<R> {
        py.enter_until(limit, |left| verb(self.socket.check()?, left))
    }

    fn close(&self, py: Python<'_>) -> PyResult<()> {
        // In a forked child there is nothing to close: the socket lives on in the parent.
        py.enter(|| self.socket.check().map_or(Ok(()), |socket| tolerant(socket.close())))
    }

    fn closed(&self) -> bool {
        self.socket.check().map_or(true, |socket| socket.is_closed() || socket.handle().is_stopped())
    }

    fn timeout(&self) -> Option<f64> {
        self.timeout.value().map(crate::timeout::to_seconds)
    }

    fn settimeout(&self, seconds: Option<f64>) -> PyResult<()> {
        self.timeout.set(limit("seconds", seconds)?);
        Ok(())
    }

    fn local(&self, py: Python<'_>) -> PyResult<Option<SocketAddress>> {
        self.call(py, |socket| socket.local_address())
    }

    fn remote(&self, py: Python<'_>) -> PyResult<Option<SocketAddress>> {
        self.call(py, |socket| socket.remote_address())
    }

    fn option(&self, py: Python<'_>, name: &str) -> PyResult<OptionValue> {
        let option = names::option(name)?;
        self.call(py, |socket| socket.option(option))
            .map(|value| names::option_value(option, value))
            .map_err(|error| names::blame_option(py, error, name, None))
    }

    fn set_option(&self, py: Python<'_>, name: &str, value: OptionValue) -> PyResult<()> {
        let option = names::option(name)?;
        let value = names::option_number(name, option, value)?;
        let done = self.call(py, |socket| socket.set_option(option, value));
        done.map_err(|error| names::blame_option(py, error, name, Some(value)))
    }

    fn knob(&self, py: Python<'_>, name: &str) -> PyResult<i64> {
        let value = self.call(py, |socket| {
            let id = socket.id();
            socket.handle().with(|stack, _| stack.knob_on(id, name))
        })?;
        value.map_err(|error| names::blame_knob(py, error, name, 0))
    }

    fn set_knob(&self, py: Python<'_>, name: &str, value: i64) -> PyResult<()> {
        let done = self.call(py, |socket| {
            let id = socket.id();
            socket.handle().with(|stack, now| stack.set_knob_on(now, id, name, value))
        })?;
        done.map_err(|error| names::blame_knob(py, error, name, value))
    }

    fn readiness(&self, py: Python<'_>) -> PyResult<u32> {
        Ok(names::poll_bits(self.call(py, |socket| socket.readiness())?))
    }

    fn wait(&self, py: Python<'_>, events: u32, timeout: Option<f64>) -> PyResult<u32> {
        let (interest, timeout) = (names::interest(events)?, limit("timeout", timeout)?);
        let ready = self.block_for(py, timeout, |socket, left| socket.wait(interest, left))?;
        Ok(names::poll_bits(ready))
    }

    fn take_error(&self, py: Python<'_>) -> PyResult<i32> {
        let error = self.call(py, |socket| socket.take_error())?;
        Ok(error.map_or(0, |error| error.errno()))
    }
}

/// Closing succeeds where there is nothing left to close.
fn tolerant(closed: Result<(), HostError>) -> Result<(), HostError> {
    match closed {
        Err(HostError::Core(_) | HostError::Stopped | HostError::StackFailed(_)) => Ok(()),
        other => other,
    }
}
