//! A window once promised is kept.

use super::{Case, Judgment, ensure};
use crate::wire::TcpFlags;

pub(super) fn judge(case: &Case<'_>) -> Judgment {
    let segment = case.segment;
    // A SYN sent again has room for less than was promised since (Fast Open), and its peer has seen it before.
    let told = segment.has(TcpFlags::ACK) && !segment.has(TcpFlags::SYN) && !case.parked;
    let Some(edge) = case.ledger.edge.filter(|_| told) else { return Ok(()) };
    //= rfc9293#3.8.6 SHLD-14   the right edge does not move to the left
    //= rfc7323#2.4   but by what is lost in scaling
    let slack = (1 << case.ledger.shift()) - 1;
    let now = case.ledger.edge_of(segment);
    ensure((now + slack).at_or_after(edge), || {
        format!(
            "the right edge goes back from {edge} to {now} (ack {}, window {})",
            segment.header.ack, segment.header.window
        )
    })
}
