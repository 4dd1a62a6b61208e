//! Initial sequence numbers (RFC 6528).

use super::Tuple;
use crate::rng::prf;
use crate::time::Instant;
use crate::wire::{IpAddress, SeqNumber};

/// The first sequence number of a connection: a clock that ticks every four microseconds plus a keyed function of
/// the connection's name, so that numbers of one name only go up and those of another tell nothing.
pub fn initial_sequence(key: u128, now: Instant, tuple: &Tuple) -> SeqNumber {
    //= rfc9293#3.4.1 MUST-8 MUST-9 SHLD-1   clock plus keyed hash; the key never leaves the stack
    SeqNumber((now.as_micros() / 4) as u32) + prf(key, &name_of(tuple)) as u32
}

/// A connection's name in bytes, for keyed functions of it.
pub(super) fn name_of(tuple: &Tuple) -> [u8; 36] {
    let mut name = [0; 36];
    for (half, socket) in name.chunks_exact_mut(18).zip([tuple.local, tuple.remote]) {
        match socket.ip() {
            IpAddress::V4(address) => half[..4].copy_from_slice(&address.octets()),
            IpAddress::V6(address) => half[..16].copy_from_slice(&address.octets()),
        }
        half[16..].copy_from_slice(&socket.port().to_be_bytes());
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tuple(port: u16) -> Tuple {
        Tuple { local: ([10, 0, 0, 1], 80).into(), remote: ([10, 0, 0, 2], port).into() }
    }

    #[test]
    fn one_name_ticks_with_the_clock_and_another_tells_nothing() {
        let at = |micros, port| initial_sequence(7, Instant::from_micros(micros), &tuple(port));
        assert_eq!(at(400, 1).distance(at(0, 1)), 100);
        assert_ne!(at(0, 1), at(0, 2));
        assert_ne!(at(0, 1), initial_sequence(8, Instant::ZERO, &tuple(1)));
    }
}
