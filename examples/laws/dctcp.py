"""DCTCP: a queue that stays near the threshold from which it marks, and a link that is never idle.

Scenario: 100 Mbit/s, 4 ms, a queue of 400 frames that marks from 20 frames on (more than the C x RTT / 7 = 5 frames
that RFC 8257 4.4 and Alizadeh et al., SIGCOMM 2010, ask for). Expected: no drops, the median queue within half of the
threshold, the 99th percentile under twice of it, the link full. CUBIC, which halves for a single mark, swings further.
"""

from argparse import ArgumentParser
from contextlib import suppress

from tapip_rs.sim import Flow, Link, Network

FRAME = 1514
RATE = 100_000_000
THRESHOLD = 20 * FRAME

parser = ArgumentParser(description=__doc__)
parser.add_argument("--seconds", type=float, default=20, help="virtual time of each run")
seconds = parser.parse_args().seconds


def run(congestion: str) -> tuple[Flow, Link]:
    """A flow, and the link that it fills."""
    net = Network(seed=11)
    a, b = net.host("a"), net.host("b")
    for host in (a, b):  # the receiver has its part in DCTCP
        host.policy.update({"net.ipv4.tcp_congestion_control": congestion, "net.ipv4.tcp_ecn": 1})
    link = net.link(a, b, rate=RATE, delay="2 ms", queue=400 * FRAME, ab={"ecn": THRESHOLD})
    flow = net.bulk(a, b)
    net.run(seconds)
    return flow, link


for congestion in ("dctcp", "cubic"):
    flow, link = run(congestion)
    wait = link.ab.queue_delay
    median, most = (delay * RATE / 8 / FRAME for delay in (wait.p50, wait.p99))
    print(
        f"{congestion:<6}{link.ab.utilisation:.1%} busy, {int(link.ab.drops)} drops, {int(link.ab.marks)} marks, "
        f"queue {median:.1f} frames in the median, {most:.1f} at the 99th percentile"
    )
    with suppress(ImportError):
        link.ab.plot(f"dctcp_{congestion}.png")
