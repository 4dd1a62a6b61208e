//! The protocol engine of tapip_rs, alone: no clock, no thread, no I/O, no global state.

pub mod bucket;
pub mod buffer;
pub mod drops;
pub mod error;
pub mod icmp;
pub mod igmp;
pub mod ip;
pub mod neighbor;
pub mod observe;
pub mod raw;
pub mod rng;
pub mod sim;
pub mod stack;
pub mod tcp;
pub mod time;
pub mod udp;
pub mod wire;
