"""Little memory: a pool of a few buffers, units that it has no room for, a reader that stops."""

import pytest

from e2e.live import STACK, Task, drain, kernel_socket, noise, sha256, until

pytestmark = pytest.mark.e2e

DATA = noise(2 << 20)
DIGEST = sha256(DATA)


def send_in(stack, netns, port=7001):
    """Bytes from the kernel; what the stack got."""
    with stack.listen((STACK, port)) as listener, kernel_socket(netns) as sender:
        sender.settimeout(90)
        sender.connect((STACK, port))
        writer = Task(lambda: (sender.sendall(DATA), sender.close()))
        stream = listener.accept()
        stream.settimeout(90)
        with stream:
            got = drain(stream)
        writer.result(90)
        return got


@pytest.mark.parametrize("packets", [16, 36, 80])
@pytest.mark.timeout(240)
def test_a_pool_too_small_for_a_unit_stops_nobody(stack, netns, packets):
    stack.policy["tapip.pool_packets"] = packets
    reply = next(iter(stack.ping("10.0.0.2", 1)))
    assert reply.error is None, "small frames come whatever units need"
    assert send_in(stack, netns) == (len(DATA), DIGEST)


@pytest.mark.timeout(240)
def test_a_reader_that_holds_the_pool_stops_nobody_else(stack, netns):
    stack.policy["tapip.pool_packets"] = 80
    stack.policy["net.ipv4.tcp_rmem"] = (4096, 65536, 65536)
    with stack.listen((STACK, 7000)) as listener, kernel_socket(netns) as sender:
        sender.connect((STACK, 7000))
        writer = Task(lambda: (sender.sendall(DATA), sender.close()))
        with listener.accept() as stopped:
            stopped.settimeout(90)
            until("the pool to fill", lambda: stack.memory["packets_in_use"] >= 30)
            assert send_in(stack, netns) == (len(DATA), DIGEST)
            assert drain(stopped) == (len(DATA), DIGEST)
        writer.result(90)
    assert stack.memory["packets_in_use"] <= 2
