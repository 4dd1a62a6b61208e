//! Interfaces: names, links, addresses.

use crate::buffer::Offloads;
use crate::error::Error;
use crate::observe::InterfaceId;
use crate::wire::{IpAddress, MacAddress, Prefix};
use std::collections::BTreeMap;

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
    /// What its device does for frames that leave.
    pub offloads: Offloads,
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

/// All interfaces of a stack, and the questions about addresses that need all of them: asked for every packet, so answered
/// from an index.
#[derive(Debug, Default)]
pub(super) struct Interfaces {
    /// By number, rising.
    list: Vec<Interface>,
    made: u32,
    /// Whose an address is: the first interface that has it.
    owners: BTreeMap<IpAddress, InterfaceId>,
    /// Directed broadcast addresses of interfaces that are no loopback.
    broadcasts: BTreeMap<IpAddress, InterfaceId>,
}

impl Interfaces {
    /// The link MTU below which IPv4 cannot work (RFC 791 3.2) and the largest that a packet's length field allows.
    const MTU_RANGE: std::ops::RangeInclusive<usize> = 68..=65_536;

    pub(super) fn add(&mut self, config: InterfaceConfig) -> Result<InterfaceId, Error> {
        let InterfaceConfig { name, medium, mac, mtu } = config;
        if name.is_empty()
            || !Self::MTU_RANGE.contains(&mtu)
            || (medium == Medium::Ethernet && mac.is_group())
        {
            return Err(Error::InvalidArgument);
        }
        if self.by_name(&name).is_some() {
            return Err(Error::AlreadyExists);
        }
        let id = InterfaceId(self.made);
        self.made += 1;
        let (addresses, offloads) = (Vec::new(), Offloads::default());
        self.list.push(Interface { id, name, medium, mac, mtu, up: true, addresses, offloads });
        Ok(id)
    }

    pub(super) fn remove(&mut self, id: InterfaceId) {
        self.list.retain(|interface| interface.id != id);
        self.reindex();
    }

    /// Give an interface an address.
    pub(super) fn add_address(&mut self, id: InterfaceId, address: Prefix) -> Result<(), Error> {
        let interface = self.find_mut(id)?;
        interface.addresses.push(address);
        let loopback = interface.medium == Medium::Loopback;
        keep_first(&mut self.owners, address.address(), id);
        if let Some(broadcast) = address.broadcast().filter(|_| !loopback) {
            keep_first(&mut self.broadcasts, broadcast, id);
        }
        Ok(())
    }

    /// Take an address from an interface.
    pub(super) fn remove_address(&mut self, id: InterfaceId, address: IpAddress) -> Result<(), Error> {
        self.find_mut(id)?.addresses.retain(|prefix| prefix.address() != address);
        self.reindex();
        Ok(())
    }

    /// Index all addresses anew, for what is gone may uncover another.
    fn reindex(&mut self) {
        (self.owners, self.broadcasts) = (BTreeMap::new(), BTreeMap::new());
        for interface in &self.list {
            for prefix in &interface.addresses {
                keep_first(&mut self.owners, prefix.address(), interface.id);
                if let Some(broadcast) = prefix.broadcast().filter(|_| interface.medium != Medium::Loopback) {
                    keep_first(&mut self.broadcasts, broadcast, interface.id);
                }
            }
        }
    }

    pub(super) fn iter(&self) -> std::slice::Iter<'_, Interface> {
        self.list.iter()
    }

    pub(super) fn find(&self, id: InterfaceId) -> Option<&Interface> {
        self.place(id).map(|place| &self.list[place])
    }

    pub(super) fn find_mut(&mut self, id: InterfaceId) -> Result<&mut Interface, Error> {
        self.place(id).map(|place| &mut self.list[place]).ok_or(Error::NoSuchDevice)
    }

    fn place(&self, id: InterfaceId) -> Option<usize> {
        // As long as none was removed, an interface stands where its number says.
        let straight = id.0 as usize;
        if self.list.get(straight).is_some_and(|interface| interface.id == id) {
            return Some(straight);
        }
        self.list.binary_search_by_key(&id, |interface| interface.id).ok()
    }

    pub(super) fn by_name(&self, name: &str) -> Option<&Interface> {
        self.list.iter().find(|interface| interface.name == name)
    }

    pub(super) fn set_mtu(&mut self, id: InterfaceId, mtu: usize) -> Result<(), Error> {
        if !Self::MTU_RANGE.contains(&mtu) {
            return Err(Error::InvalidArgument);
        }
        self.find_mut(id)?.mtu = mtu;
        Ok(())
    }

    /// The interface whose own address it is; all of 127/8 belongs to the loopback interface that has an address in it.
    pub(super) fn owner(&self, address: IpAddress) -> Option<&Interface> {
        if let Some(id) = self.owners.get(&address) {
            return self.find(*id);
        }
        if !address.is_loopback() {
            return None;
        }
        self.list.iter().find(|interface| interface.medium == Medium::Loopback && interface.on_link(address))
    }

    /// The loopback interface.
    pub(super) fn loopback(&self) -> Option<&Interface> {
        self.list.iter().find(|interface| interface.medium == Medium::Loopback)
    }

    /// The interface to which `address` is a directed broadcast.
    pub(super) fn broadcast_owner(&self, address: IpAddress) -> Option<&Interface> {
        self.broadcasts.get(&address).and_then(|id| self.find(*id))
    }

    /// Where a broadcast or multicast goes that names no interface: the first that is no loopback and is up.
    pub(super) fn first_external(&self) -> Option<&Interface> {
        self.list.iter().find(|interface| interface.medium != Medium::Loopback && interface.up)
    }
}

/// Of equal addresses, that of the interface that was made first counts.
fn keep_first(index: &mut BTreeMap<IpAddress, InterfaceId>, address: IpAddress, id: InterfaceId) {
    let first = index.entry(address).or_insert(id);
    *first = id.min(*first);
}
