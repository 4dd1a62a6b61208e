//! Raw IP sockets.
use crate::buffer::{Datagram, DatagramSettings, Meta, Pool, QueuedError};
use crate::error::Error;
use crate::observe::{Context, InterfaceId, Readiness};
use crate::wire::{IpAddress, Protocol};

/// A raw IP socket: a copy of every packet of its protocol.
#[derive(Debug)]
pub struct Socket {
    /// Its protocol; never 0.
    pub protocol: Protocol,
    /// Only packets to this address.
    pub local: Option<IpAddress>,
    /// Only packets from this address.
    pub remote: Option<IpAddress>,
    /// Its settings.
    pub settings: DatagramSettings,
}

#[allow(unused_variables, missing_docs)]
impl Socket {
    pub fn new(protocol: Protocol, settings: DatagramSettings) -> Result<Self, Error> {
        todo!()
    }
    /// Whether a packet is for this socket.
    pub fn accepts(&self, protocol: Protocol, source: IpAddress, destination: IpAddress) -> bool {
        todo!()
    }
    /// Queue a packet (from its IP header on).
    pub fn on_packet(&mut self, cx: &mut Context<'_>, datagram: Datagram, pool: &mut Pool) {
        todo!()
    }
    pub fn recv(&mut self, out: &mut [u8], pool: &mut Pool) -> Result<(usize, Meta), Error> {
        todo!()
    }
    pub fn peek(&self, out: &mut [u8]) -> Result<(usize, Meta), Error> {
        todo!()
    }
    pub fn on_error(&mut self, error: QueuedError) {
        todo!()
    }
    pub fn take_error(&mut self) -> Option<Error> {
        todo!()
    }
    pub fn take_queued_error(&mut self) -> Option<QueuedError> {
        todo!()
    }
    pub fn readiness(&self) -> Readiness {
        todo!()
    }
    pub fn queued(&self) -> (usize, usize) {
        todo!()
    }
    pub fn drops(&self) -> u64 {
        todo!()
    }
    pub fn memberships(&self) -> &[(IpAddress, InterfaceId)] {
        todo!()
    }
    pub fn add_membership(&mut self, group: IpAddress, interface: InterfaceId) -> Result<(), Error> {
        todo!()
    }
    pub fn remove_membership(&mut self, group: IpAddress, interface: InterfaceId) -> Result<(), Error> {
        todo!()
    }
}
