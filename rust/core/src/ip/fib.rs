//! Longest-prefix forwarding table.
use crate::error::Error;
use crate::observe::InterfaceId;
use crate::rng::Rng;
use crate::wire::{IpAddress, Prefix};

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
    /// Where to.
    pub prefix: Prefix,
    /// By whom; `None` when the destination itself is the neighbour.
    pub gateway: Option<IpAddress>,
    /// Over which interface.
    pub interface: InterfaceId,
    /// For display: the RIB has selected already.
    pub metric: u32,
    /// What to do.
    pub kind: RouteKind,
    /// The source address that sockets shall use.
    pub source: Option<IpAddress>,
}

/// The table.
#[derive(Debug)]
pub struct Fib {}

#[allow(unused_variables, missing_docs)]
impl Fib {
    pub fn new(rng: &mut Rng) -> Self {
        todo!()
    }
    pub fn lookup(&self, destination: IpAddress) -> Option<&Route> {
        todo!()
    }
    /// Remove, then add or replace, all or nothing: `InvalidArgument` when a gateway or source is of another family.
    pub fn apply(&mut self, remove: &[Prefix], add: &[Route]) -> Result<(), Error> {
        todo!()
    }
    /// All routes: IPv4 before IPv6, longest prefix first, then by address.
    pub fn iter(&self) -> impl Iterator<Item = &Route> {
        let v: Vec<&Route> = todo!();
        v.into_iter()
    }
    pub fn len(&self) -> usize {
        todo!()
    }
    pub fn is_empty(&self) -> bool {
        todo!()
    }
}
