"""What links can be told, and captures at their ends."""

import struct
from pathlib import Path

import pytest

from sim.nets import pair
from tapip_rs.sim import Burst, Network


def answered(net, a, b, count: int = 400) -> int:
    """How many of so many pings are."""
    ping = net.ping(a, b, interval="5 ms", count=count, start=net.now)
    net.run(count * 0.005 + 5)
    return ping.stats.received


@pytest.mark.parametrize(
    ("options", "cause", "least", "most"),
    [
        ({"loss": 0.25}, "loss", 260, 340),
        ({"loss": "25 %"}, "loss", 260, 340),
        ({"loss_every": 4}, "every", 300, 301),
        ({"loss_list": [5, 6, 7]}, "list", 397, 397),
        ({"loss_burst": Burst(0.05, 0.2)}, "burst", 250, 380),
        ({"loss_if": lambda number, frame: number % 2 == 0 and len(frame) > 60}, "predicate", 200, 201),
    ],
)
def test_loss(options, cause, least, most):
    net, a, b, link = pair()
    assert answered(net, a, b, 1) == 1  # addresses are known: what follows are echoes alone
    link.ab.set(**options)
    assert least <= answered(net, a, b) <= most
    assert list(link.ab.drops.by_cause) == [cause]
    assert link.ba.drops == 0


def test_an_exception_of_a_predicate_comes_out():
    net, a, b, link = pair()
    link.ab.set(loss_if=lambda number, frame: 1 / 0)
    net.ping(a, b)
    with pytest.raises(ZeroDivisionError):
        net.run("1 s")
    link.ab.set(loss_if=None)
    net.run("1 s")


def test_a_predicate_must_leave_the_network_alone():
    net, a, b, link = pair()
    link.ab.set(loss_if=lambda number, frame: net.now > 1)
    net.ping(a, b)
    with pytest.raises(OSError, match="predicate"):
        net.run("1 s")


def test_disorder_and_damage_are_counted():
    net, a, b, link = pair(duplicate=0.1, reorder=0.1, corrupt=0.1, jitter="1 ms", jitter_shape="pareto")
    answered(net, a, b)
    stats = link.ab.stats
    assert min(stats.duplicated, stats.reordered, stats.corrupted) > 10


@pytest.mark.parametrize("aqm", ["red", "codel", "fq_codel", {"kind": "codel", "target": "2 ms", "interval": "50 ms"}])
def test_active_queue_management_keeps_the_queue_short(aqm):
    net, a, b, link = pair(queue="500 kB", aqm=aqm)
    net.bulk(a, b)
    net.run("20 s")
    plain, c, d, other = pair(queue="500 kB")
    plain.bulk(c, d)
    plain.run("20 s")
    assert link.ab.queue_delay.mean < other.ab.queue_delay.mean
    assert set(link.ab.drops.by_cause) <= {"red", "codel", "queue_full"}
    assert link.ab.drops > 0


def test_a_fifo_can_mark_what_is_capable_of_ecn():
    net, a, b, link = pair(ecn="2 kB")

    async def send():
        here, _there = await a.udp(), await b.udp(9)
        here.core.set_option("tos", 2)
        for _ in range(20):
            await here.sendto(bytes(1000), (b.address, 9))

    net.run_async(send())
    net.run("1 s")
    assert link.ab.marks.by_cause == {"threshold": 20 - 2}


def test_capacity_follows_a_trace(tmp_path: Path):
    trace = tmp_path / "trace"
    trace.write_text("".join(f"{milli}\n" for milli in range(2, 101, 2)))  # a frame each 2 ms: 6 Mbit/s
    net, a, b, link = pair(queue="100 kB")
    link.ab.set(capacity=trace)
    net.cbr(a, b, rate="20 Mbit/s", size=1_472)
    net.run("10 s")
    assert link.ab.throughput == pytest.approx(1514 * 8 * 500, rel=0.02)


def test_captures_hold_what_passed(tmp_path: Path):
    net, a, b, link = pair(loss_list=[3])
    near, far = tmp_path / "a.pcapng", tmp_path / "b.pcapng"
    link.capture(near)
    link.capture(far, end="b")
    net.ping(a, b, count=5, interval="100 ms")
    net.run("0.2 s")
    first = near.stat().st_size
    net.run("2 s")
    assert near.stat().st_size > first

    def packets(path: Path) -> int:
        data, count = path.read_bytes(), 0
        while data:
            kind, length = struct.unpack_from("<II", data)
            count += kind == 6
            data = data[length:]
        return count

    # ARP and five requests; the third frame of each direction is lost.
    assert packets(near) == 6 + 1 + 4 - 1
    assert packets(far) == 6 - 1 + 1 + 4


def test_hosts_have_the_verbs_of_a_stack():
    net, a, b, _ = pair()
    b.policy["net.ipv4.icmp_echo_ignore_all"] = 1
    ping = a.ping(b, count=2)
    net.run("5 s")
    assert (ping.stats.sent, ping.stats.received) == (2, 0)
    assert b.counters["IcmpInMsgs"] == 2
    assert [str(address) for address in a.interfaces["eth0"].addresses]
    assert a.core.now == net.now
    a.routes.add("192.168.0.0/16", via=b.address)
    assert str(a.routes.lookup("192.168.1.1").via) == b.address
    net.bulk(a, b, size="10 MB")
    net.run("0.5 s")
    (connection,) = [one for one in a.tcp_connections if one.state == "ESTABLISHED"]
    assert connection.congestion == "cubic"
    assert b.address in str(list(a.neighbors))


def test_hosts_answer_the_shells_commands():
    net = Network(seed=1)
    a, router, b = net.host("a"), net.router("r"), net.host("b")
    net.link(a, router, rate="5 Mbit/s", delay="10 ms")
    net.link(router, b)
    net.bulk(a, b)
    net.run("1 s")
    assert "0.0.0.0" in a.shell("route")
    assert str(a.routes.lookup(b.address).via) == router.address
    said = a.shell("ss -i; sysctl net.ipv4.tcp_congestion_control")
    assert "cubic" in said.splitlines()[-1]
    assert "ESTABLISHED" in said
    before = net.digest()
    assert "eth0" in a.shell("ifconfig")
    a.shell("sysctl net.ipv4.tcp_congestion_control=bbr")
    assert "bbr" in a.shell("sysctl net.ipv4.tcp_congestion_control")
    assert net.digest() == before
    with pytest.raises(ValueError, match=r"commands = 'ping 10\.0\.0\.1': allowed is one of arpcache"):
        a.shell("ping 10.0.0.1")
    with pytest.raises(ValueError, match="no knob"):
        a.shell("sysctl net.ipv4.nosuch")
    later = net.bulk(a, b, size="100 kB", start=net.now)
    net.run("5 s")
    assert later.intact
    assert later.over
