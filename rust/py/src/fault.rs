//! Fault specifications between Python's dict and the core's `Impairment`.

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use tapip_core::sim::{Impairment, ImpairmentCounters, ImpairmentError};

const LIST: &str = "drop_list";

/// An impairment out of the argument `spec`.
pub(crate) fn from_dict(spec: &Bound<'_, PyDict>) -> PyResult<Impairment> {
    let mut impairment = Impairment::default();
    for (key, value) in spec {
        let key: String =
            key.extract().map_err(|_| PyTypeError::new_err(format!("spec: {key} is not a str")))?;
        let wrong = |_| PyTypeError::new_err(format!("spec: {key} cannot be {value}"));
        if key == LIST {
            impairment.drop_list = value.extract().map_err(wrong)?;
        } else {
            impairment.set(&key, value.extract().map_err(wrong)?).map_err(|error| refused(&error))?;
        }
    }
    impairment.check().map_err(|error| refused(&error))?;
    Ok(impairment)
}

/// An impairment as the keys that differ from doing nothing.
pub(crate) fn to_dict<'py>(py: Python<'py>, impairment: &Impairment) -> PyResult<Bound<'py, PyDict>> {
    let (spec, nothing) = (PyDict::new(py), Impairment::default());
    for field in Impairment::FIELDS {
        let value = impairment.value(field);
        if value != nothing.value(field) {
            spec.set_item(field, value)?;
        }
    }
    if !impairment.drop_list.is_empty() {
        spec.set_item(LIST, impairment.drop_list.clone())?;
    }
    Ok(spec)
}

/// What an impairment did, both ways together, by cause.
pub(crate) fn counters(
    inbound: &ImpairmentCounters,
    outbound: &ImpairmentCounters,
) -> Vec<(&'static str, u64)> {
    table(inbound).into_iter().zip(table(outbound)).map(|((name, a), (_, b))| (name, a + b)).collect()
}

fn table(counters: &ImpairmentCounters) -> [(&'static str, u64); 12] {
    let ImpairmentCounters {
        received,
        delivered,
        dropped,
        dropped_every,
        dropped_list,
        dropped_burst,
        dropped_queue,
        dropped_limit,
        duplicated,
        reordered,
        corrupted,
        not_corrupted,
    } = *counters;
    [
        ("received", received),
        ("delivered", delivered),
        ("dropped", dropped),
        ("dropped_every", dropped_every),
        ("dropped_list", dropped_list),
        ("dropped_burst", dropped_burst),
        ("dropped_queue", dropped_queue),
        ("dropped_limit", dropped_limit),
        ("duplicated", duplicated),
        ("reordered", reordered),
        ("corrupted", corrupted),
        ("not_corrupted", not_corrupted),
    ]
}

/// The exception for a field that cannot be so.
pub(crate) fn refused(error: &ImpairmentError) -> PyErr {
    PyValueError::new_err(format!("spec: {error}"))
}
