//! All that can be set of a stack: the engines' knobs and its own.

use super::TcpMemory;
use crate::buffer::DatagramSettings;
use crate::observe::Trace;
use crate::{icmp, igmp, ip, neighbor, tcp};
use std::ops::RangeInclusive;

/// Knobs of a whole stack. `knobs` gives them names.
#[derive(Debug, Clone)]
pub struct Config {
    /// TTL of packets that no socket set one for (net.ipv4.ip_default_ttl). 64 is IANA's recommendation.
    pub default_ttl: u8,
    /// Ephemeral ports (net.ipv4.ip_local_port_range): Linux's default, which begins where tapip's did.
    pub local_ports: RangeInclusive<u16>,
    /// The largest backlog of a listener (net.core.somaxconn).
    pub somaxconn: usize,
    /// Resets a second for segments without a connection; a scan needs no more answers.
    pub resets_per_second: u32,
    /// Such resets at once.
    pub resets_burst: u32,
    /// Packet buffers that may be in use at a time. tapip ended its process at 200.
    pub pool_packets: usize,
    /// Bytes of a frame that a buffer holds. 2016 with its headroom makes 2 KiB, enough for an MTU of 1500 with
    /// all headers in front.
    pub pool_frame: usize,
    /// Records that the trace ring holds.
    pub trace_records: usize,
    /// What a new UDP or raw socket starts with.
    pub datagram: DatagramSettings,
    /// IP.
    pub ip: ip::Config,
    /// Neighbours.
    pub neighbor: neighbor::Config,
    /// ICMP.
    pub icmp: icmp::Config,
    /// IGMP.
    pub igmp: igmp::Config,
    /// TCP.
    pub tcp: tcp::Config,
    /// What all TCP connections together may hold in memory.
    pub tcp_memory: TcpMemory,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            default_ttl: 64,
            local_ports: 32_768..=60_999,
            somaxconn: 4_096,
            resets_per_second: 1_000,
            resets_burst: 100,
            pool_packets: 16_384,
            pool_frame: 2_016,
            trace_records: Trace::CAPACITY,
            datagram: DatagramSettings::default(),
            ip: ip::Config::default(),
            neighbor: neighbor::Config::default(),
            icmp: icmp::Config::default(),
            igmp: igmp::Config::default(),
            tcp: tcp::Config::default(),
            tcp_memory: TcpMemory::default(),
        }
    }
}
