use super::Socket;
use crate::address::{Endpoint, endpoint};
use crate::buffer::{Incoming, Outgoing, receive};
use crate::enter::{Deadline, Enter};
use crate::error::raise;
use crate::names::{self, OptionValue};
use crate::records::TcpInfo;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use tapip_core::error::Error;
use tapip_core::time::Duration;
use tapip_core::wire::SocketAddress;
use tapip_host::{Handle, HostError, socket};

/// A TCP connection (RFC 9293). Made by `Stack.tcp_connect` and `TcpListener.accept`.
///
/// Verbs wait as long as `timeout` says: None for ever, 0 not at all (BlockingIOError). One stream may be used by
/// several threads.
#[pyclass(frozen, module = "tapip_rs._core")]
pub(crate) struct TcpStream(Socket<socket::TcpStream>);

impl TcpStream {
    /// Connect, and wait for it unless `timeout` is zero or the stack is detached.
    pub(crate) fn connect(
        py: Python<'_>,
        handle: Result<&Handle, HostError>,
        (remote, local): (SocketAddress, Option<SocketAddress>),
        timeout: Option<Duration>,
        knobs: &[(String, i64)],
    ) -> PyResult<Self> {
        let handle = handle.map_err(|error| raise(py, &error))?;
        let stream = if knobs.is_empty() {
            py.enter(|| socket::TcpStream::start(handle, remote, local))?
        } else {
            let own: Vec<_> = knobs.iter().map(|(name, value)| (name.as_str(), *value)).collect();
            let id = py
                .enter(|| handle.with(|stack, now| stack.tcp_connect_under(now, remote, local, &own)))?
                .map_err(|error| names::blame_knobs(py, error, knobs))?;
            socket::TcpStream::of(handle, id)
        };
        if handle.is_live() && timeout != Some(Duration::ZERO) {
            // The stream is closed when this fails: nobody has it yet.
            py.enter_until(timeout, |left| stream.finish_connect(left))?;
        }
        Ok(Self::new(stream, timeout))
    }

    /// As `connect`, with `data` in the SYN where that is possible; also how many bytes were taken.
    pub(crate) fn connect_fast(
        py: Python<'_>,
        handle: Result<&Handle, HostError>,
        (remote, local): (SocketAddress, Option<SocketAddress>),
        data: &[u8],
        timeout: Option<Duration>,
    ) -> PyResult<(Self, usize)> {
        let handle = handle.map_err(|error| raise(py, &error))?;
        let (stream, taken) = py.enter(|| {
            let (id, taken) =
                handle.with(|stack, now| stack.tcp_connect_fast(now, remote, local, None, data))??;
            Ok((socket::TcpStream::of(handle, id), taken))
        })?;
        if handle.is_live() && timeout != Some(Duration::ZERO) {
            py.enter_until(timeout, |left| stream.finish_connect(left))?;
        }
        Ok((Self::new(stream, timeout), taken))
    }

    /// Read at least a byte, unless none is wanted: that is done at once, as by recv(2).
    fn read(&self, py: Python<'_>, out: &mut [u8]) -> PyResult<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        self.0.block(py, |stream, left| stream.recv(out, left))
    }

    pub(super) fn new(stream: socket::TcpStream, timeout: Option<Duration>) -> Self {
        Self(Socket::new(stream, timeout))
    }
}

#[pymethods]
impl TcpStream {
    /// Queue bytes; returns how many were taken, at least one.
    ///
    /// Raises: BrokenPipeError after shutdown, ConnectionResetError.
    fn send(&self, py: Python<'_>, data: Outgoing) -> PyResult<usize> {
        match data.referred() {
            Ok(data) => self.0.block(py, |stream, left| stream.send_foreign(&data, 0, left)),
            Err(data) => self.0.block(py, |stream, left| stream.send(data.as_slice(), left)),
        }
    }

    /// Queue all bytes; the timeout is for the whole call. On an error it is unknown how much was sent.
    fn sendall(&self, py: Python<'_>, data: Outgoing) -> PyResult<()> {
        let (data, deadline) = (data.referred(), Deadline::after(self.0.timeout.value()));
        let length = data.as_ref().map_or_else(|data| data.as_slice().len(), |data| (**data).as_ref().len());
        let mut sent = 0;
        while sent < length {
            sent += self.0.block_for(py, deadline.left(), |stream, left| match &data {
                Ok(data) => stream.send_foreign(data, sent, left),
                Err(data) => stream.send(&data.as_slice()[sent..], left),
            })?;
            // A signal that came while some room was found did not fail the send.
            py.check_signals()?;
        }
        Ok(())
    }

    /// Queue bytes whose last one the urgent pointer marks (RFC 6093: the peer reads them inline).
    fn send_urgent(&self, py: Python<'_>, data: Outgoing) -> PyResult<usize> {
        let data = data.as_slice();
        self.0.block(py, |stream, left| stream.send_urgent(data, left))
    }

    /// 1 to `size` bytes, or b"" once the peer has sent all it will (FIN).
    fn recv<'py>(&self, py: Python<'py>, size: usize) -> PyResult<Bound<'py, PyBytes>> {
        Ok(receive(py, size, |out| Ok((self.read(py, out)?, ())))?.0)
    }

    /// As `recv`, into a writable buffer.
    ///
    /// `size` 0 means all of it. Returns the count. Raises: BufferError if read-only.
    #[pyo3(signature = (buffer, size = 0))]
    fn recv_into(&self, py: Python<'_>, mut buffer: Incoming, size: usize) -> PyResult<usize> {
        self.read(py, buffer.as_mut_slice(size)?)
    }

    /// As `recv`, but the bytes stay in the queue.
    fn peek<'py>(&self, py: Python<'py>, size: usize) -> PyResult<Bound<'py, PyBytes>> {
        let fill = |out: &mut [u8]| self.0.block(py, |stream, left| stream.peek(out, left));
        Ok(receive(py, size, |out| Ok((fill(out)?, ())))?.0)
    }

    /// `socket.SHUT_RD`, `SHUT_WR` (sends FIN behind what is queued) or `SHUT_RDWR`.
    fn shutdown(&self, py: Python<'_>, how: i64) -> PyResult<()> {
        let (read, write) = match how {
            0 => (true, false),
            1 => (false, true),
            2 => (true, true),
            _ => {
                return Err(PyValueError::new_err(format!(
                    "how: {how} is not SHUT_RD, SHUT_WR or SHUT_RDWR"
                )));
            }
        };
        self.0.call(py, |stream| stream.shutdown(read, write))
    }

    /// Let go: queued bytes and FIN still go out, unread bytes make it a reset (RFC 9293 3.6.1). May be called twice.
    ///
    /// With the option `linger` above 0 it waits that long for the peer to acknowledge all of it, and resets then.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        let linger = self.0.call(py, |stream| Ok(stream.linger())).unwrap_or(None);
        self.0.close(py)?;
        match linger {
            Some(limit) => py.enter_until(Some(limit), |left| self.0.socket.check()?.finish_close(left)),
            None => Ok(()),
        }
    }

    /// Reset the connection (RFC 9293 3.10.5) and close.
    fn abort(&self, py: Python<'_>) -> PyResult<()> {
        self.0.call(py, |stream| super::tolerant(stream.abort().and_then(|()| stream.close())))
    }

    /// Our address.
    #[getter]
    fn local(&self, py: Python<'_>) -> PyResult<Endpoint> {
        known(py, self.0.local(py)?)
    }

    /// The peer's address.
    #[getter]
    fn remote(&self, py: Python<'_>) -> PyResult<Endpoint> {
        known(py, self.0.remote(py)?)
    }

    /// The state of the connection now.
    fn info(&self, py: Python<'_>) -> PyResult<TcpInfo> {
        self.0.call(py, |stream| {
            Ok(stream.handle().with(|stack, now| TcpInfo::of(stack, now, stream.tcp_id()))??)
        })
    }

    /// The value of one of the stack's knobs as it is for this connection. Raises: KeyError.
    fn knob(&self, py: Python<'_>, name: &str) -> PyResult<i64> {
        self.0.knob(py, name)
    }

    /// Set a knob of TCP for this connection only. Raises: KeyError; ValueError that says why it cannot have its own.
    fn set_knob(&self, py: Python<'_>, name: &str, value: i64) -> PyResult<()> {
        self.0.set_knob(py, name, value)
    }

    /// A socket option, by the names of `set_option`.
    fn option(&self, py: Python<'_>, name: &str) -> PyResult<OptionValue> {
        self.0.option(py, name)
    }

    /// Set a socket option.
    ///
    /// Names: nodelay keepalive keep_idle keep_interval keep_count user_timeout linger (-1 is off) ttl tos
    /// send_buffer receive_buffer max_segment quickack cork notsent_lowat congestion (a name:
    /// "cubic") ecn (as net.ipv4.tcp_ecn; -1 as the stack)
    /// Of a listener also: defer_accept; fast_open (how many such opens may wait for their ACK); syn_cookies (-1 as the stack).
    /// Times are in milliseconds. Raises: ValueError that names the option or its value.
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

    /// The errno that waits to be reported (SO_ERROR), and clears it; 0 when there is none.
    fn take_error(&self, py: Python<'_>) -> PyResult<i32> {
        self.0.take_error(py)
    }
}

fn known(py: Python<'_>, address: Option<SocketAddress>) -> PyResult<Endpoint> {
    address.map(endpoint).ok_or_else(|| raise(py, &Error::NotConnected.into()))
}
