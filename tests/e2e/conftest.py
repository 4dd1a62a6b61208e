"""Fixtures of the end-to-end tests."""

from collections.abc import Iterator

import pytest

from e2e.netns import Namespace, namespace


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
