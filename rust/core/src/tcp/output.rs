//! What leaves: retransmissions, new data, FIN, probes and ACKs, in that order, with the header of each.

use super::open::{Open, Probe};
use super::receiver::AckWish;
use super::sender::{Plan, Sender};
use super::timers::Timer;
use super::{Config, Settings};
use crate::observe::{Context, Counter, Layer, TraceEvent};
use crate::wire::{SeqNumber, TcpFlags, TcpHeader, Timestamps};

/// A segment to be sent, or a unit of several that the device will cut.
#[derive(Debug, Clone, Copy)]
pub struct Outgoing {
    /// Its header; the ports are filled in, the checksum is not.
    pub header: TcpHeader,
    /// Where its payload begins in the send queue.
    pub offset: usize,
    /// Bytes of payload.
    pub length: usize,
    /// Payload bytes of each segment on the wire, when `length` exceeds it.
    pub segment_size: usize,
    /// Whether it was sent before.
    pub retransmission: bool,
}

impl Open {
    /// Whether there is anything to send now.
    pub(super) fn wants_transmit(&self, settings: &Settings) -> bool {
        self.ack == AckWish::Now || self.probe.is_some() || self.plan(settings, self.sender.mss()).is_some()
    }

    fn plan(&self, settings: &Settings, most: usize) -> Option<Plan> {
        if self.closing == super::closing::Closing::TimeWait {
            None
        } else {
            self.sender.plan(settings, most)
        }
    }

    /// The next segment.
    pub(super) fn poll_transmit(
        &mut self,
        cx: &mut Context<'_>,
        config: &Config,
        settings: &Settings,
        max_unit: usize,
    ) -> Option<Outgoing> {
        let most = max_unit.max(self.sender.mss());
        let outgoing = if let Some(plan) = self.plan(settings, most) {
            self.send_planned(cx, &plan)
        } else if let Some(probe) = self.probe.take() {
            self.send_probe(cx, settings, probe)
        } else if self.ack == AckWish::Now {
            self.bare(cx, self.sender.next().max(self.sender.sent()))
        } else {
            return None;
        };
        // Whatever leaves carries the latest ACK (RFC 9293 MUST-58).
        self.ack = AckWish::None;
        self.timers.stop(Timer::DelayedAck);
        self.rearm(cx.now, config);
        Some(outgoing)
    }

    fn send_planned(&mut self, cx: &mut Context<'_>, plan: &Plan) -> Outgoing {
        self.sender.on_sent(cx.now, plan);
        if plan.retransmission {
            cx.count(Counter::TcpRetransSegs);
            self.trace_retransmit(cx, plan);
        }
        self.dressed(cx, plan)
    }

    fn send_probe(&mut self, cx: &mut Context<'_>, settings: &Settings, probe: Probe) -> Outgoing {
        match probe {
            //= rfc9293#3.8.4 SHLD-12   an old sequence number and no data: the peer must answer
            Probe::KeepAlive => {
                cx.count(Counter::TcpKeepAlives);
                self.bare(cx, self.sender.una() - 1)
            }
            Probe::Window => {
                cx.count(Counter::TcpProbes);
                // A window that is merely silly takes what fits when the override timer fires (RFC 9293 3.8.6.2.1).
                let most = (self.sender.window() as usize).min(self.sender.mss());
                let nodelay = Settings { nodelay: true, ..*settings };
                let plan = match self.sender.plan(&nodelay, most) {
                    Some(plan) => plan,
                    None => self.sender.probe(),
                };
                if most > 0 {
                    self.sender.on_sent(cx.now, &plan);
                }
                self.dressed(cx, &plan)
            }
        }
    }

    fn dressed(&mut self, cx: &mut Context<'_>, plan: &Plan) -> Outgoing {
        let mut outgoing = self.bare(cx, plan.seq);
        outgoing.header.flags = Sender::flags(plan);
        (outgoing.offset, outgoing.length) = (plan.offset, plan.length);
        outgoing.retransmission = plan.retransmission;
        //= rfc9293#3.8.5 MUST-30 MUST-62   the pointer names the byte behind the urgent data (RFC 6093)
        if let Some(end) = self.sender.urgent()
            && end.after(plan.seq)
        {
            outgoing.header.flags |= TcpFlags::URG;
            outgoing.header.urgent = end.distance(plan.seq).min(65_535) as u16;
        }
        outgoing
    }

    /// A segment without payload: ACK, window, timestamps, SACK blocks.
    fn bare(&mut self, cx: &Context<'_>, seq: SeqNumber) -> Outgoing {
        let mut header = TcpHeader::new(self.tuple.local.port(), self.tuple.remote.port());
        header.seq = seq;
        header.flags = TcpFlags::ACK;
        header.window = self.receiver.advertise();
        header.ack = self.receiver.next();
        header.options.timestamps = self
            .agreed
            .timestamps
            .map(|clock| Timestamps { value: clock.at(cx.now), echo: self.receiver.echo() });
        if self.agreed.sack && self.receiver.early() > 0 {
            //= rfc2018#3   four blocks fit, three beside timestamps
            let most = if self.agreed.timestamps.is_some() { 3 } else { 4 };
            header.options.sack = self.receiver.sack_blocks(most);
        }
        Outgoing { header, offset: 0, length: 0, segment_size: self.sender.mss(), retransmission: false }
    }

    /// A reset that the peer will believe: at the edge that it waits for.
    pub(super) fn reset(&mut self, cx: &Context<'_>) -> TcpHeader {
        let mut header = self.bare(cx, self.sender.sent()).header;
        header.flags = TcpFlags::RST | TcpFlags::ACK;
        header.options = crate::wire::TcpOptions::default();
        header
    }

    fn trace_retransmit(&self, cx: &mut Context<'_>, plan: &Plan) {
        let tuple = self.tuple;
        let cause = if self.sender.retries > 0 { "timeout" } else { "duplicate acks" };
        let (seq, length) = (plan.seq, plan.length);
        cx.emit(Layer::Tcp, || TraceEvent::TcpRetransmit {
            destination: tuple.remote.ip(),
            destination_port: tuple.remote.port(),
            seq,
            length,
            cause,
        });
    }
}
