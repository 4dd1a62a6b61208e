//! The receive queue: payload in the buffers it came in, in order for the reader, out of order until the gap closes.

use super::{Packet, Pool};

/// Bytes from the next one to be read on. Positions are offsets in the stream (u64, never wrapping).
pub struct ReceiveQueue {}

impl ReceiveQueue {
    /// An empty queue whose next byte is at stream offset 0.
    pub fn new() -> Self {
        todo!()
    }
    /// Bytes that can be read now.
    pub fn readable(&self) -> usize {
        todo!()
    }
    /// Stream offset of the first byte not yet received in order.
    pub fn next(&self) -> u64 {
        todo!()
    }
    /// Read into `out`, giving emptied buffers back to `pool`; returns how many bytes.
    pub fn read(&mut self, out: &mut [u8], pool: &mut Pool) -> usize {
        let _ = (out, pool);
        todo!()
    }
    /// As `read`, but nothing is consumed.
    pub fn peek(&self, out: &mut [u8]) -> usize {
        let _ = out;
        todo!()
    }
}
