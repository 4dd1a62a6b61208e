//! All that can be known about a connection at a glance.

use super::open::Open;
use super::{Settings, State, Tuple};
use crate::time::{Duration, Instant};
use crate::wire::SeqNumber;

/// A snapshot, in the words of Linux's tcp_info where it has one. Windows, thresholds and queues are in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Info {
    /// The addresses.
    pub tuple: Tuple,
    /// The state.
    pub state: State,
    /// Congestion control.
    pub congestion: &'static str,
    /// Congestion window.
    pub cwnd: u64,
    /// Slow start threshold; `u64::MAX` until a loss set it.
    pub ssthresh: u64,
    /// Smoothed round trip, once measured.
    pub srtt: Option<Duration>,
    /// Its variation.
    pub rttvar: Duration,
    /// The least round trip.
    pub min_rtt: Option<Duration>,
    /// The latest round trip.
    pub last_rtt: Option<Duration>,
    /// Retransmission timeout, backed off.
    pub rto: Duration,
    /// Doublings of the timeout.
    pub backoff: u32,
    /// Retransmissions in a row without an answer.
    pub retries: u32,
    /// Segments sent again so far.
    pub retransmissions: u64,
    /// R1 was reached: the path is suspected (RFC 9293 SHLD-9).
    pub suspect: bool,
    /// Recovering from a loss.
    pub recovering: bool,
    /// Duplicate ACKs in a row.
    pub duplicate_acks: u32,
    /// SND.UNA
    pub snd_una: SeqNumber,
    /// SND.NXT
    pub snd_nxt: SeqNumber,
    /// Bytes under way.
    pub flight: u32,
    /// SND.WND
    pub snd_wnd: u32,
    /// RCV.NXT
    pub rcv_nxt: SeqNumber,
    /// RCV.WND
    pub rcv_wnd: u32,
    /// The most payload of a segment that we send.
    pub snd_mss: usize,
    /// The MSS that we advertised.
    pub advertised_mss: u16,
    /// The MSS that the peer advertised.
    pub peer_mss: u16,
    /// The MTU of the path, as far as known.
    pub path_mtu: usize,
    /// Bytes queued to be sent or acknowledged.
    pub send_queue: usize,
    /// Bytes that wait to be read.
    pub receive_queue: usize,
    /// Segments that wait for a gap to close.
    pub out_of_order: usize,
    /// Urgent bytes ahead of the reader.
    pub urgent: usize,
    /// Window scaling: what we shift the peer's window by, and it ours.
    pub window_scale: (u8, u8),
    /// Timestamps are used.
    pub timestamps: bool,
    /// Selective acknowledgments may be sent.
    pub sack: bool,
    /// Armed timers and when they fire.
    pub timers: Vec<(&'static str, Instant)>,
    /// What the connection set for itself.
    pub settings: Settings,
}

impl Info {
    /// Of a connection without a synchronized peer.
    pub(super) fn plain(tuple: Tuple, state: State, settings: Settings) -> Self {
        Self {
            tuple,
            state,
            congestion: "",
            cwnd: 0,
            ssthresh: u64::MAX,
            srtt: None,
            rttvar: Duration::ZERO,
            min_rtt: None,
            last_rtt: None,
            rto: Duration::ZERO,
            backoff: 0,
            retries: 0,
            retransmissions: 0,
            suspect: false,
            recovering: false,
            duplicate_acks: 0,
            snd_una: SeqNumber(0),
            snd_nxt: SeqNumber(0),
            flight: 0,
            snd_wnd: 0,
            rcv_nxt: SeqNumber(0),
            rcv_wnd: 0,
            snd_mss: 0,
            advertised_mss: 0,
            peer_mss: 0,
            path_mtu: 0,
            send_queue: 0,
            receive_queue: 0,
            out_of_order: 0,
            urgent: 0,
            window_scale: (0, 0),
            timestamps: false,
            sack: false,
            timers: Vec::new(),
            settings,
        }
    }
}

impl Open {
    pub(super) fn info(&self, config: &super::Config, settings: Settings) -> Info {
        let (sender, receiver) = (&self.sender, &self.receiver);
        let controller = sender.congestion.controller();
        Info {
            congestion: sender.congestion.kind().name(),
            cwnd: controller.window(),
            ssthresh: controller.threshold(),
            srtt: sender.rtt.smoothed(),
            rttvar: sender.rtt.variation(),
            min_rtt: sender.rtt.least(),
            last_rtt: sender.rtt.latest(),
            rto: sender.rtt.timeout(config),
            backoff: sender.rtt.backoff(),
            retries: sender.retries,
            retransmissions: sender.retransmissions,
            suspect: sender.retries >= u32::from(config.retries1),
            recovering: sender.recovery.is_active(),
            duplicate_acks: sender.recovery.duplicates(),
            snd_una: sender.una(),
            snd_nxt: sender.sent(),
            flight: sender.flight(),
            snd_wnd: sender.window(),
            rcv_nxt: receiver.next(),
            rcv_wnd: receiver.window(),
            snd_mss: sender.mss(),
            advertised_mss: self.agreed.own_mss,
            peer_mss: self.agreed.peer_mss(),
            path_mtu: self.agreed.mtu(),
            send_queue: sender.queue.len(),
            receive_queue: receiver.readable(),
            out_of_order: receiver.early(),
            urgent: receiver.urgent_ahead(),
            window_scale: (self.agreed.send_scale, self.agreed.receive_scale),
            timestamps: self.agreed.timestamps.is_some(),
            sack: self.agreed.sack,
            timers: self.timers.armed().collect(),
            ..Info::plain(self.tuple, self.closing.state(), settings)
        }
    }
}
