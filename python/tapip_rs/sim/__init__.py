"""A virtual network under virtual time: hosts with whole stacks, links with faults and queues, flows, coroutines.

from tapip_rs.sim import Network

net = Network(seed=7)
a, b = net.host("a"), net.host("b")
link = net.link(a, b, rate="10 Mbit/s", delay="20 ms", queue="64 kB", loss=0.01)
flow = net.bulk(a, b, congestion="cubic")
net.run("30 s")
print(flow.goodput, link.ab.drops, net.digest())

`network` builds and runs it, with `traffic` (flows), `host`, `link` and `options` (what links do), `units`
(quantities); `flow` and `table` hold what comes out, `plot` draws it; `loop` and `streams` are asyncio's side;
`oracle` is for networks made with `check=True`; `settings` and `program` are those of `tapip sim`.
"""

from tapip_rs.errors import RuleBroken
from tapip_rs.sim.flow import Flow
from tapip_rs.sim.host import Host, Switch
from tapip_rs.sim.link import Direction, Link
from tapip_rs.sim.loop import Stalled, VirtualLoop
from tapip_rs.sim.network import Network
from tapip_rs.sim.options import Burst
from tapip_rs.sim.streams import Datagrams, Listener, Stream
from tapip_rs.sim.table import Count, Summary, Table

__all__ = [
    "Burst",
    "Count",
    "Datagrams",
    "Direction",
    "Flow",
    "Host",
    "Link",
    "Listener",
    "Network",
    "RuleBroken",
    "Stalled",
    "Stream",
    "Summary",
    "Switch",
    "Table",
    "VirtualLoop",
]
