//! Two hosts, a wire with mischief on it, and applications that do anything at any time.

use super::dice::Dice;
use super::mutate;
use std::collections::VecDeque;
use std::net::Ipv4Addr;
use tapip_core::drops::DropReason;
use tapip_core::error::Error;
use tapip_core::ip::{Route, RouteKind};
use tapip_core::observe::{Counter, InterfaceId};
use tapip_core::stack::{
    Config, InterfaceConfig, ListenerId, Medium, SocketId, SocketOption, Stack, TcpId, UdpId,
};
use tapip_core::time::{Duration, Instant};
use tapip_core::wire::{IpAddress, MacAddress, Prefix, SocketAddress};

const LO: InterfaceId = InterfaceId(0);
const ETH: InterfaceId = InterfaceId(1);
const ADDRESSES: [IpAddress; 2] =
    [IpAddress::V4(Ipv4Addr::new(10, 0, 0, 1)), IpAddress::V4(Ipv4Addr::new(10, 0, 0, 2))];

/// One way of the wire.
const DELAY: Duration = Duration::from_micros(50);
/// Frames on the wire at most: answers to answers to mutants must not multiply without end.
const WIRE: usize = 256;
/// Frames that are remembered, to be played again.
const HISTORY: usize = 64;
/// Connections that the applications of a host keep at most.
const CONNECTIONS: usize = 12;
/// Times that a stack may say "now" to "when shall I wake you?" before it is deemed to spin. Wake-ups in vain are
/// allowed, but each takes a timer down a level of the wheel.
const SPINS: usize = 1_000;

struct Host {
    stack: Stack,
    listener: ListenerId,
    udp: UdpId,
}

struct Flight {
    at: Instant,
    to: usize,
    frame: Vec<u8>,
}

/// The hosts and what is between them.
pub struct Arena {
    /// The time.
    pub now: Instant,
    hosts: [Host; 2],
    wire: VecDeque<Flight>,
    history: VecDeque<Vec<u8>>,
    /// Frames that were not the hosts' own.
    pub mutants: u64,
}

impl Arena {
    /// Two hosts on one Ethernet that know nothing of each other yet.
    pub fn new(seed: u128) -> Self {
        let hosts = [host(seed, 1), host(seed ^ 0xb, 2)];
        Self { now: Instant::ZERO, hosts, wire: VecDeque::new(), history: VecDeque::new(), mutants: 0 }
    }

    /// Let the dice decide what the applications and the wire do, until they are used up or `mutants` frames were
    /// not the hosts' own.
    pub fn play(&mut self, dice: &mut Dice<'_>, mutants: u64) {
        while !dice.is_empty() && self.mutants < mutants {
            let host = dice.below(2);
            act(&mut self.hosts[host], self.now, ADDRESSES[1 - host], dice);
            self.settle(dice);
            // Mostly what is under way; now and then as long as the longest timer takes.
            let span = if dice.one_in(16) { Duration::from_secs(200) } else { Duration::from_millis(300) };
            for _ in 0..=dice.below(8) {
                self.step(dice, span);
            }
        }
    }

    /// What both hosts counted, together.
    pub fn counted(&self, counter: Counter) -> u64 {
        self.hosts.iter().map(|host| host.stack.counters().value(counter)).sum()
    }

    /// What both hosts dropped for `reason`.
    pub fn dropped(&self, reason: DropReason) -> u64 {
        self.hosts.iter().map(|host| host.stack.counters().drops(reason)).sum()
    }

    /// End the mischief: everybody closes everything, and within an hour all memory comes back. Then both ping.
    pub fn heal(&mut self) {
        let quiet = &mut Dice::Bytes(&[]);
        for host in &mut self.hosts {
            for id in host.stack.sockets() {
                // Those that a listener takes with it are gone when their turn comes.
                let _ = host.stack.close(self.now, id);
            }
        }
        let end = self.now + Duration::from_secs(3_600);
        self.settle(quiet);
        while self.now < end && self.step(quiet, end.since(self.now)) {}
        self.now = end;
        for host in &mut self.hosts {
            host.stack.handle_timeout(end);
            let memory = host.stack.memory();
            assert_eq!((memory.sockets, memory.fragments, memory.output), (0, 0, 0), "{memory:?}");
            assert_eq!(memory.packets_used, 0, "{memory:?}");
            assert!(memory.timers < 16, "{memory:?}");
            open(host);
        }
        self.settle(quiet);
        assert!(self.ping(0) && self.ping(1), "no answer to a ping after all was healed");
        self.converse();
    }

    /// Whether `from` gets an answer from the other host, in ten attempts a second apart.
    fn ping(&mut self, from: usize) -> bool {
        let quiet = &mut Dice::Bytes(&[]);
        let id = self.hosts[from].stack.raw_open(1).expect("a raw socket");
        let mut answered = false;
        for _ in 0..10 {
            let stack = &mut self.hosts[from].stack;
            let _ = stack.raw_send(self.now, id, &ECHO_REQUEST, Some(ADDRESSES[1 - from]));
            self.pass(Duration::from_secs(1));
            let mut answer = [0; 64];
            while let Ok((length, _)) = self.hosts[from].stack.raw_recv(id, &mut answer) {
                answered |= answer[20..length].first() == Some(&0) && answer[24..length] == ECHO_REQUEST[4..];
            }
        }
        self.hosts[from].stack.close(self.now, SocketId::Raw(id)).expect("it is ours");
        self.settle(quiet);
        answered
    }

    /// A connection on a sound wire carries what is sent, both ways.
    fn converse(&mut self) {
        let sent: Vec<u8> = (0..20_000u32).map(|at| (at * 7) as u8).collect();
        let remote = SocketAddress::new(ADDRESSES[1], 80);
        let client = self.hosts[0].stack.tcp_connect(self.now, remote, None, None).expect("a connection");
        self.pass(Duration::from_secs(2));
        let listener = self.hosts[1].listener;
        let server = self.hosts[1].stack.tcp_accept(listener).expect("it was established");
        for (from, to, ends) in [(0, 1, [client, server]), (1, 0, [server, client])] {
            assert_eq!(self.hosts[from].stack.tcp_send(self.now, ends[0], &sent), Ok(sent.len()));
            self.pass(Duration::from_secs(5));
            let mut received = vec![0; sent.len()];
            assert_eq!(self.hosts[to].stack.tcp_recv(self.now, ends[1], &mut received), Ok(sent.len()));
            assert!(received == sent, "what was received is not what was sent");
        }
    }

    /// Let time pass, without mischief.
    fn pass(&mut self, span: Duration) {
        let quiet = &mut Dice::Bytes(&[]);
        let end = self.now + span;
        self.settle(quiet);
        while self.step(quiet, end.since(self.now)) {}
        self.now = end;
    }

    /// Go to the next thing that happens within `span`; false if nothing does.
    fn step(&mut self, dice: &mut Dice<'_>, span: Duration) -> bool {
        let timer = self.hosts.iter().filter_map(|host| host.stack.poll_timeout()).min();
        let flight = self.wire.front().map(|flight| flight.at);
        let next = timer.into_iter().chain(flight).min().filter(|next| *next <= self.now + span);
        let Some(next) = next else { return false };
        self.now = self.now.max(next);
        while let Some(flight) = self.wire.pop_front_due(self.now) {
            let stack = &mut self.hosts[flight.to].stack;
            if let Some(mut packet) = stack.pool().take_sized(flight.frame.len()) {
                packet.append(&flight.frame);
                stack.handle_frame(self.now, ETH, packet);
            }
            // Bursts of any length.
            if !dice.one_in(3) {
                self.settle(dice);
            }
        }
        self.settle(dice);
        for host in 0..2 {
            for spin in 0.. {
                self.hosts[host].stack.handle_timeout(self.now);
                self.settle(dice);
                if self.hosts[host].stack.poll_timeout().is_none_or(|next| next > self.now) {
                    break;
                }
                assert!(spin < SPINS, "a stack wants to be woken at once, again and again");
            }
        }
        true
    }

    /// Take what the hosts have to say, and put it on the wire.
    fn settle(&mut self, dice: &mut Dice<'_>) {
        for from in 0..2 {
            loop {
                let stack = &mut self.hosts[from].stack;
                let Some(transmit) = stack.poll_transmit(self.now) else { break };
                let (interface, frame) = (transmit.interface, transmit.to_vec());
                if interface != LO {
                    self.carry(from, frame, dice);
                } else if let Some(mut packet) = stack.pool().take_sized(frame.len()) {
                    packet.append(&frame);
                    stack.handle_frame(self.now, LO, packet);
                }
            }
            while self.hosts[from].stack.poll_event().is_some() {}
        }
    }

    /// The wire: most frames go through as they are.
    fn carry(&mut self, from: usize, frame: Vec<u8>, dice: &mut Dice<'_>) {
        let to = 1 - from;
        if self.history.len() == HISTORY {
            self.history.pop_front();
        }
        self.history.push_back(frame.clone());
        match dice.byte() {
            0..=127 => self.put(to, DELAY, frame),
            128..=159 => {
                self.mutant(to, frame.clone(), dice);
                self.put(to, DELAY, frame);
            }
            160..=191 => {
                self.put(to, DELAY, frame.clone());
                self.mutant(to, frame, dice);
            }
            192..=203 => self.mutant(to, frame, dice),
            204..=211 => {}
            212..=217 => {
                self.put(to, DELAY, frame.clone());
                self.put(to, DELAY, frame);
            }
            218..=223 => {
                let late = Duration::from_millis(dice.below(300) as u64);
                self.put(to, DELAY + late, frame);
            }
            224..=235 => {
                self.put(to, DELAY, frame);
                let old = self.history[dice.below(self.history.len())].clone();
                let to = dice.below(2);
                if dice.one_in(2) { self.mutant(to, old, dice) } else { self.foreign(to, old) }
            }
            236..=241 => {
                self.foreign(from, mutate::reflected(&frame));
                self.put(to, DELAY, frame);
            }
            242..=249 => {
                if let Some(error) = mutate::icmp_error(&frame, dice) {
                    self.foreign(from, error);
                }
                self.put(to, DELAY, frame);
            }
            250..=255 => {
                for fragment in mutate::fragments(&frame, dice) {
                    if dice.one_in(4) { self.mutant(to, fragment, dice) } else { self.foreign(to, fragment) }
                }
            }
        }
    }

    fn mutant(&mut self, to: usize, mut frame: Vec<u8>, dice: &mut Dice<'_>) {
        mutate::mutate(&mut frame, dice);
        self.foreign(to, frame);
    }

    fn foreign(&mut self, to: usize, frame: Vec<u8>) {
        self.mutants += 1;
        self.put(to, DELAY, frame);
    }

    fn put(&mut self, to: usize, delay: Duration, frame: Vec<u8>) {
        if self.wire.len() < WIRE {
            let at = self.now + delay;
            let place = self.wire.partition_point(|flight| flight.at <= at);
            self.wire.insert(place, Flight { at, to, frame });
        }
    }
}

trait PopDue {
    fn pop_front_due(&mut self, now: Instant) -> Option<Flight>;
}

impl PopDue for VecDeque<Flight> {
    fn pop_front_due(&mut self, now: Instant) -> Option<Flight> {
        if self.front()?.at <= now { self.pop_front() } else { None }
    }
}

/// Identifier 7, sequence number 1, eight bytes; a checksum that fits.
const ECHO_REQUEST: [u8; 16] = [8, 0, 0x7e, 0x7e, 0, 7, 0, 1, b'a', b'n', b's', b'w', b'e', b'r', b'?', b'!'];

fn host(seed: u128, number: u8) -> Host {
    let mut stack = Stack::new(Config::default(), seed, Instant::ZERO);
    let lo =
        InterfaceConfig { name: "lo".into(), medium: Medium::Loopback, mac: MacAddress::ZERO, mtu: 65_536 };
    let mac = MacAddress([2, 0, 0, 0, 0, number]);
    let eth = InterfaceConfig { name: "eth".into(), medium: Medium::Ethernet, mac, mtu: 1_500 };
    for (config, address, length) in [(lo, [127, 0, 0, 1], 8), (eth, [10, 0, 0, number], 24)] {
        let id = stack.add_interface(config).expect("a fresh name");
        let prefix = Prefix::new(Ipv4Addr::from(address).into(), length).expect("a right length");
        stack.add_address(Instant::ZERO, id, prefix).expect("a fresh address");
        let (prefix, kind) = (prefix.network(), RouteKind::Unicast);
        let route = Route { prefix, gateway: None, interface: id, metric: 0, kind, source: None };
        stack.apply_routes(&[], &[route]).expect("one family");
    }
    let listener = listen(&mut stack);
    let udp = stack.udp_open();
    let mut host = Host { stack, listener, udp };
    bind(&mut host);
    host
}

fn listen(stack: &mut Stack) -> ListenerId {
    stack.tcp_listen(SocketAddress::new(Ipv4Addr::UNSPECIFIED.into(), 80), 4).expect("a free port")
}

fn bind(host: &mut Host) {
    let local = SocketAddress::new(Ipv4Addr::UNSPECIFIED.into(), 53);
    host.stack.udp_bind(host.udp, local).expect("a free port");
}

/// Listen and bind anew.
fn open(host: &mut Host) {
    host.listener = listen(&mut host.stack);
    host.udp = host.stack.udp_open();
    bind(host);
}

/// An application does something, or tries to.
fn act(host: &mut Host, now: Instant, peer: IpAddress, dice: &mut Dice<'_>) {
    let ids = host.stack.tcp_ids();
    let any = (!ids.is_empty()).then(|| ids[dice.below(ids.len())]);
    let mut buffer = vec![0x61; 8_192];
    let length = dice.pick(&[1, 100, 1_460, 1_461, 4_000, 8_192]);
    let stack = &mut host.stack;
    match dice.below(16) {
        0 | 1 if ids.len() < CONNECTIONS => {
            let port = dice.pick(&[80, 80, 80, 80, 5_000, 9]);
            // From port 5000 to port 5000, so that the two may meet half-way.
            let local = (port == 5_000).then(|| SocketAddress::new(Ipv4Addr::UNSPECIFIED.into(), 5_000));
            let _ = stack.tcp_connect(now, SocketAddress::new(peer, port), local, None);
        }
        2 => while stack.tcp_accept(host.listener).is_ok() {},
        11 => {
            let to = Some(SocketAddress::new(peer, 53));
            let _ = stack.udp_send(now, host.udp, &buffer[..length], to);
        }
        12 => while stack.udp_recv(host.udp, &mut buffer).is_ok() {},
        14 if dice.one_in(4) => {
            let group = Ipv4Addr::new(239, 0, 0, 1).into();
            let id = SocketId::Udp(host.udp);
            let joined = stack.join_group(now, id, group, Some(ETH));
            if joined.is_err() || dice.one_in(2) {
                let _ = stack.leave_group(now, id, group, Some(ETH));
            }
        }
        15 => {
            let knob = dice.pick(&["ip_forward", "tcp_sack", "tcp_timestamps", "tcp_window_scaling"]);
            let _ = stack.set_knob(now, knob, i64::from(dice.byte() & 1));
        }
        verb => {
            if let Some(id) = any {
                act_on(stack, now, id, verb, &mut buffer[..length], dice);
            }
        }
    }
}

/// An application does something with a connection. What it is answered is not our business: it may be anything.
fn act_on(stack: &mut Stack, now: Instant, id: TcpId, verb: usize, buffer: &mut [u8], dice: &mut Dice<'_>) {
    let _ = match verb {
        3..=5 => stack.tcp_send(now, id, buffer).map(|_| ()),
        6 | 7 => {
            while stack.tcp_recv(now, id, buffer).is_ok_and(|length| length > 0) {}
            Ok(())
        }
        8 => stack.tcp_shutdown(now, id, false, true),
        9 => stack.close(now, SocketId::Tcp(id)),
        10 if dice.one_in(4) => stack.tcp_abort(now, id),
        _ => set_option(stack, now, SocketId::Tcp(id), dice),
    };
}

fn set_option(stack: &mut Stack, now: Instant, id: SocketId, dice: &mut Dice<'_>) -> Result<(), Error> {
    let (option, value) = dice.pick(&[
        (SocketOption::NoDelay, 1),
        (SocketOption::KeepAlive, 1),
        (SocketOption::KeepIdle, 1_000),
        (SocketOption::KeepInterval, 1_000),
        (SocketOption::UserTimeout, 5_000),
        (SocketOption::Linger, 0),
        (SocketOption::SendBuffer, 5_000),
        (SocketOption::ReceiveBuffer, 3_000),
        (SocketOption::QuickAck, 1),
        (SocketOption::DeferAccept, 1_000),
        (SocketOption::FastOpen, 4),
        (SocketOption::SynCookies, 2),
        (SocketOption::Ecn, 3),
        (SocketOption::Congestion, 0),
        (SocketOption::Congestion, 2),
        (SocketOption::Congestion, 3),
    ]);
    stack.set_option(now, id, option, value)
}
