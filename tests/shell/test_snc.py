"""snc between two real stacks on a wire: what goes in comes out, byte by byte."""

import io
import os
import random
import signal
import threading
import time

import pytest

from tapip_rs import Pipe, Stack
from tapip_rs.shell import run

SEED = 7
LIMIT = 30.0


@pytest.fixture
def pair():
    """Two stacks on a wire, 10.0.0.1 and 10.0.0.2."""
    wire = Pipe.pair()
    with Stack(seed=SEED) as one, Stack(seed=SEED + 1) as other:
        for stack, end, address in ((one, wire[0], "10.0.0.1/24"), (other, wire[1], "10.0.0.2/24")):
            veth = stack.attach("veth", end)
            veth.add_address(address)
            veth.up = True
        yield one, other


class Running:
    """A shell on a thread of its own."""

    def __init__(self, stack, commands=None, stdin=b""):
        self.out, self.err = io.BytesIO(), io.BytesIO()
        self.status = None
        source = stdin if hasattr(stdin, "read") else io.BytesIO(stdin)

        def target():
            self.status = run(stack, commands=commands, stdin=source, stdout=self.out, stderr=self.err)

        self.thread = threading.Thread(target=target)
        self.thread.start()

    def end(self):
        self.thread.join(LIMIT)
        assert not self.thread.is_alive(), self.err.getvalue()
        assert self.status == 0, self.err.getvalue()
        return self.out.getvalue()


def listening(stack, kind, port):
    """Wait until something is bound."""
    end = time.monotonic() + LIMIT
    while not any(each.kind == kind and each.local and each.local[1] == port for each in stack.sockets):
        assert time.monotonic() < end
        time.sleep(0.005)


@pytest.mark.parametrize("size", [0, 1, 1448, 65536, 3_000_001])
def test_tcp_from_standard_input_to_standard_output(pair, size):
    one, other = pair
    data = random.Random(size).randbytes(size)
    receiver = Running(one, "snc -b 0.0.0.0:12345")
    listening(one, "listen", 12345)
    sender = Running(other, "snc -c 10.0.0.1:12345", data)
    assert sender.end() == b""
    assert receiver.end() == data


def test_the_rest_of_a_script_is_what_snc_sends(pair):
    one, other = pair
    receiver = Running(one, "snc -b 10.0.0.1:12345")
    listening(one, "listen", 12345)
    sender = Running(other, stdin=b"clear\nsnc -c 10.0.0.1:12345\nthe rest\r\n\x00\xff is data\nexit\n")
    assert sender.end() == b"\x1b[1H\x1b[2J"
    assert receiver.end() == b"the rest\r\n\x00\xff is data\nexit\n"


def test_two_connections_one_after_another(pair):
    one, other = pair
    receiver = Running(one, "snc -b 10.0.0.1:12345; snc -b 10.0.0.1:12345")
    for data in (b"first ", b"second"):
        listening(one, "listen", 12345)
        Running(other, "snc -c 10.0.0.1:12345", data).end()
    assert receiver.end() == b"first second"


def test_what_the_peer_sends_to_a_sender_does_no_harm(pair):
    one, other = pair
    data = bytes(500_000)
    with one.listen(("10.0.0.1", 9)) as listener:
        sender = Running(other, "snc -c 10.0.0.1:9", data)
        with listener.accept() as stream:
            stream.sendall(b"chatter" * 1000)
            received = bytearray()
            while block := stream.recv():
                received += block
    sender.end()
    assert received == data


def test_details(pair):
    one, other = pair
    receiver = Running(one, "snc -d -b 10.0.0.1:12345")
    listening(one, "listen", 12345)
    sender = Running(other, "snc -d -c 10.0.0.1:12345", b"x")
    sender.end()
    receiver.end()
    err = receiver.err.getvalue().decode()
    for text in (
        "(TCP): bind 10.0.0.1:12345",
        "(TCP): listen with backlog:10",
        "(TCP): Three-way handshake successes: from 10.0.0.2:",
        "(TCP): starting _read()...",
        "(TCP): last _read() return 0",
    ):
        assert text in err
    assert err.startswith("[")


def test_refused(pair):
    one, _ = pair
    out, err = io.BytesIO(), io.BytesIO()
    status = run(one, commands="snc -d -c 10.0.0.2:1", stdin=io.BytesIO(b"x"), stdout=out, stderr=err)
    assert status == 1
    assert "_connect error" in err.getvalue().decode()
    assert "shell: snc: 10.0.0.2:1: " in err.getvalue().decode()
    assert "refused" in err.getvalue().decode().lower()


def test_an_address_that_is_not_ours(pair):
    one, _ = pair
    err = io.BytesIO()
    assert run(one, commands="snc -b 10.7.7.7:1", stdin=io.BytesIO(), stdout=io.BytesIO(), stderr=err) == 1
    assert err.getvalue().startswith(b"shell: snc: 10.7.7.7:1: ")


def test_udp(pair):
    one, other = pair
    receiver = Running(one, "snc -d -u -b 10.0.0.1:12345")
    listening(one, "udp", 12345)
    data = random.Random(1).randbytes(3000)
    Running(other, "snc -u -c 10.0.0.1:12345", data).end()
    end = time.monotonic() + LIMIT
    while len(receiver.out.getvalue()) < len(data) and time.monotonic() < end:
        time.sleep(0.005)
    assert receiver.out.getvalue() == data
    assert "(UDP): ip: 512 bytes from 10.0.0.2:" in receiver.err.getvalue().decode()
    one.close()  # it would wait for ever
    receiver.thread.join(LIMIT)
    assert receiver.status == 1


@pytest.mark.parametrize(
    "command",
    [
        "snc -b 10.0.0.1:12345",
        "snc -u -b 10.0.0.1:12345",
        "snc -c 10.0.0.77:12345",
        "snc -c 10.0.0.2:7",
        "ping 10.0.0.2",
    ],
)
def test_interrupt_leaves_nothing_behind(pair, command):
    one, other = pair
    read, write = os.pipe()  # a standard input that says nothing and does not end
    with other.listen(("10.0.0.2", 7)), os.fdopen(read, "rb") as silent:
        threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
        start = time.monotonic()
        out = io.BytesIO()
        status = run(one, commands=command, stdin=silent, stdout=out, stderr=io.BytesIO())
        assert time.monotonic() - start < 5
        assert status == (0 if command.startswith("ping") else 130)
    os.close(write)
    end = time.monotonic() + LIMIT
    while one.sockets and time.monotonic() < end:  # a connection that was reset may take a moment
        time.sleep(0.01)
    assert one.sockets == []
    assert not [thread for thread in threading.enumerate() if thread.name in ("snc", "ping")]
