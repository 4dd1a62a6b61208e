"""What the routing table takes, refuses, selects, and tells the stack."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.fake import FakeCore, Interface, Neighbor, two_links
from tapip_rs.routing import Rib


@pytest.fixture
def core() -> FakeCore:
    return two_links()


@pytest.fixture
def rib(core):
    rib = Rib(core)
    rib.sync()
    yield rib
    rib.close()


def test_networks_of_interfaces_are_routes(core, rib):
    assert core.table == {
        ("127.0.0.0", 8): (None, 1, 0, "unicast", "127.0.0.1"),
        ("10.0.0.0", 24): (None, 2, 0, "unicast", "10.0.0.1"),
        ("10.1.0.0", 16): (None, 3, 0, "unicast", "10.1.0.1"),
    }
    assert [entry.origin for entry in rib.routes()] == ["connected", "connected", "local"]


def test_a_route_goes_to_the_stack_at_once(core, rib):
    rib.add("default", via="10.0.0.2")
    assert core.calls[-1] == ([], [("0.0.0.0", 0, "10.0.0.2", 2, 0, "unicast", None)])
    rib.delete("default")
    assert core.calls[-1] == ([("0.0.0.0", 0)], [])


def test_only_the_difference_is_sent(core, rib):
    before = len(core.calls)
    rib.sync()
    assert len(core.calls) == before


def test_the_least_metric_is_used_and_the_next_takes_over(core, rib):
    rib.add("default", via="10.0.0.2", metric=20)
    rib.add("default", via="10.1.0.2", metric=10)
    assert core.table["0.0.0.0", 0][0] == "10.1.0.2"
    rib.delete("default", via="10.1.0.2")
    assert core.table["0.0.0.0", 0][0] == "10.0.0.2"


def test_a_change_is_no_gap(core, rib):
    rib.add("default", via="10.0.0.2", metric=20)
    rib.add("default", via="10.1.0.2", metric=10)
    assert core.calls[-1][0] == []


def test_a_connected_network_goes_before_a_static_route(core, rib):
    rib.add("10.0.0.0/24", via="10.1.0.2")
    assert core.table["10.0.0.0", 24][0] is None


def test_a_route_of_a_dead_interface_is_not_used(core, rib):
    rib.add("10.9.0.0/16", via="10.1.0.2")
    core.links[2].up = False
    rib.sync()
    assert ("10.9.0.0", 16) not in core.table
    assert ("10.1.0.0", 16) not in core.table
    assert {entry.reason for entry in rib.routes() if not entry.selected} == {"eth is down"}
    core.links[2].up = True
    rib.sync()
    assert core.table["10.9.0.0", 16][0] == "10.1.0.2"


def test_a_gateway_that_left_the_link_is_not_used(core, rib):
    rib.add("10.9.0.0/16", via="10.1.0.2", dev="eth")
    core.links[2].addresses = [("192.168.0.1", 24)]
    rib.sync()
    assert ("10.9.0.0", 16) not in core.table
    assert rib.routes()[0].reason or rib.lookup("10.9.0.1") is None


def test_a_silent_gateway_gives_way_to_one_that_answers(core, rib):
    rib.add("default", via="10.0.0.2")
    rib.add("default", via="10.1.0.2", metric=5)
    core.known = [Neighbor(2, "10.0.0.2", "failed")]
    rib.sync()
    assert core.table["0.0.0.0", 0][0] == "10.1.0.2"
    assert [entry.reason for entry in rib.routes() if entry.via and not entry.selected] == ["10.0.0.2 does not answer"]
    core.known = [Neighbor(2, "10.0.0.2", "reachable")]
    rib.sync()
    assert core.table["0.0.0.0", 0][0] == "10.0.0.2"


def test_a_silent_gateway_without_alternative_stays(core, rib):
    rib.add("default", via="10.0.0.2")
    core.known = [Neighbor(2, "10.0.0.2", "failed")]
    rib.sync()
    assert core.table["0.0.0.0", 0][0] == "10.0.0.2"


def test_a_host_and_a_route_to_nowhere(core, rib):
    rib.add("10.7.7.7", via="10.0.0.2")
    rib.add("10.8.0.0/16", kind="blackhole")
    assert core.table["10.7.7.7", 32][0] == "10.0.0.2"
    assert core.table["10.8.0.0", 16] == (None, 1, 0, "blackhole", None)


def test_lookup_takes_the_longest_prefix(rib):
    rib.add("default", via="10.0.0.2")
    rib.add("10.1.2.0/24", via="10.0.0.3")
    assert str(rib.lookup("10.1.2.9")) == "10.1.2.0/24 via 10.0.0.3 dev veth"
    assert str(rib.lookup("10.1.3.9")) == "10.1.0.0/16 dev eth"
    assert str(rib.lookup("8.8.8.8")) == "default via 10.0.0.2 dev veth"


def test_replace_keeps_the_old_route_when_the_new_one_is_bad(core, rib):
    rib.add("default", via="10.0.0.2")
    with pytest.raises(ValueError, match=r"172\.16\.0\.1"):
        rib.replace("default", via="172.16.0.1")
    assert core.table["0.0.0.0", 0][0] == "10.0.0.2"
    rib.replace("default", via="10.0.0.3")
    assert core.table["0.0.0.0", 0][0] == "10.0.0.3"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"net": "10.1.0.1/16", "via": "10.0.0.2"}, r"10\.1\.0\.1/16.*10\.1\.0\.0/16 was meant"),
        ({"net": "nonsense", "via": "10.0.0.2"}, "nonsense"),
        ({"net": "10.2.0.0/16", "via": "10.0.0.999"}, r"10\.0\.0\.999"),
        ({"net": "10.2.0.0/16", "via": "172.16.0.1"}, r"172\.16\.0\.1 is not in a network"),
        ({"net": "10.2.0.0/16", "via": "10.0.0.1"}, r"10\.0\.0\.1 is our own"),
        ({"net": "10.2.0.0/16", "via": "224.0.0.1"}, r"224\.0\.0\.1"),
        ({"net": "10.2.0.0/16", "via": "10.1.0.2", "dev": "veth"}, "not in a network of veth"),
        ({"net": "10.2.0.0/16", "dev": "eth7"}, r"'eth7'.*there is: lo, veth, eth"),
        ({"net": "10.2.0.0/16"}, "needs a gateway"),
        ({"net": "10.2.0.0/16", "via": "10.0.0.2", "metric": -1}, "-1"),
        ({"net": "10.2.0.0/16", "kind": "wrong"}, "'wrong': one of unicast, blackhole"),
        ({"net": "10.2.0.0/16", "via": "10.0.0.2", "kind": "blackhole"}, "nowhere"),
        ({"net": "10.2.0.0/16", "via": "fe80::1"}, "one family"),
    ],
)
def test_a_bad_route_is_refused_by_its_bad_word(core, rib, words, said):
    before = dict(core.table)
    with pytest.raises(ValueError, match=said):
        rib.add(**words)
    assert core.table == before


def test_the_same_route_twice(rib):
    rib.add("default", via="10.0.0.2")
    with pytest.raises(FileExistsError, match=r"default via 10\.0\.0\.2"):
        rib.add("0.0.0.0/0", via="10.0.0.2", dev="veth")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"net": "10.5.0.0/16"}, r"no route 10\.5\.0\.0/16"),
        ({"net": "default", "via": "10.0.0.9"}, r"via 10\.0\.0\.9"),
        ({"net": "default", "metric": 7}, "metric 7"),
        ({"net": "10.0.0.0/24"}, "remove that instead"),
    ],
)
def test_deleting_what_is_not_there(rib, words, said):
    rib.add("default", via="10.0.0.2")
    with pytest.raises(LookupError, match=said):
        rib.delete(**words)


networks = st.builds(
    lambda bits, length: ipaddress.ip_network((bits, length), strict=False),
    st.integers(0, 2**32 - 1),
    st.integers(0, 32),
)
changes = st.lists(
    st.tuples(
        st.sampled_from(["add", "delete", "down", "up", "fail", "answer"]),
        networks,
        st.integers(2, 5),
        st.integers(0, 2),
    )
)


@given(changes)
def test_whatever_happens_the_stack_holds_what_is_selected(steps):
    core = two_links()
    rib = Rib(core)
    rib._watch.close()
    rib.sync()
    for verb, net, host, metric in steps:
        via = f"10.0.0.{host}"
        try:
            if verb == "add":
                rib.add(net, via=via, metric=metric)
            elif verb == "delete":
                rib.delete(net)
        except (FileExistsError, LookupError):
            pass
        core.links[1].up = {"down": False, "up": True}.get(verb, core.links[1].up)
        core.known = {"fail": [Neighbor(2, via, "failed")], "answer": []}.get(verb, core.known)
        rib.sync()
    selected = {(str(e.net.network_address), e.net.prefixlen): e for e in rib.routes() if e.selected}
    assert set(selected) == set(core.table)
    for key, entry in selected.items():
        assert core.table[key][0] == (str(entry.via) if entry.via else None)
        assert entry.via is None or core.links[1].up


def test_a_new_address_brings_its_network(core, rib):
    core.links.append(Interface(4, "new", [("192.168.4.1", 24), ("192.168.4.2", 24), ("192.168.5.1", 32)]))
    rib.sync()
    assert core.calls[-1] == ([], [("192.168.4.0", 24, None, 4, 0, "unicast", "192.168.4.1")])
