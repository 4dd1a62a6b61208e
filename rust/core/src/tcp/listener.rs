//! LISTEN: which SYN becomes a connection, and how many may wait.

use super::{Config, Connection, Settings, Tuple, reset_for};
use crate::drops::DropReason;
use crate::observe::{Context, Counter};
use crate::wire::{SeqNumber, SocketAddress, TcpFlags, TcpHeader};
use std::sync::Arc;

/// What LISTEN makes of a segment.
#[derive(Debug)]
pub enum OnListen {
    /// A half-open connection: transmit its SYN-ACK.
    Open(Box<Connection>),
    /// Answer with this reset.
    Reset(TcpHeader),
    /// Drop it for this reason.
    Ignore(DropReason),
}

/// A passive open: it makes connections and counts them, and owns none.
///
/// The stack tells it what becomes of each: `on_established` when a child leaves SYN-RECEIVED for good,
/// `on_accepted` when the application takes one, `on_dropped` when one ends half open. While `accept_queue_full`, the
/// stack drops the last ACK of a handshake: the peer sends again.
#[derive(Debug)]
pub struct Listener {
    local: SocketAddress,
    backlog: usize,
    settings: Settings,
    half_open: usize,
    waiting: usize,
}

impl Listener {
    /// Most children in SYN-RECEIVED however small the backlog is: as many as fit one second of SYNs on a busy server.
    pub(super) const MIN_HALF_OPEN: usize = 128;

    /// Listen on `local`; `backlog` established connections may wait for accept.
    pub const fn new(local: SocketAddress, backlog: usize, settings: Settings) -> Self {
        Self { local, backlog: if backlog == 0 { 1 } else { backlog }, settings, half_open: 0, waiting: 0 }
    }

    /// Where it listens.
    pub const fn local(&self) -> SocketAddress {
        self.local
    }

    /// What connections start with.
    pub const fn settings_mut(&mut self) -> &mut Settings {
        &mut self.settings
    }

    /// What connections start with.
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Connections that may wait.
    pub const fn backlog(&self) -> usize {
        self.backlog
    }

    /// Children in SYN-RECEIVED.
    pub const fn half_open(&self) -> usize {
        self.half_open
    }

    /// Established children that nobody accepted yet.
    pub const fn waiting(&self) -> usize {
        self.waiting
    }

    /// Whether no further child may become established.
    pub const fn accept_queue_full(&self) -> bool {
        self.waiting >= self.backlog
    }

    /// A segment for the listening port that belongs to no connection.
    pub fn on_segment(
        &mut self,
        cx: &mut Context<'_>,
        config: &Arc<Config>,
        tuple: Tuple,
        segment: &TcpHeader,
        isn: SeqNumber,
        mtu: usize,
    ) -> OnListen {
        //= rfc9293#3.10.7.2   first RST: nothing was sent, so nothing can be reset
        if segment.has(TcpFlags::RST) {
            return OnListen::Ignore(DropReason::TcpListenIgnored);
        }
        //= rfc9293#3.10.7.2   second ACK: nothing was sent, so nothing can be acknowledged
        if segment.has(TcpFlags::ACK) {
            return reset_for(segment, 0)
                .map_or(OnListen::Ignore(DropReason::TcpListenIgnored), OnListen::Reset);
        }
        if !segment.has(TcpFlags::SYN) {
            return OnListen::Ignore(DropReason::TcpListenIgnored);
        }
        if segment.has(TcpFlags::FIN) {
            return OnListen::Ignore(DropReason::TcpBadFlags);
        }
        if self.accept_queue_full() {
            cx.count(Counter::TcpListenOverflows);
            return OnListen::Ignore(DropReason::TcpAcceptQueueFull);
        }
        if self.half_open >= self.backlog.max(Self::MIN_HALF_OPEN) {
            cx.count(Counter::TcpListenOverflows);
            return OnListen::Ignore(DropReason::TcpSynQueueFull);
        }
        self.half_open += 1;
        OnListen::Open(Box::new(Connection::accept(cx, config, self.settings, tuple, segment, isn, mtu)))
    }

    /// A child became established and waits for accept.
    pub const fn on_established(&mut self) {
        self.half_open = self.half_open.saturating_sub(1);
        self.waiting += 1;
    }

    /// The application took a child.
    pub const fn on_accepted(&mut self) {
        self.waiting = self.waiting.saturating_sub(1);
    }

    /// A child ended in SYN-RECEIVED.
    pub const fn on_dropped(&mut self) {
        self.half_open = self.half_open.saturating_sub(1);
    }
}
