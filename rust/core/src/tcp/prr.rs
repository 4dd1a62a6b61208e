//! Proportional Rate Reduction (RFC 9937): how the window comes down to its threshold during fast recovery, in step
//! with what is delivered, without a pause at first and a burst at the end.

/// The state of one recovery.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Prr {
    /// In flight when the recovery began (RecoverFS).
    flight: u32,
    /// Delivered since (prr_delivered).
    delivered: u64,
    /// Sent since (prr_out).
    sent: u64,
    /// How much may be in flight now.
    window: u32,
}

impl Prr {
    /// A recovery begins, by an ACK that delivered `bytes`, with `outstanding` bytes unacknowledged and `held` of them
    /// held by the peer, both after that ACK.
    pub(super) fn new(outstanding: u32, held: u32, bytes: u32) -> Self {
        //= rfc9937#6.2   what the peer held before is not to be delivered any more; what this ACK told of is
        let flight = outstanding.saturating_sub(held) + bytes;
        Self { flight: flight.max(1), ..Self::default() }
    }

    /// An ACK delivered `bytes`; `safe` when it moved on in order and told of no further loss.
    pub(super) fn on_ack(&mut self, bytes: u32, in_flight: u32, threshold: u32, mss: u32, safe: bool) {
        self.delivered += u64::from(bytes);
        let allowed = if in_flight > threshold {
            //= rfc9937#6.2   proportional: out for in, as threshold to flight
            let share = (self.delivered * u64::from(threshold)).div_ceil(u64::from(self.flight));
            share.saturating_sub(self.sent)
        } else {
            //= rfc9937#6.2   below the threshold: what was delivered, and a segment more while all goes well
            let owed = self.delivered.saturating_sub(self.sent).max(u64::from(bytes));
            let owed = if safe { owed + u64::from(mss) } else { owed };
            owed.min(u64::from(threshold - in_flight))
        };
        //= rfc9937#6.2   the first segment goes out whatever the count says
        let least = if self.sent == 0 { u64::from(mss) } else { 0 };
        self.window = in_flight.saturating_add(allowed.max(least).min(u64::from(u32::MAX)) as u32);
    }

    /// `bytes` leave.
    pub(super) const fn on_sent(&mut self, bytes: u32) {
        self.sent += bytes as u64;
    }

    /// How much may be in flight.
    pub(super) const fn window(&self) -> u32 {
        self.window
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MSS: u32 = 1_000;

    #[test]
    fn one_loss_of_twenty_sends_one_for_two_until_the_threshold() {
        // 20 out, segment 1 lost, the third duplicate begins it; Reno's threshold is 10.
        let mut prr = Prr::new(20 * MSS, 3 * MSS, MSS);
        let mut in_flight = 20 * MSS - 3 * MSS - MSS;
        let mut sent = 0;
        for _ in 0..16 {
            prr.on_ack(MSS, in_flight, 10 * MSS, MSS, false);
            while in_flight + MSS <= prr.window() {
                in_flight += MSS;
                sent += 1;
                prr.on_sent(MSS);
            }
            in_flight -= MSS;
        }
        assert!((8..=10).contains(&sent), "about half of what was delivered: {sent}");
    }

    #[test]
    fn the_first_retransmission_is_never_held_back() {
        let mut prr = Prr::new(100 * MSS, 3 * MSS, 0);
        prr.on_ack(0, 96 * MSS, 50 * MSS, MSS, false);
        assert_eq!(prr.window(), 97 * MSS);
    }

    #[test]
    fn after_heavy_loss_it_never_sends_more_than_was_delivered_unless_all_goes_well() {
        let mut prr = Prr::new(100 * MSS, 10 * MSS, MSS);
        prr.on_sent(MSS);
        prr.on_ack(2 * MSS, 4 * MSS, 50 * MSS, MSS, false);
        assert_eq!(prr.window(), 6 * MSS);
        prr.on_ack(2 * MSS, 4 * MSS, 50 * MSS, MSS, true);
        assert_eq!(prr.window(), 4 * MSS + 4 * MSS);
    }
}
