"""Congestion marks in simulated networks: knobs of hosts, queues that mark, what connections know of it."""

import pytest

from sim.nets import pair
from tapip_rs.sim import Network

KNOB = "net.ipv4.tcp_ecn"


@pytest.mark.parametrize("congestion", ["cubic", "bbr"])
@pytest.mark.parametrize(("knob", "mode"), [(1, "classic"), (3, "accurate")])
def test_a_queue_that_marks_loses_nothing(congestion, knob, mode):
    net, a, b, link = pair(rate="20 Mbit/s", delay="10 ms", queue="400 kB", aqm="codel", ecn=True)
    a.policy[KNOB] = b.policy[KNOB] = knob
    flow = net.bulk(a, b, congestion=congestion)
    net.run("15 s")
    assert link.ab.marks > 0
    assert link.ab.drops == 0
    assert (flow.intact, flow.retransmissions) == (True, 0)
    assert link.ab.utilisation > 0.8
    [ours] = [info.fields for info in a.tcp_connections if info.state == "ESTABLISHED"]
    [theirs] = [info.fields for info in b.tcp_connections if info.state == "ESTABLISHED"]
    assert (ours["ecn"], theirs["ecn"], theirs["ecn_seen"]) == (mode, mode, True)
    assert ours["ecn_reductions"] > 0
    assert theirs["received_ce"] >= link.ab.marks - 9
    if mode == "accurate":
        assert theirs["received_ce"] - 9 <= ours["delivered_ce"] <= theirs["received_ce"]
        assert ours["delivered_ce_bytes"] <= theirs["received_ce_bytes"] <= link.ab.marks * 1448


def test_without_the_knob_the_same_queue_drops():
    net, a, b, link = pair(rate="20 Mbit/s", delay="10 ms", queue="400 kB", aqm="codel", ecn=True)
    flow = net.bulk(a, b)
    net.run("15 s")
    assert link.ab.marks == 0
    assert link.ab.drops > 0
    assert flow.intact
    assert {info.fields["ecn"] for info in a.tcp_connections} == {"off"}


def test_dctcp_asks_for_marks_by_itself():
    net = Network(seed=3)
    a, b = net.host("a"), net.host("b")
    b.policy["net.ipv4.tcp_congestion_control"] = "dctcp"
    link = net.link(a, b, rate="100 Mbit/s", delay="1 ms", queue="600 kB", ecn="30 kB")
    net.bulk(a, b, congestion="dctcp")
    net.run("5 s")
    assert link.ab.drops == 0
    assert link.ab.utilisation > 0.95
    assert 15_000 < link.ab.queue_delay.p50 * 100e6 / 8 < 45_000


def test_marks_make_no_second_run_different():
    def digest():
        net, a, b, _link = pair(queue="400 kB", aqm="fq_codel", ecn=True)
        a.policy[KNOB] = b.policy[KNOB] = 3
        net.bulk(a, b)
        net.run("5 s")
        return net.digest()

    assert digest() == digest()


def test_one_connection_may_ask_where_others_do_not():
    net, a, b, _link = pair()

    async def main():
        listener = await b.listen(80)
        listener.policy[KNOB] = 5
        modes = []
        for policy in ({KNOB: 3}, {KNOB: 1}, {}):
            stream = await a.connect((b.address, 80), policy=policy)
            served = await listener.accept()
            await stream.send(b"hello")
            assert await served.recv() == b"hello"
            modes.append((stream.info().fields["ecn"], served.info().fields["ecn_seen"]))
        return modes

    assert net.run_async(main()) == [("accurate", True), ("classic", True), ("off", False)]
