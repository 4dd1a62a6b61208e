//! The answer to a segment that meets no connection.

use crate::wire::{SeqNumber, TcpFlags, TcpHeader};

/// The reset for `segment` with `payload` bytes, ports already turned round; none for a reset.
pub fn reset_for(segment: &TcpHeader, payload: usize) -> Option<TcpHeader> {
    //= rfc9293#3.10.7.1   a reset is never answered
    if segment.has(TcpFlags::RST) {
        return None;
    }
    let mut reset = TcpHeader::new(segment.destination_port, segment.source_port);
    //= rfc9293#3.5.2   take the number from the ACK if there is one, else acknowledge all that came
    if segment.has(TcpFlags::ACK) {
        reset.seq = segment.ack;
        reset.flags = TcpFlags::RST;
    } else {
        reset.seq = SeqNumber(0);
        reset.ack = segment.seq + segment.sequence_length(payload);
        reset.flags = TcpFlags::RST | TcpFlags::ACK;
    }
    Some(reset)
}
