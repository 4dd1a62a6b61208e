"""Peers that stop reading, vanish, reset or refuse; a device that goes down; a tapip that is killed."""

import errno
import select
import signal
import socket
import struct
import time

import pytest

from e2e.live import (
    KERNEL,
    LIMIT,
    STACK,
    Shell,
    Task,
    drain,
    kernel_listener,
    kernel_socket,
    noise,
    processor_time,
    sha256,
    until,
)

pytestmark = pytest.mark.e2e


@pytest.fixture
def link(netns, stack):
    """A connection that the stack opened: its stream, and the kernel's end."""
    with kernel_listener(netns, receive_buffer=20_000) as listener:
        stream = stack.connect((KERNEL, listener.getsockname()[1]), timeout=LIMIT)
        peer, _ = listener.accept()
        peer.settimeout(LIMIT)
        with peer, stream:
            yield stream, peer


def test_the_kernel_does_not_read(link):
    """A zero window is probed for as long as it takes, and everything arrives once it opens."""
    stream, peer = link
    data = noise(8_000_000)
    sender = Task(lambda: (stream.sendall(data), stream.shutdown(socket.SHUT_WR)))
    until("the zero window", lambda: stream.info().snd_wnd < 1448 and stream.info().timers)
    time.sleep(1.5)
    assert stream.info().state in ("ESTABLISHED", "FIN-WAIT-1")
    assert drain(peer) == (len(data), sha256(data))
    sender.result()


def test_we_do_not_read(link):
    """Our window closes, and opens again by itself when we read."""
    stream, peer = link
    data = noise(16_000_000)
    sender = Task(lambda: (peer.sendall(data), peer.shutdown(socket.SHUT_WR)))
    until("our window to close", lambda: stream.info().rcv_wnd < 65536)
    time.sleep(0.5)
    assert sender.is_alive()
    assert drain(stream) == (len(data), sha256(data))
    sender.result()


def test_the_kernel_resets(link):
    stream, peer = link
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.close()
    with pytest.raises(ConnectionResetError):
        stream.recv()
    with pytest.raises(BrokenPipeError):
        stream.send(b"more")


def test_we_reset(link):
    stream, peer = link
    stream.abort()
    with pytest.raises(ConnectionResetError):
        peer.recv(1)


def test_we_close_unread(link):
    """Closing over unread data resets the connection (RFC 9293 3.6.1), so that the peer knows."""
    stream, peer = link
    peer.sendall(b"nobody reads this")
    stream.wait(select.POLLIN, LIMIT)
    stream.close()
    with pytest.raises(ConnectionResetError):
        peer.recv(1)


def vanish(netns):
    """From here on the kernel sends nothing to the stack."""
    netns.ip("route add blackhole 10.0.0.1/32")
    netns.ip("neigh flush all")


def test_a_peer_vanishes_while_we_send(netns, link):
    stream, _ = link
    stream.set_option("user_timeout", 1000)
    stream.sendall(b"anybody there?")
    vanish(netns)
    stream.settimeout(LIMIT)
    start = time.monotonic()
    stream.sendall(b"hello?")
    with pytest.raises(TimeoutError) as raised:
        stream.recv()
    assert raised.value.errno == errno.ETIMEDOUT
    assert 0.8 < time.monotonic() - start < 5


def test_a_peer_vanishes_while_we_wait(netns, link):
    stream, _ = link
    for option, value in (("keepalive", 1), ("keep_idle", 1000), ("keep_interval", 1000), ("keep_count", 1)):
        stream.set_option(option, value)
    vanish(netns)
    stream.settimeout(LIMIT)
    start = time.monotonic()
    with pytest.raises(TimeoutError) as raised:
        stream.recv()
    assert raised.value.errno == errno.ETIMEDOUT
    assert 1.5 < time.monotonic() - start < 6


def test_nobody_listens(stack):
    with pytest.raises(ConnectionRefusedError):
        stack.connect((KERNEL, 9), timeout=LIMIT)


def test_nobody_is_there(stack):
    with pytest.raises(TimeoutError):
        stack.connect(("10.0.0.99", 9), timeout=0.5)


def test_nobody_listens_here(netns, stack):
    with kernel_socket(netns) as peer, pytest.raises(ConnectionRefusedError):
        peer.connect((STACK, 9))


@pytest.mark.parametrize("way", ["in", "out"])
def test_the_tap_goes_down_and_up(netns, stack, link, way):
    """The kernel reboots the device in the middle of a transfer; it goes on where it was."""
    stream, peer = link
    data = noise(20_000_000)
    sender, reader = (peer, stream) if way == "in" else (stream, peer)
    stream.settimeout(40)
    peer.settimeout(40)
    task = Task(lambda: (sender.sendall(data), sender.shutdown(socket.SHUT_WR)))
    first = reader.recv(1000)
    netns.ip("link set tap0 down")
    time.sleep(0.3)
    netns.ip("link set tap0 up")
    rest = bytearray()
    while block := reader.recv(1 << 18):
        rest += block
    task.result(40)
    assert sha256(first + bytes(rest)) == sha256(data)
    assert stack.failure is None


def test_killed_and_started_again(netns):
    with Shell(netns, "-c", "snc -d -b 0.0.0.0:12345") as first, kernel_socket(netns) as peer:
        first.err.expect("listen")
        peer.connect((STACK, 12345))
        peer.sendall(b"hello")
        first.out.expect("hello")
        first.process.send_signal(signal.SIGKILL)
        assert first.wait() == -signal.SIGKILL
        with Shell(netns) as second:
            netns.run("ping", "-c", "1", "10.0.0.1")
            peer.sendall(b"still there?")
            with pytest.raises(ConnectionResetError):  # the new one does not know of it
                peer.recv(1)
            second.say("exit")
            second.good()
    assert [each["ifname"] for each in netns.json("link")] == ["lo"]


def test_sigterm_ends_within_a_second(netns):
    with Shell(netns, "-c", "snc -d -b 0.0.0.0:12345") as shell, kernel_socket(netns) as peer:
        shell.err.expect("listen")
        peer.connect((STACK, 12345))
        peer.sendall(noise(1_000_000))
        shell.err.expect("_read")
        start = time.monotonic()
        shell.process.terminate()
        assert shell.wait() == 128 + signal.SIGTERM
        seconds = time.monotonic() - start
    assert seconds < 1.5  # a second on a quiet machine
    assert [each["ifname"] for each in netns.json("link")] == ["lo"]


def test_idle_costs_nothing(netns):
    """Under 5 ms of processor time in 10 s, a connection being open; measured for two seconds, the best of three."""
    with Shell(netns, "-c", "snc -d -b 0.0.0.0:12345") as shell, kernel_socket(netns) as peer:
        shell.err.expect("listen")
        peer.connect((STACK, 12345))
        peer.sendall(b"hello")
        shell.out.expect("hello")
        time.sleep(0.5)
        spent = []
        for _ in range(3):
            before = processor_time(shell.pid)
            time.sleep(2)
            spent.append(processor_time(shell.pid) - before)
            if spent[-1] < 0.001:
                break
    assert min(spent) < 0.001
