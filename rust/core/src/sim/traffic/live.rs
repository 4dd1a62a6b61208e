//! The only file of the simulator that knows what a connection tells of itself: how it is made, and what a sample holds.

use crate::error::Error;
use crate::stack::{Stack, TcpId};
use crate::tcp::congestion::Kind;
use crate::tcp::{Info, Resent, Settings};
use crate::time::{Duration, Instant};
use crate::wire::{EthernetHeader, IpAddress, SocketAddress};

/// What made a row of the trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    /// A segment came.
    Received,
    /// A segment left.
    Sent,
    /// The connection ended.
    End,
}

impl Cause {
    const fn name(self) -> &'static str {
        match self {
            Self::Received => "ack",
            Self::Sent => "send",
            Self::End => "end",
        }
    }
}

/// A sending connection at a time. Windows and counts are in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceRow {
    /// When.
    pub at: Instant,
    /// Congestion window.
    pub cwnd: u64,
    /// Slow start threshold; `u64::MAX` until a loss set it.
    pub ssthresh: u64,
    /// Smoothed round trip; zero until one was measured.
    pub srtt: Duration,
    /// Its variation.
    pub rttvar: Duration,
    /// Retransmission timeout.
    pub rto: Duration,
    /// Bytes under way.
    pub flight: u64,
    /// Bits per second at which segments are let go; 0 where they are not paced.
    pub pacing_rate: u64,
    /// Bytes delivered so far, in order or not.
    pub delivered: u64,
    /// Bytes found lost so far.
    pub lost: u64,
    /// `recovery` or `loss` while losses are repaired; otherwise what the congestion control calls its phase.
    pub state: &'static str,
    /// What made this row: `ack`, `send` or `end`.
    pub cause: &'static str,
}

impl TraceRow {
    /// Whether nothing but the time and the cause differs.
    pub(super) fn same(&self, other: &Self) -> bool {
        *self == Self { at: self.at, cause: self.cause, ..*other }
    }
}

/// What a sample takes from a connection.
pub(super) struct Sample {
    pub(super) row: TraceRow,
    pub(super) rtt: Option<Duration>,
    pub(super) resent: Resent,
}

/// A sample of a connection.
pub(super) fn sample(now: Instant, info: &Info, cause: Cause) -> Sample {
    let state = match info.recovery {
        "open" => info.congestion_phase,
        "fast" => "recovery",
        other => other,
    };
    let row = TraceRow {
        at: now,
        cwnd: u64::from(info.cwnd),
        ssthresh: info.ssthresh.map_or(u64::MAX, u64::from),
        srtt: info.srtt.unwrap_or_default(),
        rttvar: info.rttvar,
        rto: info.rto,
        flight: u64::from(info.flight),
        pacing_rate: info.pacing_rate.unwrap_or_default().saturating_mul(8),
        delivered: info.delivered,
        lost: info.bytes_lost,
        state,
        cause: cause.name(),
    };
    Sample { row, rtt: info.last_rtt, resent: info.resent }
}

/// The congestion controls that a flow may ask for.
pub(super) fn congestion_names() -> Vec<&'static str> {
    Kind::ALL.iter().map(|kind| kind.name()).collect()
}

/// Begin a connection, with a congestion control of its own if one is named, and `data` in the SYN if that may be; also how
/// much of it was taken.
pub(super) fn connect(
    stack: &mut Stack,
    now: Instant,
    remote: SocketAddress,
    congestion: Option<&str>,
    data: &[u8],
) -> Result<(TcpId, usize), Error> {
    let settings = match congestion {
        None => None,
        Some(name) => {
            let kind = Kind::by_name(name).ok_or(Error::InvalidArgument)?;
            let config = stack.config();
            let usual = Settings::new(&config.tcp);
            Some(Settings { ttl: config.default_ttl, congestion: Some(kind), ..usual })
        }
    };
    if data.is_empty() {
        return stack.tcp_connect(now, remote, None, settings).map(|id| (id, 0));
    }
    stack.tcp_connect_fast(now, remote, None, settings, data)
}

/// A connection among those of its host.
pub(super) fn key(local_port: u16, remote: SocketAddress) -> u64 {
    let address = match remote.ip() {
        IpAddress::V4(address) => u32::from(address),
        // Sinks and clients speak IPv4 only.
        IpAddress::V6(_) => 0,
    };
    u64::from(local_port) << 48 | u64::from(address) << 16 | u64::from(remote.port())
}

/// The key of the connection that an Ethernet frame belongs to, seen from who sends it or from who receives it.
pub(super) fn key_of(frame: &[u8], sent: bool) -> Option<u64> {
    let ip = frame.get(EthernetHeader::LEN..)?;
    if frame[12..14] != [0x08, 0x00] || *ip.get(9)? != 6 {
        return None;
    }
    let tcp = ip.get(usize::from(ip[0] & 0x0f) * 4..)?;
    let ports = tcp.first_chunk::<4>()?;
    let (from, to) = ([ports[0], ports[1]], [ports[2], ports[3]]);
    let (local, remote) = if sent { (from, to) } else { (to, from) };
    let address = if sent { ip.get(16..20)? } else { ip.get(12..16)? };
    let address = u64::from(u32::from_be_bytes(address.try_into().ok()?));
    let port = |bytes| u64::from(u16::from_be_bytes(bytes));
    Some(port(local) << 48 | address << 16 | port(remote))
}
