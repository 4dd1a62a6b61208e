use super::{SummaryTuple, summary};
use crate::records::record;
use crate::timeout::{to_seconds, to_time};
use pyo3::prelude::*;
use std::collections::BTreeMap;
use tapip_core::sim::{DirectionStats, FlowStats};

record! {
    /// What came of a flow of a virtual network so far.
    FlowInfo {
        /// "bulk", "requests", "on_off", "poisson", "ping" or "datagrams".
        kind: &'static str,
        /// The host that sends.
        source: u32,
        /// The host that receives.
        destination: u32,
        started: Option<f64>,
        first_delivery: Option<f64>,
        last_delivery: Option<f64>,
        completed: Option<f64>,
        completion_time: Option<f64>,
        over: bool,
        /// Why it failed.
        error: Option<String>,
        bytes_delivered: u64,
        intact: bool,
        goodput: f64,
        retransmissions: u64,
        /// Retransmissions by cause.
        resent: BTreeMap<&'static str, u64>,
        spurious: u64,
        /// Mean, median, 99th percentile, maximum; how many.
        rtt: SummaryTuple,
        latency: SummaryTuple,
        sent: u64,
        received: u64,
        late: u64,
        duplicated: u64,
    }
}

impl From<FlowStats> for FlowInfo {
    fn from(flow: FlowStats) -> Self {
        Self {
            kind: flow.kind,
            source: flow.from.0,
            destination: flow.to.0,
            started: flow.started.map(to_time),
            first_delivery: flow.first_delivery.map(to_time),
            last_delivery: flow.last_delivery.map(to_time),
            completed: flow.completed.map(to_time),
            completion_time: flow.completion_time.map(to_seconds),
            over: flow.over,
            error: flow.error.map(|error| error.to_string()),
            bytes_delivered: flow.bytes_delivered,
            intact: flow.intact,
            goodput: flow.goodput,
            retransmissions: flow.retransmissions,
            resent: flow.resent.by_cause().collect(),
            spurious: flow.resent.spurious,
            rtt: summary(&flow.rtt),
            latency: summary(&flow.latency),
            sent: flow.sent,
            received: flow.received,
            late: flow.late,
            duplicated: flow.duplicated,
        }
    }
}

record! {
    /// What became of the packets of one direction of a virtual link so far.
    DirectionInfo {
        offered_packets: u64,
        offered_bytes: u64,
        delivered_packets: u64,
        delivered_bytes: u64,
        /// By cause.
        drops: BTreeMap<&'static str, u64>,
        marks: BTreeMap<&'static str, u64>,
        duplicated: u64,
        reordered: u64,
        corrupted: u64,
        queue_packets: u64,
        queue_bytes: u64,
        queue_bytes_max: u64,
        /// Mean, median, 99th percentile, maximum; how many.
        queue_delay: SummaryTuple,
        utilisation: f64,
        throughput: f64,
    }
}

impl From<DirectionStats> for DirectionInfo {
    fn from(stats: DirectionStats) -> Self {
        Self {
            offered_packets: stats.offered_packets,
            offered_bytes: stats.offered_bytes,
            delivered_packets: stats.delivered_packets,
            delivered_bytes: stats.delivered_bytes,
            drops: stats.drops.by_cause().collect(),
            marks: stats.marks.by_cause().collect(),
            duplicated: stats.duplicated,
            reordered: stats.reordered,
            corrupted: stats.corrupted,
            queue_packets: stats.queue_packets,
            queue_bytes: stats.queue_bytes,
            queue_bytes_max: stats.queue_bytes_max,
            queue_delay: summary(&stats.queue_delay),
            utilisation: stats.utilisation,
            throughput: stats.throughput,
        }
    }
}
