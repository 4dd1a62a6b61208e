//! What is kept of a flow.

use super::live::{self, Cause, TraceRow};
use crate::error::Error;
use crate::sim::network::HostId;
use crate::sim::stats::{Histogram, Series, Summary};
use crate::stack::TcpId;
use crate::tcp::{Info, Resent};
use crate::time::{Duration, Instant};

/// Between samples of a flow without trace: a hundred a second tell its round trips.
const SPACING: Duration = Duration::from_millis(10);

/// The record of a flow, as it goes.
pub(in crate::sim) struct Record {
    pub(super) kind: &'static str,
    pub(super) from: HostId,
    pub(super) to: HostId,
    /// The sending connection.
    pub(super) client: Option<(HostId, TcpId)>,
    pub(super) started: Option<Instant>,
    pub(super) first: Option<Instant>,
    pub(super) last: Option<Instant>,
    pub(super) completed: Option<Instant>,
    pub(super) delivered: u64,
    pub(super) damaged: bool,
    pub(super) over: bool,
    pub(super) error: Option<Error>,
    pub(super) rtt: Histogram,
    /// Of exchanges: requests with their responses, pings, datagrams on their way, transfers of a Poisson process.
    pub(super) latency: Histogram,
    pub(super) sent: u64,
    pub(super) received: u64,
    pub(super) late: u64,
    pub(super) duplicated: u64,
    /// What the sending connection sent again, as far as it was seen.
    resent: Resent,
    pub(super) trace: Series<TraceRow>,
    pub(super) exchanges: Series<Exchange>,
    /// Of connections of this flow that ended.
    ended_resent: Resent,
    /// The last state seen, kept in the trace or not.
    seen: Option<TraceRow>,
    sampled: Option<Instant>,
}

impl Record {
    pub(super) fn new(kind: &'static str, from: HostId, to: HostId, trace_rows: usize) -> Self {
        Self {
            kind,
            from,
            to,
            client: None,
            started: None,
            first: None,
            last: None,
            completed: None,
            delivered: 0,
            damaged: false,
            over: false,
            error: None,
            rtt: Histogram::default(),
            latency: Histogram::default(),
            sent: 0,
            received: 0,
            late: 0,
            duplicated: 0,
            resent: Resent::default(),
            trace: Series::new(trace_rows),
            exchanges: Series::new(trace_rows),
            ended_resent: Resent::default(),
            seen: None,
            sampled: None,
        }
    }

    /// Bytes reached the receiving application.
    pub(super) fn deliver(&mut self, now: Instant, bytes: u64) {
        self.first.get_or_insert(now);
        self.last = Some(now);
        self.delivered += bytes;
    }

    /// Whether a sample at this time has a use: for the trace while it takes rows, for round trips now and then.
    pub(super) fn wants_sample(&self, now: Instant) -> bool {
        // After the last byte every segment may be the last that tells anything.
        self.over || self.trace.wants(now) || self.sampled.is_none_or(|last| now >= last + SPACING)
    }

    /// Take from the sending connection what it tells of itself.
    pub(super) fn sample(&mut self, now: Instant, info: &Info, cause: Cause) {
        self.sampled = Some(now);
        let sample = live::sample(now, info, cause);
        self.resent = later(self.resent, sample.resent);
        let before = self.seen.map_or(0, |seen| seen.delivered);
        if sample.row.delivered > before
            && let Some(rtt) = sample.rtt
        {
            self.rtt.record(rtt);
        }
        // A connection that is over knows nothing of its windows any more.
        let faded = sample.row.cwnd == 0 && self.seen.is_some_and(|seen| seen.cwnd > 0);
        if !faded && self.seen.is_none_or(|seen| !seen.same(&sample.row)) {
            self.seen = Some(sample.row);
            self.trace.push(now, sample.row);
        }
    }

    /// An exchange came to its end.
    pub(super) fn exchange(&mut self, number: u64, bytes: u64, began: Instant, now: Instant) {
        let took = now.since(began);
        self.received += 1;
        self.latency.record(took);
        self.exchanges.push(now, Exchange { number, bytes, began, took });
    }

    /// A sending connection ends.
    pub(super) fn end(&mut self, now: Instant, id: TcpId, info: &Info) {
        let mut sent_again = info.resent;
        // Of many connections the newest is the one that is watched.
        if self.client.is_some_and(|(_, watched)| watched == id) {
            self.sample(now, info, Cause::End);
            sent_again = later(sent_again, std::mem::take(&mut self.resent));
            self.client = None;
        }
        self.ended_resent = self.ended_resent.plus(&sent_again);
    }

    /// What is known now; `info` is that of the sending connection, while it lives.
    pub(super) fn stats(&self, info: Option<&Info>) -> FlowStats {
        let span = self.last.zip(self.started).map(|(last, started)| last.since(started));
        let goodput = match span {
            Some(span) if !span.is_zero() => self.delivered as f64 * 8e9 / span.as_nanos() as f64,
            _ => 0.0,
        };
        let alive = info.map_or(self.resent, |info| later(info.resent, self.resent));
        let resent = self.ended_resent.plus(&alive);
        FlowStats {
            kind: self.kind,
            from: self.from,
            to: self.to,
            started: self.started,
            first_delivery: self.first,
            last_delivery: self.last,
            completed: self.completed,
            completion_time: self.completed.zip(self.started).map(|(end, start)| end.since(start)),
            over: self.over,
            error: self.error,
            bytes_delivered: self.delivered,
            intact: !self.damaged && self.error.is_none(),
            damaged: self.damaged,
            goodput,
            retransmissions: resent.total(),
            resent,
            rtt: self.rtt.summary(),
            latency: self.latency.summary(),
            sent: self.sent,
            received: self.received,
            late: self.late,
            duplicated: self.duplicated,
        }
    }
}

/// Of two states of the same counts the later one.
const fn later(one: Resent, other: Resent) -> Resent {
    if other.total() + other.spurious > one.total() + one.spurious { other } else { one }
}

/// A request with its response, a ping with its answer, a datagram on its way, a transfer of a Poisson process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exchange {
    /// Which one, from 1.
    pub number: u64,
    /// Its bytes: of the response, the datagram, the transfer.
    pub bytes: u64,
    /// When it began.
    pub began: Instant,
    /// How long it took.
    pub took: Duration,
}

/// What came of a flow so far.
#[derive(Debug, Clone)]
pub struct FlowStats {
    /// Its kind: `bulk`, `requests`, `on_off`, `poisson`, `ping` or `datagrams`.
    pub kind: &'static str,
    /// Who sends.
    pub from: HostId,
    /// Who receives.
    pub to: HostId,
    /// When it began.
    pub started: Option<Instant>,
    /// When the first byte reached the receiving application.
    pub first_delivery: Option<Instant>,
    /// When the last byte so far did.
    pub last_delivery: Option<Instant>,
    /// When all was delivered that was to be.
    pub completed: Option<Instant>,
    /// How long that took.
    pub completion_time: Option<Duration>,
    /// It is over: complete, or failed.
    pub over: bool,
    /// Why it failed.
    pub error: Option<Error>,
    /// Bytes that reached the receiving application.
    pub bytes_delivered: u64,
    /// Every byte that arrived is the one that was sent at its place, and the flow did not fail.
    pub intact: bool,
    /// Some byte that arrived is not the one that was sent at its place.
    pub damaged: bool,
    /// Bits per second of application data, from the start to the last byte delivered.
    pub goodput: f64,
    /// Segments that the sending connection sent again.
    pub retransmissions: u64,
    /// The same by cause.
    pub resent: Resent,
    /// Round trips that the sending connection measured.
    pub rtt: Summary,
    /// Times of exchanges: of requests with their responses, of pings, of datagrams one way, of the transfers of a Poisson process.
    pub latency: Summary,
    /// Exchanges begun.
    pub sent: u64,
    /// Exchanges that came to their end.
    pub received: u64,
    /// Those of them that came after a later one.
    pub late: u64,
    /// Those that came more than once.
    pub duplicated: u64,
}
