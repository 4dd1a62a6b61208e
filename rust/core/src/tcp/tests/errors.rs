//! ICMP errors, path MTU, silent next hops.

use super::peer::*;
use crate::error::Error;
use crate::tcp::{IcmpError, IcmpKind, State};
use crate::wire::SeqNumber;
use test_case::test_case;

fn report(peer: &mut Peer, kind: IcmpKind, seq: SeqNumber) {
    let Peer { tcp, bench, .. } = peer;
    tcp.on_icmp(&mut bench.cx(), IcmpError { kind, seq });
}

const HARD: IcmpKind = IcmpKind::Hard(Error::ConnectionRefused);
const SOFT: IcmpKind = IcmpKind::Soft(Error::HostUnreachable);

#[test_case(State::SynSent, HARD, 0 => (State::Closed, Some(Error::ConnectionRefused)); "hard ends a connect")]
#[test_case(State::SynSent, HARD, 1 => (State::SynSent, None); "unless it quotes another number")]
#[test_case(State::SynSent, SOFT, 0 => (State::SynSent, None); "soft does not")]
#[test_case(State::SynReceived, HARD, 0 => (State::Closed, Some(Error::ConnectionRefused)); "hard ends a half open one")]
#[test_case(State::FinWait1, HARD, 1 => (State::FinWait1, None); "hard is soft once synchronized")]
#[test_case(State::Established, HARD, 1 => (State::Established, None); "nothing in flight, nothing to report")]
fn an_icmp_error_arrives(state: State, kind: IcmpKind, seq: u32) -> (State, Option<Error>) {
    let mut peer = Peer::in_state(state);
    report(&mut peer, kind, ISS + seq);
    (peer.tcp.state(), peer.tcp.take_error())
}

#[test]
fn a_soft_error_is_the_reason_when_time_runs_out() {
    let mut peer = Peer::in_state(State::SynSent);
    report(&mut peer, SOFT, ISS);
    peer.pass(600_000);
    assert_eq!((peer.tcp.state(), peer.tcp.take_error()), (State::Closed, Some(Error::HostUnreachable)));

    let mut peer = Peer::established();
    peer.write(10).unwrap();
    peer.out();
    report(&mut peer, HARD, ISS + 5);
    peer.pass(3_600_000);
    assert_eq!((peer.tcp.state(), peer.tcp.take_error()), (State::Closed, Some(Error::ConnectionRefused)));
}

#[test]
fn progress_forgets_a_soft_error() {
    let mut peer = Peer::established();
    peer.write(10).unwrap();
    peer.out();
    report(&mut peer, SOFT, ISS + 1);
    //= rfc9293#3.9.1.8 MUST-47   type=test, meanwhile it can be seen
    assert_eq!(peer.info().soft_error, Some(Error::HostUnreachable));
    peer.send(&seg(ACK, 1, 11));
    assert_eq!(peer.info().soft_error, None);
    peer.write(10).unwrap();
    peer.out();
    peer.pass(3_600_000);
    assert_eq!(peer.tcp.take_error(), Some(Error::TimedOut));
}

#[test]
fn too_big_cuts_anew_what_is_in_flight() {
    let mut peer = Peer::established();
    peer.write(2_000).unwrap();
    assert_eq!(peer.says(), "ACK 1:1 +1000, PSH|ACK 1001:1 +1000");
    report(&mut peer, IcmpKind::TooBig { mtu: 640 }, ISS + 2_001);
    assert_eq!(peer.says(), "", "not in flight");
    let cwnd = peer.info().cwnd;
    report(&mut peer, IcmpKind::TooBig { mtu: 640 }, ISS + 1);
    assert_eq!(peer.says(), "ACK 1:1 +600, ACK 601:1 +600, ACK 1201:1 +600, PSH|ACK 1801:1 +200");
    assert_eq!((peer.info().mss, peer.info().cwnd), (600, cwnd), "no sign of congestion");
    report(&mut peer, IcmpKind::TooBig { mtu: 1_400 }, ISS + 1);
    assert_eq!((peer.says(), peer.info().mss), (String::new(), 600), "larger is no news");
}

#[test]
fn a_path_that_widens_again_is_used() {
    let mut peer = Peer::established();
    for (mtu, mss) in [(640, 600), (1_500, 1_000)] {
        let Peer { tcp, bench, .. } = &mut peer;
        tcp.on_path_mtu(&mut bench.cx(), mtu);
        assert_eq!(peer.info().mss, mss);
    }
    let Peer { tcp, bench, .. } = &mut peer;
    tcp.on_path_mtu(&mut bench.cx(), 60);
    assert_eq!(peer.info().mss, 48, "however small it claims to be");
}

#[test]
fn a_silent_next_hop_ends_a_connect_and_nothing_else() {
    let mut peer = Peer::in_state(State::SynSent);
    let Peer { tcp, bench, .. } = &mut peer;
    tcp.on_unreachable(&mut bench.cx(), Error::HostUnreachable);
    assert_eq!((peer.tcp.state(), peer.tcp.take_error()), (State::Closed, Some(Error::HostUnreachable)));

    let mut peer = Peer::established();
    let Peer { tcp, bench, .. } = &mut peer;
    tcp.on_unreachable(&mut bench.cx(), Error::HostUnreachable);
    assert_eq!((peer.tcp.state(), peer.tcp.take_error()), (State::Established, None));
}
