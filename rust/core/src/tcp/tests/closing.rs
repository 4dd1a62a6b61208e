//! Ends: orderly, half, at once, by reset; and TIME-WAIT.

use super::peer::*;
use crate::drops::DropReason;
use crate::error::Error;
use crate::observe::{Counter, Readiness};
use crate::tcp::{Config, Disposition, Setting, State};
use crate::time::Duration;
use test_case::test_case;

#[test]
fn we_close_first() {
    let mut peer = Peer::established();
    peer.write(10).unwrap();
    peer.close();
    assert_eq!((peer.tcp.state(), peer.says()), (State::FinWait1, "FIN|PSH|ACK 1:1 +10".into()));
    assert_eq!(peer.answer(&seg(ACK, 1, 12)), "");
    assert_eq!(peer.tcp.state(), State::FinWait2);
    assert_eq!(peer.answer(&seg(FIN | ACK, 1, 12)), "ACK 12:2");
    assert_eq!(peer.tcp.state(), State::TimeWait);
    assert_eq!(peer.pass(59_999), "");
    assert_eq!(peer.tcp.state(), State::TimeWait);
    peer.pass(1);
    assert_eq!((peer.tcp.state(), peer.tcp.poll_timeout()), (State::Closed, None));
    assert_eq!(peer.bench.count(Counter::TcpTimeWaits), 1);
}

#[test]
fn the_peer_closes_first() {
    let mut peer = Peer::in_state(State::CloseWait);
    assert!(
        peer.tcp.readiness().contains(Readiness::READABLE | Readiness::READ_CLOSED | Readiness::WRITABLE)
    );
    assert!(!peer.tcp.readiness().contains(Readiness::HANGUP));
    peer.write(5).unwrap();
    assert_eq!(peer.says(), "PSH|ACK 1:2 +5", "half closed is half open");
    peer.close();
    assert_eq!((peer.tcp.state(), peer.says()), (State::LastAck, "FIN|ACK 6:2".into()));
    peer.send(&seg(ACK, 2, 7));
    assert_eq!((peer.tcp.state(), peer.tcp.poll_timeout()), (State::Closed, None));
}

#[test]
fn both_close_at_once() {
    let mut peer = Peer::established();
    peer.close();
    assert_eq!(peer.says(), "FIN|ACK 1:1");
    assert_eq!(peer.answer(&seg(FIN | ACK, 1, 1)), "ACK 2:2");
    assert_eq!(peer.tcp.state(), State::Closing);
    peer.send(&seg(ACK, 2, 2));
    assert_eq!(peer.tcp.state(), State::TimeWait);
}

#[test]
fn a_half_closed_connection_still_receives() {
    let mut peer = Peer::established();
    peer.shutdown();
    assert_eq!(peer.says(), "FIN|ACK 1:1");
    assert_eq!(peer.write(1), Err(Error::BrokenPipe));
    peer.answer(&seg(ACK, 1, 2));
    peer.answer(&seg(ACK, 1, 2).data(b"more"));
    peer.pass(3_600_000);
    assert_eq!(peer.tcp.state(), State::FinWait2, "the application holds it: no limit");
    assert_eq!(peer.read(10).unwrap(), b"more");
    peer.answer(&seg(FIN | ACK, 5, 2));
    assert_eq!(peer.read(10).unwrap(), b"");
    assert_eq!(peer.tcp.state(), State::TimeWait);
}

#[test]
fn a_lost_fin_is_sent_again() {
    let mut peer = Peer::established();
    peer.close();
    peer.out();
    assert_eq!(peer.pass(700), "@200 FIN|ACK 1:1, @600 FIN|ACK 1:1");
}

#[test]
fn an_orphan_in_fin_wait_2_has_a_limit() {
    let mut peer = Peer::in_state(State::FinWait2);
    assert_eq!(peer.tcp.poll_timeout(), None);
    peer.close();
    peer.pass(59_999);
    assert_eq!(peer.tcp.state(), State::FinWait2);
    peer.pass(1);
    assert_eq!(peer.tcp.state(), State::Closed);

    let mut peer = Peer::established();
    peer.close();
    peer.out();
    peer.send(&seg(ACK, 1, 2));
    peer.pass(60_000);
    assert_eq!(peer.tcp.state(), State::Closed);
}

#[test]
fn closing_with_unread_data_resets() {
    let mut peer = Peer::established();
    peer.answer(&seg(ACK, 1, 1).data(b"unread"));
    peer.close();
    assert_eq!((peer.tcp.state(), peer.says()), (State::Closed, "RST|ACK 1:7".into()));
    assert_eq!(peer.bench.count(Counter::TcpAbortOnData), 1);
    assert_eq!(peer.pool.in_use(), 0);
}

#[test]
fn data_for_nobody_resets() {
    for acked in [1, 2] {
        let mut peer = Peer::established();
        peer.close();
        peer.out();
        peer.send(&seg(ACK, 1, acked));
        assert_eq!(peer.answer(&seg(ACK, 1, acked).data(b"x")), "RST|ACK 2:1");
        assert_eq!(peer.tcp.state(), State::Closed);
    }
}

#[test]
fn without_linger_a_close_is_a_reset_and_with_it_is_not() {
    let mut peer = Peer::established();
    peer.tcp.set(&mut peer.bench.cx(), Setting::Linger(Some(Duration::ZERO))).unwrap();
    peer.write(10).unwrap();
    peer.close();
    assert_eq!((peer.tcp.state(), peer.says()), (State::Closed, "RST|ACK 1:1".into()));

    let mut peer = Peer::established();
    peer.tcp.set(&mut peer.bench.cx(), Setting::Linger(Some(Duration::from_secs(5)))).unwrap();
    peer.close();
    assert_eq!((peer.tcp.state(), peer.says()), (State::FinWait1, "FIN|ACK 1:1".into()));
}

#[test]
fn after_shutdown_of_reading_data_is_taken_and_thrown_away() {
    let mut peer = Peer::established();
    let Peer { tcp, bench, .. } = &mut peer;
    tcp.shutdown_read(&mut bench.cx());
    assert_eq!(peer.read(1), Ok(vec![]));
    for i in 0..100 {
        peer.answer(&seg(ACK, 1 + i * 1_000, 1).bytes(1_000));
    }
    assert_eq!((peer.info().bytes_received, peer.info().receive_queue), (100_000, 0));
    assert_eq!(peer.answer(&seg(FIN | ACK, 100_001, 1)), "ACK 1:100002");
    assert_eq!(peer.pool.in_use(), 0);
}

#[test]
fn abort_answers_from_every_state() {
    for state in State::ALL {
        if state == State::Listen {
            continue;
        }
        let mut peer = Peer::in_state(state);
        peer.abort();
        let reset = state.is_synchronized() && state != State::TimeWait || state == State::SynReceived;
        assert_eq!(peer.says().starts_with("RST|ACK"), reset, "{state}");
        assert_eq!((peer.tcp.state(), peer.tcp.poll_timeout()), (State::Closed, None), "{state}");
        assert_eq!(peer.tcp.take_error(), None, "{state}: whoever aborts knows");
    }
}

#[test]
fn the_reset_of_an_abort_stands_where_the_peer_expects_it() {
    let mut peer = Peer::established();
    peer.write(5_000).unwrap();
    peer.out();
    peer.pass(200);
    peer.abort();
    assert_eq!(peer.says(), "RST|ACK 5001:1", "not where the retransmission is");
}

#[test]
fn unread_data_outlives_the_connection() {
    let mut peer = Peer::established();
    peer.send(&seg(ACK, 1, 1).data(b"last words"));
    peer.shutdown();
    peer.out();
    peer.send(&seg(FIN | ACK, 11, 2));
    assert_eq!(peer.tcp.state(), State::TimeWait);
    peer.pass(60_000);
    assert_eq!(peer.tcp.state(), State::Closed);
    assert_eq!(peer.read(20).unwrap(), b"last words");
    assert_eq!(peer.read(20).unwrap(), b"");
}

#[test]
fn a_fin_in_time_wait_starts_the_wait_anew() {
    let mut peer = Peer::in_state(State::TimeWait);
    peer.pass(40_000);
    assert_eq!(peer.answer(&seg(FIN | ACK, 1, 2)), "ACK 2:2");
    peer.pass(59_999);
    assert_eq!(peer.tcp.state(), State::TimeWait);
}

#[test]
fn a_reset_does_not_end_time_wait_unless_told_so() {
    let mut peer = Peer::in_state(State::TimeWait);
    peer.send(&seg(RST, 2, 0));
    assert_eq!((peer.tcp.state(), peer.dropped(DropReason::TcpTimeWaitReset)), (State::TimeWait, 1));

    let mut peer = Peer::established_with(Config { rfc1337: false, ..config() }, plain_options());
    peer.shutdown();
    peer.out();
    peer.send(&seg(FIN | ACK, 1, 2));
    peer.send(&seg(RST, 3, 0));
    assert_eq!(peer.dropped(DropReason::TcpBadReset), 1);
    peer.send(&seg(RST, 2, 0));
    peer.pass(0);
    assert_eq!(peer.tcp.state(), State::Closed);
}

/// TIME-WAIT with the peer's clock at 100 if `stamped`; what a SYN does there.
#[test_case(false, 3, None => true; "a number beyond all that came")]
#[test_case(false, 2, None => false; "the number expected is not beyond it")]
#[test_case(false, -5, None => false; "an old number")]
#[test_case(true, -5, Some(101) => true; "a newer timestamp, whatever the number")]
#[test_case(true, 3, Some(99) => false; "an older timestamp, whatever the number")]
#[test_case(true, 3, Some(100) => true; "the same timestamp and a new number")]
#[test_case(true, 1, Some(100) => false; "the same timestamp and an old number")]
#[test_case(true, 3, None => true; "a new number without a timestamp")]
fn a_syn_in_time_wait(stamped: bool, seq: i64, stamp: Option<u32>) -> bool {
    let mut peer = if stamped { Peer::stamped(config()) } else { Peer::established() };
    peer.shutdown();
    peer.out();
    let fin = seg(FIN | ACK, 1, 2);
    peer.send(&if stamped { fin.stamps(100, 0) } else { fin });
    peer.out();
    assert_eq!(peer.tcp.state(), State::TimeWait);
    let syn = seg(SYN, seq, 0);
    let syn = stamp.map_or_else(|| syn.clone(), |value| syn.clone().stamps(value, 0));
    match peer.send(&syn) {
        Disposition::Reopen { isn } => {
            assert!(isn.after(ISS + 2 + 0xffff), "beyond all that was used");
            true
        }
        Disposition::Done => {
            assert_eq!(peer.says(), "ACK 2:2");
            false
        }
    }
}
