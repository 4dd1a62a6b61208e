"""Frames that nobody should send, put on the wire by the kernel's side: counted, and otherwise without effect."""

import random
import socket
import warnings

import pytest

from e2e.live import KERNEL, SOAK, STACK, kernel_socket, until
from tapip_rs.topology.netns import inside

pytestmark = pytest.mark.e2e

MAC = "00:34:45:67:89:ab"
FRAMES = 300_000 if SOAK else 20_000


@pytest.fixture
def wire(netns, stack):
    """The kernel's end of the tap, for whole frames."""
    with inside(netns.name):
        made = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    with made:
        made.bind(("tap0", 0))
        yield made


def scapy():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import scapy.layers.inet
        import scapy.layers.l2
        import scapy.packet
    return scapy


def seeds():
    """Frames that are right, of every protocol."""
    s = scapy()
    inet, l2, raw = s.layers.inet, s.layers.l2, s.packet.Raw
    ether, ip = l2.Ether(dst=MAC, src="02:00:00:00:00:02"), inet.IP(src=KERNEL, dst=STACK)
    options = [("MSS", 1460), ("WScale", 7), ("Timestamp", (1, 0)), ("SAckOK", b""), ("SAck", (1, 2))]
    messages = [
        ether / l2.ARP(op=1, psrc=KERNEL, pdst=STACK),
        ether / l2.ARP(op=2, psrc=KERNEL, pdst=STACK, hwdst=MAC),
        ether / ip / inet.ICMP() / raw(bytes(56)),
        ether / ip / inet.ICMP(type=3, code=4, nexthopmtu=576) / ip / inet.TCP(sport=12345, dport=80),
        ether / ip / inet.ICMP(type=5, code=1, gw="10.0.0.77") / ip / inet.UDP(),
        ether / ip / inet.UDP(sport=53, dport=5001) / raw(b"hello"),
        ether / ip / inet.TCP(sport=4000, dport=80, flags="S", options=options),
        ether / ip / inet.TCP(sport=4001, dport=80, flags="SFURPA", urgptr=7) / raw(b"xmas"),
        ether / ip / inet.TCP(sport=4002, dport=80, flags="A", seq=1, ack=1) / raw(bytes(1000)),
        ether / inet.IP(src=STACK, dst=STACK) / inet.TCP(sport=80, dport=80, flags="S"),
        ether / inet.IP(src="255.255.255.255", dst=STACK) / inet.ICMP(),
        ether / inet.IP(src="127.0.0.1", dst=STACK) / inet.ICMP(),
        ether / inet.IP(src=KERNEL, dst="10.0.0.255") / inet.ICMP(),
        ether / inet.IP(src=KERNEL, dst=STACK, proto=4) / ip / inet.ICMP(),
        ether / inet.IP(src=KERNEL, dst=STACK, proto=2) / raw(bytes.fromhex("1164ee9b00000000")),
        ether / inet.IP(src=KERNEL, dst=STACK, flags="MF", frag=0) / raw(bytes(64)),
        ether / inet.IP(src=KERNEL, dst=STACK, frag=8189) / raw(bytes(1000)),
        ether / inet.IP(src=KERNEL, dst=STACK, options=inet.IPOption_LSRR(routers=["10.9.9.9"])) / inet.ICMP(),
        ether / inet.IP(src=KERNEL, dst="203.0.113.9", ttl=1) / inet.UDP(),
    ]
    return [bytes(message) for message in messages]


def mutated(frame, dice):
    """A frame with a few bytes changed, cut, or grown."""
    bad = bytearray(frame)
    for _ in range(dice.randint(1, 6)):
        kind = dice.random()
        if kind < 0.7:
            bad[dice.randrange(12, len(bad))] = dice.choice((0, 1, 0x7F, 0x80, 0xFF, dice.randrange(256)))
        elif kind < 0.85 and len(bad) > 20:
            del bad[dice.randrange(14, len(bad)) :]
        else:
            bad += dice.randbytes(dice.randrange(1, 64))
    return bytes(bad[:1514]).ljust(14, b"\0")


@pytest.mark.timeout(600)
def test_mutated_frames(netns, stack, wire):
    dice = random.Random(7)
    good = seeds()
    with stack.listen((STACK, 80)), stack.udp((STACK, 5001)):
        for _ in range(FRAMES):
            wire.send(mutated(dice.choice(good), dice))
        assert_alive(netns, stack)
    assert sum(stack.drops.values()) > FRAMES // 10


def test_each_by_itself(netns, stack, wire):
    for frame in seeds():
        wire.send(frame)
    for length in range(14, 80):
        wire.send(b"\xff" * 6 + bytes(length - 6))
        wire.send(bytes.fromhex(MAC.replace(":", "")) + bytes(6) + b"\x08\x00" + bytes([0x45]) * (length - 14))
    assert_alive(netns, stack)
    reasons = {reason for reason, count in stack.drops.items() if count}
    assert len(reasons) >= 5, reasons


def test_a_syn_flood(netns, stack, wire):
    """Thousands of SYNs from nowhere: half-open connections are bounded, the others live on."""
    s = scapy()
    inet, l2 = s.layers.inet, s.layers.l2
    ether = l2.Ether(dst=MAC, src="02:00:00:00:00:02")
    flood = [
        bytes(
            ether
            / inet.IP(src=f"10.0.0.{3 + n % 200}", dst=STACK)
            / inet.TCP(sport=1024 + n, dport=80, flags="S", seq=n)
        )
        for n in range(1000)
    ]
    with (
        stack.listen((STACK, 80)) as flooded,
        stack.listen((STACK, 81)) as other,
        kernel_socket(netns) as early,
    ):
        early.connect((STACK, 81))
        for frame in flood * 5:
            wire.send(frame)
        with other.accept() as stream, kernel_socket(netns) as late:
            early.sendall(b"hello")
            assert stream.recv() == b"hello"
            late.connect((STACK, 81))
        half_open = [each for each in stack.tcp_connections if each.state == "SYN-RECEIVED"]
        assert 0 < len(half_open) <= stack.policy["net.ipv4.tcp_max_syn_backlog"]
        assert stack.counters["TcpSyncookiesSent"] > 0
        with kernel_socket(netns) as client:
            client.connect((STACK, 80))  # by a cookie: the flooded port serves on
            with flooded.accept() as stream:
                client.sendall(b"still here")
                assert stream.recv() == b"still here"
    assert stack.failure is None


def assert_alive(netns, stack):
    netns.ip("neigh flush all")  # hostile ARP may have taught the kernel nothing, but the stack answers anew
    netns.run("ping", "-c", "2", "-i", "0.2", STACK)
    assert stack.failure is None
    reply = next(iter(stack.ping(KERNEL, 1)))
    assert reply.error is None
    until("the buffers to come back", lambda: stack.memory["packets_in_use"] < 600)
