//! TCP (RFC 9293): one connection, alone in the world.
//!
//! A [`Connection`] is a phase with the data of that phase: [`SynSent`](handshake), [`SynReceived`](handshake), [`Open`](open), or
//! closed. `Open` owns two halves: `sender` (what is queued and under way; with `rtt`, `recovery` and `congestion`) and
//! `receiver` (what arrived and what we let the peer send), and `closing`, the states from ESTABLISHED to TIME-WAIT. Order of
//! calls: `on_segment` (arrives.rs) or a verb or `on_timeout` (expiry.rs); then `poll_transmit` (output.rs) until it is dry;
//! then `poll_timeout`. A [`Listener`] only counts: the stack keeps the queues.
//!
//! No wait without an end. For every state, who owes the next move, and the timer that ends the wait if it does not come:
//!
//! | state | waits for | timer |
//! |---|---|---|
//! | SYN-SENT, SYN-RECEIVED | the answer to our SYN | retransmit, at most `syn_retries` / `synack_retries` |
//! | ESTABLISHED, CLOSE-WAIT, data under way | its ACK | retransmit, at most `retries2` or the user timeout |
//! | the same, window closed, data queued | a window update | persist; without any answer as retransmit |
//! | the same, nothing to send | the application, or the peer's data | keep-alive if switched on; else nobody owes anything |
//! | FIN-WAIT-1, CLOSING, LAST-ACK | the ACK of our FIN | retransmit (or persist) |
//! | FIN-WAIT-2 | the peer's FIN | linger, `fin_timeout`, once the application let go |
//! | TIME-WAIT | old segments to die out | linger, `time_wait` |

mod arrives;
mod challenge;
mod closing;
mod config;
pub mod congestion;
mod connection;
mod expiry;
mod handshake;
mod info;
mod isn;
mod listener;
mod negotiated;
mod open;
mod output;
mod receiver;
mod recovery;
mod rtt;
mod sender;
mod state;
mod timers;
mod verbs;

#[cfg(test)]
mod tests;

pub use config::{Config, Setting, Settings};
pub use connection::{Connection, Disposition, IcmpError, IcmpKind};
pub use info::Info;
pub use isn::{initial_sequence, reset_for};
pub use listener::{Listener, OnListen};
pub use output::Outgoing;
pub use state::State;

use crate::wire::SocketAddress;

/// The four numbers that name a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Tuple {
    /// Our address and port.
    pub local: SocketAddress,
    /// The peer's.
    pub remote: SocketAddress,
}
