"""UDP, ICMP errors to sockets, broadcast and multicast, the kernel on the other side."""

import errno
import select
import socket
import struct

import pytest

from e2e.live import KERNEL, LIMIT, STACK, Program, kernel_socket, noise, until
from tapip_rs.topology.netns import inside

pytestmark = pytest.mark.e2e

GROUP = "239.1.2.3"
ETH_P_IP = 0x0800


@pytest.fixture
def peer(netns, stack):
    with kernel_socket(netns, socket.SOCK_DGRAM) as made:
        made.bind(("0.0.0.0", 5000))
        yield made


@pytest.fixture
def port(stack):
    with stack.udp(("0.0.0.0", 5001)) as made:
        made.settimeout(LIMIT)
        yield made


@pytest.mark.parametrize("size", [0, 1, 1472, 1473, 9000, 65507])
def test_both_ways(peer, port, size):
    data = noise(size)
    peer.sendto(data, (STACK, 5001))
    received, facts = port.recvmsg(65536)
    assert received == data
    assert facts.source == (KERNEL, 5000)
    assert facts.destination == STACK
    assert facts.ttl == 64
    port.sendto(data, (KERNEL, 5000))
    assert peer.recvfrom(65536) == (data, (STACK, 5001))


def test_many(peer, port):
    """Nothing is lost while somebody reads."""
    for number in range(2000):
        peer.sendto(struct.pack("!I", number), (STACK, 5001))
        assert port.recv() == struct.pack("!I", number)


def test_a_queue_that_nobody_reads(stack, peer, port):
    """It is bounded, and what does not fit is counted."""
    for _ in range(20_000):
        peer.sendto(bytes(1400), (STACK, 5001))
    until("the count", lambda: [reason for reason, count in stack.drops.items() if count and "queue" in reason.lower()])
    assert len(port.recv()) == 1400


def test_nobody_is_bound_here(netns, stack):
    with kernel_socket(netns, socket.SOCK_DGRAM) as peer:
        peer.connect((STACK, 5999))
        peer.send(b"hello")
        with pytest.raises(ConnectionRefusedError):
            peer.recv(1)


def test_nobody_is_bound_there(stack):
    with stack.udp() as port:
        port.settimeout(LIMIT)
        port.connect((KERNEL, 5999))
        port.send(b"hello")
        with pytest.raises(ConnectionRefusedError):
            port.recv()


def test_broadcast_in(peer, port):
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    peer.sendto(b"all", ("10.0.0.255", 5001))
    assert port.recvmsg()[0] == b"all"


def test_broadcast_out(peer, port):
    with pytest.raises(PermissionError):
        port.sendto(b"all", ("10.0.0.255", 5000))
    port.set_option("broadcast", 1)
    port.sendto(b"all", ("10.0.0.255", 5000))
    assert peer.recv(100) == b"all"


def test_multicast_in(netns, stack, peer, port):
    """The join is told to the network (IGMP), and what is sent to the group arrives."""
    with inside(netns.name):
        ear = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_IP))
    with ear:
        ear.bind(("tap0", ETH_P_IP))
        ear.settimeout(LIMIT)
        port.join_group(GROUP)
        while (report := ear.recv(2000))[9] != socket.IPPROTO_IGMP:
            pass
    assert socket.inet_ntoa(report[16:20]) == "224.0.0.22"
    assert socket.inet_aton(GROUP) in report[24:]
    peer.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(KERNEL))
    peer.sendto(b"group", (GROUP, 5001))
    assert port.recvmsg()[1].destination == GROUP
    port.leave_group(GROUP)
    peer.sendto(b"nobody", (GROUP, 5001))
    peer.sendto(b"unicast", (STACK, 5001))
    assert port.recv() == b"unicast"


def test_multicast_out(netns, peer, port):
    peer.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton(GROUP) + socket.inet_aton(KERNEL))
    port.sendto(b"group", (GROUP, 5000))
    assert peer.recv(100) == b"group"


@pytest.mark.e2e("nc")
def test_nc(netns, stack, port):
    with Program(netns, "nc", "-u", STACK, "5001") as nc:
        nc.say("hello")
        data, sender = port.recvfrom()
        assert data == b"hello\n"
        port.sendto(b"and back\n", sender)
        nc.out.expect("and back")


def test_the_error_queue_of_a_refusal(stack):
    """ICMP port unreachable from the kernel, read from the queue instead of being raised."""
    with stack.udp() as port:
        port.settimeout(LIMIT)
        port.set_option("receive_errors", 1)
        assert port.errors() == []
        port.sendto(b"anyone?", (KERNEL, 5999))
        assert port.wait(select.POLLERR, LIMIT) & select.POLLERR
        [error] = port.errors()
        assert (error.errno, error.origin, error.destination) == (errno.ECONNREFUSED, KERNEL, (KERNEL, 5999))
        assert (error.icmp, error.mtu) == ((3, 3), None)
        assert 0 < error.time <= stack.now
        assert not port.readiness() & select.POLLERR
        port.sendto(b"anyone else?", (KERNEL, 5998))  # what was read from the queue fails no call
        port.wait(select.POLLERR, LIMIT)
        with pytest.raises(ConnectionRefusedError):
            port.recv()
        assert [error.destination for error in port.errors()] == [(KERNEL, 5998)]


def test_the_error_queue_of_a_datagram_that_is_too_long(stack):
    with stack.udp() as port, stack.raw(253) as raw:
        for each, remote, to in ((port, (KERNEL, 5000), (KERNEL, 5000)), (raw, KERNEL, (KERNEL, 0))):
            each.set_option("mtu_discover", 2)
            with pytest.raises(OSError, match="message too long"):
                each.sendto(bytes(1481), remote)
            assert each.errors() == []  # nobody asked for them
            each.set_option("receive_errors", 1)
            with pytest.raises(OSError, match="message too long") as caught:
                each.sendto(bytes(1481), remote)
            assert caught.value.errno == errno.EMSGSIZE
            [error] = each.errors()
            assert (error.errno, error.mtu, error.origin, error.icmp) == (errno.EMSGSIZE, 1500, None, None)
            assert error.destination == to
            assert each.sendto(bytes(1400), remote) == 1400


def test_the_error_queue_of_a_narrow_path(netns, stack):
    """The kernel forwards to a device with a small MTU, and says so (ICMP 3/4)."""
    netns.ip("link add narrow type veth peer name far")
    netns.ip("link set far up")
    netns.ip("link set narrow mtu 900 up")
    netns.ip("addr add 10.7.0.1/24 dev narrow")
    netns.run("sysctl", "-qw", "net.ipv4.ip_forward=1")
    with stack.raw(253) as raw:
        raw.set_option("mtu_discover", 2)
        raw.set_option("receive_errors", 1)
        raw.sendto(bytes(1400), "10.7.0.9")
        assert raw.wait(select.POLLERR, LIMIT) & select.POLLERR
        [error] = raw.errors()
        assert (error.errno, error.origin, error.destination) == (errno.EMSGSIZE, KERNEL, ("10.7.0.9", 0))
        assert (error.icmp, error.mtu) == ((3, 4), 900)
        with pytest.raises(OSError, match="message too long"):
            raw.sendto(bytes(1400), "10.7.0.9")
        assert [error.mtu for error in raw.errors()] == [900]
