//! LISTEN: which SYN becomes a connection, and how many may wait.

use super::common::Common;
use super::ecn;
use super::fast_open::{self, FastOpen, Mint};
use super::half_open::HalfOpen;
use super::handshake::{Outcome, SynReceived};
use super::options;
use super::syn_cache::SynCache;
use super::syn_cookie::{self, Returned, Subject};
use super::{Config, Connection, Secrets, Settings, State, Tuple, reset_for};
use crate::drops::DropReason;
use crate::observe::{Context, Counter};
use crate::time::{Duration, Instant};
use crate::wire::{SeqNumber, TcpFlags, TcpHeader};
use std::collections::VecDeque;
use std::sync::Arc;

/// What LISTEN makes of a segment.
#[derive(Debug)]
pub enum OnListen {
    /// The handshake is over, or need not be (Fast Open): a connection, which is to be given the same segment next.
    Open(Box<Connection>),
    /// Answer with this segment.
    Answer(TcpHeader),
    /// Answer with this reset.
    Reset(TcpHeader),
    /// Drop it for this reason.
    Ignore(DropReason),
    /// Nothing more.
    Done,
}

/// A segment for a listening port that belongs to no connection.
#[derive(Debug, Clone, Copy)]
pub struct Arrival<'a> {
    /// Who with whom.
    pub tuple: Tuple,
    /// The segment.
    pub segment: &'a TcpHeader,
    /// Payload bytes on it.
    pub length: usize,
    /// Our first number, if it opens a connection.
    pub isn: SeqNumber,
    /// Path MTU to the peer.
    pub mtu: usize,
}

/// A passive open. It owns the half-open connections, and counts those that wait for accept.
///
/// The calling law: segments for its port that belong to no connection come in by [`Listener::on_segment`], time by
/// [`Listener::on_timeout`] whenever [`Listener::poll_timeout`] has passed. The stack tells it what becomes of the connections
/// that it makes: `on_established` for each, `on_accepted` when the application takes one. While the accept queue is full,
/// the last ACK of a handshake is dropped: the peer sends again.
#[derive(Debug)]
pub struct Listener {
    backlog: usize,
    settings: Settings,
    secrets: Secrets,
    cache: SynCache,
    waiting: usize,
    /// When a cookie was sent last, and the shift of our windows that it told of, which it does not hold: as long as any
    /// is out, that stays.
    cookie_sent: Option<(Instant, u8)>,
    /// Connections open by Fast Open without their ACK.
    pending: usize,
    /// How long those that were reset count on, and those of which that is not known yet.
    penalties: VecDeque<Instant>,
    resets: usize,
}

/// What a SYN's Fast Open option comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// Nothing: not offered, or not wanted.
    Usual,
    /// The usual handshake, and a cookie.
    Grant,
    /// The usual handshake, since there is no place.
    Full,
    /// Open at once; `renew` with a fresh cookie.
    Open { renew: bool },
}

impl Verdict {
    const fn seen(self) -> FastOpen {
        match self {
            Self::Usual | Self::Open { .. } => FastOpen::None,
            Self::Grant => FastOpen::Cookie,
            Self::Full => FastOpen::Refused,
        }
    }
}

/// How long a Fast Open connection that was reset before its ACK still takes a place (as on Linux): as long as a spoofed
/// host's resets may come.
const RESET_PENALTY: Duration = Duration::from_secs(60);

impl Listener {
    /// Most half-open connections however small the backlog is: as many as fit one second of SYNs on a busy server.
    pub(super) const MIN_HALF_OPEN: usize = 128;

    /// Let `backlog` established connections wait for accept.
    pub fn new(backlog: usize, settings: Settings, secrets: Secrets) -> Self {
        let cache = SynCache::new(secrets.table);
        Self {
            backlog: backlog.max(1),
            settings,
            secrets,
            cache,
            waiting: 0,
            cookie_sent: None,
            pending: 0,
            penalties: VecDeque::new(),
            resets: 0,
        }
    }

    /// What connections start with.
    pub const fn settings_mut(&mut self) -> &mut Settings {
        &mut self.settings
    }

    /// What connections start with.
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Connections that may wait.
    pub const fn backlog(&self) -> usize {
        self.backlog
    }

    /// Half-open connections.
    pub fn half_open(&self) -> usize {
        self.cache.len()
    }

    /// Established children that nobody accepted yet.
    pub const fn waiting(&self) -> usize {
        self.waiting
    }

    /// Whether no further child may become established.
    pub const fn accept_queue_full(&self) -> bool {
        self.waiting >= self.backlog
    }

    /// A segment for the listening port that belongs to no connection.
    pub fn on_segment(
        &mut self,
        cx: &mut Context<'_>,
        config: &Arc<Config>,
        arrival: &Arrival<'_>,
    ) -> OnListen {
        let segment = arrival.segment;
        if self.cache.get(&arrival.tuple).is_some() {
            return self.on_half_open(cx, config, arrival);
        }
        //= rfc9293#3.10.7.2   first RST: nothing was sent, so nothing can be reset
        if segment.has(TcpFlags::RST) {
            return OnListen::Ignore(DropReason::TcpListenIgnored);
        }
        //= rfc9293#3.10.7.2   second ACK: nothing was sent, so nothing can be acknowledged - unless the peer remembers
        // what we did not
        if segment.has(TcpFlags::ACK) {
            return self.on_cookie(cx, config, arrival).unwrap_or_else(|| {
                reset_for(segment, 0).map_or(OnListen::Ignore(DropReason::TcpListenIgnored), OnListen::Reset)
            });
        }
        if !segment.has(TcpFlags::SYN) {
            return OnListen::Ignore(DropReason::TcpListenIgnored);
        }
        if segment.has(TcpFlags::FIN) {
            return OnListen::Ignore(DropReason::TcpBadFlags);
        }
        if self.accept_queue_full() {
            cx.count(Counter::TcpListenOverflows);
            return OnListen::Ignore(DropReason::TcpAcceptQueueFull);
        }
        self.on_syn(cx, config, arrival)
    }

    /// A SYN of a new connection.
    fn on_syn(&mut self, cx: &mut Context<'_>, config: &Arc<Config>, arrival: &Arrival<'_>) -> OnListen {
        let Arrival { tuple, segment, isn, mtu, .. } = *arrival;
        let mut common = Common::new(cx, config, self.settings, tuple, isn, mtu);
        let verdict = self.fast_open(cx, config, arrival);
        if let Verdict::Open { renew } = verdict {
            self.pending += 1;
            cx.count(Counter::TcpFastOpenPassive);
            let mut state = SynReceived::fast(cx, &common, isn, segment);
            state.grant = renew.then(|| self.mint(config).make(cx.now, &tuple));
            common.trace_state(cx, State::Listen, State::SynReceived);
            return OnListen::Open(Box::new(Connection::fast(common, state)));
        }
        let most = self.backlog.max(Self::MIN_HALF_OPEN).min(config.max_syn_backlog);
        let full = self.cache.len() >= most;
        let cookies = self.settings.syn_cookies.unwrap_or(config.syn_cookies);
        if cookies > 1 || (full && cookies > 0) {
            if full {
                cx.count(Counter::TcpReqQFullDoCookies);
            }
            return self.answer_with_cookie(cx, &common, segment);
        }
        if full && let Some(victim) = self.cache.evict() {
            cx.count(Counter::TcpReqQFullDrop);
            let (victim, _) = victim.unpack(config, self.settings);
            victim.drop(cx, DropReason::TcpSynQueueFull);
            victim.trace_state(cx, State::SynReceived, State::Closed);
        }
        let mut state = SynReceived::answering(cx, &common, isn, segment);
        common.fast_open = verdict.seen();
        state.grant = (verdict == Verdict::Grant).then(|| self.mint(config).make(cx.now, &tuple));
        common.trace_state(cx, State::Listen, State::SynReceived);
        let answer = state.poll_transmit(cx.now, &common);
        self.cache.insert(HalfOpen::new(&common, &state));
        answer.map_or(OnListen::Done, OnListen::Answer)
    }

    /// What a SYN's Fast Open option comes to.
    fn fast_open(&mut self, cx: &mut Context<'_>, config: &Config, arrival: &Arrival<'_>) -> Verdict {
        let on = config.fast_open & fast_open::SERVER != 0 && self.settings.fast_open > 0;
        let Some(cookie) = arrival.segment.options.fast_open.filter(|_| on) else { return Verdict::Usual };
        if cookie.is_request() {
            cx.count(Counter::TcpFastOpenCookieReqd);
            return Verdict::Grant;
        }
        let Some(present) = self.mint(config).check(cx.now, &arrival.tuple, cookie) else {
            //= rfc7413#4.2.2   the usual handshake, and the right cookie for the next
            cx.count(Counter::TcpFastOpenPassiveFail);
            return Verdict::Grant;
        };
        if arrival.length == 0 && !self.settings.defer_accept.is_zero() {
            return Verdict::Usual;
        }
        self.penalties
            .resize(self.penalties.len() + std::mem::take(&mut self.resets), cx.now + RESET_PENALTY);
        while self.penalties.front().is_some_and(|until| *until <= cx.now) {
            self.penalties.pop_front();
        }
        if self.pending + self.penalties.len() >= self.settings.fast_open as usize {
            //= rfc7413#5.1   who spoofs with stolen cookies fills this queue and no other
            cx.count(Counter::TcpFastOpenListenOverflow);
            return Verdict::Full;
        }
        Verdict::Open { renew: !present }
    }

    const fn mint(&self, config: &Config) -> Mint {
        Mint { key: self.secrets.fast_open, rotation: config.fast_open_rotation }
    }

    /// A connection that it made by Fast Open got its ACK, or ended without; `reset` by the peer, maybe.
    pub const fn on_fast_open_over(&mut self, reset: bool) {
        self.pending = self.pending.saturating_sub(1);
        //= rfc7413#5.1   resets must not make room, or a spoofed address could be used again and again
        self.resets += reset as usize;
    }

    /// Connections open by Fast Open without their ACK.
    pub const fn fast_open_pending(&self) -> usize {
        self.pending
    }

    /// A segment for a half-open connection.
    fn on_half_open(
        &mut self,
        cx: &mut Context<'_>,
        config: &Arc<Config>,
        arrival: &Arrival<'_>,
    ) -> OnListen {
        let segment = arrival.segment;
        if self.accept_queue_full() && !segment.has(TcpFlags::RST) {
            //= rfc9293#3.9.1.1   the last ACK waits while nobody accepts: the peer will send again
            cx.count(Counter::TcpListenOverflows);
            return OnListen::Ignore(DropReason::TcpAcceptQueueFull);
        }
        let Some(half) = self.cache.take(&arrival.tuple) else { return OnListen::Done };
        let (mut common, mut state) = half.unpack(config, self.settings);
        match state.on_segment(cx, &mut common, segment, arrival.length == 0) {
            Outcome::Open(open) => {
                common.trace_state(cx, State::SynReceived, open.flow.state());
                OnListen::Open(Box::new(Connection::established(common, open)))
            }
            Outcome::Closed(_) => {
                cx.count(Counter::TcpAttemptFails);
                common.trace_state(cx, State::SynReceived, State::Closed);
                common.reply.take().map_or(OnListen::Done, OnListen::Answer)
            }
            Outcome::Stay | Outcome::Crossed(_) => {
                let answer = common.reply.take().or_else(|| state.poll_transmit(cx.now, &common));
                self.cache.insert(HalfOpen::new(&common, &state));
                answer.map_or(OnListen::Done, OnListen::Answer)
            }
        }
    }

    /// The shift that cookies told of which may still come back.
    fn cookie_out(&self, now: Instant) -> Option<u8> {
        self.cookie_sent.filter(|told| now < told.0 + syn_cookie::LIFETIME).map(|told| told.1)
    }

    /// Answer a SYN and remember nothing of it.
    fn answer_with_cookie(&mut self, cx: &mut Context<'_>, common: &Common, syn: &TcpHeader) -> OnListen {
        let shift = self.cookie_out(cx.now).unwrap_or_else(|| options::shift_for(common.window_reach()));
        let mut agreed = options::agree(common, shift, &syn.options);
        let subject = Subject { key: self.secrets.syn_cookie, tuple: &common.tuple, irs: syn.seq };
        let Some(isn) = subject.make(cx.now, agreed.peer_mss) else {
            return OnListen::Ignore(DropReason::TcpSynQueueFull);
        };
        if agreed.timestamps.is_none() {
            (agreed.scale, agreed.sack) = (None, false);
        }
        agreed.ecn = ecn::Agreement::answering(ecn::Policy::of(common), syn)
            .kept_by_cookie(agreed.timestamps.is_some());
        let mut state = SynReceived::answering(cx, common, isn, syn);
        state.agreed = agreed;
        let Some(mut answer) = state.poll_transmit(cx.now, common) else { return OnListen::Done };
        if let Some(stamps) = &mut answer.options.timestamps {
            stamps.value = syn_cookie::stamp(stamps.value, &agreed);
        }
        self.cookie_sent = Some((cx.now, shift));
        cx.count(Counter::TcpSyncookiesSent);
        OnListen::Answer(answer)
    }

    /// An ACK that may hold a cookie: the connection that it makes.
    fn on_cookie(
        &mut self,
        cx: &mut Context<'_>,
        config: &Arc<Config>,
        arrival: &Arrival<'_>,
    ) -> Option<OnListen> {
        let Arrival { tuple, segment, isn, mtu, .. } = *arrival;
        //= rfc4987#3.6   only while some are out, so that nobody can guess at leisure
        let recent = self.cookie_out(cx.now);
        let cookies = self.settings.syn_cookies.unwrap_or(config.syn_cookies);
        if segment.has(TcpFlags::SYN) || cookies == 0 || !(recent.is_some() || cookies > 1) {
            return None;
        }
        let subject = Subject { key: self.secrets.syn_cookie, tuple: &tuple, irs: segment.seq - 1 };
        let cookie = segment.ack - 1;
        let mss = match subject.check(cx.now, cookie) {
            Returned::Good(mss) => mss,
            bad => {
                cx.count(Counter::TcpSyncookiesFailed);
                // The ACK that was overtaken opens the connection, and what overtook it comes again.
                let early = OnListen::Ignore(DropReason::TcpListenIgnored);
                return (bad == Returned::Early).then_some(early);
            }
        };
        if self.accept_queue_full() {
            cx.count(Counter::TcpListenOverflows);
            return Some(OnListen::Ignore(DropReason::TcpAcceptQueueFull));
        }
        cx.count(Counter::TcpSyncookiesRecv);
        let mut common = Common::new(cx, config, self.settings, tuple, isn, mtu);
        common.syn_cookie = true;
        let stamps = segment.options.timestamps.map(|stamps| (stamps.value, stamps.echo));
        let ours = recent.unwrap_or_else(|| options::shift_for(common.window_reach()));
        let mut agreed = syn_cookie::agreed(mss, stamps, ours);
        let told = agreed.timestamps.and(stamps).map(|(_, echo)| syn_cookie::has_ecn(echo));
        agreed.ecn = ecn::Agreement::remembered(ecn::Policy::of(&common), segment, told);
        let open = SynReceived::remembered(cx, &common, (cookie, segment.seq - 1), agreed)
            .establish_unmeasured(cx, &common, segment);
        common.trace_state(cx, State::Listen, open.flow.state());
        Some(OnListen::Open(Box::new(Connection::established(common, open))))
    }

    /// An ICMP error says that the peer will never answer.
    pub fn on_hard_error(&mut self, cx: &mut Context<'_>, tuple: &Tuple, seq: SeqNumber) {
        //= rfc5927#4.1   only about what is in flight
        if self.cache.get(tuple).is_some_and(|half| half.isn() == seq) {
            self.cache.take(tuple);
            cx.count(Counter::TcpAttemptFails);
        }
    }

    /// When `on_timeout` is due.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.cache.next_deadline()
    }

    /// The next SYN-ACK that is to be sent again, and between whom; call it until there is none.
    pub fn on_timeout(&mut self, cx: &mut Context<'_>, config: &Arc<Config>) -> Option<(Tuple, TcpHeader)> {
        while let Some(half) = self.cache.expire(cx.now) {
            let (common, mut state) = half.unpack(config, self.settings);
            if state.on_timeout(cx, &common) {
                cx.count(Counter::TcpAttemptFails);
                common.trace_state(cx, State::SynReceived, State::Closed);
                continue;
            }
            let answer = state.poll_transmit(cx.now, &common);
            self.cache.insert(HalfOpen::new(&common, &state));
            if let Some(answer) = answer {
                return Some((half.tuple, answer));
            }
        }
        None
    }

    /// What is seen of the half-open connections.
    pub fn half_open_infos(&self, config: &Arc<Config>) -> Vec<super::Info> {
        let unpacked = self.cache.iter().map(|half| half.unpack(config, self.settings));
        unpacked.map(|(common, state)| super::Info::of_half_open(&common, &state)).collect()
    }

    /// A connection that it made waits for accept.
    pub const fn on_established(&mut self) {
        self.waiting += 1;
    }

    /// The application took one.
    pub const fn on_accepted(&mut self) {
        self.waiting = self.waiting.saturating_sub(1);
    }
}
