//! When AccECN's option goes along (RFC 9768 3.2.3.3).
//!
//! Pure ACKs have room for it, so it is on all of them where the knob is 2. On data it would make every segment smaller;
//! there, and on ACKs where the knob is 1, it goes where it must: with the first data, at each edge between counters
//! and with the ACK behind it, and a few times a round trip.

use crate::time::{Duration, Instant};

/// How many segments tell of an edge: the first shows two counters moved, the second which one goes on.
const TELLINGS: u8 = 2;

/// See the module.
#[derive(Debug)]
pub(super) struct Schedule {
    /// The knob: 0 never, 1 where it must, 2 on every pure ACK.
    level: u8,
    /// Times a round trip at least.
    beacon: u8,
    /// Segments that must have it.
    owed: u8,
    /// None went with data yet.
    first_data: bool,
    /// When it went last.
    last: Option<Instant>,
}

impl Schedule {
    pub(super) const fn new(level: u8, beacon: u8) -> Self {
        //= rfc9768#3.2.3.2.1   on the client's first ACK and on its first data
        Self { level, beacon, owed: 1, first_data: true, last: None }
    }

    /// Another counter moves.
    pub(super) const fn on_edge(&mut self) {
        self.owed = TELLINGS;
    }

    /// Whether it goes with a segment that leaves now.
    pub(super) fn is_due(&self, now: Instant, srtt: Option<Duration>, data: bool) -> bool {
        if self.level == 0 {
            return false;
        }
        //= rfc9768#3.2.3.3   continual repetition: three times a round trip, unless fewer ACKs go
        let beacon = self.beacon > 0
            && self.last.zip(srtt).is_none_or(|(last, srtt)| now >= last + srtt.div(u64::from(self.beacon)));
        (self.level > 1 && !data) || self.owed > 0 || (data && self.first_data) || beacon
    }

    /// It went.
    pub(super) const fn on_sent(&mut self, now: Instant, data: bool) {
        self.owed = self.owed.saturating_sub(1);
        self.first_data &= !data;
        self.last = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RTT: Option<Duration> = Some(Duration::from_millis(30));

    fn at(millis: u64) -> Instant {
        Instant::from_millis(millis)
    }

    //= rfc9768#3.2.3.3   type=test
    #[test]
    fn sparingly_means_edges_and_a_beacon() {
        let mut schedule = Schedule::new(1, 3);
        assert!(schedule.is_due(at(0), RTT, false), "the first ACK");
        schedule.on_sent(at(0), false);
        assert!(!schedule.is_due(at(9), RTT, false));
        assert!(schedule.is_due(at(9), RTT, true), "the first data");
        schedule.on_sent(at(9), true);
        assert!(
            !schedule.is_due(at(18), RTT, true) && schedule.is_due(at(19), RTT, true),
            "three a round trip"
        );
        schedule.on_edge();
        for _ in 0..2 {
            assert!(schedule.is_due(at(10), RTT, false), "the edge and the ACK behind it");
            schedule.on_sent(at(10), false);
        }
        assert!(!schedule.is_due(at(11), RTT, false));
    }

    #[test]
    fn fully_means_every_ack_but_not_all_data() {
        let mut schedule = Schedule::new(2, 3);
        schedule.on_sent(at(0), true);
        assert!(schedule.is_due(at(1), RTT, false) && !schedule.is_due(at(1), RTT, true));
        assert!(!Schedule::new(0, 3).is_due(at(1), RTT, false));
    }
}
