"""RACK: what is late is late, and not lost.

Scenario: CUBIC over 100 Mbit/s and 40 ms, a queue of one bandwidth-delay product, 5 % of the data packets half a round
trip late. Measured after the first two seconds, for which RACK learns how far packets stray. Expected (RFC 8985): at
least 90 % of the goodput of a path that keeps order. Counting duplicate ACKs instead takes each late packet for lost;
taking back what was no repair (undo) then saves part of it.
"""

from argparse import ArgumentParser
from contextlib import suppress

from tapip_rs.sim import Flow, Network

parser = ArgumentParser(description=__doc__)
parser.add_argument("--seconds", type=float, default=20, help="virtual time of each run")
seconds = parser.parse_args().seconds


def run(late: float, rack: bool = True, undo: bool = True) -> tuple[float, Flow]:
    """Mbit/s after the first two seconds, and the flow."""
    net = Network(seed=7)
    a, b = net.host("a"), net.host("b")
    a.policy.update({"net.ipv4.tcp_recovery": rack, "tapip.tcp_undo": undo})
    disorder = {"reorder": late, "reorder_gap": 0, "reorder_delay": "20 ms"}
    net.link(a, b, rate="100 Mbit/s", delay="20 ms", queue="500 kB", ab=disorder)
    flow = net.bulk(a, b, congestion="cubic")
    net.run("2 s")
    before = flow.bytes_delivered
    net.run(seconds - 2)
    return (flow.bytes_delivered - before) * 8e-6 / (seconds - 2), flow


ordered, _ = run(late=0)
print(f"in order                      {ordered:6.2f} Mbit/s")
for name, rack, undo in (("RACK", True, True), ("duplicate ACKs, undo", False, True), ("duplicate ACKs", False, False)):
    rate, flow = run(0.05, rack, undo)
    print(f"5 % late, {name:<20}{rate:6.2f} Mbit/s, {rate / ordered:4.0%}; {flow.spurious} segments sent in vain")
    with suppress(ImportError):
        flow.plot(f"rack_{name.split()[0].lower()}{'_undo' * (undo and not rack)}.png")
