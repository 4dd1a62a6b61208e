"""The kinds of traffic that a network can be given."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from tapip_rs import _core
from tapip_rs.sim import units
from tapip_rs.sim.units import Fraction, Rate, Size, Time

if TYPE_CHECKING:
    from tapip_rs.sim.flow import Flow
    from tapip_rs.sim.host import Host

__all__ = ["Sizes", "Traffic"]

Sizes: TypeAlias = Size | tuple[str, Any] | Sequence[tuple[Size, Fraction]]
"""Sizes of transfers: one for all; ("exponential", mean); ("pareto", (least, tail, most)); or as measured,
pairs of a size and the share of transfers that are no larger."""


class Traffic(ABC):
    """The verbs of a `Network` that add flows. Each returns the `Flow`; `start` and `stop` are virtual times."""

    @abstractmethod
    def add_flow(self, kind: str, a: Host, b: Host, spec: Mapping[str, Any]) -> Flow:
        """Add a flow by the core's words."""

    def bulk(
        self,
        a: Host,
        b: Host,
        congestion: str | None = None,
        size: Size | None = None,
        start: Time = 0.0,
        *,
        stop: Time | None = None,
        options: Mapping[str, int | str] | None = None,
        fast_open: bool = False,
        trace: bool = True,
    ) -> Flow:
        """A transfer of `size` bytes from `a` to `b`, or without end; every byte is checked where it arrives.

        `options` are those of the sender's socket, by the names of a live one's: {"nodelay": 1}. With `fast_open` the
        first bytes go with the SYN, once a cookie is known and if both hosts' `tcp_fastopen` lets them.
        """
        spec = {
            "size": None if size is None else units.size(size, "size", 1),
            "options": dict(options or {}),
            "fast_open": fast_open,
        }
        return self.add_flow("bulk", a, b, _usual(congestion, start, stop, trace) | spec)

    def requests(
        self,
        a: Host,
        b: Host,
        *,
        request: Size = 100,
        response: Size = 10_000,
        count: int | None = None,
        think: Time = 0.0,
        congestion: str | None = None,
        start: Time = 0.0,
        trace: bool = True,
    ) -> Flow:
        """Requests from `a`, each answered by `b` and followed by the next after a while, on one connection."""
        spec = {
            "request": units.size(request, "request", 1),
            "response": units.size(response, "response", 1),
            "count": _count(count),
            "think": units.nanos(think, "think"),
        }
        return self.add_flow("requests", a, b, _usual(congestion, start, None, trace) | spec)

    def on_off(
        self,
        a: Host,
        b: Host,
        *,
        on: Time = 1.0,
        off: Time = 1.0,
        exponential: bool = True,
        rate: Rate | None = None,
        congestion: str | None = None,
        start: Time = 0.0,
        stop: Time | None = None,
        trace: bool = True,
    ) -> Flow:
        """A stream that sends for a while, at a rate or as fast as TCP takes it, and rests for a while."""
        spec = {
            "on": units.nanos(on, "on"),
            "off": units.nanos(off, "off"),
            "exponential": exponential,
            "rate": None if rate is None else units.rate(rate),
        }
        return self.add_flow("on_off", a, b, _usual(congestion, start, stop, trace) | spec)

    def poisson(
        self,
        a: Host,
        b: Host,
        *,
        interval: Time = 0.1,
        sizes: Sizes = ("exponential", 100_000),
        count: int | None = None,
        congestion: str | None = None,
        start: Time = 0.0,
        stop: Time | None = None,
        trace: bool = True,
    ) -> Flow:
        """Transfers that arrive by chance, `interval` apart in the mean, each on a connection of its own."""
        spec = {"interval": units.nanos(interval, "interval"), "count": _count(count)} | _sizes(sizes)
        return self.add_flow("poisson", a, b, _usual(congestion, start, stop, trace) | spec)

    def ping(
        self,
        a: Host,
        b: Host,
        *,
        interval: Time = 1.0,
        count: int | None = None,
        size: int = 56,
        timeout: Time = 10.0,
        start: Time = 0.0,
    ) -> Flow:
        """Echo requests from `a` to `b`."""
        spec = {
            "interval": units.nanos(interval, "interval"),
            "count": _count(count),
            "size": units.whole(size, "size", 0, 65_507),
            "timeout": units.nanos(timeout, "timeout"),
        }
        return self.add_flow("ping", a, b, _usual(None, start, None, trace=True) | spec)

    def cbr(
        self,
        a: Host,
        b: Host,
        *,
        rate: Rate = "1 Mbit/s",
        size: int = 1_200,
        count: int | None = None,
        start: Time = 0.0,
        stop: Time | None = None,
    ) -> Flow:
        """UDP at a constant rate: `rate` counts payload, of which each datagram has `size` bytes."""
        spec = {"rate": units.rate(rate), "size": units.whole(size, "size", 16, 65_507), "count": _count(count)}
        return self.add_flow("datagrams", a, b, _usual(None, start, stop, trace=True) | spec)


def _usual(congestion: str | None, start: Time, stop: Time | None, trace: bool) -> dict[str, Any]:
    """What most kinds take."""
    if congestion is not None and congestion not in (known := _core.Network.congestion_controls()):
        units.refuse("congestion", congestion, f"one of {', '.join(known)}")
    return {
        "congestion": congestion,
        "start": units.nanos(start, "start"),
        "stop": None if stop is None else units.nanos(stop, "stop"),
        "trace_rows": None if trace else 0,
    }


def _count(count: int | None) -> int | None:
    return None if count is None else units.whole(count, "count", 1)


def _sizes(sizes: Sizes) -> dict[str, Any]:
    told: dict[str, Any] = {}
    given: list[Any] = ["fixed", sizes] if isinstance(sizes, str | int | float) else list(sizes)
    match given:
        case ["fixed", size]:
            told = {"fixed": units.size(size, "sizes", 1)}
        case ["exponential", mean]:
            told = {"exponential_size": units.size(mean, "sizes", 1)}
        case ["pareto", (least, tail, most)]:
            told = {"pareto": (units.size(least, "sizes", 1), float(tail), units.size(most, "sizes", 1))}
        case [(_, _), *_] as points:
            parts = [(units.size(size, "sizes"), units.fraction(part, "sizes")) for size, part in points]
            told = {"measured": [(size, round(part * 1e6)) for size, part in parts]}
        case _:
            allowed = 'bytes, ("exponential", mean), ("pareto", (least, tail, most)), or pairs (size, share)'
            units.refuse("sizes", sizes, allowed)
    return told
