//! The only room that knows all rooms: it takes dispositions from the engines and applies them.
//!
//! Files by the way of a packet: `ingress` -> `deliver` | `forward` -> `tcp_input`, `udp`, `icmp`, `raw`;
//! `tcp_output`, `udp`, `raw`, `icmp_error` -> `route` -> `egress` -> `arp` -> `output`. Verbs of the application are in
//! `tcp_verbs`, `udp`, `raw`, `groups` and `verbs`; what is set and seen from outside in `interface`, `links`, `knobs`.

mod arp;
mod config;
mod datagram_table;
mod deliver;
mod departure;
mod egress;
mod forward;
mod groups;
mod icmp;
mod icmp_error;
mod ingress;
mod interface;
mod knobs;
mod links;
mod memory;
mod observers;
mod offload;
mod options;
mod output;
mod policy;
mod ports;
mod raw;
mod route;
mod sockets;
mod tcp_fast_open;
mod tcp_input;
mod tcp_listen;
mod tcp_output;
mod tcp_table;
mod tcp_verbs;
mod timers;
mod transmit;
mod turns;
mod udp;
mod verbs;

#[cfg(test)]
mod tests;

pub use arp::ArpReply;
pub use config::Config;
pub use interface::{Interface, InterfaceConfig, Medium};
pub use knobs::KnobError;
pub use memory::TcpMemory;
pub use observers::Memory;
pub use options::SocketOption;
pub use sockets::{Event, ListenerId, RawId, SocketId, TcpId, UdpId};
pub use transmit::Transmit;

use crate::bucket::TokenBucket;
use crate::buffer::{Offload, Pool, Slices, TimerWheel};
use crate::icmp::Limiter;
use crate::ip::{Fib, Identifiers, PathMtu, Reassembler};
use crate::neighbor;
use crate::observe::InterfaceId;
use crate::rng::{KeyedState, Rng};
use crate::tcp;
use crate::time::Instant;
use crate::wire::IpAddress;
use std::sync::Arc;

/// A whole host: interfaces, routing, protocols and sockets, single-threaded and without I/O.
///
/// The calling law:
///
/// 1. Time comes in as `now` and never goes back. Frames come in by [`Stack::handle_frame`], passing time by
///    [`Stack::handle_timeout`], wishes of the application by its verbs (`tcp_connect`, `udp_send`, ...).
/// 2. After any of these, drain [`Stack::poll_transmit`] and write each frame to the device of its interface, then
///    drain [`Stack::poll_event`] and wake who waits, then arm a timer for [`Stack::poll_timeout`]. Several calls
///    of 1. may come before one round of 2.: a burst of frames is answered once.
/// 3. A frame for a [`Medium::Loopback`] interface comes straight back by `handle_frame`, as a device would do it.
///
/// Handles carry a generation: one that was closed never names another socket. The same calls with the same seed
/// give the same frames.
pub struct Stack {
    config: Config,
    /// The part of it that every connection shares.
    tcp_config: Arc<tcp::Config>,
    observers: observers::Observers,
    pool: Pool,
    interfaces: interface::Interfaces,
    groups: groups::Groups,
    fib: Fib,
    /// Grows with every change that may lead packets elsewhere, so that cached ways are looked up again.
    generation: u64,
    path_mtus: PathMtu,
    identifiers: Identifiers,
    neighbors: neighbor::Table,
    arp_probes: arp::ArpProbes,
    reassembler: Reassembler,
    limiter: Limiter,
    reset_bucket: TokenBucket,
    tcp: tcp_table::TcpTable,
    memory: memory::Budget,
    udp: datagram_table::UdpTable,
    raw: datagram_table::RawTable,
    ports: ports::Ports,
    secrets: tcp::Secrets,
    fast_open: tcp::FastOpenCache,
    events: sockets::Events,
    wheel: TimerWheel<timers::Timer>,
    output: output::Output,
    header: tcp_output::HeaderBlock,
}

impl Stack {
    /// A host without interfaces. `seed` decides everything that is random; in the wild it comes from the system's
    /// entropy, in a simulation from the experimenter.
    pub fn new(config: Config, seed: u128, now: Instant) -> Self {
        let mut rng = Rng::new(seed);
        let neighbors = neighbor::Table::new(config.neighbor.clone(), &mut rng);
        let reset_bucket = TokenBucket::new(now, config.resets_per_second, config.resets_burst);
        Self {
            pool: Pool::new(config.pool_packets, config.pool_frame),
            interfaces: interface::Interfaces::default(),
            groups: groups::Groups::default(),
            fib: Fib::new(&mut rng),
            generation: 0,
            path_mtus: PathMtu::new(&mut rng),
            identifiers: Identifiers::new(&mut rng),
            neighbors,
            arp_probes: arp::ArpProbes::default(),
            reassembler: Reassembler::new(),
            limiter: Limiter::new(&mut rng),
            reset_bucket,
            tcp: tcp_table::TcpTable::new(KeyedState::new(&mut rng)),
            memory: memory::Budget::default(),
            udp: datagram_table::UdpTable::default(),
            raw: datagram_table::RawTable::with_key(),
            ports: ports::Ports::new(rng.key()),
            secrets: tcp::Secrets::new(rng.key()),
            fast_open: tcp::FastOpenCache::new(seed),
            events: sockets::Events::default(),
            wheel: TimerWheel::new(now),
            output: output::Output::default(),
            header: tcp_output::HeaderBlock::default(),
            tcp_config: Arc::new(config.tcp.clone()),
            observers: observers::Observers::new(rng, config.trace_records),
            config,
        }
    }

    /// Where the driver takes buffers for frames that come in.
    pub const fn pool(&mut self) -> &mut Pool {
        &mut self.pool
    }

    /// The next frame to write, if there is one.
    pub fn poll_transmit(&mut self, now: Instant) -> Option<Transmit<'_>> {
        let mut queued = self.output.next(&mut self.pool);
        if queued.is_none() {
            if let Some(ready) = self.next_segment(now) {
                let length = self.header.bytes().len() + ready.length;
                self.observers.sent(now, ready.interface, length);
                let (payload, offload): (Slices<'_>, Offload) = self.payload_of(ready);
                let (interface, header) = (ready.interface, self.header.bytes());
                return Some(Transmit { interface, offload, header, payload });
            }
            // A segment whose neighbour is not known leaves a question in its place.
            queued = self.output.next(&mut self.pool);
        }
        let interface = queued?;
        let size = self.output.current().map_or(0, crate::buffer::Packet::len);
        self.observers.sent(now, interface, size);
        let packet = self.output.current()?;
        let offload = packet.offload;
        Some(Transmit { interface, offload, header: packet.bytes(), payload: Slices::EMPTY })
    }

    /// The MTU towards `destination`: that of the link, or less where the path said so.
    fn path_mtu(&mut self, now: Instant, destination: IpAddress, link: usize) -> usize {
        self.path_mtus.lookup(now, destination).map_or(link, |path| link.min(usize::from(path.mtu)))
    }

    /// Whether packets to `destination` must go without DF, since its path is narrower than the floor.
    fn path_locked(&mut self, now: Instant, destination: IpAddress) -> bool {
        self.path_mtus.lookup(now, destination).is_some_and(|path| path.locked)
    }
}
