"""How a program leaves: peers learn of it, whatever the wire does to frames."""

import os
import signal
import socket
import threading
import time
from contextlib import suppress

import pytest

from e2e.live import KERNEL, Task, kernel_listener, until
from tapip_rs import Stack

pytestmark = pytest.mark.e2e

BAD = {"drop": 0.02, "reorder": 0.05, "duplicate": 0.02, "corrupt": 0.01}


def leave_by_an_exception(netns, address, fault):
    """Connect, queue data that the wire keeps from going, and fall; returns when that was."""
    with suppress(ZeroDivisionError), Stack.top2(netns=netns.name, offload=os.environ["TAPIP_OFFLOAD"]) as stack:
        stream = stack.connect((KERNEL, address[1]), timeout=20)
        stack.interfaces["veth"].fault(seed=1, **fault)
        stream.settimeout(0)
        with suppress(BlockingIOError):
            while True:
                stream.send(bytes(100_000))
        fell = time.monotonic()
        raise ZeroDivisionError
    assert time.monotonic() - fell < 1
    return fell


def hear_the_end(listener):
    """How the kernel's connection ends, and when."""
    peer, _ = listener.accept()
    with peer:
        peer.settimeout(10)
        try:
            while peer.recv(1 << 16):
                pass
            return "FIN", time.monotonic()
        except ConnectionResetError:
            return "RST", time.monotonic()


@pytest.mark.parametrize(
    "fault",
    [{}, BAD, {"drop": 0.3}, {"drop": 1.0}, {"delay": 0.3}, {"rate": 1e6}],
    ids=["none", "bad", "worse", "deaf", "late", "slow"],
)
def test_a_peer_sees_the_end_of_a_program_that_fell(netns, fault):
    with kernel_listener(netns) as listener:
        listener.settimeout(20)
        task = Task(hear_the_end, listener)
        fell = leave_by_an_exception(netns, listener.getsockname(), fault)
        how, when = task.result()
    assert when - fell < 2, how


def test_a_peer_that_waits_for_an_answer_sees_it_too(netns):
    """What it sent was not read, and the reset that says so is not lost with the wire."""
    with kernel_listener(netns) as listener:
        listener.settimeout(20)
        with suppress(ZeroDivisionError), Stack.top2(netns=netns.name, offload=os.environ["TAPIP_OFFLOAD"]) as stack:
            stream = stack.connect((KERNEL, listener.getsockname()[1]), timeout=20)
            peer, _ = listener.accept()
            peer.settimeout(10)
            peer.sendall(b"a question")
            assert stream.peek() == b"a question"
            stack.interfaces["veth"].fault(drop=1.0)
            raise ZeroDivisionError
        with peer, pytest.raises(ConnectionResetError):
            peer.recv(1, socket.MSG_WAITALL)


@pytest.fixture
def slow_reader(netns, stack):
    """A connection to a peer that reads nothing: its window is shut, and data waits for it."""
    with kernel_listener(netns, receive_buffer=4096) as listener:
        with stack.connect((KERNEL, listener.getsockname()[1]), timeout=20) as stream:
            peer, _ = listener.accept()
            peer.settimeout(10)
            stream.sendall(bytes(100_000))
            until("a shut window", lambda: stream.info().snd_wnd == 0)
            yield stream, peer
        peer.close()


def read_all(peer):
    size = 0
    while block := peer.recv(1 << 16):
        size += len(block)
    return size


def test_closing_with_linger_waits_for_the_peer(slow_reader):
    stream, peer = slow_reader
    stream.set_option("linger", 8000)
    reader = Task(lambda: (time.sleep(0.4), read_all(peer))[1])
    start = time.monotonic()
    stream.close()
    assert 0.3 < time.monotonic() - start < 7
    assert stream.closed
    assert reader.result() == 100_000


def test_closing_with_linger_resets_when_the_time_is_up(slow_reader):
    stream, peer = slow_reader
    stream.set_option("linger", 500)
    start = time.monotonic()
    stream.close()
    assert 0.45 < time.monotonic() - start < 2
    with pytest.raises(ConnectionResetError):
        read_all(peer)


def test_closing_without_linger_does_not_wait(slow_reader):
    stream, peer = slow_reader
    start = time.monotonic()
    stream.close()
    assert time.monotonic() - start < 0.3
    assert read_all(peer) == 100_000


def test_lingering_hears_signals(slow_reader):
    stream, peer = slow_reader
    stream.set_option("linger", 8000)
    threading.Timer(0.2, signal.pthread_kill, (threading.main_thread().ident, signal.SIGINT)).start()
    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        stream.close()
    assert time.monotonic() - start < 4
    assert read_all(peer) == 100_000  # it goes on in the background
