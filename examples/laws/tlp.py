"""Tail loss probes: the last segments of a transfer are lost, and nothing comes behind them to tell of it.

Scenario: 20 kB over 100 Mbit/s and 40 ms; of its fourteen segments the last one, or the last three, are lost. A ping
goes before, so that packets 1 to 4 are ARP, echo, SYN and ACK, and the data is 5 to 18. Expected (RFC 8985 7.2): a
probe leaves after two round trips, so that the last segment arrives within three of its first sending, and no timeout
is needed; without probes it takes one (200 ms at least, and the window begins anew).
"""

from argparse import ArgumentParser
from contextlib import suppress

from tapip_rs.sim import Flow, Network

parser = ArgumentParser(description=__doc__)
parser.add_argument("--seconds", type=float, default=10, help="virtual time of each run, at most")
seconds = parser.parse_args().seconds
RTT = 0.04


def run(lost: list[int], probes: bool = True) -> tuple[Flow, int]:
    """The transfer, and how many timeouts it needed."""
    net = Network(seed=7)
    a, b = net.host("a"), net.host("b")
    a.policy["net.ipv4.tcp_early_retrans"] = probes
    net.link(a, b, rate="100 Mbit/s", delay=RTT / 2, ab={"loss_list": lost})
    net.ping(a, b, count=1)
    flow = net.bulk(a, b, size="20 kB", start="1 s")
    net.run(seconds)
    return flow, a.counters.get("TcpTimeouts", 0)


undisturbed = run([])[0].completion_time
print(f"nothing lost: {undisturbed * 1e3:.0f} ms")
for lost in ([18], [16, 17, 18]):
    for name, probes in (("with", True), ("without", False)):
        flow, timeouts = run(lost, probes)
        # The first copy would have taken half a round trip.
        took = (flow.completion_time - undisturbed) / RTT + 0.5
        print(f"{len(lost)} lost, {name} probes: {took:.1f} RTT from the first sending, {timeouts} timeouts")
        with suppress(ImportError):
            flow.plot(f"tlp_{len(lost)}_{name}.png")
