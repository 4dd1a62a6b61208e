//! What is counted of one direction of a link.

use crate::sim::ImpairmentCounters;
use crate::sim::stats::{Histogram, Series, Summary};
use crate::time::{Duration, Instant};

/// Why a packet was dropped, or marked, on a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cause {
    /// Lost by chance.
    Chance,
    /// Lost in a burst.
    Burst,
    /// Lost as every n-th.
    Every,
    /// Lost because its number was on the list.
    List,
    /// Lost because a function said so.
    Predicate,
    /// The queue was full.
    Full,
    /// Random early detection.
    Red,
    /// CoDel's control law.
    Codel,
    /// The threshold of a plain queue (marks only).
    Threshold,
    /// There was no carrier.
    Carrier,
    /// It was larger than the MTU.
    Mtu,
    /// Too many packets were under way.
    Limit,
    /// The receiver had no buffer for it.
    Buffer,
}

impl Cause {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::Chance,
        Self::Burst,
        Self::Every,
        Self::List,
        Self::Predicate,
        Self::Full,
        Self::Red,
        Self::Codel,
        Self::Threshold,
        Self::Carrier,
        Self::Mtu,
        Self::Limit,
        Self::Buffer,
    ];

    /// A word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Chance => "loss",
            Self::Burst => "burst",
            Self::Every => "every",
            Self::List => "list",
            Self::Predicate => "predicate",
            Self::Full => "queue_full",
            Self::Red => "red",
            Self::Codel => "codel",
            Self::Threshold => "threshold",
            Self::Carrier => "carrier",
            Self::Mtu => "mtu",
            Self::Limit => "limit",
            Self::Buffer => "no_buffer",
        }
    }
}

/// A count for each cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts([u64; Cause::ALL.len()]);

impl Counts {
    pub(in crate::sim) const fn add(&mut self, cause: Cause) {
        self.0[cause as usize] += 1;
    }

    /// For one cause.
    pub const fn of(&self, cause: Cause) -> u64 {
        self.0[cause as usize]
    }

    /// For all causes together.
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    /// Those that are not 0, by name.
    pub fn by_cause(&self) -> impl Iterator<Item = (&'static str, u64)> {
        Cause::ALL.into_iter().map(|cause| (cause.name(), self.of(cause))).filter(|(_, count)| *count > 0)
    }
}

/// How much waited at a time, and how much had been delivered until then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueRow {
    /// When.
    pub at: Instant,
    /// Bytes that waited.
    pub bytes: u64,
    /// Packets that waited.
    pub packets: u64,
    /// How long the packet waited that left last.
    pub delay: Duration,
    /// Packets lost so far.
    pub drops: u64,
    /// Packets marked so far.
    pub marks: u64,
    /// Bytes delivered so far: two rows give the throughput between them.
    pub delivered: u64,
}

/// Counters of a direction, as it goes.
#[derive(Debug)]
pub(in crate::sim) struct Gauge {
    pub(in crate::sim) drops: Counts,
    pub(in crate::sim) marks: Counts,
    pub(in crate::sim) delay: Histogram,
    /// The latest of them.
    last_delay: Duration,
    pub(in crate::sim) queue: Series<QueueRow>,
    pub(in crate::sim) most_bytes: u64,
    pub(in crate::sim) offered_bytes: u64,
    pub(in crate::sim) delivered_bytes: u64,
    /// Time spent sending, to the end of the frame that was begun last.
    pub(in crate::sim) busy: Duration,
    pub(in crate::sim) capacity_used: u64,
    /// Since when it is counted.
    pub(in crate::sim) since: Instant,
}

impl Gauge {
    /// Rows of the queue's series: a quarter of a megabyte, and two a screen's pixel column.
    const ROWS: usize = 4_096;

    pub(in crate::sim) fn new(now: Instant) -> Self {
        Self {
            drops: Counts::default(),
            marks: Counts::default(),
            delay: Histogram::default(),
            last_delay: Duration::ZERO,
            queue: Series::new(Self::ROWS),
            most_bytes: 0,
            offered_bytes: 0,
            delivered_bytes: 0,
            busy: Duration::ZERO,
            capacity_used: 0,
            since: now,
        }
    }
}

/// What became of the packets of one direction of a link.
#[derive(Debug, Clone)]
pub struct DirectionStats {
    /// Packets that were sent into it.
    pub offered_packets: u64,
    /// Their bytes.
    pub offered_bytes: u64,
    /// Packets that came out, copies included.
    pub delivered_packets: u64,
    /// Their bytes.
    pub delivered_bytes: u64,
    /// Packets lost.
    pub drops: Counts,
    /// Packets marked "congestion experienced".
    pub marks: Counts,
    /// Copies made.
    pub duplicated: u64,
    /// Packets that were made to come late, or came before their forerunner.
    pub reordered: u64,
    /// Packets damaged.
    pub corrupted: u64,
    /// Packets that wait now.
    pub queue_packets: u64,
    /// Bytes that wait now.
    pub queue_bytes: u64,
    /// The most bytes that ever waited.
    pub queue_bytes_max: u64,
    /// How long those waited that were sent.
    pub queue_delay: Summary,
    /// Time spent sending.
    pub busy: Duration,
    /// Share of the time spent sending, or of a capacity trace's opportunities used; 0 without any rate.
    pub utilisation: f64,
    /// Bits delivered per second, since the counting began.
    pub throughput: f64,
}

impl Gauge {
    /// A packet leaves that waited so long.
    pub(super) fn waited(&mut self, delay: Duration) {
        self.delay.record(delay);
        self.last_delay = delay;
    }

    /// Keep a row of the queue, if it is time for one.
    pub(super) fn note_queue(
        &mut self,
        at: Instant,
        bytes: u64,
        packets: u64,
        counters: &ImpairmentCounters,
    ) {
        self.most_bytes = self.most_bytes.max(bytes);
        if self.queue.wants(at) {
            let (drops, marks) = (self.all_drops(counters).total(), self.marks.total());
            let (delay, delivered) = (self.last_delay, self.delivered_bytes);
            self.queue.push(at, QueueRow { at, bytes, packets, delay, drops, marks, delivered });
        }
    }

    /// All drops, those too that the impairment engine counted.
    pub(super) fn all_drops(&self, counters: &ImpairmentCounters) -> Counts {
        let mut drops = self.drops;
        for (cause, count) in [
            (Cause::Chance, counters.dropped),
            (Cause::Burst, counters.dropped_burst),
            (Cause::Every, counters.dropped_every),
            (Cause::List, counters.dropped_list),
            (Cause::Limit, counters.dropped_limit),
        ] {
            drops.0[cause as usize] += count;
        }
        drops
    }
}
