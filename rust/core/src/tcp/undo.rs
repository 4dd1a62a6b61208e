//! Whether what was sent again had been lost at all: DSACK (RFC 2883, RFC 3708), timestamps (Eifel, RFC 3522), and
//! for a timeout what comes next (F-RTO, RFC 5682, in `recovery`). If not, the window takes its cut back.

use crate::wire::SeqNumber;

/// One repair, from its first retransmission on.
#[derive(Debug, Default)]
pub(super) struct Undo {
    /// SND.UNA when the repair began; `None` when there is nothing to take back.
    since: Option<SeqNumber>,
    /// Segments that went out again and of whose second copy no DSACK told yet.
    pending: u32,
    /// TSval of the first of them.
    stamp: Option<u32>,
    /// The ACK that could tell by timestamps has come: what goes out again later has another stamp.
    answered: bool,
}

impl Undo {
    /// A repair begins.
    pub(super) const fn begin(&mut self, una: SeqNumber) {
        *self = Self { since: Some(una), pending: 0, stamp: None, answered: false };
    }

    /// A timeout, in the middle of a repair maybe: only that can be taken back now. Copies that the repair sent before
    /// are still to be reported, and must not pass for those that the timeout sends.
    pub(super) const fn begin_anew(&mut self, una: SeqNumber) {
        let pending = if self.since.is_some() { self.pending } else { 0 };
        *self = Self { since: Some(una), pending, stamp: None, answered: false };
    }

    /// There is nothing to take back any more.
    pub(super) const fn end(&mut self) {
        self.since = None;
    }

    /// Segments of the repair leave, with this timestamp.
    pub(super) fn on_resent(&mut self, segments: u32, stamp: Option<u32>) {
        if self.since.is_some() {
            self.pending += segments;
            self.stamp = self.stamp.or_else(|| stamp.filter(|_| !self.answered));
        }
    }

    /// The peer had `segments` from `left` on already. True if it had all that was sent again.
    pub(super) fn on_dsack(&mut self, left: SeqNumber, segments: u32) -> bool {
        if self.pending == 0 || self.since.is_none_or(|since| left.before(since)) {
            return false;
        }
        self.pending = self.pending.saturating_sub(segments);
        //= rfc3708#3   every retransmission of the repair was one too many
        self.pending == 0
    }

    /// An ACK, the first to cover what was sent again, echoes `echo`. True if that is older than the retransmission.
    pub(super) fn is_original(&self, echo: u32) -> bool {
        //= rfc3522#3.2   step 5: the ACK answers the original
        self.since.is_some() && self.stamp.is_some_and(|stamp| (echo.wrapping_sub(stamp) as i32) < 0)
    }

    /// The first ACK that could tell has come.
    pub(super) const fn on_answered(&mut self) {
        (self.stamp, self.answered) = (None, true);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_copy_has_to_be_reported() {
        let mut undo = Undo::default();
        undo.begin(SeqNumber(100));
        undo.on_resent(2, None);
        assert!(!undo.on_dsack(SeqNumber(90), 5), "of an earlier repair");
        assert!(!undo.on_dsack(SeqNumber(100), 1));
        assert!(undo.on_dsack(SeqNumber(200), 1));
        assert!(!undo.on_dsack(SeqNumber(200), 1), "once");
    }

    #[test]
    fn copies_of_the_repair_do_not_pass_for_those_of_the_timeout() {
        let mut undo = Undo::default();
        undo.begin(SeqNumber(100));
        undo.on_resent(2, None);
        undo.begin_anew(SeqNumber(100));
        undo.on_resent(1, None);
        assert!(!undo.on_dsack(SeqNumber(100), 2), "both may be the repair's");
        assert!(undo.on_dsack(SeqNumber(100), 1));
        undo.end();
        undo.begin_anew(SeqNumber(200));
        undo.on_resent(1, None);
        assert!(undo.on_dsack(SeqNumber(200), 1), "what is over counts no more");
    }

    #[test]
    fn an_older_echo_answers_the_original() {
        let mut undo = Undo::default();
        assert!(!undo.is_original(5));
        undo.begin(SeqNumber(0));
        undo.on_resent(1, Some(10));
        undo.on_resent(1, Some(20));
        assert!(undo.is_original(9) && !undo.is_original(10) && !undo.is_original(15));
        undo.on_answered();
        assert!(!undo.is_original(9));
        undo.on_resent(1, Some(30));
        assert!(!undo.is_original(20), "the answer to the second of them, not to an original");
    }
}
