//! LISTEN: what comes in may become a connection, within the backlog.

use super::handshake::SynReceived;
use super::isn::reset_for;
use super::negotiated::Offer;
use super::{Config, Connection, Settings, Tuple};
use crate::drops::DropReason;
use crate::observe::{Context, Counter};
use crate::wire::{SeqNumber, SocketAddress, TcpFlags, TcpHeader};
use std::sync::Arc;

/// What LISTEN makes of a segment.
#[derive(Debug)]
pub enum OnListen {
    /// A connection begins, in SYN-RECEIVED.
    Open(Box<Connection>),
    /// Refuse it; the ports are the caller's to fill in.
    Reset(TcpHeader),
    /// Drop it.
    Ignore(DropReason),
}

/// A listener: how many connections are half open, how many wait to be accepted.
#[derive(Debug)]
pub struct Listener {
    local: SocketAddress,
    backlog: usize,
    settings: Settings,
    half_open: usize,
    waiting: usize,
}

impl Listener {
    /// Listen on `local`; at most `backlog` connections wait to be accepted, and as many may be half open.
    pub const fn new(local: SocketAddress, backlog: usize, settings: Settings) -> Self {
        Self { local, backlog, settings, half_open: 0, waiting: 0 }
    }

    /// SEGMENT ARRIVES in LISTEN (RFC 9293 3.10.7.2). `isn` is for the connection that may begin, `mtu` that of its path.
    pub fn on_segment(
        &mut self,
        cx: &mut Context<'_>,
        config: &Arc<Config>,
        tuple: Tuple,
        segment: &TcpHeader,
        isn: SeqNumber,
        mtu: usize,
    ) -> OnListen {
        //= rfc9293#3.10.7.2   a listener has nothing to reset
        if segment.has(TcpFlags::RST) {
            return OnListen::Ignore(DropReason::TcpListenIgnored);
        }
        //= rfc9293#3.10.7.2   nothing was sent yet, so nothing can be acknowledged
        if segment.has(TcpFlags::ACK) {
            return reset_for(segment, 0)
                .map_or(OnListen::Ignore(DropReason::TcpListenIgnored), OnListen::Reset);
        }
        if !segment.has(TcpFlags::SYN) {
            return OnListen::Ignore(DropReason::TcpListenIgnored);
        }
        if self.half_open >= self.backlog.max(Self::LEAST_HALF_OPEN) || self.accept_queue_full() {
            cx.count(Counter::TcpListenOverflows);
            let full = self.accept_queue_full();
            return OnListen::Ignore(if full {
                DropReason::TcpAcceptQueueFull
            } else {
                DropReason::TcpSynQueueFull
            });
        }
        self.half_open += 1;
        let offer = Offer::new(cx.rng, config, &self.settings, &tuple, mtu);
        let half = SynReceived::answering(cx.now, config, offer, &tuple, isn, segment);
        OnListen::Open(Box::new(Connection::half_open(cx, config, self.settings, tuple, half)))
    }

    /// A small backlog must not let eight lost SYN-ACKs block the port. Linux's least tcp_max_syn_backlog is 128.
    pub(super) const LEAST_HALF_OPEN: usize = 128;

    /// A half-open connection was established and waits to be accepted.
    pub const fn on_established(&mut self) {
        self.half_open = self.half_open.saturating_sub(1);
        self.waiting += 1;
    }

    /// A half-open connection is gone.
    pub const fn on_dropped(&mut self) {
        self.half_open = self.half_open.saturating_sub(1);
    }

    /// A waiting connection was accepted, or is gone.
    pub const fn on_accepted(&mut self) {
        self.waiting = self.waiting.saturating_sub(1);
    }

    /// Whether no more may wait. One more than the backlog may, as on Linux and BSD.
    pub const fn accept_queue_full(&self) -> bool {
        self.waiting > self.backlog
    }

    /// Where it listens.
    pub const fn local(&self) -> SocketAddress {
        self.local
    }

    /// Connections half open, and waiting to be accepted.
    pub const fn queues(&self) -> (usize, usize) {
        (self.half_open, self.waiting)
    }

    /// How many may wait to be accepted.
    pub const fn backlog(&self) -> usize {
        self.backlog
    }

    /// What connections that come in begin with.
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// To change what connections that come in begin with.
    pub const fn settings_mut(&mut self) -> &mut Settings {
        &mut self.settings
    }
}
