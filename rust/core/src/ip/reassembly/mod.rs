//! Putting fragments together again.
use super::Config;
use crate::buffer::{Packet, Pool};
use crate::observe::{Context, InterfaceId};
use crate::time::Instant;
use crate::wire::Ipv4Header;

/// What became of a fragment. Drops are counted already.
#[derive(Debug)]
pub enum Outcome {
    /// Kept.
    Pending,
    /// The last one missing: the datagram as one packet with one header, checksum right, view and network mark at its start.
    Complete(Packet),
    /// Dropped, and counted.
    Dropped,
}

/// A datagram that was not complete in time.
#[derive(Debug)]
pub struct Expired {
    /// Fragment 0 as it came, if it did: for ICMP 11/1.
    pub first: Option<Packet>,
    /// Where it came in.
    pub interface: InterfaceId,
}

/// Incomplete datagrams.
#[derive(Debug)]
pub struct Reassembler {}

#[allow(unused_variables, missing_docs)]
impl Reassembler {
    pub fn new() -> Self {
        todo!()
    }
    /// Take a fragment: `packet` views the whole IP packet (no padding), `header` is its parsed header. Count of IpReasm* is done here.
    pub fn insert(
        &mut self,
        cx: &mut Context<'_>,
        config: &Config,
        header: &Ipv4Header,
        packet: Packet,
        pool: &mut Pool,
    ) -> Outcome {
        todo!()
    }
    pub fn handle_timeout(&mut self, cx: &mut Context<'_>, config: &Config) -> Vec<Expired> {
        todo!()
    }
    pub fn poll_timeout(&self, config: &Config) -> Option<Instant> {
        todo!()
    }
    /// Memory held, in bytes.
    pub fn memory(&self) -> usize {
        todo!()
    }
    /// Incomplete datagrams.
    pub fn len(&self) -> usize {
        todo!()
    }
    pub fn is_empty(&self) -> bool {
        todo!()
    }
}
