//! Bytes that tell their position in the stream, cheap to make and to check.
//!
//! The stream of a flow repeats a table of 65537 fixed pseudo-random bytes, begun at a place of the flow's own. That length
//! is prime and next to 2^16: data that is displaced by any number of whole segments, or by 2^16 or 2^32 as wrapped counters
//! would have it, does not match; nor does data of another flow.

use crate::buffer::Foreign;
use crate::rng::prf;
use std::sync::Arc;

/// Length of the table.
const PERIOD: usize = 65_537;

/// The table, and the same bytes as a stack's send queue takes them by reference.
pub(super) struct Pattern {
    table: Arc<Vec<u8>>,
    foreign: Foreign,
}

impl Pattern {
    pub(super) fn new() -> Self {
        let words = (0..PERIOD as u64).step_by(8).map(|at| prf(0, &at.to_le_bytes()).to_le_bytes());
        let mut table: Vec<u8> = words.flatten().collect();
        table.truncate(PERIOD);
        let table = Arc::new(table);
        let foreign: Foreign = Arc::<Vec<u8>>::clone(&table);
        Self { table, foreign }
    }

    /// Where in the table the byte at `position` of the stream of flow `salt` stands.
    const fn place(salt: u32, position: u64) -> usize {
        // Any odd multiplier spreads the flows over the table.
        ((position + salt as u64 * 40_503) % PERIOD as u64) as usize
    }

    /// As many bytes of the stream from `position` on as stand together, up to `most`.
    pub(super) fn bytes(&self, salt: u32, position: u64, most: u64) -> &[u8] {
        let place = Self::place(salt, position);
        let count = (PERIOD - place).min(usize::try_from(most).unwrap_or(usize::MAX));
        &self.table[place..place + count]
    }

    /// The whole table, and where in it to begin.
    pub(super) fn foreign(&self, salt: u32, position: u64) -> (Foreign, usize) {
        (Arc::clone(&self.foreign), Self::place(salt, position))
    }

    /// Whether `found` is the stream from `position` on.
    pub(super) fn matches(&self, salt: u32, mut position: u64, mut found: &[u8]) -> bool {
        while !found.is_empty() {
            let expected = self.bytes(salt, position, found.len() as u64);
            let (front, rest) = found.split_at(expected.len());
            if front != expected {
                return false;
            }
            position += front.len() as u64;
            found = rest;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(pattern: &Pattern, salt: u32, position: u64, count: usize) -> Vec<u8> {
        let mut out = Vec::new();
        while out.len() < count {
            let at = position + out.len() as u64;
            out.extend_from_slice(pattern.bytes(salt, at, (count - out.len()) as u64));
        }
        out
    }

    #[test]
    fn only_the_right_bytes_at_the_right_place_match() {
        let pattern = Pattern::new();
        let bytes = stream(&pattern, 3, 100, 200_000);
        assert!(pattern.matches(3, 100, &bytes));
        for shift in [1, 1_448, 65_536, 1 << 32] {
            assert!(!pattern.matches(3, 100 + shift, &bytes), "displaced by {shift}");
        }
        assert!(!pattern.matches(4, 100, &bytes));
        let mut damaged = bytes;
        damaged[150_000] ^= 1;
        assert!(!pattern.matches(3, 100, &damaged));
    }

    #[test]
    fn what_is_queued_by_reference_is_the_same_stream() {
        let pattern = Pattern::new();
        let (foreign, offset) = pattern.foreign(9, 77);
        let bytes = &(*foreign).as_ref()[offset..];
        assert!(pattern.matches(9, 77, bytes));
        assert_eq!(pattern.bytes(9, 77, u64::MAX), bytes);
    }
}
