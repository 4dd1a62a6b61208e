//! Memory that belongs to Python objects: bytes to send, buffers to receive into.
//!
//! The only `unsafe` outside the host crate stands here. A buffer that is exported (`PyObject_GetBuffer`) stays where
//! it is and keeps its size until it is released, so it may be read and written without the GIL. Whether another thread
//! changes the same bytes meanwhile is the Python program's affair, as it is with `socket.send` and `socket.recv_into`:
//! what is sent or found there is then unspecified, but nothing else breaks, for bytes have no invalid values and the
//! stack copies them once, front to back, without looking at them.

use pyo3::buffer::PyUntypedBuffer;
use pyo3::exceptions::{PyBufferError, PyValueError};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::PyBytes;
use std::cell::RefCell;
use std::slice;
use std::sync::Arc;
use tapip_core::buffer::Foreign;

/// Bytes that a caller wants sent.
pub(crate) enum Outgoing {
    /// A `bytes` object: immutable, so that it may be queued by reference.
    Bytes(PyBackedBytes),
    /// Anything else that exports its memory.
    Buffer(PyUntypedBuffer),
}

impl Outgoing {
    /// From this length on `bytes` are queued by reference. Measured with units of 64 KiB: at 64 and at 128 KiB the
    /// reference is twice as fast as the copy, and a unit holds sixteen pieces at most, so that smaller ones gain less.
    const REFERRED: usize = 32 << 10;

    /// Long `bytes` as a piece that a send queue may refer to; anything else as it was.
    ///
    /// The stack lets go of it in any thread, without the GIL and with its lock held. PyO3 then only notes that, and
    /// the next call from Python gives the reference back.
    pub(crate) fn referred(self) -> Result<Foreign, Self> {
        match self {
            Self::Bytes(bytes) if bytes.len() >= Self::REFERRED => Ok(Arc::new(bytes)),
            other => Err(other),
        }
    }

    /// The bytes, wherever they lie.
    pub(crate) fn as_slice(&self) -> &[u8] {
        match self {
            Self::Bytes(bytes) => bytes,
            Self::Buffer(buffer) if buffer.len_bytes() == 0 => &[],
            // SAFETY: the buffer is C-contiguous (checked in `extract`) and exported as long as `self` lives, so that
            // `len_bytes` bytes can be read there. For concurrent writers see the head of this file.
            Self::Buffer(buffer) => unsafe {
                slice::from_raw_parts(buffer.buf_ptr().cast(), buffer.len_bytes())
            },
        }
    }
}

impl<'py> FromPyObject<'_, 'py> for Outgoing {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        if object.is_instance_of::<PyBytes>() {
            return Ok(Self::Bytes(object.extract()?));
        }
        let buffer = PyUntypedBuffer::get(&object)?;
        if !buffer.is_c_contiguous() {
            return Err(PyBufferError::new_err("the buffer is not contiguous"));
        }
        Ok(Self::Buffer(buffer))
    }
}

/// A writable buffer that a caller wants filled.
pub(crate) struct Incoming(PyUntypedBuffer);

impl Incoming {
    /// Its first `size` bytes; 0 means all of it.
    pub(crate) fn as_mut_slice(&mut self, size: usize) -> PyResult<&mut [u8]> {
        let length = self.0.len_bytes();
        if size > length {
            return Err(PyValueError::new_err(format!(
                "size: {size} is more than the buffer's {length} bytes"
            )));
        }
        if length == 0 {
            return Ok(&mut []);
        }
        let size = if size == 0 { length } else { size };
        // SAFETY: the buffer is writable and C-contiguous (checked in `extract`) and exported as long as `self` lives, so
        // that `size` bytes can be written there; `&mut self` keeps a second slice of ours away. For other readers and
        // writers see the head of this file.
        Ok(unsafe { slice::from_raw_parts_mut(self.0.buf_ptr().cast(), size) })
    }
}

impl<'py> FromPyObject<'_, 'py> for Incoming {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let buffer = PyUntypedBuffer::get(&object)?;
        if buffer.readonly() {
            return Err(PyBufferError::new_err("the buffer is read-only"));
        }
        if !buffer.is_c_contiguous() {
            return Err(PyBufferError::new_err("the buffer is not contiguous"));
        }
        Ok(Self(buffer))
    }
}

/// Most bytes that one `recv` returns. A `bytes` object of the size asked for is made only once it is known how much came.
const MOST: usize = 4 << 20;
/// Scratch memory up to this size is kept for the next call of the thread; what programs ask for is mostly less.
const KEPT: usize = 1 << 20;

thread_local! {
    static SCRATCH: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// What `fill` receives into scratch memory of `size` bytes, as `bytes`, with what else it returns.
///
/// The memory is taken out of its thread while in use: a signal handler may receive on the same thread meanwhile.
pub(crate) fn receive<'py, T>(
    py: Python<'py>,
    size: usize,
    fill: impl FnOnce(&mut [u8]) -> PyResult<(usize, T)>,
) -> PyResult<(Bound<'py, PyBytes>, T)> {
    let size = size.min(MOST);
    let mut scratch = SCRATCH.take();
    if scratch.len() < size {
        scratch.resize(size, 0);
    }
    let result = fill(&mut scratch[..size]).map(|(count, rest)| (PyBytes::new(py, &scratch[..count]), rest));
    if scratch.len() <= KEPT {
        SCRATCH.set(scratch);
    }
    result
}
