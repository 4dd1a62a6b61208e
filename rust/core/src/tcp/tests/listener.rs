//! LISTEN: segment tables and the accounting of both queues.

use super::pair::{MTU, mirrored, tuple};
use super::peer::*;
use crate::drops::DropReason;
use crate::observe::{Bench, Counter};
use crate::tcp::{Config, Listener, OnListen, Settings};
use std::sync::Arc;
use test_case::test_case;

fn listen(listener: &mut Listener, bench: &mut Bench, seg: &Seg) -> String {
    match listener.on_segment(&mut bench.cx(), &Arc::new(Config::default()), tuple(), &seg.header, ISS, MTU) {
        OnListen::Open(child) => child.state().name().into(),
        OnListen::Reset(reset) => format!("{} {}", reset.flags.name(), reset.seq.distance(ISS)),
        OnListen::Ignore(reason) => reason.name().into(),
    }
}

fn listener(backlog: usize) -> Listener {
    Listener::new(mirrored().local, backlog, Settings::default())
}

#[test_case(RST, 0 => "listen-ignored"; "a reset is ignored")]
#[test_case(RST | ACK, 5 => "listen-ignored"; "so is one with an ACK")]
#[test_case(ACK, 5 => "RST 5"; "an ACK is reset at its number")]
#[test_case(SYN | ACK, 5 => "RST 5"; "also with a SYN")]
#[test_case(FIN | ACK, 5 => "RST 5"; "also with a FIN")]
#[test_case(FIN, 0 => "listen-ignored"; "a FIN alone is nothing")]
#[test_case(NONE, 0 => "listen-ignored"; "no flags are nothing")]
#[test_case(SYN | FIN, 0 => "bad-flags"; "a SYN with a FIN is nonsense")]
#[test_case(SYN, 0 => "SYN-RECEIVED"; "a SYN opens")]
fn a_listener_answers(flags: crate::wire::TcpFlags, ack: i64) -> String {
    listen(&mut listener(1), &mut Bench::new(1), &seg(flags, 0, ack))
}

#[test]
fn both_queues_are_bounded_and_counted() {
    let (mut listener, mut bench) = (listener(1), Bench::new(1));
    for _ in 0..Listener::MIN_HALF_OPEN {
        assert_eq!(listen(&mut listener, &mut bench, &seg(SYN, 0, 0)), "SYN-RECEIVED");
    }
    let full = DropReason::TcpSynQueueFull.name();
    assert_eq!(listen(&mut listener, &mut bench, &seg(SYN, 0, 0)), full);
    listener.on_dropped();
    assert_eq!(listen(&mut listener, &mut bench, &seg(SYN, 0, 0)), "SYN-RECEIVED");
    listener.on_established();
    assert!(listener.accept_queue_full());
    let full = DropReason::TcpAcceptQueueFull.name();
    assert_eq!(listen(&mut listener, &mut bench, &seg(SYN, 0, 0)), full);
    listener.on_accepted();
    assert_eq!(listen(&mut listener, &mut bench, &seg(SYN, 0, 0)), "SYN-RECEIVED");
    assert_eq!(bench.count(Counter::TcpListenOverflows), 2);
    assert_eq!((listener.half_open(), listener.waiting()), (Listener::MIN_HALF_OPEN, 0));
}

#[test_case(&seg(ACK, 10, 77).data(b"x") => Some("RST 77".to_owned()); "at the ACK")]
#[test_case(&seg(SYN, 10, 0) => Some("RST|ACK ack 11".to_owned()); "acknowledging a SYN")]
#[test_case(&seg(FIN, 10, 0).data(b"abc") => Some("RST|ACK ack 14".to_owned()); "acknowledging data and FIN")]
#[test_case(&seg(RST, 10, 0) => None; "never for a reset")]
fn resets_for_nobody(seg: &Seg) -> Option<String> {
    let reset = crate::tcp::reset_for(&seg.header, seg.data.len())?;
    assert_eq!((reset.source_port, reset.destination_port), (40_000, 80));
    Some(if reset.has(ACK) {
        assert_eq!(reset.seq.0, 0);
        format!("RST|ACK ack {}", reset.ack.distance(IRS))
    } else {
        format!("RST {}", reset.seq.distance(ISS))
    })
}
