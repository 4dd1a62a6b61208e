"""Our congestion controls beside the kernel's, over the same emulated path: 50 Mbit/s, 20 ms round trip, 1 % of frames
lost each way, a queue of one bandwidth-delay product.

tapip sends to the kernel behind its tap, and the path is its interface's fault decorator. The kernel sends to another
namespace through tapip as a router between two taps, with the same decorator on the first. Both take turns; medians are
compared. TAPIP_PATH_SECONDS (5) is the length of a transfer, TAPIP_PATH_ROUNDS (3) how many. The kernel's BBR is
version 1.
"""

import json
import os
import statistics
from contextlib import ExitStack

import pytest

from e2e.live import until
from e2e.netns import namespace
from tapip_rs import Stack, _core
from tapip_rs.topology.netns import inside
from transfers import transfer

SECONDS = float(os.environ.get("TAPIP_PATH_SECONDS", "5"))
ROUNDS = int(os.environ.get("TAPIP_PATH_ROUNDS", "3"))
RATE, ROUND_TRIP, LOSS = 50e6, 0.020, 0.01
FAULT = {"rate": RATE, "delay": ROUND_TRIP / 2, "drop": LOSS, "queue_bytes": int(RATE / 8 * ROUND_TRIP)}
CONTROLS = ("cubic", "reno", "bbr")


def ours(control):
    """tapip sends."""
    with namespace("path") as inside_one:
        listener = inside_one, ("kernel", "listen", "receive", "0.0.0.0")
        words = ("tapip", "connect", "send", "10.0.0.2")
        return transfer(listener, (inside_one, words), SECONDS, control, json.dumps(FAULT))


def kernels(control):
    """The kernel sends, to another namespace, through tapip's router."""
    with ExitStack() as scope:
        one, other = (scope.enter_context(namespace("path")) for _ in range(2))
        stack = scope.enter_context(Stack.top2(netns=one.name))
        with inside(other.name):
            tap = _core.Tap.open("tap1")
        stack.attach("veth1", tap, mac="02:00:00:00:01:01").add_address("10.1.0.1/24")
        stack.policy["net.ipv4.ip_forward"] = 1
        other.ip("addr add 10.1.0.2/24 dev tap1")
        other.ip("link set tap1 up")
        other.ip("route add default via 10.1.0.1")
        one.ip("route add default via 10.0.0.1")
        until("the way", lambda: one.run("ping", "-c", "1", "-W", "1", "10.1.0.2", check=False).returncode == 0)
        stack.interfaces["veth"].fault(**FAULT)
        listener = other, ("kernel", "listen", "receive", "0.0.0.0")
        return transfer(listener, (one, ("kernel", "connect", "send", "10.1.0.2")), SECONDS, control)


@pytest.mark.usefixtures("kernel_tools")
def test_lossy_path_against_the_kernel(benchmark, say):
    samples = {(control, who): [] for control in CONTROLS for who in ("tapip", "kernel")}

    def one_round():
        for control in CONTROLS:
            samples[control, "tapip"].append(ours(control) * 1000)
            samples[control, "kernel"].append(kernels(control) * 1000)

    benchmark.pedantic(one_round, rounds=ROUNDS)
    say("")
    say(f"{RATE / 1e6:g} Mbit/s, {ROUND_TRIP * 1e3:g} ms, {LOSS:.0%} loss each way, 1 BDP; {ROUNDS} x {SECONDS:g} s")
    say(f"{'Mbit/s':10}{'tapip':>8}{'kernel':>8}   ratio")
    for control in CONTROLS:
        mine, theirs = (statistics.median(samples[control, who]) for who in ("tapip", "kernel"))
        say(f"{control:10}{mine:8.2f}{theirs:8.2f}   {mine / theirs:.2f}")
    benchmark.extra_info.update(mbit_s={f"{control} {who}": values for (control, who), values in samples.items()})
