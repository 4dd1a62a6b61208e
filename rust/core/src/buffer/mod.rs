//! Memory: pooled packet buffers, the send queue of owned chunks, the receive queue with its out-of-order part,
//! and the timer wheel.

mod chunks;
mod datagrams;
mod lru;
mod offload;
mod packet;
mod receive;
mod send;
mod wheel;

pub use chunks::Chunks;
pub use datagrams::{
    Datagram, DatagramQueue, DatagramSettings, ErrorQueue, Inbox, Meta, MtuDiscover, QueuedError,
};
pub use lru::LruMap;
pub use offload::{Offload, Offloads};
pub use packet::{Packet, Pool};
pub use receive::{Inserted, ReceiveQueue};
pub use send::{Foreign, SendQueue, Slices};
pub use wheel::{TimerKey, TimerWheel};
