"""An asyncio event loop whose clock is a network's.

All of asyncio is its own (tasks, timers, the ready queue); only the selector is ours: where another would wait for file
descriptors until the next timer is due, it lets the network run until then, or until a socket that somebody waits for
is ready. While anything is ready, no time passes. So the same program gives the same run.
"""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections.abc import Coroutine, Generator
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from tapip_rs import _core
    from tapip_rs.sim.network import Network

__all__ = ["Stalled", "VirtualLoop"]


class Stalled(RuntimeError):
    """Coroutines wait, and nothing is left to happen in the network that could wake them."""


class _Task(asyncio.Task[Any]):
    """A task that is ordered by its number where asyncio keeps tasks in sets, not by where it lies in memory."""

    def __init__(self, *arguments: Any, number: int, **options: Any) -> None:
        self._number = number
        super().__init__(*arguments, **options)

    def __hash__(self) -> int:
        return self._number


class _Selector:
    """Lets the network run where a selector would wait."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop

    def select(self, timeout: float | None) -> list[Any]:
        """Let up to `timeout` seconds pass; None for as many as it takes."""
        if timeout is None or timeout > 0:
            self._loop.let_pass(None if timeout is None else max(1, round(timeout * 1e9)))
        return []


class VirtualLoop(asyncio.BaseEventLoop):
    """The loop of a `Network`; made by it."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self._network = network
        self._selector = _Selector(self)
        self._clock_resolution = 1e-9
        self._waiters: dict[tuple[int, int], list[tuple[int, asyncio.Future[None]]]] = {}
        self._limit: int | None = None
        self._bounded = False
        self._numbers = itertools.count()
        self._thread = threading.get_ident()
        self.set_task_factory(self._make_task)  # type: ignore[arg-type] # 3.11 passes no options, 3.14 does

    def _make_task(
        self, loop: asyncio.AbstractEventLoop, coroutine: Coroutine[Any, Any, Any] | Generator[Any], **options: Any
    ) -> asyncio.Task[Any]:
        task = _Task(coroutine, loop=loop, number=next(self._numbers), **options)
        task._log_destroy_pending = False  # type: ignore[attr-defined] # servers wait when a network is let go
        return task

    def time(self) -> float:
        """The network's time."""
        return self._network.core.now / 1e9

    def let_pass(self, span: int | None) -> None:
        """The selector's part: run the network for `span` nanoseconds, or until there is something to do here."""
        now = self._network.core.now
        ends = [end for end in (None if span is None else now + span, self._limit) if end is not None]
        target = min(ends) if ends else None
        reached = self._network.advance(target)
        if self._network.satisfied() or (self._bounded and reached and target == self._limit):
            self.stop()
        elif reached and target is None:
            self._stall()

    def run_network(self, until: int | None) -> None:
        """Run tasks and network until a time, the network's goal, or (None) until nothing is left to happen."""
        self._limit, self._bounded = until, True
        try:
            if until is None or self._network.core.now < until:
                self.run_forever()
        finally:
            self._limit, self._bounded = None, False

    def _stall(self) -> None:
        if self._bounded:
            self.stop()
            return
        raise Stalled("every coroutine waits, and nothing is left to happen in the network")

    async def ready(self, socket: _core.VirtualSocket, events: int) -> None:
        """Sleep until a socket is told to be ready for any of `events`, or is closed."""
        future = self.create_future()
        place = (socket.host, socket.number)
        entry = (events, future)
        self._waiters.setdefault(place, []).append(entry)
        try:
            await future
        finally:
            waiting = self._waiters.get(place, [])
            if entry in waiting:
                waiting.remove(entry)
            if not waiting:
                self._waiters.pop(place, None)

    def tell(self, host: int, number: int, readiness: int) -> bool:
        """A socket became ready; whether anybody waited for it."""
        woken = False
        for events, future in self._waiters.get((host, number), ()):
            if readiness & events and not future.done():
                future.set_result(None)
                woken = True
        return woken

    def forget(self, socket: _core.VirtualSocket) -> None:
        """A socket was closed: whoever waits for it tries again, and learns."""
        self.tell(socket.host, socket.number, ~0)

    def call_soon_threadsafe(  # type: ignore[override]
        self, callback: Any, *arguments: Any, context: Any = None
    ) -> asyncio.Handle:
        """As `call_soon`. Raises: RuntimeError in another thread, whose doings have no virtual time."""
        if threading.get_ident() != self._thread:
            raise RuntimeError("no other thread may call into a loop under virtual time")
        return self.call_soon(callback, *arguments, context=context)

    def run_in_executor(self, *_arguments: Any, **_options: Any) -> NoReturn:  # type: ignore[override]
        """Not here: what another thread does has no virtual time."""
        raise RuntimeError("a loop under virtual time has no threads; call the function itself")

    def __del__(self) -> None:
        if not self.is_closed():
            self.close()

    def _process_events(self, _events: list[Any]) -> None:
        """Nothing: whoever waited was woken in `tell`."""

    def _write_to_self(self) -> None:
        """Nothing: nobody else could wake the selector."""
