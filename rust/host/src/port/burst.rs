//! A burst: small frames that leave together.
//!
//! Between two writes of a burst nothing happens but the kernel's own work. A receiver behind a tap then finds the
//! next frame before it goes to sleep, and waking it again would cost the writer more than the frame: frames written
//! one by one, as the stack makes them, reach two thirds of the speed.

use crate::device::Device;
use tapip_core::buffer::{Offload, Slices};
use tapip_core::observe::InterfaceId;
use tapip_core::stack::Transmit;

/// Frames of one port, each in one piece behind its front, end to end.
#[derive(Debug, Default)]
pub(super) struct Burst {
    bytes: Vec<u8>,
    frames: Vec<Place>,
}

/// Where a frame lies.
#[derive(Debug, Clone, Copy)]
struct Place {
    /// Where its front begins, where the frame itself does, and where it ends.
    front: usize,
    start: usize,
    end: usize,
    offload: Offload,
}

impl Burst {
    /// Frames at most. A hundred kilobytes stay in the cache; beyond 16 frames a longer burst gains nothing more.
    const FRAMES: usize = 64;

    /// And bytes: of units, which come here only while older frames wait to be written, four.
    const BYTES: usize = 256 << 10;

    /// The longest frame worth copying: one of a usual Ethernet. A longer one carries the cost of its own write.
    const LONGEST: usize = 2_048;

    /// Whether `frame` may be part of a burst.
    pub(super) fn takes(frame: &Transmit<'_>) -> bool {
        frame.len() <= Self::LONGEST && frame.offload.segment_size == 0
    }

    /// Add a frame, for `device`.
    pub(super) fn push(&mut self, device: &dyn Device, frame: &Transmit<'_>) {
        let front = self.bytes.len();
        device.front(frame.offload, frame.header, &mut self.bytes);
        let start = self.bytes.len();
        self.bytes.extend_from_slice(frame.header);
        for slice in frame.payload.as_slice() {
            self.bytes.extend_from_slice(slice);
        }
        self.frames.push(Place { front, start, end: self.bytes.len(), offload: frame.offload });
    }

    /// Whether it shall go now.
    pub(super) fn is_full(&self) -> bool {
        self.frames.len() >= Self::FRAMES || self.bytes.len() >= Self::BYTES
    }

    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// The frames in order, each behind its front.
    pub(super) fn frames(&self) -> impl Iterator<Item = &[u8]> {
        self.frames.iter().map(|place| &self.bytes[place.front..place.end])
    }

    /// The same, and what is behind the front.
    pub(super) fn transmits(&self, interface: InterfaceId) -> impl Iterator<Item = (&[u8], Transmit<'_>)> {
        self.frames.iter().map(move |place| {
            let (header, offload) = (&self.bytes[place.start..place.end], place.offload);
            let frame = Transmit { interface, offload, header, payload: Slices::EMPTY };
            (&self.bytes[place.front..place.end], frame)
        })
    }

    /// Begin anew; the memory stays.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.frames.clear();
    }
}
