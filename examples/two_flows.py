"""Two CUBIC flows share a bottleneck under virtual time: what each gets, how fair it is, and the digest of it all."""

from contextlib import suppress

from tapip_rs.sim import Network

net = Network(seed=7)
left, right = net.router("left"), net.router("right")
senders = [net.host("alice"), net.host("bob")]
receivers = [net.host("carol"), net.host("dave")]
for sender, receiver in zip(senders, receivers, strict=True):
    net.link(sender, left, rate="100 Mbit/s", delay="1 ms")
    net.link(right, receiver, rate="100 Mbit/s", delay="1 ms")
bottleneck = net.link(left, right, rate="10 Mbit/s", delay="18 ms", queue="50 kB")

flows = [
    net.bulk(sender, receiver, congestion="cubic", start=start)
    for sender, receiver, start in zip(senders, receivers, (0, "1 s"), strict=True)
]
net.run("60 s")

for flow in flows:
    print(f"{flow.source.name}: {flow.goodput / 1e6:.2f} Mbit/s, {flow.retransmissions} segments sent again")
shares = [flow.goodput for flow in flows]
print(f"Jain's index {sum(shares) ** 2 / (len(shares) * sum(share**2 for share in shares)):.3f}")
print(f"bottleneck {bottleneck.ab.utilisation:.0%} busy, queue p99 {bottleneck.ab.queue_delay.p99 * 1e3:.1f} ms")
print(f"digest {net.digest()} of {net.packets} packets")
with suppress(ImportError):  # no picture without matplotlib (the extra `plot`)
    net.plot("two_flows.png")
