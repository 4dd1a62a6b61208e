//! The neighbour table's wishes as ARP frames, and the verbs about neighbours.

use super::Stack;
use super::interface::Medium;
use crate::error::Error;
use crate::neighbor::{self, Action, NeighborKey};
use crate::observe::{Counter, InterfaceId, Layer, TraceEvent};
use crate::time::Instant;
use crate::wire::{ArpOperation, ArpPacket, EtherType, EthernetHeader, IpAddress, MacAddress};
use std::collections::VecDeque;
use std::net::Ipv4Addr;

/// An answer to an ARP request that was asked for by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ArpReply {
    /// Where it came in.
    pub interface: InterfaceId,
    /// Whose address it is.
    pub address: IpAddress,
    /// Its hardware address.
    pub mac: MacAddress,
    /// When.
    pub at: Instant,
}

/// Addresses that were asked for by name, and the answers.
#[derive(Debug, Default)]
pub(super) struct ArpProbes {
    asked: VecDeque<(InterfaceId, Ipv4Addr)>,
    replies: VecDeque<ArpReply>,
}

impl ArpProbes {
    /// Questions remembered, and answers kept until somebody reads them.
    const LIMIT: usize = 64;
}

impl Stack {
    /// The neighbours known, sorted by interface and address.
    pub fn neighbors(&self, now: Instant) -> Vec<neighbor::Entry> {
        self.neighbors.entries(now)
    }

    /// Set a neighbour's hardware address for good.
    pub fn add_neighbor(
        &mut self,
        now: Instant,
        id: InterfaceId,
        address: IpAddress,
        mac: MacAddress,
    ) -> Result<(), Error> {
        self.interfaces.find(id).ok_or(Error::NoSuchDevice)?;
        if mac.is_group() || address.is_multicast() || address.is_unspecified() {
            return Err(Error::InvalidArgument);
        }
        let mut cx = self.observers.context(now, Some(id));
        self.neighbors.insert_permanent(&mut cx, NeighborKey { interface: id, address }, mac);
        self.apply_neighbor_actions(now);
        Ok(())
    }

    /// Forget a neighbour; `NotFound` if it was not known.
    pub fn remove_neighbor(
        &mut self,
        now: Instant,
        id: InterfaceId,
        address: IpAddress,
    ) -> Result<(), Error> {
        let mut cx = self.observers.context(now, Some(id));
        let known = self.neighbors.remove(&mut cx, NeighborKey { interface: id, address });
        self.apply_neighbor_actions(now);
        if known { Ok(()) } else { Err(Error::NotFound) }
    }

    /// Forget all neighbours, of one interface or of all, but those set for good.
    pub fn flush_neighbors(&mut self, now: Instant, id: Option<InterfaceId>) {
        self.neighbors.flush(&mut self.observers.context(now, id), id);
        self.apply_neighbor_actions(now);
    }

    /// Broadcast an ARP request; the answers come by [`Stack::poll_arp_reply`]. A `sender` of 0.0.0.0 makes it a probe
    /// for a duplicate address (RFC 5227 2.1.1); `None` sends from the interface's own address.
    pub fn arp_request(
        &mut self,
        now: Instant,
        id: InterfaceId,
        sender: Option<Ipv4Addr>,
        target: Ipv4Addr,
    ) -> Result<(), Error> {
        let interface = self.interfaces.find(id).ok_or(Error::NoSuchDevice)?;
        if interface.medium != Medium::Ethernet {
            return Err(Error::NotSupported);
        }
        if !interface.up {
            return Err(Error::NetworkDown);
        }
        let own = match interface.source_for(target.into()) {
            Some(IpAddress::V4(own)) => own,
            _ => Ipv4Addr::UNSPECIFIED,
        };
        if self.arp_probes.asked.len() == ArpProbes::LIMIT {
            self.arp_probes.asked.pop_front();
        }
        self.arp_probes.asked.push_back((id, target));
        self.send_arp(
            now,
            id,
            ArpOperation::Request,
            sender.unwrap_or(own),
            (MacAddress::ZERO, target),
            None,
        );
        Ok(())
    }

    /// The next answer to a question of [`Stack::arp_request`].
    pub fn poll_arp_reply(&mut self) -> Option<ArpReply> {
        self.arp_probes.replies.pop_front()
    }

    /// Keep an ARP packet that answers a question asked by name: a reply, or another host's claim to the address.
    pub(super) fn note_arp_reply(&mut self, now: Instant, interface: InterfaceId, packet: &ArpPacket) {
        let probes = &mut self.arp_probes;
        if probes.asked.contains(&(interface, packet.sender_ip)) && probes.replies.len() < ArpProbes::LIMIT {
            let (address, mac) = (packet.sender_ip.into(), packet.sender_mac);
            probes.replies.push_back(ArpReply { interface, address, mac, at: now });
        }
    }

    /// Do what the neighbour table asks for.
    pub(super) fn apply_neighbor_actions(&mut self, now: Instant) {
        while let Some(action) = self.neighbors.poll_action() {
            match action {
                Action::Request { interface, target: IpAddress::V4(target), unicast } => {
                    let source =
                        self.interfaces.find(interface).and_then(|link| link.source_for(target.into()));
                    let Some(IpAddress::V4(source)) = source else { continue };
                    let to = (MacAddress::ZERO, target);
                    self.send_arp(now, interface, ArpOperation::Request, source, to, unicast);
                }
                Action::Reply { interface, request } => {
                    let to = (request.sender_mac, request.sender_ip);
                    let mac = Some(request.sender_mac);
                    self.send_arp(now, interface, ArpOperation::Reply, request.target_ip, to, mac);
                }
                Action::Announce { interface, address: IpAddress::V4(address) } => {
                    let to = (MacAddress::ZERO, address);
                    self.send_arp(now, interface, ArpOperation::Request, address, to, None);
                }
                Action::Send { interface, mac, mut packet } => {
                    let Some(link) = self.interfaces.find(interface) else { continue };
                    let header =
                        EthernetHeader { destination: mac, source: link.mac, ethertype: EtherType::IPV4 };
                    header.emit(packet.prepend(EthernetHeader::LEN));
                    self.enqueue(now, interface, packet);
                }
                Action::Failed { key, packets } => self.on_neighbor_failed(now, key, packets),
                // Neighbour discovery of IPv6 goes here when its engine lands.
                Action::Request { .. } | Action::Announce { .. } => {}
            }
        }
    }

    /// A neighbour stays silent: whoever sent the packets that waited is told, and every connection by that way.
    pub(super) fn on_neighbor_failed(
        &mut self,
        now: Instant,
        key: NeighborKey,
        packets: Vec<crate::buffer::Packet>,
    ) {
        for packet in packets {
            self.on_host_unreachable(now, packet.bytes());
            self.pool.put(packet);
        }
        let behind: Vec<_> = self.tcp.behind(key.interface, key.address).collect();
        for id in behind {
            if let Some(entry) = self.tcp.connections.get_mut(id) {
                entry
                    .connection
                    .on_unreachable(&mut self.observers.context(now, None), Error::HostUnreachable);
                self.settle(id, false);
            }
        }
    }

    fn send_arp(
        &mut self,
        now: Instant,
        interface: InterfaceId,
        operation: ArpOperation,
        sender_ip: Ipv4Addr,
        (target_mac, target_ip): (MacAddress, Ipv4Addr),
        unicast: Option<MacAddress>,
    ) {
        let Some(link) = self.interfaces.find(interface) else { return };
        if !link.up || link.medium != Medium::Ethernet {
            return;
        }
        let sender_mac = link.mac;
        let Ok(mut packet) = self.zeroed(EthernetHeader::LEN + ArpPacket::LEN) else { return };
        let destination = unicast.unwrap_or(MacAddress::BROADCAST);
        let header = EthernetHeader { destination, source: sender_mac, ethertype: EtherType::ARP };
        header.emit(packet.bytes_mut());
        let arp = ArpPacket { operation, sender_mac, sender_ip, target_mac, target_ip };
        arp.emit(&mut packet.bytes_mut()[EthernetHeader::LEN..]);
        let mut cx = self.observers.context(now, Some(interface));
        cx.count(if operation == ArpOperation::Request {
            Counter::ArpOutRequests
        } else {
            Counter::ArpOutReplies
        });
        cx.emit(Layer::Arp, || TraceEvent::ArpOperation {
            source: sender_ip.into(),
            hardware: sender_mac,
            destination: target_ip.into(),
            operation: operation.name(),
        });
        self.enqueue(now, interface, packet);
    }
}
