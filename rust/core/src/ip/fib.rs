//! Where packets go: the longest-prefix forwarding table.
//!
//! The table is downstream of a routing table that has chosen already: there is one route for a prefix. Each prefix
//! length in use has its own hash map, so a lookup asks as many maps as there are lengths and allocates nothing.

use crate::error::Error;
use crate::observe::InterfaceId;
use crate::rng::{KeyedState, Rng};
use crate::wire::{IpAddress, Prefix, mask};
use std::cmp::Reverse;
use std::collections::HashMap;

/// What to do with packets to a prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RouteKind {
    /// Send them on.
    Unicast,
    /// Drop them without a word.
    Blackhole,
    /// Drop them and say that it is prohibited (ICMP 3/13).
    Prohibit,
    /// Drop them and say that the host is unreachable (ICMP 3/1).
    Unreachable,
}

/// One route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route {
    /// Where to; host bits do not matter.
    pub prefix: Prefix,
    /// By whom; `None` when the destination itself is the neighbour.
    pub gateway: Option<IpAddress>,
    /// Over which interface.
    pub interface: InterfaceId,
    /// For display: the choice was made elsewhere.
    pub metric: u32,
    /// What to do.
    pub kind: RouteKind,
    /// The source address that sockets shall use.
    pub source: Option<IpAddress>,
}

/// The table of both families.
#[derive(Debug)]
pub struct Fib {
    hasher: KeyedState,
    /// Longest first.
    v4: Vec<Level>,
    /// Longest first.
    v6: Vec<Level>,
}

/// All routes of one prefix length, by the bits of their network.
#[derive(Debug)]
struct Level {
    length: u8,
    routes: HashMap<u128, Route, KeyedState>,
}

impl Fib {
    /// An empty table.
    pub fn new(rng: &mut Rng) -> Self {
        Self { hasher: KeyedState::new(rng), v4: Vec::new(), v6: Vec::new() }
    }

    /// The route with the longest prefix that holds `destination`.
    pub fn lookup(&self, destination: IpAddress) -> Option<&Route> {
        //= rfc1812#5.2.4.3   the most specific route wins
        self.levels(destination).iter().find_map(|level| {
            // An empty level is removed, so every map asked has something to say about its length.
            level.routes.get(&bits(mask(destination, level.length)))
        })
    }

    /// Remove routes, then add or replace others, all or nothing: no packet ever meets a table half changed.
    ///
    /// `InvalidArgument`, and nothing done, when a gateway or source is of another family than its prefix. A prefix
    /// to remove that is not there is passed over.
    pub fn apply(&mut self, remove: &[Prefix], add: &[Route]) -> Result<(), Error> {
        let fits = |route: &Route| {
            let family = route.prefix.address().is_ipv4();
            let others = [route.gateway, route.source];
            others.into_iter().flatten().all(|address| address.is_ipv4() == family)
        };
        if !add.iter().all(fits) {
            return Err(Error::InvalidArgument);
        }
        for prefix in remove {
            self.remove(prefix);
        }
        for route in add {
            self.insert(*route);
        }
        Ok(())
    }

    /// The route of exactly this prefix.
    pub fn exact(&self, prefix: Prefix) -> Option<&Route> {
        let levels = self.levels(prefix.address());
        let index =
            levels.binary_search_by_key(&Reverse(prefix.length()), |level| Reverse(level.length)).ok()?;
        levels[index].routes.get(&bits(prefix.network().address()))
    }

    /// All routes: IPv4 before IPv6, the longest prefix first, then by address.
    pub fn iter(&self) -> impl Iterator<Item = &Route> {
        let mut routes: Vec<&Route> =
            self.v4.iter().chain(&self.v6).flat_map(|level| level.routes.values()).collect();
        routes.sort_by_key(|route| {
            let network = route.prefix.network();
            (network.address().is_ipv6(), Reverse(network.length()), network.address())
        });
        routes.into_iter()
    }

    /// How many routes there are.
    pub fn len(&self) -> usize {
        self.v4.iter().chain(&self.v6).map(|level| level.routes.len()).sum()
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.v4.is_empty() && self.v6.is_empty()
    }

    const fn levels(&self, address: IpAddress) -> &Vec<Level> {
        if address.is_ipv4() { &self.v4 } else { &self.v6 }
    }

    const fn levels_mut(&mut self, address: IpAddress) -> &mut Vec<Level> {
        if address.is_ipv4() { &mut self.v4 } else { &mut self.v6 }
    }

    fn insert(&mut self, route: Route) {
        let network = route.prefix.network();
        let length = network.length();
        let hasher = self.hasher;
        let levels = self.levels_mut(network.address());
        let index = match levels.binary_search_by_key(&Reverse(length), |level| Reverse(level.length)) {
            Ok(index) => index,
            Err(index) => {
                levels.insert(index, Level { length, routes: HashMap::with_hasher(hasher) });
                index
            }
        };
        levels[index].routes.insert(bits(network.address()), route);
    }

    fn remove(&mut self, prefix: &Prefix) {
        let network = prefix.network();
        let levels = self.levels_mut(network.address());
        let place = levels.binary_search_by_key(&Reverse(network.length()), |level| Reverse(level.length));
        let Ok(index) = place else { return };
        levels[index].routes.remove(&bits(network.address()));
        if levels[index].routes.is_empty() {
            levels.remove(index);
        }
    }
}

const fn bits(address: IpAddress) -> u128 {
    match address {
        IpAddress::V4(address) => address.to_bits() as u128,
        IpAddress::V6(address) => address.to_bits(),
    }
}

#[cfg(test)]
mod tests;
