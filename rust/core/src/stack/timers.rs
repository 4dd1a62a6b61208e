//! Time: what is armed, and what happens when it comes.

use super::Stack;
use super::sockets::{ListenerId, TcpId};
use crate::time::Instant;

/// What a timer of the wheel is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Timer {
    /// A connection's nearest deadline.
    Tcp(TcpId),
    /// The nearest deadline of a listener's half-open connections.
    Listener(ListenerId),
}

impl Stack {
    /// Let everything happen that is due at `now`. See [`Stack`] for what the caller does next.
    pub fn handle_timeout(&mut self, now: Instant) {
        while let Some(timer) = self.wheel.expire(now) {
            match timer {
                Timer::Tcp(id) => self.on_connection_timeout(now, id),
                Timer::Listener(id) => self.on_listener_timeout(now, id),
            }
        }
        if self.neighbors.poll_timeout().is_some_and(|at| at <= now) {
            self.neighbors.handle_timeout(&mut self.observers.context(now, None));
            self.apply_neighbor_actions(now);
        }
        if self.reassembler.poll_timeout(&self.config.ip).is_some_and(|at| at <= now) {
            self.expire_fragments(now);
        }
        if self.groups.poll_timeout().is_some_and(|at| at <= now) {
            self.expire_groups(now);
        }
    }

    fn on_connection_timeout(&mut self, now: Instant, id: TcpId) {
        let Some(entry) = self.tcp.connections.get_mut(id) else { return };
        entry.timer = None;
        entry.connection.on_timeout(&mut self.observers.context(now, None));
        self.learn_fast_open(now, id);
        self.settle(id, false);
    }

    /// When [`Stack::handle_timeout`] is due next, if ever.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let engines = [
            self.neighbors.poll_timeout(),
            self.reassembler.poll_timeout(&self.config.ip),
            self.groups.poll_timeout(),
        ];
        engines.into_iter().chain([self.wheel.next_deadline()]).flatten().min()
    }
}
