//! Putting fragments together again (RFC 791 3.2, RFC 1122 3.3.2).
//!
//! The overlap rule: a fragment equal to one that is held is dropped alone; any other overlap, and any second end of
//! the datagram, drops the whole datagram. Honest senders never overlap, and whoever does wants two hosts to
//! read different things (teardrop, RFC 1858, RFC 3128). Memory is bounded in total and for each source; whoever was
//! touched longest ago gives way, so a flood of first fragments costs honest datagrams time, not service
//! (CVE-2018-5391). Every fragment costs O(log n).

mod datagram;

use self::datagram::{Datagram, Refused};
use super::Config;
use crate::buffer::{Packet, Pool};
use crate::drops::DropReason;
use crate::observe::{Context, Counter, InterfaceId, Layer};
use crate::time::Instant;
use crate::wire::{IpAddress, Ipv4Header, Protocol};
use std::collections::{BTreeMap, BTreeSet};

/// What became of a fragment.
#[derive(Debug)]
pub enum Outcome {
    /// Kept.
    Pending,
    /// It was the last one missing: the datagram as one packet with one header, checksum right, view and network
    /// mark at its start.
    Complete(Packet),
    /// Dropped, and counted.
    Dropped,
}

/// A datagram that was not complete in time.
#[derive(Debug)]
pub struct Expired {
    /// Fragment 0 as it came, if it did: for ICMP 11/1.
    pub first: Option<Packet>,
    /// Where the fragment that came first came in, as its context said; 0 when it did not.
    pub interface: InterfaceId,
}

/// What the fragments of one datagram have in common; 32-bit identifiers, as IPv6 has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    source: IpAddress,
    destination: IpAddress,
    protocol: Protocol,
    id: u32,
}

/// Incomplete datagrams.
///
/// After [`Reassembler::insert`] and [`Reassembler::handle_timeout`], arm [`Reassembler::poll_timeout`].
#[derive(Debug, Default)]
pub struct Reassembler {
    datagrams: BTreeMap<Key, Datagram>,
    /// By time of creation: whose time is up first.
    by_age: BTreeSet<(Instant, Key)>,
    /// By order of use, over all sources and within each: who gives way first.
    by_use: BTreeMap<u64, Key>,
    by_source: BTreeMap<(IpAddress, u64), Key>,
    source_bytes: BTreeMap<IpAddress, usize>,
    bytes: usize,
    stamp: u64,
}

impl Reassembler {
    /// Nothing to put together yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Take a fragment: `packet` views the whole IP packet without padding, `header` is its header, parsed.
    ///
    /// Everything dropped is counted here: each fragment by its reason, and each datagram lost as `IpReasmFails`.
    pub fn insert(
        &mut self,
        cx: &mut Context<'_>,
        config: &Config,
        header: &Ipv4Header,
        packet: Packet,
        pool: &mut Pool,
    ) -> Outcome {
        cx.count(Counter::IpReasmReqds);
        let header_length = header.len();
        let packet = match sound(header, packet, pool) {
            Ok(packet) => packet,
            Err(reason) => return drop_fragment(cx, reason),
        };
        let key = Key {
            source: header.source.into(),
            destination: header.destination.into(),
            protocol: header.protocol,
            id: u32::from(header.id),
        };
        self.touch(cx, key);
        let refused = self.datagrams.get(&key).map(|datagram| {
            let payload = &packet.bytes()[header_length..];
            datagram.check(header, payload)
        });
        match refused {
            Some(Err(Refused::Duplicate)) => return drop_fragment(cx, DropReason::FragmentDuplicate),
            Some(Err(Refused::Poisoned(reason))) => {
                self.discard(cx, key, reason);
                return drop_fragment(cx, reason);
            }
            Some(Ok(())) | None => {}
        }
        if !self.make_room(cx, config, key, datagram::cost(&packet)) {
            self.discard(cx, key, DropReason::FragmentMemory);
            return drop_fragment(cx, DropReason::FragmentMemory);
        }
        self.keep(key, header, packet);
        if !self.datagrams.get(&key).is_some_and(Datagram::is_complete) {
            return Outcome::Pending;
        }
        self.complete(cx, key, pool)
    }

    /// Give up what was not complete in time. ICMP 11/1 is due for each one whose fragment 0 is here, and only then.
    pub fn handle_timeout(&mut self, cx: &mut Context<'_>, config: &Config) -> Vec<Expired> {
        let mut expired = Vec::new();
        while let Some(&(created, key)) = self.by_age.first() {
            if cx.now < created + config.fragment_timeout {
                break;
            }
            let Some(datagram) = self.remove(key) else { break };
            let interface = datagram.interface;
            count_lost(cx, &datagram, DropReason::FragmentTimeout);
            //= rfc1122#3.3.2   without fragment 0, nobody is told
            expired.push(Expired { first: datagram.into_first(), interface });
        }
        expired
    }

    /// When [`Reassembler::handle_timeout`] is to be called next.
    pub fn poll_timeout(&self, config: &Config) -> Option<Instant> {
        self.by_age.first().map(|(created, _)| *created + config.fragment_timeout)
    }

    /// Memory held, in bytes.
    pub const fn memory(&self) -> usize {
        self.bytes
    }

    /// Incomplete datagrams.
    pub fn len(&self) -> usize {
        self.datagrams.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.datagrams.is_empty()
    }

    /// Make `key` the one used last, and exist.
    fn touch(&mut self, cx: &Context<'_>, key: Key) {
        self.stamp += 1;
        let stamp = self.stamp;
        let datagram = self.datagrams.entry(key).or_insert_with(|| {
            self.by_age.insert((cx.now, key));
            Datagram::new(cx.now, stamp, cx.interface.unwrap_or(InterfaceId(0)))
        });
        let old = std::mem::replace(&mut datagram.stamp, stamp);
        self.by_use.remove(&old);
        self.by_source.remove(&(key.source, old));
        self.by_use.insert(stamp, key);
        self.by_source.insert((key.source, stamp), key);
    }

    fn keep(&mut self, key: Key, header: &Ipv4Header, packet: Packet) {
        let cost = datagram::cost(&packet);
        if let Some(datagram) = self.datagrams.get_mut(&key) {
            datagram.keep(header, packet);
            self.bytes += cost;
            *self.source_bytes.entry(key.source).or_default() += cost;
        }
    }

    fn complete(&mut self, cx: &mut Context<'_>, key: Key, pool: &mut Pool) -> Outcome {
        let Some(datagram) = self.remove(key) else { return Outcome::Dropped };
        let pieces = datagram.len();
        match datagram.assemble(pool) {
            Ok(whole) => {
                cx.count(Counter::IpReasmOKs);
                Outcome::Complete(whole)
            }
            Err(reason) => {
                cx.count(Counter::IpReasmFails);
                for _ in 0..pieces {
                    cx.drop(Layer::Ip, reason);
                }
                Outcome::Dropped
            }
        }
    }

    /// Drop others, those used longest ago first, until `cost` more bytes are allowed; false when that is not enough.
    fn make_room(&mut self, cx: &mut Context<'_>, config: &Config, key: Key, cost: usize) -> bool {
        let of_source = |this: &Self| this.source_bytes.get(&key.source).copied().unwrap_or(0) + cost;
        while of_source(self) > config.fragment_source_memory {
            let mut of_this = self.by_source.range((key.source, 0)..=(key.source, u64::MAX));
            match of_this.next().map(|(_, other)| *other) {
                Some(other) if other != key => self.discard(cx, other, DropReason::FragmentMemory),
                _ => return false,
            }
        }
        while self.bytes + cost > config.fragment_memory {
            match self.by_use.first_key_value().map(|(_, other)| *other) {
                Some(other) if other != key => self.discard(cx, other, DropReason::FragmentMemory),
                _ => return false,
            }
        }
        true
    }

    fn discard(&mut self, cx: &mut Context<'_>, key: Key, reason: DropReason) {
        if let Some(datagram) = self.remove(key) {
            count_lost(cx, &datagram, reason);
        }
    }

    fn remove(&mut self, key: Key) -> Option<Datagram> {
        let datagram = self.datagrams.remove(&key)?;
        self.by_age.remove(&(datagram.created, key));
        self.by_use.remove(&datagram.stamp);
        self.by_source.remove(&(key.source, datagram.stamp));
        self.bytes -= datagram.bytes;
        if let Some(bytes) = self.source_bytes.get_mut(&key.source) {
            *bytes -= datagram.bytes;
            if *bytes == 0 {
                self.source_bytes.remove(&key.source);
            }
        }
        Some(datagram)
    }
}

/// Whether a fragment can be part of any datagram; small ones move out of their large buffers.
fn sound(header: &Ipv4Header, packet: Packet, pool: &mut Pool) -> Result<Packet, DropReason> {
    let length = packet.len().saturating_sub(header.len());
    let end = usize::from(header.fragment_offset) + length;
    //= rfc791#3.2   every fragment but the last is a multiple of eight bytes long
    let ragged = header.more_fragments && !length.is_multiple_of(8);
    // More than a packet can say of itself: the ping of death.
    if length == 0 || ragged || header.len() + end > 65_535 {
        return Err(DropReason::FragmentBad);
    }
    if packet.footprint() < 2 * (packet.len() + Pool::HEADROOM) {
        return Ok(packet);
    }
    let mut compact = Packet::copied(0, packet.bytes());
    compact.mark_network();
    pool.put(packet);
    Ok(compact)
}

fn drop_fragment(cx: &mut Context<'_>, reason: DropReason) -> Outcome {
    cx.drop(Layer::Ip, reason);
    Outcome::Dropped
}

fn count_lost(cx: &mut Context<'_>, datagram: &Datagram, reason: DropReason) {
    cx.count(Counter::IpReasmFails);
    for _ in 0..datagram.len() {
        cx.drop(Layer::Ip, reason);
    }
}

#[cfg(test)]
mod tests;
