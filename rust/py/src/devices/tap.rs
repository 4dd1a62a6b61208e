use super::Plug;
use crate::enter::Enter;
use pyo3::prelude::*;
use tapip_host::device::{self, Device, TapOptions};

/// A Linux tap device. Needs CAP_NET_ADMIN and /dev/net/tun.
#[pyclass(frozen, module = "tapip_rs._core")]
pub(crate) struct Tap {
    pub(super) plug: Plug,
    /// The kernel's name of the device.
    #[pyo3(get)]
    name: String,
    /// The MTU as the kernel had it when the tap was opened.
    #[pyo3(get)]
    mtu: usize,
    /// The hardware address of the kernel's side.
    #[pyo3(get)]
    mac: String,
    /// Whether it did not exist before `open`.
    #[pyo3(get)]
    created: bool,
    /// How many queues it has.
    #[pyo3(get)]
    queues: usize,
}

#[pymethods]
impl Tap {
    /// Create a tap, or attach to one that exists; None lets the kernel name it.
    ///
    /// What existed before is left as it was (but for the offload mask) and is not removed. A tap made here goes away
    /// with its last descriptor, unless `persistent`. Several `queues` take one made here, or with multi_queue.
    /// Raises: PermissionError, FileNotFoundError without /dev/net/tun, OSError(EBUSY).
    #[staticmethod]
    #[pyo3(signature = (name = None, *, persistent = false, queues = 1))]
    fn open(py: Python<'_>, name: Option<String>, persistent: bool, queues: usize) -> PyResult<Self> {
        let options = TapOptions { name, persistent, queues, ..TapOptions::default() };
        let tap = py.enter(|| device::Tap::open(&options))?;
        let queues = tap.queues();
        let (name, mtu, created) = (tap.name().to_owned(), tap.mtu(), tap.created());
        let mac = tap.mac().unwrap_or_default().to_string();
        Ok(Self { plug: Plug::new(tap), name, mtu, mac, created, queues })
    }

    /// Close a tap that was never attached; an attached one is closed by its stack. May be called twice.
    fn close(&self) {
        drop(self.plug.take());
    }
}
