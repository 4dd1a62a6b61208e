//! Packets in pooled buffers.
//!
//! A frame is read into a buffer of the pool and stays there: ingress moves the start of the view past each header,
//! so that what a socket queues is the payload in the very buffer that the device filled.

use super::{Chunks, Foreign, Offload};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A bounded stock of equal buffers, reused last-in-first-out because the last one is still in the cache.
#[derive(Debug)]
pub struct Pool {
    /// Memory of send queues, kept for reuse; not counted.
    pub chunks: Chunks,
    free: Vec<Box<[u8]>>,
    /// As `free`, for whole units.
    units: Vec<Box<[u8]>>,
    outstanding: Arc<AtomicUsize>,
    capacity: usize,
    buffer_size: usize,
}

impl Pool {
    /// Room in front of a frame, so that a forwarded packet can take a longer link header.
    pub const HEADROOM: usize = 32;

    /// The longest frame that a device delivers: 64 KiB of IP under an Ethernet header with VLAN tags.
    const UNIT: usize = (64 << 10) + 32;

    /// Buffers for units that wait for reuse: 4 MiB, as much as is read between two looks at who else wants something.
    const UNITS_KEPT: usize = 64;

    /// At most `capacity` buffers in use at a time, each for a frame of `frame_size` bytes. Memory is taken on demand.
    pub fn new(capacity: usize, frame_size: usize) -> Self {
        let buffer_size = frame_size + Self::HEADROOM;
        Self {
            chunks: Chunks::default(),
            free: Vec::new(),
            units: Vec::new(),
            outstanding: Arc::default(),
            capacity,
            buffer_size,
        }
    }

    /// An empty packet with room for a whole frame behind [`Pool::HEADROOM`]; `None` when all are in use.
    pub fn take(&mut self) -> Option<Packet> {
        self.take_sized(0)
    }

    /// As `take`, for a packet that may be larger than a frame of this pool (a reassembled datagram).
    pub fn take_sized(&mut self, size: usize) -> Option<Packet> {
        if self.outstanding.load(Ordering::Relaxed) >= self.capacity {
            return None;
        }
        let size = size + Self::HEADROOM;
        let data = match self.free.pop() {
            Some(data) if data.len() >= size => data,
            other => {
                self.free.extend(other);
                vec![0; size.max(self.buffer_size)].into_boxed_slice()
            }
        };
        let mut packet = Packet::around(data);
        packet.reset(Self::HEADROOM);
        packet.ticket = Some(self.ticket(1));
        Some(packet)
    }

    /// An empty packet with room for any frame, a unit of 64 KiB too, for a device to read into: it counts as nothing until
    /// something is in it and [`Pool::admit`] is asked.
    pub fn reading_unit(&mut self) -> Packet {
        let data = self.units.pop();
        let data = data.unwrap_or_else(|| vec![0; Self::UNIT + Self::HEADROOM].into_boxed_slice());
        let mut packet = Packet::around(data);
        packet.reset(Self::HEADROOM);
        packet
    }

    /// Count a packet as the buffers that it is in memory, for as long as it lives. It comes back when there are not so many.
    pub fn admit(&self, mut packet: Packet) -> Result<Packet, Packet> {
        let count = packet.footprint().div_ceil(self.buffer_size);
        if self.outstanding.load(Ordering::Relaxed) + count > self.capacity {
            return Err(packet);
        }
        packet.ticket = Some(self.ticket(count));
        Ok(packet)
    }

    fn ticket(&self, count: usize) -> Ticket {
        self.outstanding.fetch_add(count, Ordering::Relaxed);
        Ticket(Arc::clone(&self.outstanding), count)
    }

    /// Give a packet back for reuse. Dropping one instead is no leak: its memory goes to the system.
    pub fn put(&mut self, packet: Packet) {
        if packet.ticket.is_none() {
            return;
        }
        if packet.data.len() == self.buffer_size {
            self.free.push(packet.data);
        } else if packet.data.len() == Self::UNIT + Self::HEADROOM && self.units.len() < Self::UNITS_KEPT {
            self.units.push(packet.data);
        }
    }

    /// While more than three quarters of the buffers are in use: a copy of `packet` in memory of its own, which is no buffer of
    /// this pool. Who keeps it has a bound of his own (net.ipv4.tcp_mem, a receive buffer), so that a reader who stops, or
    /// segments that wait for a lost one, cannot keep the last buffers from the very frames that would free them.
    pub fn relieve(&mut self, packet: Packet) -> Packet {
        if self.in_use() <= self.capacity / 4 * 3 {
            return packet;
        }
        let copy = packet.copy_of();
        self.put(packet);
        copy
    }

    /// Take a packet from outside as one of ours, counted for as long as it lives. A spare buffer of ours, if one
    /// waits, is the price: who feeds us frame by frame then never allocates. The packet comes back when all are in use.
    pub fn adopt(&mut self, mut packet: Packet) -> Result<(Packet, Option<Packet>), Packet> {
        if self.outstanding.load(Ordering::Relaxed) >= self.capacity {
            return Err(packet);
        }
        packet.ticket = Some(self.ticket(1));
        let fits = packet.data.len() == self.buffer_size;
        let spare = if fits { self.free.pop() } else { None };
        let spare = spare.map(|data| {
            let mut spare = Packet::around(data);
            spare.reset(Self::HEADROOM);
            spare
        });
        Ok((packet, spare))
    }

    /// Give a packet back and hold an empty one in its place, for who needs a packet but no bytes.
    pub fn swap_for_empty(&mut self, packet: Packet) -> Packet {
        self.put(packet);
        Packet::copied(0, &[])
    }

    /// Buffers in use.
    pub fn in_use(&self) -> usize {
        self.outstanding.load(Ordering::Relaxed)
    }

    /// Buffers that wait for reuse.
    pub fn free(&self) -> usize {
        self.free.len()
    }

    /// Buffers that may be in use at a time.
    pub const fn capacity(&self) -> usize {
        self.capacity
    }

    /// Change how many buffers may be in use at a time.
    pub fn set_capacity(&mut self, capacity: usize) {
        self.capacity = capacity;
        self.free.truncate(capacity);
    }
}

/// Counts so many buffers as in use for as long as it lives, wherever it ends.
struct Ticket(Arc<AtomicUsize>, usize);

impl Drop for Ticket {
    fn drop(&mut self) {
        self.0.fetch_sub(self.1, Ordering::Relaxed);
    }
}

/// A frame, or the part of one that the current layer sees.
pub struct Packet {
    data: Box<[u8]>,
    start: usize,
    end: usize,
    network: usize,
    /// What the device said of the frame.
    pub offload: Offload,
    /// What who carries the frame wants to remember of it; 0 in a fresh packet. Who changes the frame on its way sets it to 0.
    pub tag: u64,
    ticket: Option<Ticket>,
    tail: Option<Tail>,
}

/// Immutable bytes of somebody else that follow those of a buffer.
#[derive(Clone)]
struct Tail {
    source: Foreign,
    start: u32,
    length: u32,
}

impl Tail {
    fn bytes(&self) -> &[u8] {
        let (start, length) = (self.start as usize, self.length as usize);
        (*self.source).as_ref().get(start..start + length).unwrap_or(&[])
    }
}

impl Packet {
    /// A packet outside any pool, with `headroom` free bytes in front of a copy of `bytes`.
    pub fn copied(headroom: usize, bytes: &[u8]) -> Self {
        let mut data = vec![0; headroom + bytes.len()].into_boxed_slice();
        data[headroom..].copy_from_slice(bytes);
        let end = data.len();
        Self {
            data,
            start: headroom,
            end,
            network: headroom,
            offload: Offload::default(),
            tag: 0,
            ticket: None,
            tail: None,
        }
    }

    /// The same bytes in a packet outside any pool, as long as they are.
    pub fn copy_of(&self) -> Self {
        let mut copy = Self::copied(self.start, self.bytes());
        copy.offload = self.offload;
        copy
    }

    /// An empty packet outside any pool with room for `size` bytes: what small payloads are gathered in.
    pub fn with_room(size: usize) -> Self {
        Self::around(vec![0; size].into_boxed_slice())
    }

    /// An empty packet in this memory.
    fn around(data: Box<[u8]>) -> Self {
        Self {
            data,
            start: 0,
            end: 0,
            network: 0,
            offload: Offload::default(),
            tag: 0,
            ticket: None,
            tail: None,
        }
    }

    /// Empty the packet and put its view behind `headroom` free bytes, for another use of its buffer.
    pub fn reset(&mut self, headroom: usize) {
        let start = headroom.min(self.data.len());
        (self.start, self.end, self.network) = (start, start, 0);
        (self.offload, self.tag) = (Offload::default(), 0);
        (self.ticket, self.tail) = (None, None);
    }

    /// Put `length` bytes of `source` behind the view, by reference.
    ///
    /// A packet on its way through a virtual network may be in two parts: headers in its buffer, which is what the view
    /// shows, and payload in immutable memory of the application that sent it. [`Packet::len`] counts both. No stack is
    /// given such a packet ([`Packet::append_all`] makes one piece of it), and who changes it makes it whole before.
    pub fn refer(&mut self, source: Foreign, start: usize, length: usize) {
        self.tail = Some(Tail { source, start: start as u32, length: length as u32 });
    }

    /// What follows the view by reference; nothing, in most packets.
    pub fn tail(&self) -> &[u8] {
        self.tail.as_ref().map_or(&[], Tail::bytes)
    }

    /// Whether it is in two parts.
    pub const fn has_tail(&self) -> bool {
        self.tail.is_some()
    }

    /// Append a copy of another packet, of both its parts; the caller has seen that there is room.
    pub fn append_all(&mut self, other: &Self) {
        self.append(other.bytes());
        self.append(other.tail());
    }

    /// Make one piece of it: the bytes, all in view.
    pub fn whole(&mut self) -> &mut [u8] {
        if self.has_tail() {
            let mut data = vec![0; self.start + self.len()].into_boxed_slice();
            data[self.start..self.end].copy_from_slice(self.bytes());
            data[self.end..].copy_from_slice(self.tail());
            (self.end, self.data, self.tail) = (data.len(), data, None);
        }
        self.bytes_mut()
    }

    /// The bytes in view.
    pub fn bytes(&self) -> &[u8] {
        &self.data[self.start..self.end]
    }

    /// The bytes in view, to be changed.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.data[self.start..self.end]
    }

    /// Length of the packet: of the view, and of what follows it by reference.
    pub const fn len(&self) -> usize {
        let tail = match &self.tail {
            Some(tail) => tail.length as usize,
            None => 0,
        };
        self.end - self.start + tail
    }

    /// Segments that its payload, when nothing else is in view, was on the wire, or will be.
    pub fn segments(&self) -> u64 {
        match usize::from(self.offload.segment_size) {
            0 => 1,
            size => self.len().div_ceil(size).max(1) as u64,
        }
    }

    /// Whether there are no bytes.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes that the buffer holds in memory, in view or not.
    pub fn footprint(&self) -> usize {
        self.data.len()
    }

    /// Everything behind the view, for a device or a copy to write into; then call [`Packet::grow`].
    pub fn tailroom_mut(&mut self) -> &mut [u8] {
        &mut self.data[self.end..]
    }

    /// Free bytes behind the view.
    pub fn tailroom(&self) -> usize {
        self.data.len() - self.end
    }

    /// Take `count` bytes of the tailroom into the view.
    pub fn grow(&mut self, count: usize) {
        assert!(self.end + count <= self.data.len(), "no room for {count} bytes");
        self.end += count;
    }

    /// Append a copy of `bytes`; the caller has seen that there is room.
    pub fn append(&mut self, bytes: &[u8]) {
        let end = self.end;
        self.grow(bytes.len());
        self.data[end..end + bytes.len()].copy_from_slice(bytes);
    }

    /// Move the start of the view past `count` bytes.
    pub const fn advance(&mut self, count: usize) {
        assert!(count <= self.end - self.start);
        self.start += count;
    }

    /// Move the start of the view back over `count` bytes, to put a header there.
    pub fn prepend(&mut self, count: usize) -> &mut [u8] {
        self.start = self.start.checked_sub(count).expect("headroom was left for every header");
        &mut self.data[self.start..self.start + count]
    }

    /// Free bytes in front of the view.
    pub const fn headroom(&self) -> usize {
        self.start
    }

    /// Cut the view to its first `length` bytes.
    pub fn truncate(&mut self, length: usize) {
        self.end = self.end.min(self.start + length);
    }

    /// Note that the network header starts where the view does now.
    pub const fn mark_network(&mut self) {
        self.network = self.start;
    }

    /// The packet from its network header on, also after the view has moved further.
    pub fn network_bytes(&self) -> &[u8] {
        &self.data[self.network.min(self.end)..self.end]
    }

    /// Move the view back to the network header.
    pub const fn rewind_to_network(&mut self) {
        self.start = self.network;
    }
}

impl fmt::Debug for Packet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Packet({} bytes)", self.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_in_two_parts_counts_both_and_becomes_one() {
        let source: Foreign = Arc::new(b"0123456789".to_vec());
        let mut packet = Packet::copied(2, b"head");
        packet.refer(Arc::clone(&source), 3, 4);
        assert_eq!((packet.len(), packet.bytes(), packet.tail()), (8, &b"head"[..], &b"3456"[..]));
        let mut copy = Packet::with_room(8);
        copy.append_all(&packet);
        assert_eq!(copy.bytes(), b"head3456");
        packet.whole()[7] = b'x';
        assert_eq!((packet.bytes(), packet.headroom()), (&b"head345x"[..], 2));
        assert!(!packet.has_tail());
        assert_eq!((*source).as_ref()[6], b'6', "a change is the packet's own");
    }

    #[test]
    fn pool_is_bounded_and_gets_back_what_is_dropped_or_put() {
        let mut pool = Pool::new(2, 100);
        let first = pool.take().expect("two are allowed");
        let second = pool.take().expect("two are allowed");
        assert!(pool.take().is_none());
        drop(first);
        assert_eq!((pool.in_use(), pool.free()), (1, 0));
        pool.put(second);
        assert_eq!((pool.in_use(), pool.free()), (0, 1));
        assert!(pool.take().is_some());
    }

    #[test]
    fn an_adopted_packet_counts_and_is_paid_for_with_a_spare_buffer() {
        let mut pool = Pool::new(2, 100);
        let outside = || Packet::with_room(100 + Pool::HEADROOM);
        let (first, none) = pool.adopt(outside()).expect("two are allowed");
        assert!(none.is_none());
        pool.put(first);
        let (_second, spare) = pool.adopt(outside()).expect("two are allowed");
        assert_eq!(spare.map(|spare| spare.tailroom()), Some(100));
        assert_eq!((pool.in_use(), pool.free()), (1, 0));
        let (_third, _) = pool.adopt(Packet::copied(0, b"odd")).expect("two are allowed");
        assert!(pool.adopt(outside()).is_err());
    }

    #[test]
    fn a_unit_counts_as_much_as_it_holds_and_is_reused_last_in_first_out() {
        let mut pool = Pool::new(80, 2_016);
        let first = pool.reading_unit();
        assert!(first.tailroom() >= 65_535 + 22);
        assert_eq!(pool.in_use(), 0, "nothing is in it yet");
        let first = pool.admit(first).expect("33 of 80");
        assert_eq!(pool.in_use(), 33);
        let second = pool.reading_unit();
        let second = pool.admit(second).expect("66 of 80");
        let third = pool.reading_unit();
        assert!(pool.admit(third).is_err(), "99 would be more than there are");
        let place = second.data.as_ptr();
        pool.put(first);
        pool.put(second);
        assert_eq!((pool.in_use(), pool.free()), (0, 0), "small frames do not take them");
        assert_eq!(pool.reading_unit().data.as_ptr(), place);
    }

    #[test]
    fn beyond_three_quarters_packets_are_copied_out() {
        let mut pool = Pool::new(4, 100);
        let mut held = Vec::new();
        for _ in 0..4 {
            let mut packet = pool.take().expect("one is always left");
            packet.append(b"payload");
            packet.offload.checksum_valid = true;
            held.push(pool.relieve(packet));
        }
        assert_eq!((pool.in_use(), pool.free()), (3, 1));
        assert_eq!(held.iter().map(Packet::tailroom).collect::<Vec<_>>(), [93, 93, 93, 0]);
        let same = |packet: &Packet| packet.bytes() == b"payload" && packet.offload.checksum_valid;
        assert!(held.iter().all(same));
    }

    #[test]
    fn views_move_over_headers_and_back() {
        let mut packet = Packet::copied(4, b"headpayload");
        packet.mark_network();
        packet.advance(4);
        packet.truncate(3);
        assert_eq!(packet.bytes(), b"pay");
        assert_eq!(packet.network_bytes(), b"headpay");
        packet.prepend(2).copy_from_slice(b"xx");
        assert_eq!(packet.bytes(), b"xxpay");
        packet.rewind_to_network();
        assert_eq!(packet.bytes(), b"hexxpay");
    }
}
