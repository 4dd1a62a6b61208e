"""Fixtures of the end-to-end tests."""

from collections.abc import Iterator

import pytest

from e2e.netns import Namespace, namespace
from tapip_rs import Stack


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
def stack(netns: Namespace) -> Iterator[Stack]:
    """A stack in this process, its tap and the kernel behind it in a namespace of their own."""
    with Stack.top2(netns=netns.name) as made:
        yield made
