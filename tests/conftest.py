"""What all tests share: when a test that talks to the kernel may run, and that nothing is skipped where nothing may be.

`@pytest.mark.e2e("nc", "arping")` marks a test that needs root, /dev/net/tun and the named programs. Where they are
lacking it is skipped with the reason; with TAPIP_REQUIRE_E2E=1 in the environment (as in CI) any skip is a failure.
"""

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

REQUIRED = os.environ.get("TAPIP_REQUIRE_E2E") == "1"
ALWAYS_NEEDED = ("ip", "ping")


def lacking(tools: tuple[str, ...]) -> str | None:
    """Why a test that needs `tools` cannot run on this machine; None when it can."""
    if os.geteuid() != 0:
        return "needs root"
    if not os.access("/dev/net/tun", os.R_OK | os.W_OK):
        return "needs /dev/net/tun"
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    absent = [tool for tool in (*ALWAYS_NEEDED, *tools) if shutil.which(tool, path=path) is None]
    return f"needs {', '.join(absent)}" if absent else None


def pytest_configure(config: pytest.Config) -> None:
    os.environ["PATH"] = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    # A shell starts what it puts into the background with SIGINT ignored, and children inherit that; ^C is tested here.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if not config.getoption("markexpr"):
        config.option.markexpr = "not soak"


def pytest_runtest_setup(item: pytest.Item) -> None:
    for mark in item.iter_markers("e2e"):
        reason = lacking(mark.args)
        if reason:
            pytest.skip(reason)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[pytest.TestReport]:
    report = yield
    if REQUIRED and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, but TAPIP_REQUIRE_E2E=1 forbids it: {report.longrepr}"
    return report


@pytest.fixture
def run_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A private stand-in for /run/tapip."""
    path = tmp_path / "run"
    monkeypatch.setenv("TAPIP_RUN_DIR", str(path))
    return path
