//! TCP options (RFC 9293 3.2, RFC 7323, RFC 2018, RFC 7413, RFC 9768).

use super::{EcnCounters, SeqNumber, be16, be32, put16, put32};
use crate::drops::DropReason;

#[cfg(test)]
mod tests;

/// Timestamps option: the sender's clock and the echo of ours (RFC 7323 3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timestamps {
    /// TSval.
    pub value: u32,
    /// TSecr.
    pub echo: u32,
}

/// Up to four SACK blocks: left edge, right edge (RFC 2018 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SackBlocks {
    blocks: [(SeqNumber, SeqNumber); 4],
    count: u8,
}

impl SackBlocks {
    /// Add a block at the end; false when there are four already.
    pub fn push(&mut self, left: SeqNumber, right: SeqNumber) -> bool {
        let free = self.blocks.get_mut(usize::from(self.count));
        free.map(|slot| {
            *slot = (left, right);
            self.count += 1;
        })
        .is_some()
    }

    /// The blocks in the order of the wire.
    pub fn as_slice(&self) -> &[(SeqNumber, SeqNumber)] {
        &self.blocks[..usize::from(self.count)]
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Keep the first `count` blocks.
    pub fn truncate(&mut self, count: usize) {
        self.count = self.count.min(count as u8);
    }
}

/// A cookie of TCP Fast Open (RFC 7413 2): 4 to 16 bytes and an even number of them, or none at all, which asks for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FastOpenCookie {
    bytes: [u8; 16],
    length: u8,
}

impl FastOpenCookie {
    /// A request for a cookie.
    pub const REQUEST: Self = Self { bytes: [0; 16], length: 0 };

    /// The cookie of these bytes; `None` for a length that no cookie has.
    pub fn new(cookie: &[u8]) -> Option<Self> {
        //= rfc7413#4.1.1   4 to 16 bytes, an even number
        if !(cookie.is_empty() || (4..=16).contains(&cookie.len()) && cookie.len().is_multiple_of(2)) {
            return None;
        }
        let mut bytes = [0; 16];
        bytes[..cookie.len()].copy_from_slice(cookie);
        Some(Self { bytes, length: cookie.len() as u8 })
    }

    /// Its bytes.
    pub fn as_slice(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }

    /// Whether it asks for a cookie instead of being one.
    pub const fn is_request(&self) -> bool {
        self.length == 0
    }

    /// Length of the option on the wire, padded.
    const fn option_length(self) -> usize {
        (2 + self.length as usize).next_multiple_of(4)
    }
}

/// The options that we understand; all others are skipped (RFC 9293 MUST-6).
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct TcpOptions {
    /// Maximum segment size.
    pub mss: Option<u16>,
    /// Window scale, as on the wire.
    pub window_scale: Option<u8>,
    /// SACK permitted.
    pub sack_permitted: bool,
    /// Timestamps.
    pub timestamps: Option<Timestamps>,
    /// SACK blocks.
    pub sack: SackBlocks,
    /// A Fast Open cookie, or the request for one.
    pub fast_open: Option<FastOpenCookie>,
    /// What AccECN counts.
    pub ecn: Option<EcnCounters>,
}

impl TcpOptions {
    /// Option bytes of a header are at most this many.
    pub const MAX_LEN: usize = 40;

    /// Read the option bytes of a header, any segment's. An option of impossible length ends the segment, not the process;
    /// one of a known kind but an unexpected length is skipped.
    pub fn parse(mut bytes: &[u8]) -> Result<Self, DropReason> {
        let mut options = Self::default();
        //= rfc9293#3.1 MUST-5 MUST-64   in any segment, and at any byte
        while let Some(&kind) = bytes.first() {
            match kind {
                //= rfc9293#3.2 MUST-4   end of list, no-operation; the MSS in `take`
                0 => break,
                1 => bytes = &bytes[1..],
                _ => {
                    //= rfc9293#3.2 MUST-7 MUST-68   all others say how long they are; a length that can not be is an error
                    let length = bytes.get(1).map_or(0, |length| usize::from(*length));
                    if length < 2 || length > bytes.len() {
                        return Err(DropReason::TcpBadOption);
                    }
                    options.take(kind, &bytes[2..length]);
                    bytes = &bytes[length..];
                }
            }
        }
        Ok(options)
    }

    fn take(&mut self, kind: u8, value: &[u8]) {
        match (kind, value.len()) {
            (2, 2) => self.mss = Some(be16(value, 0)),
            (3, 1) => self.window_scale = Some(value[0]),
            (4, 0) => self.sack_permitted = true,
            (5, length) if length % 8 == 0 => {
                for block in value.chunks_exact(8).take(4) {
                    self.sack.push(SeqNumber(be32(block, 0)), SeqNumber(be32(block, 4)));
                }
            }
            //= rfc7413#4.1.1   one of an impossible length is ignored
            (34, _) => self.fast_open = FastOpenCookie::new(value),
            (172 | 174, _) => self.ecn = Some(EcnCounters::parse(kind, value)),
            (8, 8) => self.timestamps = Some(Timestamps { value: be32(value, 0), echo: be32(value, 4) }),
            //= rfc9293#3.2 MUST-6   not known here: stepped over
            _ => {}
        }
    }

    /// Length on the wire, padded to a multiple of four.
    pub fn len(&self) -> usize {
        let length = self.length_with_sack();
        length + self.fitting_ecn(length).map_or(0, |counters| counters.option_length())
    }

    fn length_with_sack(&self) -> usize {
        let blocks = self.fitting_sack().len();
        self.fixed_length() + if blocks == 0 { 0 } else { 4 + 8 * blocks }
    }

    /// As much of AccECN's counters as there is room for behind `length` bytes of other options.
    fn fitting_ecn(&self, length: usize) -> Option<EcnCounters> {
        //= rfc9768#3.2.3.3   what SACK tells of loss goes first
        self.ecn.and_then(|counters| counters.fitting(Self::MAX_LEN.saturating_sub(length)))
    }

    /// Length of all but SACK blocks and AccECN's counters.
    const fn fixed_length(&self) -> usize {
        let mut length = match self.fast_open {
            Some(cookie) => cookie.option_length(),
            None => 0,
        };
        length += if self.mss.is_some() { 4 } else { 0 };
        length += if self.window_scale.is_some() { 4 } else { 0 };
        length
            + match (self.sack_permitted, self.timestamps.is_some()) {
                (_, true) => 12,
                (true, false) => 4,
                (false, false) => 0,
            }
    }

    /// As many SACK blocks, first ones first, as a header has room for beside the other options (RFC 2018 3): it
    /// must not grow past what its length field can say.
    fn fitting_sack(&self) -> &[(SeqNumber, SeqNumber)] {
        let room = Self::MAX_LEN.saturating_sub(self.fixed_length() + 4) / 8;
        let blocks = self.sack.as_slice();
        &blocks[..blocks.len().min(room)]
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Write the options into exactly [`TcpOptions::len`] bytes, each aligned as RFC 7323 appendix A advises.
    pub fn emit(&self, mut bytes: &mut [u8]) {
        let mut put = |option: &[u8]| {
            let (front, rest) = std::mem::take(&mut bytes).split_at_mut(option.len());
            front.copy_from_slice(option);
            bytes = rest;
        };
        if let Some(mss) = self.mss {
            let mut option = [2, 4, 0, 0];
            put16(&mut option, 2, mss);
            put(&option);
        }
        match (self.sack_permitted, self.timestamps.is_some()) {
            (true, true) => put(&[4, 2]),
            (false, true) => put(&[1, 1]),
            (true, false) => put(&[1, 1, 4, 2]),
            (false, false) => {}
        }
        if let Some(timestamps) = self.timestamps {
            let mut option = [8, 10, 0, 0, 0, 0, 0, 0, 0, 0];
            put32(&mut option, 2, timestamps.value);
            put32(&mut option, 6, timestamps.echo);
            put(&option);
        }
        if let Some(shift) = self.window_scale {
            put(&[1, 3, 3, shift]);
        }
        if let Some(cookie) = self.fast_open {
            let value = cookie.as_slice();
            put(&[1, 1][..cookie.option_length() - 2 - value.len()]);
            put(&[34, 2 + value.len() as u8]);
            put(value);
        }
        let blocks = self.fitting_sack();
        if !blocks.is_empty() {
            put(&[1, 1, 5, 2 + 8 * blocks.len() as u8]);
            for (left, right) in blocks {
                put(&left.0.to_be_bytes());
                put(&right.0.to_be_bytes());
            }
        }
        if let Some(counters) = self.fitting_ecn(self.length_with_sack()) {
            counters.emit(put);
        }
    }
}
