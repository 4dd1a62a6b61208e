"""What the benchmarks share: no debug build, a table at the end, and both kept in bench/results."""

import datetime
import os
import platform
import shutil
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from tapip_rs import _core

LINES = pytest.StashKey[list[str]]()
RESULTS = Path(__file__).with_name("results")


def pytest_configure(config):
    os.environ["PATH"] = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    config.stash[LINES] = []
    if _core.profile != "release":
        raise pytest.UsageError(f"benchmarks of a {_core.profile} build say nothing: run `make build` first")


def pytest_terminal_summary(terminalreporter, config):
    lines = config.stash[LINES]
    for line in lines:
        terminalreporter.write_line(line)
    if lines and config.getoption("benchmark_json", None):
        (RESULTS / "table.txt").write_text("\n".join([*circumstances(), *lines, ""]))
        terminalreporter.write_line(f"kept in {RESULTS}")


def circumstances():
    """What a figure means nothing without."""
    knobs = [f"{name}={value}" for name, value in sorted(os.environ.items()) if name.startswith("TAPIP_")]
    load = "{:.2f} {:.2f} {:.2f}".format(*os.getloadavg())
    return [
        f"date     {datetime.datetime.now(datetime.UTC):%Y-%m-%d %H:%M} UTC",
        f"kernel   {platform.release()}, {os.cpu_count()} processors, {processor()}; load at the end {load}",
        f"python   {platform.python_version()}",
        f"command  {' '.join([*knobs, *sys.argv])}",
    ]


def processor():
    """The processor's name, as Linux has it."""
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.machine()


@pytest.fixture
def say(pytestconfig):
    """A line for the end of the report."""
    return pytestconfig.stash[LINES].append


@pytest.fixture
def kernel_tools():
    """Skip unless this machine lets us talk to its kernel; fail where that was promised (TAPIP_REQUIRE_E2E)."""
    absent = [tool for tool in ("ip", "ethtool", "taskset") if shutil.which(tool) is None]
    if os.geteuid() != 0 or not os.access("/dev/net/tun", os.R_OK | os.W_OK):
        absent.append("root and /dev/net/tun")
    if absent:
        lacking = pytest.fail if os.environ.get("TAPIP_REQUIRE_E2E") else pytest.skip
        lacking(f"needs {', '.join(absent)}")
