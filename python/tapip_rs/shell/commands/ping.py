"""`ping`: echo requests."""

from __future__ import annotations

from dataclasses import asdict
from ipaddress import IPv4Address
from typing import Annotated

from tapip_rs.ping import MAX_SIZE, PingReply, Statistics

from ..errors import FAILURE, OK
from ..parser import Limits, Option
from ..registry import command
from ..report import Report
from ..session import Session

#: IP and ICMP headers, which tapip and iputils count in the second size of their first line.
HEADERS = 20 + 8

Size = Annotated[
    int, Option("-s", value="SIZE"), Limits(0, MAX_SIZE, f"Packet size {{}} is too large. Maximum is {MAX_SIZE}")
]
Count = Annotated[
    int | None,
    Option("-c", value="COUNT", bad="bad number of packets to transmit"),
    Limits(1, 2**31 - 1),
]
Ttl = Annotated[int, Option("-t", value="TTL"), Limits(1, 255, "ttl {} out of range")]
Interval = Annotated[float, Option("-i", value="SECONDS"), Limits(0, 3600)]


@command("ping")
def ping(
    session: Session,
    ipaddr: IPv4Address,
    *,
    size: Size = 56,
    count: Count = None,
    ttl: Ttl = 64,
    interval: Interval = 1.0,
) -> Report:
    """ping [OPTIONS] ipaddr

    Sends echo requests until ^C, or COUNT of them; exit status 1 when none was answered.
        -s SIZE     data bytes in a request (56)
        -c COUNT    how many requests (no end)
        -t TTL      their time to live (64)
        -i SECONDS  from one to the next (1)
    """
    show = not session.json
    if show:
        session.out.line(f"PING {ipaddr} {size}({size + HEADERS}) bytes of data")
    pinger = session.stack.ping(ipaddr, count, size=size, ttl=ttl, interval=interval)
    replies: list[PingReply] = []
    with pinger, session.stop.calling(pinger.stop):
        for reply in pinger:
            if show:
                _print(session, reply)
            else:
                replies.append(reply)
    numbers = pinger.statistics
    if show:
        session.out.line(_summary(str(ipaddr), numbers))
    return Report("", _data(str(ipaddr), replies, numbers), OK if numbers.received else FAILURE)


def _print(session: Session, reply: PingReply) -> None:
    """One line for what became of a request; silence for a silence."""
    if reply.error is None:
        repeated = " (DUP!)" if reply.duplicate else ""
        session.out.line(
            f"{reply.size} bytes from {reply.address}: icmp_seq={reply.seq} ttl={reply.ttl} "
            f"time={milliseconds(reply.rtt)} ms{repeated}"
        )
    elif reply.icmp is not None:
        session.out.line(f"From {reply.address} icmp_seq={reply.seq} {reply.error}")
    elif reply.error != "timeout":
        session.err.line(f"ping: icmp_seq={reply.seq} {reply.error}")


def _summary(address: str, numbers: Statistics) -> str:
    """tapip's last lines, and the round trips."""
    lines = [
        "",
        f"--- {address} ping statistics ---",
        f"{numbers.sent} packets transmitted, {numbers.received} received, {numbers.loss * 100:.4g}% packet loss",
    ]
    if numbers.received:
        times = "/".join(milliseconds(time) for time in (numbers.min, numbers.avg, numbers.max, numbers.mdev))
        lines.append(f"rtt min/avg/max/mdev = {times} ms")
    return "\n".join(lines)


def milliseconds(seconds: float | None) -> str:
    """A time as ping prints it."""
    return f"{(seconds or 0.0) * 1000:.3f}"


def _data(address: str, replies: list[PingReply], numbers: Statistics) -> dict[str, object]:
    """The run for programs; times are in seconds."""
    return {
        "address": address,
        "replies": [asdict(reply) for reply in replies],
        "sent": numbers.sent,
        "received": numbers.received,
        "duplicates": numbers.duplicates,
        "errors": numbers.errors,
        "loss": numbers.loss,
        "rtt": {"min": numbers.min, "avg": numbers.avg, "max": numbers.max, "mdev": numbers.mdev},
    }
