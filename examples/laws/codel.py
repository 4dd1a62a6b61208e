"""CoDel with ECN: the queue stays short, and nothing is lost for it.

Scenario: 50 Mbit/s, 40 ms, CoDel (RFC 8289) in front of a queue of four bandwidth-delay products; one flow, with ECN
(RFC 3168), with accurate ECN (RFC 9768) and without. Expected: what CoDel would drop it marks, so that no ECN-capable
packet is lost and none is sent again; without ECN it drops. The median wait is under CoDel's target, 5 ms.
"""

from argparse import ArgumentParser
from contextlib import suppress

from tapip_rs.sim import Flow, Link, Network

parser = ArgumentParser(description=__doc__)
parser.add_argument("--seconds", type=float, default=30, help="virtual time of each run")
seconds = parser.parse_args().seconds


def run(congestion: str, ecn: int) -> tuple[Flow, Link]:
    """A flow, and the link that it fills."""
    net = Network(seed=11)
    a, b = net.host("a"), net.host("b")
    a.policy["net.ipv4.tcp_ecn"] = ecn
    b.policy["net.ipv4.tcp_ecn"] = 5
    link = net.link(a, b, rate="50 Mbit/s", delay="20 ms", queue="1 MB", ab={"aqm": "codel", "ecn": True})
    flow = net.bulk(a, b, congestion=congestion)
    net.run(seconds)
    return flow, link


for congestion in ("reno", "cubic", "bbr"):
    for name, ecn in (("ECN", 1), ("AccECN", 3), ("none", 0)):
        flow, link = run(congestion, ecn)
        drops, marks, again = int(link.ab.drops), int(link.ab.marks), int(flow.retransmissions)
        wait = link.ab.queue_delay.p50 * 1e3
        print(
            f"{congestion:<6}{name:<7}{flow.goodput / 1e6:6.2f} Mbit/s, {drops} drops, {marks} marks, "
            f"{again} sent again, median wait {wait:.1f} ms"
        )
        with suppress(ImportError):
            link.ab.plot(f"codel_{congestion}_{name.lower()}.png")
