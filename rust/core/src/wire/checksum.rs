//! The Internet checksum (RFC 1071), its incremental update (RFC 1624) and the pseudo-header.

use super::IpAddress;

#[cfg(test)]
mod tests;

/// A running one's-complement sum over any number of pieces.
///
/// Pieces may be of any length, also odd: the next piece then begins in the low byte of a word.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sum {
    total: u64,
    odd: bool,
}

impl Sum {
    /// Nothing summed yet.
    pub const fn new() -> Self {
        Self { total: 0, odd: false }
    }

    /// Add bytes.
    #[must_use]
    pub fn bytes(mut self, bytes: &[u8]) -> Self {
        let sum = u64::from(fold(sum_native(bytes)));
        // A piece after an odd number of bytes is shifted by one: swapping its sum shifts it back (RFC 1071 2.B).
        self.total += if self.odd { u64::from((sum as u16).swap_bytes()) } else { sum };
        self.odd ^= bytes.len() % 2 == 1;
        self
    }

    /// Add one 16-bit word, at an even position.
    #[must_use]
    pub fn word(mut self, word: u16) -> Self {
        debug_assert!(!self.odd, "a word at an odd position");
        self.total += u64::from(word.to_be());
        self
    }

    /// Add the pseudo-header of either family (RFC 9293 3.1, RFC 8200 8.1).
    #[must_use]
    pub fn pseudo_header(
        self,
        source: IpAddress,
        destination: IpAddress,
        protocol: u8,
        length: usize,
    ) -> Self {
        let sum = match (source, destination) {
            (IpAddress::V4(source), IpAddress::V4(destination)) => {
                self.bytes(&source.octets()).bytes(&destination.octets())
            }
            (IpAddress::V6(source), IpAddress::V6(destination)) => {
                self.bytes(&source.octets()).bytes(&destination.octets())
            }
            _ => unreachable!("a packet has one family"),
        };
        sum.word((length >> 16) as u16).word(length as u16).word(u16::from(protocol))
    }

    /// The checksum to write; 0xffff or 0 when everything summed included a right checksum already: see [`Sum::is_valid`].
    pub fn finish(self) -> u16 {
        u16::from_be(!fold(self.total))
    }

    /// The folded sum without the final complement: what a partial checksum field holds.
    pub fn partial(self) -> u16 {
        u16::from_be(fold(self.total))
    }

    /// Whether what was summed, checksum field included, is intact.
    pub fn is_valid(self) -> bool {
        fold(self.total) == 0xffff
    }
}

/// The checksum of one run of bytes.
pub fn checksum(bytes: &[u8]) -> u16 {
    Sum::new().bytes(bytes).finish()
}

/// The checksum after one 16-bit word changed from `old` to `new` (RFC 1624, equation 3).
pub fn update(checksum: u16, old: u16, new: u16) -> u16 {
    let mut sum = u32::from(!checksum) + u32::from(!old) + u32::from(new);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    !(sum as u16)
}

/// Finish the checksum of a frame that came with its sum begun: `start` is where what it covers begins, `field` the
/// offset from there of the field that holds the sum over the pseudo-header. False when they lie beyond the frame.
pub fn complete(frame: &mut [u8], start: usize, field: usize) -> bool {
    let Some(covered) = frame.get_mut(start..).filter(|covered| covered.len() >= field + 2) else {
        return false;
    };
    let sum = checksum(covered);
    // Zero would mean "none" in UDP (RFC 768); all ones is its equal there and in TCP.
    super::put16(covered, field, if sum == 0 { 0xffff } else { sum });
    true
}

/// One's-complement sum in native byte order: the sum's bytes come out swapped together with the words (RFC 1071 2.B).
fn sum_native(bytes: &[u8]) -> u64 {
    let (chunks, rest) = bytes.as_chunks::<32>();
    // 128 bits hold every carry, and compile to one addition and one with carry for each eight bytes.
    let mut lanes = [0u128; 4];
    for chunk in chunks {
        for (lane, word) in lanes.iter_mut().zip(chunk.as_chunks::<8>().0) {
            *lane += u128::from(u64::from_ne_bytes(*word));
        }
    }
    // 2^32 and 2^64 are one in one's complement.
    let sum = lanes.iter().sum::<u128>();
    let (low, high) = (sum as u64, (sum >> 64) as u64);
    let mut total = (low & 0xffff_ffff) + (low >> 32) + high;
    let (pairs, last) = rest.as_chunks::<2>();
    for pair in pairs {
        total += u64::from(u16::from_ne_bytes(*pair));
    }
    if let [byte] = last {
        total += u64::from(u16::from_ne_bytes([*byte, 0]));
    }
    total
}

fn fold(mut sum: u64) -> u16 {
    while sum >> 16 != 0 {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    sum as u16
}
