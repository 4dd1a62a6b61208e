//! What the two SYNs agree on (RFC 9293 3.7.1, RFC 7323, RFC 2018); of ECN, `ecn` knows.

use super::common::Common;
use super::ecn;
use crate::time::Instant;
use crate::wire::{TcpOptions, Timestamps};

/// Option bytes of every segment when timestamps are on, padded.
const TIMESTAMP_BYTES: u32 = 12;
/// Largest shift (RFC 7323 2.3): beyond it, a window could span half the sequence space.
const MAX_SHIFT: u8 = 14;
/// A peer that names no MSS gets this.
//= rfc9293#3.7.1 MUST-15   IPv4 and IPv6
const DEFAULT_MSS: (u16, u16) = (536, 1220);

/// What both sides will use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Agreed {
    /// The MSS that the peer announced, or the default.
    pub(super) peer_mss: u16,
    /// The peer's shift and ours, if both scale.
    pub(super) scale: Option<(u8, u8)>,
    /// SACK both ways.
    pub(super) sack: bool,
    /// Timestamps on every segment; the value is the peer's last.
    pub(super) timestamps: Option<u32>,
    /// How marks are fed back.
    pub(super) ecn: ecn::Agreement,
}

impl Agreed {
    /// Bytes of options on every segment from now on.
    pub(super) const fn option_bytes(&self) -> u32 {
        if self.timestamps.is_some() { TIMESTAMP_BYTES } else { 0 }
    }
}

/// The shift that lets a window of `buffer` bytes be told: of the largest that there may ever be, since it never changes.
pub(super) fn shift_for(buffer: usize) -> u8 {
    (0..MAX_SHIFT).find(|shift| buffer >> shift <= usize::from(u16::MAX)).unwrap_or(MAX_SHIFT)
}

/// The options of our first SYN; `shift` is that of our windows.
pub(super) fn offer(now: Instant, common: &Common, shift: u8) -> TcpOptions {
    let config = &common.config;
    TcpOptions {
        //= rfc9293#3.7.1 MUST-14 SHLD-5 MUST-67   always, and without our own options taken off (RFC 6691)
        //= rfc9293#3.2 MUST-65   on SYNs only; see `Open::options` for all other segments
        mss: Some(common.advertised_mss()),
        window_scale: config.window_scaling.then_some(shift),
        sack_permitted: config.sack,
        //= rfc7323#3.2   there is nothing to echo yet
        timestamps: config.timestamps.then(|| Timestamps { value: common.timestamp(now), echo: 0 }),
        ..TcpOptions::default()
    }
}

/// The options of a SYN that answers the peer's: what was offered and is wanted here.
pub(super) fn answer(now: Instant, common: &Common, agreed: &Agreed) -> TcpOptions {
    TcpOptions {
        mss: Some(common.advertised_mss()),
        window_scale: agreed.scale.map(|(_, ours)| ours),
        sack_permitted: agreed.sack,
        timestamps: agreed.timestamps.map(|echo| Timestamps { value: common.timestamp(now), echo }),
        ..TcpOptions::default()
    }
}

/// What our SYN, with `ours` as its shift, and `peer`'s come to, ECN aside.
pub(super) fn agree(common: &Common, ours: u8, peer: &TcpOptions) -> Agreed {
    let config = &common.config;
    let default = if common.tuple.remote.is_ipv4() { DEFAULT_MSS.0 } else { DEFAULT_MSS.1 };
    //= rfc7323#2.3   a shift over 14 counts as 14
    let scale = peer.window_scale.map(|shift| (shift.min(MAX_SHIFT), ours));
    Agreed {
        peer_mss: peer.mss.unwrap_or(default),
        scale: scale.filter(|_| config.window_scaling),
        sack: config.sack && peer.sack_permitted,
        timestamps: peer.timestamps.filter(|_| config.timestamps).map(|stamps| stamps.value),
        ecn: ecn::Agreement::default(),
    }
}
