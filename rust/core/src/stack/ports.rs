//! Ephemeral ports: unpredictable, and spread so that a recently used tuple is not taken again at once.

use crate::rng::prf;
use crate::wire::SocketAddress;
use std::net::IpAddr;
use std::ops::RangeInclusive;

/// Chooses ephemeral ports by double hashing over the tuple (RFC 6056 3.3.4, algorithm 4).
#[derive(Debug)]
pub(super) struct Ports {
    key: u128,
    table: [u16; Self::TABLE],
}

impl Ports {
    /// Counters for destinations; the RFC's example uses 10 and notes that more separate better.
    const TABLE: usize = 16;

    pub(super) const fn new(key: u128) -> Self {
        Self { key, table: [0; Self::TABLE] }
    }

    /// The first port of `range`, in this destination's own order, for which `is_free` holds.
    pub(super) fn choose(
        &mut self,
        range: &RangeInclusive<u16>,
        local: IpAddr,
        remote: Option<SocketAddress>,
        is_free: impl Fn(u16) -> bool,
    ) -> Option<u16> {
        let count = u32::from(range.end().checked_sub(*range.start())?) + 1;
        let hash = prf(self.key, &tuple_bytes(local, remote));
        let slot = &mut self.table[(hash >> 32) as usize % Self::TABLE];
        for _ in 0..count {
            let port = range.start() + ((hash as u32).wrapping_add(u32::from(*slot)) % count) as u16;
            *slot = slot.wrapping_add(1);
            if is_free(port) {
                return Some(port);
            }
        }
        None
    }
}

fn tuple_bytes(local: IpAddr, remote: Option<SocketAddress>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(34);
    let mut put = |address: IpAddr| match address {
        IpAddr::V4(address) => bytes.extend(address.octets()),
        IpAddr::V6(address) => bytes.extend(address.octets()),
    };
    put(local);
    if let Some(remote) = remote {
        put(remote.ip());
        bytes.extend(remote.port().to_be_bytes());
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    const LOCAL: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));

    #[test]
    fn every_port_of_the_range_is_reached_and_none_outside() {
        let mut ports = Ports::new(3);
        let mut taken = Vec::new();
        while let Some(port) = ports.choose(&(40_000..=40_063), LOCAL, None, |port| !taken.contains(&port)) {
            taken.push(port);
        }
        taken.sort_unstable();
        assert_eq!(taken, (40_000..=40_063).collect::<Vec<_>>());
    }

    #[test]
    fn another_key_begins_elsewhere() {
        let first = |key| Ports::new(key).choose(&(32_768..=60_999), LOCAL, None, |_| true);
        assert_ne!(first(1), first(2));
    }
}
