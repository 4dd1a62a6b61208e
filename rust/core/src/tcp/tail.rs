//! Tail loss probe (RFC 8985 7): when ACKs stop coming, one segment more goes out early, so that a loss at the end of a
//! flight shows by SACK and costs two round trips, not a retransmission timeout.

use crate::time::Duration;
use crate::wire::SeqNumber;

/// Before anything was measured (RFC 8985 7.2).
const INITIAL: Duration = Duration::from_secs(1);
/// How long a receiver may keep the ACK of a lone segment (TLP.max_ack_delay, RFC 8985 7.2): Linux's and most others'.
const MAX_ACK_DELAY: Duration = Duration::from_millis(200);
/// A driver's sleep may be this late; a probe sooner than that after the round trip would often be in vain.
const SLACK: Duration = Duration::from_millis(2);

/// The state of RFC 8985 7.1.
#[derive(Debug, Default)]
pub(super) struct Tail {
    /// A probe is to leave now.
    pub(super) due: bool,
    /// What was sent when the last probe left, if it is not answered yet (TLP.end_seq).
    end: Option<SeqNumber>,
    /// That probe had been sent before (TLP.is_retrans).
    resent: bool,
}

impl Tail {
    /// A probe never leaves sooner: more ACKs may be right behind the one at hand.
    pub(super) const LEAST: Duration = SLACK;

    /// Whether a probe waits for its answer.
    pub(super) const fn is_out(&self) -> bool {
        self.end.is_some()
    }

    /// How long after the last departure the probe leaves. RFC 8985 counts from the last ACK, too; but an ACK that was
    /// delayed for want of the lost segment would put the probe off by as much.
    pub(super) fn timeout(srtt: Option<Duration>, alone: bool) -> Duration {
        let Some(srtt) = srtt else { return INITIAL };
        //= rfc8985#7.2   two round trips, and for a flight of one what its ACK may be delayed
        srtt * 2 + if alone { MAX_ACK_DELAY } else { SLACK }
    }

    /// A probe left; all up to `end` was sent then.
    pub(super) const fn on_sent(&mut self, end: SeqNumber, resent: bool) {
        (self.due, self.end, self.resent) = (false, Some(end), resent);
    }

    /// Retransmission by other means begins.
    pub(super) const fn cancel(&mut self) {
        (self.due, self.end) = (false, None);
    }

    /// An ACK came. True if the probe repaired a loss that nothing else tells of: the window has to answer for it
    /// (RFC 8985 7.4.2). `doubled` tells that its DSACK covers the probe, `bare` that it is a duplicate without SACK.
    pub(super) fn on_ack(&mut self, ack: SeqNumber, doubled: bool, bare: bool) -> bool {
        let Some(end) = self.end else { return false };
        if ack.before(end) {
            return false;
        }
        if !self.resent || doubled || (ack == end && bare) {
            //= rfc8985#7.4.2   new data got through, or original and probe both did
            self.end = None;
        } else if ack.after(end) {
            //= rfc8985#7.4.2   acknowledged beyond, and no sign of a second copy: the original was lost
            self.end = None;
            return true;
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const END: SeqNumber = SeqNumber(100);

    fn probed(resent: bool) -> Tail {
        let mut tail = Tail::default();
        tail.on_sent(END, resent);
        tail
    }

    #[test]
    fn a_copy_that_was_needed_is_a_loss_and_one_in_vain_is_none() {
        assert!(probed(true).on_ack(END + 1, false, false));
        assert!(!probed(true).on_ack(END, true, false));
        assert!(!probed(true).on_ack(END, false, true));
        assert!(!probed(false).on_ack(END + 1, false, false));
    }

    #[test]
    fn it_waits_until_the_probe_is_covered() {
        let mut tail = probed(true);
        assert!(!tail.on_ack(END - 1, false, false));
        assert!(tail.is_out());
        assert!(!tail.on_ack(END, false, false));
        assert!(tail.is_out(), "the next ACK tells");
        assert!(tail.on_ack(END + 5, false, false));
        assert!(!tail.is_out());
    }
}
