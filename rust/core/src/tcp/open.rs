//! A synchronized connection: its two halves, its timers, and how it ends.

use super::challenge::Challenge;
use super::closing::Closing;
use super::negotiated::Negotiated;
use super::receiver::{AckWish, Receiver};
use super::rtt::Rtt;
use super::sender::Sender;
use super::timers::{Timer, Timers};
use super::{Config, Settings, Tuple};
use crate::observe::{Context, Counter, Layer, TraceEvent};
use crate::time::Instant;
use crate::wire::SeqNumber;

/// From ESTABLISHED to TIME-WAIT.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) tuple: Tuple,
    pub(super) agreed: Negotiated,
    pub(super) sender: Sender,
    pub(super) receiver: Receiver,
    pub(super) closing: Closing,
    pub(super) timers: Timers,
    pub(super) ack: AckWish,
    pub(super) probe: Option<Probe>,
    pub(super) challenge: Challenge,
    /// Unanswered keep-alive probes.
    pub(super) unanswered: u32,
    pub(super) heard_at: Instant,
    /// When the last probe of a closed window left, if the window is closed.
    pub(super) probed_at: Option<Instant>,
    /// The application let go; the connection finishes by itself.
    pub(super) orphan: bool,
}

/// A segment that is sent only to be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Probe {
    /// Of a zero window: one byte.
    Window,
    /// Of an idle peer: no byte, with an old sequence number.
    KeepAlive,
}

/// Why a connection ends before its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failure {
    /// The peer was silent too long.
    Silent,
    /// It closed in good order, and nobody holds it.
    Finished,
}

impl Open {
    pub(super) fn new(
        now: Instant,
        config: &Config,
        settings: &Settings,
        tuple: Tuple,
        (iss, irs): (SeqNumber, SeqNumber),
        agreed: Negotiated,
        rtt: Rtt,
    ) -> Self {
        let mut open = Self {
            tuple,
            agreed,
            sender: Sender::new(iss, config, settings, &agreed, rtt),
            receiver: Receiver::new(now, irs, settings, &agreed),
            closing: Closing::Open,
            timers: Timers::default(),
            ack: AckWish::None,
            probe: None,
            challenge: Challenge::default(),
            unanswered: 0,
            heard_at: now,
            probed_at: None,
            orphan: false,
        };
        open.arm_keepalive(now, settings);
        open
    }

    /// The application sends no more.
    pub(super) fn close_sending(&mut self, cx: &mut Context<'_>) {
        self.sender.close();
        self.turn(cx, self.closing.on_close());
    }

    /// Enter another state, with what comes with it.
    pub(super) fn turn(&mut self, cx: &mut Context<'_>, to: Closing) {
        if to == self.closing {
            return;
        }
        let tuple = self.tuple;
        let (from, name) = (self.closing.state().name(), to.state().name());
        cx.emit(Layer::TcpState, || TraceEvent::TcpState {
            destination: tuple.remote.ip(),
            destination_port: tuple.remote.port(),
            from,
            to: name,
        });
        self.closing = to;
        if to == Closing::TimeWait {
            cx.count(Counter::TcpTimeWaits);
        }
    }

    /// Arm what the present state needs: every wait has a timer, or a peer or application that owes us something.
    pub(super) fn rearm(&mut self, now: Instant, config: &Config) {
        match self.closing {
            Closing::TimeWait => {
                for timer in [Timer::Retransmit, Timer::Persist, Timer::KeepAlive] {
                    self.timers.stop(timer);
                }
                if !self.timers.is_set(Timer::Linger) {
                    self.timers.set(Timer::Linger, now + config.time_wait);
                }
                return;
            }
            Closing::FinAcknowledged if self.orphan => {
                if !self.timers.is_set(Timer::Linger) {
                    self.timers.set(Timer::Linger, now + config.fin_timeout);
                }
            }
            _ => self.timers.stop(Timer::Linger),
        }
        let stuck = self.is_window_closed();
        if stuck {
            self.timers.stop(Timer::Retransmit);
            if !self.timers.is_set(Timer::Persist) {
                //= rfc9293#3.8.6.1 SHLD-29 SHLD-30   first after a retransmission timeout, then ever longer
                self.timers.set(Timer::Persist, now + self.sender.rtt.timeout(config));
            }
            return;
        }
        self.timers.stop(Timer::Persist);
        self.probed_at = None;
        if !self.sender.in_flight() {
            self.timers.stop(Timer::Retransmit);
        } else if !self.timers.is_set(Timer::Retransmit) {
            self.timers.set(Timer::Retransmit, now + self.sender.rtt.timeout(config));
        }
    }

    /// Whether something waits to leave that the peer's window, zero or silly, keeps back while nothing is under way.
    //= rfc9293#3.8.6.1 MUST-36   such a peer is probed, for its window update may have been lost
    pub(super) fn is_window_closed(&self) -> bool {
        let idle = self.sender.flight() == 0;
        let narrow = (self.sender.window() as usize) < self.sender.mss();
        idle && narrow && self.sender.has_unsent()
    }

    pub(super) fn arm_keepalive(&mut self, now: Instant, settings: &Settings) {
        if !settings.keepalive || self.closing == Closing::TimeWait {
            return self.timers.stop(Timer::KeepAlive);
        }
        let wait = if self.unanswered == 0 { settings.keep_idle } else { settings.keep_interval };
        let since = if self.unanswered == 0 { self.heard_at } else { now };
        self.timers.set(Timer::KeepAlive, since + wait);
    }

    /// Tell the peer soon, or now, what arrived.
    pub(super) fn wish_ack(&mut self, now: Instant, config: &Config, wish: AckWish) {
        match wish {
            AckWish::None => {}
            AckWish::Now => self.ack = AckWish::Now,
            AckWish::Delayed if self.ack == AckWish::None => {
                self.ack = AckWish::Delayed;
                //= rfc9293#3.8.6.3 MUST-40   within half a second
                self.timers.set(Timer::DelayedAck, now + config.delayed_ack);
            }
            AckWish::Delayed => {}
        }
    }

    /// Answer a segment that is not acceptable, if the last such answer is long enough ago.
    pub(super) fn challenge(&mut self, cx: &mut Context<'_>, config: &Config) {
        if self.challenge.allow(cx.now, config, cx.rng) {
            cx.count(Counter::TcpChallengeAcks);
            self.ack = AckWish::Now;
        }
    }
}
