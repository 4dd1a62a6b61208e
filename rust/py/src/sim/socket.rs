use super::shared::VirtualHost;
use crate::address::{Endpoint, endpoint, optional_socket, socket};
use crate::buffer::{Outgoing, receive};
use crate::enter::Enter;
use crate::error::raise;
use crate::names::{self, OptionValue};
use crate::records::TcpInfo;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use tapip_core::error::Error;
use tapip_core::stack::{ListenerId, SocketId, Stack, TcpId, UdpId};
use tapip_core::time::Instant;
use tapip_core::wire::SocketAddress;
use tapip_host::HostError;

/// A socket of a host of a virtual network: a TCP connection, a listener, or UDP. It never waits (BlockingIOError).
#[pyclass(frozen, module = "tapip_rs._core")]
pub(crate) struct VirtualSocket {
    at: VirtualHost,
    id: SocketId,
}

impl VirtualSocket {
    /// Send a SYN, under knobs of its own.
    pub(super) fn connect(
        at: VirtualHost,
        py: Python<'_>,
        remote: SocketAddress,
        knobs: &[(String, i64)],
    ) -> PyResult<Self> {
        let own: Vec<_> = knobs.iter().map(|(name, value)| (name.as_str(), *value)).collect();
        let id = py.enter(|| at.with(|stack, now| stack.tcp_connect_under(now, remote, None, &own)))?;
        let id = id.map_err(|error| names::blame_knobs(py, error, knobs))?;
        Ok(Self { at, id: SocketId::Tcp(id) })
    }

    /// Listen.
    pub(super) fn listen(
        at: VirtualHost,
        py: Python<'_>,
        local: SocketAddress,
        backlog: usize,
    ) -> PyResult<Self> {
        let id = py.enter(|| Ok(at.with(|stack, _| stack.tcp_listen(local, backlog))??))?;
        Ok(Self { at, id: SocketId::Listener(id) })
    }

    /// Make a UDP socket, bound to `local` when it is given.
    pub(super) fn udp(at: VirtualHost, py: Python<'_>, local: Option<SocketAddress>) -> PyResult<Self> {
        let id = py.enter(|| {
            let bound = at.with(|stack, now| {
                let id = stack.udp_open();
                let bound = local.map_or(Ok(()), |local| stack.udp_bind(id, local));
                if bound.is_err() {
                    stack.close(now, SocketId::Udp(id))?;
                }
                bound.map(|()| id)
            });
            Ok(bound??)
        })?;
        Ok(Self { at, id: SocketId::Udp(id) })
    }

    fn call<T: Send>(
        &self,
        py: Python<'_>,
        verb: impl FnOnce(&mut Stack, Instant) -> Result<T, Error> + Send,
    ) -> PyResult<T> {
        py.enter(|| Ok(self.at.with(verb)??))
    }

    fn tcp(&self, py: Python<'_>) -> PyResult<TcpId> {
        match self.id {
            SocketId::Tcp(id) => Ok(id),
            _ => Err(raise(py, &HostError::Core(Error::NotSupported))),
        }
    }

    fn listener(&self, py: Python<'_>) -> PyResult<ListenerId> {
        match self.id {
            SocketId::Listener(id) => Ok(id),
            _ => Err(raise(py, &HostError::Core(Error::NotSupported))),
        }
    }

    fn datagrams(&self, py: Python<'_>) -> PyResult<UdpId> {
        match self.id {
            SocketId::Udp(id) => Ok(id),
            _ => Err(raise(py, &HostError::Core(Error::NotSupported))),
        }
    }
}

#[pymethods]
impl VirtualSocket {
    /// The number that notices name it by.
    #[getter]
    fn number(&self) -> u64 {
        self.id.number()
    }

    /// The host whose socket it is.
    #[getter]
    fn host(&self) -> u32 {
        self.at.host.0
    }

    /// A listener's next connection.
    fn accept(&self, py: Python<'_>) -> PyResult<Self> {
        let listener = self.listener(py)?;
        let id = self.call(py, |stack, _| stack.tcp_accept(listener))?;
        Ok(Self { at: self.at.another(), id: SocketId::Tcp(id) })
    }

    /// Queue bytes from `offset` on; returns how many were taken, at least one.
    #[pyo3(signature = (data, offset = 0))]
    fn send(&self, py: Python<'_>, data: Outgoing, offset: usize) -> PyResult<usize> {
        let id = self.tcp(py)?;
        let data = data.as_slice().get(offset..).unwrap_or_default();
        self.call(py, |stack, now| stack.tcp_send(now, id, data))
    }

    /// 1 to `size` bytes, or b"" once the peer has sent all it will (FIN).
    fn recv<'py>(&self, py: Python<'py>, size: usize) -> PyResult<Bound<'py, PyBytes>> {
        let id = self.tcp(py)?;
        let fill = |out: &mut [u8]| self.call(py, |stack, now| stack.tcp_recv(now, id, out));
        Ok(receive(py, size, |out| Ok((fill(out)?, ())))?.0)
    }

    /// Send a datagram; returns its length.
    #[pyo3(signature = (data, remote = None))]
    fn sendto(&self, py: Python<'_>, data: Outgoing, remote: Option<&Bound<'_, PyAny>>) -> PyResult<usize> {
        let (id, remote) = (self.datagrams(py)?, optional_socket("remote", remote)?);
        let data = data.as_slice();
        self.call(py, |stack, now| stack.udp_send(now, id, data, remote))
    }

    /// A datagram, as much of it as fits `size`, and who sent it.
    fn recvfrom<'py>(&self, py: Python<'py>, size: usize) -> PyResult<(Bound<'py, PyBytes>, Endpoint)> {
        let id = self.datagrams(py)?;
        let fill = |out: &mut [u8]| self.call(py, |stack, _| stack.udp_recv(id, out));
        let (data, meta) =
            receive(py, size, |out| fill(out).map(|(size, meta)| (size.min(out.len()), meta)))?;
        Ok((data, endpoint(meta.source)))
    }

    /// Take datagrams of one peer only, and errors about them; None undoes that.
    fn connect_udp(&self, py: Python<'_>, remote: &Bound<'_, PyAny>) -> PyResult<()> {
        let (id, remote) = (self.datagrams(py)?, socket("remote", remote)?);
        self.call(py, |stack, _| stack.udp_connect(id, Some(remote)))
    }

    /// Send FIN behind what is queued.
    fn shutdown(&self, py: Python<'_>) -> PyResult<()> {
        let id = self.tcp(py)?;
        self.call(py, |stack, now| stack.tcp_shutdown(now, id, false, true))
    }

    /// Let go: what is queued still goes out. May be called twice.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        self.call(py, |stack, now| match stack.close(now, self.id) {
            Err(Error::BadHandle) => Ok(()),
            other => other,
        })
    }

    /// Reset the connection.
    fn abort(&self, py: Python<'_>) -> PyResult<()> {
        let id = self.tcp(py)?;
        self.call(py, |stack, now| match stack.tcp_abort(now, id) {
            Err(Error::BadHandle) => Ok(()),
            other => other,
        })
    }

    /// Our address; None while unbound.
    #[getter]
    fn local(&self, py: Python<'_>) -> PyResult<Option<Endpoint>> {
        Ok(self.call(py, |stack, _| stack.local_address(self.id))?.map(endpoint))
    }

    /// The peer's address; None where there is none.
    #[getter]
    fn remote(&self, py: Python<'_>) -> PyResult<Option<Endpoint>> {
        Ok(self.call(py, |stack, _| stack.remote_address(self.id))?.map(endpoint))
    }

    /// The state of the connection now.
    fn info(&self, py: Python<'_>) -> PyResult<TcpInfo> {
        let id = self.tcp(py)?;
        self.call(py, |stack, now| TcpInfo::of(stack, now, id))
    }

    /// What can be done without waiting, as `select.POLL*` bits.
    fn readiness(&self, py: Python<'_>) -> PyResult<u32> {
        Ok(names::poll_bits(self.call(py, |stack, _| stack.readiness(self.id))?))
    }

    /// The errno that waits to be reported (SO_ERROR), and clears it; 0 when there is none.
    fn take_error(&self, py: Python<'_>) -> PyResult<i32> {
        let error = self.call(py, |stack, _| Ok(stack.take_error(self.id)))?;
        Ok(error.map_or(0, |error| error.errno()))
    }

    /// The value of one of the stack's knobs as it is for this socket. Raises: KeyError.
    fn knob(&self, py: Python<'_>, name: &str) -> PyResult<i64> {
        let value = py.enter(|| self.at.with(|stack, _| stack.knob_on(self.id, name)))?;
        value.map_err(|error| names::blame_knob(py, error, name, 0))
    }

    /// Set a knob of TCP for this socket only. Raises: KeyError; ValueError that says why it cannot have its own.
    fn set_knob(&self, py: Python<'_>, name: &str, value: i64) -> PyResult<()> {
        let done = py.enter(|| self.at.with(|stack, now| stack.set_knob_on(now, self.id, name, value)))?;
        done.map_err(|error| names::blame_knob(py, error, name, value))
    }

    /// A socket option, by the names of `TcpStream.set_option`.
    fn option(&self, py: Python<'_>, name: &str) -> PyResult<OptionValue> {
        let option = names::option(name)?;
        self.call(py, |stack, _| stack.option(self.id, option))
            .map(|value| names::option_value(option, value))
            .map_err(|error| names::blame_option(py, error, name, None))
    }

    /// Set a socket option, by the names of `TcpStream.set_option`.
    fn set_option(&self, py: Python<'_>, name: &str, value: OptionValue) -> PyResult<()> {
        let option = names::option(name)?;
        let value = names::option_number(name, option, value)?;
        self.call(py, |stack, now| stack.set_option(now, self.id, option, value))
            .map_err(|error| names::blame_option(py, error, name, Some(value)))
    }
}
