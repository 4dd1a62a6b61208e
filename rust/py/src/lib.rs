//! `tapip_rs._core`: the stack as Python objects. Translation only; this file only exports.
//!
//! A method takes its arguments apart, passes through `enter` (without the GIL), and puts the answer together.
//! - `enter`: the one door through which the GIL is released, and blocked calls that look at signals;
//! - `error`: the one place where failures become exceptions;
//! - `buffer`: Python's memory, the one file with `unsafe`;
//! - `alive`: what a fork leaves behind;
//! - `address`, `names`, `timeout`: arguments between text, numbers and the core's types;
//! - `engine`, `fault`: what runs a stack, what impairs its devices;
//! - `stack`, `sockets`, `devices`, `records`: the classes, one a file;
//! - `sim`: the virtual network.

#![deny(unsafe_op_in_unsafe_fn)]
#![warn(unreachable_pub)]

mod address;
mod alive;
mod buffer;
mod devices;
mod engine;
mod enter;
mod error;
mod fault;
mod names;
mod records;
mod sim;
mod sockets;
mod stack;
mod timeout;

/// The Rust side of tapip_rs: a TCP/IP stack, its sockets and its devices. See `_core.pyi`.
#[pyo3::pymodule(gil_used = false)]
mod _core {
    #[pymodule_export]
    use crate::devices::{Loopback, Pipe, Queue, Tap};
    #[pymodule_export]
    use crate::records::{
        ArpReply, DatagramInfo, Event, InterfaceInfo, NeighborInfo, QueuedError, RouteInfo, SocketInfo,
        TcpInfo,
    };

    #[pymodule_export]
    use crate::sim::{DirectionInfo, FlowInfo, Network, VirtualSocket};
    #[pymodule_export]
    use crate::sockets::{RawSocket, Server, TcpListener, TcpStream, UdpSocket};
    #[pymodule_export]
    use crate::stack::Stack;

    /// The version of the package.
    #[pymodule_export]
    #[allow(non_upper_case_globals, reason = "a name of Python's")]
    const version: &str = env!("CARGO_PKG_VERSION");

    /// How this module was built.
    #[pymodule_export]
    #[allow(non_upper_case_globals, reason = "a name of Python's")]
    const profile: &str = if cfg!(debug_assertions) { "debug" } else { "release" };

    /// The Internet checksum of bytes (RFC 1071).
    #[pyo3::pyfunction]
    fn checksum(data: crate::buffer::Outgoing) -> u16 {
        tapip_core::wire::checksum::checksum(data.as_slice())
    }

    /// Told by `os.register_at_fork` in the child: the threads of every stack made so far are not here.
    #[pyo3::pyfunction]
    fn mark_forked() {
        crate::alive::mark_forked();
    }
}
