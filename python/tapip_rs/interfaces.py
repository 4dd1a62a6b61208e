"""`stack.interfaces` and `stack.neighbors`: live views that can be read and changed.

Nothing is cached: each attribute asks the stack. What an object names may be gone meanwhile; then OSError(ENODEV)
says so.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Interface, ip_address, ip_interface
from typing import Self

from tapip_rs import _core
from tapip_rs.offload import choice
from tapip_rs.sockets import Host, host_text

__all__ = ["Capture", "Interface", "InterfaceCounters", "Interfaces", "Neighbor", "Neighbors"]


@dataclass(frozen=True, slots=True)
class InterfaceCounters:
    """Traffic of an interface: frames, bytes, frames in error."""

    rx_frames: int
    rx_bytes: int
    rx_errors: int
    tx_frames: int
    tx_bytes: int
    tx_errors: int


class Interface:
    """One interface of a stack."""

    __slots__ = ("_changed", "_core", "index")

    def __init__(self, core: _core.Stack, index: int, changed: Callable[[], None]) -> None:
        self._core, self.index, self._changed = core, index, changed

    @property
    def info(self) -> _core.InterfaceInfo:
        """Everything about it at one moment."""
        for info in self._core.interfaces():
            if info.index == self.index:
                return info
        raise OSError(errno.ENODEV, f"interface {self.index} is gone")

    @property
    def name(self) -> str:
        """Its name, unique in the stack."""
        return self.info.name

    @property
    def medium(self) -> str:
        """One of ethernet, ip, loopback."""
        return self.info.medium

    @property
    def mac(self) -> str:
        """Our hardware address. May be set."""
        return self.info.mac

    @mac.setter
    def mac(self, mac: str) -> None:
        self._core.set_interface(self.index, mac=mac)

    @property
    def mtu(self) -> int:
        """The largest IP packet, in bytes. May be set."""
        return self.info.mtu

    @mtu.setter
    def mtu(self, mtu: int) -> None:
        self._core.set_interface(self.index, mtu=mtu)

    @property
    def up(self) -> bool:
        """Whether it sends and receives. May be set; its routes come and go with it."""
        return self.info.up

    @up.setter
    def up(self, up: bool) -> None:
        self._core.set_interface(self.index, up=up)
        self._changed()

    @property
    def addresses(self) -> tuple[IPv4Interface | IPv6Interface, ...]:
        """Our addresses with their networks, the primary one first."""
        return tuple(ip_interface(address) for address in self.info.addresses)

    def add_address(self, address: str | IPv4Interface | IPv6Interface) -> None:
        """Add an address such as "10.0.0.1/24", and the route to its network."""
        interface = ip_interface(address)
        self._core.add_address(self.index, str(interface.ip), interface.network.prefixlen)
        self._changed()

    def remove_address(self, address: Host | IPv4Interface | IPv6Interface) -> None:
        """Remove an address, and the route to its network."""
        plain = address.ip if isinstance(address, IPv4Interface | IPv6Interface) else host_text(address, "address")
        self._core.remove_address(self.index, str(plain).partition("/")[0])
        self._changed()

    @property
    def counters(self) -> InterfaceCounters:
        """Its traffic so far."""
        info = self.info
        return InterfaceCounters(
            info.rx_frames, info.rx_bytes, info.rx_errors, info.tx_frames, info.tx_bytes, info.tx_errors
        )

    @property
    def drops(self) -> dict[str, int]:
        """Packets dropped here, by reason."""
        return self.info.drops

    @property
    def offload(self) -> tuple[str, ...]:
        """The work on frames that is left to the device: of rx, tx, tso, gro.

        May be set: "on", "off", "tx,tso" (these and what they need), "no-gro" (all but these), or names. What the
        device can not do stays off.
        """
        return tuple(self._core.offloads(self.index))

    @offload.setter
    def offload(self, wanted: str | bool | Sequence[str]) -> None:
        self._core.set_offloads(self.index, choice(wanted))

    def fault(self, *, seed: int | None = None, **spec: float | Sequence[int]) -> None:
        """Impair what passes, both ways: `fault(drop=0.01, delay=0.02)`; without arguments it ends.

        drop, duplicate, reorder, corrupt are probabilities; drop_every, drop_list name frames; delay, jitter,
        reorder_delay are seconds; rate is bit/s; queue_bytes, queue_packets, limit bound what waits.
        """
        self._core.set_fault(self.index, dict(spec) or None, seed=seed)

    @property
    def faults(self) -> dict[str, float | int | list[int]]:
        """The impairment in force; empty when there is none."""
        return self._core.fault(self.index) or {}

    @property
    def fault_counters(self) -> dict[str, int]:
        """What the impairment did so far, by cause."""
        return self._core.fault_counters(self.index)

    def capture(self, path: str | os.PathLike[str]) -> Capture:
        """Write every frame to a pcapng file until the result is stopped (or its `with` block ends)."""
        self._core.start_capture(self.index, os.fspath(path))
        return Capture(self._core, self.index)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Interface) and (self._core, self.index) == (other._core, other.index)

    def __hash__(self) -> int:
        return hash((id(self._core), self.index))

    def __repr__(self) -> str:
        info = next((info for info in self._core.interfaces() if info.index == self.index), None)
        if info is None:
            return f"<Interface {self.index} gone>"
        addresses = " ".join(f"{address}/{length}" for address, length in info.addresses)
        state = "up" if info.up else "down"
        return f"<Interface {info.name} {info.mac} {addresses or 'no address'} mtu {info.mtu} {state}>"


class Capture:
    """A capture that runs. `packets` is the number of frames written, once it was stopped."""

    def __init__(self, core: _core.Stack, index: int) -> None:
        self._core, self._index = core, index
        self.packets: int | None = None

    def stop(self) -> int:
        """End it; returns the number of frames written. May be called twice."""
        if self.packets is None:
            self.packets = self._core.stop_capture(self._index)
        return self.packets

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        if not self._core.closed:
            self.stop()


class Interfaces(Mapping[str, Interface]):
    """The interfaces of a stack, by name."""

    def __init__(self, core: _core.Stack, changed: Callable[[], None]) -> None:
        self._core, self._changed = core, changed

    def __getitem__(self, name: str) -> Interface:
        for info in self._core.interfaces():
            if info.name == name:
                return Interface(self._core, info.index, self._changed)
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter([info.name for info in self._core.interfaces()])

    def __len__(self) -> int:
        return len(self._core.interfaces())

    def __repr__(self) -> str:
        return repr(list(self.values()))

    def at(self, index: int) -> Interface:
        """The interface of an index, as events, routes and datagrams name it."""
        return Interface(self._core, index, self._changed)


@dataclass(frozen=True, slots=True)
class Neighbor:
    """An entry of the neighbour table at one moment."""

    interface: str
    address: IPv4Address | IPv6Address
    mac: str | None
    state: str
    """incomplete, reachable, stale, delay, probe, failed or permanent."""
    age: float
    """Seconds since it was last confirmed."""
    expires_in: float | None
    """Seconds until it changes its state by itself."""
    pending: int
    """Packets that wait for the address."""


class Neighbors:
    """The neighbour (ARP) table: iterate it for entries."""

    def __init__(self, core: _core.Stack, interfaces: Interfaces) -> None:
        self._core, self._interfaces = core, interfaces

    def __iter__(self) -> Iterator[Neighbor]:
        names = {info.index: info.name for info in self._core.interfaces()}
        for entry in self._core.neighbors():
            yield Neighbor(
                names.get(entry.interface, str(entry.interface)),
                ip_address(entry.address),
                entry.mac,
                entry.state,
                entry.age,
                entry.expires_in,
                entry.pending,
            )

    def __len__(self) -> int:
        return len(self._core.neighbors())

    def __getitem__(self, address: Host) -> Neighbor:
        """The entry of an address, on whichever interface. Raises: KeyError."""
        wanted = ip_address(host_text(address, "address"))
        for entry in self:
            if entry.address == wanted:
                return entry
        raise KeyError(str(address))

    def __contains__(self, address: object) -> bool:
        return any(str(entry.address) == str(address) for entry in self)

    def add(self, address: Host, mac: str, interface: str = "veth") -> None:
        """Add or replace a permanent entry."""
        self._core.add_neighbor(self._interfaces[interface].index, host_text(address, "address"), mac)

    def remove(self, address: Host, interface: str = "veth") -> None:
        """Remove an entry."""
        self._core.remove_neighbor(self._interfaces[interface].index, host_text(address, "address"))

    def flush(self, interface: str | None = None) -> None:
        """Remove all entries, of one interface or of all, but for permanent ones."""
        self._core.flush_neighbors(None if interface is None else self._interfaces[interface].index)

    def __repr__(self) -> str:
        return repr(list(self))
