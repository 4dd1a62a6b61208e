"""`traceroute`: the routers on the way, by packets that expire at each."""

from __future__ import annotations

import os
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Annotated, Any

from tapip_rs.ping import ICMP, echo_request
from tapip_rs.sockets import RawSocket, UdpSocket

from ..errors import FAILURE, OK, Failed
from ..parser import Limits, Option
from ..registry import command
from ..report import Report
from ..session import Session
from .ping import milliseconds

ECHO_REPLY, UNREACHABLE, ECHO_REQUEST, TIME_EXCEEDED = 0, 3, 8, 11
UDP = 17
#: Payload of a probe: with 28 bytes of headers the 60 that traceroute(8) sends.
PAYLOAD = bytes(0x40 + i for i in range(32))
#: What traceroute(8) appends for an ICMP code of "unreachable"; an unreachable port is the journey's end.
MARKS = {0: " !N", 1: " !H", 2: " !P", 4: " !F", 9: " !X", 10: " !X", 13: " !X"}
PORT_UNREACHABLE = 3


@dataclass(frozen=True)
class Answer:
    """What came back for a probe."""

    address: str
    rtt: float
    kind: int
    code: int

    @property
    def final(self) -> bool:
        """Whether no probe will get farther."""
        return self.kind != TIME_EXCEEDED

    @property
    def mark(self) -> str:
        """traceroute's note."""
        reached = self.kind != UNREACHABLE or self.code == PORT_UNREACHABLE
        return "" if reached else MARKS.get(self.code, f" !<{self.code}>")


@command("traceroute")
def traceroute(
    session: Session,
    ipaddr: IPv4Address,
    *,
    numeric: Annotated[bool, Option("-n")] = False,
    icmp: Annotated[bool, Option("-I")] = False,
    hops: Annotated[int, Option("-m", value="HOPS"), Limits(1, 255)] = 30,
    queries: Annotated[int, Option("-q", value="PROBES"), Limits(1, 10)] = 3,
    wait: Annotated[float, Option("-w", value="SECONDS"), Limits(0.001, 60)] = 1.0,
    port: Annotated[int, Option("-p", value="PORT"), Limits(1, 65000)] = 33434,
) -> Report:
    """show the routers on the way to an address

    Exit status 1 when the address was not reached.
        -I          probe by echo requests instead of UDP
        -m HOPS     how far to look (30)
        -q PROBES   how many probes a hop (3)
        -w SECONDS  how long to wait for an answer (1)
        -p PORT     UDP port of the first probe (33434); each probe has the next
        -n          as ever: addresses are not resolved here
    """
    show = not session.json
    if show:
        session.out.line(f"traceroute to {ipaddr}, {hops} hops max, {len(PAYLOAD) + 28} byte packets")
    found: list[list[Answer | None]] = []
    with session.stack.raw(ICMP) as listener, session.stack.udp() as sender, session.stop.calling(listener.close):
        probes = _Probes(session, listener, None if icmp else sender, str(ipaddr), port, wait)
        for ttl in range(1, hops + 1):
            answers: list[Answer | None] = []
            for _ in range(queries):
                answers.append(probes.probe(ttl))
                if session.stop.said:
                    return Report("", _data(found), FAILURE)
            found.append(answers)
            if show:
                session.out.line(_line(ttl, answers))
            if any(answer is not None and answer.final for answer in answers):
                break
    reached = any(answer is not None and answer.address == str(ipaddr) for answer in found[-1])
    return Report("", _data(found), OK if reached else FAILURE)


class _Probes:
    """Sends probes, one at a time, each under a number of its own, and recognises the answers."""

    def __init__(
        self, session: Session, listener: RawSocket, sender: UdpSocket | None, address: str, port: int, wait: float
    ) -> None:
        self._session, self._listener, self._sender = session, listener, sender
        self._address, self._port, self._wait = address, port, wait
        self._identifier = int.from_bytes(os.urandom(2), "big")
        self._number = -1

    def probe(self, ttl: int) -> Answer | None:
        """Send one, wait for its answer."""
        self._number += 1
        stack = self._session.stack
        sent = stack.now
        self._send(ttl)
        while (left := sent + self._wait - stack.now) > 0 and not self._session.stop.said:
            try:
                self._listener.settimeout(left)
                packet = self._listener.recv()
            except OSError:  # silence, or stop closed the socket: the loop's condition knows
                continue
            kind_code = self._recognise(packet)
            if kind_code is not None:
                return Answer(_source(packet), stack.now - sent, *kind_code)
        return None

    def _send(self, ttl: int) -> None:
        try:
            if self._sender is None:
                self._listener.set_option("ttl", ttl)
                self._listener.sendto(echo_request(self._identifier, self._number & 0xFFFF, PAYLOAD), self._address)
            else:
                self._sender.take_error()  # of the probe before
                self._sender.set_option("ttl", ttl)
                self._sender.sendto(PAYLOAD, (self._address, self._port + self._number))
        except OSError as error:
            if not self._session.stop.said:
                raise Failed(f"{self._address}: {error.strerror or error}") from None

    def _recognise(self, packet: bytes) -> tuple[int, int] | None:
        """ICMP type and code, if this is an answer to the probe under way."""
        message = packet[(packet[0] & 0xF) * 4 :]
        if len(message) < 8:
            return None
        kind, code = message[0], message[1]
        if kind == ECHO_REPLY:
            ours = self._sender is None and message[4:8] == self._token()
            return (kind, code) if ours else None
        if kind not in (UNREACHABLE, TIME_EXCEEDED) or len(message) < 8 + 20:
            return None
        quoted = message[8:]
        inner = quoted[(quoted[0] & 0xF) * 4 :]
        protocol, destination = quoted[9], ".".join(map(str, quoted[16:20]))
        if destination != self._address or len(inner) < 8:
            return None
        if self._sender is None:
            ours = protocol == ICMP and inner[0] == ECHO_REQUEST and inner[4:8] == self._token()
        else:
            ours = protocol == UDP and inner[:4] == self._ports()
        return (kind, code) if ours else None

    def _token(self) -> bytes:
        """Identifier and sequence number of the probe under way."""
        return self._identifier.to_bytes(2, "big") + (self._number & 0xFFFF).to_bytes(2, "big")

    def _ports(self) -> bytes:
        """Both ports of the probe under way."""
        assert self._sender is not None
        local = self._sender.local
        source = local[1] if local is not None else 0
        return source.to_bytes(2, "big") + (self._port + self._number).to_bytes(2, "big")


def _source(packet: bytes) -> str:
    return ".".join(map(str, packet[12:16]))


def _line(ttl: int, answers: list[Answer | None]) -> str:
    """One hop: each address once, before its first time."""
    parts: list[str] = []
    last = ""
    for answer in answers:
        if answer is None:
            parts.append("*")
            continue
        parts.append(answer.address + "  " if answer.address != last else "")
        parts[-1] += f"{milliseconds(answer.rtt)} ms{answer.mark}"
        last = answer.address
    return f"{ttl:2}  " + "  ".join(parts)


def _data(found: list[list[Answer | None]]) -> list[dict[str, Any]]:
    """The way for programs; times are in seconds."""
    return [
        {"hop": ttl, "probes": [None if answer is None else answer.__dict__ for answer in answers]}
        for ttl, answers in enumerate(found, 1)
    ]
