"""When a gateway counts as silent, and when it is looked at."""

import threading
from ipaddress import ip_address

from routing.fake import Neighbor, two_links
from tapip_rs.routing import Rib, gateways
from tapip_rs.routing.gateways import GRACE, HOLD, GatewayWatch

GATEWAY = ip_address("10.0.0.2")


def test_a_failed_gateway_is_avoided_for_a_while_then_tried_again():
    time = [0.0]
    watch = GatewayWatch(lambda: None, clock=lambda: time[0])
    assert watch.silent({GATEWAY}, set()) == {GATEWAY}
    time[0] = HOLD - 1
    assert watch.silent(set(), set()) == {GATEWAY}
    time[0] = HOLD + 1
    assert watch.silent({GATEWAY}, set()) == set(), "the old failure is no news"
    time[0] = HOLD + GRACE + 1
    watch.silent(set(), set())
    assert watch.silent({GATEWAY}, set()) == {GATEWAY}


def test_an_answer_ends_it():
    watch = GatewayWatch(lambda: None)
    watch.silent({GATEWAY}, set())
    assert watch.silent(set(), {GATEWAY}) == set()
    assert watch.silent(set(), set()) == set()


def test_nobody_looks_without_an_alternative_and_somebody_does_with_one(monkeypatch):
    monkeypatch.setattr(gateways, "PERIOD", 0.001)
    core = two_links()
    rib = Rib(core)
    rib.add("default", via="10.0.0.2")
    assert not [thread for thread in threading.enumerate() if thread.name == "tapip-gateways"]
    rib.add("default", via="10.1.0.2", metric=5)
    core.known = [Neighbor(2, "10.0.0.2", "failed")]
    changed = threading.Event()
    apply = core.apply_routes
    core.apply_routes = lambda remove, add: (apply(remove, add), changed.set())
    assert changed.wait(5)
    assert core.table["0.0.0.0", 0][0] == "10.1.0.2"
    rib.close()
