//! SYN-SENT and SYN-RECEIVED: everything before data may flow.

use super::isn::reset_for;
use super::negotiated::{Negotiated, Offer};
use super::rtt::Rtt;
use super::timers::{Timer, Timers};
use super::{Config, Settings, Tuple};
use crate::error::Error;
use crate::time::Instant;
use crate::wire::{SeqNumber, TcpFlags, TcpHeader, Timestamps};

/// A connection that sent a SYN and waits for the peer's.
#[derive(Debug)]
pub(super) struct SynSent {
    pub(super) iss: SeqNumber,
    pub(super) offer: Offer,
    pub(super) attempt: Attempt,
    pub(super) reply: Option<TcpHeader>,
}

/// A connection that knows both SYNs and waits for the ACK of its own.
#[derive(Debug)]
pub(super) struct SynReceived {
    pub(super) iss: SeqNumber,
    pub(super) irs: SeqNumber,
    offer: Offer,
    pub(super) agreed: Negotiated,
    /// Opened by us, and met by the peer's own SYN; else it came through a listener.
    //= rfc9293#3.3.2 MUST-11   where a reset leads depends on where the connection came from
    pub(super) active: bool,
    pub(super) attempt: Attempt,
    /// The peer's window, never scaled in a SYN.
    pub(super) peer: TcpHeader,
}

/// A SYN that is sent until it is answered.
#[derive(Debug)]
pub(super) struct Attempt {
    pub(super) due: bool,
    pub(super) retries: u32,
    pub(super) timers: Timers,
    pub(super) rtt: Rtt,
    first_at: Instant,
}

/// What SYN-SENT makes of a segment.
#[derive(Debug)]
pub(super) enum OnSynSent {
    /// The connection is established.
    Established(Negotiated),
    /// Both sides opened at once.
    Crossed(Box<SynReceived>),
    /// The peer refuses.
    Refused,
    /// Something old is in the way: reset that, and go on.
    Reset(TcpHeader),
    /// Nothing.
    Ignore,
}

impl Attempt {
    pub(super) fn new(now: Instant, config: &Config) -> Self {
        Self { due: true, retries: 0, timers: Timers::default(), rtt: Rtt::new(config), first_at: now }
    }

    /// The SYN leaves: wait for the answer, longer each time.
    pub(super) fn on_sent(&mut self, now: Instant, config: &Config) {
        self.due = false;
        self.timers.set(Timer::Retransmit, now + self.rtt.timeout(config));
    }

    /// Nobody answered in time: send again, or give up after `most` times or the user's own timeout.
    //= rfc9293#3.8.3 MUST-22   a SYN is retransmitted by the same rules as data
    pub(super) fn on_timeout(&mut self, now: Instant, most: u8, settings: &Settings) -> Result<(), Error> {
        let overdue = settings.user_timeout.is_some_and(|limit| now.since(self.first_at) >= limit);
        if self.retries >= u32::from(most) || overdue {
            return Err(Error::TimedOut);
        }
        self.retries += 1;
        self.rtt.back_off();
        self.due = true;
        Ok(())
    }

    /// The estimator that the established connection goes on with.
    pub(super) fn settle(&self, now: Instant, config: &Config) -> Rtt {
        let mut rtt = self.rtt.clone();
        if self.retries == 0 {
            rtt.sample(config, now.since(self.first_at));
        } else {
            //= rfc6298#5.7   a lost SYN makes the first timeout three seconds
            rtt.after_lost_syn();
        }
        rtt
    }
}

impl SynSent {
    /// SEGMENT ARRIVES in SYN-SENT (RFC 9293 3.10.7.3).
    pub(super) fn on_segment(
        &self,
        now: Instant,
        config: &Config,
        tuple: &Tuple,
        segment: &TcpHeader,
    ) -> OnSynSent {
        let acknowledged = segment.has(TcpFlags::ACK);
        //= rfc9293#3.10.7.3   first, the ACK: only of our SYN
        if acknowledged && segment.ack != self.iss + 1 {
            return reset_for(segment, 0).map_or(OnSynSent::Ignore, OnSynSent::Reset);
        }
        //= rfc9293#3.10.7.3   second, the RST: it counts only with a right ACK
        if segment.has(TcpFlags::RST) {
            return if acknowledged { OnSynSent::Refused } else { OnSynSent::Ignore };
        }
        if !segment.has(TcpFlags::SYN) {
            return OnSynSent::Ignore;
        }
        let agreed = self.offer.settle(tuple, segment);
        if acknowledged {
            return OnSynSent::Established(agreed);
        }
        //= rfc9293#3.5 MUST-10   simultaneous open
        OnSynSent::Crossed(Box::new(SynReceived {
            iss: self.iss,
            irs: segment.seq,
            offer: self.offer,
            agreed,
            active: true,
            attempt: Attempt::new(now, config),
            peer: *segment,
        }))
    }

    /// Our SYN.
    pub(super) fn syn(&self, now: Instant, settings: &Settings) -> TcpHeader {
        let mut syn = TcpHeader::new(0, 0);
        syn.seq = self.iss;
        syn.flags = TcpFlags::SYN;
        syn.window = unscaled_window(settings);
        syn.options = self.offer.options(now);
        syn
    }
}

impl SynReceived {
    /// The answer to a SYN that a listener took.
    pub(super) fn answering(
        now: Instant,
        config: &Config,
        offer: Offer,
        tuple: &Tuple,
        iss: SeqNumber,
        syn: &TcpHeader,
    ) -> Self {
        let agreed = offer.settle(tuple, syn);
        let attempt = Attempt::new(now, config);
        Self { iss, irs: syn.seq, offer, agreed, active: false, attempt, peer: *syn }
    }

    /// Our SYN and the ACK of the peer's, with the options that the peer also offered (RFC 7323 1.3, 2.2).
    pub(super) fn syn_ack(&self, now: Instant, settings: &Settings) -> TcpHeader {
        let mut answer = TcpHeader::new(0, 0);
        answer.seq = self.iss;
        answer.ack = self.irs + 1;
        answer.flags = TcpFlags::SYN | TcpFlags::ACK;
        answer.window = unscaled_window(settings);
        answer.options = self.offer.options(now);
        answer.options.window_scale = self.offer.scale.filter(|_| self.peer.options.window_scale.is_some());
        answer.options.sack_permitted = self.agreed.sack;
        let clock = self.agreed.timestamps;
        answer.options.timestamps =
            clock.map(|clock| Timestamps { value: clock.at(now), echo: self.agreed.peer_timestamp });
        answer
    }
}

/// The window of a SYN, which is never scaled (RFC 7323 2.2).
fn unscaled_window(settings: &Settings) -> u16 {
    settings.receive_buffer.min(65_535) as u16
}
