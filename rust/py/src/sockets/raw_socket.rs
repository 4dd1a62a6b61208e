use super::Socket;
use crate::address::ip;
use crate::buffer::{Incoming, Outgoing, receive};
use crate::enter::Enter;
use crate::names::OptionValue;
use crate::records::{DatagramInfo, QueuedError};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use tapip_core::buffer::Meta;
use tapip_core::observe::InterfaceId;
use tapip_host::{Handle, HostError, socket};

/// A raw IP socket. Made by `Stack.raw`. Packets received begin with the IP header, as on Linux.
#[pyclass(frozen, module = "tapip_rs._core")]
pub(crate) struct RawSocket(Socket<socket::RawSocket>, u8);

impl RawSocket {
    /// Open one for `protocol`.
    pub(crate) fn open(py: Python<'_>, handle: Result<&Handle, HostError>, protocol: u8) -> PyResult<Self> {
        let socket = py.enter(|| socket::RawSocket::open(handle?, protocol))?;
        Ok(Self(Socket::new(socket, None), protocol))
    }

    fn receive<'py>(&self, py: Python<'py>, size: usize) -> PyResult<(Bound<'py, PyBytes>, Meta)> {
        receive(py, size, |out| self.0.block(py, |socket, left| socket.recv(out, left)))
    }
}

#[pymethods]
impl RawSocket {
    /// Receive only what is sent to `local`, and send from it.
    fn bind(&self, py: Python<'_>, local: &str) -> PyResult<()> {
        let local = ip("local", local)?;
        self.0.call(py, |socket| socket.bind(local))
    }

    /// Set the peer; None undoes it.
    #[pyo3(signature = (remote))]
    fn connect(&self, py: Python<'_>, remote: Option<&str>) -> PyResult<()> {
        let remote = remote.map(|remote| ip("remote", remote)).transpose()?;
        self.0.call(py, |socket| socket.connect(remote))
    }

    /// Send a payload (with option `header_included`, a whole packet) to the peer.
    fn send(&self, py: Python<'_>, data: Outgoing) -> PyResult<usize> {
        let data = data.as_slice();
        self.0.block(py, |socket, left| socket.send(data, None, left))
    }

    /// Send a payload (with option `header_included`, a whole packet).
    fn sendto(&self, py: Python<'_>, data: Outgoing, remote: &str) -> PyResult<usize> {
        let (data, remote) = (data.as_slice(), ip("remote", remote)?);
        self.0.block(py, |socket, left| socket.send(data, Some(remote), left))
    }

    /// The next packet from its IP header on, cut to `size` bytes.
    fn recv<'py>(&self, py: Python<'py>, size: usize) -> PyResult<Bound<'py, PyBytes>> {
        Ok(self.receive(py, size)?.0)
    }

    /// The next packet into a writable buffer; returns how many bytes were written.
    #[pyo3(signature = (buffer, size = 0))]
    fn recv_into(&self, py: Python<'_>, mut buffer: Incoming, size: usize) -> PyResult<usize> {
        let out = buffer.as_mut_slice(size)?;
        Ok(self.0.block(py, |socket, left| socket.recv(out, left))?.0)
    }

    /// The next packet, cut to `size` bytes, and its sender.
    fn recvfrom<'py>(&self, py: Python<'py>, size: usize) -> PyResult<(Bound<'py, PyBytes>, String)> {
        let (data, meta) = self.receive(py, size)?;
        Ok((data, meta.source.ip().to_string()))
    }

    /// The next packet, cut to `size` bytes, and what is known of it (ports are 0).
    fn recvmsg<'py>(&self, py: Python<'py>, size: usize) -> PyResult<(Bound<'py, PyBytes>, DatagramInfo)> {
        let (data, meta) = self.receive(py, size)?;
        Ok((data, meta.into()))
    }

    /// Receive a multicast group on an interface, or on the one that routes lead to.
    #[pyo3(signature = (group, interface = None))]
    fn join_group(&self, py: Python<'_>, group: &str, interface: Option<u32>) -> PyResult<()> {
        let group = ip("group", group)?;
        self.0.call(py, |socket| socket.join(group, interface.map(InterfaceId)))
    }

    /// Undo `join_group`.
    #[pyo3(signature = (group, interface = None))]
    fn leave_group(&self, py: Python<'_>, group: &str, interface: Option<u32>) -> PyResult<()> {
        let group = ip("group", group)?;
        self.0.call(py, |socket| socket.leave(group, interface.map(InterfaceId)))
    }

    /// Close. May be called twice.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        self.0.close(py)
    }

    /// The IP protocol number.
    #[getter]
    fn protocol(&self) -> u8 {
        self.1
    }

    /// The local address; None while unbound.
    #[getter]
    fn local(&self, py: Python<'_>) -> PyResult<Option<String>> {
        Ok(self.0.local(py)?.map(|local| local.ip().to_string()))
    }

    /// The peer; None while unconnected.
    #[getter]
    fn remote(&self, py: Python<'_>) -> PyResult<Option<String>> {
        Ok(self.0.remote(py)?.map(|remote| remote.ip().to_string()))
    }

    /// A socket option, by the names of `set_option`.
    fn option(&self, py: Python<'_>, name: &str) -> PyResult<OptionValue> {
        self.0.option(py, name)
    }

    /// Set a socket option.
    ///
    /// Names: ttl tos broadcast multicast_ttl multicast_loop multicast_interface receive_buffer mtu_discover
    /// header_included receive_errors.
    /// Raises: ValueError that names the option or its value.
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

    /// Take the oldest entry of the error queue (MSG_ERRQUEUE); None when there is none. Never waits.
    ///
    /// The call that would have failed with it does not any more.
    fn queued_error(&self, py: Python<'_>) -> PyResult<Option<QueuedError>> {
        Ok(self.0.call(py, |socket| socket.queued_error())?.map(QueuedError::from))
    }

    /// The errno that waits to be reported (SO_ERROR), and clears it; 0 when there is none.
    fn take_error(&self, py: Python<'_>) -> PyResult<i32> {
        self.0.take_error(py)
    }
}
