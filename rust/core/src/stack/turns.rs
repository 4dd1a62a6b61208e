//! Whose turn it is to send: deficit round robin by bytes among the connections that have something to send.
//!
//! A connection sends while it has credit, and may overdraw it by its last unit. Then it gets a quantum more and goes to the end of
//! the row, where it is passed over until its account is positive again. So over a round everyone gets the same bytes, whatever the size of
//! his segments. Who comes to the row with credit left goes before those who have waited in it: an answer of a few bytes, or an ACK,
//! does not wait behind ten bulk flows. He can do so for no more than what a round gives him, so nobody starves.
//!
//! Every step is O(1): a unit is a few quanta at most, so that is how often its connection is passed over.

use super::sockets::TcpId;
use std::collections::VecDeque;

/// What a connection gets in a round: as much as an initial window (RFC 6928), a burst that no queue is surprised by, and a
/// quarter of a unit, so that one who sent a unit is passed over three times.
const QUANTUM: i32 = 16 << 10;

/// Bytes that a connection may send before it is another one's turn; in debt when it is negative.
#[derive(Debug, Clone, Copy)]
pub(super) struct Credit(i32);

impl Default for Credit {
    fn default() -> Self {
        Self(QUANTUM)
    }
}

/// The connections that have something to send.
#[derive(Debug, Default)]
pub(super) struct Turns {
    /// Those that came with credit.
    fresh: VecDeque<TcpId>,
    row: VecDeque<TcpId>,
}

/// A connection at its turn, taken out of where it stood.
#[derive(Debug, Clone, Copy)]
pub(super) struct Turn {
    pub(super) connection: TcpId,
    fresh: bool,
}

impl Turns {
    /// A connection has something to send.
    pub(super) fn join(&mut self, connection: TcpId, credit: Credit) {
        if credit.0 > 0 { self.fresh.push_back(connection) } else { self.row.push_back(connection) }
    }

    /// The next one, taken out.
    pub(super) fn next(&mut self) -> Option<Turn> {
        let taken = self.fresh.pop_front().map(|connection| Turn { connection, fresh: true });
        taken.or_else(|| self.row.pop_front().map(|connection| Turn { connection, fresh: false }))
    }

    /// Whether it may send now. If not, it stands at the end of the row, a quantum richer.
    pub(super) fn may_send(&mut self, turn: Turn, credit: &mut Credit) -> bool {
        if credit.0 > 0 {
            return true;
        }
        credit.0 += QUANTUM;
        self.row.push_back(turn.connection);
        false
    }

    /// It sent so many bytes and may have more: back to where it stood, or to the end of the row.
    pub(super) fn spend(&mut self, turn: Turn, credit: &mut Credit, bytes: usize) {
        credit.0 -= i32::try_from(bytes).unwrap_or(i32::MAX >> 1);
        if credit.0 <= 0 {
            credit.0 += QUANTUM;
            self.row.push_back(turn.connection);
        } else if turn.fresh {
            self.fresh.push_front(turn.connection);
        } else {
            self.row.push_front(turn.connection);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use slotmap::SlotMap;

    struct Flow {
        credit: Credit,
        size: usize,
        sent: usize,
    }

    /// Send `count` segments of flows that never run dry; the order in which they went.
    fn send(turns: &mut Turns, flows: &mut SlotMap<TcpId, Flow>, count: usize) -> Vec<TcpId> {
        let mut order = Vec::new();
        while order.len() < count {
            let turn = turns.next().expect("all have something to send");
            let flow = &mut flows[turn.connection];
            if turns.may_send(turn, &mut flow.credit) {
                flow.sent += flow.size;
                turns.spend(turn, &mut flow.credit, flow.size);
                order.push(turn.connection);
            }
        }
        order
    }

    fn flows(turns: &mut Turns, sizes: &[usize]) -> (SlotMap<TcpId, Flow>, Vec<TcpId>) {
        let mut flows = SlotMap::with_key();
        let ids: Vec<_> = sizes
            .iter()
            .map(|size| flows.insert(Flow { credit: Credit::default(), size: *size, sent: 0 }))
            .collect();
        ids.iter().for_each(|id| turns.join(*id, Credit::default()));
        (flows, ids)
    }

    #[test]
    fn everyone_gets_the_same_bytes_whatever_the_size_of_his_segments() {
        let mut turns = Turns::default();
        let (mut flows, _) = flows(&mut turns, &[65_535, 1_448, 536, 65_535, 9_000]);
        send(&mut turns, &mut flows, 20_000);
        let sent: Vec<_> = flows.values().map(|flow| flow.sent).collect();
        let (least, most) = (sent.iter().min().unwrap(), sent.iter().max().unwrap());
        // Each may be a unit and a quantum ahead of, or behind, the others.
        assert!(*least > 1_000_000 && most - least <= 2 * (65_535 + QUANTUM as usize), "{sent:?}");
    }

    #[test]
    fn who_asks_for_little_is_served_at_once_and_nobody_starves() {
        let mut turns = Turns::default();
        let (mut flows, ids) = flows(&mut turns, &[65_535, 65_535]);
        send(&mut turns, &mut flows, 100);
        let small = flows.insert(Flow { credit: Credit::default(), size: 100, sent: 0 });
        turns.join(small, flows[small].credit);
        let order = send(&mut turns, &mut flows, 2_000);
        assert_eq!(order[0], small);
        let alone = order.iter().take_while(|id| **id == small).count();
        // The others are a unit in debt, which is four rounds, and then it has had as much as they.
        assert!(alone <= 5 * QUANTUM as usize / 100, "{alone} before anyone else");
        assert!(ids.iter().all(|id| order.contains(id)));
    }
}
