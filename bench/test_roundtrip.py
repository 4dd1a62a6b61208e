"""Questions and answers of 32 bytes: `tapip serve` behind a tap, beside a server of the kernel's over veth.

The client is the same program of the kernel's side in all rows, without Python. Both ends are pinned: to one processor,
or to one each. The rows take turns; medians of the rounds' p50 and p99 are compared, and only ratios mean something.
TAPIP_BENCH_ROUNDS (5) is how many rounds, TAPIP_BENCH_QUESTIONS (20000) how many questions each.
"""

import os
import statistics
import subprocess
from contextlib import contextmanager
from pathlib import Path

import pytest

from e2e.live import until
from e2e.netns import TAPIP, namespace
from worlds import RENO, veth_pair

ROUNDS = int(os.environ.get("TAPIP_BENCH_ROUNDS", "5"))
QUESTIONS = int(os.environ.get("TAPIP_BENCH_QUESTIONS", "20000"))
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("TAPIP_")}
PROGRAM = Path(__file__).parents[1] / "target/release/examples/roundtrip"
PORT = 1007
PLACES = {"same core": ("0", "0"), "two cores": ("1", "0")}


def pinned(processor, *words):
    return ("taskset", "-c", processor, *map(str, words))


@contextmanager
def started(space, words):
    """A server, until the end of the block."""
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    server = space.start(*words, env=ENVIRONMENT, **quiet)
    try:
        yield
    finally:
        server.terminate()
        server.wait(20)


def listening(space, address):
    """Whether the server answers."""
    words = ("ask", "udp", address, str(PORT), "1")
    try:
        return space.run(str(PROGRAM), *words, check=False, timeout=1).returncode == 0
    except subprocess.TimeoutExpired:  # the question was too early, and lost
        return False


def ask(space, address, place):
    """p50 and p99 of TCP and UDP, in microseconds."""
    until("the server", lambda: listening(space, address))
    figures = {}
    for kind in ("tcp", "udp"):
        words = pinned(PLACES[place][1], PROGRAM, "ask", kind, address, PORT, QUESTIONS)
        p50, p99 = space.run(*words, timeout=120).stdout.split()
        figures[kind] = float(p50), float(p99)
    return figures


def tapip(place, spin):
    """The kernel asks `tapip serve`."""
    with namespace("bench") as space:
        space.run(*RENO)
        flags = ("serve", "echo", "--quiet", "--port-offset", "1000", "--spin", spin)
        with started(space, pinned(PLACES[place][0], *TAPIP, *flags)):
            until("the tap", lambda: space.run("ip", "link", "show", "tap0", check=False).returncode == 0)
            return ask(space, "10.0.0.1", place)


def veth(place):
    """The kernel asks the kernel."""
    with veth_pair() as (one, other), started(other, pinned(PLACES[place][0], PROGRAM, "echo", PORT)):
        return ask(one, "10.0.1.2", place)


ROWS = {
    "kernel over veth": veth,
    "tapip": lambda place: tapip(place, "off"),
    "tapip --spin on": lambda place: tapip(place, "on"),
}


@pytest.mark.usefixtures("kernel_tools")
def test_round_trips_against_the_kernel(benchmark, say):
    if not PROGRAM.exists():
        pytest.skip("needs cargo build --release -p tapip_host --example roundtrip")
    samples = {}

    def one_round():
        for place in PLACES:
            for row, measure in ROWS.items():
                for kind, figures in measure(place).items():
                    samples.setdefault((kind, place, row), []).append(figures)

    benchmark.pedantic(one_round, rounds=ROUNDS)
    say("")
    say(f"Round trips of 32 bytes, us; {ROUNDS} alternating rounds of {QUESTIONS}; {os.uname().release}")
    say(f"{'':34}{'p50':>8}{'p99':>8}   of the kernel's over veth")
    for (kind, place, row), figures in sorted(samples.items()):
        p50, p99 = (statistics.median(values) for values in zip(*figures, strict=True))
        theirs = [statistics.median(v) for v in zip(*samples[kind, place, "kernel over veth"], strict=True)]
        say(f"{kind} {place:10} {row:19}{p50:8.2f}{p99:8.2f}   {p50 / theirs[0]:.2f} / {p99 / theirs[1]:.2f}")
    benchmark.extra_info.update(us={" ".join(row): figures for row, figures in samples.items()})
