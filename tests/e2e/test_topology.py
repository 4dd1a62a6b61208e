"""Both topologies against the real kernel, in namespaces of our own: what they set up, and that all is undone."""

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable
from typing import Any

import pytest

from e2e.netns import TAPIP, Namespace

pytestmark = pytest.mark.e2e

TOP1 = ("--topology", "1", "--nic", "eth0", "--yes")
LIFETIMES = re.compile(r'"(valid|preferred)_life_time":\d+|expires \d+sec')


def picture(ns: Namespace) -> dict[str, str]:
    """Everything that must be as it was, lifetimes left out."""
    commands = {
        "addresses": "ip -j addr",
        "routes": "ip route show table all",
        "routes6": "ip -6 route show table all",
        "rules": "ip rule",
        "rules6": "ip -6 rule",
        "links": "ip -j link",
    }
    return {what: LIFETIMES.sub("", ns.run(*command.split()).stdout) for what, command in commands.items()}


def wait_for(true: Callable[[], Any], seconds: float = 10) -> Any:
    """Poll until something is true."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = true()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError("it never came true")


@pytest.fixture
def lan(netns: Namespace, gateway: Namespace) -> tuple[Namespace, Namespace]:
    """A machine with a busy network card, and the gateway it is wired to."""
    netns.ip(f"link add eth0 type veth peer name eth0 netns {gateway.name}")
    for ns in (netns, gateway):
        ns.ip("link set eth0 up")
    gateway.ip("addr add 10.20.133.20/24 dev eth0")
    gateway.ip("addr add 203.0.113.1/32 dev lo")
    for words in (
        "addr add 10.20.133.5/24 brd + dev eth0",
        "addr add 10.20.133.6/24 dev eth0 label eth0:6",
        "addr add 172.16.1.1/16 dev eth0 valid_lft 1000 preferred_lft 900",
        "addr add 192.168.3.1/32 peer 192.168.3.2 dev eth0 metric 77",
        "addr add 2001:db8::5/64 dev eth0 nodad",
        "link add spare type veth peer name spare2",
        "addr add 198.51.100.1/24 dev spare",
        "link set spare up",
        "link set spare2 up",
        "route add default via 10.20.133.20 proto dhcp metric 100 src 10.20.133.5",
        "route add default via 10.20.133.21 metric 200 mtu lock 1300",
        "route add 10.99.0.0/16 via 10.20.133.20 table 77",
        "route add 10.98.0.0/16 via 192.168.9.9 dev eth0 onlink",
        "route add 10.77.0.0/16 nexthop via 10.20.133.20 weight 3 nexthop via 172.16.0.9",
        "route append 10.55.0.0/16 via 10.20.133.20",
        "route append 10.55.0.0/16 via 198.51.100.9",
        "route append 10.55.0.0/16 via 10.20.133.22",
        "route add 10.54.0.0/16 dev spare src 10.20.133.5",
        "route add blackhole 10.53.0.0/16",
        "route add 2001:db8:5::/48 via 2001:db8::1",
        "rule add from 10.20.133.5 table 77",
    ):
        netns.ip(words)
    # The link-local addresses are tentative for a second or so, and change by themselves until then.
    wait_for(lambda: "tentative" not in netns.run("ip", "-6", "addr").stdout)
    wait_for(lambda: "linkdown" not in netns.run("ip", "route").stdout)
    return netns, gateway


class Running:
    """A tapip whose shell waits at the end of a pipe."""

    def __init__(self, ns: Namespace, *flags: str) -> None:
        self.process = ns.start(*TAPIP, *flags, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.started: list[str] = []
        for line in self.process.stderr:
            self.started.append(line)
            if "shell worker" in line:
                return
        raise AssertionError("".join(self.started))

    def end(self, number: int | None = None) -> int:
        """Send a signal, or close its input; its exit status."""
        if number is None:
            self.process.stdin.close()
        else:
            os.kill(self.pid(), number)
        status = self.process.wait(10)
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            stream.close()
        return status

    def pid(self) -> int:
        """Its process: `ip netns exec` became it."""
        return self.process.pid


def test_top2_leaves_nothing(netns):
    before = picture(netns)
    done = netns.tapip("-c", "ping -c 3 10.0.0.2; route; ifconfig")
    assert "3 packets transmitted, 3 received, 0% packet loss" in done.stdout
    assert re.search(r"^10\.0\.0\.0 +\* +255\.255\.255\.0 +0 +veth$", done.stdout, re.MULTILINE)
    assert re.search(r"^default +10\.0\.0\.2 +0\.0\.0\.0 +0 +veth$", done.stdout, re.MULTILINE)
    assert re.search(r"^tap0 +HWaddr .*\n +IPaddr 10\.0\.0\.2$", done.stdout, re.MULTILINE)
    assert picture(netns) == before


def test_the_log_tells_what_was_done_in_tapips_words(netns):
    done = netns.tapip("-c", "exit")
    lines = [re.sub(r"^\[\d+\]", "", line) for line in done.stderr.splitlines()]
    words = [" ".join(line.split()[:3]) for line in lines]
    assert words[:11] == [
        "loop_dev_init lo ip", "loop_dev_init lo netmask:", "getname_tap net device:", "getmtu_tap mtu: 1500",
        "gethwaddr_tap mac addr:", "setipaddr_tap set IPaddr:", "getipaddr_tap get IPaddr:",
        "setnetmask_tap set Netmask:", "setup_tap ifup tap0", "veth_dev_init veth ip", "veth_dev_init veth hw",
    ]  # fmt: skip
    assert lines[-2:] == ["shell_worker shell worker exit", "main wait system exit"]
    assert netns.tapip("-q", "-c", "exit").stderr == ""


def test_top2_in_a_namespace_by_name():
    from e2e.netns import namespace

    with namespace("other") as other:
        done = subprocess.run(
            [*TAPIP, "--netns", other.name, "-c", "ping -c 1 10.0.0.2"],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert not [link for link in other.json("link") if link["ifname"] != "lo"]


def test_top2_settings_from_flags(netns):
    netns.tapip("--dev", "mine0", "--address", "10.9.0.1/16", "--mac", "02:11:22:33:44:55", "-c", "ping -c 1 10.9.0.2")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_top2_ends_cleanly_by_a_signal(netns, number):
    before = picture(netns)
    running = Running(netns)
    assert netns.run("ping", "-c", "1", "10.0.0.1").returncode == 0
    began = time.monotonic()
    assert running.end(number) == 128 + number
    assert time.monotonic() - began < 2
    assert picture(netns) == before


def test_top2_starts_again_after_kill_9(netns):
    before = picture(netns)
    Running(netns).end(signal.SIGKILL)
    assert netns.tapip("-c", "ping -c 1 10.0.0.2").returncode == 0
    assert picture(netns) == before


def test_two_stacks_on_two_taps_and_not_on_one(netns):
    running = Running(netns)
    refused = netns.tapip("-c", "exit", check=False)
    assert refused.returncode == 1
    assert re.search(r"^tapip: tapip \(pid \d+\) already runs on tap0", refused.stderr, re.MULTILINE)
    netns.tapip("--dev", "tap1", "--address", "10.1.0.1/24", "-c", "ping -c 1 10.1.0.2")
    assert running.end() == 0


def test_top2_on_a_tap_that_was_there(netns):
    netns.ip("tuntap add tap0 mode tap")
    netns.ip("addr add 192.168.77.1/24 dev tap0")
    before = picture(netns)
    netns.tapip("-c", "ping -c 1 10.0.0.2")
    after = picture(netns)
    assert json.loads(after["links"])[1]["flags"] == json.loads(before["links"])[1]["flags"]
    assert after["addresses"].count("192.168.77.1") == 1
    assert "10.0.0.2" not in after["addresses"]
    assert after["routes"] == before["routes"]


def test_top2_refuses_the_kernels_own_address(netns):
    netns.ip("link add spare type veth peer name spare2")
    netns.ip("addr add 10.0.0.1/24 dev spare")
    before = picture(netns)
    refused = netns.tapip("-c", "exit", check=False)
    assert refused.returncode == 1
    assert "tapip: the stack's address 10.0.0.1 is the kernel's, on spare" in refused.stderr
    assert picture(netns) == before


def test_top1_is_a_host_on_the_wire_and_gives_all_back(lan):
    ns, gateway = lan
    before = picture(ns)
    running = Running(ns, *TOP1)
    assert {link["ifname"]: link.get("master") for link in ns.json("link")}["eth0"] == "br0"
    assert ns.run("ip", "-4", "addr", "show", "dev", "eth0").stdout == ""
    assert gateway.run("ping", "-c", "2", "-s", "6000", "10.20.133.21").returncode == 0
    assert gateway.run("ping", "-c", "1", "-W", "1", "10.20.133.5", check=False).returncode == 1
    running.process.stdin.write("ping -c 2 10.20.133.20\nping -c 2 -s 60000 203.0.113.1\nroute\n")
    running.process.stdin.close()
    said = running.process.stdout.read()
    assert running.process.wait(10) == 0
    running.process.stdout.close()
    running.process.stderr.close()
    assert said.count("2 packets transmitted, 2 received, 0% packet loss") == 2
    assert re.search(r"^default +10\.20\.133\.20 ", said, re.MULTILINE)
    assert picture(ns) == before


def test_top1_gives_all_back_after_sigterm(lan):
    ns, _ = lan
    before = picture(ns)
    assert Running(ns, *TOP1).end(signal.SIGTERM) == 128 + signal.SIGTERM
    assert picture(ns) == before


def test_down_gives_all_back_after_kill_9(lan):
    ns, _ = lan
    before = picture(ns)
    Running(ns, *TOP1).end(signal.SIGKILL)
    assert picture(ns) != before
    doctor = ns.tapip("doctor", "--json", check=False)
    [left] = [check for check in json.loads(doctor.stdout)["checks"] if check["name"] == "leftovers"]
    assert doctor.returncode == 1
    assert (left["state"], left["mend"]) == ("missing", "tapip down")
    assert "bridge br0 to eth0" in left["said"]
    done = ns.tapip("down")
    assert done.stdout.startswith("undone: topology 1 on tap0, bridge br0 to eth0")
    assert picture(ns) == before
    assert ns.tapip("down").stdout == "nothing to undo\n"
    assert ns.run("ping", "-c", "1", "10.20.133.20").returncode == 0


def test_top1_starts_again_after_kill_9(lan):
    ns, _ = lan
    before = picture(ns)
    Running(ns, *TOP1).end(signal.SIGKILL)
    assert ns.tapip(*TOP1, "-c", "ping -c 1 10.20.133.20").returncode == 0
    assert picture(ns) == before


def test_down_refuses_while_one_runs(lan):
    ns, _ = lan
    running = Running(ns, *TOP1)
    refused = ns.tapip("down", check=False)
    assert refused.returncode == 1
    assert f"(by pid {running.pid()}) still runs: end it first" in refused.stderr
    assert running.end() == 0


def test_top1_with_an_address_in_use_restores_everything(lan):
    ns, gateway = lan
    gateway.ip("addr add 10.20.133.21/24 dev eth0")
    before = picture(ns)
    began = time.monotonic()
    refused = ns.tapip(*TOP1, "-c", "exit", check=False)
    assert time.monotonic() - began < 4
    assert refused.returncode == 1
    mac = gateway.json("link", "show", "eth0")[0]["address"]
    assert f"tapip: the address 10.20.133.21 is in use by {mac}; choose another with --address" in refused.stderr
    assert picture(ns) == before


def test_top1_may_take_the_cards_own_address_over(lan):
    ns, _ = lan
    before = picture(ns)
    flags = ("--address", "10.20.133.5/24", "--gateway", "10.20.133.20")
    assert ns.tapip(*TOP1, *flags, "-c", "ping -c 1 10.20.133.20").returncode == 0
    assert picture(ns) == before


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--nic", "eth0"), "eth0 has the only default route"),
        (("--nic", "eth7"), "there is no network card eth7 here"),
        (("--nic", "eth0", "--yes", "--mac", "02:00:00:00:00:aa"), "02:00:00:00:00:aa is that of eth0"),
        (("--nic", "eth0", "--yes", "--bridge", "spare"), "there is a device spare already"),
    ],
)
def test_top1_refuses_and_changes_nothing(lan, flags, said):
    ns, _ = lan
    if "--mac" in flags:
        ns.ip("link set eth0 address 02:00:00:00:00:aa")
    before = picture(ns)
    refused = ns.tapip("--topology", "1", *flags, "-c", "exit", check=False)
    assert refused.returncode == 1
    assert said in refused.stderr
    assert len([line for line in refused.stderr.splitlines() if line.startswith("tapip: ")]) == 1
    assert picture(ns) == before


def test_top1_refuses_the_taps_own_mac(lan):
    ns, _ = lan
    ns.ip("tuntap add tap0 mode tap")
    ns.ip("link set tap0 address 02:00:00:00:00:bb")
    before = picture(ns)
    refused = ns.tapip(*TOP1, "--mac", "02:00:00:00:00:bb", "-c", "exit", check=False)
    assert "is that of the kernel's side of tap0" in refused.stderr
    assert picture(ns) == before


def test_top1_from_python(lan):
    ns, _ = lan
    before = picture(ns)
    from tapip_rs import Stack

    with Stack.top1(netns=ns.name, yes=True) as stack:
        assert [reply.error for reply in stack.ping("203.0.113.1", count=1)] == [None]
    assert picture(ns) == before
