//! From ESTABLISHED to the end: which FIN was sent, received, acknowledged; and TIME-WAIT.
//!
//! ```text
//!                 close            FIN acked
//!  ESTABLISHED ----------> FIN-WAIT-1 ------> FIN-WAIT-2
//!       | FIN comes            | FIN comes         | FIN comes
//!       v        close         v     FIN acked     v
//!  CLOSE-WAIT -> LAST-ACK   CLOSING ----------> TIME-WAIT
//!                   | FIN acked                    | 2 MSL
//!                   +----------> CLOSED <----------+
//! ```

use super::common::{Common, step};
use super::{Disposition, State};
use crate::drops::DropReason;
use crate::observe::Context;
use crate::time::Instant;
use crate::wire::{SeqNumber, TcpFlags, TcpHeader, Timestamps};

/// How far the next incarnation's first number lies beyond the last of this one: out of reach of any segment that
/// still travels within an unscaled window (RFC 6191 wants "larger", the distance is ours).
const INCARNATION_GAP: u32 = 1 << 16;

/// The synchronized states but TIME-WAIT: which FINs are under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flow {
    Established,
    CloseWait,
    FinWait1,
    FinWait2,
    Closing,
    LastAck,
}

/// Where a FIN, or its acknowledgment, leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    Flow(Flow),
    TimeWait,
    Closed,
}

impl Flow {
    pub(super) const fn state(self) -> State {
        match self {
            Self::Established => State::Established,
            Self::CloseWait => State::CloseWait,
            Self::FinWait1 => State::FinWait1,
            Self::FinWait2 => State::FinWait2,
            Self::Closing => State::Closing,
            Self::LastAck => State::LastAck,
        }
    }

    /// We send no more.
    pub(super) const fn on_close(self) -> Self {
        match self {
            Self::Established => Self::FinWait1,
            Self::CloseWait => Self::LastAck,
            other => other,
        }
    }

    /// The peer acknowledged our FIN.
    pub(super) const fn on_fin_acked(self) -> Next {
        match self {
            Self::FinWait1 => Next::Flow(Self::FinWait2),
            Self::Closing => Next::TimeWait,
            Self::LastAck => Next::Closed,
            other => Next::Flow(other),
        }
    }

    /// The peer's FIN came in its turn.
    pub(super) const fn on_fin(self) -> Next {
        match self {
            Self::Established => Next::Flow(Self::CloseWait),
            Self::FinWait1 => Next::Flow(Self::Closing),
            Self::FinWait2 => Next::TimeWait,
            other => Next::Flow(other),
        }
    }

    /// Whether the peer may still send data.
    pub(super) const fn takes_text(self) -> bool {
        matches!(self, Self::Established | Self::FinWait1 | Self::FinWait2)
    }

    /// Whether our FIN is queued or sent.
    pub(super) const fn has_closed(self) -> bool {
        !matches!(self, Self::Established | Self::CloseWait)
    }
}

/// Both FINs are acknowledged; whoever still sends is told where we stand, until old segments have died out.
#[derive(Debug)]
pub(super) struct TimeWait {
    /// SND.NXT and RCV.NXT.
    pub(super) sent: SeqNumber,
    pub(super) next: SeqNumber,
    /// What we advertised last, and its shift.
    pub(super) window: u32,
    pub(super) shift: u8,
    /// TS.Recent, if timestamps were agreed.
    pub(super) recent: Option<u32>,
    /// What our ACKs say of marks.
    pub(super) ecn: TcpFlags,
    /// When it is over.
    pub(super) until: Instant,
}

impl TimeWait {
    /// SEGMENT ARRIVES in TIME-WAIT.
    pub(super) fn on_segment(
        &mut self,
        cx: &mut Context<'_>,
        common: &mut Common,
        segment: &TcpHeader,
        length: usize,
    ) -> Disposition {
        step(cx, "1. check seq");
        if segment.has(TcpFlags::RST) {
            return self.on_reset(cx, common, segment);
        }
        if segment.has(TcpFlags::SYN) && !segment.has(TcpFlags::ACK) && self.is_newer(segment) {
            //= rfc9293#3.10.7.4 MAY-2   a new incarnation may begin, with a number beyond all that was used
            return Disposition::Reopen { isn: self.sent + INCARNATION_GAP };
        }
        let span = segment.sequence_length(length);
        if segment.has(TcpFlags::FIN) && (segment.seq + span) == self.next {
            //= rfc9293#3.10.7.4   the FIN again: our ACK was lost, and the wait starts anew
            self.until = cx.now + common.config.time_wait;
            self.acknowledge(cx, common);
        } else if segment.has(TcpFlags::SYN) || span > 0 || segment.seq != self.next {
            //= rfc9293#3.10.7.4   anything else out of place gets an ACK, throttled, and is dropped
            common.drop(cx, DropReason::TcpAfterClose);
            if common.may_challenge(cx) {
                self.acknowledge(cx, common);
            }
        }
        Disposition::Done
    }

    fn on_reset(&mut self, cx: &mut Context<'_>, common: &Common, segment: &TcpHeader) -> Disposition {
        //= rfc1337#3   a stray reset must not end the wait, or the hazards that it is there for come back
        if common.config.rfc1337 {
            common.drop(cx, DropReason::TcpTimeWaitReset);
        } else if segment.seq == self.next {
            self.until = cx.now;
        } else {
            common.drop(cx, DropReason::TcpBadReset);
        }
        Disposition::Done
    }

    /// Whether a SYN can not be an old one: a newer timestamp, or a number beyond all that came (RFC 6191 2).
    fn is_newer(&self, segment: &TcpHeader) -> bool {
        let newer = |recent: u32, stamps: Timestamps| stamps.value.wrapping_sub(recent) as i32;
        match (self.recent, segment.options.timestamps) {
            //= rfc6191#2 SHLD-4   the timestamp decides; equal ones leave it to the number
            (Some(recent), Some(stamps)) if newer(recent, stamps) != 0 => newer(recent, stamps) > 0,
            _ => segment.seq.after(self.next),
        }
    }

    fn acknowledge(&self, cx: &Context<'_>, common: &mut Common) {
        common.reply = Some(self.acknowledgment(cx, common));
    }

    /// An ACK of all that came.
    pub(super) fn acknowledgment(&self, cx: &Context<'_>, common: &Common) -> TcpHeader {
        let mut header = common.header(TcpFlags::ACK | self.ecn);
        (header.seq, header.ack) = (self.sent, self.next);
        header.window = (self.window >> self.shift).min(u32::from(u16::MAX)) as u16;
        let value = common.timestamp(cx.now);
        header.options.timestamps = self.recent.map(|echo| Timestamps { value, echo });
        header
    }
}
