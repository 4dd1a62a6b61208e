"""`ss`: sockets."""

from __future__ import annotations

from typing import Annotated, Any

from tapip_rs import _core
from tapip_rs.stack import Stack

from ..parser import Option
from ..registry import command
from ..report import Report, columns

HEADS = ("Netid", "State", "Recv-Q", "Send-Q", "Local Address:Port", "Peer Address:Port")
#: Fields that stand among the words of `ss -i` already.
TOLD = {"ecn", "ecn_seen"}
NETIDS = {"tcp": "tcp", "listen": "tcp", "udp": "udp", "raw": "raw"}


@command("ss")
def ss(
    stack: Stack,
    *,
    tcp: Annotated[bool, Option("-t")] = False,
    udp: Annotated[bool, Option("-u")] = False,
    raw: Annotated[bool, Option("-w")] = False,
    listening: Annotated[bool, Option("-l")] = False,
    every: Annotated[bool, Option("-a")] = False,
    numeric: Annotated[bool, Option("-n")] = False,
    info: Annotated[bool, Option("-i")] = False,
) -> Report:
    """show sockets

    Those with a peer; of all protocols, unless some are named.
        -t, -u, -w  TCP, UDP, raw
        -l, -a      those without a peer; all
        -i          windows, round trips, timers of TCP connections, and what they wait for; times in ms
        -n          as ever: addresses and ports are not resolved here
    """
    wanted = {netid for netid, on in (("tcp", tcp), ("udp", udp), ("raw", raw)) if on} or {"tcp", "udp", "raw"}
    sockets = [each for each in stack.sockets if NETIDS[each.kind] in wanted and (every or _idle(each) == listening)]
    details = {(each.local, each.remote): each for each in stack.tcp_connections} if info else {}
    rows = [_row(each) for each in sockets]
    lines = columns(rows, HEADS, right=("Recv-Q", "Send-Q")).split("\n")
    data = [_data(each) for each in sockets]
    text = [lines[0]]
    for each, line, fields in zip(sockets, lines[1:], data, strict=True):
        text.append(line)
        found = details.get((each.local or ("", 0), each.remote or ("", 0))) if each.kind == "tcp" else None
        if found is not None:
            text.append("\t" + _info(found))
            fields["info"] = tcp_data(found)
    return Report("\n".join(text), data)


def _idle(each: _core.SocketInfo) -> bool:
    """Whether it has no peer."""
    return each.state in ("LISTEN", "UNCONN")


def _row(each: _core.SocketInfo) -> tuple[object, ...]:
    local, remote = _end(each.local), _end(each.remote)
    return NETIDS[each.kind], each.state, each.receive_queue, each.send_queue, local, remote


def _end(address: tuple[str, int] | None) -> str:
    if address is None:
        return "*:*"
    return f"{address[0]}:{address[1] or '*'}"


def _data(each: _core.SocketInfo) -> dict[str, Any]:
    return {
        "netid": NETIDS[each.kind],
        "state": each.state,
        "receive_queue": each.receive_queue,
        "send_queue": each.send_queue,
        "local": each.local,
        "remote": each.remote,
    }


def tcp_data(info: _core.TcpInfo) -> dict[str, Any]:
    """A connection for programs; times are in seconds."""
    names = (
        "state congestion congestion_phase cwnd ssthresh srtt rttvar rto mss snd_una snd_nxt snd_wnd rcv_nxt rcv_wnd "
        "send_queue receive_queue out_of_order in_flight timers waiting unsent pipe sacked lost resent busy_time "
        "rwnd_limited sndbuf_limited delivery_rate delivery_rate_app_limited pacing_rate delivered bytes_sent "
        "bytes_retrans bytes_acked bytes_received total_retrans segs_out segs_in data_segs_out data_segs_in dsack_dups "
        "reord_seen rcv_ooopack total_rto total_rto_recoveries total_rto_time min_rtt last_data_sent last_data_recv "
        "last_ack_recv ato rcv_mss rcv_rtt rcv_space receive_buffer send_buffer pressure"
    )
    return {name: getattr(info, name) for name in names.split()} | dict(info.fields)


def _info(info: _core.TcpInfo) -> str:
    """A connection in the words of ss -i; times are in milliseconds."""
    words = [
        info.congestion,
        f"phase:{info.congestion_phase or '-'}",
        f"rto:{info.rto * 1000:.6g}",
        f"rtt:{_ms(info.srtt)}/{_ms(info.rttvar)}",
        f"mss:{info.mss}",
        f"cwnd:{info.cwnd // info.mss if info.mss else 0}({info.cwnd} bytes)",
        f"ssthresh:{info.ssthresh if info.ssthresh is not None else '-'}",
        f"inflight:{info.in_flight}",
        f"snd_wnd:{info.snd_wnd}",
        f"rcv_wnd:{info.rcv_wnd}",
        f"una:{info.snd_una} nxt:{info.snd_nxt} rcv:{info.rcv_nxt}",
    ]
    words += [f"waiting:{info.waiting}"] if info.waiting != "nothing" else []
    words += _work(info)
    words += _ecn(info)
    words += [f"ooo:{info.out_of_order}"] if info.out_of_order else []
    words += [f"timer:({name},{left * 1000:.0f}ms)" for name, left in sorted(info.timers.items())]
    words += [_field(name, value) for name, value in info.fields.items() if value and name not in TOLD]
    return " ".join(words)


def _ecn(info: _core.TcpInfo) -> list[str]:
    """Congestion marks, in Linux's words."""
    agreed = {"classic": ["ecn"], "accurate": ["accecn"]}.get(str(info.fields.get("ecn")), [])
    return agreed + (["ecnseen"] if info.fields.get("ecn_seen") else [])


def _work(info: _core.TcpInfo) -> list[str]:
    """What it did and what held it back: only what is not nothing."""
    counts = {
        "notsent": info.unsent, "resent": info.resent, "bytes_sent": info.bytes_sent,
        "bytes_retrans": info.bytes_retrans, "data_segs_out": info.data_segs_out, "data_segs_in": info.data_segs_in,
        "dsack_dups": info.dsack_dups, "reord_seen": info.reord_seen, "rcv_ooopack": info.rcv_ooopack,
        "total_rto": info.total_rto, "rcvmss": info.rcv_mss, "rcv_space": info.rcv_space, "rb": info.receive_buffer,
        "tb": info.send_buffer,
    }  # fmt: skip
    words = [f"{name}:{count}" for name, count in counts.items() if count]
    if info.delivery_rate is not None:
        words.append(f"delivery_rate:{info.delivery_rate * 8 / 1e6:.3g}Mbps")
        words += ["app_limited"] if info.delivery_rate_app_limited else []
    if info.busy_time:
        words.append(f"busy:{_ms(info.busy_time)}")
        for name, part in (("rwnd_limited", info.rwnd_limited), ("sndbuf_limited", info.sndbuf_limited)):
            words += [f"{name}:{_ms(part)}({part / info.busy_time:.0%})"] if part else []
    words += [f"rcv_rtt:{_ms(info.rcv_rtt)}"] if info.rcv_rtt is not None else []
    words += [f"memory:{info.pressure}"] if info.pressure != "none" else []
    ages = {"lastsnd": info.last_data_sent, "lastrcv": info.last_data_recv, "lastack": info.last_ack_recv}
    words += [f"{name}:{_ms(age)}" for name, age in ages.items() if age is not None]
    return words


def _field(name: str, value: object) -> str:
    """A further field; what is no whole number is a time."""
    if value is True:
        return name
    return f"{name}:{value * 1000:.3g}" if isinstance(value, float) else f"{name}:{value}"


def _ms(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds * 1000:.3g}"
