//! The knobs of the engine. A connection keeps those it was born with; `Settings` are what changes in its life.

use super::congestion;
use crate::time::Duration;

/// Knobs of every new connection.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Offer and accept window scaling (RFC 7323).
    pub window_scaling: bool,
    /// Offer and accept timestamps (RFC 7323).
    pub timestamps: bool,
    /// How many ticks older than the newest in order a timestamp may be and still count (PAWS). RFC 7323 says none; but
    /// then each retransmission makes whatever was late before it look old, be dropped, be sent again, and so on. Sequence
    /// numbers would have to wrap within 64 ticks, at 500 Gbit/s with a clock of 1 ms, before an old segment passed.
    pub paws_slack: u32,
    /// Offer, accept and send SACK (RFC 2018).
    pub sack: bool,
    /// First congestion window, in segments (RFC 6928: at most 10).
    pub initial_window: u32,
    /// Most segments of growth for one ACK in slow start (RFC 3465's L).
    pub abc_limit: u32,
    /// Which congestion control new connections use.
    pub congestion: congestion::Kind,
    /// Leave the first slow start before the queue overflows (HyStart++, RFC 9406).
    pub hystart: bool,
    /// Cut the window less for a mark than for a loss (ABE, RFC 8511).
    pub ecn_backoff: bool,
    /// Explicit congestion notification (net.ipv4.tcp_ecn): 0 off; 1 asked for and granted, 2 granted only (RFC 3168); 3
    /// AccECN (RFC 9768) asked for and granted; 4 RFC 3168 asked for, 5 nothing, and AccECN granted.
    pub ecn: u8,
    /// A SYN with ECN that vanished goes again without (RFC 3168 6.1.1.1).
    pub ecn_fallback: bool,
    /// AccECN's option: 0 never sent, 1 where it must be, 2 on every pure ACK with room for it.
    pub ecn_option: u8,
    /// How often AccECN's option is sent in a round trip at least (RFC 9768 3.2.3.3); 0 for no such rule.
    pub ecn_beacon: u8,
    /// Segments in flight under the fixed window. 64 fill 18 Mbit/s at 40 ms: enough to see a queue grow or stand.
    pub fixed_window: u32,
    /// Start again from the initial window after an idle RTO (RFC 5681 4.1).
    pub slow_start_after_idle: bool,
    /// Find losses by time (RACK, RFC 8985), not by counting (RFC 6675).
    pub rack: bool,
    /// Probe for a loss at the end of a flight (RFC 8985 7).
    pub tail_loss_probe: bool,
    /// Take back what a repair that was none has cut (RFC 3522, RFC 3708, RFC 4015).
    pub undo: bool,
    /// Find out whether a timeout was one (F-RTO, RFC 5682).
    pub frto: bool,
    /// Report what came twice (DSACK, RFC 2883).
    pub dsack: bool,
    /// Pace output though the congestion control does not ask for it.
    pub pacing: bool,
    /// Send new data on the first two duplicate ACKs (RFC 3042).
    pub limited_transmit: bool,
    /// Least margin of the retransmission timeout over the smoothed round trip, and so its lower bound. RFC 6298
    /// advises 1 s; 200 ms is what Linux has run for decades,
    /// and on a link of 50 us one loss at 1 s costs a hundred times the throughput.
    pub min_rto: Duration,
    /// Upper bound of the retransmission timeout (RFC 6298 2.5: at least 60 s).
    pub max_rto: Duration,
    /// Timeout before anything was measured (RFC 6298 2.1).
    pub initial_rto: Duration,
    /// Longest delay of an ACK; under 0.5 s (RFC 9293 MUST-40).
    pub delayed_ack: Duration,
    /// SYNs sent again before an active open fails: 1 + 2 + .. + 64 + 120 s with 7, over three minutes (MUST-23).
    pub syn_retries: u8,
    /// SYN-ACKs sent again before a half-open connection is forgotten: 63 s with 5.
    pub synack_retries: u8,
    /// When a listener answers SYNs with cookies (RFC 4987 3.6): 0 never, 1 once its SYN queue is full, 2 always.
    pub syn_cookies: u8,
    /// Most half-open connections of one listener, however large its backlog is.
    pub max_syn_backlog: usize,
    /// TCP Fast Open (RFC 7413): bit 0 for active opens, bit 1 for passive ones.
    pub fast_open: u8,
    /// How long no Fast Open is tried towards a server after SYNs with it vanished; doubles each time. Zero: always tried.
    pub fast_open_blackhole: Duration,
    /// How long the key of the cookies is used that we give; the one before is good as well. Zero for ever.
    pub fast_open_rotation: Duration,
    /// R1: retransmissions after which the path is doubted (RFC 9293 SHLD-10: at least 3).
    pub retries1: u8,
    /// R2: retransmissions after which the connection ends; 15 take over 15 minutes (SHLD-11: at least 100 s).
    pub retries2: u8,
    /// R2 once no application holds the connection any more, so that silent peers cannot pile up FIN-WAIT-1.
    pub orphan_retries: u8,
    /// Idle time before the first keep-alive probe (RFC 9293 MUST-28: at least two hours by default).
    pub keepalive_time: Duration,
    /// Time between keep-alive probes.
    pub keepalive_interval: Duration,
    /// Unanswered keep-alive probes that end the connection.
    pub keepalive_probes: u8,
    /// TIME-WAIT, twice the segment lifetime (MUST-13).
    pub time_wait: Duration,
    /// How long an orphan stays in FIN-WAIT-2.
    pub fin_timeout: Duration,
    /// Ignore RST in TIME-WAIT (RFC 1337).
    pub rfc1337: bool,
    /// Bytes that the application may queue however short memory is: a page, as on Linux.
    pub send_buffer_min: usize,
    /// Bytes that it may queue at first. 4 MiB, more than Linux's first: a program without threads may write that much
    /// before it reads, and what is not queued costs nothing.
    pub send_buffer: usize,
    /// Bytes that it may queue once the congestion window has grown to half of that.
    pub send_buffer_max: usize,
    /// Bytes that may wait for the application however short memory is.
    pub receive_buffer_min: usize,
    /// Bytes that may wait for it at first. 1 MiB is 724 full segments: less than the 1000 frames that a tap's queue
    /// holds, so that one sender cannot overflow it.
    pub receive_buffer: usize,
    /// Bytes that may wait once a round trip brings half as much; the scale of windows comes from it. 6 MiB, as on Linux,
    /// keep 200 Mbit/s over 250 ms going.
    pub receive_buffer_max: usize,
    /// Let the receive buffer grow with what a round trip brings.
    pub moderate_receive_buffer: bool,
    /// Unsent bytes from which on the application may queue no more (TCP_NOTSENT_LOWAT).
    pub notsent_low_water: u32,
    /// Pieces kept out of order at most, for each 2 MiB of the receive buffer: by default one for 512 bytes.
    pub max_out_of_order: usize,
    /// Least segment size, options included, that a peer can force on us (against CVE-2019-11479).
    pub min_mss: u16,
    /// Find out what the path carries by trying (RFC 4821): 0 never, 1 once nothing comes through, 2 from the start.
    pub mtu_probing: u8,
    /// Segment size, options included, that nearly all paths carry: where the search begins (RFC 4821 7.2).
    pub base_mss: u16,
    /// Where it ends when nothing comes through.
    pub probe_floor: u16,
    /// A search ends when so few bytes are open.
    pub probe_threshold: u16,
    /// When the next search begins: what a path carries changes with routes, not with packets (RFC 8899 5.1.1).
    pub probe_interval: Duration,
    /// Mean time between challenge ACKs of one connection (RFC 5961 7, after CVE-2016-5696: never a shared budget).
    pub challenge_ack_interval: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            window_scaling: true,
            timestamps: true,
            paws_slack: 64,
            sack: true,
            initial_window: 10,
            abc_limit: 2,
            congestion: congestion::Kind::Cubic,
            hystart: true,
            ecn_backoff: false,
            ecn: 2,
            ecn_fallback: true,
            ecn_option: 2,
            ecn_beacon: 3,
            fixed_window: 64,
            slow_start_after_idle: true,
            rack: true,
            tail_loss_probe: true,
            undo: true,
            frto: true,
            dsack: true,
            pacing: false,
            limited_transmit: true,
            min_rto: Duration::from_millis(200),
            max_rto: Duration::from_secs(120),
            initial_rto: Duration::from_secs(1),
            //= rfc9293#3.8.6.3 MUST-40   under half a second; as Linux
            delayed_ack: Duration::from_millis(40),
            syn_retries: 7,
            synack_retries: 5,
            syn_cookies: 1,
            max_syn_backlog: 1024,
            fast_open: 1,
            fast_open_blackhole: Duration::from_secs(3600),
            fast_open_rotation: Duration::ZERO,
            //= rfc9293#3.8.3 SHLD-10 SHLD-11   three retransmissions at least, and with 15 more than a hundred seconds
            retries1: 3,
            retries2: 15,
            orphan_retries: 8,
            //= rfc9293#3.8.4 MUST-28   two hours at least
            keepalive_time: Duration::from_secs(7200),
            keepalive_interval: Duration::from_secs(75),
            keepalive_probes: 9,
            time_wait: Duration::from_secs(60),
            fin_timeout: Duration::from_secs(60),
            rfc1337: true,
            send_buffer_min: 4 << 10,
            send_buffer: 4 << 20,
            send_buffer_max: 16 << 20,
            receive_buffer_min: 4 << 10,
            receive_buffer: 1 << 20,
            receive_buffer_max: 6 << 20,
            moderate_receive_buffer: true,
            notsent_low_water: u32::MAX,
            max_out_of_order: 4096,
            min_mss: 48,
            mtu_probing: 1,
            base_mss: 1024,
            // 48 on Linux, where nothing is probed by default. A path whose losses are no black hole must not end up with
            // segments of 36 bytes; and every IPv4 path in use carries the 576 that hosts must take (RFC 791 3.1).
            probe_floor: 512,
            probe_threshold: 8,
            probe_interval: Duration::from_secs(600),
            challenge_ack_interval: Duration::from_millis(500),
        }
    }
}
