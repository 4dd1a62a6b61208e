//! The protocol engine of tapip_rs, alone: no clock, no thread, no I/O, no global state.

pub mod buffer;
pub mod drops;
pub mod error;
pub mod observe;
pub mod rng;
pub mod stack;
pub mod time;
pub mod wire;
