//! Echo.
use super::Config;
use crate::drops::DropReason;
use crate::wire::Ipv4Header;

/// An echo request as it came: whether it may be answered depends on how it was addressed.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Its IP header.
    pub header: &'a Ipv4Header,
    /// It was sent to a broadcast or multicast address, of the link or of IP.
    pub group: bool,
}

/// Turn the ICMP message of an echo request into its reply, in place, and give the header of the reply (TTL and id still
/// to be set by the stack; total length is right).
#[allow(unused_variables)]
pub fn answer(config: &Config, request: Request<'_>, message: &mut [u8]) -> Result<Ipv4Header, DropReason> {
    todo!()
}
