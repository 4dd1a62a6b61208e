//! A sender stays within its congestion window.
//!
//! By what the connection tells of itself: the pipe with this segment in it, and the window. Limited transmit (RFC 3042)
//! needs no exception, for what duplicates tell of has left the pipe.

use super::{Case, Judgment, ensure};
use crate::sim::Live;
use crate::wire::TcpFlags;

pub(super) fn judge(case: &Case<'_>) -> Judgment {
    let segment = case.segment;
    let Some(live) = case.live.filter(|live| live.cwnd > 0 && !case.parked) else { return Ok(()) };
    if segment.end() == segment.header.seq || segment.has(TcpFlags::SYN) {
        return Ok(());
    }
    // A FIN takes a number and no place in the network.
    if segment.payload.is_empty() {
        return Ok(());
    }
    let allowed = live.cwnd + u32::from(segment.has(TcpFlags::FIN));
    if live.pipe <= allowed || is_probe(case, live) || may_be_first(case, live) {
        return Ok(());
    }
    //= rfc5681#3.1   no more in flight than the congestion window, nor than RFC 6675's pipe in a repair
    ensure(false, || {
        let kind = if case.ledger.is_resent(segment) { "a retransmission" } else { "new data" };
        let seq = segment.header.seq;
        format!("{kind} at {seq} makes the pipe {} with a window of {}", live.pipe, live.cwnd)
    })
}

/// A tail loss probe, or a probe of a closed window or of a silent peer.
fn is_probe(case: &Case<'_>, live: &Live) -> bool {
    let Some(last) = &case.ledger.last else { return false };
    //= rfc8985#7.3   a probe leaves whatever the window says
    let probes = |live: &Live| live.tail_probes + live.window_probes + live.keep_alives;
    probes(live) > probes(last)
}

/// The first segment of a repair.
fn may_be_first(case: &Case<'_>, live: &Live) -> bool {
    let segment = case.segment;
    if !case.ledger.is_resent(segment) {
        return false;
    }
    let length = segment.end().distance(segment.header.seq).unsigned_abs();
    let Some(before) = &case.ledger.last_resent else { return true };
    //= rfc6675#5   the first retransmission goes at once; so does the next hole where there is no SACK (RFC 6582 3.2), and
    // the first segment after the path grew narrower
    live.repairs > before.repairs
        || live.mtu != before.mtu
        || !live.sack && live.una != before.una
        || live.pipe <= length
}
