//! SYN-RECEIVED (RFC 9293 3.10.7.4): from LISTEN, from a cookie, from crossed SYNs, and at work already (RFC 7413).

use super::{Outcome, finish_open};
use crate::buffer::{Packet, Pool};
use crate::drops::DropReason;
use crate::error::Error;
use crate::observe::{Context, Counter};
use crate::tcp::common::{Common, step};
use crate::tcp::ecn;
use crate::tcp::fast_open::{Early, FastOpen};
use crate::tcp::knock::Knock;
use crate::tcp::open::Open;
use crate::tcp::options::{self, Agreed};
use crate::tcp::receiver::{Due, Receiver};
use crate::tcp::rtt::Rtt;
use crate::tcp::sender::Sender;
use crate::time::Instant;
use crate::wire::{FastOpenCookie, SeqNumber, TcpFlags, TcpHeader, Timestamps};

/// SYN-RECEIVED: waits for the ACK of our SYN, under the SYN timer.
#[derive(Debug)]
pub(in crate::tcp) struct SynReceived {
    pub(in crate::tcp) knock: Knock,
    pub(in crate::tcp) irs: SeqNumber,
    pub(in crate::tcp) agreed: Agreed,
    /// Whether it came from LISTEN (RFC 9293 MUST-11); else from SYN-SENT.
    pub(in crate::tcp) passive: bool,
    /// The application closed already.
    pub(in crate::tcp) close: bool,
    /// The peer acknowledged our SYN, but the application waits for data (TCP_DEFER_ACCEPT).
    pub(in crate::tcp) deferred: bool,
    /// The Fast Open cookie that the SYN-ACK grants.
    pub(in crate::tcp) grant: Option<FastOpenCookie>,
    /// The connection under way already, for a peer that showed such a cookie.
    pub(in crate::tcp) fast: Option<Box<Open>>,
    /// After crossed SYNs: the data that our first SYN carried, or should have.
    early: Option<Box<Early>>,
}

impl SynReceived {
    /// From LISTEN.
    pub(in crate::tcp) fn answering(
        cx: &Context<'_>,
        common: &Common,
        isn: SeqNumber,
        syn: &TcpHeader,
    ) -> Self {
        let mut knock = Knock::new(cx, common, isn);
        let mut agreed = options::agree(common, knock.shift(common), &syn.options);
        agreed.ecn = ecn::Agreement::answering(ecn::Policy::of(common), syn);
        Self::of(knock, syn.seq, agreed)
    }

    /// From LISTEN, with these numbers and agreements.
    pub(in crate::tcp) const fn of(knock: Knock, irs: SeqNumber, agreed: Agreed) -> Self {
        Self {
            knock,
            irs,
            agreed,
            passive: true,
            close: false,
            deferred: false,
            grant: None,
            fast: None,
            early: None,
        }
    }

    /// From LISTEN, by a cookie: `numbers` are ours and the peer's. Nothing is to be sent.
    pub(in crate::tcp) fn remembered(
        cx: &Context<'_>,
        common: &Common,
        numbers: (SeqNumber, SeqNumber),
        agreed: Agreed,
    ) -> Self {
        let knock = Knock { due: false, ..Knock::new(cx, common, numbers.0) };
        Self::of(knock, numbers.1, agreed)
    }

    /// From SYN-SENT: the same SYN goes again, with an ACK. Its timer goes on.
    pub(super) fn crossing(
        common: &Common,
        knock: &Knock,
        syn: &TcpHeader,
        early: Option<Box<Early>>,
        asking: &ecn::Asking,
    ) -> Self {
        let Knock { isn, first, deadline, wait, retries, window, shift, due: _ } = *knock;
        let mut knock = Knock { isn, due: true, first, deadline, wait, retries, window, shift };
        let agreed = options::agree(common, knock.shift(common), &syn.options);
        let mut state = Self { passive: false, early, ..Self::of(knock, syn.seq, agreed) };
        state.agreed.ecn = asking.crossed(syn);
        state
    }

    /// From LISTEN, for a peer that showed a Fast Open cookie: data flows both ways before its ACK comes.
    pub(in crate::tcp) fn fast(cx: &Context<'_>, common: &Common, isn: SeqNumber, syn: &TcpHeader) -> Self {
        let mut state = Self::answering(cx, common, isn, syn);
        let unmeasured = (Rtt::new(&common.config), false);
        let sender = Sender::new(cx, common, &state.agreed, isn, syn, unmeasured);
        let receiver = Receiver::new(cx, common, &state.agreed, syn.seq, state.knock.window);
        state.fast = Some(Box::new(Open::new(cx, common, state.agreed, sender, receiver, false)));
        state
    }

    /// Whether `segment` is the SYN again and has data that we may take.
    pub(in crate::tcp) fn takes_early_data(&self, segment: &TcpHeader, packet: &Packet) -> bool {
        let flags = segment.flags.intersection(TcpFlags::SYN | TcpFlags::ACK | TcpFlags::RST);
        let first = self.fast.as_ref().is_some_and(|fast| fast.receiver.next == self.irs + 1);
        first && flags == TcpFlags::SYN && segment.seq == self.irs && !packet.is_empty()
    }

    /// Take the data of the SYN.
    pub(in crate::tcp) fn on_early_data(
        &mut self,
        cx: &mut Context<'_>,
        common: &mut Common,
        mut packet: Packet,
        pool: &mut Pool,
    ) -> Outcome {
        if let Some(fast) = &mut self.fast {
            packet.truncate(fast.receiver.window() as usize);
            //= rfc7413#4.2.2   the application may have it before the handshake is over
            fast.receiver.on_text(cx, common, self.irs + 1, packet, false, pool);
            common.fast_open = FastOpen::Accepted;
        }
        self.knock.due = true;
        Outcome::Stay
    }

    /// The SYN-ACK, if it is due.
    pub(in crate::tcp) fn poll_transmit(&mut self, now: Instant, common: &Common) -> Option<TcpHeader> {
        if !std::mem::take(&mut self.knock.due) {
            return None;
        }
        let mut options = options::answer(now, common, &self.agreed);
        //= rfc7413#4.1.3.1   lost once, it goes without
        options.fast_open = self.grant.filter(|_| self.knock.retries == 0);
        let flags;
        (flags, options.ecn) = self.agreed.ecn.syn_ack(ecn::Policy::of(common), self.knock.retries);
        let mut header = self.knock.header(common, TcpFlags::SYN | TcpFlags::ACK | flags, options);
        header.ack = self.next();
        if let Some(fast) = &mut self.fast {
            //= rfc7413#4.2.2   the SYN-ACK acknowledges the data as well
            header.window = self.knock.window.min(fast.receiver.window() as u16);
            fast.receiver.on_ack_sent();
        }
        Some(header)
    }

    /// The deadline passed. True when that was the last try.
    pub(in crate::tcp) fn on_timeout(&mut self, cx: &mut Context<'_>, common: &Common) -> bool {
        self.deferred = false;
        self.knock.on_timeout(cx, common, common.config.synack_retries)
    }

    /// Whether this is the peer's half of a simultaneous open.
    pub(in crate::tcp) fn completes_crossing(&self, segment: &TcpHeader) -> bool {
        let flags = segment.flags.intersection(TcpFlags::SYN | TcpFlags::ACK | TcpFlags::RST);
        !self.passive
            && flags == TcpFlags::SYN | TcpFlags::ACK
            && (segment.seq, segment.ack) == (self.irs, self.knock.isn + 1)
    }

    /// SEGMENT ARRIVES, for the peer's half of a simultaneous open.
    pub(in crate::tcp) fn on_crossing(
        &mut self,
        cx: &mut Context<'_>,
        common: &mut Common,
        segment: &TcpHeader,
        packet: Packet,
        pool: &mut Pool,
    ) -> Outcome {
        //= rfc9293#3.5 MUST-10   its number is before the window, its ACK counts all the same
        let mut open = self.establish(cx, common, segment);
        open.receiver.due = Due::Now;
        finish_open(cx, common, &mut open, segment, packet, pool);
        Outcome::Open(open)
    }

    /// SEGMENT ARRIVES (RFC 9293 3.10.7.4). The segment that completes the handshake is still to be looked at by who it
    /// makes; `bare` says that it has no payload.
    pub(in crate::tcp) fn on_segment(
        &mut self,
        cx: &mut Context<'_>,
        common: &mut Common,
        segment: &TcpHeader,
        bare: bool,
    ) -> Outcome {
        step(cx, "1. check seq");
        let ahead = segment.seq.distance(self.next());
        let inside = ahead >= 0 && (ahead as u32) < u32::from(self.knock.window).max(1);
        if segment.has(TcpFlags::SYN) && segment.seq == self.irs && !segment.has(TcpFlags::RST) {
            //= rfc9293#3.10.7.4   our SYN-ACK was lost, or is on its way: once more, at the peer's own pace
            self.knock.due = true;
            let sound = self.agreed.ecn.on_syn_again(ecn::Policy::of(common), segment);
            return if sound { Outcome::Stay } else { self.reset(cx, common) };
        }
        step(cx, "2. check rst");
        if segment.has(TcpFlags::RST) {
            return self.on_reset(cx, common, segment, inside);
        }
        if !inside || segment.has(TcpFlags::SYN) {
            let reason = if inside { DropReason::TcpUnexpectedSyn } else { DropReason::TcpOutOfWindow };
            return self.challenge(cx, common, reason);
        }
        step(cx, "5. check ack");
        if !segment.has(TcpFlags::ACK) {
            common.drop(cx, DropReason::TcpNoAck);
            return Outcome::Stay;
        }
        let acked = segment.ack.distance(self.knock.isn + 1);
        if acked < 0 || segment.ack.after(self.sent()) {
            //= rfc9293#3.10.7.4   an ACK of what was never sent tells of an old connection on the peer's side
            common.drop(cx, DropReason::TcpBadAck);
            common.reply_reset(segment.ack);
            return Outcome::Stay;
        }
        let patience = common.settings.defer_accept;
        let waits = bare && self.passive && self.fast.is_none();
        if waits && !segment.has(TcpFlags::FIN) && cx.now < self.knock.first + patience {
            // The application asked for connections with data only: tell the peer nothing, and ask again when the time
            // is over (tcp(7), TCP_DEFER_ACCEPT).
            self.deferred = true;
            self.knock.deadline = self.knock.first + patience;
            cx.count(Counter::TcpDeferAcceptDrop);
            return Outcome::Stay;
        }
        Outcome::Open(self.establish(cx, common, segment))
    }

    /// As `establish`, where nobody knows when the SYN-ACK left.
    pub(in crate::tcp) fn establish_unmeasured(
        mut self,
        cx: &Context<'_>,
        common: &Common,
        segment: &TcpHeader,
    ) -> Box<Open> {
        let mut open = self.establish(cx, common, segment);
        open.sender.rtt = Rtt::new(&common.config);
        open.receiver.tuning.on_handshake(None);
        open
    }

    /// The connection that the acknowledgment of our SYN makes; the segment itself is for it to look at.
    fn establish(&mut self, cx: &Context<'_>, common: &Common, segment: &TcpHeader) -> Box<Open> {
        let (agreed, isn) = (self.agreed, self.knock.isn);
        let measured = self.knock.measured(cx, common);
        if let Some(mut open) = self.fast.take() {
            open.sender.rtt = measured.0;
            open.sender.ecn.limit(&agreed.ecn);
            open.receiver.tuning.on_handshake(open.sender.rtt.smoothed());
            open.heard = cx.now;
            if self.close {
                open.close(cx.now, common);
            }
            return open;
        }
        let mut sender = Sender::new(cx, common, &agreed, isn, segment, measured);
        if let Some(early) = self.early.take() {
            sender.queue = early.queue;
        }
        let receiver = Receiver::new(cx, common, &agreed, self.irs, self.knock.window);
        Box::new(Open::new(cx, common, agreed, sender, receiver, self.close))
    }

    /// Beyond all that we sent.
    fn sent(&self) -> SeqNumber {
        self.fast.as_ref().map_or(self.knock.isn + 1, |fast| fast.sender.max)
    }

    /// End it, and tell the peer so that it believes it in any state: number and acknowledgment are what it waits for.
    fn reset(&self, cx: &mut Context<'_>, common: &mut Common) -> Outcome {
        common.drop(cx, DropReason::TcpUnexpectedSyn);
        let header = common.header(TcpFlags::RST | TcpFlags::ACK);
        common.reply = Some(TcpHeader { seq: self.sent(), ack: self.next(), ..header });
        Outcome::Closed(Error::ConnectionReset)
    }

    fn on_reset(
        &self,
        cx: &mut Context<'_>,
        common: &mut Common,
        segment: &TcpHeader,
        inside: bool,
    ) -> Outcome {
        if segment.seq == self.next() {
            //= rfc9293#3.5 MUST-11   back to LISTEN in silence, or the connect is refused
            return Outcome::Closed(if self.passive {
                Error::ConnectionReset
            } else {
                Error::ConnectionRefused
            });
        }
        if inside {
            return self.challenge(cx, common, DropReason::TcpBadReset);
        }
        common.drop(cx, DropReason::TcpOutOfWindow);
        Outcome::Stay
    }

    /// Drop a segment, and tell the peer where we stand, if that is not told too often.
    fn challenge(&self, cx: &mut Context<'_>, common: &mut Common, reason: DropReason) -> Outcome {
        common.drop(cx, reason);
        if common.may_challenge(cx) {
            let value = common.timestamp(cx.now);
            let mut header = common.header(TcpFlags::ACK | self.agreed.ecn.ack_flags());
            //= rfc7323#2.2   only that of a SYN is not scaled
            let shift = self.agreed.scale.map_or(0, |(_, ours)| ours);
            (header.seq, header.ack, header.window) = (self.sent(), self.next(), self.knock.window >> shift);
            header.options.timestamps = self.agreed.timestamps.map(|echo| Timestamps { value, echo });
            common.reply = Some(header);
        }
        Outcome::Stay
    }

    /// What we told the peer to send next.
    pub(in crate::tcp) fn next(&self) -> SeqNumber {
        self.fast.as_ref().map_or(self.irs + 1, |fast| fast.receiver.next)
    }
}
