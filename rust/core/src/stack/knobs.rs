//! Knobs by name: one row each, so that the Python front can set any of them as a number.
//!
//! Names are those of Linux's sysctl without `net.ipv4.` where Linux has the knob. Switches are 0 and 1; times are
//! in milliseconds, sizes in bytes.

use super::{Config, Stack};
use crate::tcp::congestion::Kind;
use crate::time::{Duration, Instant};
use std::sync::Arc;

/// Why a knob was not set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KnobError {
    /// There is no knob of that name.
    Unknown,
    /// The value is outside this range.
    Range(i64, i64),
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

/// A day: longer than any timer here has a use for.
const DAY: i64 = 86_400_000;
/// A gibibyte: more memory than any single bound here should allow.
const GIB: i64 = 1 << 30;
/// The last congestion control.
const LAST_KIND: i64 = Kind::ALL.len() as i64 - 1;

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
    "tcp_window_scaling" switch 0..=1 => tcp.window_scaling;
    "tcp_timestamps" switch 0..=1 => tcp.timestamps;
    "tcp_paws_slack" number 0..=10_000 => tcp.paws_slack;
    "tcp_sack" switch 0..=1 => tcp.sack;
    "tcp_limited_transmit" switch 0..=1 => tcp.limited_transmit;
    "tcp_initial_cwnd" number 1..=1_000 => tcp.initial_window;
    "tcp_rto_min" millis 1..=120_000 => tcp.min_rto;
    "tcp_rto_max" millis 1_000..=DAY => tcp.max_rto;
    "tcp_rto_initial" millis 1..=120_000 => tcp.initial_rto;
    "tcp_delack" millis 0..=500 => tcp.delayed_ack;
    "tcp_syn_retries" number 1..=127 => tcp.syn_retries;
    "tcp_synack_retries" number 0..=127 => tcp.synack_retries;
    "tcp_syncookies" number 0..=2 => tcp.syn_cookies;
    "tcp_max_syn_backlog" number 1..=1_048_576 => tcp.max_syn_backlog;
    "tcp_fastopen" number 0..=3 => tcp.fast_open;
    "tcp_fastopen_blackhole_timeout_sec" millis 0..=DAY => tcp.fast_open_blackhole;
    "tcp_fastopen_rotation" millis 0..=DAY => tcp.fast_open_rotation;
    "tcp_retries1" number 1..=255 => tcp.retries1;
    "tcp_retries2" number 1..=255 => tcp.retries2;
    "tcp_keepalive_time" millis 1..=1_000_000_000 => tcp.keepalive_time;
    "tcp_keepalive_intvl" millis 1..=1_000_000_000 => tcp.keepalive_interval;
    "tcp_keepalive_probes" number 1..=255 => tcp.keepalive_probes;
    "tcp_time_wait" millis 0..=DAY => tcp.time_wait;
    "tcp_fin_timeout" millis 0..=DAY => tcp.fin_timeout;
    "tcp_wmem_min" number 4_096..=GIB => tcp.send_buffer_min;
    "tcp_wmem_default" number 4_096..=GIB => tcp.send_buffer;
    "tcp_wmem_max" number 4_096..=GIB => tcp.send_buffer_max;
    "tcp_rmem_min" number 256..=GIB => tcp.receive_buffer_min;
    "tcp_rmem_default" number 256..=GIB => tcp.receive_buffer;
    "tcp_rmem_max" number 256..=GIB => tcp.receive_buffer_max;
    "tcp_moderate_rcvbuf" switch 0..=1 => tcp.moderate_receive_buffer;
    "tcp_notsent_lowat" number 1..=0xffff_ffff => tcp.notsent_low_water;
    "tcp_mem_low" number 0..=0x7fff_ffff => tcp_memory.low;
    "tcp_mem_pressure" number 0..=0x7fff_ffff => tcp_memory.pressure;
    "tcp_mem_high" number 0..=0x7fff_ffff => tcp_memory.high;
    "tcp_max_ofo" number 0..=1_048_576 => tcp.max_out_of_order;
    "tcp_min_snd_mss" number 1..=1_460 => tcp.min_mss;
    "tcp_invalid_ratelimit" millis 0..=DAY => tcp.challenge_ack_interval;
    "tcp_orphan_retries" number 0..=255 => tcp.orphan_retries;
    "tcp_congestion_control" congestion 0..=LAST_KIND => tcp.congestion;
    "tcp_hystart" switch 0..=1 => tcp.hystart;
    "tcp_ecn" number 0..=5 => tcp.ecn;
    "tcp_ecn_fallback" switch 0..=1 => tcp.ecn_fallback;
    "tcp_ecn_option" number 0..=2 => tcp.ecn_option;
    "tcp_ecn_option_beacon" number 0..=255 => tcp.ecn_beacon;
    "tcp_ecn_backoff" switch 0..=1 => tcp.ecn_backoff;
    "tcp_fixed_cwnd" number 1..=65_535 => tcp.fixed_window;
    "tcp_recovery" switch 0..=1 => tcp.rack;
    "tcp_early_retrans" switch 0..=1 => tcp.tail_loss_probe;
    "tcp_frto" switch 0..=1 => tcp.frto;
    "tcp_dsack" switch 0..=1 => tcp.dsack;
    "tcp_undo" switch 0..=1 => tcp.undo;
    "tcp_pacing" switch 0..=1 => tcp.pacing;
    "tcp_slow_start_after_idle" switch 0..=1 => tcp.slow_start_after_idle;
    "tcp_abc_limit" number 1..=64 => tcp.abc_limit;
    "tcp_rfc1337" switch 0..=1 => tcp.rfc1337;
    "pool_packets" number 16..=1_048_576 => pool_packets;
}

impl Stack {
    /// Set a knob by name. Sockets that exist keep what they copied when they were made.
    pub fn set_knob(&mut self, now: Instant, name: &str, value: i64) -> Result<(), KnobError> {
        let knob = KNOBS.iter().find(|knob| knob.name == name).ok_or(KnobError::Unknown)?;
        if !(knob.least..=knob.most).contains(&value) {
            return Err(KnobError::Range(knob.least, knob.most));
        }
        (knob.write)(&mut self.config, value);
        self.apply_config(now);
        Ok(())
    }

    /// The value of a knob.
    pub fn knob(&self, name: &str) -> Option<i64> {
        KNOBS.iter().find(|knob| knob.name == name).map(|knob| (knob.read)(&self.config))
    }

    /// All knobs: name, least, most, value.
    pub fn knobs(&self) -> impl Iterator<Item = (&'static str, i64, i64, i64)> {
        KNOBS.iter().map(|knob| (knob.name, knob.least, knob.most, (knob.read)(&self.config)))
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
