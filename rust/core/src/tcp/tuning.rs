//! How large the buffers are, and why. What the application fixes stays; else the receive buffer follows what it reads
//! in a round trip (dynamic right-sizing, after Fisk and Feng), the send buffer the congestion window, both between the
//! least and the most that the knobs allow. Neither ever takes back a window that was told: `receiver` sees to that.

use super::common::Common;
use super::congestion::{CongestionControl, Kind};
use super::sender::Sender;
use crate::time::{Duration, Instant};

/// What one round trip brought may double in the next, and the buffer must hold it before the window that allows it
/// is told: twice what was read, and some segments for what is under way.
const MARGIN: u32 = 16;
/// Round trips by timestamps count from here on: the clock ticks in milliseconds, and one tick more or less is a quarter.
const LEAST_STAMPED: Duration = Duration::from_millis(4);
/// A connection at rest this long gives grown buffers back: longer than any round trip, shorter than a person's pause.
pub(super) const IDLE: Duration = Duration::from_secs(10);

/// How short the memory of the whole stack is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Pressure {
    /// It is not.
    #[default]
    None,
    /// Buffers stop to grow, and shrink to a few segments as far as promises allow.
    Short,
    /// Every connection keeps what it needs to go on, and no more.
    Critical,
}

impl Pressure {
    /// Its name for display.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Short => "short",
            Self::Critical => "critical",
        }
    }

    /// What is left of a buffer of `size`, whose least is `least`, for segments of `segment`.
    pub(super) fn left_of(self, size: usize, least: usize, segment: u32) -> usize {
        match self {
            Self::None => size,
            Self::Short => size.min(least.max(SEGMENTS * segment as usize)),
            Self::Critical => size.min(least),
        }
    }
}

/// Segments that a connection may hold in either direction when memory is short, as on Linux: enough for fast retransmit.
const SEGMENTS: usize = 4;

/// The size of the receive buffer of one connection.
#[derive(Debug)]
pub(super) struct Tuning {
    size: usize,
    /// The round trip as the receiver sees it.
    rtt: Option<Duration>,
    /// The echo that was measured last: one sample for each of our ACKs.
    echo: Option<u32>,
    /// When the round at hand began, and up to where the application had read then.
    round: (Instant, u64),
    /// When the window at hand was told, and up to where it reaches.
    window: (Instant, u64),
    /// The most that was read in a round so far.
    read: u32,
}

impl Tuning {
    /// After the handshake.
    pub(super) fn new(now: Instant, common: &Common, segment: u32) -> Self {
        Self {
            size: common.settings.receive_buffer,
            rtt: None,
            echo: None,
            round: (now, 0),
            window: (now, 0),
            read: common.config.initial_window.saturating_mul(segment),
        }
    }

    /// The size, whatever memory allows of it.
    pub(super) const fn size(&self) -> usize {
        self.size
    }

    /// The round trip as the receiver sees it.
    pub(super) const fn rtt(&self) -> Option<Duration> {
        self.rtt
    }

    /// The most that was read in a round trip.
    pub(super) const fn read(&self) -> u32 {
        self.read
    }

    /// The handshake took so long, if that is known.
    pub(super) fn on_handshake(&mut self, rtt: Option<Duration>) {
        self.rtt = rtt.filter(|rtt| !rtt.is_zero());
    }

    /// The application sets the size.
    pub(super) const fn set(&mut self, size: usize) {
        self.size = size;
    }

    /// Data came that echoes `echo`, which we sent `age` ago.
    pub(super) fn on_echo(&mut self, echo: Option<u32>, age: Option<Duration>) {
        if self.echo == echo {
            return;
        }
        self.echo = echo;
        if let Some(sample) = age.filter(|age| *age >= LEAST_STAMPED) {
            self.rtt = Some(match self.rtt {
                Some(rtt) => rtt.saturating_sub(rtt.div(8)) + sample.div(8),
                None => sample,
            });
        }
    }

    /// Data came in order, up to stream position `next`, into a window of `window` bytes. Without timestamps (`measure`)
    /// the time that a whole window takes to come bounds the round trip.
    pub(super) fn on_window(&mut self, now: Instant, next: u64, window: u32, measure: bool) {
        if !measure || next < self.window.1 {
            return;
        }
        if self.window.1 > 0 {
            let sample = now.since(self.window.0);
            self.rtt = Some(self.rtt.map_or(sample, |rtt| rtt.min(sample)));
        }
        self.window = (now, next + u64::from(window));
    }

    /// The application read up to stream position `position`; `segment` is the peer's. True if the buffer grew.
    pub(super) fn on_read(&mut self, now: Instant, common: &Common, position: u64, segment: u32) -> bool {
        let Some(rtt) = self.rtt else { return false };
        let (since, from) = self.round;
        if now.since(since) < rtt {
            return false;
        }
        self.round = (now, position);
        let read = u32::try_from(position - from).unwrap_or(u32::MAX);
        if read <= self.read {
            return false;
        }
        let last = u64::from(std::mem::replace(&mut self.read, read).max(1));
        let tuned = common.config.moderate_receive_buffer && !common.settings.receive_fixed;
        if !tuned || common.memory != Pressure::None {
            return false;
        }
        let read = u64::from(read);
        let base = 2 * read + u64::from(MARGIN * segment);
        // In slow start the next round brings as much more as this one did; and one more passes before it is told.
        let ahead = base * (read - last) / last * 2;
        let wanted = (base + ahead).min(common.config.receive_buffer_max as u64) as usize;
        let grows = wanted > self.size;
        self.size = self.size.max(wanted);
        grows
    }

    /// The connection rests: what growth there was is given back.
    pub(super) fn rest(&mut self, common: &Common, segment: u32) {
        self.size = self.size.min(common.settings.receive_buffer);
        self.read = common.config.initial_window.saturating_mul(segment);
    }
}

impl Sender {
    /// Bytes that the application may queue now.
    pub(super) fn room(&self, common: &Common) -> usize {
        let (queued, limit) = (self.queue.len(), self.send_limit(common));
        // A mark below a segment would have the application hand over single bytes, which Nagle and cork then hold back.
        let mark = common.notsent_low_water().max(self.mss()) as usize;
        let unsent = mark.saturating_sub(self.unsent());
        limit.saturating_sub(queued).min(unsent)
    }

    /// Bytes that may be queued in all, as memory is.
    pub(super) fn send_limit(&self, common: &Common) -> usize {
        common.memory.left_of(self.queue.limit(), common.config.send_buffer_min, self.mss())
    }

    /// The send buffer follows the congestion window: what is out, and as much to follow it without a pause.
    pub(super) fn tune(&mut self, common: &Common) {
        if common.settings.send_fixed || common.memory != Pressure::None {
            return;
        }
        // BBR keeps up to two windows out.
        let factor = if matches!(self.control.kind(), Kind::Bbr) { 3 } else { 2 };
        let wanted = (self.control.window() as usize).saturating_mul(factor);
        let wanted = wanted.min(common.config.send_buffer_max);
        if wanted > self.queue.limit() {
            self.queue.set_limit(wanted);
        }
    }
}
