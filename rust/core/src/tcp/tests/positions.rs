//! Every state x flags x number x acknowledgment: rules that hold for all of them.

use super::peer::*;
use crate::tcp::{Disposition, State};
use crate::wire::TcpFlags;

const FLAGS: [TcpFlags; 11] = [
    NONE,
    ACK,
    RST,
    RST.union(ACK),
    SYN,
    SYN.union(ACK),
    FIN,
    FIN.union(ACK),
    URG.union(ACK),
    SYN.union(RST),
    TcpFlags::all(),
];
/// Relative to RCV.NXT: far before, just before, at, inside, last inside, just outside, far outside.
const SEQS: [i64; 8] = [-70_000, -1, 0, 1, 5_000, 9_999, 10_000, 70_000];
/// Relative to SND.UNA.
const ACKS: [i64; 8] = [-70_000, -1, 0, 1, 2, 3, 70_000, 1 << 31];
const LENGTHS: [usize; 4] = [0, 1, 1_000, 12_000];

/// Where SEGMENT ARRIVES may lead from a state (RFC 9293 figure 5, and CLOSED by a reset).
fn may_follow(from: State, to: State) -> bool {
    use State::{
        CloseWait, Closed, Closing, Established, FinWait1, FinWait2, LastAck, SynReceived, SynSent, TimeWait,
    };
    from == to
        || matches!(
            (from, to),
            (SynSent, SynReceived | Established | Closed)
                | (SynReceived, Established | CloseWait | Closed)
                | (Established, CloseWait | Closed)
                | (FinWait1, FinWait2 | Closing | TimeWait | Closed)
                | (FinWait2, TimeWait | Closed)
                | (CloseWait | LastAck, Closed)
                | (Closing, TimeWait | Closed)
        )
}

#[test]
fn rules_without_exception() {
    for state in State::ALL.into_iter().filter(|state| *state != State::Listen) {
        for flags in FLAGS {
            for (seq, ack, length) in positions() {
                check(state, flags, seq, ack, length);
            }
        }
    }
}

fn positions() -> impl Iterator<Item = (i64, i64, usize)> {
    SEQS.into_iter().flat_map(|seq| {
        ACKS.into_iter().flat_map(move |ack| LENGTHS.into_iter().map(move |length| (seq, ack, length)))
    })
}

fn check(state: State, flags: TcpFlags, seq: i64, ack: i64, length: usize) {
    let mut peer = Peer::in_state(state);
    let before = peer.info();
    let next = i64::from(before.rcv_nxt.distance(IRS));
    let una = i64::from(before.snd_una.distance(ISS));
    let (next, una) = if state == State::Closed || state == State::SynSent { (0, una) } else { (next, una) };
    let segment = seg(flags, next + seq, una + ack).bytes(length);
    let name = || format!("{state} <- {} seq {seq:+} ack {ack:+} len {length}", flags.name());

    let disposition = peer.send(&segment);
    let replies = peer.out();
    let after = peer.info();

    assert!(may_follow(state, after.state), "{}: to {}", name(), after.state);
    let reopened = matches!(disposition, Disposition::Reopen { .. });
    assert!(!reopened || (state == State::TimeWait && flags.contains(SYN)), "{}", name());
    for reply in &replies {
        let header = &reply.header;
        assert!(!(flags.contains(RST) && header.has(RST)), "{}: a reset is never answered by one", name());
        assert!(!header.has(SYN) || matches!(after.state, State::SynReceived | State::SynSent), "{}", name());
        let synchronized = state.is_synchronized() && after.state != State::Closed;
        assert!(!synchronized || !header.has(RST), "{}: answers out of place are ACKs", name());
        if synchronized {
            assert!(
                header.has(ACK) && header.ack.at_or_after(before.rcv_nxt),
                "{}: ACKs never go back",
                name()
            );
        }
    }
    assert!(replies.len() <= 1, "{}: {} answers", name(), replies.len());
    if after.state.is_synchronized() && before.state.is_synchronized() {
        assert!(after.snd_una.at_or_after(before.snd_una), "{}", name());
        assert!(after.rcv_nxt.at_or_after(before.rcv_nxt), "{}", name());
        assert!(after.snd_una.at_or_before(after.snd_nxt), "{}", name());
        let edge = |nxt: crate::wire::SeqNumber, wnd: u32| nxt + wnd;
        let (old, new) = (edge(before.rcv_nxt, before.rcv_wnd), edge(after.rcv_nxt, after.rcv_wnd));
        assert!(new.at_or_after(old) || after.state == State::TimeWait, "{}: the edge moved back", name());
        assert!(after.receive_queue + after.out_of_order <= 10_000, "{}: more than the window", name());
    }
    if flags.contains(RST) && state.is_synchronized() && seq != 0 {
        assert_eq!(after.state, state, "{}: a reset beside the number does nothing", name());
    }
    if !flags.contains(ACK) && !flags.contains(RST) && state.is_synchronized() {
        assert_eq!(after.receive_queue + after.out_of_order, 0, "{}: no ACK, no data", name());
    }
    let waits =
        !matches!(after.state, State::Closed | State::Established | State::CloseWait | State::FinWait2);
    assert!(!waits || peer.tcp.poll_timeout().is_some(), "{}: nothing ends {}", name(), after.state);
}
