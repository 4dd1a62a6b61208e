//! Where decisions come from: the fuzzer's bytes, or a seeded generator.

use tapip_core::rng::Rng;

/// A source of decisions.
pub enum Dice<'a> {
    /// The fuzzer's bytes; zeros once they are used up.
    Bytes(&'a [u8]),
    /// As many as wanted.
    Rng(Box<Rng>),
}

impl Dice<'_> {
    /// A generator that repeats for the same seed.
    pub fn seeded(seed: u128) -> Self {
        Self::Rng(Box::new(Rng::new(seed)))
    }

    /// Whether the source is used up.
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Bytes([]))
    }

    /// Any byte.
    pub fn byte(&mut self) -> u8 {
        match self {
            Self::Bytes(bytes) => match bytes.split_first() {
                Some((first, rest)) => {
                    *bytes = rest;
                    *first
                }
                None => 0,
            },
            Self::Rng(rng) => rng.next_u32() as u8,
        }
    }

    /// Any 32 bits.
    pub fn word(&mut self) -> u32 {
        match self {
            Self::Bytes(_) => u32::from_be_bytes(std::array::from_fn(|_| self.byte())),
            Self::Rng(rng) => rng.next_u32(),
        }
    }

    /// A number in `0..bound`; `bound` is at least 1. Small bounds cost one byte.
    pub fn below(&mut self, bound: usize) -> usize {
        if bound <= 256 { usize::from(self.byte()) % bound } else { self.word() as usize % bound }
    }

    /// True once in `of` times.
    pub fn one_in(&mut self, of: usize) -> bool {
        // Not the remainder 0: a source that is used up decides for "no".
        self.below(of) == of - 1
    }

    /// One of `choices`.
    pub fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }
}
