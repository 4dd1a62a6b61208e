//! TCP (RFC 9293): one connection, alone in the world, and the listener that makes connections.
//!
//! A [`Connection`] is told of segments, time and wishes, and is asked for segments, readiness and the next deadline.
//! It sends nothing itself and reads no clock. Its state is an enum whose variants own what that state knows:
//!
//! ```text
//! connection   Phase { SynSent, SynReceived, Open, TimeWait, Closed }, dispatch       verbs    what an application does
//!  handshake   SynSent, SynReceived: knock   listener   LISTEN: half_open, syn_cache, syn_cookie, fast_open/
//!                                                                                      errors   ICMP, path MTU, next hop
//!  open        a sender, a receiver, the FINs between them (closing), timers            info     what is seen from outside
//!    arrive    SEGMENT ARRIVES, step by step      timeout   what time does
//!    sender    what is queued and out, ACKs       transmit  what goes out next: Nagle, SWS, windows, probes
//!    ack       how an ACK walks through the sender     flight  what is out     rack, recovery  what counts as lost
//!    prr, undo, tail   the way down, the way back, the last segment     congestion/, pacing  how much, how fast
//!    rtt, delivery     the timeout, the rate     wait  why nothing goes out     path, search  how large a segment
//!    tuning    how large both buffers are
//!    receiver  window, ACK policy, SACK blocks, PAWS      ecn   marks: what is agreed, told, and made of it
//! ```
//!
//! Way of a segment: `Connection::on_segment` -> `Open::on_segment` (`is_expected`, else `check`: steps 1 to 4) ->
//! `finish`: 5 `Sender::on_ack`, 6 urgent, 7 and 8 `Receiver::on_text`. Way out: `Connection::poll_transmit` ->
//! `Open::poll_transmit` -> `Sender::next_unit`, else a bare ACK.
//!
//! # What each state waits for
//!
//! A connection that stalls for ever is a bug of the worst kind, so every wait has a timer, or somebody on this machine
//! who owes the next step. `tests/liveness.rs` holds the code to this table.
//!
//! | state | waits for | what ends the wait |
//! |---|---|---|
//! | SYN-SENT | the peer's SYN | SYN timer, doubling; `syn_retries`, user timeout, then an error |
//! | SYN-RECEIVED | the ACK of our SYN | SYN timer, doubling; `synack_retries`, then gone |
//! | ESTABLISHED, CLOSE-WAIT with data out | an ACK | tail probe and reordering timer, then retransmission timer, doubling; R2, user timeout |
//! | the same, window closed or too small | an open window | persist timer, doubling; R2 if nothing is answered, user timeout; no end while answered |
//! | the same, an ACK owed | company for the ACK | delayed-ACK timer |
//! | ESTABLISHED, all quiet | the application, or the peer's | keep-alive timer if the application asked for it |
//! | CLOSE-WAIT, all quiet | the application's close | the application owes it; keep-alive as above |
//! | FIN-WAIT-1, CLOSING, LAST-ACK | the ACK of our FIN | as with data out; `orphan_retries` once nobody holds it |
//! | FIN-WAIT-2, held | the peer's data and FIN | the application can close; keep-alive as above |
//! | FIN-WAIT-2, let go | the peer's FIN | `fin_timeout`; data from the peer resets at once |
//! | TIME-WAIT | old segments to die | `time_wait` |
//! | CLOSED | the application to let go | the application owes it |

mod ack;
mod arrive;
mod closing;
mod common;
mod config;
pub mod congestion;
mod connection;
mod delivery;
mod ecn;
mod errors;
pub(crate) mod fast_open;
mod flight;
mod half_open;
mod handshake;
mod info;
mod isn;
mod knock;
mod listener;
mod open;
mod options;
mod pacing;
mod path;
mod policy;
mod prr;
mod rack;
mod receiver;
mod recovery;
mod reset;
mod rtt;
mod search;
mod secrets;
mod sender;
mod settings;
mod state;
mod syn_cache;
mod syn_cookie;
mod tail;
mod timeout;
mod timers;
mod transmit;
mod tuning;
mod undo;
mod verbs;
mod wait;

pub use config::Config;
pub use connection::{Connection, Disposition, Outgoing, Tuple};
pub use ecn::EcnInfo;
pub use errors::{IcmpError, IcmpKind};
pub use fast_open::{FastOpen, FastOpenCache, Known, Lesson};
pub use info::{Info, Resent, Work};
pub use isn::initial_sequence;
pub use listener::{Arrival, Listener, OnListen};
pub use reset::reset_for;
pub use secrets::Secrets;
pub use settings::{Setting, Settings};
pub use state::State;
pub use tuning::Pressure;
pub use wait::{Wait, WaitClock, WaitTimes};

#[cfg(test)]
mod tests;
