//! Our SYN and its timer, in SYN-SENT and in SYN-RECEIVED.

use super::Config;
use super::common::Common;
use super::options::shift_for;
use super::rtt::Rtt;
use crate::observe::{Context, Counter};
use crate::time::{Duration, Instant};
use crate::wire::{SeqNumber, TcpFlags, TcpHeader, TcpOptions};

/// Our SYN, sent again until it is acknowledged or enough is enough.
#[derive(Debug)]
pub(super) struct Knock {
    pub(super) isn: SeqNumber,
    /// Whether it is to be sent now.
    pub(super) due: bool,
    /// When it was sent first.
    pub(super) first: Instant,
    pub(super) deadline: Instant,
    pub(super) wait: Duration,
    pub(super) retries: u8,
    /// The window told in it: never scaled (RFC 7323 2.2).
    pub(super) window: u16,
    /// The shift offered in it, once it left: it stays, whatever becomes of the buffer before the peer answers.
    pub(super) shift: Option<u8>,
}

impl Knock {
    pub(super) fn new(cx: &Context<'_>, common: &Common, isn: SeqNumber) -> Self {
        let wait = common.config.initial_rto;
        let window = common.settings.receive_buffer.min(usize::from(u16::MAX)) as u16;
        Self { isn, due: true, first: cx.now, deadline: cx.now + wait, wait, retries: 0, window, shift: None }
    }

    /// The SYN that was sent `retries` times again, last before `deadline`.
    pub(super) fn resumed(
        config: &Config,
        (isn, window, shift): (SeqNumber, u16, Option<u8>),
        first: Instant,
        deadline: Instant,
        retries: u8,
    ) -> Self {
        let wait = (config.initial_rto * (1 << retries.min(16))).min(config.max_rto);
        Self { isn, due: false, first, deadline, wait, retries, window, shift }
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
    pub(super) fn measured(&self, cx: &Context<'_>, common: &Common) -> (Rtt, bool) {
        let mut rtt = Rtt::new(&common.config);
        if self.retries == 0 {
            rtt.sample(cx.now.since(self.first));
        } else {
            rtt.on_syn_loss();
        }
        (rtt, self.retries > 0)
    }

    /// The shift of our windows, decided now if it was not before.
    pub(super) fn shift(&mut self, common: &Common) -> u8 {
        *self.shift.get_or_insert_with(|| shift_for(common.window_reach()))
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

    pub(super) fn header(&self, common: &Common, flags: TcpFlags, options: TcpOptions) -> TcpHeader {
        TcpHeader { seq: self.isn, window: self.window, options, ..common.header(flags) }
    }
}
