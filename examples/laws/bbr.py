"""BBR and CUBIC where packets are lost at random, and nobody's queue is full.

Scenario: 50 Mbit/s, 40 ms, a buffer of two bandwidth-delay products, 1 % of the data packets lost by chance. CUBIC
takes each loss for congestion: its law allows it sqrt(3 / (2 p)) segments a round trip, 3.5 Mbit/s. BBR looks at the
rate of delivery instead: expected is at least five times CUBIC's goodput, and a median queue of less than 1.5 round
trips.
"""

from argparse import ArgumentParser
from contextlib import suppress

from tapip_rs.sim import Flow, Link, Network

parser = ArgumentParser(description=__doc__)
parser.add_argument("--seconds", type=float, default=60, help="virtual time of each run")
seconds = parser.parse_args().seconds


def run(congestion: str) -> tuple[Flow, Link]:
    """A flow, and the link that it uses."""
    net = Network(seed=7)
    a, b = net.host("a"), net.host("b")
    link = net.link(a, b, rate="50 Mbit/s", delay="20 ms", queue="500 kB", ab={"loss": 0.01})
    flow = net.bulk(a, b, congestion=congestion)
    net.run("2 s")
    link.ab.restart_stats()
    net.run(seconds - 2)
    return flow, link


goodput = {}
for congestion in ("bbr", "cubic"):
    flow, link = run(congestion)
    goodput[congestion] = flow.goodput
    wait = link.ab.queue_delay.p50 * 1e3
    print(f"{congestion:<6}{flow.goodput / 1e6:6.2f} Mbit/s, median wait in the queue after start-up {wait:.1f} ms")
    with suppress(ImportError):
        flow.plot(f"bbr_{congestion}.png")
print(f"ratio {goodput['bbr'] / goodput['cubic']:.1f}, expected at least 5")
