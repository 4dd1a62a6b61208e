//! Cutting a unit of several TCP segments into frames, where the device does not (segmentation offload in software).
//!
//! Each frame is what a sender without offload would have sent: its own sequence number, identification and checksums,
//! FIN and PSH with the last, CWR with the first. The unit is read where it lies, in slices.

use crate::wire::{Protocol, TcpFlags, be16, be32, checksum, checksum::Sum, put16, put32};
use std::net::Ipv4Addr;

/// The frames of a unit, one after the other.
#[derive(Debug, Clone)]
pub struct Segments<'a> {
    headers: &'a [u8],
    /// Where in `headers` IP and TCP begin.
    network: usize,
    transport: usize,
    /// Payload in hand, and behind it.
    current: &'a [u8],
    rest: &'a [&'a [u8]],
    left: usize,
    size: usize,
    done: usize,
    index: u16,
}

impl<'a> Segments<'a> {
    /// Cut the frame that begins with `front`, all of its headers at least, and goes on with `rest`, to segments of
    /// `size` bytes of payload. Its IP header begins at `network`. `None` when it is no whole TCP packet over IPv4, or
    /// a fragment, or `size` is 0: nothing that anyone cuts.
    pub fn new(front: &'a [u8], rest: &'a [&'a [u8]], network: usize, size: u16) -> Option<Self> {
        let ip = front.get(network..)?.first_chunk::<20>()?;
        let transport = network + usize::from(ip[0] & 0x0f) * 4;
        let fragment = be16(ip, 6) & 0x3fff != 0;
        if ip[0] >> 4 != 4 || transport < network + 20 || ip[9] != Protocol::TCP.0 || fragment || size == 0 {
            return None;
        }
        let tcp = front.get(transport..)?.first_chunk::<20>()?;
        let length = usize::from(tcp[12] >> 4) * 4;
        if length < 20 {
            return None;
        }
        let (headers, current) = front.split_at_checked(transport + length)?;
        let left = current.len() + rest.iter().map(|slice| slice.len()).sum::<usize>();
        let size = usize::from(size);
        Some(Self { headers, network, transport, current, rest, left, size, done: 0, index: 0 })
    }

    /// Length of the next frame; `None` after the last.
    pub fn next_len(&self) -> Option<usize> {
        (self.left > 0 || self.index == 0).then(|| self.headers.len() + self.left.min(self.size))
    }

    /// Write the next frame, whose length [`Segments::next_len`] told, to `frame`.
    pub fn emit(&mut self, frame: &mut [u8]) {
        let length = frame.len() - self.headers.len();
        let last = length == self.left;
        frame[..self.headers.len()].copy_from_slice(self.headers);
        self.gather(&mut frame[self.headers.len()..]);
        let packet = &mut frame[self.network..];
        let total = packet.len();
        put16(packet, 2, total as u16);
        //= rfc6864#4.1   without meaning where DF is set; elsewhere each datagram has one of its own
        put16(packet, 4, be16(packet, 4).wrapping_add(self.index));
        let ip_length = self.transport - self.network;
        put16(packet, 10, 0);
        let sum = checksum::checksum(&packet[..ip_length]);
        put16(packet, 10, sum);
        let addresses = [12, 16].map(|at| Ipv4Addr::from(be32(packet, at)).into());
        let tcp = &mut packet[ip_length..];
        let seq = be32(tcp, 4).wrapping_add(self.done as u32);
        put32(tcp, 4, seq);
        let mut cleared = TcpFlags::empty();
        //= rfc3168#6.1.2   CWR goes with the first new data
        cleared.set(TcpFlags::CWR, self.index > 0);
        cleared.set(TcpFlags::FIN | TcpFlags::PSH, !last);
        tcp[13] &= !(cleared.bits() as u8);
        put16(tcp, 16, 0);
        let sum = Sum::new().pseudo_header(addresses[0], addresses[1], Protocol::TCP.0, tcp.len());
        let sum = sum.bytes(tcp).finish();
        put16(tcp, 16, sum);
        self.left -= length;
        self.done += length;
        self.index = self.index.wrapping_add(1);
    }

    fn gather(&mut self, mut payload: &mut [u8]) {
        while !payload.is_empty() {
            if self.current.is_empty() {
                let Some((next, rest)) = self.rest.split_first() else { return };
                (self.current, self.rest) = (next, rest);
                continue;
            }
            let (now, later) = self.current.split_at(self.current.len().min(payload.len()));
            payload[..now.len()].copy_from_slice(now);
            payload = &mut payload[now.len()..];
            self.current = later;
        }
    }
}

#[cfg(test)]
mod tests;
