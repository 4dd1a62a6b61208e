"""`Stack`: a TCP/IP stack as a live Python object.

A stack runs in a thread of its own, outside the interpreter; what you see here are handles to it. `Stack.top2()` and
`Stack.top1()` put it behind a tap device, `Stack.demo()` in an in-memory network, `Stack.detached()` nowhere at all.
"""

from __future__ import annotations

import atexit
import os
import weakref
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack
from typing import TYPE_CHECKING, Any, Self, TypeVar

from tapip_rs import _core, events
from tapip_rs.arping import ArpingReply, arping
from tapip_rs.interfaces import Interface, Interfaces, Neighbors
from tapip_rs.masks import deaf
from tapip_rs.ping import Pinger
from tapip_rs.policy import Policy, Value, pushed
from tapip_rs.routing import Rib
from tapip_rs.sockets import Address, Host, RawSocket, TcpListener, TcpStream, UdpSocket, host_text, socket_address

if TYPE_CHECKING:
    from typing_extensions import Buffer

    from tapip_rs.config import Config
    from tapip_rs.detached import DetachedStack
    from tapip_rs.topology import KernelSide

T = TypeVar("T")

__all__ = ["Device", "Stack"]

Device = _core.Tap | _core.Pipe | _core.Loopback | _core.Queue

_open: weakref.WeakSet[Stack] = weakref.WeakSet()


class Stack:
    """A stack with a loopback interface `lo` (127.0.0.1/8) and nothing else: `attach` a device, give it an address.

    Close it, or use it in a `with` block; what is left open is closed when the interpreter exits.
    """

    def __init__(self, *, seed: int | None = None, threaded: bool = True) -> None:
        with deaf():
            self.core = _core.Stack(seed=seed, threaded=threaded)
        self._undo = ExitStack()
        self.interfaces = Interfaces(self.core, self._interfaces_changed)
        """The interfaces by name; they can be changed."""
        self.neighbors = Neighbors(self.core, self.interfaces)
        """The neighbour (ARP) table; it can be changed."""
        self.routes = Rib(self.core)
        """The routing table; it can be changed."""
        self.policy = Policy(self.core)
        """The knobs, under sysctl's names; they can be set."""
        self.kernel_side: KernelSide | None = None
        """The kernel's end of the tap, when a topology made one."""
        _open.add(self)
        loopback = self.attach("lo", _core.Loopback(), medium="loopback")
        loopback.add_address("127.0.0.1/8")

    @classmethod
    def top2(cls, config: Config | None = None, **settings: Any) -> Self:
        """A stack on a tap, with the kernel at the other end: 10.0.0.1 here, 10.0.0.2 there.

        `settings` go by the names of the flags: `Stack.top2(dev="tap7", address="10.9.0.1/24")`. Everything is undone
        by `close`. Needs root or CAP_NET_ADMIN. Raises: `config.ConfigError`, `topology.TopologyError`.
        """
        return cls._on_tap("2", config, settings)

    @classmethod
    def top1(cls, config: Config | None = None, **settings: Any) -> Self:
        """A stack on a tap that is bridged to a network card, whose addresses the kernel gets back at `close`.

        `Stack.top1(nic="eth1", address="192.168.1.9/24", gateway="192.168.1.1")`; the rest is as with `top2`.
        """
        return cls._on_tap("1", config, settings)

    @classmethod
    def _on_tap(cls, topology: str, config: Config | None, settings: dict[str, Any]) -> Self:
        from tapip_rs.bringup import bring_up
        from tapip_rs.config import make

        if config is None:
            config = make(topology=topology, **settings)
        elif settings or config.topology != topology:
            raise ValueError(f"give top{topology} a configuration for topology {topology}, or settings, not both")
        stack = cls(seed=config.seed)
        try:
            stack.kernel_side = bring_up(stack, config)
        except BaseException:
            stack.close()
            raise
        return stack

    @classmethod
    def detached(cls, *, seed: int = 0, medium: str = "ethernet", address: str | None = None) -> DetachedStack:
        """A stack without device, thread or clock: see `DetachedStack`."""
        from tapip_rs.detached import DetachedStack

        return DetachedStack(seed=seed, medium=medium, address=address)

    @classmethod
    def demo(cls, *, seed: int | None = None) -> Self:
        """A stack in an in-memory network: a gateway, a web server, an echo host; needs no rights."""
        from tapip_rs.demo import Neighborhood

        stack = cls(seed=seed)
        try:
            stack._undo.enter_context(Neighborhood(stack, seed=seed))
        except BaseException:
            stack.close()
            raise
        return stack

    def attach(
        self, name: str, device: Device, *, mac: str | None = None, mtu: int | None = None, medium: str = "ethernet"
    ) -> Interface:
        """Make an interface out of a device.

        It is up, and has no address; the device is the stack's from now on.
        """
        index = self.core.attach(name, device, mac=mac, mtu=mtu, medium=medium)
        return self.interfaces.at(index)

    def detach(self, name: str) -> None:
        """Remove an interface and close its device."""
        self.core.detach(self.interfaces[name].index)
        self._interfaces_changed()

    def connect(
        self,
        remote: Address,
        timeout: float | None = None,
        local: Address | None = None,
        policy: Mapping[str, Value] | None = None,
    ) -> TcpStream:
        """Connect by TCP; the stream keeps `timeout` (seconds, None for ever). `policy` are knobs of its own."""
        ours = None if local is None else socket_address(local, "local")
        return TcpStream(self.core.tcp_connect(socket_address(remote, "remote"), ours, timeout, pushed(policy)))

    def connect_fast(
        self, remote: Address, data: Buffer, timeout: float | None = None, local: Address | None = None
    ) -> tuple[TcpStream, int]:
        """Connect with data in the SYN (TCP Fast Open, RFC 7413); also how many bytes were taken.

        Where no cookie of the server is known yet, one is asked for and the data goes right behind the handshake.
        """
        ours = None if local is None else socket_address(local, "local")
        core, taken = self.core.tcp_connect_fast(socket_address(remote, "remote"), data, ours, timeout)
        return TcpStream(core), taken

    def listen(self, local: Address, backlog: int = 128) -> TcpListener:
        """Listen for TCP connections; port 0 picks one, host "0.0.0.0" means every address."""
        return TcpListener(self.core.tcp_listen(socket_address(local, "local"), backlog))

    def serve(self, services: Iterable[str], address: Host = "0.0.0.0", port_offset: int = 0) -> _core.Server:
        """Open services by name (echo, discard, daytime, chargen), TCP and UDP; the `run` of the result serves.

        Each listens `port_offset` above its standard port. One thread serves all, in Rust, without the GIL.
        """
        return self.core.serve(list(services), host_text(address, "address"), port_offset)

    def udp(self, local: Address | None = None) -> UdpSocket:
        """A UDP socket, bound to `local` when it is given."""
        return UdpSocket(self.core.udp(None if local is None else socket_address(local, "local")))

    def raw(self, protocol: int) -> RawSocket:
        """A raw IP socket for one protocol."""
        return RawSocket(self.core.raw(protocol))

    def ping(
        self,
        host: Host,
        count: int | None = 4,
        *,
        size: int = 56,
        ttl: int = 64,
        interval: float = 1.0,
        timeout: float = 1.0,
    ) -> Pinger:
        """Echo requests: iterate the result for replies, then read its `statistics`."""
        return Pinger(self, host, count=count, size=size, ttl=ttl, interval=interval, timeout=timeout)

    def arping(
        self,
        target: Host,
        count: int | None = 4,
        *,
        interface: str | None = None,
        interval: float = 1.0,
        timeout: float = 1.0,
        probe: bool = False,
    ) -> Iterator[ArpingReply]:
        """ARP requests: yields an answer, or a silence, for each."""
        where = (
            self._arp_interface(host_text(target, "target")) if interface is None else self.interfaces[interface].index
        )
        return arping(self.core, where, target, count=count, interval=interval, timeout=timeout, probe=probe)

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

    @property
    def spin(self) -> int:
        """Microseconds that whoever waits for the devices spins before it sleeps, while answers come that fast.

        0: never. It saves the wake-up of a round trip between two processors, and costs processor time.
        """
        return self.core.spin()

    @spin.setter
    def spin(self, micros: int) -> None:
        self.core.set_spin(micros)

    def watch(self, *layers: str) -> None:
        """Record events of exactly these layers: dev l2 arp ip icmp udp tcp tcpstate, or all; none ends it."""
        self.core.set_trace(events.check_layers(layers))

    def events(
        self, layers: str | tuple[str, ...] | None = None, *, since: int | None = None, follow: bool = False
    ) -> Iterator[_core.Event]:
        """What was recorded of the layers that are watched (see `watch`), oldest first, from number `since` on.

        With `follow` it goes on with what happens from now on, and watches `layers` (default: all) for as long as
        it runs.
        """
        if not follow:
            yield from events.read(self.core, layers, since or 0, follow=False)
            return
        with events.watching(self.core, layers or "all"):
            start = self.core.next_event() if since is None else since
            yield from events.read(self.core, layers, start, follow=True)

    @property
    def now(self) -> float:
        """The stack's clock, in seconds."""
        return self.core.now

    @property
    def failure(self) -> str | None:
        """Why the stack failed; None while it works."""
        return self.core.failure

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self.core.closed

    def on_close(self, manager: AbstractContextManager[T]) -> T:
        """Enter a context manager that is left when the stack was closed."""
        return self._undo.enter_context(manager)

    def close(self) -> None:
        """Close every connection and device, stop the thread, undo what the topology set up; in under a second.

        Queued data is given half a second to leave. May be called twice.
        """
        _open.discard(self)
        self.routes.close()
        try:
            self.core.close()
        finally:
            self._undo.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def __repr__(self) -> str:
        state = "closed" if self.closed else "failed" if self.failure else ", ".join(self.interfaces)
        return f"<{type(self).__name__} {state}>"

    def _interfaces_changed(self) -> None:
        self.routes.sync()

    def _arp_interface(self, target: str) -> int:
        """Where `target` would be asked for: by the route to it, else the first Ethernet."""
        ethernets = [info.index for info in self.core.interfaces() if info.medium == "ethernet"]
        route = self.core.lookup_route(target)
        if route is not None and route.interface in ethernets:
            return route.interface
        if not ethernets:
            raise ValueError("the stack has no Ethernet interface to ask on")
        return ethernets[0]


def _close_all() -> None:
    for stack in list(_open):
        stack.close()


atexit.register(_close_all)
os.register_at_fork(after_in_child=_core.mark_forked)
