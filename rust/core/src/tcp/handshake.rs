//! SYN-SENT and SYN-RECEIVED: everything before data may flow. LISTEN is in `listener`.

use super::common::{Common, step};
use super::fast_open::{Early, FastOpen, Lesson};
use super::knock::Knock;
use super::open::Open;
use super::options::{self, Agreed};
use super::receiver::{Due, Receiver};
use super::rtt::Rtt;
use super::sender::Sender;
use crate::buffer::{Packet, Pool};
use crate::drops::DropReason;
use crate::error::Error;
use crate::observe::{Context, Counter};
use crate::time::Instant;
use crate::wire::{FastOpenCookie, SeqNumber, TcpFlags, TcpHeader, Timestamps};

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

/// SYN-SENT: waits for the peer's SYN, under the SYN timer.
#[derive(Debug)]
pub(super) struct SynSent {
    pub(super) knock: Knock,
    /// What goes with the SYN or, where that is not possible, right after the handshake (RFC 7413).
    pub(super) early: Option<Box<Early>>,
}

/// SYNs with Fast Open that may be lost before it is given up.
const FAST_TRIES: u8 = 2;

impl SynSent {
    pub(super) fn new(cx: &Context<'_>, common: &Common, isn: SeqNumber) -> Self {
        Self { knock: Knock::new(cx, common, isn), early: None }
    }

    /// The SYN, if it is due, and how many bytes go with it.
    pub(super) fn poll_transmit(&mut self, now: Instant, common: &mut Common) -> Option<(TcpHeader, usize)> {
        if !std::mem::take(&mut self.knock.due) {
            return None;
        }
        let mut options = options::offer(now, common);
        let mut length = 0;
        if let Some(early) = &mut self.early
            && let Some(known) = early.known
        {
            options.fast_open = Some(known.cookie);
            if known.cookie.is_request() {
                common.fast_open = FastOpen::Cookie;
            } else {
                //= rfc7413#4.2.1   no more than the server's MSS, the options taken off
                let room = usize::from(known.mss.min(common.path_mss())).saturating_sub(options.len());
                length = early.queue.len().min(room);
                early.in_syn = early.in_syn.max(length);
                common.fast_open = FastOpen::Data;
            }
        }
        Some((self.knock.header(common, TcpFlags::SYN, options), length))
    }

    /// The deadline passed. True when that was the last try.
    pub(super) fn on_timeout(&mut self, cx: &mut Context<'_>, common: &mut Common) -> bool {
        let over = self.knock.on_timeout(cx, common, common.config.syn_retries);
        if let Some(early) = &mut self.early
            && self.knock.retries >= FAST_TRIES
            && early.known.take().is_some()
        {
            //= rfc7413#4.1.3.1   no answer: a box on the path may drop what it does not know. Go on without
            common.lesson = Some(Lesson::Lost);
            common.fast_open = FastOpen::Refused;
            cx.count(Counter::TcpFastOpenActiveFail);
        }
        over
    }

    /// Bytes that left with a SYN.
    fn in_syn(&self) -> usize {
        self.early.as_ref().map_or(0, |early| early.in_syn)
    }

    /// What the peer's SYN-ACK tells of Fast Open: `taken` bytes of our SYN's data are with it.
    fn judge(&self, cx: &mut Context<'_>, common: &mut Common, segment: &TcpHeader, taken: usize, mss: u16) {
        let Some(early) = &self.early else { return };
        let granted = segment.options.fast_open.filter(|cookie| !cookie.is_request());
        if early.in_syn > 0 {
            let (state, counter, lesson) = if taken > 0 {
                (FastOpen::Accepted, Counter::TcpFastOpenActive, Lesson::Accepted)
            } else {
                (FastOpen::Refused, Counter::TcpFastOpenActiveFail, Lesson::Refused)
            };
            if common.fast_open != FastOpen::Refused || taken > 0 {
                cx.count(counter);
                common.lesson = Some(lesson);
            }
            common.fast_open = state;
        }
        if let Some(cookie) = granted {
            //= rfc7413#4.1.3   the newest cookie, with the MSS
            common.lesson = Some(Lesson::Cookie(cookie, mss));
        }
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
        //= rfc7413#4.2.1   the SYN alone, or with the data that went with it
        let taken = if acked { segment.ack.distance(self.knock.isn + 1) } else { 0 };
        if taken < 0 || taken as usize > self.in_syn() {
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
            let early = self.early.take();
            if common.fast_open == FastOpen::Data {
                // The SYN-ACK that we owe now has no data with it: what went before counts as not taken.
                common.fast_open = FastOpen::Refused;
            }
            return Outcome::Crossed(Box::new(SynReceived::crossing(
                cx,
                common,
                &self.knock,
                segment,
                early,
            )));
        }
        let (agreed, taken) = (options::agree(common, &segment.options), taken as usize);
        self.judge(cx, common, segment, taken, agreed.peer_mss);
        let isn = self.knock.isn + taken as u32;
        let mut sender = Sender::new(cx, common, &agreed, isn, segment, self.knock.measured(cx, common));
        if let Some(mut early) = self.early.take() {
            //= rfc7413#4.2.1   what was not taken goes again at once
            early.queue.consume(taken);
            common.stats.bytes_acked += taken as u64;
            sender.queue = early.queue;
        }
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
    /// The Fast Open cookie that the SYN-ACK grants.
    pub(super) grant: Option<FastOpenCookie>,
    /// The connection under way already, for a peer that showed such a cookie.
    pub(super) fast: Option<Box<Open>>,
    /// After crossed SYNs: the data that our first SYN carried, or should have.
    early: Option<Box<Early>>,
}

impl SynReceived {
    /// From LISTEN.
    pub(super) fn answering(cx: &Context<'_>, common: &Common, isn: SeqNumber, syn: &TcpHeader) -> Self {
        let agreed = options::agree(common, &syn.options);
        Self::of(Knock::new(cx, common, isn), syn.seq, agreed)
    }

    /// From LISTEN, with these numbers and agreements.
    pub(super) const fn of(knock: Knock, irs: SeqNumber, agreed: Agreed) -> Self {
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
    pub(super) fn remembered(
        cx: &Context<'_>,
        common: &Common,
        numbers: (SeqNumber, SeqNumber),
        agreed: Agreed,
    ) -> Self {
        let knock = Knock { due: false, ..Knock::new(cx, common, numbers.0) };
        Self::of(knock, numbers.1, agreed)
    }

    /// From SYN-SENT: the same SYN goes again, with an ACK. Its timer goes on.
    fn crossing(
        cx: &Context<'_>,
        common: &Common,
        knock: &Knock,
        syn: &TcpHeader,
        early: Option<Box<Early>>,
    ) -> Self {
        let Knock { isn, first, deadline, wait, retries, window, due: _ } = *knock;
        let knock = Knock { isn, due: true, first, deadline, wait, retries, window };
        Self { knock, passive: false, early, ..Self::answering(cx, common, isn, syn) }
    }

    /// From LISTEN, for a peer that showed a Fast Open cookie: data flows both ways before its ACK comes.
    pub(super) fn fast(cx: &Context<'_>, common: &Common, isn: SeqNumber, syn: &TcpHeader) -> Self {
        let mut state = Self::answering(cx, common, isn, syn);
        let unmeasured = (Rtt::new(&common.config), false);
        let sender = Sender::new(cx, common, &state.agreed, isn, syn, unmeasured);
        let receiver = Receiver::new(cx, common, &state.agreed, syn.seq, state.knock.window);
        state.fast = Some(Box::new(Open::new(cx, common, state.agreed, sender, receiver, false)));
        state
    }

    /// Whether `segment` is the SYN again and has data that we may take.
    pub(super) fn takes_early_data(&self, segment: &TcpHeader, packet: &Packet) -> bool {
        let flags = segment.flags.intersection(TcpFlags::SYN | TcpFlags::ACK | TcpFlags::RST);
        let first = self.fast.as_ref().is_some_and(|fast| fast.receiver.next == self.irs + 1);
        first && flags == TcpFlags::SYN && segment.seq == self.irs && !packet.is_empty()
    }

    /// Take the data of the SYN.
    pub(super) fn on_early_data(
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
    pub(super) fn poll_transmit(&mut self, now: Instant, common: &Common) -> Option<TcpHeader> {
        if !std::mem::take(&mut self.knock.due) {
            return None;
        }
        let mut options = options::answer(now, common, &self.agreed);
        //= rfc7413#4.1.3.1   lost once, it goes without
        options.fast_open = self.grant.filter(|_| self.knock.retries == 0);
        let mut header = self.knock.header(common, TcpFlags::SYN | TcpFlags::ACK, options);
        header.ack = self.next();
        if let Some(fast) = &mut self.fast {
            //= rfc7413#4.2.2   the SYN-ACK acknowledges the data as well
            header.window = self.knock.window.min(fast.receiver.window() as u16);
            fast.receiver.on_ack_sent();
        }
        Some(header)
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
    pub(super) fn on_segment(
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
    pub(super) fn establish_unmeasured(
        mut self,
        cx: &Context<'_>,
        common: &Common,
        segment: &TcpHeader,
    ) -> Box<Open> {
        let mut open = self.establish(cx, common, segment);
        open.sender.rtt = Rtt::new(&common.config);
        open
    }

    /// The connection that the acknowledgment of our SYN makes; the segment itself is for it to look at.
    fn establish(&mut self, cx: &Context<'_>, common: &Common, segment: &TcpHeader) -> Box<Open> {
        let (agreed, isn) = (self.agreed, self.knock.isn);
        let measured = self.knock.measured(cx, common);
        if let Some(mut open) = self.fast.take() {
            open.sender.rtt = measured.0;
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

    fn on_reset(
        &self,
        cx: &mut Context<'_>,
        common: &mut Common,
        segment: &TcpHeader,
        inside: bool,
    ) -> Outcome {
        if segment.seq == self.next() {
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
            (header.seq, header.ack, header.window) = (self.sent(), self.next(), self.knock.window);
            header.options.timestamps = self.agreed.timestamps.map(|echo| Timestamps { value, echo });
            common.reply = Some(header);
        }
        Outcome::Stay
    }

    /// What we told the peer to send next.
    pub(super) fn next(&self) -> SeqNumber {
        self.fast.as_ref().map_or(self.irs + 1, |fast| fast.receiver.next)
    }
}
