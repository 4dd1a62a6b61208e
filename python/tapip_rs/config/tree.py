"""The tree of settings, with TOP2 as its defaults, and what must hold between them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Interface
from types import MappingProxyType

from tapip_rs.policy import Value

__all__ = ["TOPOLOGIES", "Bridge", "Config", "ConfigError", "Host", "Tap"]

TOPOLOGIES = ("1", "2", "demo")
TOP2_ADDRESS = IPv4Interface("10.0.0.1/24")
TOP2_KERNEL = IPv4Interface("10.0.0.2/24")


class ConfigError(ValueError):
    """A setting is wrong; the text says where it was said, what is wrong and what is allowed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """The stack's own interface."""

    interface: str = "veth"
    address: IPv4Interface = TOP2_ADDRESS
    gateway: IPv4Address | None = TOP2_KERNEL.ip
    mac: str = "00:34:45:67:89:ab"
    mtu: int | None = None
    """None takes the tap's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tap:
    """The device that joins the stack and the kernel."""

    device: str = "tap0"
    address: IPv4Interface | None = TOP2_KERNEL
    """The kernel's address on it in TOP2; TOP1 gives it none."""
    offload: tuple[str, ...] = ("rx", "tx", "tso", "gro")
    """Which work on frames is left to the kernel, as far as it can."""
    queues: int = 1
    """How many queues the tap has; several only where it is made here, or was made with multi_queue."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bridge:
    """TOP1: the bridge that joins the tap and a network card."""

    name: str = "br0"
    nic: str = "eth0"
    yes: bool = False
    """Take the card even if it has the only default route."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """All settings of a stack. `Config()` is TOP2 with tapip's addresses; `make(...)` and `load(...)` build others."""

    topology: str = "2"
    netns: str | None = None
    """The network namespace to work in; None is the one we are in."""
    debug: tuple[str, ...] = ()
    """Layers whose events are printed from the start."""
    seed: int | None = None
    """What random numbers are made from; None asks the kernel."""
    spin: int = 0
    """Microseconds that whoever watches the devices spins before it sleeps, where that pays."""
    host: Host = field(default_factory=Host)
    tap: Tap = field(default_factory=Tap)
    bridge: Bridge = field(default_factory=Bridge)
    sysctl: Mapping[str, Value] = field(default_factory=lambda: MappingProxyType({"net.ipv4.ip_forward": 1}))
    """Knobs to set before the stack starts."""

    def check(self, said: Callable[[str], str] = lambda path: path) -> None:
        """Raise ConfigError when settings contradict each other; `said` tells where one came from."""
        network, address = self.host.address.network, self.host.address.ip
        _check_place(self.host.address, said("host.address"))
        gateway = self.host.gateway
        if gateway is not None:
            if gateway not in network:
                raise ConfigError(f"{said('host.gateway')}: gateway {gateway} is not in the stack's network {network}")
            if gateway == address:
                raise ConfigError(f"{said('host.gateway')}: gateway {gateway} is the stack's own address")
        if self.topology == "2":
            self._check_kernel_side(said)

    def _check_kernel_side(self, said: Callable[[str], str]) -> None:
        kernel, network = self.tap.address, self.host.address.network
        if kernel is None:
            return
        where = said("tap.address")
        _check_place(kernel, where)
        if kernel.ip == self.host.address.ip:
            raise ConfigError(f"{where}: the kernel's side and the stack can not both have {kernel.ip}")
        if kernel.ip not in network:
            raise ConfigError(f"{where}: the kernel's address {kernel.ip} is not in the stack's network {network}")


def _check_place(interface: IPv4Interface, where: str) -> None:
    """An interface's address must be a host's."""
    network, address = interface.network, interface.ip
    if network.prefixlen > 30:
        return
    if address in (network.network_address, network.broadcast_address):
        what = "network" if address == network.network_address else "broadcast"
        raise ConfigError(f"{where}: {address} is the {what} address of {network}, not a host's")
