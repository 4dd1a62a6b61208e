//! What an application may change on one connection: its socket options.

use super::Config;
use super::congestion::Kind;
use crate::error::Error;
use crate::time::Duration;

/// Least buffer: Linux's SOCK_MIN_RCVBUF, room for one small segment.
const MIN_BUFFER: usize = 2304;
/// Most buffer: the largest window there is (RFC 7323 2.3).
const MAX_BUFFER: usize = 1 << 30;

/// Socket options of one connection.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// No Nagle (TCP_NODELAY).
    pub nodelay: bool,
    /// Probe an idle peer (SO_KEEPALIVE; off unless asked for, RFC 9293 MUST-25).
    pub keepalive: bool,
    /// Idle time before the first probe (TCP_KEEPIDLE).
    pub keep_idle: Duration,
    /// Time between probes (TCP_KEEPINTVL).
    pub keep_interval: Duration,
    /// Probes before giving up (TCP_KEEPCNT).
    pub keep_count: u8,
    /// Give up when data stays unacknowledged this long (TCP_USER_TIMEOUT).
    pub user_timeout: Option<Duration>,
    /// SO_LINGER: zero resets on close; a longer one only matters to a caller that waits in close, as on Linux.
    pub linger: Option<Duration>,
    /// Time to live (IP_TTL).
    pub ttl: u8,
    /// DiffServ and ECN byte (IP_TOS).
    pub tos: u8,
    /// Bytes that may be queued (SO_SNDBUF); at first, unless `send_fixed`.
    pub send_buffer: usize,
    /// Bytes that may wait to be read (SO_RCVBUF); at first, unless `receive_fixed`.
    pub receive_buffer: usize,
    /// The application set it, so it does not grow.
    pub receive_fixed: bool,
    /// See `receive_fixed`.
    pub send_fixed: bool,
    /// Unsent bytes from which on no more may be queued (TCP_NOTSENT_LOWAT); `None` as the stack has it.
    pub notsent_low_water: Option<u32>,
    /// Keep a segment that is not full back, for up to 200 ms (TCP_CORK).
    pub cork: bool,
    /// Upper bound of segments both ways (TCP_MAXSEG).
    pub max_segment: Option<u16>,
    /// Acknowledge at once (TCP_QUICKACK).
    pub quickack: bool,
    /// Congestion control (TCP_CONGESTION); `None` for the stack's at the birth of the connection.
    pub congestion: Option<Kind>,
    /// A listener hands out connections with data only, or this long after their SYN (TCP_DEFER_ACCEPT); zero is off.
    pub defer_accept: Duration,
    /// When a listener answers with SYN cookies, as [`Config::syn_cookies`]; `None` as the stack does.
    pub syn_cookies: Option<u8>,
    /// Explicit congestion notification, as [`Config::ecn`]; `None` as the stack does.
    pub ecn: Option<u8>,
    /// Connections of a listener that may be open by Fast Open without their ACK (TCP_FASTOPEN); 0 is off.
    pub fast_open: u32,
}

impl Settings {
    /// What a socket starts with under `config`.
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
            send_buffer: capped(config.send_buffer),
            receive_buffer: capped(config.receive_buffer),
            receive_fixed: false,
            send_fixed: false,
            notsent_low_water: None,
            cork: false,
            max_segment: None,
            quickack: false,
            congestion: None,
            defer_accept: Duration::ZERO,
            syn_cookies: None,
            ecn: None,
            fast_open: 0,
        }
    }

    /// Change one of them; `InvalidArgument` for what no connection could live with.
    pub fn set(&mut self, setting: Setting) -> Result<(), Error> {
        match setting {
            Setting::NoDelay(on) => self.nodelay = on,
            Setting::KeepAlive(on) => self.keepalive = on,
            Setting::KeepIdle(time) => self.keep_idle = positive(time)?,
            Setting::KeepInterval(time) => self.keep_interval = positive(time)?,
            Setting::KeepCount(0) | Setting::Ttl(0) => return Err(Error::InvalidArgument),
            Setting::KeepCount(count) => self.keep_count = count,
            Setting::UserTimeout(time) => self.user_timeout = time,
            Setting::Linger(time) => self.linger = time,
            Setting::Ttl(ttl) => self.ttl = ttl,
            //= rfc9293#3.9.1.9 MUST-48 SHLD-21   at any time; the next segment has it
            Setting::Tos(tos) => self.tos = tos,
            Setting::SendBuffer(size) => {
                (self.send_buffer, self.send_fixed) = (size.clamp(MIN_BUFFER, MAX_BUFFER), true);
            }
            Setting::ReceiveBuffer(size) => {
                (self.receive_buffer, self.receive_fixed) = (size.clamp(MIN_BUFFER, MAX_BUFFER), true);
            }
            Setting::NotSentLowWater(bytes) => {
                self.notsent_low_water = Some(bytes).filter(|bytes| *bytes > 0);
            }
            Setting::Cork(on) => self.cork = on,
            Setting::MaxSegment(size) => self.max_segment = Some(size).filter(|size| *size > 0),
            Setting::QuickAck(on) => self.quickack = on,
            Setting::Congestion(kind) => self.congestion = Some(kind),
            Setting::SynCookies(Some(3..)) => return Err(Error::InvalidArgument),
            Setting::SynCookies(when) => self.syn_cookies = when,
            Setting::Ecn(Some(6..)) => return Err(Error::InvalidArgument),
            Setting::Ecn(how) => self.ecn = how,
            Setting::FastOpen(count) => self.fast_open = count,
            Setting::DeferAccept(time) => self.defer_accept = time,
        }
        Ok(())
    }
}

const fn capped(size: usize) -> usize {
    if size > MAX_BUFFER { MAX_BUFFER } else { size }
}

fn positive(time: Duration) -> Result<Duration, Error> {
    if time.is_zero() { Err(Error::InvalidArgument) } else { Ok(time) }
}

impl Default for Settings {
    fn default() -> Self {
        Self::new(&Config::default())
    }
}

/// One change of `Settings`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setting {
    /// See [`Settings::nodelay`].
    NoDelay(bool),
    /// See [`Settings::keepalive`].
    KeepAlive(bool),
    /// See [`Settings::keep_idle`].
    KeepIdle(Duration),
    /// See [`Settings::keep_interval`].
    KeepInterval(Duration),
    /// See [`Settings::keep_count`].
    KeepCount(u8),
    /// See [`Settings::user_timeout`].
    UserTimeout(Option<Duration>),
    /// See [`Settings::linger`].
    Linger(Option<Duration>),
    /// See [`Settings::ttl`].
    Ttl(u8),
    /// See [`Settings::tos`].
    Tos(u8),
    /// See [`Settings::cork`].
    Cork(bool),
    /// See [`Settings::notsent_low_water`]; 0 for the stack's.
    NotSentLowWater(u32),
    /// See [`Settings::send_buffer`]; it no longer grows by itself.
    SendBuffer(usize),
    /// See [`Settings::receive_buffer`]; it no longer grows by itself.
    ReceiveBuffer(usize),
    /// See [`Settings::max_segment`]; 0 takes the bound away.
    MaxSegment(u16),
    /// See [`Settings::quickack`].
    QuickAck(bool),
    /// See [`Settings::congestion`]. On a live connection the new algorithm takes over window and threshold.
    Congestion(Kind),
    /// See [`Settings::syn_cookies`].
    SynCookies(Option<u8>),
    /// See [`Settings::ecn`]. A handshake that is over is not held again.
    Ecn(Option<u8>),
    /// See [`Settings::fast_open`].
    FastOpen(u32),
    /// See [`Settings::defer_accept`].
    DeferAccept(Duration),
}
