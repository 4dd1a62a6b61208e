use super::{Socket, TcpStream};
use crate::address::{Endpoint, endpoint};
use crate::enter::Enter;
use crate::error::raise;
use crate::names::OptionValue;
use pyo3::prelude::*;
use tapip_core::error::Error;
use tapip_core::wire::SocketAddress;
use tapip_host::{Handle, HostError, socket};

/// A listening TCP socket. Made by `Stack.tcp_listen`.
#[pyclass(frozen, module = "tapip_rs._core")]
pub(crate) struct TcpListener(Socket<socket::TcpListener>);

impl TcpListener {
    /// Listen.
    pub(crate) fn listen(
        py: Python<'_>,
        handle: Result<&Handle, HostError>,
        local: SocketAddress,
        backlog: usize,
    ) -> PyResult<Self> {
        let listener = py.enter(|| socket::TcpListener::bind(handle?, local, backlog))?;
        Ok(Self(Socket::new(listener, None)))
    }
}

#[pymethods]
impl TcpListener {
    /// Wait for a connection. The stream has no timeout.
    fn accept(&self, py: Python<'_>) -> PyResult<TcpStream> {
        let stream = self.0.block(py, |listener, left| listener.accept(left))?;
        Ok(TcpStream::new(stream, None))
    }

    /// Stop listening; connections not yet accepted are reset. May be called twice.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        self.0.close(py)
    }

    /// The address listened on.
    #[getter]
    fn local(&self, py: Python<'_>) -> PyResult<Endpoint> {
        self.0.local(py)?.map(endpoint).ok_or_else(|| raise(py, &Error::BadHandle.into()))
    }

    /// The value of one of the stack's knobs as it is for connections made here. Raises: KeyError.
    fn knob(&self, py: Python<'_>, name: &str) -> PyResult<i64> {
        self.0.knob(py, name)
    }

    /// Set a knob of TCP for connections made here from now on. Raises: KeyError; ValueError that says why not.
    fn set_knob(&self, py: Python<'_>, name: &str, value: i64) -> PyResult<()> {
        self.0.set_knob(py, name, value)
    }

    /// A socket option, by the names of `set_option`.
    fn option(&self, py: Python<'_>, name: &str) -> PyResult<OptionValue> {
        self.0.option(py, name)
    }

    /// Set a socket option that accepted connections inherit, as in `TcpStream.set_option`.
    fn set_option(&self, py: Python<'_>, name: &str, value: OptionValue) -> PyResult<()> {
        self.0.set_option(py, name, value)
    }

    /// Whether it was closed, here or with its stack.
    #[getter]
    fn closed(&self) -> bool {
        self.0.closed()
    }

    /// Seconds that a call may wait; None for ever.
    #[getter]
    fn timeout(&self) -> Option<f64> {
        self.0.timeout()
    }

    /// Set `timeout`. Raises: ValueError when negative or not a number.
    fn settimeout(&self, seconds: Option<f64>) -> PyResult<()> {
        self.0.settimeout(seconds)
    }

    /// What can be done without waiting, as `select.POLL*` bits.
    fn readiness(&self, py: Python<'_>) -> PyResult<u32> {
        self.0.readiness(py)
    }

    /// Wait until one of `events` (as in `readiness`), an error or a hang-up is there; returns the readiness.
    #[pyo3(signature = (events, timeout = None))]
    fn wait(&self, py: Python<'_>, events: u32, timeout: Option<f64>) -> PyResult<u32> {
        self.0.wait(py, events, timeout)
    }
}
