//! Multicast membership of one interface, host side (RFC 2236, RFC 3376).
use crate::error::Error;
use crate::observe::Context;
use crate::time::Instant;
use crate::wire::{IgmpMessage, Ipv4Header};
use std::net::Ipv4Addr;

/// Knobs of this room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Times that a change is reported (net.ipv4.igmp_qrv).
    pub robustness: u8,
    /// Groups of one interface.
    pub max_groups: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self { robustness: 2, max_groups: 256 }
    }
}

/// The groups of one interface.
#[derive(Debug)]
pub struct Membership {}

#[allow(unused_variables, missing_docs, clippy::new_without_default)]
impl Membership {
    pub fn new() -> Self {
        todo!()
    }
    /// Join a group once more: memberships are counted. InvalidArgument if not multicast, NoBuffers when full.
    pub fn join(&mut self, cx: &mut Context<'_>, config: &Config, group: Ipv4Addr) -> Result<(), Error> {
        todo!()
    }
    /// Give one membership up; AddressNotAvailable if there is none.
    pub fn leave(&mut self, cx: &mut Context<'_>, config: &Config, group: Ipv4Addr) -> Result<(), Error> {
        todo!()
    }
    pub fn on_message(
        &mut self,
        cx: &mut Context<'_>,
        config: &Config,
        header: &Ipv4Header,
        message: &IgmpMessage,
    ) {
        todo!()
    }
    pub fn handle_timeout(&mut self, cx: &mut Context<'_>, config: &Config) {
        todo!()
    }
    pub fn poll_timeout(&self) -> Option<Instant> {
        todo!()
    }
    /// The next message to send and where to: TTL 1, option router alert (`Ipv4Options::ROUTER_ALERT`), TOS 0xc0.
    pub fn poll_message(&mut self) -> Option<(Ipv4Addr, IgmpMessage)> {
        todo!()
    }
    /// Whether packets to `group` are taken; 224.0.0.1 always.
    pub fn is_member(&self, group: Ipv4Addr) -> bool {
        todo!()
    }
    /// Groups joined and how often, sorted; 224.0.0.1 is not listed.
    pub fn groups(&self) -> impl Iterator<Item = (Ipv4Addr, usize)> {
        let v: Vec<(Ipv4Addr, usize)> = todo!();
        v.into_iter()
    }
    /// The link came up again: report every group anew.
    pub fn restart(&mut self, cx: &mut Context<'_>, config: &Config) {
        todo!()
    }
}
