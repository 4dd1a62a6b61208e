//! The trace decorator: the last frames that passed a port, kept in memory for whoever asks afterwards.
//!
//! The core's trace says what each layer made of a frame; this one keeps the frames themselves, without a file.

use std::collections::VecDeque;
use tapip_core::stack::Transmit;
use tapip_core::time::Instant;
use tapip_core::wire::pcapng::Direction;

/// A frame as it passed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TracedFrame {
    /// When.
    pub at: Instant,
    /// Which way.
    pub direction: Direction,
    /// Its length.
    pub length: usize,
    /// Its first bytes, at most [`FrameTrace::HEAD`].
    pub head: Vec<u8>,
}

/// A ring of frames.
#[derive(Debug)]
pub struct FrameTrace {
    frames: VecDeque<TracedFrame>,
    capacity: usize,
}

impl FrameTrace {
    /// Link, network and transport header with all their options (18 + 60 + 60), and something of the payload.
    pub const HEAD: usize = 192;

    /// One that keeps the last `capacity` frames.
    pub const fn new(capacity: usize) -> Self {
        Self { frames: VecDeque::new(), capacity }
    }

    /// The frames, oldest first.
    pub fn frames(&self) -> impl Iterator<Item = &TracedFrame> {
        self.frames.iter()
    }

    pub(super) fn inbound(&mut self, at: Instant, frame: &[u8]) {
        let head = frame[..frame.len().min(Self::HEAD)].to_vec();
        self.push(TracedFrame { at, direction: Direction::In, length: frame.len(), head });
    }

    pub(super) fn outbound(&mut self, at: Instant, frame: &Transmit<'_>) {
        let mut head = Vec::with_capacity(Self::HEAD);
        for slice in std::iter::once(&frame.header).chain(frame.payload.as_slice()) {
            head.extend_from_slice(&slice[..slice.len().min(Self::HEAD - head.len())]);
        }
        self.push(TracedFrame { at, direction: Direction::Out, length: frame.len(), head });
    }

    fn push(&mut self, frame: TracedFrame) {
        if self.frames.len() >= self.capacity {
            self.frames.pop_front();
        }
        if self.capacity > 0 {
            self.frames.push_back(frame);
        }
    }
}
