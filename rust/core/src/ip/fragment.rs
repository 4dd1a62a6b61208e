//! Cutting a packet into fragments (RFC 791 3.2).

use crate::wire::{Ipv4Header, Ipv4Options};
use std::ops::Range;

/// The pieces of one packet: each header, and which bytes of the payload follow it.
#[derive(Debug, Clone)]
pub struct Fragments {
    header: Ipv4Header,
    payload_length: usize,
    mtu: usize,
    done: usize,
    /// Nothing was given yet; the first piece alone has all the options.
    first: bool,
}

impl Iterator for Fragments {
    type Item = (Ipv4Header, Range<usize>);

    fn next(&mut self) -> Option<Self::Item> {
        let left = self.payload_length - self.done;
        if left == 0 && !self.first {
            return None;
        }
        let mut header = self.header;
        if !self.first {
            //= rfc791#3.1   only options with the copied bit go with every fragment
            header.options = copied(&self.header.options);
        }
        let room = self.mtu - header.len();
        let last = left <= room;
        let length = if last { left } else { room & !7 };
        header.fragment_offset = self.header.fragment_offset + self.done as u16;
        header.more_fragments = !last || self.header.more_fragments;
        header.total_length = (header.len() + length) as u16;
        let range = self.done..self.done + length;
        self.done += length;
        self.first = false;
        Some((header, range))
    }
}

/// Cut a packet of `header` and `payload_length` bytes into pieces of at most `mtu` bytes, header included.
///
/// `None` when `mtu` has no room for the header and eight bytes of payload, or the packet is longer than a packet
/// can be. The packet may be a fragment itself; one that fits is one piece. DF is the caller's to look at.
pub fn fragments(header: &Ipv4Header, payload_length: usize, mtu: usize) -> Option<Fragments> {
    let end = usize::from(header.fragment_offset) + payload_length;
    if mtu < header.len() + 8 || header.len() + end > 65_535 {
        return None;
    }
    // A packet without payload is one piece; a piece that is not the last holds whole eights.
    Some(Fragments { header: *header, payload_length, mtu, done: 0, first: true })
}

fn copied(options: &Ipv4Options) -> Ipv4Options {
    if options.as_bytes().is_empty() { *options } else { options.copied() }
}

#[cfg(test)]
mod tests;
