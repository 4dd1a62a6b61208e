//! The sending half of a synchronized connection: what is queued, what is out, what the peer allows.

use super::Config;
use super::common::Common;
use super::congestion::{CongestionControl, Control, Kind, Start};
use super::delivery::Estimator;
use super::ecn;
use super::flight::Flight;
use super::options::Agreed;
use super::pacing::Pacer;
use super::rack::Rack;
use super::recovery::{Phase, Recovery};
use super::rtt::Rtt;
use super::search::Search;
use super::tail::Tail;
use super::undo::Undo;
use super::wait::{Wait, WaitClock};
use crate::buffer::SendQueue;
use crate::observe::{Context, Counter, Layer, TraceEvent};
use crate::time::Instant;
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

    pub(super) fn update(&mut self, segment: &TcpHeader) {
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
    /// SND.NXT: what goes out next for the first time.
    pub(super) nxt: SeqNumber,
    /// All before it was sent; beyond SND.NXT only by a probe of a closed window.
    pub(super) max: SeqNumber,
    pub(super) peer: PeerWindow,
    pub(super) queue: SendQueue,
    pub(super) fin: Fin,
    /// SND.UP: the urgent data ends before this.
    pub(super) urgent: Option<SeqNumber>,
    pub(super) rtt: Rtt,
    /// SACK is agreed, and timestamps are.
    pub(super) sack: bool,
    pub(super) stamps: bool,
    pub(super) flight: Flight,
    pub(super) estimator: Estimator,
    pub(super) rack: Rack,
    pub(super) tail: Tail,
    pub(super) undo: Undo,
    pub(super) pacer: Pacer,
    pub(super) recovery: Recovery,
    pub(super) control: Control,
    /// What the peer tells of marks.
    pub(super) ecn: ecn::Response,
    /// What the retransmissions at hand are for.
    pub(super) cause: &'static str,
    /// The next retransmission goes whatever the congestion window says.
    pub(super) urge: bool,
    /// The ACK before was a partial one, without SACK.
    pub(super) partial: bool,
    /// When what was overtaken counts as lost (the reordering timer of RFC 8985).
    pub(super) reorder_until: Option<Instant>,
    /// Until when pacing holds output back.
    pub(super) paced_until: Option<Instant>,
    /// Why nothing went out when output was asked for last, and for how long it has been so.
    pub(super) waiting: Wait,
    pub(super) clock: WaitClock,
    /// The application had more than the queue took.
    pub(super) refused: bool,
    /// When the first of the timeouts in a row fired.
    pub(super) timed_out: Instant,
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
    /// The next round trip is measured on what is sent from here on.
    pub(super) timed: SeqNumber,
    /// Segment size that the peer announced, and the smallest that we let it force on us.
    pub(super) peer_mss: u16,
    pub(super) min_mss: u16,
    pub(super) option_bytes: u32,
    pub(super) mss: u32,
    /// What interface and ICMP say of the path, options included; and what was found out by trying.
    pub(super) path_mss: u16,
    pub(super) search: Option<Box<Search>>,
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
            sack: agreed.sack,
            stamps: agreed.timestamps.is_some(),
            flight: Flight::default(),
            estimator: Estimator::default(),
            rack: Rack::default(),
            tail: Tail::default(),
            undo: Undo::default(),
            pacer: Pacer::default(),
            recovery: Recovery::new(isn),
            control: Control::new(common.congestion(), Start::new(cx.now, config, 1, 1, None)),
            ecn: ecn::Response::new(&agreed.ecn, isn),
            cause: "fast",
            urge: false,
            partial: false,
            reorder_until: None,
            paced_until: None,
            waiting: Wait::Nothing,
            clock: WaitClock::default(),
            refused: false,
            timed_out: cx.now,
            force: false,
            probe: false,
            probes: (0, 0),
            retries: 0,
            progress: cx.now,
            held_back: false,
            last_sent: cx.now,
            timed: isn + 1,
            peer_mss: agreed.peer_mss,
            min_mss: config.min_mss,
            option_bytes: agreed.option_bytes(),
            mss: 0,
            path_mss: 0,
            search: None,
        };
        sender.set_path_mss(common.path_mss());
        sender.set_probing(config);
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

    /// A congestion control begins anew where the one in use stands, though it be the same: its knobs changed.
    pub(super) fn renew_congestion(&mut self, now: Instant, config: &Config, kind: Kind) {
        let start = Start::new(now, config, self.mss, 0, self.rtt.smoothed()).seeded(self.una.0);
        self.control.renew(kind, start);
    }

    /// Payload bytes of a full segment (RFC 9293 3.7.1, Eff.snd.MSS).
    pub(super) const fn mss(&self) -> u32 {
        self.mss
    }

    /// Bytes between SND.UNA and SND.NXT.
    pub(super) const fn outstanding(&self) -> u32 {
        self.nxt.0.wrapping_sub(self.una.0)
    }

    /// What duplicates without SACK stand for: a segment each that left the network (RFC 6582).
    pub(super) fn virtually_delivered(&self) -> u32 {
        let held = if self.sack { 0 } else { self.recovery.duplicates().saturating_mul(self.mss) };
        held.min(self.flight.out().saturating_sub(1))
    }

    /// Bytes in the network, as far as known (RFC 6675).
    pub(super) fn pipe(&self) -> u32 {
        self.flight.out() - self.virtually_delivered()
    }

    /// What may be in flight.
    pub(super) fn window(&self) -> u32 {
        if self.recovery.phase() == Phase::Fast && !self.control.repairs_itself() {
            self.recovery.prr.window()
        } else {
            self.control.window()
        }
    }

    /// Bytes a second at which to send, if output is paced.
    pub(super) fn pacing_rate(&self, common: &Common) -> Option<u64> {
        let own = || {
            let window = u64::from(self.control.window());
            let rtt = self.rtt.smoothed().filter(|_| common.config.pacing)?;
            //= rfc9002#7.7   somewhat faster than the window turns over, so that pacing is not what limits: as Linux,
            // twice as fast in slow start and by a fifth after
            let percent = if self.control.window() < self.control.threshold() { 200 } else { 120 };
            Some(window * percent * 10_000_000 / rtt.as_nanos().max(1))
        };
        self.control.pacing_rate().or_else(own)
    }

    /// Whether something sent is not acknowledged.
    pub(super) fn is_outstanding(&self) -> bool {
        self.max != self.una
    }

    /// Bytes queued that were never sent.
    pub(super) const fn unsent(&self) -> usize {
        self.queue.len().saturating_sub(self.max.0.wrapping_sub(self.una.0) as usize)
    }

    /// Output was asked for, and there was none, for this reason.
    pub(super) fn note_wait(&mut self, now: Instant, wait: Wait) {
        self.waiting = wait;
        self.clock.note(now, wait, self.is_busy());
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

    /// Whether anything is queued that was never sent and has a place in the peer's window.
    pub(super) fn has_new_data(&self) -> bool {
        self.outstanding() < (self.queue.len() as u32).min(self.peer.size)
    }

    /// The retransmission timer fired: everything in flight counts as lost.
    pub(super) fn on_timeout(&mut self, cx: &mut Context<'_>, common: &Common) {
        cx.count(Counter::TcpTimeouts);
        self.retries += 1;
        if self.retries == 1 {
            self.timed_out = cx.now;
            //= rfc5681#3.1   the threshold falls once, not with every repetition
            self.control.on_timeout(cx.now, self.outstanding());
            self.undo.begin_anew(self.una);
            self.ecn.on_reduced(self.max, false);
        }
        self.estimator.on_lost(self.flight.out());
        if let Some(search) = &mut self.search {
            search.on_doubt();
        }
        if self.retries >= u32::from(common.config.retries1) {
            self.doubt_path(&common.config);
        }
        self.recovery.on_timeout(self.max, common.config.frto && self.retries == 1);
        //= rfc9293#3.8.2 MUST-19   backoff here, slow start and congestion avoidance in the control (congestion/)
        self.rtt.back_off();
        //= rfc6298#5.7   whatever is measured next ends the backoff, though it covers only what is sent again now
        self.timed = self.una;
        self.tail.cancel();
        self.go_back("timeout", self.mss);
        self.trace_congestion(cx, common, "timeout");
    }

    /// Send again what is out, the first segment at once; see `Flight::lose_all` for `join`.
    pub(super) fn go_back(&mut self, cause: &'static str, join: u32) {
        self.flight.lose_all(self.mss, join);
        self.reorder_until = None;
        (self.cause, self.urge) = (cause, true);
    }

    /// The reordering timer fired: what was overtaken had its time.
    pub(super) fn on_reordering(&mut self, cx: &mut Context<'_>, common: &Common) {
        let before = self.flight.lost();
        self.detect(cx);
        let newly_lost = self.flight.lost().saturating_sub(before);
        let newly_lost = self.excuse_probe(cx.now, &common.config, newly_lost);
        self.estimator.on_lost(newly_lost);
        if newly_lost > 0 && self.recovery.phase() == Phase::Open {
            self.begin_repair(cx, common, 0);
            let (pipe, threshold) = (self.pipe(), self.control.threshold());
            self.recovery.prr.on_ack(0, pipe, threshold, self.mss, false);
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
