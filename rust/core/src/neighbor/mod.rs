//! Who has which hardware address: the neighbour table and its state machine (RFC 826, RFC 1122 2.3.2, RFC 5227).
//!
//! The table owns entries, the packets that wait for them, and announcements of our own addresses. Keys take either
//! address family; requests leave as [`Action`]s, which the stack turns into ARP (or, one day, NDP). Order of calls:
//! `resolve`, and if it says `Pending`, `enqueue`; then drain `poll_action`, then arm `poll_timeout`.

mod announce;
mod arp;
mod entry;
mod table;
#[cfg(test)]
mod tests;

pub use table::Table;

use crate::buffer::Packet;
use crate::observe::InterfaceId;
use crate::time::Duration;
use crate::wire::{ArpPacket, IpAddress, MacAddress, hash_address};
use std::fmt;
use std::hash::{Hash, Hasher};

/// What an entry is about: an address, on the interface where it is a neighbour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct NeighborKey {
    /// The interface.
    pub interface: InterfaceId,
    /// The neighbour's network address.
    pub address: IpAddress,
}

impl Hash for NeighborKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        hash_address(self.address, state);
        state.write_u32(self.interface.0);
    }
}

/// Timers and bounds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Entries that were learned; static ones are not counted. 1024 is Linux's gc_thresh3.
    pub max_entries: usize,
    /// How long a confirmed entry is used without doubt. tapip's 600 s.
    pub reachable_time: Duration,
    /// How long an entry in doubt, or failed, is kept when nobody uses it. Linux's gc_stale_time is 60 s.
    pub stale_time: Duration,
    /// How long a used entry in doubt waits for a hint from above before it is probed. Linux's delay_first_probe_time.
    pub delay_time: Duration,
    /// Between requests to one destination: RFC 1122 2.3.2.1 recommends at most one a second.
    pub retry_interval: Duration,
    /// Requests before the neighbour counts as failed.
    pub probes: u8,
    /// How many of the requests of a probe go to the address known so far; the rest are broadcast. Linux's ucast_solicit.
    pub unicast_probes: u8,
    /// How long packets to a failed neighbour are refused at once, before it is asked for again.
    pub failed_time: Duration,
    /// How long a fresh answer can not be replaced by another one. Linux's locktime.
    pub lock_time: Duration,
    /// Packets that wait for one neighbour. 64 hold every fragment of a datagram of 65535 bytes.
    pub queue_packets: usize,
    /// Packets that wait for all neighbours together, so that a scan can not pin the whole pool.
    pub queue_total: usize,
    /// How often a new address of ours is announced (RFC 5227's ANNOUNCE_NUM).
    pub announcements: u8,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            max_entries: 1024,
            reachable_time: Duration::from_secs(600),
            stale_time: Duration::from_secs(600),
            delay_time: Duration::from_secs(5),
            retry_interval: Duration::from_secs(1),
            probes: 5,
            unicast_probes: 3,
            failed_time: Duration::from_secs(1),
            lock_time: Duration::from_secs(1),
            queue_packets: 64,
            queue_total: 512,
            announcements: 2,
        }
    }
}

/// What is known about a neighbour's address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolution {
    /// Send there.
    Resolved(MacAddress),
    /// Asked; [`Table::enqueue`] the packet.
    Pending,
    /// It did not answer a moment ago: host unreachable.
    Unreachable,
}

/// Where an entry stands; RFC 4861's names, used for both families.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// Asked, never answered.
    Incomplete,
    /// Answered lately.
    Reachable,
    /// Answered long ago, or only heard of.
    Stale,
    /// Stale and used: waiting for a hint from above.
    Delay,
    /// Being asked again.
    Probe,
    /// Did not answer.
    Failed,
    /// Set by hand.
    Permanent,
}

impl State {
    /// The word that traces and tables print.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Incomplete => "incomplete",
            Self::Reachable => "reachable",
            Self::Stale => "stale",
            Self::Delay => "delay",
            Self::Probe => "probe",
            Self::Failed => "failed",
            Self::Permanent => "permanent",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One line of the table, for display.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// Who.
    pub key: NeighborKey,
    /// Where, if known.
    pub mac: Option<MacAddress>,
    /// How sure we are.
    pub state: State,
    /// Time since the address was last confirmed, or since the entry was made.
    pub age: Duration,
    /// Time until the state ends by itself; `None` for a permanent entry.
    pub expires_in: Option<Duration>,
    /// Packets that wait.
    pub pending: usize,
}

/// What the stack knows about an ARP packet besides its bytes.
#[derive(Debug, Clone, Copy)]
pub struct Arrival {
    /// Where it came in.
    pub interface: InterfaceId,
    /// The source of the frame that carried it.
    pub frame_source: MacAddress,
    /// The interface's own hardware address.
    pub own_mac: MacAddress,
    /// The target address is one of ours on this interface.
    pub target_is_ours: bool,
    /// The sender address is one of ours.
    pub sender_is_ours: bool,
}

/// What the table wants done. The stack builds the frames.
#[derive(Debug)]
pub enum Action {
    /// Ask for `target`: by broadcast, or straight to the address known so far.
    Request {
        /// Where to ask.
        interface: InterfaceId,
        /// Whom to ask for.
        target: IpAddress,
        /// Ask only there.
        unicast: Option<MacAddress>,
    },
    /// Answer `request`, whose target is ours.
    Reply {
        /// Where to answer.
        interface: InterfaceId,
        /// What was asked.
        request: ArpPacket,
    },
    /// Announce our own address (RFC 5227 2.3): a request with sender and target both `address`.
    Announce {
        /// Where to announce.
        interface: InterfaceId,
        /// The address.
        address: IpAddress,
    },
    /// A packet that waited: put the link header before it and send.
    Send {
        /// By which interface.
        interface: InterfaceId,
        /// To whom.
        mac: MacAddress,
        /// The packet, from its network header on.
        packet: Packet,
    },
    /// No answer: host unreachable for these packets (ICMP 3/1, or an error to the sockets that sent them).
    Failed {
        /// Who is silent.
        key: NeighborKey,
        /// What waited, oldest first; may be empty.
        packets: Vec<Packet>,
    },
}
