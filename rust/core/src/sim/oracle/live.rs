//! What the sending connection tells of itself at the moment of a frame: the part of the judgment that no capture holds.

use crate::observe::Counter;
use crate::stack::{SocketId, SocketOption, Stack};
use crate::tcp::Tuple;
use crate::time::Duration;
use crate::wire::SeqNumber;

/// A connection right after a frame of its own left. Counts are those of its host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Live {
    /// Congestion window, bytes; 0 before data may flow.
    pub cwnd: u32,
    /// Bytes in the network, the frame's included.
    pub pipe: u32,
    /// Oldest unacknowledged number.
    pub una: SeqNumber,
    /// SACK is agreed.
    pub sack: bool,
    /// Path MTU in use.
    pub mtu: u32,
    /// Retransmission timeout, backoff included.
    pub rto: Duration,
    /// How often it was doubled.
    pub backoff: u32,
    /// Bytes that wait out of order.
    pub out_of_order: usize,
    /// Bytes queued to be sent or acknowledged.
    pub send_queue: usize,
    /// Bytes that may be.
    pub send_limit: usize,
    /// Tail loss probes that the host sent.
    pub tail_probes: u64,
    /// Probes of closed windows that it sent.
    pub window_probes: u64,
    /// Keep-alive probes that it sent.
    pub keep_alives: u64,
    /// Repairs that it began: fast retransmissions and timeouts.
    pub repairs: u64,
    /// Timeouts that it had.
    pub timeouts: u64,
}

impl Live {
    /// Ask the stack; `None` where it has no such connection (any more, or only a listener knows of it).
    pub(super) fn of(stack: &Stack, tuple: &Tuple) -> Option<Self> {
        let id = stack.tcp_by_tuple(tuple)?;
        let info = stack.tcp_info(id).ok()?;
        let limit = stack.option(SocketId::Tcp(id), SocketOption::SendBuffer);
        let count = |counter| stack.counters().value(counter);
        let timeouts = count(Counter::TcpTimeouts);
        Some(Self {
            cwnd: info.cwnd,
            pipe: info.pipe,
            una: info.snd_una,
            sack: info.sack,
            mtu: info.mtu,
            rto: info.rto,
            // A handshake counts its retries only.
            backoff: if info.cwnd == 0 { info.retries } else { info.backoff },
            out_of_order: info.out_of_order,
            send_queue: info.send_queue,
            send_limit: limit.ok().and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX),
            tail_probes: count(Counter::TcpLossProbes),
            window_probes: count(Counter::TcpProbes),
            keep_alives: count(Counter::TcpKeepAlives),
            repairs: count(Counter::TcpFastRetrans) + timeouts,
            timeouts,
        })
    }
}
