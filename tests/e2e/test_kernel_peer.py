"""The kernel looks at the stack: ping in fragments, arping, traceroute through it."""

import re

import pytest

from e2e.live import Shell

pytestmark = pytest.mark.e2e


@pytest.fixture
def shell(netns):
    with Shell(netns) as running:
        yield running


def loss(text):
    return re.search(r"([\d.]+)% packet loss", text)[1]


def test_ping(netns, shell):
    assert loss(netns.run("ping", "-c", "5", "-i", "0.2", "-s", "6000", "10.0.0.1").stdout) == "0"
    assert loss(netns.run("ping", "-c", "3", "-i", "0.2", "-s", "65000", "10.0.0.1").stdout) == "0"
    assert loss(netns.run("ping", "-c", "1", "-s", "65507", "10.0.0.1").stdout) == "0"
    assert loss(netns.run("ping", "-c", "1", "-s", "0", "10.0.0.1").stdout) == "0"
    assert loss(netns.run("ping", "-c", "2000", "-f", "-s", "1472", "-M", "do", "10.0.0.1").stdout) == "0"


@pytest.mark.e2e("arping")
def test_arping(netns, shell):
    said = netns.run("arping", "-c", "2", "-I", "tap0", "10.0.0.1").stdout
    assert "00:34:45:67:89:AB" in said
    assert "Received 2 response(s)" in said


@pytest.mark.e2e("traceroute")
def test_traceroute_through(netns, gateway, shell):
    netns.ip("route add 10.0.1.0/24 via 10.0.0.1")
    said = netns.run("traceroute", "-n", "-q", "1", "-w", "1", "-m", "2", "10.0.1.9").stdout
    assert re.search(r"^ 1  10\.0\.0\.1 ", said, re.M), said


@pytest.mark.e2e("traceroute")
def test_traceroute_to(netns, shell):
    said = netns.run("traceroute", "-n", "10.0.0.1").stdout
    assert re.search(r"^ 1  10\.0\.0\.1  [\d.]+ ms", said, re.M), said
