"""The nouns of routing: a route, the state it got from selection, and the interfaces it may use."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Literal, Protocol, TypeAlias, get_args

__all__ = [
    "KINDS", "MAX_METRIC", "Address", "Entry", "Kind", "Link", "Network", "Origin", "Route", "RoutingCore",
    "parse_address", "parse_network",
]  # fmt: skip

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network
Kind: TypeAlias = Literal["unicast", "blackhole", "prohibit", "unreachable"]
Origin: TypeAlias = Literal["local", "connected", "static"]
KINDS: tuple[Kind, ...] = get_args(Kind)
MAX_METRIC = 2**32 - 1
"""Linux's RTA_PRIORITY has 32 bits."""

RouteTuple: TypeAlias = tuple[str, int, str | None, int, int, str, str | None]


class InterfaceFacts(Protocol):
    """What routing reads of an interface (`_core.InterfaceInfo` is one)."""

    @property
    def index(self) -> int: ...
    @property
    def name(self) -> str: ...
    @property
    def medium(self) -> str: ...
    @property
    def up(self) -> bool: ...
    @property
    def addresses(self) -> list[tuple[str, int]]: ...


class NeighborFacts(Protocol):
    """What routing reads of a neighbour (`_core.NeighborInfo` is one)."""

    @property
    def address(self) -> str: ...
    @property
    def interface(self) -> int: ...
    @property
    def state(self) -> str: ...


class RoutingCore(Protocol):
    """The three verbs of the stack that routing needs; `_core.Stack` has them."""

    def apply_routes(self, remove: list[tuple[str, int]], add: list[RouteTuple]) -> None:
        """Change the forwarding table in one step."""

    def interfaces(self) -> Sequence[InterfaceFacts]:
        """Every interface as it is now."""

    def neighbors(self) -> Sequence[NeighborFacts]:
        """Every neighbour as it is now."""


@dataclass(frozen=True, slots=True)
class Link:
    """An interface as routing sees it: our addresses on it, and their networks."""

    index: int
    name: str
    up: bool
    loopback: bool
    addresses: tuple[tuple[Address, Network], ...]

    @classmethod
    def of(cls, info: InterfaceFacts) -> Link:
        """Read off the stack's own description."""
        pairs = (ipaddress.ip_interface(f"{address}/{length}") for address, length in info.addresses)
        addresses = tuple((pair.ip, pair.network) for pair in pairs)
        return cls(info.index, info.name, info.up, info.medium == "loopback", addresses)

    def reaches(self, address: Address) -> bool:
        """Whether `address` is a neighbour here, and not ourselves."""
        near = any(address in network for _, network in self.addresses)
        return near and all(address != ours for ours, _ in self.addresses)


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A way to a network, as it was asked for."""

    net: Network
    via: Address | None = None
    """The gateway; None when the network is on the link."""
    dev: str | None = None
    """The interface; None leaves it to the gateway's network."""
    metric: int = 0
    """Of several routes to one network the one with the least metric is used."""
    kind: Kind = "unicast"
    origin: Origin = "static"
    source: Address | None = None
    """The source address it prefers."""

    def __str__(self) -> str:
        """As `ip route` would print it."""
        words: list[str] = [] if self.kind == "unicast" else [self.kind]
        words.append("default" if self.net.prefixlen == 0 else str(self.net))
        words += ["via", str(self.via)] if self.via else []
        words += ["dev", self.dev] if self.dev else []
        words += ["metric", str(self.metric)] if self.metric else []
        return " ".join(words)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry(Route):
    """A route with what selection made of it."""

    selected: bool
    """Whether the stack uses it."""
    reason: str = ""
    """Why not, in words; empty when it is used."""


def parse_network(net: str | Network) -> Network:
    """A network from "10.1.0.0/16", "10.1.0.0/255.255.0.0", a lone host, or "default"."""
    if not isinstance(net, str):
        return net
    if net == "default":
        return IPv4Network("0.0.0.0/0")
    try:
        return ipaddress.ip_network(net)
    except ValueError as error:
        raise ValueError(f"bad network {net!r}: {_hint(net)}") from error


def _hint(net: str) -> str:
    try:
        meant = ipaddress.ip_network(net, strict=False)
    except ValueError:
        return "say an address, a prefix such as 10.1.0.0/16, or default"
    return f"it has bits right of its mask; {meant} was meant?"


def parse_address(address: str | Address, what: str) -> Address:
    """An address, or an error that names `what` and the value."""
    try:
        return ipaddress.ip_address(address)
    except ValueError as error:
        raise ValueError(f"bad {what} {address!r}: say an address such as 10.0.0.2") from error
