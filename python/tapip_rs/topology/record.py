"""Addresses, routes and rules as the kernel's own netlink messages: kept whole, compared, and said again.

Nothing is translated, so nothing can be lost: an attribute that nobody here ever heard of comes back too.
"""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["Record", "forget", "say"]

RTM_NEWADDR, RTM_DELADDR, RTM_NEWROUTE, RTM_DELROUTE = 20, 21, 24, 25
NLM_F_REQUEST, NLM_F_ACK, NLM_F_CREATE, NLM_F_APPEND = 1, 4, 0x400, 0x800
IFA_ADDRESS, IFA_LOCAL, IFA_CACHEINFO, IFA_FLAGS = 1, 2, 6, 8
CHECK_STATES = 0x04 | 0x08 | 0x40
"""IFA_F_OPTIMISTIC, _DADFAILED and _TENTATIVE: how far the kernel is with checking that an IPv6 address is unique."""
RTPROT_KERNEL = 2
RTA_OIF, RTA_PRIORITY, RTA_PREFSRC, RTA_MULTIPATH, RTA_CACHEINFO = 4, 6, 7, 9, 12
FOREVER = 0xFFFF_FFFF
SAID_BY_US = 0x02 | 0x04
"""RTNH_F_PERVASIVE and RTNH_F_ONLINK: the flags of a next hop that are part of the route; the others are its state."""
CLONED = 0x200
"""RTM_F_CLONED: a cached copy, not a route of its own."""

_HEADERS = {"address": 8, "route": 12, "rule": 12}
_VOLATILE = {"address": {IFA_CACHEINFO}, "route": {RTA_CACHEINFO}, "rule": set()}


@dataclass(frozen=True, slots=True)
class Record:
    """One address, route or rule."""

    kind: str
    raw: bytes
    """The message without its netlink header."""

    @property
    def family(self) -> int:
        """AF_INET or AF_INET6."""
        return self.raw[0]

    @property
    def is_cached(self) -> bool:
        """Whether it is a copy that comes and goes."""
        return self.kind == "route" and bool(struct.unpack_from("=I", self.raw, 8)[0] & CLONED)

    @property
    def key(self) -> bytes:
        """What makes two records the same: all but lifetimes and the state of the kernel's own checks."""
        header, attributes = self._split()
        if self.kind == "address":
            header = header[:2] + bytes([header[2] & ~CHECK_STATES]) + header[3:]
            attributes = [(kind, _settled(value) if kind == IFA_FLAGS else value) for kind, value in attributes]
        kept = sorted((kind, value) for kind, value in attributes if kind not in _VOLATILE[self.kind])
        return header + b"".join(_attribute(kind, value) for kind, value in kept)

    @property
    def is_automatic(self) -> bool:
        """Whether it is a route that the kernel adds by itself, once it has checked an IPv6 address."""
        return self.kind == "route" and self.family == socket.AF_INET6 and self.raw[5] == RTPROT_KERNEL

    @property
    def place(self) -> tuple[int, ...] | bytes:
        """Routes with one place stand in one list, whose order counts."""
        family, length, _, tos, table = struct.unpack_from("=BBBBB", self.raw)
        attributes = dict(self._split()[1])
        return (
            bytes([family, length, tos, table])
            + attributes.get(1, b"")
            + attributes.get(RTA_PRIORITY, b"")
            + (attributes.get(15, b""))
        )

    @property
    def index(self) -> int | None:
        """The interface it is about, if it is about one."""
        if self.kind == "address":
            return int(struct.unpack_from("=I", self.raw, 4)[0])
        value = dict(self._split()[1]).get(RTA_OIF)
        return struct.unpack("=I", value)[0] if value else None

    def concerns(self, index: int, addresses: set[bytes]) -> bool:
        """Whether a route goes by the interface, or has one of the addresses as its source."""
        attributes = dict(self._split()[1])
        hops = attributes.get(RTA_MULTIPATH, b"")
        if self.index == index or any(hop == index for _, hop in _next_hops(hops)):
            return True
        return attributes.get(RTA_PREFSRC) in addresses

    @property
    def local(self) -> bytes:
        """The address of an address record, in wire order."""
        attributes = dict(self._split()[1])
        return attributes.get(IFA_LOCAL) or attributes.get(IFA_ADDRESS, b"")

    @property
    def text(self) -> str:
        """In words, for people who read the state file."""
        attributes = dict(self._split()[1])
        address = self.local if self.kind == "address" else attributes.get(1)
        words = socket.inet_ntop(self.family, address) if address and self.kind != "rule" else "default"
        return f"{words}/{self.raw[1]}"

    def again(self, elapsed: float) -> bytes:
        """The message that makes it anew: states left out, lifetimes shortened by `elapsed` seconds."""
        header, attributes = self._split()
        if self.kind == "route":
            flags = struct.unpack_from("=I", header, 8)[0] & SAID_BY_US
            header = header[:8] + struct.pack("=I", flags)
        renewed = b""
        for kind, value in attributes:
            match self.kind, kind:
                case "route", 12:  # RTA_CACHEINFO: its use so far
                    pass
                case "route", 9:  # RTA_MULTIPATH
                    renewed += _attribute(kind, _cleaned_hops(value))
                case "address", 6:  # IFA_CACHEINFO
                    renewed += _attribute(kind, _aged(value, elapsed))
                case _:
                    renewed += _attribute(kind, value)
        return header + renewed

    def _split(self) -> tuple[bytes, list[tuple[int, bytes]]]:
        start = _HEADERS[self.kind]
        return self.raw[:start], list(_attributes(self.raw[start:]))


def say(record: Record, elapsed: float) -> None:
    """Make the address or route again. Raises: OSError; FileExistsError when it is there."""
    kind = RTM_NEWADDR if record.kind == "address" else RTM_NEWROUTE
    # An IPv4 route is appended to those of its place, to keep their order; IPv6 would join it to another's paths.
    order = NLM_F_APPEND if record.kind == "route" and record.family == socket.AF_INET else 0
    _transact(kind, NLM_F_CREATE | order, record.again(elapsed))


def forget(record: Record) -> None:
    """Delete the address or route. Raises: OSError."""
    _transact(RTM_DELADDR if record.kind == "address" else RTM_DELROUTE, 0, record.again(0))


def _transact(kind: int, flags: int, body: bytes) -> None:
    header = struct.pack("=IHHII", 16 + len(body), kind, flags | NLM_F_REQUEST | NLM_F_ACK, 1, 0)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE) as netlink:
        netlink.settimeout(5)
        netlink.bind((0, 0))
        netlink.send(header + body)
        answer = netlink.recv(65536)
    code = -struct.unpack_from("=i", answer, 16)[0]
    if code:
        raise OSError(code, os.strerror(code))


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    while len(data) >= 4:
        length, kind = struct.unpack_from("=HH", data)
        if not 4 <= length <= len(data):
            return
        yield kind, data[4:length]
        data = data[(length + 3) & ~3 :]


def _attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("=HH", 4 + len(value), kind) + value + bytes(-len(value) % 4)


def _settled(flags: bytes) -> bytes:
    return struct.pack("=I", struct.unpack("=I", flags)[0] & ~CHECK_STATES)


def _next_hops(data: bytes) -> Iterator[tuple[int, int]]:
    """Position and interface of each next hop of a multipath route."""
    at = 0
    while at + 8 <= len(data):
        length, _, _, index = struct.unpack_from("=HBBi", data, at)
        if length < 8:
            return
        yield at, index
        at += (length + 3) & ~3


def _cleaned_hops(data: bytes) -> bytes:
    cleaned = bytearray(data)
    for at, _ in _next_hops(data):
        cleaned[at + 2] &= SAID_BY_US
    return bytes(cleaned)


def _aged(cacheinfo: bytes, elapsed: float) -> bytes:
    """Lifetimes with `elapsed` seconds taken off; what would have run out meanwhile gets one more second."""
    preferred, valid, *stamps = struct.unpack("=IIII", cacheinfo)
    aged = [left if left == FOREVER else max(left - int(elapsed), low) for left, low in ((preferred, 0), (valid, 1))]
    return struct.pack("=IIII", *aged, *stamps)
