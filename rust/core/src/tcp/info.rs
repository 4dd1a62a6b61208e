//! A connection as seen from outside: Linux's tcp_info as far as its fields have a meaning here (counts of segments are
//! in bytes), and why the sender waits.

mod work;

pub use work::Work;

use super::common::Common;
use super::congestion::{CongestionControl, MAX_WINDOW};
use super::connection::Phase;
use super::ecn::EcnInfo;
use super::fast_open::FastOpen;
use super::handshake::SynReceived;
use super::knock::Knock;
use super::open::Open;
use super::options::Agreed;
use super::wait::Wait;
use super::{Connection, State, Tuple};
use crate::error::Error;
use crate::time::{Duration, Instant};
use crate::wire::SeqNumber;

/// Segments sent again, by what made them go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Resent {
    /// Found lost, by SACK, time or duplicates.
    pub fast: u64,
    /// The retransmission timer.
    pub timeout: u64,
    /// Probes, of a tail or of a closed window.
    pub probe: u64,
    /// The path took no more of that size.
    pub mtu: u64,
    /// Of all these, as many as the peer reported as received twice (DSACK): they were in vain.
    pub spurious: u64,
}

impl Resent {
    /// One more.
    pub(super) fn add(&mut self, cause: &str) {
        match cause {
            "timeout" => self.timeout += 1,
            "probe" => self.probe += 1,
            "mtu" => self.mtu += 1,
            _ => self.fast += 1,
        }
    }

    /// All of them.
    pub const fn total(&self) -> u64 {
        self.fast + self.timeout + self.probe + self.mtu
    }

    /// Those of both.
    #[must_use]
    pub const fn plus(&self, other: &Self) -> Self {
        Self {
            fast: self.fast + other.fast,
            timeout: self.timeout + other.timeout,
            probe: self.probe + other.probe,
            mtu: self.mtu + other.mtu,
            spurious: self.spurious + other.spurious,
        }
    }

    /// Causes that are not 0, by name.
    pub fn by_cause(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let all = [("fast", self.fast), ("timeout", self.timeout), ("probe", self.probe), ("mtu", self.mtu)];
        all.into_iter().filter(|(_, count)| *count > 0)
    }
}

/// A snapshot of a connection. Numbers that its state does not have yet, or any more, are zero.
#[derive(Debug, Clone, PartialEq)]
pub struct Info {
    /// Who with whom.
    pub tuple: Tuple,
    /// Where it stands.
    pub state: State,
    /// Congestion window, bytes; during fast recovery what PRR makes of it.
    pub cwnd: u32,
    /// Slow start threshold, bytes; `None` until something set it.
    pub ssthresh: Option<u32>,
    /// Name of the congestion control.
    pub congestion: &'static str,
    /// What it is doing, in its own word: `slow-start`, `avoidance`; empty before data may flow.
    pub congestion_phase: &'static str,
    /// Bytes per second at which it sends, where it paces.
    pub pacing_rate: Option<u64>,
    /// Recovery phase: `open`, `fast`, `loss`.
    pub recovery: &'static str,
    /// Smoothed round trip, if measured.
    pub srtt: Option<Duration>,
    /// Its mean deviation.
    pub rttvar: Duration,
    /// Smallest round trip seen, if measured.
    pub min_rtt: Option<Duration>,
    /// Latest round trip measured.
    pub last_rtt: Option<Duration>,
    /// Retransmission timeout, backoff included.
    pub rto: Duration,
    /// Doublings of the timeout.
    pub backoff: u32,
    /// Timeouts in a row.
    pub retries: u32,
    /// R1 was reached: the path is doubted (RFC 9293 SHLD-9).
    pub suspect: bool,
    /// Duplicate ACKs in a row.
    pub duplicate_acks: u32,
    /// Bytes in the network, as far as known (RFC 6675's pipe).
    pub pipe: u32,
    /// Bytes lost and not sent again yet.
    pub lost: u32,
    /// Bytes that the peer holds behind a gap.
    pub sacked: u32,
    /// The path was seen to reorder (RFC 8985).
    pub reordering: bool,
    /// How much later than its successor a segment may come before it counts as lost (RFC 8985 6.2).
    pub reordering_window: Duration,
    /// Payload bytes delivered, in order or not.
    pub delivered: u64,
    /// Bytes found lost so far.
    pub bytes_lost: u64,
    /// Oldest unacknowledged number.
    pub snd_una: SeqNumber,
    /// Next number to send.
    pub snd_nxt: SeqNumber,
    /// Peer's window, bytes.
    pub snd_wnd: u32,
    /// Bytes in flight.
    pub flight: u32,
    /// Next number expected.
    pub rcv_nxt: SeqNumber,
    /// Our window as last advertised, bytes.
    pub rcv_wnd: u32,
    /// Payload bytes of a full segment that we send.
    pub mss: u32,
    /// The MSS that we announced.
    pub advertised_mss: u32,
    /// The MSS that the peer announced.
    pub peer_mss: u32,
    /// Path MTU in use.
    pub mtu: u32,
    /// Bytes queued to be sent or acknowledged.
    pub send_queue: usize,
    /// Bytes waiting to be read.
    pub receive_queue: usize,
    /// Bytes waiting out of order.
    pub out_of_order: usize,
    /// Bytes to read before the end of urgent data.
    pub urgent: usize,
    /// What ICMP says is wrong with the path, until it carries something again: why the connection ends, if it does.
    pub soft_error: Option<Error>,
    /// Timestamps negotiated.
    pub timestamps: bool,
    /// SACK negotiated.
    pub sack: bool,
    /// Window shift of the peer, and ours.
    pub window_scale: Option<(u8, u8)>,
    /// Explicit congestion notification.
    pub ecn: EcnInfo,
    /// It came out of a SYN cookie.
    pub syn_cookie: bool,
    /// How far TCP Fast Open went: `none`, `cookie` (asked for or given), `data` (sent, fate unknown), `accepted`, `refused`.
    pub fast_open: &'static str,
    /// The data in the SYN was acknowledged with it.
    pub syn_data_acked: bool,
    /// No application holds it any more.
    pub orphan: bool,
    /// Payload bytes that the peer acknowledged.
    pub bytes_acked: u64,
    /// Payload bytes that came in order.
    pub bytes_received: u64,
    /// Segments that came.
    pub segments_in: u64,
    /// Segments (units) that were sent.
    pub segments_out: u64,
    /// Segments sent again.
    pub retransmissions: u64,
    /// The same by cause.
    pub resent: Resent,
    /// What it did so far, and what it waits for.
    pub work: Work,
    /// Timers that are armed, with their deadlines.
    pub timers: Vec<(&'static str, Instant)>,
}

impl Connection {
    /// A snapshot.
    pub fn info(&self) -> Info {
        let mut info = Info::blank(&self.common, self.state());
        info.urgent = self.urgent_mark().unwrap_or(0);
        match &self.phase {
            Phase::SynSent(state) => {
                info.fill_handshake(&state.knock);
                info.send_queue = state.early.as_ref().map_or(0, |early| early.queue.len());
            }
            Phase::SynReceived(state) => info.fill_received(state),
            Phase::Open(open) => {
                info.fill_open(open);
                info.pacing_rate = open.sender.pacing_rate(&self.common);
            }
            Phase::TimeWait(state) => {
                (info.snd_una, info.snd_nxt, info.rcv_nxt) = (state.sent, state.sent, state.next);
                info.rcv_wnd = state.window;
                info.timestamps = state.recent.is_some();
            }
            Phase::Closed => {}
        }
        if self.restless && !matches!(info.work.waiting, Wait::Handshake | Wait::Closed) {
            info.work.waiting = Wait::Nothing;
        }
        info.suspect = info.retries >= u32::from(self.common.config.retries1);
        if info.timers.is_empty() {
            info.timers.extend(
                self.poll_timeout()
                    .map(|at| (if info.state == State::TimeWait { "2msl" } else { "syn" }, at)),
            );
        }
        info
    }
}

impl Info {
    /// A connection that only its listener knows of.
    pub(super) fn of_half_open(common: &Common, state: &SynReceived) -> Self {
        let mut info = Self::blank(common, State::SynReceived);
        info.fill_received(state);
        let timer = if state.deferred { "defer-accept" } else { "syn" };
        info.timers.push((timer, state.knock.poll_timeout(common)));
        info
    }

    fn fill_received(&mut self, state: &SynReceived) {
        self.fill_handshake(&state.knock);
        if let Some(open) = &state.fast {
            return self.fill_open(open);
        }
        self.rcv_nxt = state.next();
        self.fill_agreed(&state.agreed);
    }

    /// What is known in every state.
    fn blank(common: &Common, state: State) -> Self {
        Self {
            tuple: common.tuple,
            state,
            cwnd: 0,
            ssthresh: None,
            congestion: common.congestion().name(),
            congestion_phase: "",
            pacing_rate: None,
            recovery: "open",
            srtt: None,
            rttvar: Duration::ZERO,
            min_rtt: None,
            last_rtt: None,
            rto: common.config.initial_rto,
            backoff: 0,
            retries: 0,
            suspect: false,
            duplicate_acks: 0,
            pipe: 0,
            lost: 0,
            sacked: 0,
            reordering: false,
            reordering_window: Duration::ZERO,
            delivered: 0,
            bytes_lost: 0,
            snd_una: SeqNumber(0),
            snd_nxt: SeqNumber(0),
            snd_wnd: 0,
            flight: 0,
            rcv_nxt: SeqNumber(0),
            rcv_wnd: 0,
            mss: 0,
            advertised_mss: u32::from(common.advertised_mss()),
            peer_mss: 0,
            mtu: common.mtu as u32,
            send_queue: 0,
            receive_queue: common.inbox.readable(),
            out_of_order: common.inbox.waiting(),
            urgent: 0,
            //= rfc9293#3.9.1.8 MUST-47   whoever looks learns of it before it is fatal
            soft_error: common.soft_error,
            timestamps: false,
            sack: false,
            window_scale: None,
            ecn: EcnInfo::OFF,
            syn_cookie: common.syn_cookie,
            fast_open: common.fast_open.name(),
            syn_data_acked: common.fast_open == FastOpen::Accepted,
            orphan: common.orphan,
            bytes_acked: common.stats.bytes_acked,
            bytes_received: common.stats.bytes_received,
            segments_in: common.stats.segments_in,
            segments_out: common.stats.segments_out,
            retransmissions: common.stats.retransmissions,
            resent: common.stats.resent,
            work: Work::of(common, state),
            timers: Vec::new(),
        }
    }

    fn fill_handshake(&mut self, knock: &Knock) {
        (self.snd_una, self.snd_nxt, self.flight) = (knock.isn(), knock.isn() + 1, 1);
        (self.retries, self.rto) = (u32::from(knock.retries()), knock.wait());
    }

    fn fill_agreed(&mut self, agreed: &Agreed) {
        self.peer_mss = u32::from(agreed.peer_mss);
        self.timestamps = agreed.timestamps.is_some();
        self.sack = agreed.sack;
        self.window_scale = agreed.scale;
        self.ecn = EcnInfo::of_handshake(&agreed.ecn);
    }

    fn fill_open(&mut self, open: &Open) {
        let (sender, receiver) = (&open.sender, &open.receiver);
        self.fill_agreed(&open.agreed);
        self.ecn = EcnInfo::of(&receiver.ecn, &sender.ecn);
        self.cwnd = sender.window();
        self.ssthresh = Some(sender.control.threshold()).filter(|threshold| *threshold < MAX_WINDOW);
        self.congestion = sender.control.kind().name();
        self.congestion_phase = sender.control.phase();
        self.pacing_rate = sender.control.pacing_rate();
        self.recovery = sender.recovery.name();
        self.srtt = sender.rtt.smoothed();
        self.rttvar = sender.rtt.variation();
        self.min_rtt = sender.rtt.shortest();
        self.last_rtt = sender.rtt.latest();
        self.rto = sender.rtt.timeout();
        self.backoff = sender.rtt.backoff();
        self.duplicate_acks = sender.recovery.duplicates();
        (self.pipe, self.lost, self.sacked) =
            (sender.pipe(), sender.flight.lost(), sender.flight.delivered());
        self.reordering = sender.rack.reordering_seen();
        self.reordering_window = sender.reordering_window();
        (self.delivered, self.bytes_lost) = (sender.estimator.delivered(), sender.estimator.lost());
        self.congestion_phase = sender.control.phase();
        self.retries = sender.retries.max(sender.probes.1);
        (self.snd_una, self.snd_nxt, self.snd_wnd) = (sender.una, sender.nxt, sender.peer.size);
        self.flight = sender.outstanding();
        (self.rcv_nxt, self.rcv_wnd) = (receiver.next, receiver.window());
        self.mss = sender.mss();
        self.send_queue = sender.queue.len();
        self.work.fill(open);
        self.timers = open.timers.armed().collect();
    }
}
