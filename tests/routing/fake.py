"""A stack that remembers what routing told it."""

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Interface:
    index: int
    name: str
    addresses: list[tuple[str, int]]
    up: bool = True
    medium: str = "ethernet"


@dataclass
class Neighbor:
    interface: int
    address: str
    state: str


@dataclass
class FakeCore:
    links: list[Interface]
    known: list[Neighbor] = field(default_factory=list)
    table: dict[tuple[str, int], Any] = field(default_factory=dict)
    calls: list[tuple[list[Any], list[Any]]] = field(default_factory=list)

    def interfaces(self) -> list[Interface]:
        return self.links

    def neighbors(self) -> list[Neighbor]:
        return self.known

    def apply_routes(self, remove, add) -> None:
        self.calls.append((remove, add))
        for prefix in remove:
            del self.table[prefix]
        for address, length, *rest in add:
            self.table[address, length] = tuple(rest)


def two_links() -> FakeCore:
    """lo, veth in 10.0.0.0/24 and eth in 10.1.0.0/16."""
    return FakeCore(
        [
            Interface(1, "lo", [("127.0.0.1", 8)], medium="loopback"),
            Interface(2, "veth", [("10.0.0.1", 24)]),
            Interface(3, "eth", [("10.1.0.1", 16)]),
        ]
    )
