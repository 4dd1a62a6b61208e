"""Bulk TCP against the kernel, over a tap, beside kernel against kernel over veth, in the same minutes.

The rows take turns (A B C D, A B C D, ...), each transfer with fresh processes and namespaces; medians are compared,
and only ratios mean something. TAPIP_BENCH_SECONDS (1) is the length of a transfer, TAPIP_BENCH_ROUNDS (5) how many.
Congestion control is Reno everywhere: what paces would measure its own pace.
"""

import os
import statistics

import pytest

from e2e.netns import namespace
from transfers import transfer
from worlds import RENO, veth_pair

SECONDS = float(os.environ.get("TAPIP_BENCH_SECONDS", "1"))
ROUNDS = int(os.environ.get("TAPIP_BENCH_ROUNDS", "5"))


def tapip(verb, offload):
    """One transfer between tapip and the kernel behind its tap; `verb` is tapip's."""
    with namespace("bench") as inside:
        inside.run(*RENO)
        kernels = "send" if verb == "receive" else "receive"
        listener = inside, ("kernel", "listen", kernels, "0.0.0.0")
        return transfer(listener, (inside, ("tapip", "connect", verb, "10.0.0.2")), SECONDS, "", "{}", offload)


def veth(offload, verb="send"):
    """One transfer between two namespaces, kernel to kernel."""
    state = "on" if offload else "off"
    with veth_pair() as (one, other):
        for space, link in ((one, "va"), (other, "vb")):
            space.run("ethtool", "-K", link, "tso", state, "gso", state, "gro", state)
        listener = other, ("kernel", "listen", "receive", "10.0.1.2")
        return transfer(listener, (one, ("kernel", "connect", verb, "10.0.1.2")), SECONDS)


ROWS = {
    "tapip out, offload on": lambda: tapip("send", "on"),
    "tapip out, copied": lambda: tapip("send-copied", "on"),
    "tapip in, offload on": lambda: tapip("receive", "on"),
    "kernel veth, TSO/GSO/GRO": lambda: veth(offload=True),
    "tapip out, offload off": lambda: tapip("send", "off"),
    "tapip in, offload off": lambda: tapip("receive", "off"),
    "kernel veth, no TSO/GSO/GRO": lambda: veth(offload=False),
    "tapip out, 1448 bytes a call": lambda: tapip("send-small", "on"),
    "kernel veth, 1448 bytes a call": lambda: veth(offload=True, verb="send-small"),
}


@pytest.mark.usefixtures("kernel_tools")
def test_bulk_against_the_kernel(benchmark, say):
    samples = {row: [] for row in ROWS}

    def one_round():
        for row, measure in ROWS.items():
            samples[row].append(measure())

    benchmark.pedantic(one_round, rounds=ROUNDS)
    benchmark.extra_info.update(seconds=SECONDS, gbit_s=samples)
    medians = {row: statistics.median(values) for row, values in samples.items()}
    plain, full = medians["kernel veth, no TSO/GSO/GRO"], medians["kernel veth, TSO/GSO/GRO"]
    where = f"{os.cpu_count()} processors, {os.uname().release}"
    say("")
    say(f"One TCP flow, {ROUNDS} alternating rounds of {SECONDS:g} s, Reno; {where}")
    say(f"{'Gbit/s':30}{'median':>8}{'least':>8}{'most':>8}   of veth without / with offload")
    for row, median in medians.items():
        least, most = min(samples[row]), max(samples[row])
        say(f"{row:30}{median:8.2f}{least:8.2f}{most:8.2f}   {median / plain:.2f} / {median / full:.2f}")
