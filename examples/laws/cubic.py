"""CUBIC's response function: rare losses and long round trips, where Reno would take hours to come back.

Scenario: 10 Gbit/s, round trip 20 and 100 ms, exactly every n-th segment lost (p = 1/n). The law (RFC 9438 5.1) with
C = 0.4 and beta = 0.7: a mean window of (C (3 + beta) / (4 (1 - beta)) (RTT / p)^3)^(1/4) segments, or Reno's
sqrt(3 / (2 p)) where that is larger. Repairs are left out, as in reno.py.
"""

from argparse import ArgumentParser
from contextlib import suppress
from math import sqrt

from tapip_rs.sim import Network, Table

SEGMENT = 1448


def flow(rtt: float, every: int, seconds: float) -> Table:
    """What became of a flow that loses every `every`-th segment."""
    net = Network(seed=7)
    a, b = net.host("a"), net.host("b")
    net.link(a, b, rate="10 Gbit/s", delay=rtt / 2, queue="100 MB", ab={"loss_every": every})
    made = net.bulk(a, b, congestion="cubic")
    net.run(seconds)
    return made.trace


def law(rtt: float, every: int) -> float:
    """What theory says, in segments."""
    return max((0.4 * 3.7 / (4 * 0.3) * (rtt * every) ** 3) ** 0.25, sqrt(1.5 * every))


def mean_window(trace: Table, begin: float) -> float:
    """Mean over time of the window from `begin` on, in segments."""
    area = span = 0.0
    for t, then, cwnd, state in zip(trace.t, trace.t[1:], trace.cwnd, trace.state, strict=False):
        if t >= begin and state in ("concave", "convex", "reno-friendly"):
            area, span = area + cwnd * (then - t), span + (then - t)
    return area / span / SEGMENT


parser = ArgumentParser(description=__doc__)
parser.add_argument("--seconds", type=float, default=200, help="virtual time of each run")
parser.add_argument("--every", type=int, nargs="+", default=[10_000, 100_000], help="lose every n-th segment")
words = parser.parse_args()
cases = [(rtt, every) for every in words.every for rtt in (0.02, 0.1)]
traces = {case: flow(*case, words.seconds) for case in cases}
for (rtt, every), trace in traces.items():
    found, said = mean_window(trace, words.seconds / 4), law(rtt, every)
    name = f"{rtt * 1e3:.0f} ms, p = 1/{every}"
    print(f"{name:<20} mean window {found:6.1f}, the law says {said:6.1f} ({found / said - 1:+.1%})")
with suppress(ImportError):
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 2.4 * len(cases)), layout="constrained")
    for axes, (case, trace) in zip(figure.subplots(len(cases), sharex=True), traces.items(), strict=True):
        axes.step(trace.t, [cwnd / SEGMENT for cwnd in trace.cwnd], where="post", linewidth=1)
        axes.set(ylabel=f"{case[0] * 1e3:.0f} ms, 1/{case[1]}", ylim=(0, 2.5 * law(*case)))
    figure.savefig("cubic.png")
