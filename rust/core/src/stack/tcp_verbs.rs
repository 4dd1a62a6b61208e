//! What an application does with TCP: connect, listen, accept, send, receive, shut down.

use super::Stack;
use super::egress::v4;
use super::route::{Wish, unspecified};
use super::sockets::{ListenerId, SocketId, TcpId, Watch};
use super::tcp_table::{Entry, ListenEntry};
use crate::buffer::Foreign;
use crate::error::Error;
use crate::observe::{Counter, Readiness};
use crate::tcp::{self, Connection, Info, Listener, Settings, Tuple};
use crate::time::Instant;
use crate::wire::{IpAddress, SocketAddress, is_broadcast};
use std::collections::VecDeque;
use std::sync::Arc;

impl Stack {
    /// Begin to connect. The connection is writable once it is established, and in error if it fails.
    pub fn tcp_connect(
        &mut self,
        now: Instant,
        remote: SocketAddress,
        local: Option<SocketAddress>,
        settings: Option<Settings>,
    ) -> Result<TcpId, Error> {
        let config = Arc::clone(&self.tcp_config);
        self.connect_with(now, remote, local, settings, &config)
    }

    /// Begin to connect, under the knobs of `config`.
    pub(super) fn connect_with(
        &mut self,
        now: Instant,
        remote: SocketAddress,
        local: Option<SocketAddress>,
        settings: Option<Settings>,
        config: &Arc<tcp::Config>,
    ) -> Result<TcpId, Error> {
        v4(remote.ip())?;
        //= rfc9293#3.9.2.3 MUST-46   nobody answers for a group, or for port 0
        if remote.port() == 0 || remote.ip().is_multicast() || is_broadcast(remote.ip()) {
            return Err(Error::InvalidArgument);
        }
        //= rfc9293#3.9.1.1 MUST-43   the caller may name the address ...
        let source = local.map(|local| local.ip()).filter(|address| !address.is_unspecified());
        if let Some(source) = source {
            self.interfaces.owner(source).ok_or(Error::AddressNotAvailable)?;
        }
        //= rfc9293#3.9.1.1 MUST-44 MUST-45   ... or IP does, and the tuple keeps it from here on
        let hop = self.route(remote.ip(), Wish { source, interface: None })?;
        if hop.broadcast || hop.source.is_unspecified() {
            return Err(Error::InvalidArgument);
        }
        let wanted = local.map_or(0, |local| local.port());
        let tuple = Tuple { local: self.choose_tcp_port(hop.source, wanted, remote)?, remote };
        let isn = tcp::initial_sequence(self.secrets.isn, now, &tuple);
        let mtu = self.path_mtu(now, remote.ip(), hop.mtu);
        let ttl = self.config.default_ttl;
        let settings = settings.unwrap_or_else(|| Settings { ttl, ..Settings::new(config) });
        let mut cx = self.observers.context(now, Some(hop.interface));
        let connection = Connection::connect(&mut cx, config, settings, tuple, isn, mtu);
        cx.count(Counter::TcpActiveOpens);
        let id = self.tcp.insert(connection, None, (self.generation, hop));
        self.settle(id, false);
        Ok(id)
    }

    /// The settings that a new connection starts with.
    pub fn tcp_settings(&self) -> Settings {
        Settings { ttl: self.config.default_ttl, ..Settings::new(&self.config.tcp) }
    }

    /// Take connections to `local`; port 0 takes an ephemeral one. At most `backlog` wait to be accepted.
    pub fn tcp_listen(&mut self, local: SocketAddress, backlog: usize) -> Result<ListenerId, Error> {
        v4(local.ip())?;
        if !local.ip().is_unspecified() {
            self.interfaces.owner(local.ip()).ok_or(Error::AddressNotAvailable)?;
        }
        let local = if local.port() == 0 {
            let (tcp, ports) = (&self.tcp, &mut self.ports);
            let free = |port| !tcp.listens_on(SocketAddress::new(local.ip(), port));
            let port = ports.choose(&self.config.local_ports, local.ip(), None, free);
            SocketAddress::new(local.ip(), port.ok_or(Error::AddressInUse)?)
        } else {
            local
        };
        //= rfc9293#3.9.1.1 MUST-41   refused, and nothing that is there notices
        if self.tcp.listens_on(local) {
            return Err(Error::AddressInUse);
        }
        let settings = self.tcp_settings();
        let backlog = backlog.clamp(1, self.config.somaxconn);
        let listener = Listener::new(backlog, settings, self.secrets);
        let (waiting, watch) = (VecDeque::new(), Watch::default());
        Ok(self.tcp.listen(ListenEntry { listener, local, config: None, waiting, timer: None, watch }))
    }

    /// Connections that wait at a listener to be accepted, and how many may.
    pub fn tcp_backlog(&self, id: ListenerId) -> Result<(usize, usize), Error> {
        let entry = self.tcp.listeners.get(id).ok_or(Error::BadHandle)?;
        Ok((entry.waiting.len(), entry.listener.backlog()))
    }

    /// Take the next established connection; `WouldBlock` while there is none.
    pub fn tcp_accept(&mut self, id: ListenerId) -> Result<TcpId, Error> {
        loop {
            let entry = self.tcp.listeners.get_mut(id).ok_or(Error::BadHandle)?;
            let Some(accepted) = entry.waiting.pop_front() else {
                self.events.note(&mut entry.watch, SocketId::Listener(id), Readiness::empty(), false);
                return Err(Error::WouldBlock);
            };
            entry.listener.on_accepted();
            let left = if entry.waiting.is_empty() { Readiness::empty() } else { Readiness::READABLE };
            self.events.note(&mut entry.watch, SocketId::Listener(id), left, false);
            if let Some(entry) = self.tcp.connections.get_mut(accepted) {
                entry.parent = None;
                self.observers.counters.count(Counter::TcpPassiveOpens);
                self.settle(accepted, true);
                return Ok(accepted);
            }
        }
    }

    /// Queue bytes to be sent; returns how many were taken, `WouldBlock` if none.
    pub fn tcp_send(&mut self, now: Instant, id: TcpId, data: &[u8]) -> Result<usize, Error> {
        self.with_connection(now, id, |entry, cx, pool| entry.connection.send(cx, data, &mut pool.chunks))
    }

    /// Queue bytes by reference, from `offset` on; returns how many were taken.
    pub fn tcp_send_foreign(
        &mut self,
        now: Instant,
        id: TcpId,
        data: Foreign,
        offset: usize,
    ) -> Result<usize, Error> {
        self.with_connection(now, id, |entry, cx, pool| {
            entry.connection.send_foreign(cx, data, offset, &mut pool.chunks)
        })
    }

    /// Queue urgent bytes (RFC 6093); returns how many were taken.
    pub fn tcp_send_urgent(&mut self, now: Instant, id: TcpId, data: &[u8]) -> Result<usize, Error> {
        self.with_connection(now, id, |entry, cx, pool| {
            entry.connection.send_urgent(cx, data, &mut pool.chunks)
        })
    }

    /// Read what arrived in order; 0 after the peer's FIN, `WouldBlock` while there is nothing.
    pub fn tcp_recv(&mut self, now: Instant, id: TcpId, out: &mut [u8]) -> Result<usize, Error> {
        self.with_connection(now, id, |entry, cx, pool| entry.connection.recv(cx, out, pool))
    }

    /// As [`Stack::tcp_recv`], but the bytes stay.
    pub fn tcp_peek(&mut self, id: TcpId, out: &mut [u8]) -> Result<usize, Error> {
        self.tcp.entry_mut(id)?.connection.peek(out)
    }

    /// Send no more, receive no more, or both.
    pub fn tcp_shutdown(&mut self, now: Instant, id: TcpId, read: bool, write: bool) -> Result<(), Error> {
        self.with_connection(now, id, |entry, cx, _| {
            if read {
                entry.connection.shutdown_read(cx);
            }
            if write { entry.connection.shutdown_write(cx) } else { Ok(()) }
        })
    }

    /// Cut the connection with a reset and let go of it.
    pub fn tcp_abort(&mut self, now: Instant, id: TcpId) -> Result<(), Error> {
        self.with_connection(now, id, |entry, cx, _| {
            entry.connection.abort(cx);
            entry.released = true;
            Ok(())
        })
    }

    /// Everything about a connection.
    pub fn tcp_info(&self, id: TcpId) -> Result<Info, Error> {
        self.tcp.connections.get(id).map(|entry| entry.connection.info()).ok_or(Error::BadHandle)
    }

    /// A connection's addresses.
    pub fn tcp_tuple(&self, id: TcpId) -> Result<Tuple, Error> {
        self.tcp.connections.get(id).map(|entry| entry.connection.tuple()).ok_or(Error::BadHandle)
    }

    /// The connection between two addresses.
    pub fn tcp_by_tuple(&self, tuple: &Tuple) -> Option<TcpId> {
        self.tcp.by_tuple(tuple)
    }

    /// All connections, those too that nobody holds any more (TIME-WAIT and the like).
    pub fn tcp_ids(&self) -> Vec<TcpId> {
        self.tcp.connections.keys().collect()
    }

    /// How many connections are half open.
    pub fn tcp_half_open_count(&self) -> usize {
        self.tcp.listeners.values().map(|entry| entry.listener.half_open()).sum()
    }

    /// The connections that are half open, with their listeners alone: no handle names them.
    pub fn tcp_half_open(&self) -> Vec<Info> {
        let listeners = self.tcp.listeners.values();
        listeners.flat_map(|entry| entry.listener.half_open_infos(entry.config(&self.tcp_config))).collect()
    }

    /// Let go of a connection: what was sent is still delivered, unread data means a reset (RFC 9293 SHLD-3).
    pub(super) fn tcp_close(&mut self, now: Instant, id: TcpId) -> Result<(), Error> {
        self.with_connection(now, id, |entry, cx, _| {
            entry.connection.close(cx);
            entry.released = true;
            Ok(())
        })
    }

    /// Stop listening; connections that nobody accepted are reset.
    pub(super) fn listener_close(&mut self, now: Instant, id: ListenerId) -> Result<(), Error> {
        let entry = self.tcp.unlisten(id).ok_or(Error::BadHandle)?;
        if let Some((_, key)) = entry.timer {
            self.wheel.cancel(key);
        }
        let orphans: Vec<TcpId> = self
            .tcp
            .connections
            .iter()
            .filter(|(_, entry)| entry.parent == Some(id))
            .map(|(id, _)| id)
            .collect();
        for orphan in orphans {
            if let Some(entry) = self.tcp.connections.get_mut(orphan) {
                entry.parent = None;
            }
            self.tcp_abort(now, orphan)?;
        }
        Ok(())
    }

    fn with_connection<T>(
        &mut self,
        now: Instant,
        id: TcpId,
        verb: impl FnOnce(
            &mut Entry,
            &mut crate::observe::Context<'_>,
            &mut crate::buffer::Pool,
        ) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let entry = self.tcp.entry_mut(id)?;
        let mut cx = self.observers.context(now, None);
        let result = verb(entry, &mut cx, &mut self.pool);
        self.settle(id, false);
        result
    }

    fn choose_tcp_port(
        &mut self,
        local: IpAddress,
        wanted: u16,
        remote: SocketAddress,
    ) -> Result<SocketAddress, Error> {
        let tcp = &self.tcp;
        let free = |port| {
            let address = SocketAddress::new(local, port);
            let any = SocketAddress::new(unspecified(local), port);
            let tuple = Tuple { local: address, remote };
            tcp.by_tuple(&tuple).is_none() && !tcp.listens_on(address) && !tcp.listens_on(any)
        };
        if wanted != 0 {
            // A tuple whose other half sleeps in TIME-WAIT may be taken over (RFC 6191 says how on the passive side).
            let tuple = Tuple { local: SocketAddress::new(local, wanted), remote };
            return if tcp.by_tuple(&tuple).is_some() { Err(Error::AddressInUse) } else { Ok(tuple.local) };
        }
        let port = self.ports.choose(&self.config.local_ports, local, Some(remote), free);
        Ok(SocketAddress::new(local, port.ok_or(Error::AddressInUse)?))
    }
}
