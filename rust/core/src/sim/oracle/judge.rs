//! The judge: frames in, violations out.

use super::Violation;
use super::ledger::Ledger;
use super::live::Live;
use super::rules::{self, Rule};
use super::segment::{Seen, Segment, read};
use crate::sim::network::HostId;
use crate::stack::{Memory, Stack};
use crate::tcp::Tuple;
use crate::time::Instant;
use crate::wire::{IpAddress, TcpFlags};
use std::collections::BTreeMap;

/// A connection at one of its hosts, ordered so that a report is the same each time.
type Key = (HostId, IpAddress, u16, IpAddress, u16);

/// Judges frames. See the module above.
#[derive(Debug, Default)]
pub struct Judge {
    ledgers: BTreeMap<Key, Ledger>,
    /// When each host last heard an ARP packet: what waited for it leaves then, out of its time.
    heard_arp: BTreeMap<HostId, Instant>,
    /// When each host last sent one: something waits.
    asked_arp: BTreeMap<HostId, Instant>,
    violations: Vec<Violation>,
    judged: u64,
}

/// What a rule about a segment looks at.
pub(super) struct Case<'a> {
    pub(super) now: Instant,
    pub(super) segment: &'a Segment<'a>,
    pub(super) ledger: &'a Ledger,
    pub(super) live: Option<&'a Live>,
    /// The segment may have waited for its neighbour's address: it is not of this moment.
    pub(super) parked: bool,
    /// When the host last asked for a neighbour's address.
    pub(super) asked: Option<Instant>,
}

const fn key(host: HostId, tuple: &Tuple) -> Key {
    (host, tuple.local.ip(), tuple.local.port(), tuple.remote.ip(), tuple.remote.port())
}

impl Judge {
    /// Violations kept: one defect breaks its rule again and again, and the first times tell all.
    const MOST: usize = 64;

    /// What was found so far.
    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }

    /// Segments judged so far.
    pub const fn judged(&self) -> u64 {
        self.judged
    }

    /// A host sends a frame, of its own or for others.
    pub(super) fn on_emitted(&mut self, now: Instant, host: HostId, frame: &[u8], stack: &Stack) {
        let own = |address: IpAddress| stack.interfaces().any(|interface| interface.has_address(address));
        let live = |tuple: &Tuple| Live::of(stack, tuple);
        self.sent(now, host, frame, own, live);
        self.memory(now, host, &stack.memory());
    }

    /// A host sends a frame; `own` says which addresses are its own, `live` asks a connection of it.
    pub fn sent(
        &mut self,
        now: Instant,
        host: HostId,
        frame: &[u8],
        own: impl Fn(IpAddress) -> bool,
        live: impl Fn(&Tuple) -> Option<Live>,
    ) {
        match read(frame) {
            Seen::Tcp(segment) if own(segment.from.ip()) => {
                let live = live(&segment.sender());
                self.sent_segment(now, host, &segment, live.as_ref());
            }
            Seen::Arp => {
                self.asked_arp.insert(host, now);
            }
            // What a router passes on is as good as it came, but for the header that it made.
            Seen::Broken(source, what) if source.is_none_or(own) => {
                self.report(now, host, None, Rule::Checksum, what.to_owned());
            }
            _ => {}
        }
    }

    fn sent_segment(&mut self, now: Instant, host: HostId, segment: &Segment<'_>, live: Option<&Live>) {
        self.judged += 1;
        let tuple = segment.sender();
        let parked = self.heard_arp.get(&host) == Some(&now);
        let asked = self.asked_arp.get(&host).copied();
        let ledger = self.ledgers.entry(key(host, &tuple)).or_default();
        ledger.open(segment);
        let mut found = Vec::new();
        if !segment.has(TcpFlags::RST) {
            let case = Case { now, segment, ledger, live, parked, asked };
            for (rule, judge) in rules::OF_SEGMENTS {
                found.extend(judge(&case).err().map(|what| (*rule, what)));
            }
        }
        ledger.timed(now, segment, live);
        ledger.sent(segment, live);
        for (rule, what) in found {
            self.report(now, host, Some(tuple), rule, what);
        }
    }

    /// A host receives a frame.
    pub fn received(&mut self, now: Instant, host: HostId, frame: &[u8]) {
        match read(frame) {
            Seen::Tcp(segment) => {
                let key = key(host, &segment.receiver());
                self.ledgers.entry(key).or_default().received(&segment);
            }
            Seen::Arp => {
                self.heard_arp.insert(host, now);
            }
            Seen::Fragment(from, to) => {
                let of_these = |key: &Key| key.0 == host && key.1 == to && key.3 == from;
                let ledgers = self.ledgers.iter_mut().filter(|(key, _)| of_these(key));
                ledgers.for_each(|(_, ledger)| ledger.blind = true);
            }
            Seen::Other | Seen::Broken(..) => {}
        }
    }

    pub(super) fn on_received(&mut self, now: Instant, host: HostId, frame: &[u8]) {
        self.received(now, host, frame);
    }

    /// What a host holds in memory now.
    pub fn memory(&mut self, now: Instant, host: HostId, memory: &Memory) {
        if let Err(what) = rules::of_host(memory) {
            self.report(now, host, None, Rule::Memory, what);
        }
    }

    fn report(&mut self, at: Instant, host: HostId, tuple: Option<Tuple>, rule: Rule, what: String) {
        if self.violations.len() < Self::MOST {
            self.violations.push(Violation { at, host, tuple, rule, what });
        }
    }
}
