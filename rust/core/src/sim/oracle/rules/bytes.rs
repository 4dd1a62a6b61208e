//! The stream that a host sends is one: each number stands for one byte, for ever.

use super::{Case, Judgment, ensure};

pub(super) fn judge(case: &Case<'_>) -> Judgment {
    let segment = case.segment;
    if segment.end() == segment.header.seq {
        return Ok(());
    }
    let (seq, max) = (segment.header.seq, case.ledger.max);
    //= rfc9293#3.4   numbers are given in order, none is left out
    let asked = case.asked.is_some_and(|at| case.ledger.sent_at.is_none_or(|sent| at >= sent));
    // What waits for a neighbour's address may be lost before it ever leaves.
    if let Some(max) = max.filter(|max| seq.after(*max) && !case.parked && !asked) {
        return Err(format!("sends {seq}, but nothing between {max} and there"));
    }
    let (now, then) = case.ledger.sent_before(segment);
    let differing = now.iter().zip(then).position(|(now, then)| now != then);
    ensure(differing.is_none(), || {
        format!("byte {} of segment {seq} is not what it was at first", differing.unwrap_or_default())
    })
}
