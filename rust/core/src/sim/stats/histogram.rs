//! Times in classes: exact count, sum, least and greatest, percentiles to better than one part in a hundred.
//!
//! The classes are those of HdrHistogram: 64 to each power of two, so a class is at most 1/64 of its values wide, and its
//! middle is at most 1/128 wrong. Memory grows with the powers of two that occur, 64 at most.

use crate::time::Duration;

const BITS: u32 = 6;
const CLASSES: usize = 1 << BITS;

/// A histogram of durations.
#[derive(Debug, Clone, Default)]
pub struct Histogram {
    /// By power of two, as far as any value reached.
    octaves: Vec<Option<Box<[u64; CLASSES]>>>,
    count: u64,
    sum: u128,
    least: Duration,
    most: Duration,
}

/// A histogram in five numbers; all zero when there was nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Summary {
    /// How many values.
    pub count: u64,
    /// The mean.
    pub mean: Duration,
    /// The median.
    pub p50: Duration,
    /// What one in a hundred exceeds.
    pub p99: Duration,
    /// The greatest.
    pub max: Duration,
}

impl Histogram {
    /// Add a value.
    pub fn record(&mut self, value: Duration) {
        let (octave, class) = place(value.as_nanos());
        if self.octaves.len() <= octave {
            self.octaves.resize(octave + 1, None);
        }
        self.octaves[octave].get_or_insert_with(|| Box::new([0; CLASSES]))[class] += 1;
        self.least = if self.count == 0 { value } else { self.least.min(value) };
        self.most = self.most.max(value);
        self.count += 1;
        self.sum += u128::from(value.as_nanos());
    }

    /// How many values there are.
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// The mean, or zero.
    pub fn mean(&self) -> Duration {
        let mean = self.sum.checked_div(u128::from(self.count)).unwrap_or_default();
        Duration::from_nanos(u64::try_from(mean).unwrap_or(u64::MAX))
    }

    /// The least value, or zero.
    pub const fn least(&self) -> Duration {
        self.least
    }

    /// The greatest value, or zero.
    pub const fn most(&self) -> Duration {
        self.most
    }

    /// The value that so many of a thousand do not exceed, or zero.
    pub fn permille(&self, part: u32) -> Duration {
        let rank = (u128::from(self.count) * u128::from(part.min(1_000))).div_ceil(1_000).max(1);
        let mut seen = 0;
        for (octave, classes) in self.octaves.iter().enumerate() {
            let Some(classes) = classes else { continue };
            for (class, count) in classes.iter().enumerate() {
                seen += u128::from(*count);
                if seen >= rank {
                    let middle = Duration::from_nanos(middle(octave, class));
                    return middle.max(self.least).min(self.most);
                }
            }
        }
        Duration::ZERO
    }

    /// The five numbers.
    pub fn summary(&self) -> Summary {
        Summary {
            count: self.count,
            mean: self.mean(),
            p50: self.permille(500),
            p99: self.permille(990),
            max: self.most,
        }
    }
}

/// Octave and class of a value: those below 64 have a class of their own each, in octave 0.
const fn place(value: u64) -> (usize, usize) {
    let octave = (u64::BITS - (value >> BITS).leading_zeros()) as usize;
    let shift = octave.saturating_sub(1);
    (octave, (value >> shift) as usize % CLASSES)
}

/// The middle of a class.
const fn middle(octave: usize, class: usize) -> u64 {
    if octave == 0 {
        return class as u64;
    }
    let width = 1u64 << (octave - 1);
    (((CLASSES + class) as u64) << (octave - 1)) + width / 2
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn nothing_is_all_zero() {
        assert_eq!(Histogram::default().summary(), Summary::default());
    }

    #[test]
    fn small_values_are_exact() {
        let mut histogram = Histogram::default();
        (1..=100).map(Duration::from_nanos).for_each(|value| histogram.record(value));
        let summary = histogram.summary();
        assert_eq!((summary.p50.as_nanos(), summary.p99.as_nanos(), summary.max.as_nanos()), (50, 99, 100));
        assert_eq!(summary.mean.as_nanos(), 50);
    }

    proptest! {
        #[test]
        fn percentiles_are_within_one_part_in_a_hundred(mut values in prop::collection::vec(0..u64::MAX, 1..300)) {
            let mut histogram = Histogram::default();
            values.iter().for_each(|value| histogram.record(Duration::from_nanos(*value)));
            values.sort_unstable();
            for part in [1, 500, 990, 1_000] {
                let rank = (values.len() as u64 * part).div_ceil(1_000).max(1);
                let exact = values[rank as usize - 1];
                let found = histogram.permille(part as u32).as_nanos();
                prop_assert!(found.abs_diff(exact) <= exact / 100, "{found} is not {exact}");
            }
        }
    }
}
