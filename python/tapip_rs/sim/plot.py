"""Pictures of what came out, by matplotlib (the extra `plot`). No window opens: they are figures, or files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tapip_rs.sim.flow import Flow
    from tapip_rs.sim.link import Direction

__all__ = ["draw"]

KILO, MILLI = 1e-3, 1e3


def draw(flows: Sequence[Flow], directions: Sequence[Direction], path: str | Path | None = None) -> Any:
    """A figure: time and sequence, congestion window, round trips of flows; queues of directions of links.

    Written to `path` (its suffix says how: .png, .svg, .pdf) when there is one. Raises: ImportError without matplotlib.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError("plots need matplotlib: pip install 'tapip_rs[plot]'") from error
    traced = [flow for flow in flows if len(flow.trace) > 0]
    timed = [flow for flow in flows if flow not in traced and len(flow.exchanges) > 0]
    panels: list[Callable[[Any], None]] = []
    if traced:
        panels += [lambda axes: _sequence(axes, traced), lambda axes: _window(axes, traced)]
        panels += [lambda axes: _round_trips(axes, traced)]
    if timed:
        panels.append(lambda axes: _latency(axes, timed))
    if directions:
        panels += [lambda axes: _queues(axes, directions), lambda axes: _delays(axes, directions)]
    figure = Figure(figsize=(9, 2.4 * max(1, len(panels)) + 0.6), layout="constrained")
    grid = figure.subplots(max(1, len(panels)), sharex=True, squeeze=False)
    for axes, panel in zip(grid[:, 0], panels, strict=False):
        panel(axes)
        axes.grid(alpha=0.3)
        axes.legend(loc="best", fontsize="small")
    grid[-1, 0].set_xlabel("virtual time, s")
    if path is not None:
        figure.savefig(path)
    return figure


def _scaled(values: Any, factor: float) -> list[float]:
    return [value * factor for value in values]


def _name(flow: Flow) -> str:
    return f"{flow.number}: {flow.kind} {flow.source.name}->{flow.destination.name}"


def _sequence(axes: Any, flows: Sequence[Flow]) -> None:
    axes.set_ylabel("acknowledged, kB")
    for flow in flows:
        trace = flow.trace
        axes.plot(trace["t"], _scaled(trace["delivered"], KILO), label=_name(flow), linewidth=1)


def _window(axes: Any, flows: Sequence[Flow]) -> None:
    axes.set_ylabel("cwnd, kB")
    for flow in flows:
        trace = flow.trace
        (line,) = axes.plot(trace["t"], _scaled(trace["cwnd"], KILO), label=_name(flow), linewidth=1)
        if len(flows) == 1:
            finite = [
                (t, value * KILO) for t, value in zip(trace["t"], trace["ssthresh"], strict=True) if value < 2**62
            ]
            if finite:
                axes.step(*zip(*finite, strict=True), where="post", linestyle=":", color="gray", label="ssthresh")
        line.set_drawstyle("steps-post")


def _round_trips(axes: Any, flows: Sequence[Flow]) -> None:
    axes.set_ylabel("srtt, ms")
    for flow in flows:
        trace = flow.trace
        axes.plot(trace["t"], _scaled(trace["srtt"], MILLI), label=_name(flow), linewidth=1)


def _latency(axes: Any, flows: Sequence[Flow]) -> None:
    axes.set_ylabel("time taken, ms")
    for flow in flows:
        exchanges = flow.exchanges
        axes.plot(exchanges["t"], _scaled(exchanges["took"], MILLI), ".", markersize=2, label=_name(flow))


def _queues(axes: Any, directions: Sequence[Direction]) -> None:
    axes.set_ylabel("queue, kB")
    for direction in directions:
        queue = direction.queue
        axes.plot(queue["t"], _scaled(queue["bytes"], KILO), drawstyle="steps-post", label=direction.name, linewidth=1)


def _delays(axes: Any, directions: Sequence[Direction]) -> None:
    axes.set_ylabel("queue delay, ms")
    for direction in directions:
        queue = direction.queue
        axes.plot(queue["t"], _scaled(queue["delay"], MILLI), label=direction.name, linewidth=1)
