"""A kernel of data: devices, addresses and routes as records, with Linux's habit of dropping a card's routes with its
last address.
"""

import errno
import socket
import struct
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Interface, ip_interface, ip_network

from tapip_rs.topology.kernel import Link, Snapshot
from tapip_rs.topology.record import Record, _attribute

MAC = "02:00:00:00:00:05"


def address_record(index: int, text: str, valid: int = 0xFFFFFFFF) -> Record:
    place = ip_interface(text)
    family = socket.AF_INET if place.version == 4 else socket.AF_INET6
    raw = struct.pack("=BBBBI", family, place.network.prefixlen, 0x80, 0, index)
    raw += _attribute(1, place.ip.packed) + _attribute(2, place.ip.packed)
    return Record("address", raw + _attribute(6, struct.pack("=IIII", valid, valid, 1, 1)))


def route_record(net: str, index: int | None, via: str | None = None, *, metric: int = 0, src=None, hops=()) -> Record:
    network = ip_network(net)
    family = socket.AF_INET if network.version == 4 else socket.AF_INET6
    raw = struct.pack("=BBBBBBBBI", family, network.prefixlen, 0, 0, 254, 4, 0, 1, 0x10)
    if network.prefixlen:
        raw += _attribute(1, network.network_address.packed)
    if index is not None:
        raw += _attribute(4, struct.pack("=I", index))
    if via:
        raw += _attribute(5, socket.inet_aton(via))
    if metric:
        raw += _attribute(6, struct.pack("=I", metric))
    if src:
        raw += _attribute(7, socket.inet_aton(src))
    if hops:
        inner = b"".join(struct.pack("=HBBi", 16, 0x10 | 4, 0, hop) + _attribute(5, b"\x0a\0\0\2") for hop in hops)
        raw += _attribute(9, inner)
    return Record("route", raw + _attribute(12, bytes(16)))


@dataclass
class FakeTap:
    name: str
    kernel: "FakeKernel"
    created: bool = True
    closed: bool = False

    def close(self) -> None:
        if not self.closed and self.created:
            self.kernel.all_links = [link for link in self.kernel.all_links if link.name != self.name]
        self.closed = True


@dataclass
class FakeKernel:
    all_links: list[Link] = field(
        default_factory=lambda: [
            Link(1, "lo", "", "00:00:00:00:00:00", 65536, up=True, loopback=True, master=None),
            Link(2, "eth0", "", MAC, 1400, up=True, loopback=False, master=None),
        ]
    )
    all_addresses: list[Record] = field(default_factory=list)
    routes: list[Record] = field(default_factory=list)
    defaults: set[int] = field(default_factory=set)
    stubborn: set[bytes] = field(default_factory=set)
    """Routes that will not come back."""
    done: list[str] = field(default_factory=list)

    def links(self):
        return list(self.all_links)

    def link(self, name):
        return next((link for link in self.all_links if link.name == name), None)

    def snapshot(self):
        return Snapshot(tuple(self.all_addresses), tuple(self.routes), ())

    def addresses(self, family=socket.AF_INET):
        return [(r.index, IPv4Interface((r.local, r.raw[1]))) for r in self.all_addresses if r.family == family]

    def default_devices(self):
        return self.defaults

    def add_address(self, index, address):
        self.done.append(f"add {address}")
        self.all_addresses.append(address_record(index, str(address)))

    def delete_address(self, index, address):
        self.done.append(f"del {address}")
        self.all_addresses = [
            record for record in self.all_addresses if (record.index, record.local) != (index, address.ip.packed)
        ]

    def change(self, index, **what):
        self.done.append(f"change {index} {what}")
        [position] = [at for at, link in enumerate(self.all_links) if link.index == index]
        link = self.all_links[position]
        if "state" in what:
            link = replace(link, up=what["state"] == "up")
        if "master" in what:
            link = replace(link, master=what["master"] or None)
        self.all_links[position] = replace(link, mtu=what.get("mtu", link.mtu))

    def add_bridge(self, name, mac):
        self.all_links.append(Link(90, name, "bridge", mac, 1500, up=False, loopback=False, master=None))
        return self.all_links[-1]

    def delete_link(self, index):
        self.all_links = [link for link in self.all_links if link.index != index]

    def say(self, record, elapsed):
        if record.key in self.stubborn:
            raise OSError(errno.ENETUNREACH, "Network is unreachable")
        where = self.all_addresses if record.kind == "address" else self.routes
        where.append(record)

    def forget(self, record):
        if record.kind == "route":
            self.routes.remove(record)
            return
        self.all_addresses.remove(record)
        if not any(each.index == record.index for each in self.all_addresses):
            self.routes = [route for route in self.routes if not route.concerns(record.index or 0, set())]

    def silence_ipv6(self, name):
        self.done.append(f"silence {name}")


@dataclass
class FakeTools:
    kernel: FakeKernel
    tap_mac: str = "02:00:00:00:00:07"
    user: str | None = None
    fails: OSError | None = None

    def open_tap(self, name, queues):
        if self.fails:
            raise self.fails
        created = self.kernel.link(name) is None
        if created:
            self.kernel.all_links.append(
                Link(80, name, "tun", self.tap_mac, 1500, up=False, loopback=False, master=None)
            )
        return FakeTap(name, self.kernel, created)

    def users(self, device, address, mac):
        return self.user
