//! Raw IP sockets: the verbs.

use super::Stack;
use super::datagram_table::RawEntry;
use super::egress::{IpOut, v4};
use super::route::{Hop, Wish};
use super::sockets::{RawId, SocketId, Watch};
use crate::buffer::{Meta, QueuedError};
use crate::error::Error;
use crate::observe::Readiness;
use crate::raw::Socket;
use crate::time::Instant;
use crate::wire::{IpAddress, Ipv4Header, Ipv4Options, Protocol, SocketAddress};

impl Stack {
    /// Make a raw socket for an IP protocol, which is never 0.
    pub fn raw_open(&mut self, protocol: u8) -> Result<RawId, Error> {
        let socket = Socket::new(Protocol(protocol), self.config.datagram)?;
        Ok(self.raw.insert(RawEntry { socket, watch: Watch::default() }))
    }

    /// The IP protocol of a raw socket.
    pub fn raw_protocol(&self, id: RawId) -> Result<u8, Error> {
        Ok(self.raw.get(id).ok_or(Error::BadHandle)?.socket.protocol.0)
    }

    /// Take only packets to `local`, and send from it.
    pub fn raw_bind(&mut self, id: RawId, local: IpAddress) -> Result<(), Error> {
        v4(local)?;
        self.check_bindable(local)?;
        let entry = self.raw.get_mut(id).ok_or(Error::BadHandle)?;
        entry.socket.local = Some(local).filter(|local| !local.is_unspecified());
        Ok(())
    }

    /// Take only packets from `remote`, and send to it. `None` undoes that.
    pub fn raw_connect(&mut self, id: RawId, remote: Option<IpAddress>) -> Result<(), Error> {
        if let Some(remote) = remote {
            v4(remote)?;
            self.route(remote, Wish::default())?;
        }
        self.raw.get_mut(id).ok_or(Error::BadHandle)?.socket.remote = remote;
        Ok(())
    }

    /// Send a packet: its payload, or from its IP header on with `HeaderIncluded`. Returns its length.
    pub fn raw_send(
        &mut self,
        now: Instant,
        id: RawId,
        data: &[u8],
        to: Option<IpAddress>,
    ) -> Result<usize, Error> {
        let entry = self.raw.get_mut(id).ok_or(Error::BadHandle)?;
        if let Some(error) = entry.socket.take_error() {
            self.settle_raw(id, false);
            return Err(error);
        }
        let (settings, local) = (entry.socket.settings, entry.socket.local);
        let destination = to.or(entry.socket.remote).ok_or(Error::DestinationRequired)?;
        let protocol = entry.socket.protocol;
        let wish = Wish { source: local, interface: settings.multicast_interface };
        let hop = self.route(destination, wish)?;
        if hop.broadcast && !settings.broadcast {
            return Err(Error::PermissionDenied);
        }
        let ttl = if destination.is_multicast() { settings.multicast_ttl } else { settings.ttl };
        let mut out = IpOut {
            source: v4(hop.source)?,
            destination: v4(destination)?,
            protocol,
            ttl,
            tos: settings.tos,
            dont_fragment: false,
            options: Ipv4Options::NONE,
        };
        let payload = if settings.header_included { use_header(&mut out, data)? } else { data };
        if !settings.header_included {
            let total = data.len() + Ipv4Header::MIN_LEN;
            out.dont_fragment = match self.wants_df(now, settings.mtu_discover, destination, &hop, total) {
                Ok(dont_fragment) => dont_fragment,
                Err(error) => return Err(self.raw_too_long(now, id, destination, &hop, error)),
            };
        }
        let mut packet = self.blank(payload.len())?;
        packet.append(payload);
        self.send_ip_via(now, out, hop, packet)?;
        Ok(data.len())
    }

    /// Note in the error queue, where the application reads it, how long a packet may be (ip(7) IP_RECVERR).
    fn raw_too_long(&mut self, now: Instant, id: RawId, to: IpAddress, hop: &Hop, error: Error) -> Error {
        let mtu = self.path_mtu(now, to, hop.mtu);
        if let Some(entry) = self.raw.get_mut(id).filter(|entry| entry.socket.settings.receive_errors) {
            entry.socket.on_local_error(QueuedError::local(now, error, SocketAddress::new(to, 0), mtu));
            self.settle_raw(id, false);
        }
        error
    }

    /// Take a packet, from its IP header on: as many bytes as fit `out`, and all about it.
    pub fn raw_recv(&mut self, id: RawId, out: &mut [u8]) -> Result<(usize, Meta), Error> {
        let entry = self.raw.get_mut(id).ok_or(Error::BadHandle)?;
        let received = entry.socket.recv(out, &mut self.pool);
        self.settle_raw(id, false);
        received
    }

    /// The oldest entry of the socket's error queue (IP_RECVERR).
    pub fn raw_queued_error(&mut self, id: RawId) -> Result<Option<QueuedError>, Error> {
        let taken = self.raw.get_mut(id).ok_or(Error::BadHandle)?.socket.take_queued_error();
        self.settle_raw(id, false);
        Ok(taken)
    }

    pub(super) fn settle_raw(&mut self, id: RawId, fresh: bool) {
        if let Some(entry) = self.raw.get_mut(id) {
            let readiness = entry.socket.readiness();
            let fresh = fresh && readiness.contains(Readiness::READABLE);
            self.events.note(&mut entry.watch, SocketId::Raw(id), readiness, fresh);
        }
    }
}

/// Take what the application wrote into its own header; length, checksum and an empty source are ours (raw(7)).
fn use_header<'a>(out: &mut IpOut, data: &'a [u8]) -> Result<&'a [u8], Error> {
    let header = Ipv4Header::parse_quoted(data).map_err(|_| Error::InvalidArgument)?;
    out.protocol = header.protocol;
    out.ttl = header.ttl;
    out.tos = header.tos;
    out.dont_fragment = header.dont_fragment;
    out.options = header.options;
    if !header.source.is_unspecified() {
        out.source = header.source;
    }
    Ok(&data[header.len()..])
}
