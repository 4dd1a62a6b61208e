//! Multicast membership of one interface, host side (RFC 1112, RFC 2236, RFC 3376).
//!
//! We speak version 3, and fall back for as long as an older querier was heard. Groups are joined as a whole, from any
//! source. Order of calls: after `join`, `leave`, `on_message` and `handle_timeout` drain `poll_message`, then arm
//! `poll_timeout`.

mod group;
mod membership;
#[cfg(test)]
mod tests;

pub use membership::Membership;

/// Knobs of this room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Times that a change is reported, against loss (net.ipv4.igmp_qrv). RFC 3376 8.1's default.
    pub robustness: u8,
    /// Groups that an interface can be in; enough for a few dozen sockets with all of Linux's 20 each.
    pub max_groups: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self { robustness: 2, max_groups: 1024 }
    }
}
