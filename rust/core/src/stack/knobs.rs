//! Knobs by name: one row each, so that the Python front can set any of them as a number.
//!
//! Names are those of Linux's sysctl without `net.ipv4.` where Linux has the knob. Switches are 0 and 1; times are
//! in milliseconds, sizes in bytes. Those of TCP that a connection may have of its own are in `tcp`.

use super::{Config, Stack};
use crate::error::Error;
use crate::time::{Duration, Instant};
use std::sync::Arc;

/// Why a knob was not set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KnobError {
    /// There is no knob of that name.
    Unknown,
    /// The value is outside this range.
    Range(i64, i64),
    /// No connection can have its own, for this reason.
    Shared(&'static str),
    /// There is no such socket, or it is no TCP socket.
    Socket(Error),
}

struct Knob {
    name: &'static str,
    least: i64,
    most: i64,
    read: fn(&Config) -> i64,
    write: fn(&mut Config, i64),
}

macro_rules! knobs {
    ($($name:literal $kind:ident $least:literal..=$most:expr => $($field:ident).+;)+) => {
        const KNOBS: &[Knob] = &[$(Knob {
            name: $name,
            least: $least,
            most: $most,
            read: |config| read!($kind config.$($field).+),
            write: |config, value| write!($kind config.$($field).+, value),
        },)+];
    };
}

macro_rules! read {
    (switch $field:expr) => {
        i64::from($field)
    };
    (number $field:expr) => {
        $field as i64
    };
    (millis $field:expr) => {
        $field.as_millis() as i64
    };
    (congestion $field:expr) => {
        $field.place() as i64
    };
}

macro_rules! write {
    (switch $field:expr, $value:expr) => {
        $field = $value != 0
    };
    (number $field:expr, $value:expr) => {
        $field = $value as _
    };
    (millis $field:expr, $value:expr) => {
        $field = Duration::from_millis($value as u64)
    };
    (congestion $field:expr, $value:expr) => {
        $field = Kind::ALL[$value as usize]
    };
}

pub(super) mod tcp;

/// A day: longer than any timer here has a use for.
const DAY: i64 = 86_400_000;
/// A gibibyte: more memory than any single bound here should allow.
const GIB: i64 = 1 << 30;
knobs! {
    "ip_default_ttl" number 1..=255 => default_ttl;
    "ip_forward" switch 0..=1 => ip.forward;
    "send_redirects" switch 0..=1 => ip.send_redirects;
    "ipfrag_time" millis 1..=DAY => ip.fragment_timeout;
    "ipfrag_high_thresh" number 0..=GIB => ip.fragment_memory;
    "ipfrag_source_thresh" number 0..=GIB => ip.fragment_source_memory;
    "min_pmtu" number 68..=65_535 => ip.min_pmtu;
    "mtu_expires" millis 1..=DAY => ip.pmtu_expires;
    "pmtu_entries" number 1..=1_048_576 => ip.pmtu_entries;
    "somaxconn" number 1..=65_535 => somaxconn;
    "tcp_rst_per_sec" number 0..=1_000_000 => resets_per_second;
    "tcp_rst_burst" number 0..=1_000_000 => resets_burst;
    "rmem_default" number 256..=GIB => datagram.receive_buffer;
    "icmp_echo_ignore_all" switch 0..=1 => icmp.echo_ignore_all;
    "icmp_msgs_per_sec" number 0..=1_000_000 => icmp.messages_per_second;
    "icmp_msgs_burst" number 0..=1_000_000 => icmp.messages_burst;
    "icmp_ratelimit" millis 0..=DAY => icmp.rate_limit;
    "icmp_ratemask" number 0..=0xffff_ffff => icmp.rate_mask;
    "igmp_qrv" number 1..=7 => igmp.robustness;
    "igmp_max_memberships" number 1..=65_536 => igmp.max_groups;
    "neigh_gc_thresh3" number 1..=1_048_576 => neighbor.max_entries;
    "neigh_base_reachable_time_ms" millis 1_000..=DAY => neighbor.reachable_time;
    "neigh_gc_stale_time" millis 1_000..=DAY => neighbor.stale_time;
    "neigh_delay_first_probe_time" millis 0..=DAY => neighbor.delay_time;
    "neigh_retrans_time_ms" millis 1_000..=DAY => neighbor.retry_interval;
    "neigh_mcast_solicit" number 1..=100 => neighbor.probes;
    "neigh_ucast_solicit" number 0..=100 => neighbor.unicast_probes;
    "neigh_failed_time" millis 0..=DAY => neighbor.failed_time;
    "neigh_locktime" millis 0..=DAY => neighbor.lock_time;
    "neigh_unres_qlen" number 1..=1_024 => neighbor.queue_packets;
    "tcp_fastopen" number 0..=3 => tcp.fast_open;
    "tcp_fastopen_blackhole_timeout_sec" millis 0..=DAY => tcp.fast_open_blackhole;
    "tcp_fastopen_rotation" millis 0..=DAY => tcp.fast_open_rotation;
    "tcp_mem_low" number 0..=0x7fff_ffff => tcp_memory.low;
    "tcp_mem_pressure" number 0..=0x7fff_ffff => tcp_memory.pressure;
    "tcp_mem_high" number 0..=0x7fff_ffff => tcp_memory.high;
    "pool_packets" number 16..=1_048_576 => pool_packets;
}

impl Stack {
    /// Set a knob by name. Sockets that exist keep what they copied when they were made.
    pub fn set_knob(&mut self, now: Instant, name: &str, value: i64) -> Result<(), KnobError> {
        if let Some(knob) = tcp::find(name) {
            knob.set(&mut self.config.tcp, value)?;
        } else {
            let knob = KNOBS.iter().find(|knob| knob.name == name).ok_or(KnobError::Unknown)?;
            check(value, knob.least, knob.most)?;
            (knob.write)(&mut self.config, value);
        }
        self.apply_config(now);
        Ok(())
    }

    /// The value of a knob.
    pub fn knob(&self, name: &str) -> Option<i64> {
        let own = || KNOBS.iter().find(|knob| knob.name == name).map(|knob| (knob.read)(&self.config));
        tcp::find(name).map(|knob| knob.value(&self.config.tcp)).or_else(own)
    }

    /// All knobs: name, least, most, value.
    pub fn knobs(&self) -> impl Iterator<Item = (&'static str, i64, i64, i64)> {
        let own = KNOBS.iter().map(|knob| (knob.name, knob.least, knob.most, (knob.read)(&self.config)));
        own.chain(tcp::all(&self.config.tcp))
    }

    /// All that is set, for who builds a stack in Rust.
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// Hand on what an engine keeps a copy of.
    fn apply_config(&mut self, now: Instant) {
        self.neighbors.config_mut().clone_from(&self.config.neighbor);
        self.tcp_config = Arc::new(self.config.tcp.clone());
        self.pool.set_capacity(self.config.pool_packets);
        self.reset_bucket.set_rate(now, self.config.resets_per_second, self.config.resets_burst);
    }
}

const fn check(value: i64, least: i64, most: i64) -> Result<(), KnobError> {
    if value < least || value > most { Err(KnobError::Range(least, most)) } else { Ok(()) }
}
