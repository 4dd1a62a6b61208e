//! Records: what Python is told of interfaces, routes, connections... at one moment. Plain data, one class a file.

mod arp_reply;
mod datagram_info;
mod event;
mod interface_info;
mod neighbor_info;
mod queued_error;
mod route_info;
mod socket_info;
mod tcp_info;

pub(crate) use arp_reply::ArpReply;
pub(crate) use datagram_info::DatagramInfo;
pub(crate) use event::Event;
pub(crate) use interface_info::InterfaceInfo;
pub(crate) use neighbor_info::NeighborInfo;
pub(crate) use queued_error::QueuedError;
pub(crate) use route_info::{RouteInfo, RouteTuple};
pub(crate) use socket_info::SocketInfo;
pub(crate) use tcp_info::TcpInfo;

use pyo3::prelude::*;
use tapip_core::stack::{Memory, Stack};

/// Define a frozen class whose fields are read-only attributes, with a `repr` that shows them.
macro_rules! record {
    ($(#[$meta:meta])* $name:ident { $($(#[$field_meta:meta])* $field:ident: $type:ty,)+ }) => {
        $(#[$meta])*
        #[pyclass(frozen, get_all, module = "tapip_rs._core")]
        pub(crate) struct $name { $($(#[$field_meta])* pub(crate) $field: $type,)+ }

        #[pymethods]
        impl $name {
            fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
                $crate::records::repr(slf.as_any(), stringify!($name), &[$(stringify!($field)),+])
            }
        }
    };
}
pub(crate) use record;

/// What a stack holds in memory, by name.
pub(crate) fn memory(stack: &Stack) -> Vec<(&'static str, usize)> {
    let Memory {
        packets_used,
        packets_free,
        packets_limit,
        sockets,
        connections,
        tcp_bytes,
        tcp_pressure,
        fragments,
        output,
        timers,
    } = stack.memory();
    vec![
        ("packets_in_use", packets_used),
        ("packets_free", packets_free),
        ("packets_capacity", packets_limit),
        ("sockets", sockets),
        ("connections", connections),
        ("tcp_bytes", tcp_bytes as usize),
        ("tcp_pressure", tcp_pressure as usize),
        ("fragment_bytes", fragments),
        ("output_packets", output),
        ("timers", timers),
    ]
}

pub(crate) fn repr(record: &Bound<'_, PyAny>, name: &str, fields: &[&str]) -> PyResult<String> {
    let shown = fields.iter().map(|field| Ok(format!("{field}={}", record.getattr(*field)?.repr()?)));
    Ok(format!("{name}({})", shown.collect::<PyResult<Vec<_>>>()?.join(", ")))
}
