//! TCP sequence numbers: arithmetic modulo 2^32 (RFC 9293 3.4).

use std::fmt;
use std::ops::{Add, AddAssign, Sub};

#[cfg(test)]
mod tests;

/// A sequence number. Comparisons are by methods, since the order is circular and so no `Ord`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct SeqNumber(pub u32);

impl SeqNumber {
    /// How far `self` is ahead of `other`: negative when behind.
    pub const fn distance(self, other: Self) -> i32 {
        self.0.wrapping_sub(other.0) as i32
    }

    /// `self` comes before `other`.
    pub const fn before(self, other: Self) -> bool {
        self.distance(other) < 0
    }

    /// `self` comes after `other`.
    pub const fn after(self, other: Self) -> bool {
        self.distance(other) > 0
    }

    /// `self` is `other` or comes before it.
    pub const fn at_or_before(self, other: Self) -> bool {
        self.distance(other) <= 0
    }

    /// `self` is `other` or comes after it.
    pub const fn at_or_after(self, other: Self) -> bool {
        self.distance(other) >= 0
    }

    /// The later of the two.
    pub const fn max(self, other: Self) -> Self {
        if self.after(other) { self } else { other }
    }

    /// The earlier of the two.
    pub const fn min(self, other: Self) -> Self {
        if self.before(other) { self } else { other }
    }
}

impl Add<u32> for SeqNumber {
    type Output = Self;
    fn add(self, count: u32) -> Self {
        Self(self.0.wrapping_add(count))
    }
}

impl AddAssign<u32> for SeqNumber {
    fn add_assign(&mut self, count: u32) {
        *self = *self + count;
    }
}

impl Sub<u32> for SeqNumber {
    type Output = Self;
    fn sub(self, count: u32) -> Self {
        Self(self.0.wrapping_sub(count))
    }
}

impl fmt::Display for SeqNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for SeqNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
