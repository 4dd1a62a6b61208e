//! What UDP and raw sockets share: the receive queue, the error queue, and the per-socket settings.
use super::{Packet, Pool};
use crate::error::Error;
use crate::observe::InterfaceId;
use crate::time::Instant;
use crate::wire::{IpAddress, SocketAddress};

/// A datagram that came in, with all that an application may want to know of it.
#[derive(Debug)]
pub struct Datagram {
    /// Who sent it; port 0 where the protocol has none.
    pub source: SocketAddress,
    /// Which address it was sent to.
    pub destination: IpAddress,
    /// Where it came in.
    pub interface: InterfaceId,
    /// Its time to live on arrival.
    pub ttl: u8,
    /// Its type of service.
    pub tos: u8,
    /// The payload in view (raw: from the IP header on).
    pub packet: Packet,
}

/// All of a datagram but its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meta {
    /// Who sent it.
    pub source: SocketAddress,
    /// Which address it was sent to.
    pub destination: IpAddress,
    /// Where it came in.
    pub interface: InterfaceId,
    /// Its time to live on arrival.
    pub ttl: u8,
    /// Its type of service.
    pub tos: u8,
    /// Its whole length, also when the caller's buffer was shorter.
    pub length: usize,
}

/// An entry of the error queue (as IP_RECVERR gives).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueuedError {
    /// What happened.
    pub error: Error,
    /// Who says so: a router, the destination, or `None` for this stack itself.
    pub origin: Option<IpAddress>,
    /// Where our datagram was going.
    pub destination: SocketAddress,
    /// ICMP type and code; zeros when the stack itself says so.
    pub icmp: (u8, u8),
    /// The MTU, for `MessageTooLong`; else 0.
    pub mtu: u16,
    /// When.
    pub time: Instant,
}

/// Whether datagrams leave with DF (IP_MTU_DISCOVER).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MtuDiscover {
    /// Never DF; fragment as needed.
    Dont,
    /// DF while a datagram fits the known path; larger ones are fragmented without it.
    #[default]
    Want,
    /// Always DF; larger ones are refused with `MessageTooLong`.
    Do,
    /// Always DF, whatever the path MTU cache says.
    Probe,
}

/// Settings of a UDP or raw socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DatagramSettings {
    /// TTL of unicast datagrams.
    pub ttl: u8,
    /// Type of service.
    pub tos: u8,
    /// May send to broadcast addresses.
    pub broadcast: bool,
    /// TTL of multicast datagrams.
    pub multicast_ttl: u8,
    /// Our own multicast datagrams also come back to members here.
    pub multicast_loop: bool,
    /// Where multicast leaves when no route says so.
    pub multicast_interface: Option<InterfaceId>,
    /// DF or not.
    pub mtu_discover: MtuDiscover,
    /// Bytes that may wait to be received.
    pub receive_buffer: usize,
    /// The application reads the error queue (IP_RECVERR): also an unconnected socket then fails with what arrives.
    pub receive_errors: bool,
    /// Other sockets may have the same local address.
    pub reuse_address: bool,
    /// Raw only: the application writes the IP header itself (IP_HDRINCL).
    pub header_included: bool,
}

impl Default for DatagramSettings {
    fn default() -> Self {
        Self {
            ttl: 64,
            tos: 0,
            broadcast: false,
            multicast_ttl: 1,
            multicast_loop: true,
            multicast_interface: None,
            mtu_discover: MtuDiscover::Want,
            // Linux's rmem_default.
            receive_buffer: 212_992,
            receive_errors: false,
            reuse_address: false,
            header_included: false,
        }
    }
}

/// The bounded receive queue of a datagram socket.
#[derive(Debug, Default)]
pub struct DatagramQueue {}

#[allow(unused_variables, missing_docs)]
impl DatagramQueue {
    pub fn new() -> Self {
        todo!()
    }
    /// Queue a datagram, compacted where that saves memory; false when over `limit` bytes: dropped, and counted in `drops`.
    pub fn push(&mut self, datagram: Datagram, limit: usize, pool: &mut Pool) -> bool {
        todo!()
    }
    /// Copy the oldest datagram out and give its buffer back; what does not fit `out` is lost.
    pub fn pop(&mut self, out: &mut [u8], pool: &mut Pool) -> Option<(usize, Meta)> {
        todo!()
    }
    /// The oldest datagram itself.
    pub fn take(&mut self) -> Option<Datagram> {
        todo!()
    }
    /// As `pop`, but the datagram stays.
    pub fn peek(&self, out: &mut [u8]) -> Option<(usize, Meta)> {
        todo!()
    }
    pub fn len(&self) -> usize {
        todo!()
    }
    pub fn is_empty(&self) -> bool {
        todo!()
    }
    /// Memory held.
    pub fn bytes(&self) -> usize {
        todo!()
    }
    /// Datagrams dropped because the queue was full.
    pub fn drops(&self) -> u64 {
        todo!()
    }
}
