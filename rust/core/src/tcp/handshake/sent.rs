//! SYN-SENT (RFC 9293 3.10.7.3), with data in the SYN where the server allows it (RFC 7413).

use super::{Outcome, SynReceived, finish_open};
use crate::buffer::{Packet, Pool};
use crate::drops::DropReason;
use crate::error::Error;
use crate::observe::{Context, Counter};
use crate::tcp::common::{Common, step};
use crate::tcp::ecn;
use crate::tcp::fast_open::{Early, FastOpen, Lesson};
use crate::tcp::knock::Knock;
use crate::tcp::open::Open;
use crate::tcp::options;
use crate::tcp::receiver::{Due, Receiver};
use crate::tcp::sender::Sender;
use crate::time::Instant;
use crate::wire::{SeqNumber, TcpFlags, TcpHeader};

/// SYN-SENT: waits for the peer's SYN, under the SYN timer.
#[derive(Debug)]
pub(in crate::tcp) struct SynSent {
    pub(in crate::tcp) knock: Knock,
    /// What goes with the SYN or, where that is not possible, right after the handshake (RFC 7413).
    pub(in crate::tcp) early: Option<Box<Early>>,
    /// What of ECN our SYNs ask for.
    asking: ecn::Asking,
}

/// SYNs with Fast Open that may be lost before it is given up.
const FAST_TRIES: u8 = 2;

impl SynSent {
    pub(in crate::tcp) fn new(cx: &Context<'_>, common: &Common, isn: SeqNumber) -> Self {
        Self { knock: Knock::new(cx, common, isn), early: None, asking: ecn::Asking::default() }
    }

    /// The SYN, if it is due, and how many bytes go with it.
    pub(in crate::tcp) fn poll_transmit(
        &mut self,
        now: Instant,
        common: &mut Common,
    ) -> Option<(TcpHeader, usize)> {
        if !std::mem::take(&mut self.knock.due) {
            return None;
        }
        let mut options = options::offer(now, common, self.knock.shift(common));
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
        let flags = self.asking.syn_flags(ecn::Policy::of(common), self.knock.retries);
        Some((self.knock.header(common, TcpFlags::SYN | flags, options), length))
    }

    /// The deadline passed. True when that was the last try.
    pub(in crate::tcp) fn on_timeout(&mut self, cx: &mut Context<'_>, common: &mut Common) -> bool {
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
    pub(in crate::tcp) fn on_segment(
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
                common,
                &self.knock,
                segment,
                early,
                &self.asking,
            )));
        }
        let (shift, taken) = (self.knock.shift(common), taken as usize);
        let mut agreed = options::agree(common, shift, &segment.options);
        agreed.ecn = self.asking.answered(segment);
        self.judge(cx, common, segment, taken, agreed.peer_mss);
        let isn = self.knock.isn + taken as u32;
        let mut sender = Sender::new(cx, common, &agreed, isn, segment, self.knock.measured(cx, common));
        if let Some(mut early) = self.early.take() {
            //= rfc7413#4.2.1   what was not taken goes again at once
            early.queue.consume(taken, &mut pool.chunks);
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
