//! What stands in front of each frame: packet information, where a device was made with it, and the virtio header.

use std::io;
use tapip_core::buffer::Offload;
use tapip_core::wire::VirtioHeader;

/// The lengths of both parts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Front {
    info: usize,
    virtio: usize,
}

/// `struct tun_pi`.
const PACKET_INFO: usize = 4;
/// The largest virtio header so far (`virtio_net_hdr_v1_hash_tunnel`).
const MAX_VIRTIO: usize = 24;

impl Front {
    /// Memory for any of them.
    pub(super) const ROOM: [u8; PACKET_INFO + MAX_VIRTIO] = [0; PACKET_INFO + MAX_VIRTIO];

    /// With packet information or not, and a virtio header of `virtio` bytes, or 0; `None` for one of a length that none has.
    pub(super) fn new(info: bool, virtio: usize) -> Option<Self> {
        let known = virtio == 0 || (VirtioHeader::LEN..=MAX_VIRTIO).contains(&virtio);
        known.then_some(Self { info: if info { PACKET_INFO } else { 0 }, virtio })
    }

    /// Bytes in all.
    pub(super) const fn len(&self) -> usize {
        self.info + self.virtio
    }

    pub(super) const fn has_virtio(&self) -> bool {
        self.virtio > 0
    }

    /// The part of `room` that a front fills.
    pub(super) fn part<'a>(&self, room: &'a mut [u8; PACKET_INFO + MAX_VIRTIO]) -> &'a mut [u8] {
        &mut room[..self.len()]
    }

    /// What the front of a frame of `length` bytes says of it; `InvalidData` where that cannot be.
    pub(super) fn parse(&self, front: &[u8], length: usize) -> io::Result<Offload> {
        if self.virtio == 0 {
            return Ok(Offload::default());
        }
        let header = VirtioHeader::parse(&front[self.info..]).unwrap_or_default();
        Offload::from_virtio(&header, length)
            .map_err(|reason| io::Error::new(io::ErrorKind::InvalidData, reason.name()))
    }

    /// The front of a frame that begins with `headers`.
    pub(super) fn emit(&self, offload: Offload, headers: &[u8]) -> [u8; PACKET_INFO + MAX_VIRTIO] {
        let mut front = Self::ROOM;
        if self.virtio > 0 && offload.partial_checksum.is_some() {
            let header = offload.to_virtio(headers).to_bytes();
            front[self.info..self.info + header.len()].copy_from_slice(&header);
        }
        front
    }
}
