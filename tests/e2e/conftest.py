"""Fixtures of the end-to-end tests."""

from collections.abc import Iterator

import pytest

from e2e.netns import Namespace, namespace
from tapip_rs import Stack


@pytest.fixture(autouse=True, params=["on", "off"], ids=["offload", "plain"])
def offload(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Every test runs twice: the kernel behind the tap does what it can, and does nothing for us."""
    monkeypatch.setenv("TAPIP_OFFLOAD", request.param)
    return request.param


@pytest.fixture
def netns() -> Iterator[Namespace]:
    """A fresh network namespace."""
    with namespace() as inside:
        yield inside


@pytest.fixture
def gateway() -> Iterator[Namespace]:
    """A second namespace: the far side of a veth cable, the internet behind it."""
    with namespace("gw") as inside:
        yield inside


@pytest.fixture
def stack(netns: Namespace, offload: str) -> Iterator[Stack]:
    """A stack in this process, its tap and the kernel behind it in a namespace of their own."""
    with Stack.top2(netns=netns.name, offload=offload) as made:
        yield made
