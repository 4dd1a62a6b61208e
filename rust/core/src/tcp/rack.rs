//! Loss by time: what left earlier than something that was delivered, by more than reordering explains, is lost
//! (RACK, RFC 8985 6).

use super::flight::{Delivery, Flight, Sent};
use crate::time::{Duration, Instant};

/// Recoveries that a widened reordering window lasts without further need (RFC 8985 6.2, step 4).
const PERSIST: u8 = 16;
/// Segments delivered behind a gap that begin a repair at once while no reordering was ever seen (RFC 8985 3.3.2).
const DUP_THRESHOLD: u32 = 3;

/// What the rest of the sender knows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Facts {
    pub(super) srtt: Duration,
    pub(super) min_rtt: Duration,
    pub(super) mss: u32,
    pub(super) in_recovery: bool,
}

/// The state of RFC 8985 5.2 and 5.3.
#[derive(Debug, Default)]
pub(super) struct Rack {
    /// Of all delivered, the record that left last (RACK.xmit_ts and RACK.end_seq).
    newest: Option<Sent>,
    /// Its round trip.
    rtt: Duration,
    reordering_seen: bool,
    /// RACK.reo_wnd_mult, less one.
    widened: u32,
    persist: u8,
    /// Bytes delivered before which another DSACK belongs to the same round.
    dsack_round: u64,
}

impl Rack {
    /// Steps 1 to 3: what was delivered. `stale` tells that the ACK, by its timestamp, answers an earlier departure of
    /// what was sent again.
    pub(super) fn on_delivery(&mut self, now: Instant, told: &Delivery, min_rtt: Duration, stale: bool) {
        self.reordering_seen |= told.reordered;
        let Some(newest) = told.newest else { return };
        let rtt = now.since(newest.at);
        //= rfc8985#6.2   step 2: an answer that came too soon is that to the original, not to what was sent again
        if newest.resent && (stale || rtt < min_rtt) {
            return;
        }
        self.rtt = rtt;
        if self.newest.is_none_or(|known| known.left_before(&newest)) {
            self.newest = Some(newest);
        }
    }

    /// A DSACK came: something was sent again in vain. At most once a round trip, by bytes `delivered`, of which
    /// `out` are still to come.
    pub(super) const fn on_dsack(&mut self, delivered: u64, out: u32) {
        if delivered >= self.dsack_round {
            //= rfc8985#6.2   step 4: a wider window for whoever reorders
            self.dsack_round = delivered + out as u64 + 1;
            self.widened += 1;
            self.persist = PERSIST;
        }
    }

    /// A repair proved to have been none: what was sent again had only been late. RFC 8985 would see that only in what
    /// was not sent again, and a path that is late by more than three segments would never show it.
    pub(super) const fn on_reordering(&mut self) {
        self.reordering_seen = true;
    }

    /// A recovery ended.
    pub(super) const fn on_recovered(&mut self) {
        self.persist = self.persist.saturating_sub(1);
        if self.persist == 0 {
            self.widened = 0;
        }
    }

    /// How much later than its successor a segment may come (step 4).
    pub(super) fn window(&self, facts: Facts, delivered: u32) -> Duration {
        if !self.reordering_seen {
            //= rfc8985#6.2   no allowance where nothing was ever reordered and the evidence is plain
            if facts.in_recovery || delivered >= DUP_THRESHOLD * facts.mss {
                return Duration::ZERO;
            }
        }
        (facts.min_rtt.div(4) * u64::from(self.widened + 1)).min(facts.srtt)
    }

    /// Step 5: give up what was overtaken. When the next may have to be given up, if no ACK comes.
    pub(super) fn detect(&self, now: Instant, flight: &mut Flight, facts: Facts) -> Option<Instant> {
        let newest = self.newest?;
        let window = self.window(facts, flight.delivered());
        let due = |sent: &Sent| sent.at + self.rtt + window;
        let left = flight.lose_while(|sent| sent.left_before(&newest) && due(sent) <= now)?;
        left.left_before(&newest).then(|| due(&left))
    }

    /// Whether reordering was seen, for display.
    pub(super) const fn reordering_seen(&self) -> bool {
        self.reordering_seen
    }
}
