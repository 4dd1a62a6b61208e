//! A burst: small frames that leave together.
//!
//! Between two writes of a burst nothing happens but the kernel's own work. A receiver behind a tap then finds the
//! next frame before it goes to sleep, and waking it again would cost the writer more than the frame: frames written
//! one by one, as the stack makes them, reach two thirds of the speed.

use tapip_core::buffer::Offload;
use tapip_core::stack::Transmit;

/// Frames of one port, each in one piece, end to end.
#[derive(Debug, Default)]
pub(super) struct Burst {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Burst {
    /// Frames at most. A hundred kilobytes stay in the cache; beyond 16 frames a longer burst gains nothing more.
    const FRAMES: usize = 64;

    /// The longest frame worth copying: one of a usual Ethernet. A longer one carries the cost of its own write.
    const LONGEST: usize = 2_048;

    /// Whether `frame` may be part of a burst.
    pub(super) fn takes(frame: &Transmit<'_>) -> bool {
        frame.len() <= Self::LONGEST && frame.offload == Offload::default()
    }

    /// Add a frame.
    pub(super) fn push(&mut self, frame: &Transmit<'_>) {
        self.bytes.extend_from_slice(frame.header);
        for slice in frame.payload.as_slice() {
            self.bytes.extend_from_slice(slice);
        }
        self.ends.push(self.bytes.len());
    }

    /// Whether it shall go now.
    pub(super) fn is_full(&self) -> bool {
        self.ends.len() >= Self::FRAMES
    }

    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The frames in order.
    pub(super) fn frames(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, end)| &self.bytes[start..*end])
    }

    /// Begin anew; the memory stays.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }
}
