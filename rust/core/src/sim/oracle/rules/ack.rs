//! What a segment acknowledges.

use super::{Case, Judgment, ensure};
use crate::wire::TcpFlags;

/// RCV.NXT only moves forward, and an ACK tells it.
pub(super) fn in_order(case: &Case<'_>) -> Judgment {
    let Some(acked) = case.ledger.acked.filter(|_| case.segment.has(TcpFlags::ACK)) else { return Ok(()) };
    //= rfc9293#3.4   the number acknowledged is that of the next byte expected
    let ack = case.segment.header.ack;
    // What waited for its neighbour was written before what went by another way since.
    ensure(case.parked || ack.at_or_after(acked), || format!("{ack} is acknowledged after {acked} was"))
}

/// Everything before the number acknowledged came, by what reached the host.
pub(super) fn covers(case: &Case<'_>) -> Judgment {
    if case.ledger.blind || !case.segment.has(TcpFlags::ACK) {
        return Ok(());
    }
    let Some(end) = case.ledger.in_order() else { return Ok(()) };
    let ack = case.segment.header.ack;
    ensure(ack.at_or_before(end), || format!("{ack} is acknowledged, but only what is before {end} came"))
}
