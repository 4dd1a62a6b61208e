//! Hosts with knobs at random.

use super::{once_in, pick};
use crate::rng::Rng;
use crate::sim::{HostId, HostSpec, Network};
use crate::stack::TcpMemory;
use crate::tcp::congestion::Kind;
use crate::time::Instant;

/// A knob, how rarely it is touched, and what it may be set to then. Names that a stack does not have are passed over.
pub(super) const KNOBS: &[(&str, u64, &[i64])] = &[
    ("tcp_sack", 5, &[0]),
    ("tcp_timestamps", 5, &[0]),
    ("tcp_window_scaling", 5, &[0]),
    ("tcp_rmem_default", 4, &[2_000, 6_000, 20_000, 100_000]),
    ("tcp_wmem_default", 4, &[4_096, 10_000, 60_000]),
    ("tcp_rmem_min", 8, &[256, 2_000]),
    ("tcp_rmem_max", 6, &[2_000, 10_000, 60_000]),
    ("tcp_wmem_min", 8, &[8_192]),
    ("tcp_wmem_max", 6, &[4_096, 12_000, 60_000]),
    ("tcp_recovery", 6, &[0]),
    ("tcp_early_retrans", 6, &[0]),
    ("tcp_frto", 6, &[0]),
    ("tcp_undo", 6, &[0]),
    ("tcp_dsack", 6, &[0]),
    ("tcp_pacing", 5, &[1]),
    ("tcp_limited_transmit", 8, &[0]),
    ("tcp_hystart", 6, &[0]),
    ("tcp_abc_limit", 8, &[1, 64]),
    ("tcp_initial_cwnd", 6, &[1, 2, 4, 30]),
    ("tcp_slow_start_after_idle", 6, &[0]),
    ("tcp_rto_min", 5, &[1, 20, 1_000]),
    ("tcp_delack", 5, &[0, 1, 200]),
    ("tcp_rto_max", 8, &[1_000, 5_000]),
    ("tcp_retries1", 8, &[1]),
    ("tcp_retries2", 8, &[3, 8]),
    ("tcp_syncookies", 3, &[0, 2]),
    ("tcp_max_syn_backlog", 6, &[1, 2]),
    ("tcp_fastopen", 2, &[3]),
    ("tcp_max_ofo", 8, &[1, 4]),
    ("tcp_ecn", 2, &[0, 1, 2, 3, 4, 5]),
    ("tcp_ecn_fallback", 6, &[0]),
    ("tcp_ecn_option_beacon", 8, &[0, 1]),
    ("tcp_ecn_option", 4, &[0, 1, 2]),
    ("tcp_ecn_backoff", 8, &[1]),
    ("tcp_moderate_rcvbuf", 4, &[0]),
    ("tcp_mtu_probing", 3, &[0, 1, 2]),
    ("tcp_base_mss", 6, &[48, 256, 1_400]),
    ("tcp_mtu_probe_floor", 6, &[256, 536]),
    ("tcp_probe_threshold", 6, &[1, 64]),
    ("tcp_probe_interval", 4, &[1_000, 10_000]),
    ("tcp_min_snd_mss", 8, &[200, 536]),
    ("tcp_keepalive_time", 8, &[500]),
    ("tcp_keepalive_intvl", 8, &[300]),
    ("tcp_orphan_retries", 8, &[1, 3]),
    ("tcp_fin_timeout", 8, &[0, 1_000]),
    ("tcp_time_wait", 8, &[0, 500]),
    ("tcp_rfc1337", 8, &[1]),
    ("tcp_invalid_ratelimit", 8, &[0]),
    ("tcp_notsent_lowat", 8, &[4_096, 16_384]),
    ("tcp_paws_slack", 8, &[0]),
    ("neigh_unres_qlen", 6, &[1]),
];

/// A host between whose knobs and the defaults chance decides; routers keep their defaults, they have no connections.
pub(super) fn add(network: &mut Network, rng: &mut Rng, name: &str) -> HostId {
    let mut spec = HostSpec::default();
    if once_in(rng, 12) {
        // So few buffers that a burst finds none.
        spec.config.pool_packets = 32;
    }
    if once_in(rng, 5) {
        // From what a segment or two use up to what some transfers share.
        let high = pick(rng, &[4, 16, 64, 200]);
        spec.config.tcp_memory = TcpMemory { low: high / 2, pressure: high / 4 * 3, high };
    }
    if once_in(rng, 8) {
        // So few ports that connections come between the same addresses again and again.
        spec.config.local_ports = 50_000..=50_002;
    }
    let host = network.add_host(name, spec).expect("a new name");
    network.with_stack(host, |stack, now| {
        for (name, of, values) in KNOBS {
            if once_in(rng, *of) {
                let _unknown_here = stack.set_knob(now, name, pick(rng, values));
            }
        }
        set(stack, now, "tcp_congestion_control", rng.below(Kind::ALL.len() as u64) as i64);
        set(stack, now, "tcp_fixed_cwnd", 1 + rng.below(2) as i64);
    });
    host
}

fn set(stack: &mut crate::stack::Stack, now: Instant, name: &str, value: i64) {
    stack.set_knob(now, name, value).expect("a knob of every stack");
}
