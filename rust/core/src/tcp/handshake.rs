//! SYN-SENT and SYN-RECEIVED: everything before data may flow. LISTEN is in `listener`.

use super::Config;
use super::common::{Common, step};
use super::open::Open;
use super::options::{self, Agreed};
use super::receiver::{Due, Receiver};
use super::rtt::Rtt;
use super::sender::Sender;
use crate::buffer::{Packet, Pool};
use crate::drops::DropReason;
use crate::error::Error;
use crate::observe::{Context, Counter};
use crate::time::{Duration, Instant};
use crate::wire::{SeqNumber, TcpFlags, TcpHeader, TcpOptions, Timestamps};

/// Where a handshake goes.
#[derive(Debug)]
pub(super) enum Outcome {
    /// On as before.
    Stay,
    /// Both SYNs crossed.
    Crossed(Box<SynReceived>),
    /// Done.
    Open(Box<Open>),
    /// Failed.
    Closed(Error),
}

/// Our SYN, sent again until it is acknowledged or enough is enough.
#[derive(Debug)]
pub(super) struct Knock {
    isn: SeqNumber,
    /// Whether it is to be sent now.
    pub(super) due: bool,
    /// When it was sent first.
    first: Instant,
    deadline: Instant,
    wait: Duration,
    retries: u8,
    /// The window told in it: never scaled (RFC 7323 2.2).
    window: u16,
}

impl Knock {
    fn new(cx: &Context<'_>, common: &Common, isn: SeqNumber) -> Self {
        let wait = common.config.initial_rto;
        let window = common.settings.receive_buffer.min(usize::from(u16::MAX)) as u16;
        Self { isn, due: true, first: cx.now, deadline: cx.now + wait, wait, retries: 0, window }
    }

    /// The SYN that was sent `retries` times again, last before `deadline`.
    pub(super) fn resumed(
        config: &Config,
        (isn, window): (SeqNumber, u16),
        first: Instant,
        deadline: Instant,
        retries: u8,
    ) -> Self {
        let wait = (config.initial_rto * (1 << retries.min(16))).min(config.max_rto);
        Self { isn, due: false, first, deadline, wait, retries, window }
    }

    /// When something happens if nothing comes.
    pub(super) fn poll_timeout(&self, common: &Common) -> Instant {
        common.settings.user_timeout.map_or(self.deadline, |limit| self.deadline.min(self.first + limit))
    }

    /// The deadline passed. True when that was the last try.
    pub(super) fn on_timeout(&mut self, cx: &mut Context<'_>, common: &Common, limit: u8) -> bool {
        let patience = common.settings.user_timeout.is_some_and(|limit| cx.now >= self.first + limit);
        if !patience && cx.now < self.deadline {
            return false;
        }
        common.trace_timer(cx, "syn");
        //= rfc9293#3.8.3 MUST-22 MUST-23   the same mechanism for SYNs, over three minutes by default
        if patience || self.retries >= limit {
            return true;
        }
        self.retries += 1;
        cx.count(Counter::TcpRetransSegs);
        self.wait = (self.wait * 2).min(common.config.max_rto);
        self.deadline = cx.now + self.wait;
        self.due = true;
        false
    }

    /// The estimator after the handshake, and whether the SYN was lost.
    fn measured(&self, cx: &Context<'_>, common: &Common) -> (Rtt, bool) {
        let mut rtt = Rtt::new(&common.config);
        if self.retries == 0 {
            rtt.sample(cx.now.since(self.first));
        } else {
            rtt.on_syn_loss();
        }
        (rtt, self.retries > 0)
    }

    pub(super) const fn isn(&self) -> SeqNumber {
        self.isn
    }

    pub(super) const fn window(&self) -> u16 {
        self.window
    }

    pub(super) const fn first(&self) -> Instant {
        self.first
    }

    pub(super) const fn retries(&self) -> u8 {
        self.retries
    }

    pub(super) const fn wait(&self) -> Duration {
        self.wait
    }

    fn header(&self, common: &Common, flags: TcpFlags, options: TcpOptions) -> TcpHeader {
        TcpHeader { seq: self.isn, window: self.window, options, ..common.header(flags) }
    }
}

/// SYN-SENT: waits for the peer's SYN, under the SYN timer.
#[derive(Debug)]
pub(super) struct SynSent {
    pub(super) knock: Knock,
}

impl SynSent {
    pub(super) fn new(cx: &Context<'_>, common: &Common, isn: SeqNumber) -> Self {
        Self { knock: Knock::new(cx, common, isn) }
    }

    /// The SYN, if it is due.
    pub(super) fn poll_transmit(&mut self, now: Instant, common: &Common) -> Option<TcpHeader> {
        let due = std::mem::take(&mut self.knock.due);
        due.then(|| self.knock.header(common, TcpFlags::SYN, options::offer(now, common)))
    }

    /// SEGMENT ARRIVES (RFC 9293 3.10.7.3).
    pub(super) fn on_segment(
        &mut self,
        cx: &mut Context<'_>,
        common: &mut Common,
        segment: &TcpHeader,
        packet: Packet,
        pool: &mut Pool,
    ) -> Outcome {
        step(cx, "1. check ack");
        let acked = segment.has(TcpFlags::ACK);
        if acked && segment.ack != self.knock.isn + 1 {
            //= rfc9293#3.10.7.3   of something that was never sent: half-open on the peer's side
            common.drop(cx, DropReason::TcpBadAck);
            if !segment.has(TcpFlags::RST) {
                common.reply_reset(segment.ack);
            }
            return Outcome::Stay;
        }
        step(cx, "2. check rst");
        if segment.has(TcpFlags::RST) {
            if acked {
                //= rfc9293#3.10.7.3   it acknowledges our SYN, so it is the peer's
                return Outcome::Closed(Error::ConnectionRefused);
            }
            common.drop(cx, DropReason::TcpBadReset);
            return Outcome::Stay;
        }
        step(cx, "4. check syn");
        if !segment.has(TcpFlags::SYN) || segment.has(TcpFlags::FIN) {
            common.drop(cx, DropReason::TcpBadFlags);
            return Outcome::Stay;
        }
        if !acked {
            //= rfc9293#3.10.7.3 MUST-10   the SYNs crossed
            return Outcome::Crossed(Box::new(SynReceived::crossing(cx, common, &self.knock, segment)));
        }
        let agreed = options::agree(common, &segment.options);
        let sender =
            Sender::new(cx, common, &agreed, self.knock.isn, segment, self.knock.measured(cx, common));
        let receiver = Receiver::new(cx, common, &agreed, segment.seq, self.knock.window);
        let mut open = Box::new(Open::new(cx, common, agreed, sender, receiver, false));
        open.receiver.due = Due::Now;
        finish_open(cx, common, &mut open, segment, packet, pool);
        Outcome::Open(open)
    }
}

/// The rest of a segment whose SYN is dealt with: data on it, if any.
fn finish_open(
    cx: &mut Context<'_>,
    common: &mut Common,
    open: &mut Open,
    segment: &TcpHeader,
    mut packet: Packet,
    pool: &mut Pool,
) {
    // Nobody is left to read it: it stays unacknowledged, and comes again where its reset belongs.
    let room = if common.orphan { 0 } else { open.receiver.window() as usize };
    packet.truncate(room);
    let exit = open.finish(cx, common, segment, packet, false, pool);
    debug_assert!(exit.is_none(), "neither a FIN nor its acknowledgment can be on a SYN");
}

/// SYN-RECEIVED: waits for the ACK of our SYN, under the SYN timer.
#[derive(Debug)]
pub(super) struct SynReceived {
    pub(super) knock: Knock,
    pub(super) irs: SeqNumber,
    pub(super) agreed: Agreed,
    /// Whether it came from LISTEN (RFC 9293 MUST-11); else from SYN-SENT.
    pub(super) passive: bool,
    /// The application closed already.
    pub(super) close: bool,
    /// The peer acknowledged our SYN, but the application waits for data (TCP_DEFER_ACCEPT).
    pub(super) deferred: bool,
}

impl SynReceived {
    /// From LISTEN.
    pub(super) fn answering(cx: &Context<'_>, common: &Common, isn: SeqNumber, syn: &TcpHeader) -> Self {
        Self {
            knock: Knock::new(cx, common, isn),
            irs: syn.seq,
            agreed: options::agree(common, &syn.options),
            passive: true,
            close: false,
            deferred: false,
        }
    }

    /// From LISTEN, by a cookie: `numbers` are ours and the peer's. Nothing is to be sent.
    pub(super) fn remembered(
        cx: &Context<'_>,
        common: &Common,
        numbers: (SeqNumber, SeqNumber),
        agreed: Agreed,
    ) -> Self {
        let knock = Knock { due: false, ..Knock::new(cx, common, numbers.0) };
        Self { knock, irs: numbers.1, agreed, passive: true, close: false, deferred: false }
    }

    /// From SYN-SENT: the same SYN goes again, with an ACK. Its timer goes on.
    fn crossing(cx: &Context<'_>, common: &Common, knock: &Knock, syn: &TcpHeader) -> Self {
        let Knock { isn, first, deadline, wait, retries, window, due: _ } = *knock;
        let knock = Knock { isn, due: true, first, deadline, wait, retries, window };
        Self { knock, passive: false, ..Self::answering(cx, common, isn, syn) }
    }

    /// The SYN-ACK, if it is due.
    pub(super) fn poll_transmit(&mut self, now: Instant, common: &Common) -> Option<TcpHeader> {
        if !std::mem::take(&mut self.knock.due) {
            return None;
        }
        let options = options::answer(now, common, &self.agreed);
        let header = self.knock.header(common, TcpFlags::SYN | TcpFlags::ACK, options);
        Some(TcpHeader { ack: self.irs + 1, ..header })
    }

    /// The deadline passed. True when that was the last try.
    pub(super) fn on_timeout(&mut self, cx: &mut Context<'_>, common: &Common) -> bool {
        self.deferred = false;
        self.knock.on_timeout(cx, common, common.config.synack_retries)
    }

    /// Whether this is the peer's half of a simultaneous open.
    pub(super) fn completes_crossing(&self, segment: &TcpHeader) -> bool {
        let flags = segment.flags.intersection(TcpFlags::SYN | TcpFlags::ACK | TcpFlags::RST);
        !self.passive
            && flags == TcpFlags::SYN | TcpFlags::ACK
            && (segment.seq, segment.ack) == (self.irs, self.knock.isn + 1)
    }

    /// SEGMENT ARRIVES, for the peer's half of a simultaneous open.
    pub(super) fn on_crossing(
        &self,
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
    pub(super) fn on_segment(
        &mut self,
        cx: &mut Context<'_>,
        common: &mut Common,
        segment: &TcpHeader,
        bare: bool,
    ) -> Outcome {
        step(cx, "1. check seq");
        let next = self.irs + 1;
        let ahead = segment.seq.distance(next);
        let inside = ahead >= 0 && (ahead as u32) < u32::from(self.knock.window).max(1);
        if segment.has(TcpFlags::SYN) && segment.seq == self.irs && !segment.has(TcpFlags::RST) {
            //= rfc9293#3.10.7.4   our SYN-ACK was lost, or is on its way: once more, at the peer's own pace
            self.knock.due = true;
            return Outcome::Stay;
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
        if segment.ack != self.knock.isn + 1 {
            //= rfc9293#3.10.7.4   an ACK of what was never sent tells of an old connection on the peer's side
            common.drop(cx, DropReason::TcpBadAck);
            common.reply_reset(segment.ack);
            return Outcome::Stay;
        }
        let patience = common.settings.defer_accept;
        if bare && self.passive && !segment.has(TcpFlags::FIN) && cx.now < self.knock.first + patience {
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
    pub(super) fn establish_unmeasured(
        &self,
        cx: &Context<'_>,
        common: &Common,
        segment: &TcpHeader,
    ) -> Box<Open> {
        let mut open = self.establish(cx, common, segment);
        open.sender.rtt = Rtt::new(&common.config);
        open
    }

    /// The connection that the acknowledgment of our SYN makes; the segment itself is for it to look at.
    pub(super) fn establish(&self, cx: &Context<'_>, common: &Common, segment: &TcpHeader) -> Box<Open> {
        let (agreed, isn) = (self.agreed, self.knock.isn);
        let sender = Sender::new(cx, common, &agreed, isn, segment, self.knock.measured(cx, common));
        let receiver = Receiver::new(cx, common, &agreed, self.irs, self.knock.window);
        Box::new(Open::new(cx, common, agreed, sender, receiver, self.close))
    }

    fn on_reset(
        &self,
        cx: &mut Context<'_>,
        common: &mut Common,
        segment: &TcpHeader,
        inside: bool,
    ) -> Outcome {
        if segment.seq == self.irs + 1 {
            //= rfc9293#3.10.7.4   back to LISTEN in silence, or the connect is refused
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
            let mut header = common.header(TcpFlags::ACK);
            (header.seq, header.ack, header.window) = (self.knock.isn + 1, self.irs + 1, self.knock.window);
            header.options.timestamps = self.agreed.timestamps.map(|echo| Timestamps { value, echo });
            common.reply = Some(header);
        }
        Outcome::Stay
    }

    /// What we told the peer to send next.
    pub(super) fn next(&self) -> SeqNumber {
        self.irs + 1
    }
}
