//! Values over time, as many as memory allows: when the series is full, every second value goes, and from then on
//! values are taken no more often than the rest stand apart in the mean.

use crate::time::{Duration, Instant};

/// A bounded series of values, each of which knows its time.
#[derive(Debug, Clone)]
pub struct Series<T> {
    rows: Vec<T>,
    capacity: usize,
    /// The least time between two values.
    spacing: Duration,
    /// No value is taken before this.
    next: Instant,
    /// When the first value was taken.
    first: Option<Instant>,
}

impl<T> Series<T> {
    /// The spacing after the first thinning, from which it doubles: a frame of 1500 bytes at 10 Gbit/s lasts so long.
    const FIRST_SPACING: Duration = Duration::from_nanos(1_200);

    /// An empty series that holds up to `capacity` values; 0 takes none.
    pub const fn new(capacity: usize) -> Self {
        let next = if capacity == 0 { Instant::FAR_FUTURE } else { Instant::ZERO };
        Self { rows: Vec::new(), capacity, spacing: Duration::ZERO, next, first: None }
    }

    /// Whether a value of this time would be taken: asked first where values are dear.
    pub fn wants(&self, now: Instant) -> bool {
        now >= self.next
    }

    /// Add a value of the time `now`, unless it comes too soon after the last.
    pub fn push(&mut self, now: Instant, row: T) {
        if !self.wants(now) || self.capacity == 0 {
            return;
        }
        let first = *self.first.get_or_insert(now);
        self.rows.push(row);
        if self.rows.len() >= self.capacity.max(2) {
            let mut keep = false;
            self.rows.retain(|_| {
                keep = !keep;
                keep
            });
            // As far apart as those that stay: else it would be the early ones that go, again and again.
            let apart = Duration::from_nanos(now.since(first).as_nanos() / self.rows.len() as u64);
            self.spacing = (self.spacing * 2).max(Self::FIRST_SPACING).max(apart);
        }
        self.next = now + self.spacing;
    }

    /// The values, oldest first.
    pub fn rows(&self) -> &[T] {
        &self.rows
    }

    /// The last value.
    pub fn last(&self) -> Option<&T> {
        self.rows.last()
    }

    /// The least time between two values as it is now: zero as long as every value was kept.
    pub const fn spacing(&self) -> Duration {
        self.spacing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_series_is_thinned_and_then_takes_fewer() {
        let mut series = Series::new(64);
        for nanos in 0..1_000_000u64 {
            series.push(Instant::from_nanos(nanos), nanos);
        }
        let rows = series.rows();
        assert!((32..=64).contains(&rows.len()), "{} rows", rows.len());
        assert_eq!(rows[0], 0);
        assert!(rows.windows(2).all(|pair| pair[1] - pair[0] <= 2 * series.spacing().as_nanos()));
        assert!(rows.last().is_some_and(|last| *last > 900_000));
    }

    #[test]
    fn what_is_kept_lies_evenly_over_the_whole_time() {
        let mut series = Series::new(64);
        for millis in 0..100_000u64 {
            series.push(Instant::from_millis(millis), millis);
        }
        let gaps: Vec<u64> = series.rows().windows(2).map(|pair| pair[1] - pair[0]).collect();
        let (least, most) = (gaps.iter().min(), gaps.iter().max());
        assert!(most <= least.map(|least| least * 3).as_ref(), "from {least:?} to {most:?} apart");
    }

    #[test]
    fn without_room_nothing_is_taken_and_with_enough_everything() {
        let mut none = Series::new(0);
        none.push(Instant::ZERO, 1);
        assert!(none.rows().is_empty());
        let mut all = Series::new(1_000);
        (0..999).for_each(|number| all.push(Instant::ZERO, number));
        assert_eq!((all.rows().len(), all.spacing()), (999, Duration::ZERO));
    }
}
