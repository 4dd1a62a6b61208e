use super::event::Field;
use super::record;
use crate::address::{Endpoint, endpoint};
use crate::timeout::to_seconds;
use pyo3::prelude::*;
use std::collections::BTreeMap;
use tapip_core::error::Error;
use tapip_core::stack::{Stack, TcpId};
use tapip_core::tcp::{EcnInfo, Info};
use tapip_core::time::{Duration, Instant};

record! {
    /// A TCP connection as it was at one moment. Sequence numbers are those on the wire (modulo 2**32).
    TcpInfo {
        local: Endpoint,
        remote: Endpoint,
        /// The state as RFC 9293 3.3.2 writes it: "ESTABLISHED", "FIN-WAIT-1".
        state: &'static str,
        /// The congestion control: "cubic".
        congestion: &'static str,
        /// What it is doing, in its own word: "slow-start", "avoidance"; "" before data may flow.
        congestion_phase: &'static str,
        /// Congestion window, bytes.
        cwnd: u64,
        /// Slow start threshold, bytes; None before the first loss.
        ssthresh: Option<u64>,
        /// Smoothed round-trip time, seconds (RFC 6298); None before the first sample.
        srtt: Option<f64>,
        /// Its mean deviation, seconds.
        rttvar: Option<f64>,
        /// Retransmission timeout, seconds, backoff included.
        rto: f64,
        /// Payload of a full segment, bytes, options taken off.
        mss: usize,
        snd_una: u32,
        snd_nxt: u32,
        /// The peer's window, bytes, scaled.
        snd_wnd: u32,
        rcv_nxt: u32,
        /// Our window as last advertised, bytes, scaled.
        rcv_wnd: u32,
        /// Bytes queued and not yet acknowledged.
        send_queue: usize,
        /// Bytes received in order and not yet read.
        receive_queue: usize,
        /// Bytes received behind a gap.
        out_of_order: usize,
        /// Sequence numbers sent and not yet acknowledged: bytes, SYN and FIN.
        in_flight: u32,
        /// Why nothing is sent now: "nothing" (it is), "handshake", "application", "send-buffer", "cwnd",
        /// "receive-window", "silly-window", "pacing", "nagle", "cork", "closed".
        waiting: &'static str,
        /// Bytes queued and never sent (tcpi_notsent_bytes).
        unsent: usize,
        /// Bytes out that are neither held by the peer nor known to be lost.
        pipe: u32,
        /// Bytes held by the peer behind a gap.
        sacked: u32,
        /// Bytes known to be lost and not sent again yet.
        lost: u32,
        /// Bytes out that left more than once (tcpi_retrans).
        resent: u32,
        /// Seconds with data queued or out.
        busy_time: f64,
        /// Of them, held back by the peer's window.
        rwnd_limited: f64,
        /// Of them, held back by the size of the send buffer.
        sndbuf_limited: f64,
        /// Bytes a second delivered last; None before the first sample.
        delivery_rate: Option<u64>,
        /// That rate is what the application wanted, not what the path can.
        delivery_rate_app_limited: bool,
        /// Bytes a second at which output is paced; None where it is not.
        pacing_rate: Option<u64>,
        /// Payload bytes delivered, in order or not.
        delivered: u64,
        /// Payload bytes that left, copies included, and those that left again.
        bytes_sent: u64,
        bytes_retrans: u64,
        /// Payload bytes that the peer acknowledged, and those that came in order.
        bytes_acked: u64,
        bytes_received: u64,
        /// Segments sent again.
        total_retrans: u64,
        /// Segments that left and came, all and those with payload.
        segs_out: u64,
        segs_in: u64,
        data_segs_out: u64,
        data_segs_in: u64,
        /// ACKs that told of a second copy (DSACK), and of reordering.
        dsack_dups: u32,
        reord_seen: u32,
        /// Segments that came before their turn.
        rcv_ooopack: u64,
        /// Timeouts; rows of them that progress ended or will; seconds that those took which are over.
        total_rto: u32,
        total_rto_recoveries: u32,
        total_rto_time: f64,
        /// The shortest round trip seen, seconds; None before the first sample.
        min_rtt: Option<f64>,
        /// Seconds since data was sent, data was received, an ACK was received; None before the first.
        last_data_sent: Option<f64>,
        last_data_recv: Option<f64>,
        last_ack_recv: Option<f64>,
        /// How long an ACK may wait for company, seconds.
        ato: f64,
        /// Payload of the peer's full segments as far as seen, bytes.
        rcv_mss: u32,
        /// The round trip as the receiver sees it, seconds; None while it does not know.
        rcv_rtt: Option<f64>,
        /// The most bytes that the application read in one round trip.
        rcv_space: u32,
        /// Bytes that may wait to be read, and that may be queued, as tuned now.
        receive_buffer: usize,
        send_buffer: usize,
        /// How short the memory of the stack is for it: "none", "short", "critical".
        pressure: &'static str,
        /// Timers that run, and in how many seconds they fire.
        timers: BTreeMap<&'static str, f64>,
        /// Everything else by name: negotiated options, the phase of recovery, counters; seconds for times.
        fields: BTreeMap<&'static str, Field>,
    }
}

impl TcpInfo {
    /// One connection.
    pub(crate) fn of(stack: &Stack, now: Instant, id: TcpId) -> Result<Self, Error> {
        Ok(Self::new(stack.tcp_info(id)?, now))
    }

    /// Every connection by local and remote address, then those that are half open.
    pub(crate) fn all(stack: &Stack, now: Instant) -> Vec<Self> {
        let mut ids = stack.tcp_ids();
        ids.sort_by_key(|id| stack.tcp_tuple(*id).ok().map(|tuple| (tuple.local, tuple.remote)));
        let connections = ids.into_iter().filter_map(|id| Self::of(stack, now, id).ok());
        let mut half_open = stack.tcp_half_open();
        half_open.sort_by_key(|info| (info.tuple.local, info.tuple.remote));
        connections.chain(half_open.into_iter().map(|info| Self::new(info, now))).collect()
    }

    #[allow(clippy::too_many_lines, reason = "a line for each field")]
    fn new(info: Info, now: Instant) -> Self {
        let seconds = |time: Option<Duration>| time.map(to_seconds);
        let ago = |at: Option<Instant>| at.map(|at| to_seconds(now.since(at)));
        let work = &info.work;
        let times = work.clock.times(now);
        Self {
            local: endpoint(info.tuple.local),
            remote: endpoint(info.tuple.remote),
            state: info.state.name(),
            congestion: info.congestion,
            congestion_phase: info.congestion_phase,
            cwnd: info.cwnd.into(),
            ssthresh: info.ssthresh.map(u64::from),
            srtt: seconds(info.srtt),
            rttvar: seconds(info.srtt.and(Some(info.rttvar))),
            rto: to_seconds(info.rto),
            mss: info.mss as usize,
            snd_una: info.snd_una.0,
            snd_nxt: info.snd_nxt.0,
            snd_wnd: info.snd_wnd,
            rcv_nxt: info.rcv_nxt.0,
            rcv_wnd: info.rcv_wnd,
            send_queue: info.send_queue,
            receive_queue: info.receive_queue,
            out_of_order: info.out_of_order,
            in_flight: info.snd_nxt.0.wrapping_sub(info.snd_una.0),
            waiting: work.waiting.name(),
            unsent: work.unsent,
            pipe: info.pipe,
            sacked: info.sacked,
            lost: info.lost,
            resent: work.resent,
            busy_time: to_seconds(times.busy),
            rwnd_limited: to_seconds(times.receive_window),
            sndbuf_limited: to_seconds(times.send_buffer),
            delivery_rate: work.delivery_rate,
            delivery_rate_app_limited: work.delivery_rate_app_limited,
            pacing_rate: info.pacing_rate,
            delivered: info.delivered,
            bytes_sent: work.bytes_sent,
            bytes_retrans: work.bytes_resent,
            bytes_acked: info.bytes_acked,
            bytes_received: info.bytes_received,
            total_retrans: info.retransmissions,
            segs_out: info.segments_out,
            segs_in: info.segments_in,
            data_segs_out: work.data_segments_out,
            data_segs_in: work.data_segments_in,
            dsack_dups: work.duplicates_reported,
            reord_seen: work.reorderings,
            rcv_ooopack: work.out_of_order_segments,
            total_rto: work.timeouts,
            total_rto_recoveries: work.timeout_rows,
            total_rto_time: to_seconds(work.timeout_time),
            min_rtt: seconds(info.min_rtt),
            last_data_sent: ago(work.last_data_sent),
            last_data_recv: ago(work.last_data_received),
            last_ack_recv: ago(work.last_ack_received),
            ato: to_seconds(work.delayed_ack),
            rcv_mss: work.rcv_mss,
            rcv_rtt: seconds(work.rcv_rtt),
            rcv_space: work.rcv_space,
            receive_buffer: work.receive_buffer,
            send_buffer: work.send_buffer,
            pressure: work.pressure.name(),
            fields: fields(&info),
            timers: info.timers.into_iter().map(|(name, at)| (name, to_seconds(at.since(now)))).collect(),
        }
    }
}

fn fields(info: &Info) -> BTreeMap<&'static str, Field> {
    let (snd_wscale, rcv_wscale) = info.window_scale.unwrap_or_default();
    let mut fields = BTreeMap::from([
        ("advertised_mss", Field::Int(info.advertised_mss.into())),
        ("bytes_lost", Field::Int(info.bytes_lost as i64)),
        ("delivered", Field::Int(info.delivered as i64)),
        ("lost", Field::Int(info.lost.into())),
        ("pipe", Field::Int(info.pipe.into())),
        ("reordering", Field::Flag(info.reordering)),
        ("sacked", Field::Int(info.sacked.into())),
        ("bytes_acked", Field::Int(info.bytes_acked as i64)),
        ("bytes_received", Field::Int(info.bytes_received as i64)),
        ("orphan", Field::Flag(info.orphan)),
        ("retransmissions", Field::Int(info.retransmissions as i64)),
        ("segments_in", Field::Int(info.segments_in as i64)),
        ("segments_out", Field::Int(info.segments_out as i64)),
        ("backoff", Field::Int(info.backoff.into())),
        ("duplicate_acks", Field::Int(info.duplicate_acks.into())),
        ("path_mtu", Field::Int(info.mtu.into())),
        ("peer_mss", Field::Int(info.peer_mss.into())),
        ("rcv_wscale", Field::Int(rcv_wscale.into())),
        ("recovery", Field::Word(info.recovery)),
        ("retries", Field::Int(info.retries.into())),
        ("sack", Field::Flag(info.sack)),
        ("snd_wscale", Field::Int(snd_wscale.into())),
        ("fast_open", Field::Word(info.fast_open)),
        ("syn_data_acked", Field::Flag(info.syn_data_acked)),
        ("syn_cookie", Field::Flag(info.syn_cookie)),
        ("suspect", Field::Flag(info.suspect)),
        ("timestamps", Field::Flag(info.timestamps)),
        ("probes", Field::Int(info.work.probes.into())),
        ("urgent", Field::Int(info.urgent as i64)),
    ]);
    fields.extend(ecn_fields(&info.ecn));
    fields.extend(info.soft_error.map(|error| ("soft_error", Field::Text(error.to_string()))));
    fields.extend(info.pacing_rate.map(|rate| ("pacing_rate", Field::Int(rate as i64))));
    fields.extend(info.min_rtt.map(|rtt| ("min_rtt", Field::Seconds(to_seconds(rtt)))));
    fields.extend(info.last_rtt.map(|rtt| ("last_rtt", Field::Seconds(to_seconds(rtt)))));
    fields
}

/// Congestion marks. Counters of bytes are those of AccECN's option.
fn ecn_fields(ecn: &EcnInfo) -> [(&'static str, Field); 14] {
    let count = |value: u64| Field::Int(value as i64);
    let ([received_e0, received_ce, received_e1], [delivered_e0, delivered_ce, delivered_e1]) =
        (ecn.received_bytes, ecn.delivered_bytes);
    [
        ("ecn", Field::Word(ecn.mode)),
        ("ecn_seen", Field::Flag(ecn.seen)),
        ("received_ce", count(ecn.received_ce)),
        ("delivered_ce", count(ecn.delivered_ce)),
        ("ecn_capable", Field::Flag(ecn.capable)),
        ("ecn_fallback", Field::Word(ecn.fallback)),
        ("ecn_option_seen", Field::Flag(ecn.option_seen)),
        ("ecn_reductions", count(ecn.reductions)),
        ("received_e0_bytes", count(received_e0)),
        ("received_ce_bytes", count(received_ce)),
        ("received_e1_bytes", count(received_e1)),
        ("delivered_e0_bytes", count(delivered_e0)),
        ("delivered_ce_bytes", count(delivered_ce)),
        ("delivered_e1_bytes", count(delivered_e1)),
    ]
}
