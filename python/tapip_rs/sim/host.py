"""Nodes: hosts with a whole stack each, routers, switches."""

from __future__ import annotations

import io
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from tapip_rs.interfaces import Interfaces, Neighbors
from tapip_rs.policy import Policy, Value, pushed
from tapip_rs.routing import Rib
from tapip_rs.sim import units
from tapip_rs.sim.streams import Datagrams, Listener, Stream, connect
from tapip_rs.sockets import Address, socket_address
from tapip_rs.sockets import Host as HostText

if TYPE_CHECKING:
    from tapip_rs import _core
    from tapip_rs.sim.flow import Flow
    from tapip_rs.sim.network import Network
    from tapip_rs.stack import Stack

__all__ = ["Host", "Node", "Switch"]


SHOWING = ("arpcache", "counters", "ifconfig", "route", "ss", "stat", "sysctl")
"""Commands of the shell that answer at once."""


class Switch:
    """A learning switch."""

    kind = "switch"

    def __init__(self, network: Network, number: int, name: str) -> None:
        self.network, self.number, self.name = network, number, name

    def __repr__(self) -> str:
        return f"<Switch {self.name}>"


class Host:
    """A host: a stack with the verbs of a live one, under virtual time.

    `connect`, `listen` and `udp` are for coroutines (see `Network.spawn`).
    """

    kind = "host"

    def __init__(self, network: Network, number: int, name: str, address: str | None) -> None:
        self.network, self.number, self.name = network, number, name
        self._wanted = address
        self.kernel_side = None
        self.core = network.core.stack(number)
        """The stack, as `Stack.core`."""

    @property
    def address(self) -> str:
        """The address by which others reach it; that of its first link."""
        address = self.network.core.address(self.number)
        if address is None:
            raise ValueError(f"host {self.name} has no address before it has a link")
        return address

    def take_wanted(self) -> str | None:
        """The address that was asked for, the first time."""
        wanted, self._wanted = self._wanted, None
        return wanted

    @cached_property
    def interfaces(self) -> Interfaces:
        """The interfaces by name; they can be changed."""
        return Interfaces(self.core, lambda: None)

    @cached_property
    def neighbors(self) -> Neighbors:
        """The neighbour (ARP) table; it can be changed."""
        return Neighbors(self.core, self.interfaces)

    @property
    def routes(self) -> Rib:
        """The routing table; it can be changed: `host.routes.add("10.9.0.0/16", via="10.0.0.2")`.

        The network finds routes to all its parts by itself when it runs.
        """
        known = {str(entry.net) for entry in self._rib}
        for info in self.core.routes():
            found = f"{info.address}/{info.length}"
            if info.gateway is not None and found not in known:
                self._rib.add(found, via=info.gateway, metric=info.metric)
        return self._rib

    @cached_property
    def _rib(self) -> Rib:
        return Rib(self.core)

    @cached_property
    def policy(self) -> Policy:
        """The knobs, under sysctl's names; they can be set."""
        return Policy(self.core)

    @property
    def tcp_connections(self) -> list[_core.TcpInfo]:
        """Every TCP connection: state, cwnd, ssthresh, srtt, rto, snd_una, queues..."""
        return self.core.tcp_connections()

    @property
    def sockets(self) -> list[_core.SocketInfo]:
        """Every socket of any kind, as `ss` shows them."""
        return self.core.sockets()

    @property
    def counters(self) -> dict[str, int]:
        """Protocol counters under the names of nstat(8)."""
        return self.core.counters()

    @property
    def drops(self) -> dict[str, int]:
        """Packets dropped, by reason."""
        return self.core.drops()

    @property
    def memory(self) -> dict[str, int]:
        """Packet buffers, sockets and bytes queued."""
        return self.core.memory()

    def shell(self, commands: str) -> str:
        """What commands of the net shell say of this host: `host.shell("route; ss -i")`.

        For those that show and set, not for those that wait (ping, snc...), for no time passes meanwhile. Raises:
        ValueError with the shell's words when a command fails.
        """
        from tapip_rs.shell import run

        for words in commands.split(";"):
            if words.split()[:1] and words.split()[0] not in SHOWING:
                units.refuse("commands", words.strip(), f"one of {', '.join(SHOWING)}")
        said, complaint = io.StringIO(), io.StringIO()
        if run(cast("Stack", self), commands=commands, stdin=io.StringIO(), stdout=said, stderr=complaint) != 0:
            raise ValueError(complaint.getvalue().strip())
        return said.getvalue()

    def ping(self, other: Host, count: int | None = 4, **options: Any) -> Flow:
        """Echo requests to another host from now on; as `Network.ping`."""
        return self.network.ping(self, other, count=count, **options)

    async def connect(
        self, remote: Address, *, congestion: str | None = None, policy: Mapping[str, Value] | None = None
    ) -> Stream:
        """Connect by TCP; `policy` are knobs of its own.

        Raises: ConnectionRefusedError, TimeoutError, OSError(EHOSTUNREACH)...
        """
        core = self.network.core.tcp_connect(self.number, socket_address(remote, "remote"), pushed(policy))
        return await connect(self.network, core, congestion)

    async def listen(self, port: int, *, address: HostText = "0.0.0.0", backlog: int = 128) -> Listener:
        """Listen for TCP connections; port 0 picks one."""
        local = socket_address((address, port), "local")
        return Listener(self.network, self.network.core.tcp_listen(self.number, local, backlog))

    async def udp(self, port: int = 0, *, address: HostText = "0.0.0.0") -> Datagrams:
        """A UDP socket; port 0 picks one."""
        local = socket_address((address, port), "local")
        return Datagrams(self.network, self.network.core.udp(self.number, local))

    def __repr__(self) -> str:
        return f"<Host {self.name}>"


Node: TypeAlias = Host | Switch
