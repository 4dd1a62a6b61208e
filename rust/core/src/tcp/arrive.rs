//! SEGMENT ARRIVES in the synchronized states (RFC 9293 3.10.7.4, with RFC 5961 and RFC 7323), step by step.

use super::ack::Echo;
use super::common::{Common, step};
use super::open::{Exit, Open};
use super::receiver::Due;
use super::timers::Timer;
use crate::buffer::{Chunks, Packet, Pool};
use crate::drops::DropReason;
use crate::error::Error;
use crate::observe::{Context, Counter};
use crate::time::Duration;
use crate::wire::{TcpFlags, TcpHeader};

/// A round trip by timestamps beyond this is a broken echo, not a measurement.
const MAX_STAMPED: u32 = 120_000;

/// Flags that change nothing about steps one to four.
const BY_THE_WAY: TcpFlags =
    TcpFlags::PSH.union(TcpFlags::FIN).union(TcpFlags::ECE).union(TcpFlags::CWR).union(TcpFlags::AE);

impl Open {
    /// All steps for one segment.
    pub(super) fn on_segment(
        &mut self,
        cx: &mut Context<'_>,
        common: &mut Common,
        segment: &TcpHeader,
        mut packet: Packet,
        pool: &mut Pool,
    ) -> Option<Exit> {
        let fin = if self.is_expected(cx, common, segment, &packet) {
            segment.has(TcpFlags::FIN)
        } else {
            match self.check(cx, common, segment, &mut packet) {
                Ok(fin) => fin,
                Err(exit) => {
                    pool.put(packet);
                    return exit;
                }
            }
        };
        self.receiver.note_timestamp(cx.now, segment);
        if self.receiver.due == Due::Later && self.receiver.ecn.is_edge(segment, packet.len()) {
            //= rfc8257#3.2   one ACK for what came before, so that the sender counts the marked bytes and no others
            common.reply = Some(self.acknowledgment(cx, common).header);
        }
        //= rfc3168#6.1.5   of what lies in the window only: else anybody could slow the peer down
        if self.receiver.ecn.on_packet(segment, packet.len(), packet.segments()) {
            self.receiver.due = Due::Now;
        }
        self.finish(cx, common, segment, packet, fin, pool)
    }

    /// The usual segment, next in order and inside the window: steps one to four have nothing to say about it.
    fn is_expected(&self, cx: &Context<'_>, common: &Common, segment: &TcpHeader, packet: &Packet) -> bool {
        let plain = segment.flags.difference(BY_THE_WAY) == TcpFlags::ACK;
        plain
            && segment.seq == self.receiver.next
            && segment.sequence_length(packet.len()) <= self.receiver.window()
            && !self.receiver.is_stale(common, cx.now, segment)
    }

    /// Steps one to four: number, RST, SYN. The packet is trimmed to the window; true if its FIN is inside.
    fn check(
        &mut self,
        cx: &mut Context<'_>,
        common: &mut Common,
        segment: &TcpHeader,
        packet: &mut Packet,
    ) -> Result<bool, Option<Exit>> {
        step(cx, "1. check seq");
        let reset = segment.has(TcpFlags::RST);
        if !reset && self.receiver.is_stale(common, cx.now, segment) {
            //= rfc7323#5.3   before the number is looked at; a reset is exempt
            common.drop(cx, DropReason::TcpPaws);
            if segment.options.timestamps.is_some() {
                self.answer_out_of_place(cx, common, !packet.is_empty());
            }
            return Err(None);
        }
        let length = segment.sequence_length(packet.len());
        let asks = !packet.is_empty() || segment.has(TcpFlags::FIN);
        let at_closed_window = self.receiver.window() == 0 && segment.seq == self.receiver.next;
        if !self.receiver.accepts(segment.seq, length) && !at_closed_window {
            common.drop(cx, DropReason::TcpOutOfWindow);
            if !reset {
                if !packet.is_empty() {
                    let right = (segment.seq + packet.len() as u32).min(self.receiver.next);
                    self.receiver.note_doubled(cx, common, segment.seq, right);
                }
                if segment.has(TcpFlags::SYN | TcpFlags::ACK) {
                    self.receiver.ecn.on_synack_again();
                }
                self.answer_out_of_place(cx, common, asks);
            }
            return Err(None);
        }
        step(cx, "2. check rst");
        if reset {
            return Err(self.on_reset(cx, common, segment));
        }
        step(cx, "4. check syn");
        if segment.has(TcpFlags::SYN) {
            //= rfc5961#4.2   whatever its number: the peer must prove that it restarted
            common.drop(cx, DropReason::TcpUnexpectedSyn);
            self.challenge(cx, common);
            return Err(None);
        }
        Ok(self.trim(cx, common, segment, packet))
    }

    /// Cut what lies outside the window off; true if the FIN lies inside.
    fn trim(
        &mut self,
        cx: &mut Context<'_>,
        common: &Common,
        segment: &TcpHeader,
        packet: &mut Packet,
    ) -> bool {
        let next = self.receiver.next;
        //= rfc9293#3.10.7.4   what was received before goes ...
        let old = next.distance(segment.seq).max(0) as usize;
        if old > 0 {
            let right = (segment.seq + packet.len() as u32).min(next);
            self.receiver.note_doubled(cx, common, segment.seq, right);
            packet.advance(old.min(packet.len()));
        }
        let start = segment.seq.max(next);
        //= rfc9293#3.10.7.4 MUST-66   ... and what the window has no room for; the rest of the segment counts even then
        let room = (next + self.receiver.window()).distance(start).max(0) as usize;
        let cut = packet.len() > room;
        if cut {
            packet.truncate(room);
            self.receiver.due = Due::Now;
        }
        segment.has(TcpFlags::FIN) && !cut
    }

    /// An ACK for a segment out of place. Data and FIN are always answered: their sender waits, and two such answers
    /// cannot feed each other. All else is throttled (RFC 5961 7 and the ACK storms it warns of).
    fn answer_out_of_place(&mut self, cx: &mut Context<'_>, common: &mut Common, asks: bool) {
        if asks {
            self.receiver.due = Due::Now;
        } else {
            self.challenge(cx, common);
        }
    }

    fn challenge(&mut self, cx: &mut Context<'_>, common: &mut Common) {
        if common.may_challenge(cx) {
            self.receiver.due = Due::Now;
        }
    }

    /// Step two, for a reset inside the window.
    fn on_reset(&mut self, cx: &mut Context<'_>, common: &mut Common, segment: &TcpHeader) -> Option<Exit> {
        if segment.seq != self.receiver.next {
            //= rfc5961#3.2   near is not enough: a peer that means it will answer our ACK with the exact number
            common.drop(cx, DropReason::TcpBadReset);
            self.challenge(cx, common);
            return None;
        }
        cx.count(Counter::TcpEstabResets);
        //= rfc9293#3.10.7.4 MUST-12   outstanding calls fail, except where we closed and the peer may go as it likes
        let over = matches!(self.flow, super::closing::Flow::Closing | super::closing::Flow::LastAck);
        let error = if over { None } else { Some(Error::ConnectionReset) };
        Some(Exit::Closed { error, reset: false })
    }

    /// Steps five to eight, for a segment whose number is in order.
    pub(super) fn finish(
        &mut self,
        cx: &mut Context<'_>,
        common: &mut Common,
        segment: &TcpHeader,
        packet: Packet,
        fin: bool,
        pool: &mut Pool,
    ) -> Option<Exit> {
        self.heard = cx.now;
        self.keep_probes = 0;
        step(cx, "5. check ack");
        match self.on_ack(cx, common, segment, packet.len(), &mut pool.chunks) {
            Ok(None) => {}
            Ok(Some(exit)) => {
                pool.put(packet);
                return Some(exit);
            }
            Err(reason) => {
                common.drop(cx, reason);
                pool.put(packet);
                return None;
            }
        }
        let seq = segment.seq.max(self.receiver.next);
        if segment.has(TcpFlags::URG) && self.flow.takes_text() {
            step(cx, "6. check urg");
            self.receiver.on_urgent(&common.inbox, segment.seq, segment.urgent);
        }
        if packet.is_empty() && !fin {
            pool.put(packet);
            return None;
        }
        step(cx, "7. segment text");
        if !self.flow.takes_text() {
            //= rfc9293#3.10.7.4   after its FIN the peer has nothing to say; its FIN again means that our ACK was lost
            self.receiver.due = Due::Now;
            pool.put(packet);
            return None;
        }
        if common.orphan && !packet.is_empty() {
            //= rfc9293#3.6.1   data that nobody can ever read: the peer must know
            cx.count(Counter::TcpAbortOnData);
            common.drop(cx, DropReason::TcpAfterClose);
            pool.put(packet);
            return Some(Exit::Closed { error: None, reset: true });
        }
        //= rfc9293#3.10.7.4 MUST-58 MUST-59   only noted here, and said in `poll_transmit`, when all that came was looked at
        let text = self.receiver.on_text(cx, common, seq, packet, fin, pool);
        if self.receiver.due == Due::Later && !self.timers.is_set(Timer::DelayedAck) {
            self.timers.set(Timer::DelayedAck, cx.now + common.config.delayed_ack);
        }
        if text.finished { self.follow(cx.now, common, self.flow.on_fin()) } else { None }
    }

    /// Step five. `Err` drops the segment.
    fn on_ack(
        &mut self,
        cx: &mut Context<'_>,
        common: &mut Common,
        segment: &TcpHeader,
        payload: usize,
        chunks: &mut Chunks,
    ) -> Result<Option<Exit>, DropReason> {
        if !segment.has(TcpFlags::ACK) {
            return Err(DropReason::TcpNoAck);
        }
        if !self.sender.accepts(segment.ack) {
            //= rfc5961#5.2   of what was never sent, or too old to be true
            self.challenge(cx, common);
            return Err(DropReason::TcpBadAck);
        }
        let echo = self.echo(cx, common, segment);
        if payload > 0 {
            self.receiver.tuning.on_echo(echo.value, echo.age);
        }
        let length = segment.sequence_length(payload);
        let effect = self.sender.on_ack(cx, common, segment, length, echo, chunks);
        self.sender.probes.1 = 0;
        if self.sender.peer.size > 0 {
            if self.sender.probes.0 > 0 {
                self.sender.probes.0 = 0;
                self.timers.clear(Timer::Persist);
            }
        } else if !common.orphan {
            //= rfc9293#3.8.6.1 MUST-37 SHLD-17   a peer that answers with a closed window is alive, however long
            self.sender.retries = 0;
        }
        if effect.advanced {
            common.soft_error = None;
            if !self.sender.is_busy() {
                self.sender.probes = (0, 0);
                self.timers.clear(Timer::Persist);
            }
            if !self.sender.is_outstanding() {
                //= rfc6298#5.2   nothing is out, nothing to wait for
                self.timers.clear(Timer::Retransmit);
            } else if effect.restart_timer && self.timers.is_set(Timer::Retransmit) {
                self.timers.set(Timer::Retransmit, self.sender.rtt.deadline(cx.now));
            }
        }
        self.arm_loss_timers(cx.now, common);
        Ok(if effect.fin_acked { self.follow(cx.now, common, self.flow.on_fin_acked()) } else { None })
    }

    /// What the timestamps of a segment tell.
    fn echo(&self, cx: &Context<'_>, common: &Common, segment: &TcpHeader) -> Echo {
        let stamps = self.agreed.timestamps.and(segment.options.timestamps).filter(|stamps| stamps.echo != 0);
        let Some(value) = stamps.map(|stamps| stamps.echo) else { return Echo::default() };
        let ticks = common.timestamp(cx.now).wrapping_sub(value);
        // The clock ticks in milliseconds: a shorter trip counts as one.
        let age = (ticks < MAX_STAMPED).then(|| Duration::from_millis(u64::from(ticks.max(1))));
        Echo { value: Some(value), age }
    }
}
