//! What IP decides: is a packet acceptable, for us, complete, forwardable, too big, and where does it go?
//!
//! Pure decisions and the state they need: [`Fib`], [`Reassembler`], [`PathMtu`], [`Identifiers`]. The stack asks
//! [`admit`] first, then delivers, reassembles, or asks [`decide`](forward::decide) how to forward; on the way out
//! it asks [`Fib::lookup`], [`PathMtu::lookup`] and, when a packet does not fit, [`fragments`]; a unit of several TCP
//! segments is cut by [`Segments`] where the device does not.

mod fib;
pub mod forward;
mod fragment;
mod ident;
mod input;
mod pmtu;
mod reassembly;
mod segment;

pub use fib::{Fib, Route, RouteKind};
pub use forward::{Forward, decide};
pub use fragment::{Fragments, fragments};
pub use ident::Identifiers;
pub use input::{Arrival, Destination, admit, classify};
pub use pmtu::{Path, PathMtu};
pub use reassembly::{Expired, Outcome, Reassembler};
pub use segment::Segments;

use crate::time::Duration;

/// Knobs of this room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Forward packets that are not for us (net.ipv4.ip_forward).
    pub forward: bool,
    /// Tell senders of a better first hop (net.ipv4.conf.all.send_redirects).
    pub send_redirects: bool,
    /// Time until an incomplete datagram is given up (net.ipv4.ipfrag_time).
    ///
    /// 30 s as Linux and tapip, less than the 60 to 120 s of RFC 1122 3.3.2: at today's rates identifiers wrap sooner.
    pub fragment_timeout: Duration,
    /// Memory for all incomplete datagrams (net.ipv4.ipfrag_high_thresh).
    pub fragment_memory: usize,
    /// Memory for the incomplete datagrams of one source.
    pub fragment_source_memory: usize,
    /// The least path MTU that ICMP can make us believe (net.ipv4.route.min_pmtu).
    pub min_pmtu: u16,
    /// How long a learned path MTU is believed (net.ipv4.route.mtu_expires).
    pub pmtu_expires: Duration,
    /// Destinations with a learned path MTU.
    pub pmtu_entries: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            forward: false,
            send_redirects: true,
            fragment_timeout: Duration::from_secs(30),
            fragment_memory: 4 << 20,
            fragment_source_memory: 1 << 20,
            min_pmtu: 552,
            pmtu_expires: Duration::from_secs(600),
            pmtu_entries: 1024,
        }
    }
}
