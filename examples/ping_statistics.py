"""Ping across a bad wire of the demo network. Needs no rights."""

from tapip_rs import Stack

with Stack.demo() as stack:
    stack.interfaces["veth"].fault(delay=0.010, jitter=0.002, drop=0.1, seed=1)
    ping = stack.ping("10.0.1.7", count=20, interval=0.05)
    for reply in ping:
        print(reply.seq, reply.error or f"{reply.rtt * 1000:.1f} ms")
    s = ping.statistics
    print(f"{s.received} of {s.sent}, {s.loss:.0%} lost, mean {s.avg * 1000:.1f} ms, mdev {s.mdev * 1000:.1f} ms")
