//! One number for all that went over the links of a network.
//!
//! XXH3-64 over a record of 28 bytes for each frame that was delivered, little-endian: time in nanoseconds (8), number of
//! the link's direction (4), length of the frame (8), hash of the frame (8). That is the XXH3-64 of two numbers of 8 bytes:
//! the XXH3-64 of its first 66 bytes and that of the others. A published hash without a key, so that anybody can compute
//! the same number from a capture. 66 bytes are the headers of TCP with timestamps: most frames of a transfer are in two
//! parts there (buffer/packet.rs), and are hashed where they lie.

use crate::buffer::Packet;
use crate::time::Instant;
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

/// Where a frame is cut in two.
const CUT: usize = 66;

/// The hash of a frame: of its two parts.
pub(super) fn of_frame(frame: &Packet) -> u64 {
    let (head, tail) = (frame.bytes(), frame.tail());
    if head.len() == CUT || tail.is_empty() {
        let (front, rest) = head.split_at(head.len().min(CUT));
        return of_parts(front, if tail.is_empty() { rest } else { tail });
    }
    let frame = [head, tail].concat();
    let (front, rest) = frame.split_at(frame.len().min(CUT));
    of_parts(front, rest)
}

fn of_parts(front: &[u8], rest: &[u8]) -> u64 {
    let mut hashes = [0; 16];
    hashes[..8].copy_from_slice(&xxh3_64(front).to_le_bytes());
    hashes[8..].copy_from_slice(&xxh3_64(rest).to_le_bytes());
    xxh3_64(&hashes)
}

/// The running hash.
pub(super) struct Digest(Box<Xxh3>);

impl Digest {
    pub(super) fn new() -> Self {
        Self(Box::new(Xxh3::new()))
    }

    /// A frame was delivered.
    pub(super) fn add(&mut self, at: Instant, direction: u32, frame: &Packet) {
        // The tag is the hash that was made when the frame was sent, unless something changed it since.
        let hash = if frame.tag == 0 { of_frame(frame) } else { frame.tag };
        let mut record = [0; 28];
        record[..8].copy_from_slice(&at.as_nanos().to_le_bytes());
        record[8..12].copy_from_slice(&direction.to_le_bytes());
        record[12..20].copy_from_slice(&(frame.len() as u64).to_le_bytes());
        record[20..].copy_from_slice(&hash.to_le_bytes());
        self.0.update(&record);
    }

    /// The hash so far.
    pub(super) fn value(&self) -> u64 {
        self.0.digest()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn time_place_and_every_byte_count() {
        let digest = |at, direction, frame: &[u8]| {
            let mut digest = Digest::new();
            digest.add(Instant::from_nanos(at), direction, &Packet::copied(0, frame));
            digest.value()
        };
        let first = digest(1, 0, b"frame");
        assert_eq!(first, digest(1, 0, b"frame"));
        for other in [digest(2, 0, b"frame"), digest(1, 1, b"frame"), digest(1, 0, b"Frame")] {
            assert_ne!(first, other);
        }
        let mut parts = Packet::copied(0, &[1; 66]);
        parts.refer(Arc::new(vec![2; 100]), 10, 80);
        let mut others = Packet::copied(0, &[1; 60]);
        others.refer(Arc::new([vec![1; 6], vec![2; 80]].concat()), 0, 86);
        let whole = of_frame(&Packet::copied(0, &[vec![1; 66], vec![2; 80]].concat()));
        assert_eq!((of_frame(&parts), of_frame(&others)), (whole, whole), "in however many parts");
        // The definition of the hash of nothing, from the XXH3 reference.
        assert_eq!(Digest::new().value(), 0x2d06_8005_38d3_94c2);
    }
}
