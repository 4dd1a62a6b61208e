"""Fairness: four equal CUBIC flows, begun one after the other, end with equal shares.

Scenario: four pairs of hosts over one link of 20 Mbit/s, 40 ms of round trip, a FIFO of one bandwidth-delay product; a
flow begins every five seconds. Measured is the last two thirds. Jain's index is 1 for equal shares and 1/4 where one
flow has all; 0.95 is what to expect of CUBIC.
"""

from argparse import ArgumentParser
from contextlib import suppress

from tapip_rs.sim import Network

parser = ArgumentParser(description=__doc__)
parser.add_argument("--seconds", type=float, default=180, help="virtual time")
seconds = parser.parse_args().seconds

net = Network(seed=7)
near, far = net.router("near"), net.router("far")
narrow = net.link(near, far, rate="20 Mbit/s", delay="18 ms", queue="100 kB")
flows = []
for number in range(4):
    source, sink = net.host(f"from{number}"), net.host(f"to{number}")
    net.link(source, near, rate="1 Gbit/s", delay="1 ms")
    net.link(far, sink, rate="1 Gbit/s", delay="1 ms")
    flows.append(net.bulk(source, sink, congestion="cubic", start=5 * number))

net.run(seconds / 3)
before = [flow.bytes_delivered for flow in flows]
net.run(seconds - net.now)
shares = [(flow.bytes_delivered - had) * 8 / (seconds * 2 / 3) for flow, had in zip(flows, before, strict=True)]

for flow, share in zip(flows, shares, strict=True):
    print(f"{flow.source.name}: {share / 1e6:.2f} Mbit/s")
print(f"all: {sum(shares) / 1e6:.2f} of 20 Mbit/s")
jain = sum(shares) ** 2 / (len(shares) * sum(share**2 for share in shares))
print(f"Jain's index {jain:.3f}, expected at least 0.95")
with suppress(ImportError):
    net.plot("fairness.png")
