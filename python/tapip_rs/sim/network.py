"""`Network`: build it, give it something to do, let time pass."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Callable, Coroutine, Mapping
from ipaddress import ip_interface
from pathlib import Path
from types import UnionType
from typing import TYPE_CHECKING, Any, TypeVar

from tapip_rs import _core
from tapip_rs.sim import oracle, settings, traffic, units
from tapip_rs.sim.captures import Captures
from tapip_rs.sim.flow import Flow
from tapip_rs.sim.host import Host, Node, Switch
from tapip_rs.sim.link import Link
from tapip_rs.sim.loop import VirtualLoop
from tapip_rs.sim.options import LinkOptions, translate
from tapip_rs.sim.plot import draw
from tapip_rs.sim.progress import Progress
from tapip_rs.sim.units import Time

if TYPE_CHECKING:
    from typing import Unpack

__all__ = ["Network"]

T = TypeVar("T")

QUEUED = 2 * 1_514
"""Bytes: a direction where never more than two full frames waited has no queue worth a line."""
SLICE = 0.1
"""Seconds of real time after which a run looks at its progress bar and its captures."""


class Network(traffic.Traffic):
    """A virtual network under virtual time.

    The same seed and the same calls give the same frames, and so the same `digest`, on every machine.

    With `check` every frame that a host sends is judged by the rules of the RFCs (rust/core/src/sim/oracle), and `run`
    raises `RuleBroken` right behind the first that breaks one.
    """

    def __init__(self, seed: int = 0, *, progress: bool = True, check: bool = False) -> None:
        self.seed = units.whole(settings.seed_instead_of(seed), "seed", 0, 2**64 - 1)
        self.core = _core.Network(self.seed)
        self._progress = progress
        self.hosts: list[Host] = []
        self.switches: list[Switch] = []
        self.links: list[Link] = []
        self.flows: list[Flow] = []
        self._callbacks: dict[int, Callable[[], object]] = {}
        self._predicate: Callable[[], object] | None = None
        self._next_look = 0
        self._every = 1
        self._loop: VirtualLoop | None = None
        self._failed: BaseException | None = None
        self._running = False
        self._bar: Progress | None = None
        self._captures = Captures(self.core)
        self._checked = settings.checked(check)
        if self._checked:
            self.core.watch()
        settings.register(self)

    # Building it.

    def host(self, name: str | None = None, address: str | None = None) -> Host:
        """Add a host. `address` ("10.1.0.1/24") is that of its first link; without it, the link gives the next free."""
        return self._add_host(name, address, forward=False)

    def router(self, name: str | None = None, address: str | None = None) -> Host:
        """Add a host that forwards."""
        return self._add_host(name, address, forward=True)

    def switch(self, name: str | None = None) -> Switch:
        """Add a learning switch."""
        name = name or f"s{len(self.switches) + 1}"
        made = Switch(self, self.core.add_switch(name), name)
        self.switches.append(made)
        return made

    def _add_host(self, name: str | None, address: str | None, *, forward: bool) -> Host:
        if address is not None:
            _interface(address)
        name = name or f"{'r' if forward else 'h'}{len(self.hosts) + 1}"
        made = Host(self, self.core.add_host(name, forward), name, address)
        self.hosts.append(made)
        return made

    def link(
        self,
        a: Node,
        b: Node,
        *,
        ab: Mapping[str, Any] | None = None,
        ba: Mapping[str, Any] | None = None,
        addresses: tuple[str | None, str | None] = (None, None),
        **options: Unpack[LinkOptions],
    ) -> Link:
        """Link two nodes.

        `options` are for both directions, `ab` and `ba` for one: `ab={"rate": "1 Mbit/s"}`. Each host gets an interface
        with one of `addresses`, or the one that it was made with, or the next free one.
        """
        self._check({"a": a, "b": b}, Host | Switch, "a host or a switch of this network")
        both = ({**options, **(ab or {})}, {**options, **(ba or {})})
        told = [translate(one) for one in both]
        wanted = [
            address or (node.take_wanted() if isinstance(node, Host) else None)
            for node, address in zip((a, b), addresses, strict=True)
        ]
        pairs = [None if address is None else _interface(address) for address in wanted]
        number = self.core.link((a.kind, a.number), (b.kind, b.number), pairs, *told)
        made = Link(self, number, (a, b), both)
        for direction, one in zip((made.ab, made.ba), both, strict=True):
            if one.get("loss_if") is not None:
                direction.set(loss_if=one["loss_if"])
        self.links.append(made)
        settings.capture(self, made)
        return made

    def capture(self, direction: int, path: Path) -> None:
        """Write what passes the end of a link where a direction begins to a pcapng file; see `Link.capture`."""
        self._captures.start(direction, path)

    def add_flow(self, kind: str, a: Host, b: Host, spec: Mapping[str, Any]) -> Flow:
        """Add a flow by the core's words; `bulk` and its like are the way to it."""
        self._check({"a": a, "b": b}, Host, "a host of this network")
        made = Flow(self, self.core.add_flow(kind, a.number, b.number, dict(spec)), kind, (a, b))
        self.flows.append(made)
        return made

    def _check(self, nodes: Mapping[str, object], kinds: type[Host] | UnionType, allowed: str) -> None:
        for name, node in nodes.items():
            if not isinstance(node, kinds) or node.network is not self:
                units.refuse(name, node, allowed)

    # Letting time pass.

    def run(
        self, duration: Time | None = None, *, until: Callable[[], object] | None = None, every: Time = "1 ms"
    ) -> bool:
        """Let time pass: for a while, until `until()` is true, or until nothing is left to happen.

        `until` is asked after whatever concerns Python (a flow is over, a time of `at` has come) and every so often, by
        default each virtual millisecond. Returns whether it became true; without it, True.

        Ctrl-C raises KeyboardInterrupt and leaves a network that can be run again, and so does RuleBroken.
        """
        if self._running:
            raise RuntimeError("the network runs already; in a coroutine, await something instead")
        start = self.core.now
        end = None if duration is None else start + units.nanos(duration, "duration")
        self._every = max(1, units.nanos(every, "every"))
        self._predicate, self._next_look = until, start + self._every
        if until is not None and until():
            return True
        self._bar = Progress(start, end, wanted=self._progress)
        self._running = True
        try:
            if self._loop is None:
                self._run_plain(end)
            else:
                self._loop.run_network(end)
            self._raise_failure()
            return until is None or bool(until())
        finally:
            self._running, self._predicate = False, None
            self._bar.clear()
            self._captures.flush()

    def _run_plain(self, end: int | None) -> None:
        while end is None or self.core.now < end:
            reached = self.advance(end)
            if self.satisfied() or (reached and end is None):
                return
            if self._loop is not None:  # somebody spawned the first coroutine
                self._loop.run_network(end)
                return

    def advance(self, target: int | None) -> bool:
        """Run until `target` (nanoseconds), something to tell, or a moment of real time; whether it is `target`."""
        look = None if self._predicate is None else self._next_look
        ends = [end for end in (target, look) if end is not None]
        end = min(ends) if ends else None
        stop = self.core.run(end, SLICE)
        if self._checked:
            oracle.judge(self)
        for kind, number, host, readiness in self.core.notices():
            if kind == "wake":
                self._callbacks.pop(number)()
            elif kind == "socket" and self._loop is not None:
                self._loop.tell(host, number, readiness)
        if stop == "budget":
            self._captures.flush()
            if self._bar is not None:
                self._bar.show(self.core.now, self.core.packets)
        if stop == "reached" and target is None and self.core.next_event is None:
            return True
        return stop == "reached" and end == target

    def satisfied(self) -> bool:
        """Whether the run is to end before its time: what it waits for has come, or a coroutine failed."""
        if self._failed is not None:
            return True
        if self._predicate is None:
            return False
        self._next_look = self.core.now + self._every
        return bool(self._predicate())

    def step(self) -> bool:
        """Let the next event happen; False when nothing is left to happen."""
        any_left = self.core.step()
        if self._checked:
            oracle.judge(self)
        for kind, number, host, readiness in self.core.notices():
            if kind == "wake":
                self._callbacks.pop(number)()
            elif kind == "socket" and self._loop is not None:
                self._loop.tell(host, number, readiness)
        return any_left

    def at(self, time: Time, callback: Callable[[], object]) -> None:
        """Call `callback()` at a virtual time; one that is past counts as now."""
        self._callbacks[self.core.wake_at(units.nanos(time, "time"))] = callback

    # Coroutines.

    @property
    def loop(self) -> VirtualLoop:
        """The asyncio event loop whose clock is the network's; made when it is first needed."""
        if self._loop is None:
            self._loop = VirtualLoop(weakref.proxy(self))
        return self._loop

    def spawn(self, coroutine: Coroutine[Any, Any, T], *, name: str | None = None) -> asyncio.Task[T]:
        """Start a coroutine as a task; it goes on whenever the network runs. Its exceptions are raised there."""
        task = self.loop.create_task(coroutine, name=name)
        task.add_done_callback(self._ended)
        return task

    def run_async(self, main: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine to its end, and the network with it; its result."""
        if self._running:
            raise RuntimeError("the network runs already; in a coroutine, await this one instead")
        self._running = True
        self._bar = Progress(self.core.now, None, wanted=self._progress)
        try:
            return self.loop.run_until_complete(main)
        finally:
            self._running = False
            self._bar.clear()
            self._captures.flush()

    def _ended(self, task: asyncio.Task[Any]) -> None:
        if not task.cancelled() and task.exception() is not None and self._failed is None:
            self._failed = task.exception()
            self.loop.stop()

    def _raise_failure(self) -> None:
        failed, self._failed = self._failed, None
        if failed is not None:
            raise failed

    # Looking at it.

    @property
    def now(self) -> float:
        """The virtual time, in seconds."""
        return self.core.now / 1e9

    @property
    def packets(self) -> int:
        """Frames delivered over links so far."""
        return self.core.packets

    @property
    def judged(self) -> int:
        """TCP segments that were judged so far; see `check`."""
        return self.core.judged

    def check(self) -> None:
        """Judge a network in which everything should be over, made with `check` or not.

        Every flow must have come to its end, well or with an error, every byte be the one that was sent, and no host
        hold a connection or a buffer any more (one that was closed waits a minute in TIME-WAIT). Raises: RuleBroken.
        """
        oracle.judge_end(self)

    def digest(self) -> str:
        """A hash over time, link, direction and bytes of every frame delivered so far: 16 hexadecimal digits."""
        return f"{self.core.digest:016x}"

    def plot(self, path: str | Path | None = None) -> Any:
        """All flows, and the queues of all directions where anything waited, as a matplotlib figure."""
        directions = [direction for link in self.links for direction in (link.ab, link.ba)]
        return draw(self.flows, [one for one in directions if one.stats.queue_bytes_max > QUEUED], path)

    def __repr__(self) -> str:
        return f"<Network t={self.now} s, {len(self.hosts)} hosts, {len(self.links)} links, {len(self.flows)} flows>"


def _interface(address: str) -> tuple[str, int]:
    try:
        interface = ip_interface(address)
    except ValueError:
        units.refuse("address", address, "an address with its length, such as 10.1.0.1/24")
    if interface.version != 4 or "/" not in str(address):
        units.refuse("address", address, "an IPv4 address with its length, such as 10.1.0.1/24")
    return str(interface.ip), interface.network.prefixlen
