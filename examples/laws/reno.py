"""Reno's square-root law: loss sets the window, not the link.

Scenario: 10 Gbit/s and 20 ms, and of the segments exactly every n-th is lost (p = 1/n); bytes are counted, not ACKs.
The law (Mathis et al. 1997): a mean window of sqrt(3 / (2 p)) segments. It knows no repairs, so their time is left
out.
"""

from argparse import ArgumentParser
from contextlib import suppress
from math import sqrt

from tapip_rs.sim import Network, Table

SEGMENT = 1448


def flow(every: int, seconds: float) -> Table:
    """What became of a flow that loses every `every`-th segment."""
    net = Network(seed=7)
    a, b = net.host("a"), net.host("b")
    net.link(a, b, rate="10 Gbit/s", delay="10 ms", queue="100 MB", ab={"loss_every": every})
    made = net.bulk(a, b, congestion="reno")
    net.run(seconds)
    return made.trace


def mean_window(trace: Table, begin: float) -> float:
    """Mean over time of the window from `begin` on, in segments."""
    area = span = 0.0
    for t, then, cwnd, state in zip(trace.t, trace.t[1:], trace.cwnd, trace.state, strict=False):
        if t >= begin and state == "avoidance":
            area, span = area + cwnd * (then - t), span + (then - t)
    return area / span / SEGMENT


def picture(traces: dict[int, Table]) -> None:
    """The saw teeth of each, in reno.png."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 7), layout="constrained")
    for axes, (every, trace) in zip(figure.subplots(len(traces), sharex=True), traces.items(), strict=True):
        axes.step(trace.t, [cwnd / SEGMENT for cwnd in trace.cwnd], where="post", linewidth=1)
        axes.axhline(sqrt(1.5 * every), linestyle=":", color="black")
        axes.set(ylabel=f"cwnd, p = 1/{every}", ylim=(0, 3 * sqrt(1.5 * every)))
    figure.savefig("reno.png")


parser = ArgumentParser(description=__doc__)
parser.add_argument("--seconds", type=float, default=120, help="virtual time of each run")
seconds = parser.parse_args().seconds
traces = {every: flow(every, seconds) for every in (100, 1_000, 10_000)}
for every, trace in traces.items():
    found, law = mean_window(trace, seconds / 4), sqrt(1.5 * every)
    print(f"p = 1/{every:<6} mean window {found:6.1f} segments, the law says {law:6.1f} ({found / law - 1:+.1%})")
with suppress(ImportError):
    picture(traces)
