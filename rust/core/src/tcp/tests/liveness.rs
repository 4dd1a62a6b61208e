//! Nothing waits for ever: the table in `tcp` (mod.rs), held to the code with a peer that vanished.

use super::peer::*;
use crate::tcp::State;
use crate::time::Duration;
use proptest::prelude::*;

/// Who ends the wait of a state when the peer never speaks again.
#[derive(Debug, PartialEq)]
enum Debtor {
    /// A timer of ours: the state ends by itself.
    Timer,
    /// The application: it has to write, close or let go.
    Application,
}

fn debtor(state: State, orphan: bool) -> Debtor {
    match state {
        State::Established | State::CloseWait | State::Closed => Debtor::Application,
        State::FinWait2 if !orphan => Debtor::Application,
        _ => Debtor::Timer,
    }
}

#[test]
fn every_state_ends_by_itself_or_the_application_owes_a_step() {
    for state in State::ALL.into_iter().filter(|state| *state != State::Listen) {
        let mut peer = Peer::in_state(state);
        let timer = peer.tcp.poll_timeout().is_some();
        assert_eq!(timer, debtor(state, false) == Debtor::Timer, "{state}");
        if timer {
            peer.pass(4_000_000);
            assert_eq!(peer.tcp.state(), State::Closed, "{state} with a vanished peer");
        }
    }
}

#[test]
fn every_state_let_go_of_ends_by_itself() {
    for state in State::ALL.into_iter().filter(|state| *state != State::Listen) {
        for queued in [0, 10, 100_000] {
            let mut peer = Peer::in_state(state);
            let _full_or_closed = peer.write(queued);
            peer.close();
            peer.out();
            assert!(
                peer.tcp.state() == State::Closed || peer.tcp.poll_timeout().is_some(),
                "{state} {queued}"
            );
            peer.pass(4_000_000);
            assert_eq!(peer.tcp.state(), State::Closed, "{state} {queued}");
            assert!(!peer.tcp.wants_transmit());
        }
    }
}

#[test]
fn data_that_waits_always_has_a_timer() {
    for state in [State::Established, State::CloseWait] {
        for window in [0, 1, 10, 999, 1_000, 60_000] {
            let mut peer = Peer::in_state(state);
            let next = if state == State::CloseWait { 2 } else { 1 };
            peer.send(&seg(ACK, next, 1).window(window));
            peer.write(5_000).unwrap();
            peer.out();
            assert!(peer.tcp.poll_timeout().is_some(), "{state} window {window}");
            peer.pass(8_000_000);
            assert_eq!(peer.tcp.state(), State::Closed, "{state} window {window}");
        }
    }
}

/// What a hostile, sloppy or unlucky peer does next.
#[derive(Debug, Clone)]
enum Move {
    Ack(i64, u16),
    Data(i64, usize),
    Write(usize),
    Read(usize),
    Time(u64),
    Shutdown,
    Keep(bool),
}

fn moves() -> impl Strategy<Value = Move> {
    prop_oneof![
        4 => (0i64..6_000, prop_oneof![Just(0u16), 0..3_000u16, Just(60_000)]).prop_map(|(ack, window)| Move::Ack(ack, window)),
        2 => (0i64..6_000, 0usize..1_500).prop_map(|(seq, length)| Move::Data(seq, length)),
        3 => (1usize..3_000).prop_map(Move::Write),
        1 => (1usize..3_000).prop_map(Move::Read),
        2 => (0u64..2_000).prop_map(Move::Time),
        1 => Just(Move::Shutdown),
        1 => any::<bool>().prop_map(Move::Keep),
    ]
}

proptest! {
    /// Whatever happened before: while something of ours is unacknowledged, a timer runs; and once the peer is gone and
    /// the application too, the connection is over in finite time.
    #[test]
    fn whatever_happened_a_timer_runs_while_something_waits(moves in proptest::collection::vec(moves(), 1..60)) {
        let mut peer = Peer::established();
        let (mut acked, mut window) = (1i64, 0xffffu16);
        for step in moves {
            match step {
                Move::Ack(ack, size) => {
                    let info = peer.info();
                    let most = i64::from(info.snd_una.distance(ISS)) + i64::from(info.flight);
                    (acked, window) = (ack.min(most), size);
                    let next = i64::from(info.rcv_nxt.distance(IRS));
                    peer.send(&seg(ACK, next, acked).window(window));
                }
                Move::Data(seq, length) => {
                    peer.send(&seg(ACK, seq, acked).bytes(length).window(window));
                }
                Move::Write(length) => drop(peer.write(length)),
                Move::Read(length) => drop(peer.read(length)),
                Move::Time(millis) => drop(peer.pass(millis)),
                Move::Shutdown if peer.tcp.state().is_synchronized() => peer.shutdown(),
                Move::Shutdown => {}
                Move::Keep(on) => peer.tcp.set(&mut peer.bench.cx(), crate::tcp::Setting::KeepAlive(on)).unwrap(),
            }
            peer.out();
            let info = peer.info();
            let waits = info.send_queue > 0 || info.flight > 0
                || matches!(info.state, State::FinWait1 | State::Closing | State::LastAck | State::TimeWait);
            if waits && info.state != State::Closed {
                let timer = peer.tcp.poll_timeout();
                prop_assert!(timer.is_some(), "{info:?}");
                prop_assert!(timer.unwrap() <= peer.bench.now + Duration::from_secs(7_200), "{info:?}");
            }
            prop_assert!(info.rcv_wnd <= 10_000 + 1_250);
        }
        peer.close();
        peer.out();
        peer.pass(20_000_000);
        prop_assert_eq!(peer.tcp.state(), State::Closed);
        prop_assert_eq!(peer.pool.in_use(), 0);
    }
}
