//! Two stacks on one Ethernet, a queue between them, and a clock that jumps to the next thing to happen.

use crate::buffer::{Offload, Packet};
use crate::ip::{Route, RouteKind, Segments};
use crate::observe::InterfaceId;
use crate::rng::prf;
use crate::stack::{Config, InterfaceConfig, Medium, Stack};
use crate::time::{Duration, Instant};
use crate::wire::{IpAddress, MacAddress, Prefix};
use std::collections::VecDeque;
use std::net::Ipv4Addr;

/// The interface numbers that every host here has.
pub(super) const LO: InterfaceId = InterfaceId(0);
pub(super) const ETH: InterfaceId = InterfaceId(1);

pub(super) const A: IpAddress = IpAddress::V4(Ipv4Addr::new(10, 0, 0, 1));
pub(super) const B: IpAddress = IpAddress::V4(Ipv4Addr::new(10, 0, 0, 2));

/// A host with `lo` and one Ethernet interface of `address`/24.
pub(super) fn host(config: Config, seed: u128, number: u8) -> Stack {
    let now = Instant::ZERO;
    let mut stack = Stack::new(config, seed, now);
    let lo =
        InterfaceConfig { name: "lo".into(), medium: Medium::Loopback, mac: MacAddress::ZERO, mtu: 65_536 };
    let lo = stack.add_interface(lo).expect("first interface");
    stack.add_address(now, lo, net([127, 0, 0, 1], 8)).expect("first address");
    attach(&mut stack, "veth", [10, 0, 0, number], number);
    stack
}

/// Add an Ethernet interface with an address/24 and its connected route.
pub(super) fn attach(stack: &mut Stack, name: &str, address: [u8; 4], mac: u8) -> InterfaceId {
    let mac = MacAddress([2, 0, 0, 0, 0, mac]);
    let config = InterfaceConfig { name: name.into(), medium: Medium::Ethernet, mac, mtu: 1_500 };
    let id = stack.add_interface(config).expect("a fresh name");
    let prefix = net(address, 24);
    stack.add_address(Instant::ZERO, id, prefix).expect("a fresh address");
    stack.apply_routes(&[], &[route(prefix.network(), None, id)]).expect("one family");
    id
}

pub(super) fn net(address: [u8; 4], length: u8) -> Prefix {
    Prefix::new(Ipv4Addr::from(address).into(), length).expect("a right length")
}

pub(super) fn route(prefix: Prefix, gateway: Option<IpAddress>, interface: InterfaceId) -> Route {
    Route { prefix, gateway, interface, metric: 0, kind: RouteKind::Unicast, source: None }
}

/// A frame under way: when it arrives, at which host, on which interface.
struct Flight {
    at: Instant,
    host: usize,
    interface: InterfaceId,
    frame: Vec<u8>,
    offload: Offload,
}

/// Says of the n-th frame whether it is lost.
type Loss = dyn FnMut(u64, &[u8]) -> bool;

/// Hosts and the cables between their interfaces.
pub(super) struct Net {
    pub(super) now: Instant,
    pub(super) hosts: Vec<Stack>,
    cables: Vec<[(usize, InterfaceId); 2]>,
    flights: VecDeque<Flight>,
    /// One-way delay of every cable.
    pub(super) delay: Duration,
    /// Whether the n-th frame on a cable is lost.
    pub(super) lose: Box<Loss>,
    frames: u64,
    /// Whether cables carry units as they are, or in frames, as a card would send them.
    pub(super) carries_units: bool,
    /// The longest frame so far.
    pub(super) longest: usize,
    /// A running hash over time, place and bytes of every frame.
    pub(super) digest: u64,
}

impl Net {
    /// Hosts with cables between them.
    pub(super) fn new(hosts: Vec<Stack>, cables: Vec<[(usize, InterfaceId); 2]>) -> Self {
        Self {
            now: Instant::ZERO,
            hosts,
            cables,
            flights: VecDeque::new(),
            delay: Duration::from_micros(50),
            lose: Box::new(|_, _| false),
            frames: 0,
            carries_units: false,
            longest: 0,
            digest: 0,
        }
    }

    /// Two hosts, 10.0.0.1 and 10.0.0.2, on one cable.
    pub(super) fn pair(seed: u128) -> Self {
        let hosts = vec![host(Config::default(), seed, 1), host(Config::default(), seed + 1, 2)];
        Self::new(hosts, vec![[(0, ETH), (1, ETH)]])
    }

    /// Everything that can happen now happens.
    pub(super) fn settle(&mut self) {
        for index in 0..self.hosts.len() {
            loop {
                let now = self.now;
                let Some(transmit) = self.hosts[index].poll_transmit(now) else { break };
                let (interface, offload) = (transmit.interface, transmit.offload);
                let frame = transmit.to_vec();
                if offload.segment_size == 0 || self.carries_units {
                    self.carry(index, interface, frame, offload);
                    continue;
                }
                let mut segments =
                    Segments::new(&frame, &[], 14, offload.segment_size).expect("TCP over Ethernet");
                while let Some(length) = segments.next_len() {
                    let mut segment = vec![0; length];
                    segments.emit(&mut segment);
                    self.carry(index, interface, segment, Offload::default());
                }
            }
        }
    }

    fn carry(&mut self, host: usize, interface: InterfaceId, frame: Vec<u8>, offload: Offload) {
        let key = u128::from(self.digest) << 64 | u128::from(self.now.as_nanos());
        self.digest = prf(key, &frame) ^ (host as u64) << 8 ^ u64::from(interface.0);
        if interface == LO {
            let (at, host) = (self.now, host);
            return self.flights.push_front(Flight { at, host, interface, frame, offload });
        }
        self.frames += 1;
        self.longest = self.longest.max(frame.len());
        if (self.lose)(self.frames, &frame) {
            return;
        }
        let at = self.now + self.delay;
        for cable in &self.cables {
            let [left, right] = *cable;
            let other = if left == (host, interface) { right } else { left };
            if left == (host, interface) || right == (host, interface) {
                self.flights.push_back(Flight {
                    at,
                    host: other.0,
                    interface: other.1,
                    frame: frame.clone(),
                    offload,
                });
            }
        }
    }

    /// Go on for `span`, jumping from one thing that happens to the next.
    pub(super) fn run(&mut self, span: Duration) {
        let end = self.now + span;
        self.run_until(end, |_| false);
    }

    /// Go on until `done`, at the latest `end`; whether it was done.
    pub(super) fn run_until(&mut self, end: Instant, mut done: impl FnMut(&mut Self) -> bool) -> bool {
        loop {
            self.settle();
            if done(self) {
                return true;
            }
            self.settle();
            let frame = self.flights.front().map(|flight| flight.at);
            let timer = self.hosts.iter().filter_map(Stack::poll_timeout).min();
            let next = frame.into_iter().chain(timer).min().filter(|next| *next <= end);
            let Some(next) = next else {
                self.now = end;
                return false;
            };
            self.now = self.now.max(next);
            while self.flights.front().is_some_and(|flight| flight.at <= self.now) {
                let Some(flight) = self.flights.pop_front() else { break };
                let stack = &mut self.hosts[flight.host];
                let mut packet = Packet::copied(32, &flight.frame);
                packet.offload = flight.offload;
                stack.handle_frame(self.now, flight.interface, packet);
                self.settle();
            }
            for stack in &mut self.hosts {
                stack.handle_timeout(self.now);
            }
        }
    }
}
