//! The only room that knows all rooms: ingress, egress, interfaces, sockets, timers, events.

mod interface;
mod options;
mod sockets;
mod transmit;

pub use interface::{Interface, InterfaceConfig, Medium};
pub use options::SocketOption;
pub use sockets::{Event, ListenerId, RawId, SocketId, TcpId, UdpId};
pub use transmit::Transmit;

use crate::buffer::{Foreign, Packet, Pool};
use crate::drops::DropReason;
use crate::error::Error;
use crate::observe::{Counters, InterfaceId, Readiness, Trace};
use crate::time::Instant;
use crate::wire::{IpAddress, MacAddress, Prefix, SocketAddress};
use std::net::Ipv4Addr;

/// All that can be set.
#[derive(Debug, Clone, Default)]
pub struct Config {}

/// A host.
pub struct Stack {}

/// Why a knob was not set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KnobError {
    /// No knob of that name.
    Unknown,
    /// Out of range: the least and the most that is allowed.
    Range(i64, i64),
}

/// An answer to an ARP request that was asked for by name.
#[derive(Debug, Clone, Copy)]
pub struct ArpReply {
    /// Where it came in.
    pub interface: InterfaceId,
    /// Whose it is.
    pub address: IpAddress,
    /// Its hardware address.
    pub mac: MacAddress,
    /// When.
    pub at: Instant,
}

#[allow(unused_variables, missing_docs)]
impl Stack {
    pub fn new(config: Config, seed: u128, now: Instant) -> Self {
        todo!()
    }
    pub fn pool(&mut self) -> &mut Pool {
        todo!()
    }
    pub fn handle_frame(&mut self, now: Instant, interface: InterfaceId, frame: Packet) {
        todo!()
    }
    pub fn handle_timeout(&mut self, now: Instant) {
        todo!()
    }
    pub fn poll_transmit(&mut self, now: Instant) -> Option<Transmit<'_>> {
        todo!()
    }
    pub fn poll_event(&mut self) -> Option<Event> {
        todo!()
    }
    pub fn poll_timeout(&self) -> Option<Instant> {
        todo!()
    }
    pub fn add_interface(&mut self, config: InterfaceConfig) -> Result<InterfaceId, Error> {
        todo!()
    }
    pub fn remove_interface(&mut self, now: Instant, id: InterfaceId) -> Result<(), Error> {
        todo!()
    }
    pub fn set_up(&mut self, now: Instant, id: InterfaceId, up: bool) -> Result<(), Error> {
        todo!()
    }
    pub fn set_mtu(&mut self, now: Instant, id: InterfaceId, mtu: usize) -> Result<(), Error> {
        todo!()
    }
    pub fn set_mac(&mut self, now: Instant, id: InterfaceId, mac: MacAddress) -> Result<(), Error> {
        todo!()
    }
    pub fn interfaces(&self) -> std::slice::Iter<'_, Interface> {
        todo!()
    }
    pub fn interface(&self, id: InterfaceId) -> Option<&Interface> {
        todo!()
    }
    pub fn interface_by_name(&self, name: &str) -> Option<&Interface> {
        todo!()
    }
    pub fn add_address(&mut self, now: Instant, id: InterfaceId, address: Prefix) -> Result<(), Error> {
        todo!()
    }
    pub fn remove_address(&mut self, now: Instant, id: InterfaceId, address: IpAddress) -> Result<(), Error> {
        todo!()
    }
    pub fn arp_request(
        &mut self,
        now: Instant,
        id: InterfaceId,
        sender: Option<Ipv4Addr>,
        target: Ipv4Addr,
    ) -> Result<(), Error> {
        todo!()
    }
    pub fn poll_arp_reply(&mut self) -> Option<ArpReply> {
        todo!()
    }
    pub fn add_neighbor(
        &mut self,
        now: Instant,
        id: InterfaceId,
        address: IpAddress,
        mac: MacAddress,
    ) -> Result<(), Error> {
        todo!()
    }
    pub fn remove_neighbor(
        &mut self,
        now: Instant,
        id: InterfaceId,
        address: IpAddress,
    ) -> Result<(), Error> {
        todo!()
    }
    pub fn flush_neighbors(&mut self, now: Instant, id: Option<InterfaceId>) {
        todo!()
    }
    pub fn tcp_connect(
        &mut self,
        now: Instant,
        remote: SocketAddress,
        local: Option<SocketAddress>,
    ) -> Result<TcpId, Error> {
        todo!()
    }
    pub fn tcp_listen(
        &mut self,
        now: Instant,
        local: SocketAddress,
        backlog: usize,
    ) -> Result<ListenerId, Error> {
        todo!()
    }
    pub fn tcp_accept(&mut self, now: Instant, id: ListenerId) -> Result<TcpId, Error> {
        todo!()
    }
    pub fn tcp_send(&mut self, now: Instant, id: TcpId, data: &[u8]) -> Result<usize, Error> {
        todo!()
    }
    pub fn tcp_send_foreign(
        &mut self,
        now: Instant,
        id: TcpId,
        data: Foreign,
        offset: usize,
    ) -> Result<usize, Error> {
        todo!()
    }
    pub fn tcp_recv(&mut self, now: Instant, id: TcpId, out: &mut [u8]) -> Result<usize, Error> {
        todo!()
    }
    pub fn tcp_peek(&mut self, id: TcpId, out: &mut [u8]) -> Result<usize, Error> {
        todo!()
    }
    pub fn tcp_shutdown(&mut self, now: Instant, id: TcpId, read: bool, write: bool) -> Result<(), Error> {
        todo!()
    }
    pub fn tcp_abort(&mut self, now: Instant, id: TcpId) -> Result<(), Error> {
        todo!()
    }
    pub fn tcp_ids(&self) -> Vec<TcpId> {
        todo!()
    }
    pub fn udp_open(&mut self) -> UdpId {
        todo!()
    }
    pub fn udp_bind(&mut self, id: UdpId, local: SocketAddress) -> Result<(), Error> {
        todo!()
    }
    pub fn udp_connect(&mut self, id: UdpId, remote: Option<SocketAddress>) -> Result<(), Error> {
        todo!()
    }
    pub fn udp_send(
        &mut self,
        now: Instant,
        id: UdpId,
        data: &[u8],
        to: Option<SocketAddress>,
    ) -> Result<usize, Error> {
        todo!()
    }
    pub fn join_group(
        &mut self,
        now: Instant,
        id: SocketId,
        group: IpAddress,
        interface: Option<InterfaceId>,
    ) -> Result<(), Error> {
        todo!()
    }
    pub fn leave_group(
        &mut self,
        now: Instant,
        id: SocketId,
        group: IpAddress,
        interface: Option<InterfaceId>,
    ) -> Result<(), Error> {
        todo!()
    }
    pub fn raw_open(&mut self, protocol: u8) -> Result<RawId, Error> {
        todo!()
    }
    pub fn raw_bind(&mut self, id: RawId, local: IpAddress) -> Result<(), Error> {
        todo!()
    }
    pub fn raw_connect(&mut self, id: RawId, remote: Option<IpAddress>) -> Result<(), Error> {
        todo!()
    }
    pub fn raw_send(
        &mut self,
        now: Instant,
        id: RawId,
        data: &[u8],
        to: Option<IpAddress>,
    ) -> Result<usize, Error> {
        todo!()
    }
    pub fn close(&mut self, now: Instant, id: SocketId) -> Result<(), Error> {
        todo!()
    }
    pub fn readiness(&self, id: SocketId) -> Result<Readiness, Error> {
        todo!()
    }
    pub fn take_error(&mut self, id: SocketId) -> Option<Error> {
        todo!()
    }
    pub fn local_address(&self, id: SocketId) -> Result<Option<SocketAddress>, Error> {
        todo!()
    }
    pub fn remote_address(&self, id: SocketId) -> Result<Option<SocketAddress>, Error> {
        todo!()
    }
    pub fn set_option(
        &mut self,
        now: Instant,
        id: SocketId,
        option: SocketOption,
        value: i64,
    ) -> Result<(), Error> {
        todo!()
    }
    pub fn option(&self, id: SocketId, option: SocketOption) -> Result<i64, Error> {
        todo!()
    }
    pub fn set_knob(&mut self, now: Instant, name: &str, value: i64) -> Result<(), KnobError> {
        todo!()
    }
    pub fn knob(&self, name: &str) -> Option<i64> {
        todo!()
    }
    pub fn knobs(&self) -> Vec<(&'static str, i64)> {
        todo!()
    }
    /// Count, and trace, a frame that a device, queue or decorator outside the core lost.
    pub fn drop_frame(&mut self, now: Instant, interface: InterfaceId, reason: DropReason) {
        todo!()
    }
    pub fn counters(&self) -> &Counters {
        todo!()
    }
    pub fn trace(&self) -> &Trace {
        todo!()
    }
    pub fn trace_mut(&mut self) -> &mut Trace {
        todo!()
    }
}
