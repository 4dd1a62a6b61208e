"""HyStart++: slow start sees the queue grow and slows down before it overflows.

Scenario: one CUBIC flow over 50 Mbit/s and 40 ms (172 segments), a buffer of four bandwidth-delay products, with
HyStart++ (RFC 9406) and without. Expected: Conservative Slow Start begins before the first loss, and slow start loses
less than half of what it loses without.
"""

from argparse import ArgumentParser
from contextlib import suppress

from tapip_rs.sim import Flow, Link, Network

parser = ArgumentParser(description=__doc__)
parser.add_argument("--seconds", type=float, default=3, help="virtual time of each run")
seconds = parser.parse_args().seconds


def run(hystart: bool) -> tuple[Flow, Link]:
    """A flow, and the link that it fills."""
    net = Network(seed=7)
    a, b = net.host("a"), net.host("b")
    a.policy["tapip.tcp_hystart"] = hystart
    for host in (a, b):  # no buffer is to limit the window
        host.policy["net.ipv4.tcp_wmem"] = host.policy["net.ipv4.tcp_rmem"] = (4096, 64 << 20, 64 << 20)
    link = net.link(a, b, rate="50 Mbit/s", delay="20 ms", queue="1 MB")
    flow = net.bulk(a, b, congestion="cubic")
    net.run(seconds)
    return flow, link


for name, hystart in (("with", True), ("without", False)):
    flow, link = run(hystart)
    trace, queue = flow.trace, link.ab.queue
    slowed = [t for t, state in zip(trace.t, trace.state, strict=True) if state == "conservative-slow-start"]
    lost = [t for t, drops in zip(queue.t, queue.drops, strict=True) if drops > 0]
    css = f"{slowed[0] * 1e3:.0f} ms" if slowed else "never"
    first = f"{lost[0] * 1e3:.0f} ms" if lost else "never"
    print(f"{name:<8} CSS begins: {css}; first drop: {first}; drops: {int(link.ab.drops)}")
    with suppress(ImportError):
        flow.plot(f"hystart_{name}.png")
