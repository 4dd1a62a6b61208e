"""What the benchmarks share: no debug build, and a table at the end."""

import os
import shutil

import pytest

from tapip_rs import _core

LINES = pytest.StashKey[list[str]]()


def pytest_configure(config):
    os.environ["PATH"] = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    config.stash[LINES] = []
    if _core.profile != "release":
        raise pytest.UsageError(f"benchmarks of a {_core.profile} build say nothing: run `make build` first")


def pytest_terminal_summary(terminalreporter, config):
    for line in config.stash[LINES]:
        terminalreporter.write_line(line)


@pytest.fixture
def say(pytestconfig):
    """A line for the end of the report."""
    return pytestconfig.stash[LINES].append


@pytest.fixture
def kernel_tools():
    """Skip unless this machine lets us talk to its kernel."""
    if os.geteuid() != 0 or not os.access("/dev/net/tun", os.R_OK | os.W_OK):
        pytest.skip("needs root and /dev/net/tun")
    absent = [tool for tool in ("ip", "ethtool") if shutil.which(tool) is None]
    if absent:
        pytest.skip(f"needs {', '.join(absent)}")
