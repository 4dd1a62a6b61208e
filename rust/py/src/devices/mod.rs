//! Devices: made in Python, then handed to a stack. One class a file.

mod loopback;
mod pipe;
mod queue;
mod tap;

pub(crate) use loopback::Loopback;
pub(crate) use pipe::Pipe;
pub(crate) use queue::Queue;
pub(crate) use tap::Tap;

use crate::error::raise;
use pyo3::prelude::*;
use std::sync::{Mutex, PoisonError};
use tapip_host::HostError;
use tapip_host::device::{Device, QueueEnd};

/// A device that a stack may take, once.
pub(crate) struct Plug(Mutex<Option<Box<dyn Device>>>);

impl Plug {
    /// A device that no stack has yet.
    pub(crate) fn new(device: impl Device + 'static) -> Self {
        Self(Mutex::new(Some(Box::new(device))))
    }

    /// The device, if it is still here.
    pub(crate) fn take(&self) -> Option<Box<dyn Device>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Any of the device classes, as an argument.
#[derive(FromPyObject)]
pub(crate) enum AnyDevice<'py> {
    Tap(Bound<'py, Tap>),
    Pipe(Bound<'py, Pipe>),
    Loopback(Bound<'py, Loopback>),
    Queue(Bound<'py, Queue>),
}

impl AnyDevice<'_> {
    /// The device itself, and the other end of a queue. Raises: OSError(EBUSY) when a stack has it already.
    pub(crate) fn take(&self, py: Python<'_>) -> PyResult<(Box<dyn Device>, Option<QueueEnd>)> {
        let (plug, end) = match self {
            Self::Tap(tap) => (&tap.get().plug, None),
            Self::Pipe(pipe) => (&pipe.get().plug, None),
            Self::Loopback(loopback) => (&loopback.get().plug, None),
            Self::Queue(queue) => (&queue.get().plug, Some(queue.get().end.clone())),
        };
        let device = plug.take().ok_or_else(|| raise(py, &taken()))?;
        Ok((device, end))
    }
}

fn taken() -> HostError {
    const EBUSY: i32 = 16;
    HostError::Device { errno: EBUSY, text: "the device was attached or closed before".to_owned() }
}
