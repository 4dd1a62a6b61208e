//! SEGMENT ARRIVES: segment x state -> answer and next state (RFC 9293 3.10.7.4 with RFC 5961).

use super::peer::*;
use crate::drops::DropReason;
use crate::error::Error;
use crate::observe::Counter;
use crate::tcp::State;
use crate::time::Duration;
use test_case::test_case;

/// States past the handshake in which the peer's FIN has not come; RCV.NXT is 1.
const OPEN_ENDED: [State; 3] = [State::Established, State::FinWait1, State::FinWait2];
/// And those in which it has; RCV.NXT is 2.
const FINISHED: [State; 4] = [State::CloseWait, State::Closing, State::LastAck, State::TimeWait];

/// Answer to the segment, and the state after it.
fn arrive(state: State, seg: &Seg) -> String {
    let mut peer = Peer::in_state(state);
    let said = peer.answer(seg);
    format!("{said} -> {}", peer.tcp.state())
}

fn next(state: State) -> i64 {
    if FINISHED.contains(&state) { 2 } else { 1 }
}

/// SND.NXT - ISS with the FIN, where it was sent.
fn sent(state: State) -> i64 {
    if matches!(state, State::Established | State::CloseWait) { 1 } else { 2 }
}

#[test]
fn a_reset_counts_only_at_the_very_number() {
    for state in OPEN_ENDED.into_iter().chain(FINISHED).filter(|state| *state != State::TimeWait) {
        let (next, sent) = (next(state), sent(state));
        assert_eq!(arrive(state, &seg(RST, next, 0)), " -> CLOSED", "{state}");
        let challenge = format!("ACK {sent}:{next} -> {state}");
        assert_eq!(arrive(state, &seg(RST, next + 1, 0)), challenge, "{state}: inside the window");
        let ignored = format!(" -> {state}");
        assert_eq!(arrive(state, &seg(RST, next - 1, 0)), ignored, "{state}: before the window");
        assert_eq!(arrive(state, &seg(RST, next + 70_000, 0)), ignored, "{state}: beyond the window");
    }
}

#[test_case(State::Established => Some(Error::ConnectionReset))]
#[test_case(State::CloseWait => Some(Error::ConnectionReset))]
#[test_case(State::FinWait1 => Some(Error::ConnectionReset))]
#[test_case(State::LastAck => None; "in last ack it only ends sooner")]
fn a_reset_is_told_where_it_matters(state: State) -> Option<Error> {
    let mut peer = Peer::in_state(state);
    peer.send(&seg(RST, next(state), 0));
    peer.tcp.take_error()
}

#[test]
fn a_syn_is_challenged_wherever_it_points() {
    for state in OPEN_ENDED.into_iter().chain([State::CloseWait, State::Closing, State::LastAck]) {
        let (next, sent) = (next(state), sent(state));
        for seq in [next - 1, next, next + 1, next + 100_000] {
            let challenge = format!("ACK {sent}:{next} -> {state}");
            assert_eq!(arrive(state, &seg(SYN, seq, 0)), challenge, "{state} {seq}");
            assert_eq!(arrive(state, &seg(SYN | ACK, seq, 1)), challenge, "{state} {seq}");
        }
    }
}

#[test]
fn challenges_are_throttled_at_random_intervals() {
    let mut peer = Peer::established();
    let mut told = 0;
    for _ in 0..10_000 {
        told += usize::from(!peer.answer(&seg(SYN, 500, 0)).is_empty());
        peer.bench.advance(Duration::from_millis(1));
    }
    // Ten seconds at half a second each on average.
    assert!((14..=30).contains(&told), "{told}");
    assert_eq!(peer.bench.count(Counter::TcpChallengeAcks) as usize, told);
    assert_eq!(peer.dropped(DropReason::TcpUnexpectedSyn), 10_000);
}

#[test]
fn without_ack_nothing_counts() {
    for state in OPEN_ENDED.into_iter().chain([State::CloseWait, State::Closing, State::LastAck]) {
        let expected = format!(" -> {state}");
        assert_eq!(arrive(state, &seg(NONE, next(state), 0).data(b"x")), expected, "{state}");
        assert_eq!(arrive(state, &seg(FIN, next(state), 0)), expected, "{state}");
    }
}

#[test]
fn acks_of_the_unsent_and_the_long_gone_are_challenged() {
    for state in OPEN_ENDED.into_iter().chain([State::CloseWait, State::Closing, State::LastAck]) {
        let (next, sent) = (next(state), sent(state));
        let challenge = format!("ACK {sent}:{next} -> {state}");
        assert_eq!(arrive(state, &seg(ACK, next, sent + 1)), challenge, "{state}: never sent");
        assert_eq!(arrive(state, &seg(ACK, next, sent - 70_000)), challenge, "{state}: too old");
        assert_eq!(arrive(state, &seg(ACK, next, 0)), format!(" -> {state}"), "{state}: merely old");
    }
}

#[test_case(State::Established => "ACK 1:2 -> CLOSE-WAIT")]
#[test_case(State::FinWait1 => "ACK 2:2 -> CLOSING"; "fin wait 1, our FIN not acknowledged")]
#[test_case(State::FinWait2 => "ACK 2:2 -> TIME-WAIT")]
fn a_fin_arrives(state: State) -> String {
    let acked = if state == State::FinWait2 { 2 } else { 1 };
    arrive(state, &seg(FIN | ACK, 1, acked))
}

#[test_case(State::FinWait1, FIN => "ACK 2:2 -> TIME-WAIT"; "with their FIN in one")]
#[test_case(State::FinWait1, NONE => " -> FIN-WAIT-2"; "fin wait 1")]
#[test_case(State::Closing, NONE => " -> TIME-WAIT"; "closing")]
#[test_case(State::LastAck, NONE => " -> CLOSED"; "last ack")]
fn our_fin_is_acknowledged(state: State, flags: crate::wire::TcpFlags) -> String {
    arrive(state, &seg(flags | ACK, next(state), 2))
}

#[test]
fn a_fin_again_is_acknowledged_again() {
    for state in FINISHED {
        let acked = if state == State::TimeWait { 2 } else { 1 };
        let expected = format!("ACK {}:2 -> {state}", sent(state));
        assert_eq!(arrive(state, &seg(FIN | ACK, 1, acked)), expected, "{state}");
    }
}

#[test]
fn text_is_taken_before_the_fin_and_not_after() {
    for state in OPEN_ENDED {
        let mut peer = Peer::in_state(state);
        let acked = sent(state).min(if state == State::FinWait1 { 1 } else { 9 });
        peer.send(&seg(ACK, 1, acked).data(b"abc"));
        assert_eq!(peer.read(10).unwrap(), b"abc", "{state}");
    }
    for state in FINISHED {
        let mut peer = Peer::in_state(state);
        peer.send(&seg(ACK, 2, 1).data(b"abc"));
        assert_eq!(peer.read(10).unwrap_or_default(), b"", "{state}");
        assert_eq!(peer.tcp.state(), state);
    }
}

#[test]
fn data_out_of_the_window_is_acknowledged_at_once_and_each_time() {
    let mut peer = Peer::established();
    peer.answer(&seg(ACK, 1, 1).bytes(500));
    for _ in 0..3 {
        assert_eq!(peer.answer(&seg(ACK, 1, 1).bytes(500)), "ACK 1:501");
    }
    assert_eq!(peer.dropped(DropReason::TcpOutOfWindow), 3);
}

#[test]
fn a_segment_is_trimmed_to_what_is_new_and_fits() {
    let mut peer = Peer::established();
    peer.answer(&seg(ACK, 1, 1).data(b"abcd"));
    peer.send(&seg(ACK, 3, 1).data(b"XXef"));
    assert_eq!(peer.read(10).unwrap(), b"abcdef");
    let window = peer.info().rcv_wnd as usize;
    assert_eq!(peer.answer(&seg(FIN | ACK, 7, 1).bytes(window + 10)), format!("ACK 1:{}", 7 + window));
    assert_eq!(peer.tcp.state(), State::Established, "the FIN lies beyond the window");
    assert_eq!(peer.read(100_000).unwrap().len(), window);
}

#[test]
fn a_fin_before_its_turn_waits_for_the_data_in_front() {
    let mut peer = Peer::established();
    assert_eq!(peer.answer(&seg(FIN | ACK, 4, 1).data(b"def")), "ACK 1:1");
    assert_eq!(peer.tcp.state(), State::Established);
    assert_eq!(peer.answer(&seg(ACK, 1, 1).data(b"abc")), "ACK 1:8");
    assert_eq!(peer.tcp.state(), State::CloseWait);
    assert_eq!(peer.read(10).unwrap(), b"abcdef");
}

#[test]
fn at_a_closed_window_the_ack_and_a_reset_still_count() {
    let mut peer = Peer::established();
    peer.write(100).unwrap();
    peer.out();
    peer.answer(&seg(ACK, 1, 1).bytes(10_000));
    assert_eq!(peer.info().rcv_wnd, 0);
    assert_eq!(peer.answer(&seg(ACK, 10_001, 101).bytes(1)), "ACK 101:10001", "a probe gets an ACK");
    assert_eq!(peer.info().snd_una.distance(ISS), 101);
    peer.send(&seg(RST, 10_001, 0));
    assert_eq!(peer.tcp.state(), State::Closed);
    assert_eq!(peer.read(20_000).unwrap().len(), 10_000, "what came before stays readable");
    assert_eq!(peer.read(1), Err(Error::ConnectionReset));
    assert_eq!(peer.read(1), Ok(vec![]));
}

#[test_case(State::SynReceived, &seg(RST, 1, 0) => " -> CLOSED"; "reset at the number")]
#[test_case(State::SynReceived, &seg(RST, 2, 0) => "ACK 1:1 -> SYN-RECEIVED"; "reset in the window")]
#[test_case(State::SynReceived, &seg(RST, 90_000, 0) => " -> SYN-RECEIVED"; "reset beyond the window")]
#[test_case(State::SynReceived, &seg(ACK, 1, 5) => "RST 5 -> SYN-RECEIVED"; "ack of the unsent")]
#[test_case(State::SynReceived, &seg(ACK, 90_000, 1) => "ACK 1:1 -> SYN-RECEIVED"; "beyond the window")]
#[test_case(State::SynReceived, &seg(SYN, 700, 0) => "ACK 1:1 -> SYN-RECEIVED"; "another SYN")]
#[test_case(State::SynReceived, &seg(NONE, 1, 0).bytes(3) => " -> SYN-RECEIVED"; "no ack")]
#[test_case(State::SynReceived, &seg(ACK, 1, 1) => " -> ESTABLISHED"; "the ack")]
#[test_case(State::SynReceived, &seg(FIN | ACK, 1, 1) => "ACK 1:2 -> CLOSE-WAIT"; "the ack with a FIN")]
#[test_case(State::Closed, &seg(ACK, 1, 1).bytes(3) => " -> CLOSED"; "closed is deaf")]
fn elsewhere(state: State, seg: &Seg) -> String {
    arrive(state, seg)
}

#[test]
fn the_urgent_mark_is_told_and_the_bytes_stay_in_the_stream() {
    let mut peer = Peer::established();
    peer.send(&seg(ACK, 1, 1).data(b"abcde").urgent(3));
    assert_eq!(peer.tcp.urgent_mark(), Some(3));
    assert_eq!(peer.read(2).unwrap(), b"ab");
    assert_eq!(peer.tcp.urgent_mark(), Some(1));
    peer.send(&seg(ACK, 6, 1).urgent(1_000));
    assert_eq!(peer.tcp.urgent_mark(), Some(3 + 1_000), "announced ahead of its data");
    peer.send(&seg(ACK, 6, 1).urgent(10));
    assert_eq!(peer.tcp.urgent_mark(), Some(3 + 1_000), "it never goes back");
    assert_eq!(peer.read(9).unwrap(), b"cde");
}

#[test]
fn our_urgent_data_is_pointed_at_from_every_segment_in_front_of_it() {
    let mut peer = Peer::established();
    peer.write(1_500).unwrap();
    let Peer { tcp, bench, pool, .. } = &mut peer;
    tcp.send_urgent(&mut bench.cx(), b"!!", &mut pool.chunks).unwrap();
    let out = peer.out();
    let pointers: Vec<_> = out.iter().map(|unit| (unit.header.has(URG), unit.header.urgent)).collect();
    assert_eq!(pointers, [(true, 1_502), (true, 502)]);
    peer.answer(&seg(ACK, 1, 1_503));
    peer.write(10).unwrap();
    assert!(!peer.out()[0].header.has(URG));
}
