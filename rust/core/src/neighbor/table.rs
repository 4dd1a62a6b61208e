//! The table: entries by key, their timers, the bounds, and what shall be done next.

use super::announce::Announcer;
use super::entry::{Due, Neighbor, Phase};
use super::{Action, Config, Entry, NeighborKey, Resolution, State};
use crate::buffer::{LruMap, Packet};
use crate::drops::DropReason;
use crate::observe::{Context, Counter, InterfaceId, Layer, TraceEvent};
use crate::rng::Rng;
use crate::time::Instant;
use crate::wire::{IpAddress, MacAddress};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// The neighbour table of a stack.
///
/// Drain [`Table::poll_action`] after every call that takes a `Context`, then arm [`Table::poll_timeout`]. What the
/// table drops is counted here already; what it wants sent, its sender counts.
#[derive(Debug)]
pub struct Table {
    pub(super) config: Config,
    /// Set by hand: never evicted, never changed from outside.
    pub(super) permanent: BTreeMap<NeighborKey, MacAddress>,
    pub(super) learned: LruMap<NeighborKey, Neighbor>,
    timers: BTreeSet<(Instant, NeighborKey)>,
    pub(super) announcer: Announcer,
    pub(super) actions: VecDeque<Action>,
    /// Packets that wait, over all neighbours.
    waiting: usize,
}

impl Table {
    /// An empty table.
    pub fn new(config: Config, rng: &mut Rng) -> Self {
        Self {
            config,
            permanent: BTreeMap::new(),
            learned: LruMap::new(rng),
            timers: BTreeSet::new(),
            announcer: Announcer::default(),
            actions: VecDeque::new(),
            waiting: 0,
        }
    }

    /// The knobs, to be changed; a timer that runs keeps its old length.
    pub const fn config_mut(&mut self) -> &mut Config {
        &mut self.config
    }

    /// The hardware address of a neighbour; asks for it where needed.
    pub fn resolve(&mut self, cx: &mut Context<'_>, key: NeighborKey) -> Resolution {
        if let Some(mac) = self.permanent.get(&key) {
            return Resolution::Resolved(*mac);
        }
        let Some(neighbor) = self.learned.touch(&key) else {
            self.insert(cx, key, Neighbor::new(cx.now, Phase::Incomplete { tries: 0 }));
            self.step(cx, key);
            return Resolution::Pending;
        };
        match neighbor.phase {
            Phase::Reachable { mac } | Phase::Delay { mac } | Phase::Probe { mac, .. } => {
                Resolution::Resolved(mac)
            }
            Phase::Stale { mac } => {
                self.update(cx, key, |neighbor, now, config| {
                    neighbor.enter(now, config, Phase::Delay { mac });
                });
                Resolution::Resolved(mac)
            }
            Phase::Incomplete { .. } => Resolution::Pending,
            Phase::Failed { since } if cx.now < since + self.config.failed_time => Resolution::Unreachable,
            Phase::Failed { .. } => {
                self.update(cx, key, |neighbor, now, config| {
                    neighbor.enter(now, config, Phase::Incomplete { tries: 0 });
                });
                self.step(cx, key);
                Resolution::Pending
            }
        }
    }

    /// Keep a packet (from its network header on) until `key` is resolved.
    ///
    /// When the neighbour's queue is full its oldest packet gives way; when that of all neighbours is, so does a
    /// packet of this one, or else the new packet.
    pub fn enqueue(&mut self, cx: &mut Context<'_>, key: NeighborKey, packet: Packet) {
        let address = key.address;
        let Some(neighbor) = self.learned.peek_mut(&key) else {
            return cx.drop(Layer::Arp, DropReason::NeighborUnreachable);
        };
        if let Some(mac) = neighbor.phase.mac() {
            return self.actions.push_back(Action::Send { interface: key.interface, mac, packet });
        }
        if let Phase::Failed { .. } = neighbor.phase {
            return cx.drop(Layer::Arp, DropReason::NeighborUnreachable);
        }
        //= rfc1122#2.3.2.2   keep packets while the address is asked for, and send the latest when it is known
        neighbor.queue.push_back(packet);
        self.waiting += 1;
        let full = neighbor.queue.len() > self.config.queue_packets || self.waiting > self.config.queue_total;
        if full {
            neighbor.queue.pop_front();
            self.waiting -= 1;
            cx.drop(Layer::Arp, DropReason::NeighborQueueFull);
        }
        cx.emit(Layer::Arp, || TraceEvent::ArpPending { address });
    }

    /// The layer above saw forward progress: `key` is reachable where we sent to.
    pub fn confirm(&mut self, cx: &mut Context<'_>, key: NeighborKey) {
        //= rfc1122#2.3.2.1   advice from higher layers keeps an entry without asking
        let Some(neighbor) = self.learned.peek_mut(&key) else { return };
        match neighbor.phase {
            // The common case, once for every acknowledgment: no timer is touched.
            Phase::Reachable { .. } => neighbor.updated = cx.now,
            Phase::Stale { mac } | Phase::Delay { mac } | Phase::Probe { mac, .. } => {
                self.update(cx, key, |neighbor, now, config| neighbor.confirm(now, config, mac));
            }
            Phase::Incomplete { .. } | Phase::Failed { .. } => {}
        }
    }

    /// Announce an address of ours: twice, two seconds apart.
    pub fn announce(&mut self, cx: &mut Context<'_>, interface: InterfaceId, address: IpAddress) {
        self.announcer.announce(cx, &mut self.actions, self.config.announcements, interface, address);
    }

    /// An address is ours no more: stop announcing it.
    pub fn withdraw(&mut self, interface: InterfaceId, address: IpAddress) {
        self.announcer.withdraw(interface, address);
    }

    /// What is to be done next; ask until `None`.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// Let everything happen that is due by now.
    ///
    /// However far the clock jumped, each neighbour makes one step: a destination is never asked twice at once.
    pub fn handle_timeout(&mut self, cx: &mut Context<'_>) {
        self.announcer.handle_timeout(cx, &mut self.actions);
        let due: Vec<NeighborKey> =
            self.timers.iter().take_while(|(at, _)| *at <= cx.now).map(|(_, key)| *key).collect();
        for key in due {
            self.step(cx, key);
        }
    }

    /// When [`Table::handle_timeout`] is to be called next.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let entries = self.timers.first().map(|(at, _)| *at);
        entries.into_iter().chain(self.announcer.poll_timeout()).min()
    }

    /// Set an address by hand. What waited for it leaves.
    pub fn insert_permanent(&mut self, cx: &mut Context<'_>, key: NeighborKey, mac: MacAddress) {
        let queue = self.learned.peek_mut(&key).map(|neighbor| std::mem::take(&mut neighbor.queue));
        self.permanent.insert(key, mac);
        self.send_all(cx, key, mac, queue.unwrap_or_default());
        self.forget(cx, key, DropReason::NeighborUnreachable);
    }

    /// Forget an entry, permanent or not; false when there was none. What waited for it is dropped.
    pub fn remove(&mut self, cx: &mut Context<'_>, key: NeighborKey) -> bool {
        let permanent = self.permanent.remove(&key).is_some();
        self.forget(cx, key, DropReason::NeighborUnreachable) || permanent
    }

    /// Forget what was learned on one interface, or on all. Permanent entries stay.
    pub fn flush(&mut self, cx: &mut Context<'_>, interface: Option<InterfaceId>) {
        let mut keys: Vec<NeighborKey> = self.learned.iter().map(|(key, _)| *key).collect();
        keys.retain(|key| interface.is_none_or(|interface| interface == key.interface));
        for key in keys {
            self.forget(cx, key, DropReason::NeighborUnreachable);
        }
    }

    /// An interface is gone: forget its permanent entries and announcements too.
    pub fn remove_interface(&mut self, cx: &mut Context<'_>, interface: InterfaceId) {
        self.permanent.retain(|key, _| key.interface != interface);
        self.announcer.remove_interface(interface);
        self.flush(cx, Some(interface));
    }

    /// All entries, sorted by key.
    pub fn entries(&self, now: Instant) -> Vec<Entry> {
        let permanent = self.permanent.iter().map(|(key, mac)| Entry {
            key: *key,
            mac: Some(*mac),
            state: State::Permanent,
            age: crate::time::Duration::ZERO,
            expires_in: None,
            pending: 0,
        });
        let learned = self.learned.iter().map(|(key, neighbor)| {
            let until = match neighbor.phase {
                Phase::Reachable { .. } => neighbor.updated + self.config.reachable_time,
                _ => neighbor.deadline,
            };
            Entry {
                key: *key,
                mac: neighbor.phase.mac(),
                state: neighbor.phase.state(),
                age: now.since(neighbor.updated),
                expires_in: Some(until.since(now)),
                pending: neighbor.queue.len(),
            }
        });
        let mut entries: Vec<Entry> = permanent.chain(learned).collect();
        entries.sort_by_key(|entry| entry.key);
        entries
    }

    /// Packets that wait for an answer, over all neighbours.
    pub const fn waiting(&self) -> usize {
        self.waiting
    }

    /// Change an entry, keep its timer in step, and trace what became of it.
    pub(super) fn update<R>(
        &mut self,
        cx: &mut Context<'_>,
        key: NeighborKey,
        change: impl FnOnce(&mut Neighbor, Instant, &Config) -> R,
    ) -> Option<R> {
        let neighbor = self.learned.peek_mut(&key)?;
        let (from, armed) = (neighbor.phase.state(), neighbor.deadline);
        let result = change(neighbor, cx.now, &self.config);
        let to = neighbor.phase.state();
        if armed != neighbor.deadline {
            self.timers.remove(&(armed, key));
            self.timers.insert((neighbor.deadline, key));
        }
        if from != to {
            trace(cx, key, from.name(), to.name());
        }
        Some(result)
    }

    /// Add an entry as a used one, at the cost of the one used longest ago when the table is full.
    pub(super) fn insert(&mut self, cx: &mut Context<'_>, key: NeighborKey, neighbor: Neighbor) {
        self.make_room(cx);
        self.timers.insert((neighbor.deadline, key));
        trace(cx, key, "none", neighbor.phase.state().name());
        self.learned.insert(key, neighbor);
    }

    /// Add an entry that was only heard of: until somebody here uses it, it is the first to give way, so that a
    /// flood of requests from invented hosts takes one place of the table and no more.
    pub(super) fn insert_heard(&mut self, cx: &mut Context<'_>, key: NeighborKey, neighbor: Neighbor) {
        self.make_room(cx);
        self.timers.insert((neighbor.deadline, key));
        trace(cx, key, "none", neighbor.phase.state().name());
        self.learned.insert_oldest(key, neighbor);
    }

    /// Send what waited for `key`.
    pub(super) fn send_all(
        &mut self,
        cx: &mut Context<'_>,
        key: NeighborKey,
        mac: MacAddress,
        queue: VecDeque<Packet>,
    ) {
        if queue.is_empty() {
            return;
        }
        self.waiting -= queue.len();
        let NeighborKey { interface, address } = key;
        cx.emit(Layer::Arp, || TraceEvent::ArpFlush { address, packets: queue.len() });
        self.actions.extend(queue.into_iter().map(|packet| Action::Send { interface, mac, packet }));
    }

    /// Let one entry do what its timer says.
    fn step(&mut self, cx: &mut Context<'_>, key: NeighborKey) {
        match self.update(cx, key, Neighbor::on_timeout) {
            None | Some(Due::Rest) => {}
            Some(Due::Ask(unicast)) => {
                let NeighborKey { interface, address: target } = key;
                self.actions.push_back(Action::Request { interface, target, unicast });
            }
            Some(Due::Fail) => self.fail(cx, key),
            Some(Due::Forget) => {
                self.forget(cx, key, DropReason::NeighborUnreachable);
            }
        }
    }

    fn fail(&mut self, cx: &mut Context<'_>, key: NeighborKey) {
        let queue = self.learned.peek_mut(&key).map(|neighbor| std::mem::take(&mut neighbor.queue));
        let packets = Vec::from(queue.unwrap_or_default());
        self.waiting -= packets.len();
        for _ in &packets {
            cx.drop(Layer::Arp, DropReason::NeighborUnreachable);
        }
        cx.emit(Layer::Arp, || TraceEvent::ArpFail { address: key.address, packets: packets.len() });
        self.actions.push_back(Action::Failed { key, packets });
    }

    fn make_room(&mut self, cx: &mut Context<'_>) {
        while self.learned.len() >= self.config.max_entries.max(1) {
            let Some((&key, _)) = self.learned.oldest() else { return };
            cx.count(Counter::NeighborEvictions);
            self.forget(cx, key, DropReason::NeighborEvicted);
        }
    }

    fn forget(&mut self, cx: &mut Context<'_>, key: NeighborKey, reason: DropReason) -> bool {
        let Some(neighbor) = self.learned.remove(&key) else { return false };
        self.timers.remove(&(neighbor.deadline, key));
        self.waiting -= neighbor.queue.len();
        for _ in &neighbor.queue {
            cx.drop(Layer::Arp, reason);
        }
        trace(cx, key, neighbor.phase.state().name(), "none");
        true
    }
}

fn trace(cx: &mut Context<'_>, key: NeighborKey, from: &'static str, to: &'static str) {
    cx.emit(Layer::Arp, || TraceEvent::Neighbor { address: key.address, from, to });
}
