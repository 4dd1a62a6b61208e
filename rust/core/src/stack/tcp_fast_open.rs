//! TCP Fast Open from outside (RFC 7413): the verb, and what the stack remembers of servers.

use super::Stack;
use super::sockets::TcpId;
use crate::error::Error;
use crate::observe::Counter;
use crate::tcp::{Settings, fast_open::CLIENT};
use crate::time::Instant;
use crate::wire::SocketAddress;

impl Stack {
    /// Begin to connect, with `data` in the SYN where the server's cookie is known and the knob allows it, else right
    /// behind the handshake; also how many bytes were taken. As Linux's MSG_FASTOPEN.
    pub fn tcp_connect_fast(
        &mut self,
        now: Instant,
        remote: SocketAddress,
        local: Option<SocketAddress>,
        settings: Option<Settings>,
        data: &[u8],
    ) -> Result<(TcpId, usize), Error> {
        let id = self.tcp_connect(now, remote, local, settings)?;
        let on = self.config.tcp.fast_open & CLIENT != 0;
        let known = if on { self.fast_open.recall(now, remote.ip()) } else { None };
        let taken = self.tcp.entry_mut(id)?.connection.open_with(data, known);
        Ok((id, taken))
    }

    /// Remember what a connection's handshake taught, if anything.
    pub(super) fn learn_fast_open(&mut self, now: Instant, id: TcpId) {
        let Some(entry) = self.tcp.connections.get_mut(id) else { return };
        let Some(lesson) = entry.connection.take_lesson() else { return };
        let server = entry.connection.tuple().remote.ip();
        if self.fast_open.learn(now, server, lesson, self.config.tcp.fast_open_blackhole) {
            self.observers.counters.count(Counter::TcpFastOpenBlackhole);
        }
    }
}
