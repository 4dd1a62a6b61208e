//! Cutting a packet into fragments.
use crate::wire::Ipv4Header;
use std::ops::Range;

/// The pieces of one packet: each header, and which bytes of the payload follow it.
#[derive(Debug, Clone)]
pub struct Fragments {}

impl Iterator for Fragments {
    type Item = (Ipv4Header, Range<usize>);
    fn next(&mut self) -> Option<Self::Item> {
        todo!()
    }
}

/// Cut a packet of `header` and `payload_length` bytes into pieces of at most `mtu` bytes, header included; `None` when
/// `mtu` has no room for eight bytes of payload. The packet may be a fragment itself. One that fits is one piece.
#[allow(unused_variables)]
pub fn fragments(header: &Ipv4Header, payload_length: usize, mtu: usize) -> Option<Fragments> {
    todo!()
}
