//! Backing off.

use super::{Case, Judgment, ensure};
use crate::time::Duration;

/// A timer may be early by so much: two ticks of the wheel.
const TICKS: Duration = Duration::from_micros(2);

pub(super) fn judge(case: &Case<'_>) -> Judgment {
    let (Some(live), Some(last)) = (case.live, &case.ledger.last) else { return Ok(()) };
    let silent = case.ledger.received == case.ledger.last_received;
    //= rfc6298#5.7   the backed-off value stays until something comes that tells better
    ensure(!silent || live.backoff >= last.backoff, || {
        format!("{} doublings after {}, though nothing came", live.backoff, last.backoff)
    })?;
    if live.backoff <= last.backoff || live.una != last.una || !silent {
        return Ok(());
    }
    //= rfc6298#5.5   each timeout no shorter than the one before
    ensure(live.rto >= last.rto, || format!("the timeout falls from {:?} to {:?}", last.rto, live.rto))?;
    let Some(before) = &case.ledger.last_timeout else { return Ok(()) };
    let asked = case.parked || case.asked.is_some_and(|at| at >= before.at);
    if asked || before.seq != case.segment.header.seq || before.received != case.ledger.received {
        return Ok(());
    }
    let waited = case.now.since(before.at);
    //= rfc6298#5.6   and it is waited for
    ensure(waited + TICKS >= before.rto, || {
        format!("sends again after {waited:?}, the timeout is {:?}", before.rto)
    })
}
