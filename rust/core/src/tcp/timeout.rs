//! What time does to a synchronized connection.

use super::common::Common;
use super::open::{Exit, Open};
use super::receiver::Due;
use super::timers::Timer;
use crate::error::Error;
use crate::observe::{Context, Counter};

impl Open {
    /// Let everything happen that is due.
    pub(super) fn on_timeout(&mut self, cx: &mut Context<'_>, common: &mut Common) -> Option<Exit> {
        if self.patience(common).is_some_and(|at| at <= cx.now) {
            common.trace_timer(cx, "user");
            return Some(self.give_up(cx, common));
        }
        while let Some(timer) = self.timers.expire(cx.now) {
            common.trace_timer(cx, timer.name());
            let exit = match timer {
                Timer::Retransmit => self.on_retransmit(cx, common),
                Timer::TailProbe => self.on_tail_probe(cx),
                Timer::Reordering => {
                    self.sender.on_reordering(cx, common);
                    self.arm_loss_timers(cx.now, common);
                    None
                }
                // That output may go on is all there is to it.
                Timer::Pacing => None,
                Timer::Persist => self.on_persist(cx, common),
                Timer::DelayedAck => self.on_delayed_ack(cx),
                Timer::KeepAlive => self.on_keep_alive(cx, common),
                Timer::Rest => {
                    self.rest(cx.now, common);
                    None
                }
                Timer::Cork => {
                    self.sender.force = true;
                    None
                }
                //= rfc9293#3.6.1   the peer may never close, and nobody is left who cares
                Timer::Orphan => Some(Exit::Closed { error: None, reset: false }),
            };
            if exit.is_some() {
                return exit;
            }
        }
        None
    }

    fn on_retransmit(&mut self, cx: &mut Context<'_>, common: &mut Common) -> Option<Exit> {
        if !self.sender.is_outstanding() {
            return None;
        }
        let config = &common.config;
        //= rfc9293#3.8.3 MUST-20 MUST-21   R2: enough. An orphan gets less, there is nobody to wait for
        let limit = if common.orphan { config.orphan_retries.min(config.retries2) } else { config.retries2 };
        if self.sender.retries >= u32::from(limit) {
            return Some(self.give_up(cx, common));
        }
        self.sender.on_timeout(cx, common);
        common.stats.timeouts += 1;
        common.stats.timeout_rows += u32::from(self.sender.retries == 1);
        if self.sender.retries == u32::from(common.config.retries1) {
            //= rfc9293#3.8.3 SHLD-9   R1: whoever watches is told
            common.trace_timer(cx, "r1");
        }
        self.timers.clear(Timer::TailProbe);
        self.timers.clear(Timer::Reordering);
        self.timers.set(Timer::Retransmit, self.sender.rtt.deadline(cx.now));
        None
    }

    fn on_tail_probe(&mut self, cx: &Context<'_>) -> Option<Exit> {
        self.sender.tail.due = true;
        //= rfc8985#7.3   the retransmission timer starts again behind the probe
        self.timers.set(Timer::Retransmit, self.sender.rtt.deadline(cx.now));
        None
    }

    fn on_persist(&mut self, cx: &mut Context<'_>, common: &mut Common) -> Option<Exit> {
        let sender = &mut self.sender;
        if !sender.is_busy() {
            sender.probes = (0, 0);
            return None;
        }
        if sender.peer.size > 0 {
            // The window is open but holds less than is worth sending (the override timeout of 3.8.6.2.1).
            sender.force = true;
            return None;
        }
        let config = &common.config;
        //= rfc9293#3.8.6.1 MUST-35 MUST-37   for ever while they are answered; an orphan's peer may not hold us so
        let silent = sender.probes.1 >= u32::from(config.retries2);
        let abandoned = common.orphan && sender.probes.0 >= u32::from(config.orphan_retries);
        if silent || abandoned {
            return Some(self.give_up(cx, common));
        }
        sender.probe = true;
        sender.probes = (sender.probes.0 + 1, sender.probes.1 + 1);
        //= rfc9293#3.8.6.1 SHLD-30   each wait twice as long
        let wait = sender.rtt.timeout_backed_off(sender.probes.0);
        self.timers.set(Timer::Persist, cx.now + wait);
        None
    }

    fn on_delayed_ack(&mut self, cx: &mut Context<'_>) -> Option<Exit> {
        if self.receiver.due == Due::Later {
            cx.count(Counter::TcpDelayedAcks);
            self.receiver.due = Due::Now;
        }
        None
    }

    fn on_keep_alive(&mut self, cx: &mut Context<'_>, common: &mut Common) -> Option<Exit> {
        let settings = &common.settings;
        let idle = cx.now.since(self.heard);
        //= rfc9293#3.8.4 MUST-26   only when idle: what is in flight has a timer of its own
        if idle < settings.keep_idle || self.sender.is_busy() {
            let from = if self.sender.is_busy() { cx.now } else { self.heard };
            self.timers.set(Timer::KeepAlive, from + settings.keep_idle);
            return None;
        }
        //= rfc9293#3.8.4 MUST-29   one unanswered probe proves nothing
        if self.keep_probes >= settings.keep_count {
            return Some(self.give_up(cx, common));
        }
        self.keep_probes += 1;
        self.keep_alive = true;
        //= rfc9293#3.8.4 MUST-27
        self.timers.set(Timer::KeepAlive, cx.now + settings.keep_interval);
        None
    }

    /// The peer is silent for too long. If ICMP gave a reason meanwhile, that is the reason.
    fn give_up(&self, cx: &mut Context<'_>, common: &Common) -> Exit {
        cx.count(Counter::TcpAbortOnTimeout);
        Exit::Closed { error: Some(common.soft_error.unwrap_or(Error::TimedOut)), reset: true }
    }
}
