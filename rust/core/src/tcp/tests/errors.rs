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
