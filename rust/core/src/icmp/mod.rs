//! ICMP as a host and router speaks it: echo, errors sent, errors received (RFC 792, RFC 1122 3.2.2, RFC 1812 4.3).
//!
//! Pure functions, and the token buckets. A request is turned by [`answer`]; an error of ours passes [`may_answer`] and
//! [`Limiter::allow`], is made of [`quote`] and [`build`]; an error from outside is taken apart by [`parse_error`], and
//! [`Report::verdict`] says what its socket shall hear.

mod echo;
mod error;
mod limit;
mod report;

pub use echo::{Request, answer};
pub use error::{Offender, build, may_answer, quote};
pub use limit::Limiter;
pub use report::{Report, Verdict, parse_error};

#[cfg(test)]
mod tests;

use crate::time::Duration;

/// TTL of what this room sends; RFC 1700's recommendation, and Linux's and tapip's default.
pub const DEFAULT_TTL: u8 = 64;

/// Knobs of this room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Answer no echo at all (net.ipv4.icmp_echo_ignore_all).
    pub echo_ignore_all: bool,
    /// Errors a second, to all destinations together (net.ipv4.icmp_msgs_per_sec).
    pub messages_per_second: u32,
    /// Errors at once (net.ipv4.icmp_msgs_burst).
    pub messages_burst: u32,
    /// Between errors to one destination, over time (net.ipv4.icmp_ratelimit); zero for no limit.
    pub rate_limit: Duration,
    /// Bit n: type n is limited (net.ipv4.icmp_ratemask). Linux's mask, and redirects, for which it has a limit of their own.
    pub rate_mask: u32,
    /// Destinations whose rate is remembered.
    pub rate_entries: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            echo_ignore_all: false,
            messages_per_second: 1000,
            messages_burst: 50,
            rate_limit: Duration::from_millis(1000),
            rate_mask: 0x1838,
            rate_entries: 1024,
        }
    }
}
