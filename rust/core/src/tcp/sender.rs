//! The sending half of a synchronized connection: what is queued, what is out, what the peer allows.

use super::Config;
use super::common::Common;
use super::congestion::{Acked, CongestionControl, Control, Kind, RateSample, Start};
use super::options::Agreed;
use super::recovery::{Progress, Recovery};
use super::rtt::Rtt;
use crate::buffer::SendQueue;
use crate::observe::{Context, Counter, Layer, TraceEvent};
use crate::time::{Duration, Instant};
use crate::wire::{SeqNumber, TcpFlags, TcpHeader};

/// What the peer lets us send.
#[derive(Debug, Clone)]
pub(super) struct PeerWindow {
    /// SND.WND, in bytes.
    pub(super) size: u32,
    /// The largest that it ever was.
    pub(super) largest: u32,
    /// Its shift.
    shift: u8,
    /// SND.WL1 and SND.WL2: the segment that told it.
    told_by: (SeqNumber, SeqNumber),
}

impl PeerWindow {
    /// The window that a segment tells.
    fn told(&self, segment: &TcpHeader) -> u32 {
        //= rfc7323#2.2   that of a SYN is never scaled
        let shift = if segment.has(TcpFlags::SYN) { 0 } else { self.shift };
        u32::from(segment.window) << shift
    }

    fn update(&mut self, segment: &TcpHeader) {
        //= rfc9293#3.10.7.4   an old segment must not undo what a newer one said
        let (seq, ack) = self.told_by;
        if segment.seq.after(seq) || (segment.seq == seq && segment.ack.at_or_after(ack)) {
            //= rfc9293#3.8.6 MUST-1 REC-1   unsigned, and 32 bits inside
            self.size = self.told(segment);
            self.largest = self.largest.max(self.size);
            self.told_by = (segment.seq, segment.ack);
        }
    }
}

/// Our FIN.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fin {
    /// Not asked for.
    None,
    /// It follows the queue, sent or not.
    Queued,
    /// The peer has it.
    Acknowledged,
}

/// What an acceptable ACK did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct AckEffect {
    /// It acknowledged something new.
    pub(super) advanced: bool,
    /// It acknowledged our FIN.
    pub(super) fin_acked: bool,
    /// The retransmission timer starts again.
    pub(super) restart_timer: bool,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Sender {
    /// SND.UNA: all before it is acknowledged. The queue's offset 0, unless only the FIN is left.
    pub(super) una: SeqNumber,
    /// SND.NXT: what goes out next. A timeout takes it back to SND.UNA.
    pub(super) nxt: SeqNumber,
    /// All before it was sent at least once.
    pub(super) max: SeqNumber,
    pub(super) peer: PeerWindow,
    pub(super) queue: SendQueue,
    pub(super) fin: Fin,
    /// SND.UP: the urgent data ends before this.
    pub(super) urgent: Option<SeqNumber>,
    pub(super) rtt: Rtt,
    pub(super) recovery: Recovery,
    pub(super) control: Control,
    /// The segment at SND.UNA is to go again, whatever the windows say.
    pub(super) resend: Option<&'static str>,
    /// Send what the peer's window holds, even a sliver: SWS avoidance waited long enough.
    pub(super) force: bool,
    /// Send a byte into a closed window.
    pub(super) probe: bool,
    /// Window probes: how many were sent since the window closed, and since the peer last answered.
    pub(super) probes: (u32, u32),
    /// Timeouts in a row without progress.
    pub(super) retries: u32,
    /// When anything was acknowledged last, or was queued behind nothing.
    pub(super) progress: Instant,
    /// The congestion window kept data back since the last ACK.
    pub(super) held_back: bool,
    /// When a segment with data left last.
    pub(super) last_sent: Instant,
    /// A segment under measurement: number behind it, time of its first and only transmission.
    timed: Option<(SeqNumber, Instant)>,
    /// Segment size that the peer announced, and the smallest that we let it force on us.
    peer_mss: u16,
    min_mss: u16,
    option_bytes: u32,
    mss: u32,
}

impl Sender {
    /// After a handshake in which `isn` was our number and `segment` acknowledged it. `rtt` knows what the handshake
    /// measured; `syn_lost` tells that a SYN had to be sent again.
    pub(super) fn new(
        cx: &Context<'_>,
        common: &Common,
        agreed: &Agreed,
        isn: SeqNumber,
        segment: &TcpHeader,
        handshake: (Rtt, bool),
    ) -> Self {
        let (rtt, syn_lost) = handshake;
        let config = &common.config;
        let shift = agreed.scale.map_or(0, |scale| scale.0);
        let mut peer = PeerWindow { size: 0, largest: 0, shift, told_by: (segment.seq, segment.ack) };
        peer.update(segment);
        let mut sender = Self {
            una: isn + 1,
            nxt: isn + 1,
            max: isn + 1,
            peer,
            queue: SendQueue::new(common.settings.send_buffer),
            fin: Fin::None,
            urgent: None,
            rtt,
            recovery: Recovery::new(isn),
            control: Control::new(common.congestion(), Start::new(cx.now, config, 1, 1, None)),
            resend: None,
            force: false,
            probe: false,
            probes: (0, 0),
            retries: 0,
            progress: cx.now,
            held_back: false,
            last_sent: cx.now,
            timed: None,
            peer_mss: agreed.peer_mss,
            min_mss: config.min_mss,
            option_bytes: agreed.option_bytes(),
            mss: 0,
        };
        sender.set_path_mss(common.path_mss());
        //= rfc5681#3.1   one segment after a lost SYN
        let segments = if syn_lost { 1 } else { config.initial_window };
        let window = segments.saturating_mul(sender.mss);
        let rtt = sender.rtt.smoothed();
        let start = Start::new(cx.now, config, sender.mss, window, rtt).seeded(isn.0);
        sender.control = Control::new(common.congestion(), start);
        sender
    }

    /// Another congestion control takes over.
    pub(super) fn set_congestion(&mut self, now: Instant, config: &Config, kind: Kind) {
        let start = Start::new(now, config, self.mss, 0, self.rtt.smoothed()).seeded(self.una.0);
        self.control.switch(kind, start);
    }

    /// Payload bytes of a full segment (RFC 9293 3.7.1, Eff.snd.MSS).
    pub(super) const fn mss(&self) -> u32 {
        self.mss
    }

    /// The path carries segments of `path` bytes now, options included.
    pub(super) fn set_path_mss(&mut self, path: u16) {
        //= rfc9293#3.7.1 MUST-16   the least of what the peer and the path take, less the options of every segment
        let segment = self.peer_mss.min(path).max(self.min_mss);
        self.mss = u32::from(segment).saturating_sub(self.option_bytes).max(8);
        self.control.on_mss(self.mss);
    }

    /// Bytes between SND.UNA and SND.NXT.
    pub(super) const fn flight(&self) -> u32 {
        self.nxt.0.wrapping_sub(self.una.0)
    }

    /// Whether something sent is not acknowledged.
    pub(super) fn is_outstanding(&self) -> bool {
        self.max != self.una
    }

    /// The number behind the last byte queued: that of the FIN, if there is one.
    pub(super) fn end(&self) -> SeqNumber {
        self.una + self.queue.len() as u32
    }

    /// Whether anything is queued that was never sent.
    pub(super) fn has_unsent(&self) -> bool {
        self.max.before(self.end()) || (self.fin == Fin::Queued && self.max == self.end())
    }

    /// Whether the peer owes an acknowledgment, now or as soon as it opens its window.
    pub(super) fn is_busy(&self) -> bool {
        self.is_outstanding() || self.has_unsent()
    }

    /// Whether `seq` was sent and not acknowledged: an ICMP error about anything else is forged or stale (RFC 5927 4).
    pub(super) const fn in_flight(&self, seq: SeqNumber) -> bool {
        seq.at_or_after(self.una) && seq.before(self.max)
    }

    /// Whether an ACK lies where it may (RFC 5961 5.2).
    pub(super) fn accepts(&self, ack: SeqNumber) -> bool {
        ack.at_or_before(self.max) && ack.at_or_after(self.una - self.peer.largest)
    }

    /// An ACK that `accepts`, with `length` bytes of sequence space of its own and the round trip by timestamps.
    pub(super) fn on_ack(
        &mut self,
        cx: &mut Context<'_>,
        common: &mut Common,
        segment: &TcpHeader,
        length: u32,
        stamped: Option<Duration>,
    ) -> AckEffect {
        let before = self.peer.size;
        self.peer.update(segment);
        if segment.ack.after(self.una) {
            return self.on_new_ack(cx, common, segment.ack, stamped);
        }
        //= rfc5681#2   a duplicate: data out, nothing new acknowledged, no data, the window as it was
        let same = segment.ack == self.una && length == 0 && self.peer.size == before;
        if same && self.is_outstanding() && self.probes.0 == 0 {
            self.on_duplicate(cx, common);
        }
        AckEffect { advanced: false, fin_acked: false, restart_timer: false }
    }

    fn on_duplicate(&mut self, cx: &mut Context<'_>, common: &Common) {
        let limited = common.config.limited_transmit;
        if !self.recovery.on_duplicate(self.una, self.max, self.mss, limited) {
            return;
        }
        cx.count(Counter::TcpFastRetrans);
        self.control.on_loss(cx.now, self.flight());
        self.resend = Some("fast");
        self.timed = None;
        self.trace_congestion(cx, common, "loss");
    }

    fn on_new_ack(
        &mut self,
        cx: &mut Context<'_>,
        common: &mut Common,
        ack: SeqNumber,
        stamped: Option<Duration>,
    ) -> AckEffect {
        let (una, flight) = (self.una, self.flight());
        cx.emit(Layer::TcpState, || TraceEvent::TcpAck { una, ack, next: self.nxt });
        let acked = ack.0.wrapping_sub(una.0);
        let bytes = acked.min(self.queue.len() as u32);
        self.queue.consume(bytes as usize);
        common.stats.bytes_acked += u64::from(bytes);
        self.una = ack;
        self.nxt = self.nxt.max(ack);
        self.retries = 0;
        self.progress = cx.now;
        self.resend = None;
        let sample = self.measure(cx.now, ack, stamped);
        let progress = self.recovery.on_progress(ack, bytes, self.mss);
        match progress {
            Progress::Ordinary | Progress::AfterTimeout => self.control.on_ack(Acked {
                now: cx.now,
                bytes,
                marked: 0,
                flight,
                flight_left: self.flight(),
                rtt: sample,
                srtt: self.rtt.smoothed(),
                min_rtt: self.rtt.shortest(),
                limited: self.held_back || self.fills_half_the_window(flight),
                after_timeout: progress == Progress::AfterTimeout,
                in_recovery: false,
                sample: RateSample::default(),
            }),
            Progress::Partial { .. } => self.resend = Some("partial"),
            Progress::Recovered => {
                self.control.on_recovered(cx.now, self.flight());
                self.trace_congestion(cx, common, "recovered");
            }
        }
        self.held_back = false;
        if acked > bytes {
            self.fin = Fin::Acknowledged;
        }
        if self.urgent.is_some_and(|urgent| ack.at_or_after(urgent)) {
            self.urgent = None;
        }
        AckEffect {
            advanced: true,
            fin_acked: acked > bytes,
            //= rfc6298#5.3   new data acknowledged; in a repair only the first partial ACK counts (RFC 6582 3.2)
            restart_timer: !matches!(progress, Progress::Partial { first: false }),
        }
    }

    /// In slow start the window may grow while half of it is used: what is out doubles before the next look.
    fn fills_half_the_window(&self, flight: u32) -> bool {
        let window = self.control.window();
        window < self.control.threshold() && flight >= window / 2
    }

    /// The round trip that an ACK measures: of the one segment under measurement, else by timestamps, which tell a
    /// retransmission from its original (RFC 7323 4.1).
    fn measure(&mut self, now: Instant, ack: SeqNumber, stamped: Option<Duration>) -> Option<Duration> {
        let sample = match self.timed {
            Some((end, at)) if ack.at_or_after(end) => {
                self.timed = None;
                now.since(at)
            }
            Some(_) => return None,
            None => stamped?,
        };
        self.rtt.sample(sample);
        Some(sample)
    }

    /// The retransmission timer fired: everything in flight counts as lost.
    pub(super) fn on_timeout(&mut self, cx: &mut Context<'_>, common: &Common) {
        cx.count(Counter::TcpTimeouts);
        self.retries += 1;
        if self.retries == 1 {
            //= rfc5681#3.1   the threshold falls once, not with every repetition
            self.control.on_timeout(cx.now, self.max.0.wrapping_sub(self.una.0));
        }
        self.recovery.on_timeout(self.max);
        self.rtt.back_off();
        self.go_back("timeout");
        self.trace_congestion(cx, common, "timeout");
    }

    /// Send again from SND.UNA on, the first segment at once.
    pub(super) const fn go_back(&mut self, cause: &'static str) {
        self.nxt = self.una;
        self.resend = Some(cause);
        self.timed = None;
    }

    /// A segment up to `end` leaves for the first time: measure it, unless another is under way.
    pub(super) const fn time(&mut self, now: Instant, end: SeqNumber) {
        if self.timed.is_none() {
            self.timed = Some((end, now));
        }
    }

    /// A segment leaves that was sent before.
    pub(super) fn distrust(&mut self, seq: SeqNumber) {
        //= rfc6298#3   Karn: what covers a retransmission measures nothing
        if self.timed.is_some_and(|(end, _)| end.after(seq)) {
            self.timed = None;
        }
    }

    pub(super) fn trace_congestion(&self, cx: &mut Context<'_>, common: &Common, cause: &'static str) {
        let remote = common.tuple.remote;
        cx.emit(Layer::Tcp, || TraceEvent::TcpCongestion {
            destination: remote.ip(),
            destination_port: remote.port(),
            window: self.control.window().into(),
            threshold: self.control.threshold().into(),
            cause,
        });
    }
}
