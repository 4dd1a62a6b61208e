//! The knobs of TCP that a connection may have of its own, and when it may be given them.

use super::{DAY, GIB, KnobError, check};
use crate::tcp::Config;
use crate::tcp::congestion::Kind;
use crate::time::Duration;

/// When a socket may be given its own value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::stack) enum Scope {
    /// At any time.
    Life,
    /// Before the handshake, which decides: with the connect, or at the listener.
    Birth,
    /// At the listener only.
    Listener,
}

/// A row.
pub(in crate::stack) struct Knob {
    name: &'static str,
    pub(in crate::stack) scope: Scope,
    least: i64,
    most: i64,
    read: fn(&Config) -> i64,
    write: fn(&mut Config, i64),
}

impl Knob {
    pub(in crate::stack) fn value(&self, config: &Config) -> i64 {
        (self.read)(config)
    }

    pub(in crate::stack) fn set(&self, config: &mut Config, value: i64) -> Result<(), KnobError> {
        check(value, self.least, self.most)?;
        (self.write)(config, value);
        Ok(())
    }
}

/// The row of that name.
pub(in crate::stack) fn find(name: &str) -> Option<&'static Knob> {
    KNOBS.iter().find(|knob| knob.name == name)
}

/// All rows: name, least, most, value.
pub(in crate::stack) fn all(config: &Config) -> impl Iterator<Item = (&'static str, i64, i64, i64)> {
    KNOBS.iter().map(|knob| (knob.name, knob.least, knob.most, knob.value(config)))
}

macro_rules! knobs {
    ($($name:literal $scope:ident $kind:ident $least:literal..=$most:expr => $field:ident;)+) => {
        const KNOBS: &[Knob] = &[$(Knob {
            name: $name,
            scope: Scope::$scope,
            least: $least,
            most: $most,
            read: |config| read!($kind config.$field),
            write: |config, value| write!($kind config.$field, value),
        },)+];
    };
}

/// The last congestion control.
const LAST_KIND: i64 = Kind::ALL.len() as i64 - 1;

knobs! {
    "tcp_window_scaling" Birth switch 0..=1 => window_scaling;
    "tcp_timestamps" Birth switch 0..=1 => timestamps;
    "tcp_paws_slack" Life number 0..=10_000 => paws_slack;
    "tcp_sack" Birth switch 0..=1 => sack;
    "tcp_limited_transmit" Life switch 0..=1 => limited_transmit;
    "tcp_initial_cwnd" Birth number 1..=1_000 => initial_window;
    "tcp_rto_min" Life millis 1..=120_000 => min_rto;
    "tcp_rto_max" Life millis 1_000..=DAY => max_rto;
    "tcp_rto_initial" Birth millis 1..=120_000 => initial_rto;
    "tcp_delack" Life millis 0..=500 => delayed_ack;
    "tcp_syn_retries" Birth number 1..=127 => syn_retries;
    "tcp_synack_retries" Listener number 0..=127 => synack_retries;
    "tcp_syncookies" Listener number 0..=2 => syn_cookies;
    "tcp_max_syn_backlog" Listener number 1..=1_048_576 => max_syn_backlog;
    "tcp_retries1" Life number 1..=255 => retries1;
    "tcp_retries2" Life number 1..=255 => retries2;
    "tcp_keepalive_time" Life millis 1..=1_000_000_000 => keepalive_time;
    "tcp_keepalive_intvl" Life millis 1..=1_000_000_000 => keepalive_interval;
    "tcp_keepalive_probes" Life number 1..=255 => keepalive_probes;
    "tcp_time_wait" Life millis 0..=DAY => time_wait;
    "tcp_fin_timeout" Life millis 0..=DAY => fin_timeout;
    "tcp_wmem_min" Life number 4_096..=GIB => send_buffer_min;
    "tcp_wmem_default" Life number 4_096..=GIB => send_buffer;
    "tcp_wmem_max" Life number 4_096..=GIB => send_buffer_max;
    "tcp_rmem_min" Life number 256..=GIB => receive_buffer_min;
    "tcp_rmem_default" Life number 256..=GIB => receive_buffer;
    "tcp_rmem_max" Life number 256..=GIB => receive_buffer_max;
    "tcp_moderate_rcvbuf" Life switch 0..=1 => moderate_receive_buffer;
    "tcp_notsent_lowat" Life number 1..=0xffff_ffff => notsent_low_water;
    "tcp_max_ofo" Life number 0..=1_048_576 => max_out_of_order;
    "tcp_min_snd_mss" Life number 1..=1_460 => min_mss;
    "tcp_mtu_probing" Life number 0..=2 => mtu_probing;
    "tcp_base_mss" Life number 48..=65_495 => base_mss;
    "tcp_mtu_probe_floor" Life number 48..=1_460 => probe_floor;
    "tcp_probe_threshold" Life number 1..=65_495 => probe_threshold;
    "tcp_probe_interval" Life millis 1_000..=DAY => probe_interval;
    "tcp_invalid_ratelimit" Life millis 0..=DAY => challenge_ack_interval;
    "tcp_orphan_retries" Life number 0..=255 => orphan_retries;
    "tcp_congestion_control" Life congestion 0..=LAST_KIND => congestion;
    "tcp_hystart" Life switch 0..=1 => hystart;
    "tcp_ecn" Birth number 0..=5 => ecn;
    "tcp_ecn_fallback" Birth switch 0..=1 => ecn_fallback;
    "tcp_ecn_option" Birth number 0..=2 => ecn_option;
    "tcp_ecn_option_beacon" Birth number 0..=255 => ecn_beacon;
    "tcp_ecn_backoff" Life switch 0..=1 => ecn_backoff;
    "tcp_fixed_cwnd" Life number 1..=65_535 => fixed_window;
    "tcp_recovery" Life switch 0..=1 => rack;
    "tcp_early_retrans" Life switch 0..=1 => tail_loss_probe;
    "tcp_frto" Life switch 0..=1 => frto;
    "tcp_dsack" Life switch 0..=1 => dsack;
    "tcp_undo" Life switch 0..=1 => undo;
    "tcp_pacing" Life switch 0..=1 => pacing;
    "tcp_slow_start_after_idle" Life switch 0..=1 => slow_start_after_idle;
    "tcp_abc_limit" Life number 1..=64 => abc_limit;
    "tcp_rfc1337" Life switch 0..=1 => rfc1337;
}
