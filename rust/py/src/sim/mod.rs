//! The virtual network as Python sees it. Translation only.
//!
//! - `shared`: the network with its lock, and the door to it that every call goes through;
//! - `network`: the class; a run goes in slices, between which signals are looked at;
//! - `flows`, `spec`: what is asked for, out of dicts whose units Python has already settled;
//! - `results`, `columns`: what comes out;
//! - `oracle`: broken rules;
//! - `socket`: sockets of virtual hosts. They never wait: time passes only while the network runs.

mod columns;
mod flows;
mod network;
mod oracle;
mod results;
mod shared;
mod socket;
mod spec;

pub(crate) use network::Network;
pub(crate) use results::{DirectionInfo, FlowInfo};
pub(crate) use shared::VirtualHost;
pub(crate) use socket::VirtualSocket;

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use tapip_core::sim::{ImpairmentError, Summary};
use tapip_core::time::{Duration, Instant};

/// Mean, median, 99th percentile, maximum in seconds; and how many values.
pub(crate) type SummaryTuple = (f64, f64, f64, f64, u64);

fn summary(summary: &Summary) -> SummaryTuple {
    let Summary { count, mean, p50, p99, max } = *summary;
    let seconds = crate::timeout::to_seconds;
    (seconds(mean), seconds(p50), seconds(p99), seconds(max), count)
}

/// A refused value as ValueError that names the argument, by the name that it has in Python.
fn refused(error: &ImpairmentError) -> PyErr {
    let field = match error.field.as_str() {
        "drop" => "loss",
        "drop_every" => "loss_every",
        "drop_list" => "loss_list",
        "queue_bytes" | "queue_packets" => "queue",
        other => other,
    };
    PyValueError::new_err(format!("{field} = {}: allowed is {}", error.value, error.allowed))
}

/// Take `name` out of a dict, if it is there and not None.
fn take<'py, T>(dict: &Bound<'py, PyDict>, name: &str) -> PyResult<Option<T>>
where
    T: for<'a> FromPyObject<'a, 'py>,
{
    match dict.get_item(name)? {
        Some(value) if !value.is_none() => {
            let wrong = |_| PyTypeError::new_err(format!("{name} cannot be {value}"));
            value
                .extract()
                .map(Some)
                .map_err(|error: <T as FromPyObject<'_, 'py>>::Error| wrong(error.into()))
        }
        _ => Ok(None),
    }
}

fn nanos(dict: &Bound<'_, PyDict>, name: &str) -> PyResult<Option<Duration>> {
    Ok(take::<u64>(dict, name)?.map(Duration::from_nanos))
}

fn instant(dict: &Bound<'_, PyDict>, name: &str) -> PyResult<Option<Instant>> {
    Ok(take::<u64>(dict, name)?.map(Instant::from_nanos))
}
