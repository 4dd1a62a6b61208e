//! Opens: active, passive, simultaneous; lost and refused.

use super::peer::*;
use crate::error::Error;
use crate::observe::{Counter, Readiness};
use crate::tcp::{Setting, State};
use crate::time::Duration;
use crate::wire::TcpOptions;

#[test]
fn an_active_open() {
    let mut peer = Peer::connecting(config());
    assert_eq!(peer.tcp.state(), State::SynSent);
    assert_eq!(peer.says(), "SYN 0");
    assert_eq!(peer.tcp.readiness(), Readiness::empty());
    assert_eq!(peer.write(1), Err(Error::WouldBlock));
    assert_eq!(peer.read(1), Err(Error::WouldBlock));
    assert_eq!(peer.answer(&seg(SYN | ACK, 0, 1).options(plain_options())), "ACK 1:1");
    assert_eq!(peer.tcp.state(), State::Established);
    assert_eq!(peer.tcp.readiness(), Readiness::WRITABLE);
    assert_eq!(peer.tcp.poll_timeout(), None);
}

#[test]
fn a_passive_open_whose_last_ack_carries_data_and_fin() {
    let mut peer = Peer::answering(config(), &seg(SYN, 0, 0).options(plain_options()));
    assert_eq!(peer.tcp.state(), State::SynReceived);
    assert_eq!(peer.says(), "SYN|ACK 0:1");
    assert_eq!(peer.answer(&seg(FIN | ACK, 1, 1).data(b"hi")), "ACK 1:4");
    assert_eq!(peer.tcp.state(), State::CloseWait);
    assert_eq!(peer.read(10).unwrap(), b"hi");
    assert_eq!(peer.read(10).unwrap(), b"");
}

#[test]
fn data_on_the_syn_ack_counts() {
    let mut peer = Peer::in_state(State::SynSent);
    assert_eq!(peer.answer(&seg(SYN | ACK, 0, 1).data(b"early")), "ACK 1:6");
    assert_eq!(peer.read(10).unwrap(), b"early");
}

#[test]
fn both_open_at_once() {
    let mut peer = Peer::in_state(State::SynSent);
    assert_eq!(peer.answer(&seg(SYN, 0, 0).options(plain_options())), "SYN|ACK 0:1");
    assert_eq!(peer.tcp.state(), State::SynReceived);
    // The peer crosses over as well: its SYN-ACK has the number of its SYN.
    assert_eq!(peer.answer(&seg(SYN | ACK, 0, 1).options(plain_options())), "ACK 1:1");
    assert_eq!(peer.tcp.state(), State::Established);
}

#[test]
fn both_open_at_once_and_a_plain_ack_completes_it() {
    let mut peer = Peer::in_state(State::SynSent);
    peer.answer(&seg(SYN, 0, 0));
    assert_eq!(peer.answer(&seg(ACK, 1, 1)), "");
    assert_eq!(peer.tcp.state(), State::Established);
}

#[test]
fn a_lost_syn_is_sent_again_at_doubling_intervals_for_over_three_minutes() {
    let mut peer = Peer::in_state(State::SynSent);
    assert_eq!(
        peer.pass(200_000),
        "@1000 SYN 0, @3000 SYN 0, @7000 SYN 0, @15000 SYN 0, @31000 SYN 0, @63000 SYN 0, @127000 SYN 0"
    );
    assert_eq!(peer.tcp.state(), State::SynSent);
    assert_eq!(peer.pass(100_000), "");
    assert_eq!((peer.tcp.state(), peer.tcp.take_error()), (State::Closed, Some(Error::TimedOut)));
    assert_eq!(peer.bench.count(Counter::TcpAttemptFails), 1);
}

#[test]
fn a_connect_ends_with_the_users_patience() {
    let mut peer = Peer::in_state(State::SynSent);
    let patience = Setting::UserTimeout(Some(Duration::from_millis(2_500)));
    peer.tcp.set(&mut peer.bench.cx(), patience).unwrap();
    assert_eq!(peer.pass(2_499), "@1000 SYN 0");
    assert_eq!(peer.tcp.state(), State::SynSent);
    peer.pass(1);
    assert_eq!((peer.tcp.state(), peer.tcp.take_error()), (State::Closed, Some(Error::TimedOut)));
}

#[test]
fn after_a_lost_syn_the_start_is_slow() {
    let mut peer = Peer::in_state(State::SynSent);
    peer.pass(1_000);
    peer.answer(&seg(SYN | ACK, 0, 1).options(plain_options()));
    let info = peer.info();
    assert_eq!((info.cwnd, info.rto), (1000, Duration::from_secs(3)));
    assert_eq!(Peer::established().info().cwnd, 10_000);
}

#[test]
fn a_half_open_child_is_forgotten() {
    let mut peer = Peer::in_state(State::SynReceived);
    let said = peer.pass(70_000);
    assert_eq!(said.matches("SYN|ACK 0:1").count(), 5);
    assert_eq!(peer.tcp.state(), State::Closed);
}

#[test]
fn the_syn_again_is_answered_again() {
    let mut peer = Peer::in_state(State::SynReceived);
    assert_eq!(peer.answer(&seg(SYN, 0, 0)), "SYN|ACK 0:1");
    assert_eq!(peer.answer(&seg(SYN, 0, 0)), "SYN|ACK 0:1");
}

#[test]
fn a_refusal_is_told_once() {
    let mut peer = Peer::in_state(State::SynSent);
    assert_eq!(peer.answer(&seg(RST | ACK, 0, 1)), "");
    assert_eq!(peer.tcp.state(), State::Closed);
    assert!(peer.tcp.readiness().contains(Readiness::ERROR | Readiness::HANGUP));
    assert_eq!(peer.write(1), Err(Error::ConnectionRefused));
    assert_eq!(peer.write(1), Err(Error::BrokenPipe));
    assert_eq!(peer.read(1), Ok(vec![]));
}

#[test]
fn an_old_peers_ack_is_reset_and_the_open_goes_on() {
    let mut peer = Peer::in_state(State::SynSent);
    assert_eq!(peer.answer(&seg(ACK, 300, 77)), "RST 77");
    assert_eq!(peer.answer(&seg(RST | ACK, 0, 77)), "", "not for our SYN");
    assert_eq!(peer.answer(&seg(RST, 0, 0)), "", "for nothing at all");
    assert_eq!(peer.answer(&seg(FIN | ACK, 0, 1)), "", "neither SYN nor RST");
    assert_eq!(peer.tcp.state(), State::SynSent);
}

#[test]
fn closing_before_it_is_open() {
    let mut peer = Peer::in_state(State::SynSent);
    peer.close();
    assert_eq!((peer.tcp.state(), peer.says()), (State::Closed, String::new()));

    let mut peer = Peer::in_state(State::SynReceived);
    peer.shutdown();
    assert_eq!(peer.answer(&seg(ACK, 1, 1)), "FIN|ACK 1:1");
    assert_eq!(peer.tcp.state(), State::FinWait1);

    let mut peer = Peer::in_state(State::SynReceived);
    peer.abort();
    assert_eq!((peer.tcp.state(), peer.says()), (State::Closed, "RST|ACK 1:1".into()));
}

#[test]
fn a_crossed_open_that_was_closed_meanwhile_resets_what_nobody_reads() {
    let mut peer = Peer::in_state(State::SynSent);
    peer.answer(&seg(SYN, 0, 0));
    peer.close();
    assert_eq!(peer.answer(&seg(SYN | ACK, 0, 1).data(b"early")), "FIN|ACK 1:1");
    assert_eq!(peer.answer(&seg(ACK, 1, 1).data(b"early")), "RST|ACK 2:1");
}

#[test]
fn only_what_was_offered_is_answered() {
    let options = TcpOptions { window_scale: Some(3), sack_permitted: true, ..plain_options() };
    let mut peer = Peer::answering(config(), &seg(SYN, 0, 0).options(options));
    let answer = peer.out().remove(0).header.options;
    assert_eq!((answer.mss, answer.timestamps), (Some(1460), None));
    assert!(answer.sack_permitted && answer.window_scale.is_some());
    let mut peer = Peer::answering(config(), &seg(SYN, 0, 0));
    let answer = peer.out().remove(0).header.options;
    assert_eq!(answer, TcpOptions { mss: Some(1460), ..TcpOptions::default() });
}
