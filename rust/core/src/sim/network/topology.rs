//! Building a network: hosts, switches, links between them, addresses on their ends.

use super::hosts::{Host, Port};
use super::{Endpoint, HostId, HostSpec, LinkId, Network, NodeId, Switch, SwitchId};
use crate::ip::{Route, RouteKind};
use crate::observe::InterfaceId;
use crate::sim::impairment::ensure;
use crate::sim::link::Direction;
use crate::sim::switch::Table;
use crate::sim::traffic::Owners;
use crate::sim::{ImpairmentError, LinkSpec};
use crate::stack::{InterfaceConfig, Medium, Stack};
use crate::wire::{IpAddress, MacAddress, Prefix};
use std::collections::VecDeque;
use std::net::Ipv4Addr;

/// An end of a link to be made: at which node, and with which address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attachment {
    /// The node.
    pub node: NodeId,
    /// The address of the host's new interface; `None` for the next free one. Switches have none.
    pub address: Option<Prefix>,
}

impl<T: Into<NodeId>> From<T> for Attachment {
    fn from(node: T) -> Self {
        Self { node: node.into(), address: None }
    }
}

/// What an interface is attached to, as routing sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Segment {
    /// A link between two hosts.
    Link(LinkId),
    /// A switch, with all that are linked to it.
    Switch(SwitchId),
}

/// An interface of a host, and where it is attached.
#[derive(Debug, Clone, Copy)]
pub(super) struct Leg {
    pub(super) host: HostId,
    pub(super) interface: InterfaceId,
    pub(super) address: Prefix,
    pub(super) segment: Segment,
}

impl Network {
    /// Add a host with `lo`. Its name must be new.
    pub fn add_host(&mut self, name: &str, spec: HostSpec) -> Result<HostId, ImpairmentError> {
        self.check_name(name)?;
        let mut config = spec.config;
        config.ip.forward = spec.forward;
        let mut stack = Stack::new(config, self.rng.key(), self.now);
        let lo = InterfaceConfig {
            name: "lo".to_owned(),
            medium: Medium::Loopback,
            mac: MacAddress::ZERO,
            mtu: 65_536,
        };
        let lo = stack.add_interface(lo).expect("the first interface of a stack");
        let address = Prefix::new(Ipv4Addr::LOCALHOST.into(), 8).expect("8 is a length");
        stack.add_address(self.now, lo, address).expect("the first address of a stack");
        let id = HostId(self.hosts.len() as u32);
        self.hosts.push(Host {
            name: name.to_owned(),
            stack,
            ports: vec![Port::Loopback],
            armed: None,
            looped: VecDeque::new(),
            forward: spec.forward,
            routes: Vec::new(),
            owners: Owners::default(),
        });
        self.settle(id);
        Ok(id)
    }

    /// Add a switch. Its name must be new.
    pub fn add_switch(&mut self, name: &str) -> Result<SwitchId, ImpairmentError> {
        self.check_name(name)?;
        let id = SwitchId(self.switches.len() as u32);
        self.switches.push(Switch { name: name.to_owned(), table: Table::default(), ports: Vec::new() });
        Ok(id)
    }

    /// A switch's name.
    pub fn switch_name(&self, switch: SwitchId) -> &str {
        &self.switches[switch.index()].name
    }

    /// Hardware addresses that a switch has learned.
    pub fn switch_entries(&self, switch: SwitchId) -> usize {
        self.switches[switch.index()].table.len()
    }

    /// Let a host pass on packets for others, or not.
    pub fn set_forward(&mut self, host: HostId, forward: bool) {
        self.hosts[host.index()].forward = forward;
        self.routes_stale = true;
        let now = self.now;
        let stack = &mut self.hosts[host.index()].stack;
        stack.set_knob(now, "ip_forward", i64::from(forward)).expect("a switch that every stack has");
    }

    /// Link two nodes. Each host gets a new Ethernet interface (`eth0`, `eth1`, ...) with an address, whose MTU is that of
    /// the narrower direction.
    pub fn link(
        &mut self,
        a: impl Into<Attachment>,
        b: impl Into<Attachment>,
        ab: LinkSpec,
        ba: LinkSpec,
    ) -> Result<LinkId, ImpairmentError> {
        let ends = [a.into(), b.into()];
        for end in ends {
            let (kind, index, count) = match end.node {
                NodeId::Host(id) => ("host", id.0, self.hosts.len()),
                NodeId::Switch(id) => ("switch", id.0, self.switches.len()),
            };
            ensure((index as usize) < count, kind, index, "one that this network has")?;
            let right = end.address.is_none() || matches!(end.node, NodeId::Host(_));
            ensure(right, "address", kind, "for hosts only")?;
        }
        ensure(ends[0].node != ends[1].node, "b", format!("{:?}", ends[1].node), "another node than a")?;
        let mtu = ab.mtu.min(ba.mtu);
        let (seed_ab, seed_ba) = (self.rng.key(), self.rng.key());
        let ab = Direction::new(ab, self.now, seed_ab)?;
        let ba = Direction::new(ba, self.now, seed_ba)?;
        let addresses = self.addresses_for(ends)?;
        let id = LinkId((self.directions.len() / 2) as u32);
        if let [NodeId::Switch(a), NodeId::Switch(b)] = ends.map(|end| end.node) {
            self.addresses.join(a, b);
        }
        self.directions.extend([ab, ba]);
        let segment = match ends.map(|end| end.node) {
            [NodeId::Switch(switch), _] | [_, NodeId::Switch(switch)] => Segment::Switch(switch),
            _ => Segment::Link(id),
        };
        let at_a = self.attach(ends[0].node, addresses[0], segment, mtu, id.ab());
        let at_b = self.attach(ends[1].node, addresses[1], segment, mtu, id.ba());
        // A direction ends where the other one begins.
        self.ends.extend([at_b, at_a]);
        self.routes_stale = true;
        for end in ends {
            if let NodeId::Host(host) = end.node {
                self.settle(host);
            }
        }
        Ok(id)
    }

    /// The interface at an end of a link, if a host is there, and its address when it was made.
    pub fn interface_at(&self, link: LinkId, end: super::End) -> Option<(HostId, InterfaceId)> {
        match self.ends.get(link.from(end).reverse().index())? {
            Endpoint::Host(host, interface) => Some((*host, *interface)),
            Endpoint::Switch(..) => None,
        }
    }

    /// The address by which others reach a host: that of its first interface.
    pub fn address(&self, host: HostId) -> Option<IpAddress> {
        self.legs.iter().find(|leg| leg.host == host).map(|leg| leg.address.address())
    }

    /// The address of `to` on the network that it shares with `from`, or else the one by which all reach it.
    pub fn address_towards(&self, from: HostId, to: HostId) -> Option<IpAddress> {
        let own = |leg: &&Leg| leg.host == from;
        let shared = |leg: &&Leg| {
            leg.host == to
                && self.legs.iter().filter(own).any(|near| near.address.contains(leg.address.address()))
        };
        let near = self.legs.iter().find(shared).map(|leg| leg.address.address());
        near.or_else(|| self.address(to))
    }

    fn check_name(&self, name: &str) -> Result<(), ImpairmentError> {
        let taken = self.hosts.iter().any(|host| host.name == name)
            || self.switches.iter().any(|switch| switch.name == name);
        ensure(!name.is_empty() && !taken, "name", name, "a name that no other node has")
    }

    fn addresses_for(&mut self, ends: [Attachment; 2]) -> Result<[Option<Prefix>; 2], ImpairmentError> {
        let mut addresses = [None, None];
        for (address, end) in addresses.iter_mut().zip(ends) {
            if let Some(wanted) = end.address {
                *address = Some(wanted);
                if let Err(error) = self.addresses.take(wanted) {
                    addresses.into_iter().flatten().filter(|taken| *taken != wanted).for_each(|taken| {
                        self.addresses.release(taken);
                    });
                    return Err(error);
                }
            }
        }
        let given = addresses.into_iter().flatten().next();
        let network = match ends.map(|end| end.node) {
            [NodeId::Switch(_), NodeId::Switch(_)] => return Ok(addresses),
            [NodeId::Switch(switch), _] | [_, NodeId::Switch(switch)] if given.is_none() => {
                self.addresses.segment_network(switch)?
            }
            _ => match given {
                Some(given) => given.network(),
                None => self.addresses.link_network()?,
            },
        };
        for (address, end) in addresses.iter_mut().zip(ends) {
            if address.is_none() && matches!(end.node, NodeId::Host(_)) {
                *address = Some(self.addresses.next_in(network)?);
            }
        }
        Ok(addresses)
    }

    /// Put an end of a link to a node; `leaving` is the direction that begins there.
    fn attach(
        &mut self,
        node: NodeId,
        address: Option<Prefix>,
        segment: Segment,
        mtu: usize,
        leaving: super::DirectionId,
    ) -> Endpoint {
        let id = match node {
            NodeId::Switch(id) => {
                let ports = &mut self.switches[id.index()].ports;
                ports.push(leaving);
                return Endpoint::Switch(id, ports.len() - 1);
            }
            NodeId::Host(id) => id,
        };
        let now = self.now;
        let host = &mut self.hosts[id.index()];
        let number = host.ports.len() - 1;
        let [_, _, _, high, middle, low] = [0, 0, 0, (id.0 >> 16) as u8, (id.0 >> 8) as u8, id.0 as u8];
        let config = InterfaceConfig {
            name: format!("eth{number}"),
            medium: Medium::Ethernet,
            mac: MacAddress([2, (number >> 8) as u8, number as u8, high, middle, low]),
            mtu,
        };
        let interface = host.stack.add_interface(config).expect("a name, an MTU and a MAC that are right");
        host.ports.resize(interface.0 as usize + 1, Port::Loopback);
        host.ports[interface.0 as usize] = Port::Link(leaving);
        if let Some(address) = address {
            host.stack.add_address(now, interface, address).expect("an address that was checked");
            let connected = Route {
                prefix: address.network(),
                gateway: None,
                interface,
                metric: 0,
                kind: RouteKind::Unicast,
                source: Some(address.address()),
            };
            host.stack.apply_routes(&[], &[connected]).expect("one family");
            self.legs.push(Leg { host: id, interface, address, segment });
        }
        Endpoint::Host(id, interface)
    }
}
