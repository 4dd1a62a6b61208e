use super::Plug;
use pyo3::prelude::*;
use tapip_host::device::{self, QueueEnd};

/// A device for `Stack.inject` and `Stack.pull`, of a detached stack.
#[pyclass(frozen, module = "tapip_rs._core")]
pub(crate) struct Queue {
    pub(super) plug: Plug,
    pub(super) end: QueueEnd,
    /// The MTU.
    #[pyo3(get)]
    mtu: usize,
}

#[pymethods]
impl Queue {
    #[new]
    #[pyo3(signature = (mtu = 1500))]
    fn new(mtu: usize) -> Self {
        let (device, end) = device::Queue::new(mtu);
        Self { plug: Plug::new(device), end, mtu }
    }
}
