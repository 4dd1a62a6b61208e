//! What a device does for a frame, what it could do, and how a virtio header says so.
//!
//! Offsets count from the front of the frame that a device gives or takes; within the stack, where the link header is
//! off, from the network header ([`Offload::without_link`], [`Offload::with_link`]).

use crate::drops::DropReason;
use crate::wire::{TcpFlags, VirtioHeader};

/// What the device did, or shall do, for a frame: nothing by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Offload {
    /// Where a checksum is to be completed: start of what it covers and offset of its field from there. The field
    /// holds the sum over the pseudo-header.
    pub partial_checksum: Option<(u16, u16)>,
    /// The device says that the checksum was verified.
    pub checksum_valid: bool,
    /// Payload bytes of each segment that the frame is to be cut into; 0 when it is one frame.
    pub segment_size: u16,
}

/// What a device can do for frames that leave by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Offloads {
    /// It completes checksums (NETIF_F_HW_CSUM).
    pub checksum: bool,
    /// The largest TCP packet over IPv4 that it cuts to segments (NETIF_F_TSO); 0 if it cuts none. It completes
    /// checksums then as well.
    pub segment: u16,
}

impl Offload {
    /// Nothing at all, which is what most small frames need.
    pub const fn is_none(&self) -> bool {
        self.partial_checksum.is_none() && !self.checksum_valid && self.segment_size == 0
    }

    /// The same for a frame that lost its first `length` bytes. What began in them is gone.
    #[must_use]
    pub fn without_link(mut self, length: u16) -> Self {
        self.partial_checksum =
            self.partial_checksum.and_then(|(start, field)| Some((start.checked_sub(length)?, field)));
        self
    }

    /// The same for a frame with `length` bytes more in front.
    #[must_use]
    pub fn with_link(mut self, length: u16) -> Self {
        self.partial_checksum = self.partial_checksum.map(|(start, field)| (start + length, field));
        self
    }

    /// What the header in front of a frame of `length` bytes says. `BadOffload` where that cannot be, or is nothing that
    /// was asked for: whoever writes to the other side of a device may be hostile.
    pub fn from_virtio(header: &VirtioHeader, length: usize) -> Result<Self, DropReason> {
        let mut offload =
            Self { checksum_valid: header.flags & VirtioHeader::DATA_VALID != 0, ..Self::default() };
        if usize::from(header.header_length) > length {
            return Err(DropReason::BadOffload);
        }
        if header.flags & VirtioHeader::NEEDS_CHECKSUM != 0 {
            let end = usize::from(header.checksum_start) + usize::from(header.checksum_offset) + 2;
            if end > length {
                return Err(DropReason::BadOffload);
            }
            offload.partial_checksum = Some((header.checksum_start, header.checksum_offset));
        }
        match header.kind & !VirtioHeader::ECN {
            VirtioHeader::NONE if header.kind == VirtioHeader::NONE => Ok(offload),
            VirtioHeader::TCP_V4 => {
                // A frame that is to be cut has checksums that are to be made.
                let whole = offload.partial_checksum.is_some() && header.segment_size > 0;
                offload.segment_size = header.segment_size;
                if whole { Ok(offload) } else { Err(DropReason::BadOffload) }
            }
            _ => Err(DropReason::BadOffload),
        }
    }

    /// The header to write in front of a frame that begins with `headers`: all of its headers, at least.
    pub fn to_virtio(self, headers: &[u8]) -> VirtioHeader {
        let Some((start, field)) = self.partial_checksum else { return VirtioHeader::default() };
        let mut header = VirtioHeader {
            flags: VirtioHeader::NEEDS_CHECKSUM,
            checksum_start: start,
            checksum_offset: field,
            ..VirtioHeader::default()
        };
        if self.segment_size > 0
            && let Some(fixed) = headers.get(usize::from(start)..).and_then(<[u8]>::first_chunk::<20>)
        {
            header.kind = VirtioHeader::TCP_V4;
            if fixed[13] & TcpFlags::CWR.bits() as u8 != 0 {
                header.kind |= VirtioHeader::ECN;
            }
            header.segment_size = self.segment_size;
            header.header_length = start + u16::from(fixed[12] >> 4) * 4;
        }
        header
    }
}

impl Offloads {
    /// Payload bytes that one packet may have which is cut to segments, whatever options are in its headers; 0 if none.
    pub const fn unit(&self) -> usize {
        /// IP header without options, TCP header with all of them.
        const HEADERS: usize = 20 + 60;
        (self.segment as usize).saturating_sub(HEADERS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CUT: VirtioHeader = VirtioHeader {
        flags: VirtioHeader::NEEDS_CHECKSUM,
        kind: VirtioHeader::TCP_V4,
        header_length: 66,
        segment_size: 1_448,
        checksum_start: 34,
        checksum_offset: 16,
    };

    #[test]
    fn what_a_device_says_is_believed_as_far_as_it_can_be() {
        let read = |header: VirtioHeader| Offload::from_virtio(&header, 4_000);
        let cut = Offload { partial_checksum: Some((34, 16)), segment_size: 1_448, ..Offload::default() };
        assert_eq!(read(CUT), Ok(cut));
        assert_eq!(read(VirtioHeader { kind: CUT.kind | VirtioHeader::ECN, ..CUT }), Ok(cut));
        assert_eq!(read(VirtioHeader::default()), Ok(Offload::default()));
        let valid = VirtioHeader { flags: VirtioHeader::DATA_VALID, ..VirtioHeader::default() };
        assert_eq!(read(valid), Ok(Offload { checksum_valid: true, ..Offload::default() }));
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let bad = [
            VirtioHeader { segment_size: 0, ..CUT },
            VirtioHeader { header_length: 4_001, ..CUT },
            VirtioHeader { header_length: 4_001, ..VirtioHeader::default() },
            VirtioHeader { flags: 0, ..CUT },
            VirtioHeader { checksum_start: 3_983, ..CUT },
            VirtioHeader { checksum_start: u16::MAX, checksum_offset: u16::MAX, ..CUT },
            VirtioHeader { checksum_offset: 3_965, kind: VirtioHeader::NONE, ..CUT },
            VirtioHeader { kind: 3, ..CUT },
            VirtioHeader { kind: 4, ..CUT },
            VirtioHeader { kind: 5, ..CUT },
            VirtioHeader { kind: 0x7f, ..CUT },
            VirtioHeader { kind: VirtioHeader::ECN, ..CUT },
        ];
        for header in bad {
            assert_eq!(Offload::from_virtio(&header, 4_000), Err(DropReason::BadOffload), "{header:?}");
        }
    }

    #[test]
    fn what_is_written_is_what_would_be_read() {
        let mut frame = vec![0; 200];
        frame[34 + 12] = 8 << 4;
        let cut = Offload { partial_checksum: Some((34, 16)), segment_size: 1_448, ..Offload::default() };
        assert_eq!(cut.to_virtio(&frame), CUT);
        frame[34 + 13] = 0x80;
        assert_eq!(cut.to_virtio(&frame), VirtioHeader { kind: CUT.kind | VirtioHeader::ECN, ..CUT });
        let whole = Offload { segment_size: 0, ..cut };
        assert_eq!(Offload::from_virtio(&whole.to_virtio(&frame), 200), Ok(whole));
        assert_eq!(Offload::default().to_virtio(&frame), VirtioHeader::default());
    }

    #[test]
    fn offsets_follow_the_link_header() {
        let offload = Offload { partial_checksum: Some((34, 16)), ..Offload::default() };
        assert_eq!(offload.without_link(14).partial_checksum, Some((20, 16)));
        assert_eq!(offload.without_link(14).with_link(14), offload);
        assert_eq!(offload.without_link(35).partial_checksum, None);
    }

    #[test]
    fn a_unit_leaves_room_for_all_headers() {
        assert_eq!(Offloads { checksum: true, segment: u16::MAX }.unit(), 65_455);
        assert_eq!(Offloads::default().unit(), 0);
    }
}
