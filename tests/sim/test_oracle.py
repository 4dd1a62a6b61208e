"""`Network(check=True)`: scenarios of every kind run clean under it, and a broken rule says all that is known of it."""

import json
import subprocess
import sys

import pytest

from sim.nets import pair
from tapip_rs.errors import RuleBroken
from tapip_rs.sim import Network, oracle

CHECKSUM = ("checksum", "RFC 9293 3.1 MUST-2", "the TCP checksum", 1_500_000_000, 1, None)
WINDOW = ("window", "RFC 9293 3.8.6 SHLD-15", "9 bytes beyond", 2_000_000_000, 0, "10.0.0.1:4 > 10.0.0.2:80")


def checked(seed: int = 7, **options) -> tuple[Network, list]:
    """A network with a router and bad links, and flows of every kind."""
    net = Network(seed=seed, check=True)
    a, b, middle = net.host("a"), net.host("b"), net.router("r")
    net.link(a, middle, rate="10 Mbit/s", delay="5 ms", queue="50 kB", loss=0.01, reorder=0.02, duplicate=0.01)
    net.link(middle, b, rate="5 Mbit/s", delay="5 ms", aqm="codel", ecn=True, corrupt=0.001)
    a.policy["net.ipv4.tcp_ecn"] = 1
    controls = ("reno", "cubic", "bbr", "dctcp", "fixed")
    flows = [net.bulk(a, b, congestion=control, size="300 kB") for control in controls]
    flows += [net.requests(a, b, count=5), net.ping(a, b, count=5), net.cbr(b, a, count=50)]
    return net, flows


def test_a_sound_scenario_runs_clean():
    net, flows = checked()
    net.run("200 s")
    assert all(flow.over and flow.intact for flow in flows)
    assert net.judged > 2_000
    net.check()


def test_checking_changes_nothing():
    digests = []
    for check in (False, True):
        net = Network(seed=3, check=check)
        a, b = net.host("a"), net.host("b")
        net.link(a, b, rate="10 Mbit/s", delay="5 ms", loss=0.01)
        net.bulk(a, b)
        net.run("3 s")
        digests.append((net.digest(), net.now, net.packets))
        assert (net.judged > 0) == check
    assert digests[0] == digests[1]


def test_coroutines_run_under_it():
    net = Network(check=True)
    a, b = net.host("a"), net.host("b")
    net.link(a, b, rate="10 Mbit/s", delay="5 ms", loss=0.02)

    async def serve():
        listener = await b.listen(80)
        stream = await listener.accept()
        while block := await stream.recv():
            await stream.send(block)
        await stream.close()
        await listener.close()

    async def ask():
        stream = await a.connect((b.address, 80))
        for number in range(20):
            await stream.send(b"%d" % number)
            assert await stream.recv() == b"%d" % number
        await stream.close()

    net.spawn(serve())
    net.run_async(ask())
    net.run("200 s")
    assert net.judged > 40
    net.check()


def test_what_is_not_over_is_told():
    net, a, b, _ = pair()
    net.bulk(a, b)
    net.run("1 s")
    with pytest.raises(RuleBroken, match="flow 0: a flow of kind bulk is not over") as caught:
        net.check()
    error = caught.value
    assert (error.rule, error.clause, error.time, error.host) == (
        "liveness",
        "RFC 9293 3.8.3 MUST-20, RFC 5482 2",
        1.0,
        "a",
    )
    assert (error.link, error.frame, error.number, error.connection) == (None,) * 4
    assert ["leak" in note for note in error.__notes__] == [True, True]
    net.run("1 s")
    assert net.now == 2.0, "it goes on"


class Broken:
    """The core of a network in which rules are broken, as `_core.Network` tells of it."""

    def __init__(self, core, *told) -> None:
        self._core, self._told = core, list(told)

    def __getattr__(self, name: str):
        return getattr(self._core, name)

    def broken(self):
        return self._told.pop(0) if self._told else None


def test_a_broken_rule_says_all_that_is_known():
    net = Network(check=True)
    a, b = net.host("a"), net.host("b")
    net.link(a, b, delay="5 ms")
    net.core = Broken(net.core, (CHECKSUM, (17, b"frame", "40 bytes, wrong"), 1), (WINDOW, (18, b"next", "data"), None))
    with pytest.raises(RuleBroken) as caught:
        net.run("1 s")
    error = caught.value
    assert (error.rule, error.clause, error.what, error.time) == (*CHECKSUM[:3], 1.5)
    assert (error.host, error.connection, error.link) == ("b", None, "b->a")
    assert (error.frame, error.number) == (b"frame", 17)
    assert str(error) == (
        "1.500000000 s, host b: checksum (RFC 9293 3.1 MUST-2): the TCP checksum; frame 17 on b->a: 40 bytes, wrong"
    )
    assert isinstance(error, AssertionError)
    with pytest.raises(RuleBroken, match=r"^2\.0+ s, host a, 10\.0\.0\.1:4 > 10\.0\.0\.2:80: window .*9 bytes beyond"):
        net.step()
    oracle.judge(net)


PROGRAM = """
from tapip_rs.sim import Network
net = Network(seed=7)
a, b = net.host("a"), net.host("b")
net.link(a, b, rate="10 Mbit/s", delay="5 ms", loss=0.01)
net.bulk(a, b, size="200 kB")
net.run("5 s")
"""


def tapip_sim(*words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tapip_rs", "sim", *map(str, words)]
    return subprocess.run(command, text=True, capture_output=True, timeout=50)


def test_tapip_sim_checks(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    plain, done = tapip_sim(program), tapip_sim(program, "--check")
    assert (done.returncode, done.stderr) == (0, "")
    first, second = done.stdout.splitlines()
    assert plain.stdout.splitlines() == [first]
    assert second.endswith(" segments judged, no rule broken")
    (network,) = json.loads(tapip_sim(program, "--check", "--json").stdout)["networks"]
    assert network["judged"] == int(second.split()[1]) > 200
    program.write_text(PROGRAM + "net.check()\n")
    failed = tapip_sim(program)
    assert failed.returncode == 1
    assert "\ntapip_rs.errors.RuleBroken: 5.000000000 s, host a: leak (RFC 9293" in failed.stderr
