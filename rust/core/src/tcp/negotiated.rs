//! What the two SYNs settled: segment sizes, window scaling, timestamps, selective acknowledgments.

use super::{Config, Settings, Tuple};
use crate::rng::Rng;
use crate::time::Instant;
use crate::wire::{TcpHeader, TcpOptions, Timestamps};

/// Our clock for the timestamps option: milliseconds (RFC 7323 5.4 allows 1 ms to 1 s) from a random origin.
#[derive(Debug, Clone, Copy)]
pub(super) struct TimestampClock {
    origin: u32,
}

impl TimestampClock {
    pub(super) fn new(rng: &mut Rng) -> Self {
        Self { origin: rng.next_u32() }
    }

    pub(super) const fn at(&self, now: Instant) -> u32 {
        self.origin.wrapping_add(now.as_millis() as u32)
    }
}

/// What we offer in our SYN, and remember until the peer's is seen.
#[derive(Debug, Clone, Copy)]
pub(super) struct Offer {
    pub(super) mss: u16,
    pub(super) scale: Option<u8>,
    pub(super) timestamps: bool,
    pub(super) sack: bool,
    pub(super) clock: TimestampClock,
    mtu: usize,
    overhead: usize,
    min_mss: u16,
}

impl Offer {
    pub(super) fn new(
        rng: &mut Rng,
        config: &Config,
        settings: &Settings,
        tuple: &Tuple,
        mtu: usize,
    ) -> Self {
        let overhead = ip_and_tcp_headers(tuple);
        //= rfc9293#3.7.1 MUST-67   from what we can receive, never less the options (RFC 6691)
        let mss = u16::try_from(mtu.saturating_sub(overhead)).unwrap_or(u16::MAX);
        Self {
            mss: mss.min(settings.max_segment.unwrap_or(u16::MAX)),
            scale: config.window_scaling.then(|| scale_for(settings.receive_buffer)),
            timestamps: config.timestamps,
            sack: config.sack,
            clock: TimestampClock::new(rng),
            mtu,
            overhead,
            min_mss: config.min_mss,
        }
    }

    /// The options of our SYN.
    pub(super) fn options(&self, now: Instant) -> TcpOptions {
        TcpOptions {
            mss: Some(self.mss),
            window_scale: self.scale,
            sack_permitted: self.sack,
            timestamps: self.timestamps.then(|| Timestamps { value: self.clock.at(now), echo: 0 }),
            ..TcpOptions::default()
        }
    }

    /// What holds now that the peer's SYN is seen.
    pub(super) fn settle(&self, tuple: &Tuple, peer: &TcpHeader) -> Negotiated {
        //= rfc9293#3.7.1 MUST-15   without an MSS option: 536 for IPv4, 1220 for IPv6
        let default = if tuple.remote.is_ipv4() { 536 } else { 1_220 };
        let (send_scale, receive_scale) = match (self.scale, peer.options.window_scale) {
            //= rfc7323#2.3   a shift over 14 counts as 14
            (Some(own), Some(theirs)) => (theirs.min(14), own),
            _ => (0, 0),
        };
        let timestamps = peer.options.timestamps.filter(|_| self.timestamps);
        Negotiated {
            peer_mss: peer.options.mss.unwrap_or(default).max(self.min_mss),
            mtu: self.mtu,
            overhead: self.overhead,
            send_scale,
            receive_scale,
            timestamps: timestamps.map(|_| self.clock),
            peer_timestamp: timestamps.map_or(0, |timestamps| timestamps.value),
            sack: self.sack && peer.options.sack_permitted,
            own_mss: self.mss,
        }
    }
}

/// What holds for the connection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Negotiated {
    peer_mss: u16,
    mtu: usize,
    overhead: usize,
    pub(super) send_scale: u8,
    pub(super) receive_scale: u8,
    pub(super) timestamps: Option<TimestampClock>,
    /// TSval of the peer's SYN.
    pub(super) peer_timestamp: u32,
    pub(super) sack: bool,
    pub(super) own_mss: u16,
}

impl Negotiated {
    /// Length of the options that every data segment carries.
    const TIMESTAMPS: usize = 12;

    /// The path carries packets of `mtu` bytes.
    pub(super) const fn set_mtu(&mut self, mtu: usize) {
        self.mtu = mtu;
    }

    /// The most payload of a segment: what the peer takes and the path carries, less our options (RFC 6691).
    pub(super) fn effective_mss(&self, settings: &Settings) -> usize {
        let options = if self.timestamps.is_some() { Self::TIMESTAMPS } else { 0 };
        let path = self.mtu.saturating_sub(self.overhead);
        let wanted = settings.max_segment.map_or(usize::MAX, usize::from);
        usize::from(self.peer_mss).min(path).min(wanted).saturating_sub(options).max(8)
    }

    /// The largest payload that the peer can send us in one segment.
    pub(super) fn largest_from_peer(&self) -> usize {
        let options = if self.timestamps.is_some() { Self::TIMESTAMPS } else { 0 };
        usize::from(self.own_mss).saturating_sub(options).max(1)
    }

    pub(super) const fn peer_mss(&self) -> u16 {
        self.peer_mss
    }

    pub(super) const fn mtu(&self) -> usize {
        self.mtu
    }
}

const fn ip_and_tcp_headers(tuple: &Tuple) -> usize {
    TcpHeader::MIN_LEN + if tuple.remote.is_ipv4() { 20 } else { 40 }
}

/// The least shift with which 16 bits express the whole receive buffer.
pub(super) fn scale_for(buffer: usize) -> u8 {
    (0..14).find(|shift| 65_535usize << shift >= buffer).unwrap_or(14)
}
