//! A host's memory is finite, and so is what it may take of it.

use super::{Case, Judgment, ensure};
use crate::stack::Memory;

/// Of what a stack holds.
pub(in crate::sim::oracle) fn of_host(memory: &Memory) -> Judgment {
    ensure(memory.packets_used <= memory.packets_limit, || {
        format!("{} packet buffers are in use, {} may be", memory.packets_used, memory.packets_limit)
    })
}

/// Of what a connection holds: what its window let in, and what its send buffer takes.
pub(super) fn of_connection(case: &Case<'_>) -> Judgment {
    let Some(live) = case.live else { return Ok(()) };
    // An application may set the bound below what it has queued: that is to be sent all the same, and nothing is added.
    let before = case.ledger.last.as_ref().map_or(usize::MAX, |last| last.send_queue.max(last.send_limit));
    ensure(live.send_queue <= live.send_limit.max(before), || {
        format!("{} bytes are queued to be sent, {} may be", live.send_queue, live.send_limit)
    })?;
    let (Some(edge), Some(acked)) = (case.ledger.edge, case.ledger.acked) else { return Ok(()) };
    //= rfc9293#3.8.6   nothing beyond the window is kept
    let most = edge.distance(acked).max(0).unsigned_abs() as usize;
    ensure(live.out_of_order <= most, || {
        format!("{} bytes are held out of order, the window had room for {most}", live.out_of_order)
    })
}
