use super::Plug;
use pyo3::prelude::*;
use tapip_host::device;

/// One end of an in-memory wire between two stacks of this process.
#[pyclass(frozen, module = "tapip_rs._core")]
pub(crate) struct Pipe {
    pub(super) plug: Plug,
    /// The MTU.
    #[pyo3(get)]
    mtu: usize,
}

#[pymethods]
impl Pipe {
    /// Make both ends of a new wire.
    #[staticmethod]
    #[pyo3(signature = (mtu = 1500))]
    fn pair(mtu: usize) -> PyResult<(Self, Self)> {
        let (one, other) = device::Pipe::pair(mtu)?;
        Ok((Self { plug: Plug::new(one), mtu }, Self { plug: Plug::new(other), mtu }))
    }
}
