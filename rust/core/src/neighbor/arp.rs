//! What an ARP packet does to the table (RFC 826, RFC 5227).

use super::entry::{Neighbor, Phase};
use super::{Action, Arrival, NeighborKey, Table};
use crate::drops::DropReason;
use crate::observe::{Context, Layer, TraceEvent};
use crate::wire::{ArpOperation, ArpPacket, MacAddress};
use std::net::Ipv4Addr;

/// What a packet's claim about its sender changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Merge {
    /// There is no entry for the sender.
    Unknown,
    /// The entry agrees, or was changed.
    Done,
    /// The entry was confirmed too short a time ago to believe another address.
    Locked,
}

impl Table {
    /// An ARP packet came in.
    ///
    /// An entry is made from a request to us, or a reply that we asked for; one that exists is also changed by any
    /// other packet of its host, unless it is permanent or was confirmed within `lock_time`.
    pub fn on_arp(&mut self, cx: &mut Context<'_>, packet: &ArpPacket, arrival: Arrival) {
        let ArpPacket { operation, sender_mac, sender_ip, target_ip, .. } = *packet;
        let (source, destination) = (sender_ip.into(), target_ip.into());
        cx.emit(Layer::Arp, || TraceEvent::Arp { source, destination });
        let operation_name = operation.name();
        cx.emit(Layer::Arp, || {
            let (hardware, operation) = (sender_mac, operation_name);
            TraceEvent::ArpOperation { source, hardware, destination, operation }
        });
        if let Err(reason) = check_sender(packet, &arrival) {
            return cx.drop(Layer::Arp, reason);
        }
        if arrival.sender_is_ours {
            self.announcer.defend(cx, &mut self.actions, arrival.interface, source);
            return cx.drop(Layer::Arp, DropReason::ArpAddressConflict);
        }
        let key = NeighborKey { interface: arrival.interface, address: source };
        let for_us = operation == ArpOperation::Request && arrival.target_is_ours;
        //= rfc5227#2.1.1   a probe, from 0.0.0.0, teaches nothing about its sender
        let merge =
            if sender_ip.is_unspecified() { Merge::Done } else { self.merge(cx, key, packet, &arrival) };
        if for_us {
            //= rfc826   make an entry for whoever asks for us: it is about to talk to us
            if merge == Merge::Unknown && !self.permanent.contains_key(&key) {
                self.insert_stale(cx, key, sender_mac);
            }
            cx.emit(Layer::Arp, || TraceEvent::ArpReply { destination: source, hardware: sender_mac });
            self.actions.push_back(Action::Reply { interface: arrival.interface, request: *packet });
        } else {
            match (merge, operation) {
                (Merge::Locked, _) => cx.drop(Layer::Arp, DropReason::ArpLocked),
                // 0.0.0.0 asks for somebody else's address, or a host that we do not know does.
                (Merge::Unknown, ArpOperation::Request) if sender_ip != target_ip => {
                    cx.drop(Layer::Arp, DropReason::ArpNotForUs);
                }
                (Merge::Done, ArpOperation::Request) if sender_ip.is_unspecified() => {
                    cx.drop(Layer::Arp, DropReason::ArpNotForUs);
                }
                (Merge::Unknown, _) => cx.drop(Layer::Arp, DropReason::ArpUnsolicited),
                (Merge::Done, _) => {}
            }
        }
    }

    fn insert_stale(&mut self, cx: &mut Context<'_>, key: NeighborKey, mac: MacAddress) {
        let mut neighbor = Neighbor::new(cx.now, Phase::Stale { mac });
        neighbor.enter(cx.now, &self.config, Phase::Stale { mac });
        self.insert_heard(cx, key, neighbor);
    }

    fn merge(
        &mut self,
        cx: &mut Context<'_>,
        key: NeighborKey,
        packet: &ArpPacket,
        arrival: &Arrival,
    ) -> Merge {
        if self.permanent.contains_key(&key) {
            return Merge::Done;
        }
        let mac = packet.sender_mac;
        let Some(neighbor) = self.learned.peek_mut(&key) else { return Merge::Unknown };
        let known = neighbor.phase.mac();
        let waiting = matches!(neighbor.phase, Phase::Incomplete { .. } | Phase::Probe { .. });
        // An announcement may have come between question and answer; then the answer still confirms what it said.
        let asked = neighbor.asked.is_some_and(|asked| cx.now <= asked + self.config.retry_interval);
        let answers = packet.operation == ArpOperation::Reply && arrival.target_is_ours;
        if answers && (waiting || (asked && known == Some(mac))) {
            self.update(cx, key, |neighbor, now, config| neighbor.confirm(now, config, mac));
            self.release(cx, key, mac);
            return Merge::Done;
        }
        if known == Some(mac) {
            return Merge::Done;
        }
        if known.is_some() && cx.now < neighbor.updated + self.config.lock_time {
            return Merge::Locked;
        }
        // Believed, but not confirmed: whoever uses it will have it probed.
        let used = !neighbor.queue.is_empty();
        self.update(cx, key, |neighbor, now, config| {
            neighbor.updated = now;
            neighbor.enter(now, config, if used { Phase::Delay { mac } } else { Phase::Stale { mac } });
        });
        self.release(cx, key, mac);
        Merge::Done
    }

    fn release(&mut self, cx: &mut Context<'_>, key: NeighborKey, mac: MacAddress) {
        let queue = self.learned.peek_mut(&key).map(|neighbor| std::mem::take(&mut neighbor.queue));
        self.send_all(cx, key, mac, queue.unwrap_or_default());
    }
}

/// Whether the sender can be who it says.
fn check_sender(packet: &ArpPacket, arrival: &Arrival) -> Result<(), DropReason> {
    let ArpPacket { operation, sender_mac, sender_ip, .. } = *packet;
    let mac_fits = !sender_mac.is_group()
        && sender_mac != MacAddress::ZERO
        && sender_mac != arrival.own_mac
        && sender_mac == arrival.frame_source;
    let class_e = sender_ip.octets()[0] >= 240;
    let ip_fits = if sender_ip == Ipv4Addr::UNSPECIFIED {
        operation == ArpOperation::Request
    } else {
        sender_ip.octets()[0] != 0 && !sender_ip.is_loopback() && !sender_ip.is_multicast() && !class_e
    };
    if mac_fits && ip_fits { Ok(()) } else { Err(DropReason::ArpBadSender) }
}
