//! Seeded randomness: unpredictable from outside, repeatable from the seed.

use siphasher::sip::{SipHasher13, SipHasher24};
use std::hash::{BuildHasher, Hasher};

/// SipHash-2-4 of a counter under a secret key.
///
/// A keyed function of a counter, not a shift register: ports and identifiers that leave on the wire come from
/// here, and whoever collects them must not be able to compute the next one (RFC 6056, RFC 7739, RFC 9293 MUST-9).
#[derive(Debug, Clone)]
pub struct Rng {
    key: u128,
    counter: u64,
}

impl Rng {
    /// A generator that repeats exactly for the same seed.
    pub const fn new(seed: u128) -> Self {
        Self { key: seed, counter: 0 }
    }

    /// A generator for another purpose, independent of how many numbers this one gives later.
    pub fn fork(&mut self) -> Self {
        Self::new(self.key())
    }

    /// 128 fresh bits, for a key.
    pub fn key(&mut self) -> u128 {
        u128::from(self.next_u64()) << 64 | u128::from(self.next_u64())
    }

    /// 64 fresh bits.
    pub fn next_u64(&mut self) -> u64 {
        self.counter = self.counter.wrapping_add(1);
        prf(self.key, &self.counter.to_le_bytes())
    }

    /// 32 fresh bits.
    pub fn next_u32(&mut self) -> u32 {
        (self.next_u64() >> 32) as u32
    }

    /// A number in `0..bound`, without bias worth the name (the product method over 64 bits); 0 for a bound of 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.next_u64()) * u128::from(bound)) >> 64) as u64
    }

    /// True with probability `parts_per_million` / 1e6.
    pub fn chance(&mut self, parts_per_million: u32) -> bool {
        parts_per_million > 0 && self.below(1_000_000) < u64::from(parts_per_million)
    }
}

/// The keyed pseudo-random function used for sequence numbers, identifiers and port offsets.
pub fn prf(key: u128, input: &[u8]) -> u64 {
    let mut hasher = SipHasher24::new_with_keys(key as u64, (key >> 64) as u64);
    hasher.write(input);
    hasher.finish()
}

/// Builds the hashers of tables whose keys the wire chooses: keyed, so that nobody can aim for one bucket.
#[derive(Debug, Clone, Copy)]
pub struct KeyedState(u64, u64);

impl KeyedState {
    /// A fresh key from `rng`.
    pub fn new(rng: &mut Rng) -> Self {
        Self(rng.next_u64(), rng.next_u64())
    }

    /// As `key` says.
    pub const fn from_key(key: u128) -> Self {
        Self(key as u64, (key >> 64) as u64)
    }
}

impl BuildHasher for KeyedState {
    type Hasher = SipHasher13;
    fn build_hasher(&self) -> SipHasher13 {
        SipHasher13::new_with_keys(self.0, self.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_seed_same_numbers_other_seed_others() {
        let numbers = |seed| {
            let mut rng = Rng::new(seed);
            [rng.next_u64(), rng.next_u64(), u64::from(rng.next_u32())]
        };
        assert_eq!(numbers(7), numbers(7));
        assert_ne!(numbers(7), numbers(8));
    }

    #[test]
    fn below_stays_below_and_reaches_all() {
        let mut rng = Rng::new(1);
        let mut seen = [false; 6];
        for _ in 0..200 {
            seen[rng.below(6) as usize] = true;
        }
        assert_eq!(seen, [true; 6]);
        assert_eq!(rng.below(0), 0);
    }
}
