//! The Linux side of tapip_rs: devices, the clock, the driver thread, and blocking sockets over the pure core.

#![deny(unsafe_op_in_unsafe_fn)]

mod clock;
pub mod device;
mod error;
mod eventfd;

pub use clock::{monotonic, seed};
pub use error::HostError;
