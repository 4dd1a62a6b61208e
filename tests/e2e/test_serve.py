"""`tapip serve`: the small services, asked by the kernel's sockets, by socat and by many at once."""

import hashlib
import json
import random
import re
import socket
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from e2e import crowd
from e2e.live import STACK, Program, kernel_socket, noise
from e2e.netns import TAPIP

pytestmark = pytest.mark.e2e

FLAVOURS = pytest.mark.parametrize("flavour", [(), ("--spin", "on"), ("--python",)], ids=["rust", "spin", "python"])
OFFSET = 2000
SIZE = 1_500_000


@pytest.fixture
def served(netns, flavour):
    """A running `tapip serve`, what it prints, and what it says in the end."""
    with Program(netns, *TAPIP, "serve", *flavour, "--port-offset", str(OFFSET), "--json") as program:
        program.err.expect("serve echo 2007, discard 2009, daytime 2013, chargen 2019")
        yield program
        program.interrupt()
        program.out.expect(r"}")
        assert program.wait() == 0
    assert [link["ifname"] for link in netns.json("link")] == ["lo"]


@contextmanager
def connected(netns, port: int):
    with kernel_socket(netns) as client:
        client.connect((STACK, port + OFFSET))
        yield client


def echoed(netns, seed: int) -> bool:
    """Whether what one client sends comes back, while it reads in jerks."""
    data = noise(SIZE, seed)
    pace = random.Random(seed)
    with connected(netns, 7) as client, ThreadPoolExecutor(1) as writer:

        def write():
            client.sendall(data)
            client.shutdown(socket.SHUT_WR)

        written = writer.submit(write)
        digest = hashlib.sha256()
        while piece := client.recv(pace.randrange(1, 200_000)):
            digest.update(piece)
        written.result()
    return digest.digest() == hashlib.sha256(data).digest()


@FLAVOURS
def test_echo_under_many_clients(netns, served):
    with ThreadPoolExecutor(8) as clients:
        assert all(clients.map(lambda seed: echoed(netns, seed), range(8)))


@FLAVOURS
def test_each_service_over_tcp_and_udp(netns, served):
    with connected(netns, 13) as client:
        said = b"".join(iter(lambda: client.recv(4096), b"")).decode()
    assert re.fullmatch(r"[A-Z][a-z]+day, [A-Z][a-z]+ \d+, 20\d\d \d\d:\d\d:\d\d-UTC\r\n", said)
    with connected(netns, 19) as client:
        lines = client.makefile("rb")
        first, second = lines.readline(), lines.readline()
    assert (len(first), first[1:-2]) == (74, second[:-3])
    with connected(netns, 9) as client:
        client.sendall(noise(SIZE))
        client.shutdown(socket.SHUT_WR)
        assert client.recv(1) == b""
    with kernel_socket(netns, socket.SOCK_DGRAM) as client:
        for port, answer in ((7, b"hello"), (13, rb".*-UTC\r\n"), (19, rb"[ -~\r\n]{0,512}")):
            client.sendto(b"hello", (STACK, port + OFFSET))
            assert re.fullmatch(answer, client.recv(2000), re.DOTALL)


def test_bad_words_and_the_demo():
    def run(*words):
        return subprocess.run([*TAPIP, "serve", *words], capture_output=True, text=True, timeout=60, check=False)

    assert "invalid choice: 'ech'" in run("ech").stderr
    far = run("--port-offset", "65535", "--topology", "demo")
    assert far.returncode == 1
    assert "--port-offset: 65535 makes a port that is none; 0 to 65516" in far.stderr
    done = run("echo", "--topology", "demo", "--seconds", "0.1", "--json")
    assert (done.returncode, json.loads(done.stdout)["accepted"]) == (0, 0)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("flavour", [()], ids=["rust"])
def test_thousands_of_connections_at_once(netns, served):
    assert crowd.echo(netns, (STACK, 7 + OFFSET), 2_000, 3_000, 120) == 2_000


@pytest.mark.soak
@pytest.mark.timeout(600)
@pytest.mark.parametrize("flavour", [(), ("--spin", "on", "--queues", "2")], ids=["rust", "spin-queues"])
def test_a_minute_of_echo(netns, served):
    end, size = time.monotonic() + 60, 200_000
    while time.monotonic() < end:
        assert crowd.echo(netns, (STACK, 7 + OFFSET), 200, size, 120) == 200
