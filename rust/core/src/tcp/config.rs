//! Knobs of TCP: what a stack sets for all connections, and what each connection may set for itself.

use super::congestion;
use crate::error::Error;
use crate::time::Duration;

/// Knobs of all connections of a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Offer and accept window scaling (RFC 7323).
    pub window_scaling: bool,
    /// Offer and accept timestamps (RFC 7323).
    pub timestamps: bool,
    /// Offer selective acknowledgments, and send them (RFC 2018).
    pub sack: bool,
    /// Send a new segment on each of the first two duplicate ACKs (RFC 3042).
    pub limited_transmit: bool,
    /// The initial congestion window in segments. Ten, by RFC 6928.
    pub initial_window: u32,
    /// The least retransmission timeout. RFC 6298 says 1 s; 200 ms is Linux's, and a tap's round trip is 0.1 ms.
    pub min_rto: Duration,
    /// The greatest retransmission timeout (RFC 6298 2.5 wants at least 60 s).
    pub max_rto: Duration,
    /// The timeout before anything was measured (RFC 6298 2.1).
    pub initial_rto: Duration,
    /// How long an ACK may wait for data to ride on. Under the 0.5 s of RFC 9293 MUST-40; Linux's 40 ms.
    pub delayed_ack: Duration,
    /// SYNs sent again before a connect fails. Six make 127 s at first timeout 1 s; RFC 9293 MUST-23 wants 180 s: 7 would.
    pub syn_retries: u8,
    /// SYN-ACKs sent again before an incoming connection is forgotten.
    pub synack_retries: u8,
    /// Retransmissions after which the path is suspected (R1).
    pub retries1: u8,
    /// Retransmissions after which the connection is given up (R2). 15 make 15 minutes, more than SHLD-11's 100 s.
    pub retries2: u8,
    /// Retransmissions of a connection that the application closed already. Linux's tcp_orphan_retries.
    pub orphan_retries: u8,
    /// Idle time before the first keep-alive probe (MUST-28: at least two hours).
    pub keepalive_time: Duration,
    /// Between keep-alive probes.
    pub keepalive_interval: Duration,
    /// Unanswered keep-alive probes after which the connection is given up.
    pub keepalive_probes: u8,
    /// How long TIME-WAIT lasts: twice the maximum segment lifetime, which is 30 s here as on Linux.
    pub time_wait: Duration,
    /// How long a closed connection waits for the peer's FIN. Linux's tcp_fin_timeout.
    pub fin_timeout: Duration,
    /// Bytes that may be queued to be sent.
    pub send_buffer: usize,
    /// Bytes that may wait to be read; the window is made of it.
    pub receive_buffer: usize,
    /// Segments that may wait for a gap to close.
    pub max_out_of_order: usize,
    /// The least MSS that a peer can make us send with; defends against CVE-2019-11479.
    pub min_mss: u16,
    /// Between ACKs that answer unacceptable segments of one connection (RFC 5961 7, Linux's tcp_invalid_ratelimit).
    pub challenge_ack_interval: Duration,
    /// Ignore resets in TIME-WAIT (RFC 1337).
    pub rfc1337: bool,
    /// Congestion control of new connections.
    pub congestion: congestion::Kind,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            window_scaling: true,
            timestamps: true,
            sack: true,
            limited_transmit: true,
            initial_window: 10,
            min_rto: Duration::from_millis(200),
            max_rto: Duration::from_secs(120),
            initial_rto: Duration::from_secs(1),
            delayed_ack: Duration::from_millis(40),
            syn_retries: 7,
            synack_retries: 5,
            retries1: 3,
            retries2: 15,
            orphan_retries: 8,
            keepalive_time: Duration::from_secs(7_200),
            keepalive_interval: Duration::from_secs(75),
            keepalive_probes: 9,
            time_wait: Duration::from_secs(60),
            fin_timeout: Duration::from_secs(60),
            send_buffer: 4 << 20,
            receive_buffer: 1 << 20,
            max_out_of_order: 4_096,
            min_mss: 48,
            challenge_ack_interval: Duration::from_millis(500),
            rfc1337: true,
            congestion: congestion::Kind::Reno,
        }
    }
}

/// What a connection may set for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Send small segments at once (TCP_NODELAY: Nagle off).
    pub nodelay: bool,
    /// Probe an idle peer (SO_KEEPALIVE).
    pub keepalive: bool,
    /// Idle time before the first probe (TCP_KEEPIDLE).
    pub keep_idle: Duration,
    /// Between probes (TCP_KEEPINTVL).
    pub keep_interval: Duration,
    /// Unanswered probes (TCP_KEEPCNT).
    pub keep_count: u8,
    /// How long data may stay unacknowledged (TCP_USER_TIMEOUT, RFC 5482).
    pub user_timeout: Option<Duration>,
    /// How long close waits for delivery (SO_LINGER); zero resets.
    pub linger: Option<Duration>,
    /// Time to live.
    pub ttl: u8,
    /// Type of service.
    pub tos: u8,
    /// Bytes that may be queued to be sent.
    pub send_buffer: usize,
    /// Bytes that may wait to be read.
    pub receive_buffer: usize,
    /// The largest segment to advertise and to send (TCP_MAXSEG).
    pub max_segment: Option<u16>,
    /// Acknowledge every segment at once (TCP_QUICKACK).
    pub quickack: bool,
}

/// One setting, to be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "named as the fields of Settings")]
pub enum Setting {
    NoDelay(bool),
    KeepAlive(bool),
    KeepIdle(Duration),
    KeepInterval(Duration),
    KeepCount(u8),
    UserTimeout(Option<Duration>),
    Linger(Option<Duration>),
    Ttl(u8),
    Tos(u8),
    SendBuffer(usize),
    ReceiveBuffer(usize),
    MaxSegment(u16),
    QuickAck(bool),
}

impl Settings {
    /// The least buffer: below it a segment would not fit. Linux's SOCK_MIN_SNDBUF is about this.
    const LEAST_BUFFER: usize = 2_048;
    /// The greatest buffer: what a window of shift 14 can express.
    const MOST_BUFFER: usize = 1 << 30;

    /// The settings of a new connection.
    pub const fn new(config: &Config) -> Self {
        Self {
            nodelay: false,
            keepalive: false,
            keep_idle: config.keepalive_time,
            keep_interval: config.keepalive_interval,
            keep_count: config.keepalive_probes,
            user_timeout: None,
            linger: None,
            ttl: 64,
            tos: 0,
            send_buffer: config.send_buffer,
            receive_buffer: config.receive_buffer,
            max_segment: None,
            quickack: false,
        }
    }

    /// Change one; `InvalidArgument` when it is out of range.
    pub fn set(&mut self, setting: Setting) -> Result<(), Error> {
        match setting {
            Setting::NoDelay(value) => self.nodelay = value,
            Setting::KeepAlive(value) => self.keepalive = value,
            Setting::KeepIdle(value) if !value.is_zero() => self.keep_idle = value,
            Setting::KeepInterval(value) if !value.is_zero() => self.keep_interval = value,
            Setting::KeepCount(value) if value > 0 => self.keep_count = value,
            Setting::UserTimeout(value) => self.user_timeout = value,
            Setting::Linger(value) => self.linger = value,
            Setting::Ttl(value) if value > 0 => self.ttl = value,
            Setting::Tos(value) => self.tos = value,
            Setting::SendBuffer(value) => {
                self.send_buffer = value.clamp(Self::LEAST_BUFFER, Self::MOST_BUFFER);
            }
            Setting::ReceiveBuffer(value) => {
                self.receive_buffer = value.clamp(Self::LEAST_BUFFER, Self::MOST_BUFFER);
            }
            Setting::MaxSegment(value) if value >= 88 => self.max_segment = Some(value),
            Setting::QuickAck(value) => self.quickack = value,
            _ => return Err(Error::InvalidArgument),
        }
        Ok(())
    }
}
