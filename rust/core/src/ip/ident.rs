//! The identification field: never twice in a short time for one pair of hosts, and never a number that an outsider
//! could compute from another (RFC 6864, RFC 7739).

use crate::rng::{Rng, prf};
use crate::wire::{IpAddress, Protocol};

/// How many counters there are. Linux starts with 2048 as well; more would only matter to very many destinations at once.
const COUNTERS: usize = 2048;

/// Gives identifiers that nobody outside can predict.
///
/// Packets between two hosts count up from a secret start. The counters are shared by a secret assignment, so memory
/// is bounded and watching one's own identifiers tells nothing of the traffic to others (idle scans).
#[derive(Debug)]
pub struct Identifiers {
    key: u128,
    counters: Box<[u16]>,
}

impl Identifiers {
    /// Fresh secrets from `rng`.
    pub fn new(rng: &mut Rng) -> Self {
        let counters = (0..COUNTERS).map(|_| rng.next_u32() as u16).collect();
        Self { key: rng.key(), counters }
    }

    /// The next identifier, for packets that are or may become fragments. All others, those with DF, may carry 0
    /// (RFC 6864 4.1).
    pub fn next(&mut self, source: IpAddress, destination: IpAddress, protocol: Protocol) -> u16 {
        let mut input = [0; 33];
        input[..16].copy_from_slice(&octets(source));
        input[16..32].copy_from_slice(&octets(destination));
        input[32] = protocol.0;
        let secret = prf(self.key, &input);
        //= rfc7739#5.3   a secret offset per pair, plus a counter that few pairs share
        let counter = &mut self.counters[(secret >> 32) as usize % COUNTERS];
        *counter = counter.wrapping_add(1);
        counter.wrapping_add(secret as u16)
    }
}

const fn octets(address: IpAddress) -> [u8; 16] {
    match address {
        IpAddress::V4(address) => address.to_ipv6_mapped().octets(),
        IpAddress::V6(address) => address.octets(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    fn pair(last: u8) -> (IpAddress, IpAddress) {
        (Ipv4Addr::new(10, 0, 0, 1).into(), Ipv4Addr::new(10, 0, 0, last).into())
    }

    #[test]
    fn one_pair_meets_no_number_twice_in_a_whole_turn() {
        //= rfc6864#4.3   type=test
        let mut identifiers = Identifiers::new(&mut Rng::new(1));
        let (source, destination) = pair(2);
        let mut seen = vec![false; 65_536];
        for _ in 0..65_536 {
            let id = identifiers.next(source, destination, Protocol::UDP);
            assert!(!std::mem::replace(&mut seen[usize::from(id)], true));
        }
    }

    #[test]
    fn other_pairs_and_other_seeds_start_elsewhere() {
        let start = |seed, last| {
            let (source, destination) = pair(last);
            Identifiers::new(&mut Rng::new(seed)).next(source, destination, Protocol::UDP)
        };
        assert_eq!(start(1, 2), start(1, 2));
        assert_ne!(start(1, 2), start(2, 2));
        assert_ne!(start(1, 2), start(1, 3));
    }

    #[test]
    fn traffic_to_one_host_is_not_seen_by_another() {
        let mut identifiers = Identifiers::new(&mut Rng::new(3));
        let (source, watched) = pair(2);
        let before = identifiers.next(source, watched, Protocol::ICMP);
        for last in 3..=250 {
            identifiers.next(source, pair(last).1, Protocol::ICMP);
        }
        let step = identifiers.next(source, watched, Protocol::ICMP).wrapping_sub(before);
        assert!(step < 10, "248 packets to others moved the counter by {step}");
    }
}
