use super::Plug;
use pyo3::prelude::*;
use tapip_host::device;

/// A device that hands back what is sent.
#[pyclass(frozen, module = "tapip_rs._core")]
pub(crate) struct Loopback {
    pub(super) plug: Plug,
}

#[pymethods]
impl Loopback {
    #[new]
    fn new() -> Self {
        Self { plug: Plug::new(device::Loopback::new()) }
    }

    /// The MTU: 65536, as Linux's `lo`.
    #[getter]
    fn mtu(&self) -> usize {
        device::Loopback::MTU
    }
}
