//! A frame on its way to a device: header block and payload slices, borrowed from where they live.

use crate::buffer::{Offload, Packet, Slices};
use crate::observe::InterfaceId;

/// A frame that the driver shall write now, gathered. It borrows the stack, so it is gone before the next call.
#[derive(Debug)]
pub struct Transmit<'a> {
    /// The interface by which it leaves.
    pub interface: InterfaceId,
    /// What the device shall do to it.
    pub offload: Offload,
    /// Link, network and transport headers; for some packets also all of the payload.
    pub header: &'a [u8],
    /// The rest of the payload.
    pub payload: Slices<'a>,
}

impl Transmit<'_> {
    /// Length of the frame in bytes.
    pub fn len(&self) -> usize {
        self.header.len() + self.payload.len()
    }

    /// Whether there is nothing in it, which does not happen.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Append the frame to `packet`, which has room for it.
    pub fn copy_into(&self, packet: &mut Packet) {
        packet.append(self.header);
        for slice in self.payload.as_slice() {
            packet.append(slice);
        }
        packet.offload = self.offload;
    }

    /// The frame in one piece.
    pub fn to_vec(&self) -> Vec<u8> {
        let mut frame = Vec::with_capacity(self.len());
        frame.extend_from_slice(self.header);
        for slice in self.payload.as_slice() {
            frame.extend_from_slice(slice);
        }
        frame
    }
}
