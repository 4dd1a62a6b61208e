//! Initial sequence numbers, and the reset that answers a segment without a connection.

use super::Tuple;
use crate::rng::prf;
use crate::time::Instant;
use crate::wire::{IpAddress, SeqNumber, TcpFlags, TcpHeader};

/// The initial sequence number of a connection: a 4 microsecond clock plus a keyed function of the tuple.
//= rfc9293#3.4.1 MUST-8 MUST-9 SHLD-1   clock-driven, and not computable from outside (RFC 6528)
pub fn initial_sequence(key: u128, now: Instant, tuple: &Tuple) -> SeqNumber {
    let mut input = Vec::with_capacity(36);
    for address in [tuple.local, tuple.remote] {
        match address.ip() {
            IpAddress::V4(ip) => input.extend(ip.octets()),
            IpAddress::V6(ip) => input.extend(ip.octets()),
        }
        input.extend(address.port().to_be_bytes());
    }
    SeqNumber((now.as_micros() / 4) as u32) + prf(key, &input) as u32
}

/// The reset for a segment that meets no connection (RFC 9293 3.10.7.1); the ports are the caller's to fill in.
pub fn reset_for(segment: &TcpHeader, payload: usize) -> Option<TcpHeader> {
    if segment.has(TcpFlags::RST) {
        return None;
    }
    let mut reset = TcpHeader::new(segment.destination_port, segment.source_port);
    if segment.has(TcpFlags::ACK) {
        reset.seq = segment.ack;
        reset.flags = TcpFlags::RST;
    } else {
        reset.ack = segment.seq + segment.sequence_length(payload);
        reset.flags = TcpFlags::RST | TcpFlags::ACK;
    }
    Some(reset)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::SocketAddress;

    fn tuple(port: u16) -> Tuple {
        let local = SocketAddress::from(([10, 0, 0, 1], port));
        Tuple { local, remote: SocketAddress::from(([10, 0, 0, 2], 80)) }
    }

    #[test]
    fn the_clock_moves_it_and_every_tuple_has_its_own() {
        let at = |micros, port| initial_sequence(7, Instant::from_micros(micros), &tuple(port));
        assert_eq!(at(4_000, 1).distance(at(0, 1)), 1_000);
        assert_ne!(at(0, 1), at(0, 2));
        assert_ne!(at(0, 1), initial_sequence(8, Instant::ZERO, &tuple(1)));
    }

    #[test]
    fn a_reset_is_never_answered_and_others_are_by_their_own_numbers() {
        let mut segment = TcpHeader::new(1, 2);
        segment.seq = SeqNumber(10);
        segment.flags = TcpFlags::SYN;
        let reset = reset_for(&segment, 5).expect("a SYN is refused");
        assert_eq!((reset.ack, reset.flags), (SeqNumber(16), TcpFlags::RST | TcpFlags::ACK));
        segment.flags = TcpFlags::ACK;
        segment.ack = SeqNumber(99);
        let reset = reset_for(&segment, 5).expect("an ACK is refused");
        assert_eq!((reset.seq, reset.flags), (SeqNumber(99), TcpFlags::RST));
        segment.flags = TcpFlags::RST;
        assert!(reset_for(&segment, 0).is_none());
    }
}
