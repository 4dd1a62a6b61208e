//! The identification field (RFC 6864, RFC 7739).
use crate::rng::Rng;
use crate::wire::{IpAddress, Protocol};

/// Gives identifiers that nobody outside can predict.
#[derive(Debug)]
pub struct Identifiers {}

#[allow(unused_variables, missing_docs)]
impl Identifiers {
    pub fn new(rng: &mut Rng) -> Self {
        todo!()
    }
    /// The next identifier for packets that may be fragmented. Packets with DF that are no fragments carry 0 (RFC 6864 4.1).
    pub fn next(&mut self, source: IpAddress, destination: IpAddress, protocol: Protocol) -> u16 {
        todo!()
    }
}
