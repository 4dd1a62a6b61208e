//! A sender stays within its peer's window.

use super::{Case, Judgment, ensure};
use crate::wire::TcpFlags;

pub(super) fn judge(case: &Case<'_>) -> Judgment {
    let segment = case.segment;
    let Some(edge) = case.ledger.peer_edge.filter(|_| !segment.has(TcpFlags::SYN)) else { return Ok(()) };
    //= rfc9293#3.8.6.1 MUST-34   a byte that asks whether the window is still closed
    let probes = |live: &crate::sim::Live| live.window_probes;
    let before = case.ledger.last.as_ref().map_or(0, probes);
    let probe = segment.payload.len() <= 1 && case.live.is_none_or(|live| probes(live) > before);
    if segment.end() == segment.header.seq || probe {
        return Ok(());
    }
    //= rfc9293#3.8.6 SHLD-15   neither data nor FIN beyond the right edge, as the peer told it
    ensure(segment.end().at_or_before(edge), || {
        let (seq, end) = (segment.header.seq, segment.end());
        format!("sends {seq} to {end}, but the peer's window ends at {edge}")
    })
}
