//! What a host does about TCP when it is about to go.

use super::Stack;
use super::sockets::TcpId;
use crate::tcp::State;
use crate::time::Instant;

impl Stack {
    /// Connections that were closed here and still have data, or a FIN, which the peer has not acknowledged.
    pub fn tcp_unfinished(&self) -> Vec<TcpId> {
        self.tcp.connections.keys().filter(|id| self.tcp_is_unfinished(*id)).collect()
    }

    /// Whether that is so of one connection; not of one that is gone.
    pub fn tcp_is_unfinished(&self, id: TcpId) -> bool {
        let waits = |state| matches!(state, State::FinWait1 | State::Closing | State::LastAck);
        let entry = self.tcp.connections.get(id);
        entry.is_some_and(|entry| entry.released && waits(entry.connection.state()))
    }

    /// Reset those connections, so that their peers know the data to be cut short. A peer that has acknowledged
    /// everything is left alone: a reset could cost it what it has not read yet.
    pub fn tcp_abort_unfinished(&mut self, now: Instant) {
        for id in self.tcp_unfinished() {
            self.tcp_give_up(now, id);
        }
    }

    /// Reset one connection if it is unfinished.
    pub fn tcp_give_up(&mut self, now: Instant, id: TcpId) {
        if !self.tcp_is_unfinished(id) {
            return;
        }
        if let Some(entry) = self.tcp.connections.get_mut(id) {
            entry.connection.abort(&mut self.observers.context(now, None));
            self.settle(id, false);
        }
    }
}
