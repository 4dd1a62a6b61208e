//! What a listener has to say, and its timer: half-open connections have no entry of their own.

use super::Stack;
use super::route::{Hop, Wish};
use super::sockets::ListenerId;
use super::timers::Timer;
use crate::tcp::Tuple;
use crate::time::Instant;
use crate::wire::{SeqNumber, TcpHeader};

impl Stack {
    /// Send a segment of a half-open connection.
    pub(super) fn answer(
        &mut self,
        now: Instant,
        listener: ListenerId,
        tuple: Tuple,
        hop: Hop,
        header: TcpHeader,
    ) {
        let Some(entry) = self.tcp.listeners.get(listener) else { return };
        let (ttl, tos) = (entry.listener.settings().ttl, entry.listener.settings().tos);
        self.send_header(now, tuple, hop, (ttl, tos), &header);
    }

    /// An ICMP error says that the peer of a half-open connection will never answer. False if it is of none.
    pub(super) fn half_open_failed(&mut self, now: Instant, tuple: &Tuple, seq: SeqNumber) -> bool {
        let Some(id) = self.tcp.listener_for(tuple.local) else { return false };
        let Some(entry) = self.tcp.listeners.get_mut(id) else { return false };
        entry.listener.on_hard_error(&mut self.observers.context(now, None), tuple, seq);
        self.arm_listener(id);
        true
    }

    /// A deadline of its half-open connections passed.
    pub(super) fn on_listener_timeout(&mut self, now: Instant, id: ListenerId) {
        if let Some(entry) = self.tcp.listeners.get_mut(id) {
            entry.timer = None;
        }
        while let Some(entry) = self.tcp.listeners.get_mut(id) {
            let mut cx = self.observers.context(now, None);
            let config = entry.config.as_ref().unwrap_or(&self.tcp_config);
            let Some((tuple, header)) = entry.listener.on_timeout(&mut cx, config) else { break };
            let wish = Wish { source: Some(tuple.local.ip()), interface: None };
            if let Ok(hop) = self.route(tuple.remote.ip(), wish) {
                self.answer(now, id, tuple, hop, header);
            }
        }
        self.arm_listener(id);
    }

    /// Arm the wheel for the nearest deadline of its half-open connections.
    pub(super) fn arm_listener(&mut self, id: ListenerId) {
        let Some(entry) = self.tcp.listeners.get_mut(id) else { return };
        let wanted = entry.listener.poll_timeout();
        if wanted == entry.timer.map(|(at, _)| at) {
            return;
        }
        if let Some((_, key)) = entry.timer.take() {
            self.wheel.cancel(key);
        }
        entry.timer = wanted.map(|at| (at, self.wheel.set(at, Timer::Listener(id))));
    }
}
