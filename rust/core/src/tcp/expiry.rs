//! Timers of a synchronized connection, as they fire.

use super::closing::Closing;
use super::open::{Failure, Open, Probe};
use super::receiver::AckWish;
use super::timers::Timer;
use super::{Config, Settings};
use crate::observe::{Context, Counter, Layer, TraceEvent};
use crate::time::Instant;

impl Open {
    /// Let every timer that is due fire; an error ends the connection.
    pub(super) fn on_timeout(
        &mut self,
        cx: &mut Context<'_>,
        config: &Config,
        settings: &Settings,
    ) -> Result<(), Failure> {
        while let Some(timer) = self.timers.expire(cx.now) {
            let tuple = self.tuple;
            cx.emit(Layer::Tcp, || TraceEvent::TcpTimer {
                destination: tuple.remote.ip(),
                destination_port: tuple.remote.port(),
                timer: timer.name(),
            });
            match timer {
                Timer::Retransmit => self.on_retransmit(cx, config, settings)?,
                Timer::Persist => self.on_persist(cx.now, config, settings)?,
                Timer::KeepAlive => self.on_keepalive(cx.now, settings)?,
                Timer::DelayedAck => {
                    cx.count(Counter::TcpDelayedAcks);
                    self.ack = AckWish::Now;
                }
                Timer::Linger => {
                    self.turn(cx, Closing::Over);
                    return Err(Failure::Finished);
                }
            }
        }
        self.rearm(cx.now, config);
        Ok(())
    }

    //= rfc6298#5   5.4 to 5.6
    fn on_retransmit(
        &mut self,
        cx: &mut Context<'_>,
        config: &Config,
        settings: &Settings,
    ) -> Result<(), Failure> {
        cx.count(Counter::TcpTimeouts);
        if self.is_overdue(cx.now, config, settings) {
            return Err(Failure::Silent);
        }
        self.sender.on_timeout(cx.now);
        self.ack = AckWish::None;
        Ok(())
    }

    //= rfc9293#3.8.6.1 MUST-35 MUST-37   probed for as long as the peer answers
    fn on_persist(&mut self, now: Instant, config: &Config, settings: &Settings) -> Result<(), Failure> {
        let silent = self.probed_at.is_some_and(|at| self.heard_at < at);
        if silent && self.is_overdue(now, config, settings) {
            return Err(Failure::Silent);
        }
        // A peer that keeps its window shut may hold a connection for ever, but not one that its application left.
        let patient = !silent && !self.orphan;
        if self.orphan && self.is_overdue(now, config, settings) {
            return Err(Failure::Silent);
        }
        self.sender.retries = if patient { 0 } else { self.sender.retries + 1 };
        self.sender.rtt.back_off();
        self.probed_at = Some(now);
        self.probe = Some(Probe::Window);
        Ok(())
    }

    //= rfc9293#3.8.4 MUST-26 MUST-29   only when idle, and one lost answer proves nothing
    fn on_keepalive(&mut self, now: Instant, settings: &Settings) -> Result<(), Failure> {
        if now.since(self.heard_at) < settings.keep_idle && self.unanswered == 0 {
            self.arm_keepalive(now, settings);
            return Ok(());
        }
        if self.unanswered >= u32::from(settings.keep_count) {
            return Err(Failure::Silent);
        }
        if !self.sender.in_flight() {
            self.probe = Some(Probe::KeepAlive);
        }
        self.unanswered += 1;
        self.arm_keepalive(now, settings);
        Ok(())
    }

    //= rfc9293#3.8.3 MUST-20   R2: so many retransmissions without an answer, or the user's own limit in time
    fn is_overdue(&self, now: Instant, config: &Config, settings: &Settings) -> bool {
        if let Some(limit) = settings.user_timeout {
            return self
                .sender
                .waiting_since()
                .is_some_and(|since| now.since(since.max(self.heard_at)) >= limit);
        }
        let most = if self.orphan { config.orphan_retries } else { config.retries2 };
        self.sender.retries >= u32::from(most)
    }
}
