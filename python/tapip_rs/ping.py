"""Echo requests over a raw socket: the engine behind `ping`, `traceroute` and `stack.ping`.

A `Pinger` sends requests at an interval and yields a `PingReply` for each answer, each ICMP error that quotes one of
its requests, and each request that stayed without an answer for `timeout` seconds. It never waits for a late answer
before it sends the next request.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import sqrt
from typing import Protocol, Self

from tapip_rs.sockets import Host, RawSocket, host_text

__all__ = ["MAX_SIZE", "PingReply", "Pinger", "Statistics", "checksum", "icmp_error_text"]

ICMP = 1
ECHO_REPLY, ECHO_REQUEST = 0, 8
HEADER = 8
MAX_SIZE = 65507
"""The most payload of an echo request: 65535 less an IP header of 20 and an ICMP header of 8 bytes."""

_ERRORS = {
    (3, 0): "Destination Net Unreachable",
    (3, 1): "Destination Host Unreachable",
    (3, 2): "Destination Protocol Unreachable",
    (3, 3): "Destination Port Unreachable",
    (3, 4): "Frag needed and DF set",
    (3, 5): "Source Route Failed",
    (3, 6): "Destination Net Unknown",
    (3, 7): "Destination Host Unknown",
    (3, 9): "Destination Net Prohibited",
    (3, 10): "Destination Host Prohibited",
    (3, 11): "Destination Net Unreachable for Type of Service",
    (3, 12): "Destination Host Unreachable for Type of Service",
    (3, 13): "Packet filtered",
    (3, 14): "Precedence Violation",
    (3, 15): "Precedence Cutoff",
    (5, 0): "Redirect Network",
    (5, 1): "Redirect Host",
    (11, 0): "Time to live exceeded",
    (11, 1): "Frag reassembly time exceeded",
    (12, 0): "Parameter problem",
}
_REDIRECT = 5
_ICMP_ERRORS = frozenset({3, 5, 11, 12})


@dataclass(frozen=True, slots=True)
class PingReply:
    """What became of one request.

    `error` is None for an answer, else the reason: "timeout", the text of an ICMP error, or that of an OSError.
    """

    seq: int
    address: str
    """Who answered, or sent the error; the destination itself on a timeout."""
    ttl: int = 0
    """TTL of the packet that came back."""
    size: int = 0
    """ICMP bytes that came back, header included."""
    rtt: float | None = None
    """Seconds from request to answer, for errors too."""
    error: str | None = None
    icmp: tuple[int, int] | None = None
    """Type and code of the ICMP error."""
    duplicate: bool = False
    """Whether this request was answered before."""


@dataclass(slots=True)
class Statistics:
    """Of one run, over all answers that were no duplicates. Times are in seconds."""

    sent: int = 0
    received: int = 0
    duplicates: int = 0
    errors: int = 0
    started: float = 0.0
    ended: float = 0.0
    rtts: list[float] = field(default_factory=list, repr=False)

    @property
    def loss(self) -> float:
        """The part of requests without an answer, 0..1."""
        return 1 - self.received / self.sent if self.sent else 0.0

    @property
    def duration(self) -> float:
        """From the first request to the end."""
        return self.ended - self.started

    @property
    def min(self) -> float | None:
        """The shortest round trip."""
        return min(self.rtts, default=None)

    @property
    def avg(self) -> float | None:
        """The mean round trip."""
        return sum(self.rtts) / len(self.rtts) if self.rtts else None

    @property
    def max(self) -> float | None:
        """The longest round trip."""
        return max(self.rtts, default=None)

    @property
    def mdev(self) -> float | None:
        """The standard deviation of round trips, as iputils prints it."""
        if (mean := self.avg) is None:
            return None
        return sqrt(max(0.0, sum(rtt * rtt for rtt in self.rtts) / len(self.rtts) - mean * mean))


class _Stack(Protocol):
    """What a Pinger needs of a stack."""

    @property
    def now(self) -> float: ...
    def raw(self, protocol: int) -> RawSocket: ...


class Pinger:
    """Iterate it for replies; `statistics` is right at any moment.

    `count` None pings until `stop()` (from any thread), or until the caller stops iterating. `interval` and `timeout`
    are in seconds; `timeout` is how long after a request its answer may come.
    """

    def __init__(
        self,
        stack: _Stack,
        host: Host,
        *,
        count: int | None = None,
        size: int = 56,
        ttl: int = 64,
        interval: float = 1.0,
        timeout: float = 1.0,
        first_seq: int = 0,
        dont_fragment: bool = False,
    ) -> None:
        self.address = host_text(host)
        _check("count", count is None or count > 0, count, "positive, or None for no end")
        _check("size", 0 <= size <= MAX_SIZE, size, f"0..{MAX_SIZE}")
        _check("ttl", 1 <= ttl <= 255, ttl, "1..255")
        _check("interval", interval >= 0, interval, "0 or more seconds")
        _check("timeout", timeout > 0, timeout, "more than 0 seconds")
        self.count, self.size, self.interval, self.timeout = count, size, interval, timeout
        self.statistics = Statistics()
        self.identifier = struct.unpack("!H", os.urandom(2))[0]
        self._payload = bytes(i & 0xFF for i in range(size))
        self._seq = first_seq
        self._waiting: dict[int, float] = {}  # sequence number -> when it was sent, oldest first
        self._answered: dict[int, float] = {}
        self._stopped = False
        self._stack = stack
        self._socket = stack.raw(ICMP)
        try:
            self._socket.set_option("ttl", ttl)
            if dont_fragment:
                self._socket.set_option("mtu_discover", 2)
        except BaseException:
            self._socket.close()
            raise

    def stop(self) -> None:
        """End the run: a blocked iteration ends at once."""
        self._stopped = True
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.stop()

    def __iter__(self) -> Iterator[PingReply]:
        self.statistics.started = self.statistics.ended = next_send = self._stack.now
        try:
            while not self._stopped:
                now = self._stack.now
                self.statistics.ended = now
                yield from self._expire(now)
                more = self.count is None or self.statistics.sent < self.count
                if more and now >= next_send:
                    next_send = max(next_send + self.interval, now)
                    yield from self._send()
                elif not more and not self._waiting:
                    return
                else:
                    deadlines = [next_send] if more else []
                    deadlines.extend(sent + self.timeout for sent in list(self._waiting.values())[:1])
                    yield from self._receive(min(deadlines) - now)
        finally:
            self.stop()

    def _send(self) -> Iterator[PingReply]:
        seq = self._seq & 0xFFFF
        self._seq += 1
        self.statistics.sent += 1
        self._answered.pop(seq, None)
        self._waiting[seq] = self._stack.now
        try:
            self._socket.settimeout(self.timeout)
            self._socket.sendto(echo_request(self.identifier, seq, self._payload), self.address)
        except OSError as error:
            if self._stopped:
                return
            del self._waiting[seq]
            yield self._failed(PingReply(seq, self.address, error=error.strerror or str(error)))

    def _receive(self, wait: float) -> Iterator[PingReply]:
        try:
            self._socket.settimeout(max(wait, 0.0))
            packet, info = self._socket.recvmsg(65535)
        except (TimeoutError, BlockingIOError):
            return
        except OSError as error:
            # An error of the socket belongs to no request by name; the oldest one is the best guess.
            if not self._stopped and self._waiting:
                seq = next(iter(self._waiting))
                del self._waiting[seq]
                yield self._failed(PingReply(seq, self.address, error=error.strerror or str(error)))
            return
        reply = self._understand(packet, self._stack.now, info.ttl)
        if reply is not None:
            yield reply

    def _understand(self, packet: bytes, now: float, ttl: int) -> PingReply | None:
        source = ".".join(map(str, packet[12:16]))
        message = packet[(packet[0] & 0xF) * 4 :]
        if len(message) < HEADER:
            return None
        kind, code, _, identifier, seq = struct.unpack_from("!BBHHH", message)
        if kind == ECHO_REPLY and identifier == self.identifier:
            return self._reply(seq, source, ttl, len(message), now)
        if kind in _ICMP_ERRORS and (quoted := _quoted_echo(message)) and quoted[0] == self.identifier:
            return self._error(quoted[1], (kind, code), source, ttl, len(message), now)
        return None

    def _reply(self, seq: int, source: str, ttl: int, size: int, now: float) -> PingReply | None:
        duplicate = seq in self._answered
        sent = self._answered.get(seq) if duplicate else self._waiting.pop(seq, None)
        if sent is None:  # too late: it was reported as a timeout
            return None
        rtt = now - sent
        if duplicate:
            self.statistics.duplicates += 1
        else:
            self._answered[seq] = sent
            self.statistics.received += 1
            self.statistics.rtts.append(rtt)
        return PingReply(seq, source, ttl, size, rtt, duplicate=duplicate)

    def _error(self, seq: int, icmp: tuple[int, int], source: str, ttl: int, size: int, now: float) -> PingReply | None:
        redirect = icmp[0] == _REDIRECT  # the request went on all the same
        sent = self._waiting.get(seq) if redirect else self._waiting.pop(seq, None)
        if sent is None:
            return None
        reply = PingReply(seq, source, ttl, size, now - sent, icmp_error_text(*icmp), icmp)
        return reply if redirect else self._failed(reply)

    def _expire(self, now: float) -> Iterator[PingReply]:
        for seq, sent in list(self._waiting.items()):
            if now - sent < self.timeout:
                break
            del self._waiting[seq]
            yield PingReply(seq, self.address, error="timeout")
        for seq, sent in list(self._answered.items()):
            if now - sent < max(self.timeout, 10.0):  # long enough to tell a duplicate, short enough to stay small
                break
            del self._answered[seq]

    def _failed(self, reply: PingReply) -> PingReply:
        self.statistics.errors += 1
        return reply


def echo_request(identifier: int, seq: int, payload: bytes) -> bytes:
    """An ICMP echo request (RFC 792), checksum included."""
    bare = struct.pack("!BBHHH", ECHO_REQUEST, 0, 0, identifier, seq) + payload
    return bare[:2] + checksum(bare).to_bytes(2, "big") + bare[4:]


def checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071).

    A sum of 16-bit words with end-around carry is the whole number modulo 65535.
    """
    padded = data if len(data) % 2 == 0 else data + b"\0"
    number = int.from_bytes(padded, "big")
    folded = number % 0xFFFF
    return ~(folded or (0xFFFF if number else 0)) & 0xFFFF


def icmp_error_text(kind: int, code: int) -> str:
    """An ICMP error in ping's words."""
    return _ERRORS.get((kind, code), f"ICMP type {kind} code {code}")


def _quoted_echo(message: bytes) -> tuple[int, int] | None:
    """Identifier and sequence number of the echo request that an ICMP error quotes."""
    quote = message[HEADER:]
    if len(quote) < 20 or quote[9] != ICMP:
        return None
    echo = quote[(quote[0] & 0xF) * 4 :]
    if len(echo) < HEADER or echo[0] != ECHO_REQUEST:
        return None
    identifier, seq = struct.unpack_from("!HH", echo, 4)
    return identifier, seq


def _check(name: str, right: bool, value: object, allowed: str) -> None:
    if not right:
        raise ValueError(f"{name} must be {allowed}, not {value!r}")
