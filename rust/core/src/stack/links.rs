//! Verbs about interfaces, addresses and routes.

use super::Stack;
use super::interface::{Interface, InterfaceConfig};
use crate::error::Error;
use crate::ip::{Fib, Route};
use crate::observe::InterfaceId;
use crate::time::Instant;
use crate::wire::{IpAddress, MacAddress, Prefix};

impl Stack {
    /// Make an interface; it is up at once. `AlreadyExists` for a name in use, `InvalidArgument` for an empty name, a
    /// group address as hardware address, or an MTU outside 68..=65536.
    pub fn add_interface(&mut self, config: InterfaceConfig) -> Result<InterfaceId, Error> {
        let id = self.interfaces.add(config)?;
        self.groups.add_interface(id);
        self.generation += 1;
        Ok(id)
    }

    /// Remove an interface with its addresses, neighbours and waiting packets. Its routes stay: they are the RIB's.
    pub fn remove_interface(&mut self, now: Instant, id: InterfaceId) -> Result<(), Error> {
        self.interfaces.find(id).ok_or(Error::NoSuchDevice)?;
        let mut cx = self.observers.context(now, Some(id));
        self.neighbors.remove_interface(&mut cx, id);
        self.apply_neighbor_actions(now);
        self.interfaces.remove(id);
        self.groups.remove_interface(id);
        self.output.purge(id);
        self.generation += 1;
        Ok(())
    }

    /// Switch an interface on or off. Off, its neighbours are forgotten; on, its addresses and groups are announced.
    pub fn set_up(&mut self, now: Instant, id: InterfaceId, up: bool) -> Result<(), Error> {
        let interface = self.interfaces.find_mut(id)?;
        if interface.up == up {
            return Ok(());
        }
        interface.up = up;
        self.generation += 1;
        if !up {
            self.output.purge(id);
            self.flush_neighbors(now, Some(id));
            return Ok(());
        }
        self.announce(now, id);
        if let Some(membership) = self.groups.find_mut(id) {
            membership.restart(&mut self.observers.context(now, Some(id)), &self.config.igmp);
        }
        self.send_group_messages(now);
        Ok(())
    }

    /// Change the largest IP packet of an interface; `InvalidArgument` outside 68..=65536.
    pub fn set_mtu(&mut self, now: Instant, id: InterfaceId, mtu: usize) -> Result<(), Error> {
        self.interfaces.set_mtu(id, mtu)?;
        self.generation += 1;
        self.tell_connections_mtu(now, id, mtu);
        Ok(())
    }

    /// Change our hardware address on an interface, and announce it.
    pub fn set_mac(&mut self, now: Instant, id: InterfaceId, mac: MacAddress) -> Result<(), Error> {
        if mac.is_group() {
            return Err(Error::InvalidArgument);
        }
        self.interfaces.find_mut(id)?.mac = mac;
        self.announce(now, id);
        Ok(())
    }

    /// All interfaces, in the order in which they were made.
    pub fn interfaces(&self) -> std::slice::Iter<'_, Interface> {
        self.interfaces.iter()
    }

    /// One interface.
    pub fn interface(&self, id: InterfaceId) -> Option<&Interface> {
        self.interfaces.find(id)
    }

    /// One interface, by name.
    pub fn interface_by_name(&self, name: &str) -> Option<&Interface> {
        self.interfaces.by_name(name)
    }

    /// Give an interface an address, with the length of its network, and announce it (RFC 5227 2.3).
    pub fn add_address(&mut self, now: Instant, id: InterfaceId, address: Prefix) -> Result<(), Error> {
        let ip = address.address();
        if ip.is_unspecified() || ip.is_multicast() || address.broadcast() == Some(ip) {
            return Err(Error::InvalidArgument);
        }
        super::egress::v4(ip)?;
        let interface = self.interfaces.find_mut(id)?;
        if interface.has_address(ip) {
            return Err(Error::AlreadyExists);
        }
        self.interfaces.add_address(id, address)?;
        self.generation += 1;
        self.announce(now, id);
        self.send_group_messages(now);
        Ok(())
    }

    /// Take an address from an interface. Connections that use it are left to their timers, as on Linux.
    pub fn remove_address(&mut self, id: InterfaceId, address: IpAddress) -> Result<(), Error> {
        let interface = self.interfaces.find_mut(id)?;
        if !interface.has_address(address) {
            return Err(Error::AddressNotAvailable);
        }
        self.interfaces.remove_address(id, address)?;
        self.neighbors.withdraw(id, address);
        self.generation += 1;
        Ok(())
    }

    /// Change the forwarding table: remove, then add or replace, all in one step.
    pub fn apply_routes(&mut self, remove: &[Prefix], add: &[Route]) -> Result<(), Error> {
        self.fib.apply(remove, add)?;
        self.generation += 1;
        Ok(())
    }

    /// The forwarding table.
    pub const fn fib(&self) -> &Fib {
        &self.fib
    }

    fn announce(&mut self, now: Instant, id: InterfaceId) {
        let Some(interface) = self.interfaces.find(id) else { return };
        if !interface.up || interface.medium != super::Medium::Ethernet {
            return;
        }
        let mut cx = self.observers.context(now, Some(id));
        for prefix in &interface.addresses {
            self.neighbors.announce(&mut cx, id, prefix.address());
        }
        self.apply_neighbor_actions(now);
    }

    /// Connections over an interface whose MTU changed cut their segments anew.
    fn tell_connections_mtu(&mut self, now: Instant, id: InterfaceId, mtu: usize) {
        for connection in self.tcp_ids() {
            let Some(entry) = self.tcp.connections.get_mut(connection) else { continue };
            if entry.hop.is_some_and(|(_, hop)| hop.interface == id) {
                entry.connection.on_path_mtu(&mut self.observers.context(now, Some(id)), mtu);
                self.settle(connection, false);
            }
        }
    }
}
