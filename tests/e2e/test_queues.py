"""A tap of several queues: many flows at once, whole and in order, whichever queue each keeps to."""

import socket

import pytest

from e2e.live import KERNEL, STACK, Task, drain, kernel_listener, kernel_socket, noise, sha256
from tapip_rs import Stack
from tapip_rs.topology import TopologyError

pytestmark = pytest.mark.e2e

DATA = noise(1 << 20)
DIGEST = sha256(DATA)
FLOWS = 8


@pytest.fixture(params=[2, 5])
def queued(netns, offload, request):
    with Stack.top2(netns=netns.name, offload=offload, queues=request.param) as made:
        assert len(list_queues(netns)) == request.param
        yield made


def list_queues(netns):
    said = netns.run("ls", "/sys/class/net/tap0/queues").stdout.split()
    return [name for name in said if name.startswith("tx-")]


def send(stream):
    stream.sendall(DATA)
    stream.shutdown(socket.SHUT_WR)


def both_ways(stream):
    """Send and read at once, to the end."""
    stream.settimeout(60)
    with stream:
        writing = Task(send, stream)
        got = drain(stream)
        writing.result(60)
    return got


def test_many_flows_both_ways(netns, queued):
    with kernel_listener(netns, 7000) as theirs, queued.listen((STACK, 7001)) as ours:
        tasks = []
        for _ in range(FLOWS):
            tasks.append(Task(lambda: both_ways(queued.connect((KERNEL, 7000), timeout=20))))
            tasks.append(Task(lambda: both_ways(theirs.accept()[0])))
            with kernel_socket(netns) as made:
                made.connect((STACK, 7001))
                client = socket.socket(fileno=made.detach())
            tasks.append(Task(both_ways, client))
            tasks.append(Task(lambda: both_ways(ours.accept())))
        for task in tasks:
            assert task.result(60) == (len(DATA), DIGEST)
    assert queued.counters["TcpRetransSegs"] < 1000
    assert not [name for name in queued.interfaces["veth"].drops if "checksum" in name or "offload" in name]


def test_a_device_of_one_queue_is_not_taken_for_several(netns, offload):
    netns.ip("tuntap add dev tap0 mode tap")
    with pytest.raises(TopologyError, match="tap0 was made with one queue: make it with multi_queue, or take one"):
        Stack.top2(netns=netns.name, offload=offload, queues=2)
    netns.ip("tuntap del dev tap0 mode tap")
    netns.ip("tuntap add dev tap0 mode tap multi_queue")
    for count in (2, 1):
        with Stack.top2(netns=netns.name, offload=offload, queues=count) as stack:
            assert next(iter(stack.ping(KERNEL, 1))).error is None
