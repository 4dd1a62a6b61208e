//! What the receiving half tells the peer of the marks that it saw.

use super::accurate::{Counted, Wish};
use super::handshake::{Facts, ace_flags, encoded};
use super::option::Schedule;
use super::{Agreement, EcnInfo, Mode};
use crate::tcp::Config;
use crate::time::{Duration, Instant};
use crate::wire::{Ecn, EcnCounters, TcpFlags, TcpHeader};

/// See the module.
#[derive(Debug)]
pub(in crate::tcp) struct Feedback {
    kind: Kind,
    /// Something ECN-capable came.
    seen: bool,
    /// Packets that came marked.
    marked: u64,
}

#[derive(Debug)]
enum Kind {
    Off,
    Classic(Echo),
    Accurate {
        counted: Counted,
        schedule: Schedule,
        /// The ECN field of the SYN-ACK, to go with pure ACKs of it.
        handshake: Option<Ecn>,
        synack: Ecn,
    },
}

/// Whether ECE is set.
#[derive(Debug)]
struct Echo {
    on: bool,
    /// DCTCP's receiver: each packet for itself, not until CWR.
    each: bool,
}

impl Echo {
    /// A packet with data came; true if its ACK must not wait.
    fn on_packet(&mut self, congestion: bool, reduced: bool) -> bool {
        let before = self.on;
        if self.each {
            //= rfc8257#3.2   ECE as the last packet was, and an ACK at once where that changes
            self.on = congestion;
            return self.on != before;
        }
        if reduced {
            //= rfc3168#6.1.3   the peer has reduced its window: no more of it, unless this very packet is marked
            self.on = false;
        }
        //= rfc3168#6.1.3   in every ACK from here on, so that it arrives even if some are lost
        self.on |= congestion;
        // The sooner the peer hears of a mark the shorter the queue; and one that has reduced its window to a segment
        // can not go on before the ACK of it.
        (congestion && !before) || reduced
    }
}

impl Feedback {
    pub(in crate::tcp) fn new(agreement: &Agreement, config: &Config, dctcp: bool) -> Self {
        let kind = match agreement.mode {
            Mode::Off => Kind::Off,
            Mode::Classic => Kind::Classic(Echo { on: false, each: dctcp }),
            Mode::Accurate => {
                let synack = (!agreement.has(Facts::SERVER)).then_some(agreement.seen);
                Kind::Accurate {
                    counted: Counted::new(synack),
                    schedule: Schedule::new(config.ecn_option, config.ecn_beacon),
                    handshake: synack,
                    synack: agreement.seen,
                }
            }
        };
        Self { kind, seen: false, marked: 0 }
    }

    /// DCTCP runs here, or does so no more.
    pub(in crate::tcp) const fn set_dctcp(&mut self, on: bool) {
        if let Kind::Classic(echo) = &mut self.kind {
            echo.each = on;
        }
    }

    /// Whether an ACK of what came before a packet must say something else than that of the packet itself.
    pub(in crate::tcp) fn is_edge(&self, segment: &TcpHeader, length: usize) -> bool {
        let congestion = segment.ecn == Ecn::Congestion;
        matches!(&self.kind, Kind::Classic(echo) if echo.each && echo.on != congestion) && length > 0
    }

    /// An acceptable packet with `length` bytes of payload came, which was `packets` of them on the wire, all with the
    /// same ECN field (who gathers them keeps unlike ones apart); true if its ACK must not wait.
    pub(in crate::tcp) fn on_packet(&mut self, segment: &TcpHeader, length: usize, packets: u64) -> bool {
        let congestion = segment.ecn == Ecn::Congestion;
        self.seen |= segment.ecn != Ecn::NotCapable;
        self.marked += u64::from(congestion) * packets;
        match &mut self.kind {
            Kind::Off => false,
            Kind::Classic(echo) => length > 0 && echo.on_packet(congestion, segment.has(TcpFlags::CWR)),
            Kind::Accurate { counted, schedule, .. } => {
                let Wish { ack, option } = counted.on_packet(segment.ecn, length as u32, packets);
                if option {
                    schedule.on_edge();
                }
                ack
            }
        }
    }

    /// The peer's SYN-ACK came again.
    pub(in crate::tcp) const fn on_synack_again(&mut self) {
        if let Kind::Accurate { handshake, synack, counted, .. } = &mut self.kind
            && counted.bytes()[0] + counted.bytes()[1] + counted.bytes()[2] == 0
        {
            *handshake = Some(*synack);
        }
    }

    /// Whether the next segment is to be a pure ACK: only that tells how the SYN-ACK came.
    pub(in crate::tcp) const fn wants_pure_ack(&self) -> bool {
        matches!(&self.kind, Kind::Accurate { handshake: Some(_), .. })
    }

    /// The option of a segment that leaves now, if it is to have it.
    pub(in crate::tcp) fn option(
        &self,
        now: Instant,
        srtt: Option<Duration>,
        data: bool,
    ) -> Option<EcnCounters> {
        match &self.kind {
            Kind::Accurate { counted, schedule, .. } if schedule.is_due(now, srtt, data) => {
                Some(counted.option())
            }
            _ => None,
        }
    }

    /// Flags of a segment with an ACK in it; `bare` is one without payload and without SACK blocks.
    pub(in crate::tcp) fn flags(&self, bare: bool) -> TcpFlags {
        match &self.kind {
            Kind::Off => TcpFlags::empty(),
            Kind::Classic(echo) if echo.on => TcpFlags::ECE,
            Kind::Classic(_) => TcpFlags::empty(),
            //= rfc9768#3.2.2.1   the ACK of the SYN-ACK, if it is pure
            Kind::Accurate { handshake: Some(seen), .. } if bare => encoded(*seen),
            Kind::Accurate { counted, .. } => ace_flags(counted.cep()),
        }
    }

    /// A segment left, with the option or without.
    pub(in crate::tcp) const fn on_sent(&mut self, now: Instant, option: bool, data: bool) {
        if let Kind::Accurate { counted, schedule, handshake, .. } = &mut self.kind {
            *handshake = None;
            counted.on_ack_sent();
            if option {
                schedule.on_sent(now, data);
            }
        }
    }

    pub(super) fn fill(&self, info: &mut EcnInfo) {
        (info.seen, info.received_ce) = (self.seen, self.marked);
        if let Kind::Accurate { counted, .. } = &self.kind {
            info.received_ce = counted.packets();
            info.received_bytes = counted.bytes();
        }
    }
}
