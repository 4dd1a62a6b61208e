//! The path MTU cache (RFC 1191).
use super::Config;
use crate::rng::Rng;
use crate::time::Instant;
use crate::wire::IpAddress;

/// What is known about a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Path {
    /// The largest packet it carries.
    pub mtu: u16,
    /// The true MTU is smaller than the floor: send without DF.
    pub locked: bool,
}

/// Learned path MTUs.
#[derive(Debug)]
pub struct PathMtu {}

#[allow(unused_variables, missing_docs)]
impl PathMtu {
    pub fn new(rng: &mut Rng) -> Self {
        todo!()
    }
    /// What is known about the path to `destination`; `None`: the interface's MTU holds.
    pub fn lookup(&mut self, now: Instant, destination: IpAddress) -> Option<Path> {
        todo!()
    }
    /// A plausible ICMP 3/4 came: `claimed` its MTU field, `packet_length` the quoted total length. What holds now, if it changed.
    pub fn on_too_big(
        &mut self,
        now: Instant,
        config: &Config,
        destination: IpAddress,
        claimed: u16,
        packet_length: u16,
    ) -> Option<Path> {
        todo!()
    }
    pub fn len(&self) -> usize {
        todo!()
    }
    pub fn is_empty(&self) -> bool {
        todo!()
    }
    pub fn clear(&mut self) {
        todo!()
    }
}
