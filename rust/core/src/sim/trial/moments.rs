//! What only a caller can do to a network that runs: interfaces that become narrower, options of sockets that are at work, knobs of
//! hosts whose connections are.

use super::{HEALED, hosts, links, millis, once_in, pick, shape::Shape};
use crate::rng::Rng;
use crate::sim::{HostId, Network};
use crate::stack::{SocketId, SocketOption, Stack};
use crate::tcp::Config;
use crate::time::Instant;
use crate::wire::IpAddress;

/// Something that happens to a host.
pub(super) struct Moment {
    pub(super) at: Instant,
    host: HostId,
    act: Act,
}

enum Act {
    /// The interface with this address gets another MTU, and says so by ICMP.
    Mtu(IpAddress, usize),
    /// One of the connections, whichever the number falls on, gets an option.
    Socket(u64, SocketOption, i64),
    /// A knob of the host turns, or of one connection alone.
    Knob(Option<u64>, &'static str, i64),
}

/// Options that a connection takes at any time, and values between which it must be able to change.
const OPTIONS: &[(SocketOption, &[i64])] = &[
    // Each of `Kind::ALL`.
    (SocketOption::Congestion, &[0, 1, 2, 3, 4]),
    (SocketOption::Cork, &[0, 1]),
    (SocketOption::NoDelay, &[0, 1]),
    (SocketOption::QuickAck, &[0, 1]),
    (SocketOption::NotSentLowWater, &[0, 1, 4_096, 16_384]),
    (SocketOption::SendBuffer, &[4_096, 20_000, 200_000]),
    (SocketOption::ReceiveBuffer, &[1_000, 20_000, 200_000]),
    (SocketOption::MaxSegment, &[0, 200, 1_000]),
    (SocketOption::UserTimeout, &[0, 1_000, 20_000]),
    (SocketOption::KeepAlive, &[0, 1]),
    (SocketOption::Tos, &[0, 3, 0xb8]),
];

/// All of a trial, in order of time.
pub(super) fn plan(network: &Network, rng: &mut Rng, shape: &Shape) -> Vec<Moment> {
    let mut moments = Vec::new();
    for router in &shape.routers {
        if let Some(address) = network.address(*router).filter(|_| once_in(rng, 3)) {
            let at = Instant::from_millis(rng.below(HEALED.as_millis()));
            moments.push(Moment { at, host: *router, act: Act::Mtu(address, pick(rng, &links::NARROW)) });
        }
    }
    for host in &shape.hosts {
        let count = if once_in(rng, 3) { 1 + rng.below(12) } else { 0 };
        for _ in 0..count {
            // Most transfers are over soon.
            let at = Instant::ZERO + millis(rng, 4_000);
            let act = if once_in(rng, 4) { knob(rng) } else { option(rng) };
            moments.push(Moment { at, host: *host, act });
        }
        // Twice without a frame between would hide from the oracle what was allowed when it was queued.
        let mut resized = false;
        moments.retain(|moment| {
            let resizes = matches!(moment.act, Act::Socket(_, SocketOption::SendBuffer, _));
            !(moment.host == *host && resizes && std::mem::replace(&mut resized, true))
        });
    }
    moments.sort_by_key(|moment| moment.at);
    moments
}

fn option(rng: &mut Rng) -> Act {
    let (option, values) = pick(rng, OPTIONS);
    Act::Socket(rng.below(1 << 16), option, pick(rng, values))
}

fn knob(rng: &mut Rng) -> Act {
    // A timeout that falls because its bounds did is one that the oracle cannot tell from a mistake.
    let timeouts = |knob: &&(&str, u64, &[i64])| knob.0.starts_with("tcp_rto");
    let knobs: Vec<_> = hosts::KNOBS.iter().filter(|knob| !timeouts(knob)).collect();
    let (name, _, values) = pick(rng, &knobs);
    let one = once_in(rng, 2).then(|| rng.below(1 << 16));
    Act::Knob(one, name, pick(rng, values))
}

impl Moment {
    /// Let it happen.
    pub(super) fn apply(&self, network: &mut Network) {
        network.with_stack(self.host, |stack, now| match self.act {
            Act::Mtu(address, mtu) => {
                let own = stack.interfaces().find(|interface| interface.has_address(address));
                if let Some(id) = own.map(|interface| interface.id) {
                    stack.set_mtu(now, id, mtu).expect("an interface that is there, an MTU that is right");
                }
            }
            Act::Socket(number, option, value) => {
                if let Some(id) = chosen(stack, number) {
                    // A connection that is closing takes none.
                    let _unfit = stack.set_option(now, id, option, value);
                }
            }
            Act::Knob(None, name, value) => {
                let _unknown_here = stack.set_knob(now, name, value);
            }
            Act::Knob(Some(number), name, value) => {
                if let Some(id) = chosen(stack, number) {
                    // What the handshake decided, it decided.
                    let _too_late = stack.set_knob_on(now, id, name, value);
                }
            }
        });
    }
}

/// The connection that a number falls on, if there is any.
fn chosen(stack: &Stack, number: u64) -> Option<SocketId> {
    let ids = stack.tcp_ids();
    ids.get(number as usize % ids.len().max(1)).copied().map(SocketId::Tcp)
}

/// Receivers keep again what comes out of order: one that throws it away, towards a sender without SACK and timestamps, leaves
/// nothing but timeouts, and no answer that could be measured to shorten them (RFC 6298 5.7).
pub(super) fn heal(stack: &mut Stack, now: Instant) {
    let (name, whole) = ("tcp_max_ofo", Config::default().max_out_of_order as i64);
    stack.set_knob(now, name, whole).expect("a knob of every stack");
    for id in stack.tcp_ids() {
        // What is in TIME-WAIT has no knobs any more.
        let _at_rest = stack.set_knob_on(now, SocketId::Tcp(id), name, whole);
    }
}
