//! How large a segment the path carries, found out by trying (PLPMTUD: RFC 4821, with the search of RFC 8899).
//!
//! For paths where routers drop what is too large and their ICMP messages are lost as well. A probe is one segment of
//! new data that is larger than all others. When it alone is lost the path does not carry it, and is not congested.
//!
//! All sizes are segments with their TCP options, as the MSS option counts. A connection without doubts has no `Search`.

use super::Config;
use crate::time::{Duration, Instant};
use crate::wire::SeqNumber;

/// A size that was lost so often is too large (MAX_PROBES, RFC 8899 5.1.2).
const TRIES: u8 = 3;

/// The search of one connection.
#[derive(Debug)]
pub(super) struct Search {
    /// Segments of this size arrive, or must be hoped to.
    proven: u16,
    /// Larger ones do not, or may not be sent.
    limit: u16,
    /// What interface, peer and ICMP allow: the limit of a new search.
    ceiling: u16,
    /// What is tried next.
    next: u16,
    tries: u8,
    probe: Option<Probe>,
    /// No probe before.
    rests_until: Instant,
}

#[derive(Debug)]
struct Probe {
    start: SeqNumber,
    end: SeqNumber,
    size: u16,
}

/// The bounds of the knobs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// A search ends when so few bytes are open.
    pub(super) threshold: u16,
    /// After a search, when the next begins: the path may carry more by then.
    pub(super) interval: Duration,
}

impl Bounds {
    pub(super) const fn of(config: &Config) -> Self {
        Self { threshold: config.probe_threshold, interval: config.probe_interval }
    }
}

impl Search {
    /// `proven` is assumed to pass; the largest of all is tried first, for most paths carry it after all.
    pub(super) fn new(proven: u16, ceiling: u16) -> Self {
        let proven = proven.min(ceiling);
        let rests_until = Instant::ZERO;
        Self { proven, limit: ceiling, ceiling, next: ceiling, tries: 0, probe: None, rests_until }
    }

    /// The segment size for everything but probes.
    pub(super) const fn size(&self) -> u16 {
        self.proven
    }

    /// Interface, peer and ICMP allow `ceiling` now.
    pub(super) fn set_ceiling(&mut self, ceiling: u16) {
        if ceiling > self.ceiling {
            // The path changed for the better: an answer found before is none.
            self.rests_until = Instant::ZERO;
            self.limit = ceiling;
        }
        self.ceiling = ceiling;
        self.limit = self.limit.min(ceiling);
        self.proven = self.proven.min(ceiling);
        self.narrow(self.limit);
    }

    /// The size of the probe to send now, if one is to be sent.
    pub(super) fn wanted(&self, now: Instant) -> Option<u16> {
        let free = self.probe.is_none() && now >= self.rests_until;
        (free && self.next > self.proven).then_some(self.next)
    }

    /// A probe left.
    pub(super) const fn on_sent(&mut self, start: SeqNumber, end: SeqNumber, size: u16) {
        self.probe = Some(Probe { start, end, size });
    }

    /// Where the probe under way begins, and how long it is.
    pub(super) fn probe(&self) -> Option<(SeqNumber, u32)> {
        self.probe.as_ref().map(|probe| (probe.start, probe.end.0.wrapping_sub(probe.start.0)))
    }

    /// All before `una` arrived: true if the probe did, and segments may be as large from now on.
    pub(super) fn on_progress(&mut self, now: Instant, una: SeqNumber, bounds: Bounds) -> bool {
        let Some(probe) = self.probe.take_if(|probe| probe.end.at_or_before(una)) else { return false };
        //= rfc4821#7.6.1   it arrived: all larger than what is proven so far is open
        // But the path may have become narrower since, and ICMP have said so.
        let size = probe.size.min(self.ceiling);
        let grew = size > self.proven;
        self.proven = self.proven.max(size);
        self.limit = self.limit.max(self.proven);
        self.narrow(u16::midpoint(self.proven, self.limit.saturating_add(1)));
        self.rest_if_done(now, bounds);
        grew
    }

    /// The probe was lost, and nothing else.
    pub(super) fn on_lost(&mut self, now: Instant, bounds: Bounds) {
        let Some(probe) = self.probe.take() else { return };
        self.tries += 1;
        if self.tries < TRIES {
            return;
        }
        //= rfc4821#7.6.2   too large
        self.limit = self.limit.min(probe.size.saturating_sub(1)).max(self.proven);
        self.narrow(u16::midpoint(self.proven, self.limit.saturating_add(1)));
        self.rest_if_done(now, bounds);
    }

    /// More than the probe was lost, which tells nothing about its size (RFC 4821 7.6.3).
    pub(super) fn on_doubt(&mut self) {
        self.probe = None;
    }

    /// Nothing comes through any more: segments of `base` bytes, and from there on half of what failed, but not less
    /// than `floor`. True if they shrink by that.
    pub(super) fn on_black_hole(&mut self, base: u16, floor: u16) -> bool {
        //= rfc4821#7.7   a full stop: begin at the bottom
        let before = self.proven;
        let smaller = if before > base { base } else { (before / 2).max(floor) };
        self.proven = smaller.min(before);
        self.probe = None;
        self.narrow(self.ceiling);
        self.limit = self.ceiling;
        self.rests_until = Instant::ZERO;
        self.proven < before
    }

    fn narrow(&mut self, next: u16) {
        self.next = next.min(self.limit);
        self.tries = 0;
    }

    /// Close enough is found; the whole search begins again later.
    fn rest_if_done(&mut self, now: Instant, bounds: Bounds) {
        if self.limit - self.proven < bounds.threshold.max(1) {
            //= rfc8899#5.2   search complete, until the raise timer
            self.rests_until = now + bounds.interval;
            self.limit = self.ceiling;
            self.narrow(self.ceiling);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Instant = Instant::from_secs(1);
    const BOUNDS: Bounds = Bounds { threshold: 8, interval: Duration::from_secs(600) };

    /// Search where `path` passes; the sizes of the probes, and what is proven when it rests.
    fn find(mut search: Search, path: u16) -> (Vec<u16>, Search) {
        let mut sizes = Vec::new();
        while let Some(size) = search.wanted(NOW) {
            let start = SeqNumber(100);
            search.on_sent(start, start + u32::from(size), size);
            assert_eq!(search.wanted(NOW), None, "one at a time");
            if size <= path {
                assert!(search.on_progress(NOW, start + u32::from(size), BOUNDS));
            } else {
                search.on_lost(NOW, BOUNDS);
            }
            sizes.push(size);
            assert!(sizes.len() < 60, "it ends: {sizes:?}");
        }
        (sizes, search)
    }

    #[test]
    fn the_largest_is_tried_first() {
        let (sizes, search) = find(Search::new(1_024, 1_460), 1_460);
        assert_eq!((sizes, search.size()), (vec![1_460], 1_460));
    }

    #[test]
    fn what_passes_is_found_to_within_the_threshold() {
        for path in [1_024, 1_025, 1_200, 1_352, 1_400, 1_459] {
            let (sizes, search) = find(Search::new(1_024, 1_460), path);
            assert!(search.size() <= path && path - search.size() < 8, "{} of {path}", search.size());
            assert_eq!(sizes[..3], [1_460; 3], "three losses are no accident");
        }
    }

    #[test]
    fn a_probe_that_arrives_or_is_lost_after_icmp_lowered_the_ceiling_is_no_larger_than_it() {
        let start = SeqNumber(100);
        let probing = |tries: u8| {
            let mut search = Search::new(1_024, 1_460);
            (0..tries).for_each(|_| {
                search.on_sent(start, start + 1_460, 1_460);
                search.on_lost(NOW, BOUNDS);
            });
            search.on_sent(start, start + 1_460, 1_460);
            search.set_ceiling(1_200);
            search
        };
        let mut search = probing(0);
        assert!(search.on_progress(NOW, start + 1_460, BOUNDS));
        assert_eq!((search.size(), search.wanted(NOW)), (1_200, None));
        let mut search = probing(2);
        search.on_lost(NOW, BOUNDS);
        assert!(search.wanted(NOW).is_none_or(|size| size <= 1_200));
    }

    #[test]
    fn it_looks_again_after_the_interval() {
        let (_, search) = find(Search::new(1_024, 1_460), 1_200);
        assert_eq!(search.wanted(NOW + Duration::from_secs(599)), None);
        assert_eq!(search.wanted(NOW + Duration::from_secs(600)), Some(1_460));
    }

    #[test]
    fn a_black_hole_leads_to_the_base_and_then_to_halves() {
        let mut search = Search::new(8_960, 8_960);
        let sizes: Vec<_> =
            std::iter::from_fn(|| search.on_black_hole(1_024, 48).then(|| search.size())).collect();
        assert_eq!(sizes, [1_024, 512, 256, 128, 64, 48]);
        assert_eq!(search.wanted(NOW), Some(8_960), "and up again");
    }

    #[test]
    fn icmp_lowers_the_ceiling_and_a_wider_link_lifts_it() {
        let (_, mut search) = find(Search::new(1_024, 8_960), 8_960);
        search.set_ceiling(1_400);
        assert_eq!((search.size(), search.wanted(NOW)), (1_400, None));
        search.set_ceiling(8_960);
        assert_eq!((search.size(), search.wanted(NOW)), (1_400, Some(8_960)));
    }

    #[test]
    fn doubt_tells_nothing() {
        let mut search = Search::new(1_024, 1_460);
        for _ in 0..9 {
            search.on_sent(SeqNumber(0), SeqNumber(1_460), 1_460);
            search.on_doubt();
        }
        assert_eq!(search.wanted(NOW), Some(1_460));
    }
}
