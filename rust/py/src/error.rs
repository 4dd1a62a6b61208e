//! Failures of the stack as Python's exceptions, mapped here and nowhere else.

use pyo3::exceptions::{PyOSError, PyTimeoutError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyType;
use tapip_host::HostError;

/// Linux's number for "input/output error": the stack behind the call broke.
const EIO: i32 = 5;

/// The exception for `error`. Given an errno, `OSError` itself picks the subclass (`ConnectionRefusedError`, ...).
pub(crate) fn raise(py: Python<'_>, error: &HostError) -> PyErr {
    match error {
        HostError::TimedOut => PyTimeoutError::new_err("timed out"),
        HostError::StackFailed(text) => stack_failed(py, text),
        other => PyOSError::new_err((other.errno().unwrap_or(EIO), other.to_string())),
    }
}

/// `tapip_rs.errors.StackFailed`, which is defined in Python.
fn stack_failed(py: Python<'_>, text: &str) -> PyErr {
    static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    match CLASS.import(py, "tapip_rs.errors", "StackFailed") {
        Ok(class) => PyErr::from_type(class.clone(), (EIO, text.to_owned())),
        Err(error) => error,
    }
}
