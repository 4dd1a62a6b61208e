//! The header in front of each frame of a device that takes offloads (`struct virtio_net_hdr`, virtio 1.2 5.1.6).
//!
//! Its numbers are in the order of the machine, as the kernel has them on a tap that was told nothing else.

/// A `virtio_net_hdr`. What its numbers mean for the frame behind it, `buffer::Offload` knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct VirtioHeader {
    /// [`VirtioHeader::NEEDS_CHECKSUM`], [`VirtioHeader::DATA_VALID`].
    pub flags: u8,
    /// Whether and how to cut the frame: [`VirtioHeader::NONE`], [`VirtioHeader::TCP_V4`], with
    /// [`VirtioHeader::ECN`] where the first segment alone has CWR.
    pub kind: u8,
    /// All headers of the frame, in bytes: a hint.
    pub header_length: u16,
    /// Payload bytes of each segment (gso_size).
    pub segment_size: u16,
    /// Where begins what the checksum covers.
    pub checksum_start: u16,
    /// Where its field is, from there.
    pub checksum_offset: u16,
}

impl VirtioHeader {
    /// Length in bytes. Longer ones begin with these.
    pub const LEN: usize = 10;
    /// The checksum is to be completed.
    pub const NEEDS_CHECKSUM: u8 = 1;
    /// The checksum was verified.
    pub const DATA_VALID: u8 = 2;
    /// The frame is not to be cut.
    pub const NONE: u8 = 0;
    /// It is to be cut as TCP over IPv4.
    pub const TCP_V4: u8 = 1;
    /// Beside the kind: CWR goes with the first segment only.
    pub const ECN: u8 = 0x80;

    /// Read the header at the front of `bytes`; `None` when they are too few.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let fixed = bytes.first_chunk::<{ Self::LEN }>()?;
        let word = |at: usize| u16::from_ne_bytes([fixed[at], fixed[at + 1]]);
        Some(Self {
            flags: fixed[0],
            kind: fixed[1],
            header_length: word(2),
            segment_size: word(4),
            checksum_start: word(6),
            checksum_offset: word(8),
        })
    }

    /// The header as it is written.
    pub fn to_bytes(self) -> [u8; Self::LEN] {
        let mut bytes = [self.flags, self.kind, 0, 0, 0, 0, 0, 0, 0, 0];
        bytes[2..4].copy_from_slice(&self.header_length.to_ne_bytes());
        bytes[4..6].copy_from_slice(&self.segment_size.to_ne_bytes());
        bytes[6..8].copy_from_slice(&self.checksum_start.to_ne_bytes());
        bytes[8..10].copy_from_slice(&self.checksum_offset.to_ne_bytes());
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let header = VirtioHeader {
            flags: 1,
            kind: 0x81,
            header_length: 66,
            segment_size: 1_448,
            checksum_start: 34,
            checksum_offset: 16,
        };
        let mut bytes = header.to_bytes().to_vec();
        assert_eq!(VirtioHeader::parse(&bytes), Some(header));
        bytes.push(7);
        assert_eq!(VirtioHeader::parse(&bytes), Some(header), "longer headers begin alike");
        assert_eq!(VirtioHeader::parse(&bytes[..9]), None);
    }
}
