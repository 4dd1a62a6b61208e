//! Addresses for those who gave none: a /24 out of 10.0.0.0/8 for each link between hosts, a /16 for each set of switches
//! that are linked together.

use super::SwitchId;
use crate::sim::ImpairmentError;
use crate::sim::impairment::ensure;
use crate::wire::{IpAddress, Prefix};
use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

/// Which addresses are taken, and which come next.
#[derive(Debug, Default)]
pub(super) struct Plan {
    taken: BTreeSet<IpAddress>,
    /// Networks that somebody named or got.
    networks: BTreeSet<Prefix>,
    links: u32,
    segments: u32,
    /// The switch that stands for all that are linked together; itself where there is no entry.
    union: BTreeMap<SwitchId, SwitchId>,
    /// The network of such a set, once it has one.
    segment_networks: BTreeMap<SwitchId, Prefix>,
}

/// Links get 10.0.0.0 to 10.223.255.0, segments 10.255.0.0 down to 10.224.0.0.
const LINKS: u32 = 0xe0 << 8;
const SEGMENTS: u32 = 32;

impl Plan {
    /// Take an address that was given.
    pub(super) fn take(&mut self, address: Prefix) -> Result<(), ImpairmentError> {
        let ip = address.address();
        let usable = ip.is_ipv4()
            && !ip.is_unspecified()
            && !ip.is_multicast()
            && !ip.is_loopback()
            && address.broadcast() != Some(ip);
        ensure(usable, "address", ip, "an IPv4 address of one host")?;
        ensure(
            self.taken.insert(ip),
            "address",
            ip,
            "an address that no other interface of the network has",
        )?;
        self.networks.insert(address.network());
        Ok(())
    }

    /// An address is free again.
    pub(super) fn release(&mut self, address: Prefix) {
        self.taken.remove(&address.address());
    }

    /// A free address in `network`.
    pub(super) fn next_in(&mut self, network: Prefix) -> Result<Prefix, ImpairmentError> {
        let IpAddress::V4(base) = network.network().address() else {
            return Err(exhausted(network));
        };
        let last = network.broadcast().unwrap_or_else(|| network.address());
        // The addresses behind the greatest one taken: hosts come in order, so the first is nearly always free.
        let top = self.taken.range(IpAddress::V4(base)..=last).next_back().copied();
        let from = match top {
            Some(IpAddress::V4(top)) => u32::from(top) + 1,
            _ => u32::from(base) + 1,
        };
        let range = (from..).chain(u32::from(base) + 1..from);
        let free = range
            .take(1 << (32 - network.length().clamp(8, 32)))
            .map(|bits| IpAddress::V4(Ipv4Addr::from(bits)))
            .find(|ip| network.contains(*ip) && *ip != last && !self.taken.contains(ip));
        let free = free.ok_or_else(|| exhausted(network))?;
        let address = Prefix::new(free, network.length()).map_err(|_| exhausted(network))?;
        self.take(address)?;
        Ok(address)
    }

    /// The network of the next link between hosts.
    pub(super) fn link_network(&mut self) -> Result<Prefix, ImpairmentError> {
        while self.links < LINKS {
            let number = self.links;
            self.links += 1;
            let candidate = prefix(Ipv4Addr::from(10 << 24 | number << 8), 24);
            if self.is_free(candidate) {
                return Ok(candidate);
            }
        }
        Err(exhausted(prefix(Ipv4Addr::new(10, 0, 0, 0), 8)))
    }

    /// The network of a switch and all that are linked with it.
    pub(super) fn segment_network(&mut self, switch: SwitchId) -> Result<Prefix, ImpairmentError> {
        let root = self.root(switch);
        if let Some(network) = self.segment_networks.get(&root) {
            return Ok(*network);
        }
        while self.segments < SEGMENTS {
            let second = 255 - self.segments as u8;
            self.segments += 1;
            let candidate = prefix(Ipv4Addr::new(10, second, 0, 0), 16);
            if self.is_free(candidate) {
                self.segment_networks.insert(root, candidate);
                return Ok(candidate);
            }
        }
        Err(exhausted(prefix(Ipv4Addr::new(10, 224, 0, 0), 11)))
    }

    /// Two switches are linked. The network of the one that was made first stays that of both.
    pub(super) fn join(&mut self, a: SwitchId, b: SwitchId) {
        let (a, b) = (self.root(a), self.root(b));
        if a == b {
            return;
        }
        let (root, other) = (a.min(b), a.max(b));
        self.union.insert(other, root);
        if let Some(network) = self.segment_networks.remove(&other) {
            self.segment_networks.entry(root).or_insert(network);
        }
    }

    /// The switch that stands for all that are linked with this one.
    pub(super) fn root(&self, mut switch: SwitchId) -> SwitchId {
        while let Some(next) = self.union.get(&switch) {
            switch = *next;
        }
        switch
    }

    fn is_free(&self, candidate: Prefix) -> bool {
        // An address given by hand may lie in it, or a network given by hand may hold it.
        let IpAddress::V4(base) = candidate.address() else { return false };
        let last = candidate.broadcast().unwrap_or_else(|| candidate.address());
        self.taken.range(IpAddress::V4(base)..=last).next().is_none()
            && (0..=candidate.length()).all(|length| {
                let wider = Prefix::new(candidate.address(), length).map(|prefix| prefix.network());
                wider.is_ok_and(|wider| !self.networks.contains(&wider))
            })
    }
}

fn prefix(address: Ipv4Addr, length: u8) -> Prefix {
    Prefix::new(address.into(), length).expect("no length here is over 32")
}

fn exhausted(network: Prefix) -> ImpairmentError {
    let allowed = "given by hand: no address is left in this network".to_owned();
    ImpairmentError { field: "address".to_owned(), value: network.to_string(), allowed }
}
