//! News from the path: ICMP errors (RFC 9293 3.9.2.2, RFC 5927), path MTU, next hop.

use super::Connection;
use super::connection::Phase;
use crate::error::Error;
use crate::observe::Context;
use crate::wire::SeqNumber;

/// An ICMP error about a segment of this connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IcmpError {
    /// What it says.
    pub kind: IcmpKind,
    /// Sequence number of the quoted segment.
    pub seq: SeqNumber,
}

/// What an ICMP error says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IcmpKind {
    /// May pass: network or host unreachable, source route failed, time exceeded, parameter problem.
    Soft(Error),
    /// Will not pass: protocol or port unreachable.
    Hard(Error),
    /// Fragmentation needed: the path carries this much.
    TooBig {
        /// MTU of the path from there on.
        mtu: u16,
    },
}

impl Connection {
    /// Whether `seq` was sent and not acknowledged. An ICMP error that quotes another number is stale or forged.
    pub fn in_flight(&self, seq: SeqNumber) -> bool {
        match &self.phase {
            Phase::SynSent(state) => seq == state.knock.isn(),
            Phase::SynReceived(state) => {
                let fast = state.fast.as_ref();
                seq == state.knock.isn() || fast.is_some_and(|open| open.in_flight(seq))
            }
            Phase::Open(open) => open.in_flight(seq),
            Phase::TimeWait(_) | Phase::Closed => false,
        }
    }

    /// An ICMP error quoted one of our segments.
    pub fn on_icmp(&mut self, cx: &mut Context<'_>, error: IcmpError) {
        //= rfc9293#3.9.2.2 MUST-54   heeded, if the connection is the one that is meant ...
        //= rfc5927#4.1   ... and only about what is in flight
        if !self.in_flight(error.seq) {
            return;
        }
        let handshake = matches!(self.phase, Phase::SynSent(_) | Phase::SynReceived(_));
        match error.kind {
            IcmpKind::TooBig { mtu } if usize::from(mtu) < self.common.mtu => {
                self.on_path_mtu(cx, usize::from(mtu));
            }
            IcmpKind::TooBig { .. } => {}
            IcmpKind::Hard(error) if handshake => {
                //= rfc9293#3.9.2.2 SHLD-26   ends a handshake, and (RFC 5927 5) nothing else
                let before = self.state();
                self.fail(cx, Some(error));
                self.restless = true;
                self.trace_state(cx, before);
            }
            //= rfc9293#3.9.2.2 MUST-56 SHLD-25   it may pass; the application hears of it if it does not
            IcmpKind::Soft(error) | IcmpKind::Hard(error) => self.common.soft_error = Some(error),
        }
    }

    /// What the path carries, as far as interfaces and ICMP say.
    pub const fn path_mtu(&self) -> usize {
        self.common.mtu
    }

    /// The path's MTU is now `mtu`.
    pub fn on_path_mtu(&mut self, _cx: &mut Context<'_>, mtu: usize) {
        let shrunk = mtu < self.common.mtu;
        self.common.mtu = mtu;
        let Some(open) = self.phase.open_mut() else { return };
        let before = open.sender.mss();
        open.sender.set_path_mss(self.common.path_mss());
        if !shrunk || !open.sender.is_outstanding() || open.sender.peer.size == 0 {
            return;
        }
        if open.sender.mss() == before {
            //= rfc8899#4.6.1   what was too big can only be a probe
            open.sender.lose_probe();
        } else {
            //= rfc1191#6.4   what was too big did not arrive: again, in smaller segments; no sign of congestion
            open.sender.go_back("mtu", u32::MAX);
        }
        self.restless = true;
    }

    /// The next hop does not answer, or there is no way. Nobody can forge this, so a connect fails at once.
    pub fn on_unreachable(&mut self, cx: &mut Context<'_>, error: Error) {
        let before = self.state();
        if let Phase::SynSent(_) = self.phase {
            self.fail(cx, Some(error));
        } else {
            self.common.soft_error = Some(error);
        }
        self.restless = true;
        self.trace_state(cx, before);
    }
}
