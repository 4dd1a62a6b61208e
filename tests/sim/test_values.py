"""Values with units; and every bad one is refused with the name of its argument and what is allowed."""

import pytest

from sim.nets import pair
from tapip_rs.sim import Burst, Network, units


@pytest.mark.parametrize(
    ("function", "value", "number"),
    [
        (units.rate, "10 Mbit/s", 10_000_000),
        (units.rate, "1.5Gbps", 1_500_000_000),
        (units.rate, "1 MB/s", 8_000_000),
        (units.rate, 9600, 9600),
        (units.rate, "9600", 9600),
        (units.nanos, "20 ms", 20_000_000),
        (units.nanos, "7 us", 7_000),
        (units.nanos, "2 min", 120_000_000_000),
        (units.nanos, 0.25, 250_000_000),
        (units.size, "64 kB", 64_000),
        (units.size, "64 KiB", 65_536),
        (units.size, "1 MB", 1_000_000),
        (units.size, 1500, 1500),
        (units.fraction, "1 %", 0.01),
        (units.fraction, 0.5, 0.5),
    ],
)
def test_units(function, value, number):
    assert function(value, "x") == pytest.approx(number)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"rate": -1}, "rate = -1: allowed is a rate above 0"),
        ({"rate": 0}, "rate = 0"),
        ({"rate": "fast"}, "rate = 'fast'"),
        ({"rate": "10 ms"}, "rate = '10 ms'"),
        ({"rate": float("nan")}, "rate = nan"),
        ({"rate": True}, "rate = True"),
        ({"delay": -1}, "delay = -1: allowed is 0 or more"),
        ({"delay": "2 h"}, "delay = '2 h': allowed is 0 to 3600 seconds"),
        ({"queue": 0}, "queue = 0: allowed is more than 0"),
        ({"queue": "-3 kB"}, "queue = '-3 kB'"),
        ({"queue": 1_513}, "queue = 1513: allowed is at least one full frame, 1514 bytes"),
        ({"queue": "1 kB", "mtu": 1_000}, "queue = '1 kB': allowed is at least one full frame, 1014 bytes"),
        ({"loss": 1.5}, "loss = 1.5: allowed is 0 to 1"),
        ({"loss": -0.1}, "loss = -0.1"),
        ({"loss": "10"}, "loss = '10'"),
        ({"loss": None}, "loss = None"),
        ({"loss_every": 1.5}, "loss_every = 1.5"),
        ({"loss_list": [0]}, "loss_list = 0"),
        ({"loss_burst": (0.1,)}, "loss_burst = "),
        ({"loss_burst": Burst(2, 0.1)}, "loss_burst.to_bad = 2"),
        ({"jitter": "-1 ms"}, "jitter = '-1 ms'"),
        ({"jitter_shape": "odd"}, "jitter_shape = odd: allowed is one of uniform, normal, pareto"),
        ({"reorder": 2}, "reorder = 2"),
        ({"duplicate": 2}, "duplicate = 2"),
        ({"corrupt": 2}, "corrupt = 2"),
        ({"corrupt_bits": 0}, "corrupt_bits = 0"),
        ({"mtu": 60}, "mtu = 60: allowed is a whole number from 68 to 65535"),
        ({"aqm": "sfq"}, "aqm = 'sfq': allowed is one of fifo, red, codel, fq_codel"),
        ({"aqm": {"kind": "codel", "min": 1}}, "aqm.min = 1"),
        ({"aqm": {"kind": "codel", "target": "0 ms"}}, "codel.target = "),
        ({"ecn": True}, "ecn = True"),
        ({"aqm": "codel", "ecn": "3 kB"}, "ecn = '3 kB'"),
    ],
)
def test_links_refuse_what_cannot_be(options, says):
    net, _a, _b, link = pair()
    before = link.ab.options
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - the text is compared below
        link.ab.set(**options)
    assert says in str(refused.value)
    assert link.ab.options == before
    with pytest.raises(ValueError):  # noqa: PT011
        link.ab.at("1 s", **options)
    with pytest.raises(ValueError):  # noqa: PT011
        net.link(net.host("c"), net.host("d"), ab=options)


def test_every_seed_is_its_own():
    assert Network(seed=2**64 - 1).seed == 2**64 - 1
    assert Network(seed=2**60 + 1).seed == 2**60 + 1


def test_an_unknown_property_is_named():
    _net, _a, _b, link = pair()
    with pytest.raises(TypeError, match="'rat' is no property of a link"):
        link.set(rat=1)


@pytest.mark.parametrize(
    ("verb", "says"),
    [
        (lambda net, a, b: net.bulk(a, b, congestion="vegas"), "congestion = 'vegas': allowed is one of .*cubic"),
        (lambda net, a, b: net.bulk(a, b, size=0), "size = 0: allowed is 1 or more"),
        (lambda net, a, b: net.bulk(a, b, start=-1), "start = -1: allowed is 0 or more"),
        (lambda net, a, b: net.bulk(a, "b"), "b = 'b': allowed is a host of this network"),
        (lambda net, a, b: net.bulk(Network().host("a"), b), "a = <Host a>: allowed is a host of this network"),
        (lambda net, a, b: net.bulk(a, net.host("c")), "to = c: allowed is a host that a link gave an address"),
        (lambda net, a, b: net.ping(a, b, count=0), "count = 0"),
        (lambda net, a, b: net.ping(a, b, interval=0), "interval = "),
        (lambda net, a, b: net.cbr(a, b, rate=-5), "rate = -5"),
        (lambda net, a, b: net.poisson(a, b, sizes="x"), "sizes = 'x'"),
        (lambda net, a, b: net.poisson(a, b, sizes=("odd", 1)), "sizes = "),
        (lambda net, a, b: net.host("a"), "name = a: allowed is a name that no other node has"),
        (lambda net, a, b: net.host(address="10.0.0.1"), "address = '10.0.0.1': allowed is an"),
        (lambda net, a, b: net.host(address="x/24"), "address = 'x/24'"),
        (lambda net, a, b: net.link(a, a), "b = "),
        (lambda net, a, b: net.link(a, net.switch(), addresses=(None, "10.3.0.1/24")), "address = "),
        (
            lambda net, a, b: net.link(a, net.host(address="10.0.0.1/24")),
            "address = 10.0.0.1: allowed is an address that no other interface",
        ),
        (lambda net, a, b: net.run(-1), "duration = -1: allowed is 0 or more"),
        (lambda net, a, b: net.at("never", print), "time = 'never'"),
        (lambda net, a, b: Network(seed=-1), "seed = -1"),
        (lambda net, a, b: Network(seed=2**64), "seed = 18446744073709551616: allowed is a whole number from 0 to"),
        (lambda net, a, b: net.links[0].capture("x", end="c"), "end = 'c': allowed is a or b"),
    ],
)
def test_networks_refuse_what_cannot_be(verb, says):
    net, a, b, _ = pair()
    with pytest.raises(ValueError, match=says):
        verb(net, a, b)
    net.run("1 ms")
