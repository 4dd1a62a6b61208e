//! One number for all that went over the links of a network.
//!
//! XXH3-64 over a record of 28 bytes for each frame that was delivered, little-endian: time in nanoseconds (8), number of
//! the link's direction (4), length of the frame (8), XXH3-64 of the frame (8). A published hash without a key, so that
//! anybody can compute the same number from a capture.

use crate::buffer::Packet;
use crate::time::Instant;
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

/// The hash of a frame.
pub(super) fn of_frame(frame: &[u8]) -> u64 {
    xxh3_64(frame)
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
        let hash = if frame.tag == 0 { of_frame(frame.bytes()) } else { frame.tag };
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
        // The definition of the hash of nothing, from the XXH3 reference.
        assert_eq!(Digest::new().value(), 0x2d06_8005_38d3_94c2);
    }
}
