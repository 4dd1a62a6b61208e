//! What a connection did so far, what it waits for, and for how long it did: the second half of tcp_info.

use crate::tcp::State;
use crate::tcp::common::Common;
use crate::tcp::open::Open;
use crate::tcp::tuning::Pressure;
use crate::tcp::wait::{Wait, WaitClock};
use crate::time::{Duration, Instant};

/// Part of an [`Info`](super::Info). Counts begin with the connection.
#[derive(Debug, Clone, PartialEq)]
pub struct Work {
    /// Why nothing goes out now.
    pub waiting: Wait,
    /// How long it was busy, and what held it back of that time.
    pub clock: WaitClock,
    /// Bytes queued that were never sent.
    pub unsent: usize,
    /// Bytes sent again that are in the network.
    pub resent: u32,
    /// Unanswered window probes.
    pub probes: u32,
    /// Bytes a second that were delivered last.
    pub delivery_rate: Option<u64>,
    /// That was as fast as the application wanted, not as the path could.
    pub delivery_rate_app_limited: bool,
    /// Payload bytes that left, copies included.
    pub bytes_sent: u64,
    /// Payload bytes that left again.
    pub bytes_resent: u64,
    /// Segments with payload that came, and that left.
    pub data_segments_in: u64,
    /// See `data_segments_in`.
    pub data_segments_out: u64,
    /// Segments that came before their turn.
    pub out_of_order_segments: u64,
    /// ACKs that told of a second copy (DSACK).
    pub duplicates_reported: u32,
    /// ACKs that told of reordering.
    pub reorderings: u32,
    /// Retransmission timeouts.
    pub timeouts: u32,
    /// Rows of them, each ended by progress.
    pub timeout_rows: u32,
    /// How long those rows lasted that are over.
    pub timeout_time: Duration,
    /// When data left last.
    pub last_data_sent: Option<Instant>,
    /// When data came last.
    pub last_data_received: Option<Instant>,
    /// When an ACK came last.
    pub last_ack_received: Option<Instant>,
    /// How long an ACK may wait for company.
    pub delayed_ack: Duration,
    /// Payload bytes of a full segment that the peer sends, as far as seen.
    pub rcv_mss: u32,
    /// The round trip as the receiver sees it.
    pub rcv_rtt: Option<Duration>,
    /// The most that the application read in one of those.
    pub rcv_space: u32,
    /// Bytes that may wait to be read, and that may be queued.
    pub receive_buffer: usize,
    /// See `receive_buffer`.
    pub send_buffer: usize,
    /// How short the memory of the stack is.
    pub pressure: Pressure,
}

impl Work {
    /// What is known in every state.
    pub(super) fn of(common: &Common, state: State) -> Self {
        let stats = &common.stats;
        Self {
            waiting: match state {
                State::SynSent | State::SynReceived => Wait::Handshake,
                _ => Wait::Closed,
            },
            clock: WaitClock::default(),
            unsent: 0,
            resent: 0,
            probes: 0,
            delivery_rate: None,
            delivery_rate_app_limited: false,
            bytes_sent: stats.bytes_sent,
            bytes_resent: stats.bytes_resent,
            data_segments_in: stats.data_segments_in,
            data_segments_out: stats.data_segments_out,
            out_of_order_segments: stats.out_of_order_segments,
            duplicates_reported: stats.duplicates_reported,
            reorderings: stats.reorderings,
            timeouts: stats.timeouts,
            timeout_rows: stats.timeout_rows,
            timeout_time: stats.timeout_time,
            last_data_sent: None,
            last_data_received: None,
            last_ack_received: None,
            delayed_ack: common.config.delayed_ack,
            rcv_mss: 0,
            rcv_rtt: None,
            rcv_space: 0,
            receive_buffer: common.settings.receive_buffer,
            send_buffer: common.settings.send_buffer,
            pressure: common.memory,
        }
    }

    /// What the two halves did, and what they wait for.
    pub(super) fn fill(&mut self, open: &Open) {
        let (sender, receiver) = (&open.sender, &open.receiver);
        (self.waiting, self.clock) = (sender.waiting, sender.clock);
        (self.unsent, self.resent, self.probes) = (sender.unsent(), sender.flight.resent(), sender.probes.1);
        if let Some((rate, limited)) = sender.estimator.rate() {
            (self.delivery_rate, self.delivery_rate_app_limited) = (Some(rate), limited);
        }
        self.last_data_sent = Some(sender.last_sent).filter(|_| self.data_segments_out > 0);
        (self.last_data_received, self.last_ack_received) = (receiver.last_text, Some(open.heard));
        self.rcv_mss = receiver.segment;
        (self.rcv_rtt, self.rcv_space) = (receiver.tuning.rtt(), receiver.tuning.read());
        (self.receive_buffer, self.send_buffer) = (receiver.tuning.size(), sender.queue.limit());
    }
}
