"""The table of knobs: one row each, by name. Adding one means a row here and one in the stack's `knobs.rs`.

A name is Linux's where Linux has such a sysctl, with Linux's unit; what Linux has not is under `tapip.`.
"""

from __future__ import annotations

import difflib

from tapip_rs.policy.knob import Knob

__all__ = ["BY_NAME", "KNOBS", "find"]

DAY_MS = 86_400_000
DAY_S = 86_400
GIB = 1 << 30
IP_SYSCTL = "Linux Documentation/networking/ip-sysctl.rst"


def _switch(name: str, key: str, default: int, about: str, source: str) -> Knob:
    return Knob(name=name, key=key, kind="switch", default=default, about=about, source=source)


def _number(
    name: str, key: str, default: int, span: tuple[int, int], unit: str, about: str, source: str, replaces: str = ""
) -> Knob:
    low, high = span
    return Knob(
        name=name, key=key, kind="number", default=default, low=low, high=high, unit=unit,
        about=about, source=source, replaces=replaces,
    )  # fmt: skip


def _three(
    name: str,
    key: str,
    parts: tuple[str, str, str],
    default: tuple[int, int, int],
    span: tuple[int, int],
    unit: str,
    about: str,
    source: str,
    replaces: str = "",
) -> Knob:
    low, high = span
    return Knob(
        name=name, key=key, kind="three", parts=parts, default=" ".join(map(str, default)), low=low, high=high,
        unit=unit, about=about, source=source, replaces=replaces,
    )  # fmt: skip


def _time(
    name: str,
    key: str,
    default: float,
    span: tuple[float, float],
    unit: str,
    about: str,
    source: str,
    replaces: str = "",
) -> Knob:
    low, high = span
    return Knob(
        name=name, key=key, kind="time", default=default, low=low, high=high, unit=unit,
        about=about, source=source, replaces=replaces,
    )  # fmt: skip


_IP = (
    _switch("net.ipv4.ip_forward", "ip_forward", 0, "pass on packets that are for others", f"RFC 1812 5; {IP_SYSCTL}"),
    _number("net.ipv4.ip_default_ttl", "ip_default_ttl", 64, (1, 255), "", "TTL of packets for which no socket set one",
            "IANA ip-parameters"),
    _switch("net.ipv4.conf.all.send_redirects", "send_redirects", 1, "tell senders of a better first hop",
            "RFC 1812 5.2.7.2"),
    _time("net.ipv4.ipfrag_time", "ipfrag_time", 30, (0.001, DAY_S), "s", "how long fragments wait for the rest",
          "Linux and tapip; RFC 1122 3.3.2 would have 60 to 120 s", "FRAG_TIME"),
    _number("net.ipv4.ipfrag_high_thresh", "ipfrag_high_thresh", 4 << 20, (0, GIB), "bytes",
            "memory for all incomplete datagrams", IP_SYSCTL),
    _number("tapip.ipfrag_source_thresh", "ipfrag_source_thresh", 1 << 20, (0, GIB), "bytes",
            "memory for the incomplete datagrams of one source", "own"),
    _number("net.ipv4.route.min_pmtu", "min_pmtu", 552, (68, 65_535), "bytes",
            "the least path MTU that ICMP can make us believe", f"RFC 1191; {IP_SYSCTL}"),
    _time("net.ipv4.route.mtu_expires", "mtu_expires", 600, (0.001, DAY_S), "s",
          "how long a learned path MTU is believed",
          "RFC 1191 6.3"),
    _number("tapip.pmtu_entries", "pmtu_entries", 1024, (1, 1_048_576), "entries",
            "destinations whose path MTU is remembered", "own"),
)  # fmt: skip

_ICMP = (
    _switch("net.ipv4.icmp_echo_ignore_all", "icmp_echo_ignore_all", 0, "answer no ping", IP_SYSCTL),
    _number("net.ipv4.icmp_msgs_per_sec", "icmp_msgs_per_sec", 1000, (0, 1_000_000), "1/s",
            "ICMP errors a second, to all destinations together", f"RFC 1812 4.3.2.8; {IP_SYSCTL}"),
    _number("net.ipv4.icmp_msgs_burst", "icmp_msgs_burst", 50, (0, 1_000_000), "messages", "ICMP errors at once",
            IP_SYSCTL),
    _time("net.ipv4.icmp_ratelimit", "icmp_ratelimit", 1000, (0, DAY_MS), "ms",
          "between ICMP errors to one destination; 0 for no limit", IP_SYSCTL),
    _number("net.ipv4.icmp_ratemask", "icmp_ratemask", 0x1838, (0, 0xFFFF_FFFF), "",
            "bit n set: ICMP type n is limited", IP_SYSCTL),
    _number("net.ipv4.igmp_qrv", "igmp_qrv", 2, (1, 7), "", "how often a multicast report is sent, against loss",
            "RFC 3376 8.1"),
    _number("net.ipv4.igmp_max_memberships", "igmp_max_memberships", 1024, (1, 65_536), "groups",
            "multicast groups of one interface", IP_SYSCTL),
)  # fmt: skip

_NEIGH = (
    _number("net.ipv4.neigh.default.gc_thresh3", "neigh_gc_thresh3", 1024, (1, 1_048_576), "entries",
            "size of the neighbour (ARP) table; the least recently used entry makes room", "Linux arp(7)",
            "ARP_CACHE_SZ"),
    _time("net.ipv4.neigh.default.base_reachable_time_ms", "neigh_base_reachable_time_ms", 600_000, (1000, DAY_MS),
          "ms",
          "how long a neighbour's address is trusted", "tapip; Linux has 30 s", "ARP_CACHE_TIMEOUT"),
    _time("net.ipv4.neigh.default.gc_stale_time", "neigh_gc_stale_time", 600, (1, DAY_S), "s",
          "how long an unused entry in doubt is kept", "Linux arp(7)"),
    _time("net.ipv4.neigh.default.delay_first_probe_time", "neigh_delay_first_probe_time", 5, (0, DAY_S), "s",
          "how long an entry in doubt waits for a sign of life before it is probed", "RFC 4861 10; Linux arp(7)"),
    _time("net.ipv4.neigh.default.retrans_time_ms", "neigh_retrans_time_ms", 1000, (1000, DAY_MS), "ms",
          "between ARP requests for one address", "RFC 1122 2.3.2.1: at most one a second"),
    _number("net.ipv4.neigh.default.mcast_solicit", "neigh_mcast_solicit", 5, (1, 100), "requests",
            "ARP requests before a neighbour counts as failed", "tapip; Linux has 3"),
    _number("net.ipv4.neigh.default.ucast_solicit", "neigh_ucast_solicit", 3, (0, 100), "requests",
            "how many of the requests of a probe go to the address known so far", "Linux arp(7)"),
    _number("net.ipv4.neigh.default.unres_qlen", "neigh_unres_qlen", 64, (1, 1024), "packets",
            "packets that wait for one neighbour's address", "Linux arp(7); 64 hold a datagram of 65535 bytes"),
    _time("net.ipv4.neigh.default.locktime", "neigh_locktime", 100, (0, DAY_MS // 10), "1/100 s",
          "how long a fresh answer can not be replaced by another", "Linux arp(7)"),
    _time("tapip.neigh_failed_time", "neigh_failed_time", 1000, (0, DAY_MS), "ms",
          "how long packets to a failed neighbour are refused before it is asked again", "own"),
)  # fmt: skip

_TCP_OPTIONS = (
    _switch("net.ipv4.tcp_window_scaling", "tcp_window_scaling", 1, "windows beyond 64 KiB", "RFC 7323 2"),
    _switch("net.ipv4.tcp_timestamps", "tcp_timestamps", 1, "timestamps: round trips and protection from old segments",
            "RFC 7323 3"),
    _number("tapip.tcp_paws_slack", "tcp_paws_slack", 64, (0, 10_000), "ticks",
            "how much older than the newest a timestamp may be: late, not old", "own; RFC 7323 5.3 would have 0"),
    _switch("net.ipv4.tcp_sack", "tcp_sack", 1, "selective acknowledgements", "RFC 2018"),
    _switch("net.ipv4.tcp_rfc1337", "tcp_rfc1337", 1, "a reset does not end TIME-WAIT", "RFC 1337"),
    _switch("tapip.tcp_limited_transmit", "tcp_limited_transmit", 1, "new data on the first two duplicate ACKs",
            "RFC 3042"),
    _switch("net.ipv4.tcp_recovery", "tcp_recovery", 1, "losses are found by time (RACK), not by counting",
            f"RFC 8985; {IP_SYSCTL}"),
    _switch("net.ipv4.tcp_early_retrans", "tcp_early_retrans", 1, "probes for a loss at the end of a flight (TLP)",
            f"RFC 8985 7; {IP_SYSCTL}"),
    _switch("net.ipv4.tcp_frto", "tcp_frto", 1, "after a timeout, new data finds out whether it was one", "RFC 5682"),
    _switch("net.ipv4.tcp_dsack", "tcp_dsack", 1, "reports of what came twice", "RFC 2883"),
    _switch("tapip.tcp_undo", "tcp_undo", 1, "a repair that was none gives the window back", "RFC 3522, 3708, 4015"),
    _switch("tapip.tcp_pacing", "tcp_pacing", 0, "output is spread over the round trip under any congestion control",
            "RFC 9002 7.7; BBR paces in any case"),
    _switch("net.ipv4.tcp_slow_start_after_idle", "tcp_slow_start_after_idle", 1,
            "an idle connection starts again from the initial window", f"RFC 5681 4.1; {IP_SYSCTL}"),
    _number("net.ipv4.tcp_min_snd_mss", "tcp_min_snd_mss", 48, (1, 1460), "bytes",
            "the least segment size that a peer can ask for", IP_SYSCTL),
    _time("net.ipv4.tcp_invalid_ratelimit", "tcp_invalid_ratelimit", 500, (0, DAY_MS), "ms",
          "between challenge ACKs of one connection", f"RFC 5961 7; {IP_SYSCTL}"),
    _number("tapip.tcp_rst_per_sec", "tcp_rst_per_sec", 1000, (0, 1_000_000), "1/s",
            "resets a second for segments without a connection", "own; RFC 9293 3.10.7.1 asks for the reset"),
    _number("tapip.tcp_rst_burst", "tcp_rst_burst", 100, (0, 1_000_000), "segments", "such resets at once", "own"),
)  # fmt: skip

_TCP_TIMES = (
    _time("net.ipv4.tcp_rto_min_us", "tcp_rto_min", 200_000, (1000, 120_000_000), "us",
          "least margin of the retransmission timeout over the smoothed round trip",
          "Linux; RFC 6298 2.4 would have 1 s"),
    _time("net.ipv4.tcp_rto_max_ms", "tcp_rto_max", 120_000, (1000, DAY_MS), "ms", "the longest retransmission timeout",
          "RFC 6298 2.5: at least 60 s"),
    _time("tapip.tcp_rto_initial_ms", "tcp_rto_initial", 1000, (1, 120_000), "ms",
          "retransmission timeout before the first measurement", "RFC 6298 2.1"),
    _time("tapip.tcp_delack_ms", "tcp_delack", 40, (0, 500), "ms", "how long an acknowledgement waits for company",
          "RFC 9293 3.8.6.3: under 500 ms; Linux's least is 40"),
    _number("net.ipv4.tcp_syn_retries", "tcp_syn_retries", 7, (1, 127), "times", "how often a SYN is sent again",
            f"RFC 9293 3.8.3 MUST-23; {IP_SYSCTL}"),
    _number("net.ipv4.tcp_synack_retries", "tcp_synack_retries", 5, (0, 127), "times",
            "how often a SYN-ACK is sent again",
            IP_SYSCTL),
    _number("net.ipv4.tcp_syncookies", "tcp_syncookies", 1, (0, 2), "",
            "answer SYNs with cookies: 0 never, 1 when the SYN queue is full, 2 always", f"RFC 4987 3.6; {IP_SYSCTL}"),
    _number("net.ipv4.tcp_max_syn_backlog", "tcp_max_syn_backlog", 1024, (1, 1_048_576), "connections",
            "half-open connections of one listener", IP_SYSCTL),
    _number("net.ipv4.tcp_fastopen", "tcp_fastopen", 1, (0, 3), "",
            "data in the SYN: 1 for connections that we open, 2 for those that we take, 3 for both",
            f"RFC 7413; {IP_SYSCTL}"),
    _time("net.ipv4.tcp_fastopen_blackhole_timeout_sec", "tcp_fastopen_blackhole_timeout_sec", 3600, (0, DAY_S), "s",
          "how long a server is left alone after SYNs with data vanished; doubles each time; 0 never",
          f"RFC 7413 4.1.3.1; {IP_SYSCTL} (0 there)"),
    _time("tapip.tcp_fastopen_rotation", "tcp_fastopen_rotation", 0, (0, DAY_S), "s",
          "how long one key makes the Fast Open cookies that we give; the one before is good as well; 0 for ever",
          "RFC 7413 4.1.2"),
    _number("net.ipv4.tcp_mtu_probing", "tcp_mtu_probing", 1, (0, 2), "",
            "find out by trying what the path carries: 0 never, 1 once nothing comes through, 2 from the start",
            f"RFC 4821, RFC 8899; {IP_SYSCTL}, where 0 is the default"),
    _number("net.ipv4.tcp_base_mss", "tcp_base_mss", 1024, (48, 65_495), "bytes",
            "segment size, options included, from which that search begins", f"RFC 4821 7.2; {IP_SYSCTL}"),
    _number("net.ipv4.tcp_mtu_probe_floor", "tcp_mtu_probe_floor", 512, (48, 1_460), "bytes",
            "segment size to which it falls while nothing comes through (Linux: 48)", IP_SYSCTL),
    _number("net.ipv4.tcp_probe_threshold", "tcp_probe_threshold", 8, (1, 65_495), "bytes",
            "the search ends when no more than that is open", IP_SYSCTL),
    _time("net.ipv4.tcp_probe_interval", "tcp_probe_interval", 600, (1, DAY_S), "s",
          "after a search, when the next begins", f"RFC 8899 5.1.1; {IP_SYSCTL}"),
    _number("net.ipv4.tcp_retries1", "tcp_retries1", 3, (1, 255), "times",
            "retransmissions before IP is told to doubt the path", "RFC 9293 3.8.3 R1"),
    _number("net.ipv4.tcp_retries2", "tcp_retries2", 15, (1, 255), "times",
            "retransmissions before the connection is given up", "RFC 9293 3.8.3 R2"),
    _number("net.ipv4.tcp_orphan_retries", "tcp_orphan_retries", 8, (0, 255), "times",
            "retransmissions of a connection that the application closed", IP_SYSCTL),
    _time("net.ipv4.tcp_keepalive_time", "tcp_keepalive_time", 7200, (0.001, 1_000_000), "s",
          "silence before the first keepalive", "RFC 9293 3.8.4"),
    _time("net.ipv4.tcp_keepalive_intvl", "tcp_keepalive_intvl", 75, (0.001, 1_000_000), "s", "between keepalives",
          IP_SYSCTL),
    _number("net.ipv4.tcp_keepalive_probes", "tcp_keepalive_probes", 9, (1, 255), "times",
            "keepalives without answer before the connection is given up", IP_SYSCTL),
    _time("tapip.tcp_time_wait", "tcp_time_wait", 60, (0, DAY_S), "s", "how long TIME-WAIT lasts (2 MSL)",
          "RFC 9293 3.4.2 would have 240 s; 60 as Linux"),
    _time("net.ipv4.tcp_fin_timeout", "tcp_fin_timeout", 60, (0, DAY_S), "s",
          "how long a closed connection waits in FIN-WAIT-2", IP_SYSCTL),
)  # fmt: skip

CONGESTION = ("reno", "cubic", "bbr", "dctcp", "fixed")
"""The congestion controls, in the stack's order."""

_TCP_CONGESTION = (
    Knob(name="net.ipv4.tcp_congestion_control", key="tcp_congestion_control", kind="choice", default="cubic",
         choices=CONGESTION, aliases=(("newreno", "reno"),), about="congestion control of new connections",
         source=f"RFC 5681 and 6582, 9438, 8257, draft-ietf-ccwg-bbr; {IP_SYSCTL}"),
    Knob(name="net.ipv4.tcp_available_congestion_control", key="", kind="fact", default=" ".join(CONGESTION),
         about="the congestion controls that there are", source=IP_SYSCTL),
    _switch("tapip.tcp_hystart", "tcp_hystart", 1, "leave the first slow start before the queue overflows",
            "HyStart++, RFC 9406"),
    _number("net.ipv4.tcp_ecn", "tcp_ecn", 2, (0, 5), "",
            "congestion marks: 0 none; 1 asked for and granted, 2 granted; AccECN: 3 asked for and granted, 4 granted "
            "and classic asked for, 5 granted", f"RFC 3168, RFC 9768; {IP_SYSCTL}"),
    _switch("net.ipv4.tcp_ecn_fallback", "tcp_ecn_fallback", 1, "a SYN with ECN that vanished goes again without",
            f"RFC 3168 6.1.1.1; {IP_SYSCTL}"),
    _number("net.ipv4.tcp_ecn_option", "tcp_ecn_option", 2, (0, 2), "",
            "AccECN's option: 0 never, 1 where it must be, 2 on every ACK with room for it",
            f"RFC 9768 3.2.3; {IP_SYSCTL}"),
    _number("net.ipv4.tcp_ecn_option_beacon", "tcp_ecn_option_beacon", 3, (0, 255), "1/RTT",
            "how often AccECN's option goes in a round trip at least", f"RFC 9768 3.2.3.3; {IP_SYSCTL}"),
    _switch("tapip.tcp_ecn_backoff", "tcp_ecn_backoff", 0, "cut the window less for a mark than for a loss",
            "ABE, RFC 8511"),
    _number("tapip.tcp_fixed_cwnd", "tcp_fixed_cwnd", 64, (1, 65_535), "segments",
            "congestion window of the control named fixed", "own"),
)  # fmt: skip

SPAN = ("min", "default", "max")
"""The parts of a buffer's size."""

_TCP_SIZES = (
    _three("net.ipv4.tcp_wmem", "tcp_wmem", SPAN, (4 << 10, 4 << 20, 16 << 20), (4096, GIB), "bytes",
           "send buffer: the least when memory is short, the first, the most that it grows to", IP_SYSCTL),
    _three("net.ipv4.tcp_rmem", "tcp_rmem", SPAN, (4 << 10, 1 << 20, 6 << 20), (256, GIB), "bytes",
           "receive buffer: the least when memory is short, the first, the most that it grows to", IP_SYSCTL,
           "TCP_DEFAULT_WINDOW"),
    _three("net.ipv4.tcp_mem", "tcp_mem", ("low", "pressure", "high"), (98_304, 131_072, 196_608), (0, 0x7FFF_FFFF),
           "pages", "what all connections may hold: memory is short above the second until below the first, used up "
           "above the third", f"{IP_SYSCTL}; as on a host of 8 GiB"),
    _switch("net.ipv4.tcp_moderate_rcvbuf", "tcp_moderate_rcvbuf", 1,
            "receive buffers grow with what a round trip brings", IP_SYSCTL),
    _number("net.ipv4.tcp_notsent_lowat", "tcp_notsent_lowat", 0xFFFF_FFFF, (1, 0xFFFF_FFFF), "bytes",
            "unsent bytes from which on a connection takes no more", IP_SYSCTL),
    _number("tapip.tcp_max_ofo", "tcp_max_ofo", 4096, (0, 1_048_576), "segments",
            "segments held that came before their turn, for each 2 MiB of the receive buffer", "own"),
    _number("tapip.tcp_initial_cwnd", "tcp_initial_cwnd", 10, (1, 1000), "segments", "initial congestion window",
            "RFC 6928"),
    _number("tapip.tcp_abc_limit", "tcp_abc_limit", 2, (1, 64), "segments",
            "most growth for one acknowledgement in slow start", "RFC 3465 2.3"),
)  # fmt: skip

_POOLS = (
    _number("net.core.somaxconn", "somaxconn", 4096, (1, 65_535), "connections", "the largest backlog of a listener",
            "Linux listen(2)"),
    _number("net.core.rmem_default", "rmem_default", 212_992, (256, GIB), "bytes",
            "receive queue of a new UDP or raw socket", "Linux socket(7)"),
    _number("tapip.pool_packets", "pool_packets", 16_384, (16, 1_048_576), "packets",
            "packet buffers in use at most; past three quarters, what sockets keep is copied", "own", "MAX_PKBS"),
)  # fmt: skip

KNOBS: tuple[Knob, ...] = (*_IP, *_ICMP, *_NEIGH, *_TCP_OPTIONS, *_TCP_TIMES, *_TCP_CONGESTION, *_TCP_SIZES, *_POOLS)
BY_NAME: dict[str, Knob] = {knob.name: knob for knob in sorted(KNOBS, key=lambda knob: knob.name)}


def find(name: str) -> Knob:
    """The knob of that name; `net/ipv4/...` too, as in sysctl(8). Raises: KeyError with the nearest names."""
    knob = BY_NAME.get(name) or BY_NAME.get(name.replace("/", "."))
    if knob is not None:
        return knob
    last = {known.rpartition(".")[2]: known for known in BY_NAME}
    near = difflib.get_close_matches(name, BY_NAME, n=3)
    near += [
        last[word] for word in difflib.get_close_matches(name.rpartition(".")[2], last, n=3) if last[word] not in near
    ]
    hint = f"; near it: {', '.join(near[:3])}" if near else ""
    raise KeyError(f"there is no knob {name}{hint}")
