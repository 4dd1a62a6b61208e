"""Knobs: names, units, ranges, and that table and stack agree."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapip_rs import _core
from tapip_rs.policy import KNOBS, Policy, find

SETTABLE = [knob for knob in KNOBS if knob.kind != "fact"]


class FakeCore:
    def __init__(self) -> None:
        self.values = dict(pair for knob in SETTABLE for pair in knob.push(knob.default))

    def knob(self, name):
        return self.values[name]

    def set_knob(self, name, value):
        self.values[name] = value


@pytest.fixture
def policy():
    return Policy(FakeCore())


def test_a_knob_is_read_and_set_in_linux_units(policy):
    assert policy["net.ipv4.tcp_fin_timeout"] == 60
    policy["net.ipv4.tcp_fin_timeout"] = 1.5
    assert policy._core.values["tcp_fin_timeout"] == 1500
    assert policy["net.ipv4.tcp_fin_timeout"] == 1.5
    policy["net.ipv4.neigh.default.locktime"] = 50
    assert policy._core.values["neigh_locktime"] == 500
    policy["net.ipv4.tcp_rto_min_us"] = "20000"
    assert policy._core.values["tcp_rto_min"] == 20


@pytest.mark.parametrize(("said", "meant"), [(True, 1), ("on", 1), ("0", 0), ("Yes", 1), (0, 0)])
def test_a_switch_takes_many_words(policy, said, meant):
    policy["net.ipv4.ip_forward"] = said
    assert policy["net.ipv4.ip_forward"] == meant


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("net.ipv4.ip_forward", 2, r"net\.ipv4\.ip_forward = 2: allowed is 0 or 1"),
        ("net.ipv4.ip_forward", "maybe", "maybe: allowed is 0 or 1"),
        ("net.ipv4.ip_default_ttl", 0, "= 0: allowed is 1 to 255"),
        ("net.ipv4.ip_default_ttl", 1.5, "a whole number"),
        ("net.ipv4.ip_default_ttl", float("nan"), "nan"),
        ("net.ipv4.icmp_ratelimit", "1e999999999", "1e999999999"),
        ("net.ipv4.icmp_ratelimit", 0.5, "whole milliseconds"),
        ("net.ipv4.tcp_rto_min_us", 1500, "steps of 1000 us"),
        ("net.ipv4.tcp_rmem", "4096 131072", "4096 131072: allowed is three numbers, none less than the one before"),
        ("net.ipv4.tcp_rmem", "4096 x 6291456", "4096 x 6291456: allowed is three numbers"),
        ("net.ipv4.tcp_rmem", (9000, 8000, 10_000), "allowed is three numbers"),
        ("net.ipv4.tcp_rmem", 131_072, "= 131072: allowed is three numbers, .* of 256 to 1073741824 bytes"),
    ],
)
def test_a_bad_value_is_refused_by_knob_value_and_range(policy, name, value, said):
    before = policy[name]
    with pytest.raises(ValueError, match=said):
        policy[name] = value
    assert policy[name] == before


def test_three_numbers_go_as_text_or_one_by_one(policy):
    assert policy["net.ipv4.tcp_rmem"] == "4096 1048576 6291456"
    policy["net.ipv4.tcp_rmem"] = "4096\t131072 6291456"
    assert policy["net.ipv4.tcp_rmem"] == "4096 131072 6291456"
    assert policy._core.values["tcp_rmem_default"] == 131_072
    policy["net.ipv4.tcp_wmem"] = (4096, 16_384, 65_536)
    assert policy.changed() == {"net.ipv4.tcp_rmem": "4096 131072 6291456", "net.ipv4.tcp_wmem": "4096 16384 65536"}
    policy.reset("net.ipv4.tcp_wmem")
    assert policy["net.ipv4.tcp_wmem"] == policy.knob("net.ipv4.tcp_wmem").default


def test_a_value_of_no_kind(policy):
    with pytest.raises(TypeError, match=r"net\.ipv4\.ip_forward takes a number"):
        policy["net.ipv4.ip_forward"] = None


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("net.ipv4.ip_forwarding", "net.ipv4.ip_forward"),
        ("tcp_sack", "net.ipv4.tcp_sack"),
        ("ipfrag_tim", "net.ipv4.ipfrag_time"),
    ],
)
def test_an_unknown_name_brings_the_nearest(policy, name, near):
    with pytest.raises(KeyError, match=near.replace(".", r"\.")):
        policy[name]


def test_a_choice_goes_by_name(policy):
    assert policy["net.ipv4.tcp_congestion_control"] == "cubic"
    policy["net.ipv4.tcp_congestion_control"] = "newreno"
    assert policy["net.ipv4.tcp_congestion_control"] == "reno"
    with pytest.raises(ValueError, match=r"tcp_congestion_control = vegas: allowed is one of reno, cubic"):
        policy["net.ipv4.tcp_congestion_control"] = "vegas"


def test_a_fact_can_be_read_only(policy):
    name = "net.ipv4.tcp_available_congestion_control"
    assert set(str(policy[name]).split()) == set(policy.knob("net.ipv4.tcp_congestion_control").choices)
    assert "reno" in policy.describe(name)
    with pytest.raises(ValueError, match=r"tcp_available_congestion_control = vegas: allowed is nothing"):
        policy[name] = "vegas"


def test_slashes_are_understood_as_sysctl_does(policy):
    policy["net/ipv4/ip_forward"] = 1
    assert policy["net.ipv4.ip_forward"] == 1


def test_several_at_once_or_none(policy):
    with pytest.raises(ValueError, match="ip_default_ttl"):
        policy.update({"net.ipv4.ip_forward": 1, "net.ipv4.ip_default_ttl": 999})
    assert policy.changed() == {}
    policy.update({"net.ipv4.ip_forward": 1, "net.ipv4.ip_default_ttl": 9})
    assert policy.changed() == {"net.ipv4.ip_default_ttl": 9, "net.ipv4.ip_forward": 1}
    policy.reset("net.ipv4.ip_forward")
    assert policy.changed() == {"net.ipv4.ip_default_ttl": 9}


def test_a_knob_explains_itself(policy):
    policy["net.ipv4.ipfrag_time"] = 3
    assert policy.describe("net.ipv4.ipfrag_time") == (
        "net.ipv4.ipfrag_time: how long fragments wait for the rest\n"
        "    allowed: 0.001 to 86400 s; default: 30 s\n"
        "    Linux and tapip; RFC 1122 3.3.2 would have 60 to 120 s\n"
        "    tapip had it at compile time as FRAG_TIME\n"
        "    now: 3 s"
    )


def test_it_is_a_mapping(policy):
    assert len(policy) == len(KNOBS) == len(dict(policy))
    assert list(policy) == sorted(policy)
    assert "net.ipv4.tcp_sack" in policy
    assert "nonsense" not in policy


@pytest.mark.parametrize("knob", KNOBS, ids=lambda knob: knob.name)
def test_every_row_is_whole(knob):
    assert knob.about
    assert knob.source
    if knob.kind == "fact":
        return
    if knob.kind == "three":
        assert knob.pull(dict(knob.push(knob.default)).__getitem__) == knob.default
        return
    assert knob.decode(knob.encode(knob.default)) == knob.default
    if knob.kind != "choice":
        assert knob.decode(knob.encode(knob.low)) == knob.low
        assert knob.decode(knob.encode(knob.high)) == knob.high


def test_names_and_keys_are_used_once():
    assert len({knob.name for knob in KNOBS}) == len(KNOBS)
    assert len({knob.key for knob in SETTABLE}) == len(SETTABLE)


@given(st.sampled_from(KNOBS), st.one_of(st.text(), st.integers(), st.floats(), st.booleans()))
def test_any_value_is_taken_or_refused_by_name(knob, value):
    try:
        number = knob.encode(value) if knob.kind != "three" else dict(knob.push(value))
    except ValueError as error:
        said = str(error)
    else:
        said = knob.name
        assert (knob.pull(number.__getitem__) if isinstance(number, dict) else knob.decode(number)) is not None
    assert knob.name in said


def test_table_and_stack_know_the_same_knobs_with_the_same_defaults_and_ranges():
    core = _core.Stack(seed=1, threaded=False)
    try:
        assert dict(pair for knob in SETTABLE for pair in knob.push(knob.default)) == core.knobs()
        for knob in SETTABLE:
            if knob.kind == "three":
                for key, number in knob.push(knob.default):
                    for wrong in (knob.low - 1, knob.high + 1):
                        with pytest.raises(ValueError, match=key):
                            core.set_knob(key, wrong)
                    core.set_knob(key, number)
                continue
            low, high = (
                (0, len(knob.choices) - 1) if knob.kind == "choice" else (knob.encode(knob.low), knob.encode(knob.high))
            )
            for number in (low, high):
                core.set_knob(knob.key, number)
            for number in (low - 1, high + 1):
                with pytest.raises(ValueError, match=knob.key):
                    core.set_knob(knob.key, number)
            core.set_knob(knob.key, knob.encode(knob.default))
    finally:
        core.close()


def test_finding_a_row():
    assert find("net.ipv4.tcp_sack").key == "tcp_sack"
