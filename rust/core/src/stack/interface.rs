//! Interfaces: names, links, addresses.

use crate::observe::InterfaceId;
use crate::wire::{IpAddress, MacAddress, Prefix};

/// What is below IP on an interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Medium {
    /// Ethernet II with ARP.
    Ethernet,
    /// Bare IP packets (TUN).
    Ip,
    /// Bare IP packets to ourselves: what is sent on it comes back by it.
    Loopback,
}

/// How to make an interface.
#[derive(Debug, Clone)]
pub struct InterfaceConfig {
    /// Its name, unique in the stack.
    pub name: String,
    /// What is below IP.
    pub medium: Medium,
    /// Our hardware address; zero where there is none.
    pub mac: MacAddress,
    /// The largest IP packet, in bytes.
    pub mtu: usize,
}

/// An interface of the stack.
#[derive(Debug, Clone)]
pub struct Interface {
    /// Its number.
    pub id: InterfaceId,
    /// Its name.
    pub name: String,
    /// What is below IP.
    pub medium: Medium,
    /// Our hardware address.
    pub mac: MacAddress,
    /// The largest IP packet, in bytes.
    pub mtu: usize,
    /// Whether it sends and receives.
    pub up: bool,
    /// Our addresses, the primary one first.
    pub addresses: Vec<Prefix>,
}

impl Interface {
    /// Whether `address` is one of ours here.
    pub fn has_address(&self, address: IpAddress) -> bool {
        self.addresses.iter().any(|prefix| prefix.address() == address)
    }

    /// The address that is on one network with `address`, or else the primary one.
    pub fn source_for(&self, address: IpAddress) -> Option<IpAddress> {
        let same_family = |prefix: &&Prefix| prefix.address().is_ipv4() == address.is_ipv4();
        let mut candidates = self.addresses.iter().filter(same_family);
        let first = candidates.clone().next()?;
        Some(candidates.find(|prefix| prefix.contains(address)).unwrap_or(first).address())
    }

    /// Whether `address` is on a network of this interface.
    pub fn on_link(&self, address: IpAddress) -> bool {
        self.addresses.iter().any(|prefix| prefix.contains(address))
    }

    /// Whether `address` is a directed broadcast address of a network here.
    pub fn is_broadcast(&self, address: IpAddress) -> bool {
        self.addresses.iter().any(|prefix| prefix.broadcast() == Some(address))
    }
}
