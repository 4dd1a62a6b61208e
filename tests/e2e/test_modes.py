"""A checked pattern in every way that bytes can take, not one of them wrong: 160 MB here, 10 GB under `make soak`."""

import socket
import threading
from contextlib import suppress

import pytest

from e2e.live import KERNEL, SOAK, STACK, Task, drain, kernel_listener, kernel_socket, noise, sha256
from tapip_rs import Stack

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1200 if SOAK else 240)]

#: Sent so often. Every test here runs with offload and without.
TIMES = 64 if SOAK else 1
DATA = noise(2 << 20)
DIGEST = sha256(DATA)
WHOLE = (len(DATA), DIGEST)
LONG = 120

#: How the stack is set up, and how its application sends.
MODES = {
    "copy": ({}, lambda stream: send_in_pieces(stream, 10_000)),
    "reference": ({}, lambda stream: stream.sendall(DATA)),
    "small": ({}, lambda stream: send_in_pieces(stream, 700)),
    "spin": ({"spin": "on"}, lambda stream: stream.sendall(DATA)),
    "queues": ({"queues": 3}, lambda stream: stream.sendall(DATA)),
}


def send_in_pieces(stream, size):
    for at in range(0, len(DATA), size):
        stream.sendall(DATA[at : at + size])


@pytest.fixture(params=["leader", "background"])
def who(request):
    """Who watches the devices while the application waits: itself, or the driver, since others sleep as well."""
    return request.param


@pytest.fixture(params=MODES)
def mode(request, netns, offload, who):
    settings, send = MODES[request.param]
    with Stack.top2(netns=netns.name, offload=offload, **settings) as stack:
        if who == "background":
            for port in (9001, 9002):
                Task(sleep_on, stack, port)
        yield stack, send


def sleep_on(stack, port):
    """Wait for somebody who never comes, until the stack is closed."""
    with suppress(OSError):
        stack.listen((STACK, port)).accept()


def drain_next(listener):
    """Read the next connection to its end."""
    with listener.accept()[0] as stream:
        stream.settimeout(LONG)
        return drain(stream)


def test_out(netns, mode):
    stack, send = mode
    with kernel_listener(netns, 7000) as listener:
        for _ in range(TIMES):
            reader = Task(drain_next, listener)
            with stack.connect((KERNEL, 7000), timeout=LONG) as stream:
                send(stream)
                stream.shutdown(socket.SHUT_WR)
                assert reader.result(LONG) == WHOLE


def test_in(netns, mode):
    stack, _ = mode
    with stack.listen((STACK, 7001)) as listener:
        for _ in range(TIMES):
            with kernel_socket(netns) as sender:
                sender.settimeout(LONG)
                sender.connect((STACK, 7001))
                writer = Task(lambda: (sender.sendall(DATA), sender.shutdown(socket.SHUT_WR)))
                with listener.accept() as stream:
                    stream.settimeout(LONG)
                    assert drain(stream) == WHOLE
                writer.result(LONG)


def test_both_ways_at_once(netns, mode):
    stack, send = mode
    with stack.listen((STACK, 7002)) as listener:
        for _ in range(TIMES):
            with kernel_socket(netns) as peer:
                peer.settimeout(LONG)
                peer.connect((STACK, 7002))
                theirs = Task(lambda: (peer.sendall(DATA), peer.shutdown(socket.SHUT_WR)))
                reader = Task(drain, peer)
                with listener.accept() as stream:
                    stream.settimeout(LONG)
                    ours = Task(lambda: (send(stream), stream.shutdown(socket.SHUT_WR)))
                    assert drain(stream) == WHOLE
                    ours.result(LONG)
                    assert reader.result(LONG) == WHOLE
                theirs.result(LONG)


def test_a_reader_that_stops_and_goes_on(netns, stack):
    """Its window closes, the sender probes; it goes on where it stopped, and another flow never waited."""
    pause = 60 if SOAK else 2
    with stack.listen((STACK, 7003)) as listener, kernel_socket(netns) as sender:
        sender.settimeout(LONG)
        sender.connect((STACK, 7003))
        whole = DATA * 15
        writer = Task(sender.sendall, whole)
        with listener.accept() as stream:
            stream.settimeout(LONG)
            assert stream.recv(1) == DATA[:1]
            threading.Event().wait(pause)
            assert writer.is_alive(), "30 MB do not fit between them"
            assert next(iter(stack.ping(KERNEL, 1))).error is None
            left, buffer = len(whole) - 1, bytearray(1 << 18)
            while left:
                count = stream.recv_into(buffer)
                at = len(whole) - left
                assert buffer[:count] == whole[at : at + count]
                left -= count
        writer.result(LONG)
