use crate::alive::Alive;
use crate::enter::{Deadline, Enter};
use crate::error::raise;
use crate::timeout::limit;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::{IntoPyDict, PyDict};
use std::sync::{Arc, Mutex, PoisonError, TryLockError};
use tapip_core::time::Duration;
use tapip_core::wire::IpAddress;
use tapip_host::serve::{self, Served, Service};
use tapip_host::{Handle, HostError};

/// A server of echo, discard, daytime and chargen, run by the thread that calls `run`. Made by `Stack.serve`.
#[pyclass(frozen, module = "tapip_rs._core")]
pub(crate) struct Server {
    server: Alive<Mutex<serve::Server>>,
    board: Arc<Mutex<Served>>,
}

impl Server {
    /// How long a signal may go unseen that arrives while bytes are moved, just before the server sleeps: no sleep ends
    /// for it. Four looks a second cost nothing that can be measured.
    const SLICE: Duration = Duration::from_millis(250);

    /// Open the services.
    pub(crate) fn open(
        py: Python<'_>,
        handle: Result<&Handle, HostError>,
        services: &[Service],
        address: IpAddress,
        port_offset: u16,
    ) -> PyResult<Self> {
        let server = py.enter(|| serve::Server::open(handle?, services, address, port_offset))?;
        let board = server.board();
        Ok(Self { server: Alive::new(Mutex::new(server)), board })
    }
}

#[pymethods]
impl Server {
    /// Serve for `timeout` seconds, or until an exception (Ctrl-C) ends it; it may be called again.
    ///
    /// Raises: RuntimeError when another thread is in it; OSError when the stack was stopped or failed.
    #[pyo3(signature = (timeout = None))]
    fn run(&self, py: Python<'_>, timeout: Option<f64>) -> PyResult<()> {
        let deadline = Deadline::after(limit("timeout", timeout)?);
        let server = self.server.check().map_err(|error| raise(py, &error))?;
        let mut server = match server.try_lock() {
            Ok(server) => server,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => {
                return Err(PyRuntimeError::new_err("another thread runs this server"));
            }
        };
        let server = &mut *server;
        loop {
            let left = deadline.left();
            let slice = left.map_or(Self::SLICE, |left| left.min(Self::SLICE));
            match py.detach(|| server.run(Some(slice))) {
                Err(HostError::TimedOut) if left.is_some_and(|left| left <= Self::SLICE) => return Ok(()),
                Ok(()) | Err(HostError::Interrupted | HostError::TimedOut) => py.check_signals()?,
                Err(error) => return Err(raise(py, &error)),
            }
        }
    }

    /// What was done so far: accepted, open, received, sent, datagrams, refused.
    #[getter]
    fn served<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let Served { accepted, open, received, sent, datagrams, refused } =
            *self.board.lock().unwrap_or_else(PoisonError::into_inner);
        let numbers = [
            ("accepted", accepted),
            ("open", open),
            ("received", received),
            ("sent", sent),
            ("datagrams", datagrams),
            ("refused", refused),
        ];
        numbers.into_py_dict(py)
    }
}
