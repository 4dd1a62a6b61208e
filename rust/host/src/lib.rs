//! The Linux side of tapip_rs: devices, the clock, the driver thread, and blocking sockets over the pure core.
//!
//! The rooms, and who may know whom:
//! ```text
//! clock  error  eventfd, spin <- poller  watchlist <- waiters  seat  one kernel object or one rule each, nothing of the stack
//! device                                         what carries frames: tap, loopback, pipe, queue
//! port                                           a device plugged in, with fault, capture and trace between
//! engine                                         stack + ports, and the drain law; no thread, no clock
//! baton                                          who may hold the engine; panics end here
//! handle <- wait <- socket <- selector           the application's side: verbs that may sleep, and may lead
//! serve                                          echo, discard, daytime, chargen: a program on these sockets
//! driver, detached                               who makes time pass: a thread, or the owner by hand
//! ```
//! RX: `poller` wakes the `driver`, or a caller that leads; `engine` reads each `port` until it is dry and hands the frames to the core; then
//! it writes what the core wants to send, and wakes who sleeps for a socket, once per burst.
//! TX: a verb takes the baton, changes the core, and drains what that gave to send before it returns.

mod baton;
mod clock;
mod detached;
pub mod device;
mod driver;
mod engine;
mod error;
mod eventfd;
mod handle;
mod poller;
pub mod port;
mod seat;
pub mod selector;
pub mod serve;
pub mod socket;
mod spin;
#[cfg(test)]
mod test_net;
mod wait;
mod waiters;
mod watchlist;

pub use clock::{monotonic, seed};
pub use detached::Detached;
pub use driver::Driver;
pub use engine::{Engine, Reading};
pub use error::HostError;
pub use handle::Handle;
