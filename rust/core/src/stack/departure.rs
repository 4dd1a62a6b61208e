//! What a host does about TCP when it is about to go.

use super::Stack;
use super::sockets::TcpId;
use crate::tcp::State;
use crate::time::Instant;

impl Stack {
    /// Connections that were closed here and still have data, or a FIN, which the peer has not acknowledged.
    pub fn tcp_unfinished(&self) -> Vec<TcpId> {
        let waits = |state| matches!(state, State::FinWait1 | State::Closing | State::LastAck);
        let all = self.tcp.connections.iter();
        all.filter(|(_, entry)| entry.released && waits(entry.connection.state())).map(|(id, _)| id).collect()
    }

    /// Reset those connections, so that their peers know the data to be cut short. A peer that has acknowledged
    /// everything is left alone: a reset could cost it what it has not read yet.
    pub fn tcp_abort_unfinished(&mut self, now: Instant) {
        for id in self.tcp_unfinished() {
            if let Some(entry) = self.tcp.connections.get_mut(id) {
                entry.connection.abort(&mut self.observers.context(now, None));
                self.settle(id, false);
            }
        }
    }
}
