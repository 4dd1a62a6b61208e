"""Asking the kernel and changing it, by netlink: the only file that knows pyroute2."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from ipaddress import IPv4Interface
from pathlib import Path
from typing import Any, TypeVar

from tapip_rs.topology.record import Record, forget, say

__all__ = ["Kernel", "Link", "Snapshot", "away_from_loops"]

IFF_UP, IFF_LOOPBACK = 0x1, 0x8
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Link:
    """A network device as the kernel has it."""

    index: int
    name: str
    kind: str
    """bridge, tun, veth...; empty for a card."""
    mac: str
    mtu: int
    up: bool
    loopback: bool
    master: int | None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Every address, route and rule of the namespace, in the kernel's order."""

    addresses: tuple[Record, ...]
    routes: tuple[Record, ...]
    rules: tuple[Record, ...]


class Kernel:
    """The kernel of the namespace that the calling thread is in. Every call opens a netlink socket and closes it."""

    def links(self) -> list[Link]:
        """Every device."""
        with _netlink("list devices") as netlink:
            return [_link(message) for message in netlink.get_links()]

    def link(self, name: str) -> Link | None:
        """The device of that name."""
        return next((link for link in self.links() if link.name == name), None)

    def snapshot(self) -> Snapshot:
        """Addresses, routes of all tables, and rules."""
        with _netlink("read addresses and routes") as netlink:
            return Snapshot(
                tuple(Record("address", _body(message)) for message in netlink.get_addr()),
                tuple(record for record in map(_route, netlink.get_routes()) if not record.is_cached),
                tuple(Record("rule", _body(message)) for message in netlink.get_rules()),
            )

    def addresses(self, family: int = socket.AF_INET) -> list[tuple[int, IPv4Interface]]:
        """Every IPv4 address with the index of its device."""
        with _netlink("list addresses") as netlink:
            messages = list(netlink.get_addr(family=family))
        return [(m["index"], IPv4Interface((m.get("local") or m.get("address"), m["prefixlen"]))) for m in messages]

    def default_devices(self) -> set[int]:
        """The devices of the IPv4 default routes that the main table has."""
        found: set[int] = set()
        with _netlink("list routes") as netlink:
            for route in netlink.get_routes(family=socket.AF_INET, table=254):
                if route["dst_len"] == 0 and route["type"] == 1:
                    hops = route.get("multipath") or []
                    found |= {hop["oif"] for hop in hops} | ({route.get("oif")} if route.get("oif") else set())
        return found

    def add_address(self, index: int, address: IPv4Interface) -> None:
        """Give a device an address."""
        with _netlink(f"set address {address}") as netlink:
            netlink.addr("add", index=index, address=str(address.ip), prefixlen=address.network.prefixlen)

    def delete_address(self, index: int, address: IPv4Interface) -> None:
        """Take an address from a device."""
        with _netlink(f"delete address {address}") as netlink:
            netlink.addr("del", index=index, address=str(address.ip), prefixlen=address.network.prefixlen)

    def change(self, index: int, **what: Any) -> None:
        """Change a device: state="up", master=7, mtu=1400..."""
        with _netlink(f"change device {index} ({what})") as netlink:
            netlink.link("set", index=index, **what)

    def add_bridge(self, name: str, mac: str) -> Link:
        """Make a bridge that forwards at once, answers no ARP and snoops on no group."""
        with _netlink(f"make bridge {name}") as netlink:
            netlink.link("add", ifname=name, kind="bridge", address=mac, br_stp_state=0, br_forward_delay=0,
                         br_mcast_snooping=0)  # fmt: skip
        made = self.link(name)
        if made is None:
            raise OSError(f"the bridge {name} is gone as soon as it was made")
        self.silence_ipv6(name)
        # The kernel answers ARP on any device for every address it has: here it must not.
        with _netlink(f"silence bridge {name}") as netlink:
            netlink.link("set", index=made.index, flags=0x80, change=0x80)
        return made

    def delete_link(self, index: int) -> None:
        """Delete a device."""
        with _netlink(f"delete device {index}") as netlink:
            netlink.link("del", index=index)

    def say(self, record: Record, elapsed: float) -> None:
        """Make an address or route again, as it was recorded."""
        say(record, elapsed)

    def forget(self, record: Record) -> None:
        """Delete an address or route that was recorded."""
        forget(record)

    def silence_ipv6(self, name: str) -> None:
        """Keep the kernel from speaking IPv6 on a device of ours; no matter where there is no IPv6."""
        with suppress(OSError):
            Path(f"/proc/sys/net/ipv6/conf/{name}/disable_ipv6").write_text("1", encoding="ascii")


def away_from_loops(work: Callable[[], T]) -> T:
    """Call `work`, in a thread of its own where an asyncio loop runs in ours: pyroute2 can not live under one."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return work()
    results: list[T] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(work())
        except BaseException as error:  # it is raised again where the caller is
            errors.append(error)

    thread = threading.Thread(target=run, name="tapip-topology")
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return results[0]


@contextmanager
def _netlink(what: str) -> Iterator[Any]:
    from pyroute2 import IPRoute
    from pyroute2.netlink.exceptions import NetlinkError

    try:
        with IPRoute() as netlink:
            yield netlink
    except NetlinkError as error:
        raise OSError(error.code, f"can not {what}: {os.strerror(error.code)}") from None


def _body(message: Any) -> bytes:
    start, length = message.offset, message.length
    return bytes(message.data[start + 16 : start + length])


def _route(message: Any) -> Record:
    return Record("route", _body(message))


def _link(message: Any) -> Link:
    info = message.get("linkinfo")
    flags = message["flags"]
    return Link(
        index=message["index"],
        name=message.get("ifname"),
        kind=(info.get("kind") if info else None) or "",
        mac=message.get("address") or "",
        mtu=message.get("mtu") or 0,
        up=bool(flags & IFF_UP),
        loopback=bool(flags & IFF_LOOPBACK),
        master=message.get("master"),
    )
