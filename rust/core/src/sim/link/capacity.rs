//! Capacity that varies as it did somewhere: traces in Mahimahi's file format.
//!
//! A trace is a text of one number a line: milliseconds from its start, never decreasing. Each line is an opportunity to
//! deliver one full frame; an opportunity that nobody uses is lost. After its last line the trace begins anew, at the time
//! of that line.

use crate::sim::ImpairmentError;
use crate::sim::impairment::ensure;
use crate::time::{Duration, Instant};

/// When a link may send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CapacityTrace {
    /// Milliseconds of the opportunities of one round.
    millis: Vec<u64>,
}

impl CapacityTrace {
    /// Bytes of an opportunity: an Ethernet frame of 1500 bytes of payload (where Mahimahi counts 1504 for the same packet).
    pub const OPPORTUNITY: u64 = 1_514;

    /// Read a trace.
    pub fn parse(text: &str) -> Result<Self, ImpairmentError> {
        let allowed = "lines of milliseconds that never decrease, the last above 0";
        let mut millis: Vec<u64> = Vec::new();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let value = line.parse().ok().filter(|value| millis.last().is_none_or(|last| last <= value));
            ensure(value.is_some(), "capacity", line, allowed)?;
            millis.extend(value);
        }
        let last = millis.last().copied().unwrap_or_default();
        ensure(last > 0, "capacity", format!("{} lines", millis.len()), allowed)?;
        Ok(Self { millis })
    }

    /// How long one round lasts.
    pub fn period(&self) -> Duration {
        Duration::from_millis(self.millis.last().copied().unwrap_or_default())
    }

    /// When the opportunity of this number is, in a trace that began at `start`.
    pub(super) fn time(&self, start: Instant, number: u64) -> Instant {
        let count = self.millis.len() as u64;
        let (round, line) = (number / count, (number % count) as usize);
        start + self.period() * round + Duration::from_millis(self.millis[line])
    }

    /// The number of the first opportunity at `now` or later.
    pub(super) fn first_from(&self, start: Instant, now: Instant) -> u64 {
        let since = now.since(start).as_nanos();
        let period = self.period().as_nanos();
        // The last line of a round and the first lines of the next may share their time: look from the round before.
        let round = (since / period).saturating_sub(1);
        let count = self.millis.len() as u64;
        let mut number = round * count;
        for _ in 0..2 {
            let base = number / count * period;
            let later = |millis: &u64| base + millis * 1_000_000 < since;
            let line = self.millis.partition_point(later) as u64;
            number = number / count * count + line;
            if line < count {
                return number;
            }
        }
        number
    }
}
