"""Stacks without device, thread or clock, driven by hand; scapy gives the second opinion on what they say."""

import contextlib
import hashlib

import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.l2 import ARP, Ether

from tapip_rs import Stack, _core
from tapip_rs.ping import checksum, echo_request
from wires import A, B, Wire

PEER_MAC = "02:00:00:00:00:02"


@pytest.fixture
def stack() -> Stack:
    return Stack.detached(seed=1, address=f"{A}/24")


def drained(stack: Stack) -> Stack:
    """Without the announcement of its own address."""
    list(stack.frames())
    return stack


def test_an_address_is_announced(stack):
    announcement = Ether(stack.pull())
    assert announcement.dst == "ff:ff:ff:ff:ff:ff"
    assert (announcement[ARP].psrc, announcement[ARP].pdst) == (A, A)
    assert announcement.src == announcement[ARP].hwsrc == stack.interfaces["veth"].mac


def test_arp_is_answered(stack):
    drained(stack).inject(Ether(src=PEER_MAC, dst="ff:ff:ff:ff:ff:ff") / ARP(hwsrc=PEER_MAC, psrc=B, pdst=A))
    reply = Ether(stack.pull())
    assert reply.dst == PEER_MAC
    assert (reply[ARP].op, reply[ARP].psrc, reply[ARP].pdst) == (2, A, B)
    assert stack.neighbors[B].mac == PEER_MAC


def exchange_with_scapy(stack: Stack, packet):
    stack.neighbors.add(B, PEER_MAC)
    drained(stack).inject(Ether(src=PEER_MAC, dst=stack.interfaces["veth"].mac) / packet)
    return [Ether(frame) for frame in stack.frames()]


def checked(packet, layer):
    """`packet`, once scapy has computed the checksums anew and found the same."""
    again = packet.copy()
    for header in (IP, layer):
        del again[header].chksum
    again = type(packet)(bytes(again))
    assert (again[IP].chksum, again[layer].chksum) == (packet[IP].chksum, packet[layer].chksum)
    return packet


def test_echo_is_answered(stack):
    [reply] = exchange_with_scapy(stack, IP(src=B, dst=A) / ICMP(id=7, seq=9) / b"payload")
    checked(reply, ICMP)
    assert (reply[IP].src, reply[IP].dst, reply[IP].ttl) == (A, B, 64)
    assert (reply[ICMP].type, reply[ICMP].id, reply[ICMP].seq, bytes(reply[ICMP].payload)) == (0, 7, 9, b"payload")


def test_syn_to_a_closed_port_is_reset(stack):
    [reply] = exchange_with_scapy(stack, IP(src=B, dst=A) / TCP(sport=1000, dport=81, seq=7, flags="S"))
    checked(reply, TCP)
    assert (reply[TCP].flags, reply[TCP].ack, reply[TCP].sport) == ("RA", 8, 81)


def test_syn_to_a_listener_is_answered(stack):
    _listener = stack.listen((A, 80))
    syn = TCP(sport=1000, dport=80, seq=7, flags="S", options=[("MSS", 1460), ("SAckOK", b""), ("WScale", 7)])
    [reply] = exchange_with_scapy(stack, IP(src=B, dst=A) / syn)
    checked(reply, TCP)
    assert (reply[TCP].flags, reply[TCP].ack) == ("SA", 8)
    options = dict(reply[TCP].options)
    assert options["MSS"] == 1460
    assert "SAckOK" in options
    assert "WScale" in options


def test_udp_to_a_closed_port_is_unreachable(stack):
    [reply] = exchange_with_scapy(stack, IP(src=B, dst=A, id=5) / UDP(sport=1000, dport=81) / b"hello")
    checked(reply, ICMP)
    assert (reply[ICMP].type, reply[ICMP].code) == (3, 3)
    assert reply[ICMP].payload.sport == 1000


def test_at_layer_3_packets_have_no_frame():
    stack = Stack.detached(seed=1, medium="ip", address=f"{A}/24")
    assert list(stack.frames()) == []
    stack.inject(IP(src=B, dst=A) / ICMP(id=1, seq=1) / b"x")
    reply = IP(stack.pull())
    assert (reply.src, reply[ICMP].type) == (A, 0)


def test_garbage_is_dropped_and_counted(stack):
    for size in (0, 1, 13, 14, 15, 33, 60, 1514):
        stack.inject(bytes(size))
        stack.inject(b"\xff" * size)
    stack.inject(Ether(dst=stack.interfaces["veth"].mac, src=PEER_MAC, type=0x0800) / (b"E" * 40))
    assert sum(stack.drops.values()) > 0
    assert sum(stack.interfaces["veth"].drops.values()) > 0
    assert stack.failure is None


def test_time_stands_still_until_advanced(stack):
    assert stack.now == 0
    stack.advance(1.5)
    assert stack.now == 1.5


def test_timers_fire_when_due(stack):
    stack.connect((B, 80))
    drained(stack)
    assert 0 < stack.next_timeout <= 1
    stack.advance(stack.next_timeout)
    assert Ether(stack.pull())[ARP].pdst == B


def test_the_same_seed_gives_the_same_frames():
    def run() -> list:
        wire = Wire(seed=5)
        transfer(wire, b"deterministic" * 1000)
        wire.advance(1)
        return wire.frames

    first, second = run(), run()
    assert first == second
    assert len(first) > 10


def transfer(wire: Wire, data: bytes) -> bytes:
    """`data` from A to B by TCP; what B got."""
    listener = wire.b.listen((B, 80))
    client = wire.a.connect((B, 80))
    wire.exchange()
    server = listener.accept()
    received, rest = bytearray(), memoryview(data)

    def step() -> bool:
        nonlocal rest
        if rest:
            with contextlib.suppress(BlockingIOError):
                rest = rest[client.send(rest) :]
            if not rest:
                client.shutdown(1)
        try:
            while chunk := server.recv():
                received.extend(chunk)
        except BlockingIOError:
            return False
        return True

    wire.until(step)
    client.close()
    server.close()
    wire.exchange()
    return bytes(received)


def test_tcp_transfer():
    wire = Wire()
    data = bytes(range(256)) * 4096
    assert hashlib.sha256(transfer(wire, data)).digest() == hashlib.sha256(data).digest()
    states = {info.state for info in wire.a.tcp_connections}
    assert states == {"TIME-WAIT"}
    wire.advance(130)
    assert wire.a.tcp_connections == wire.b.tcp_connections == []


def test_tcp_transfer_over_a_bad_wire():
    wire = Wire()
    for stack in (wire.a, wire.b):
        stack.interfaces["veth"].fault(drop=0.02, duplicate=0.02, reorder=0.05, corrupt=0.01, corrupt_offset=14, seed=3)
    data = bytes(range(256)) * 1024
    assert transfer(wire, data) == data
    counters = wire.a.interfaces["veth"].fault_counters
    assert counters["dropped"] > 0
    assert counters["corrupted"] > 0


def test_udp_both_ways():
    wire = Wire()
    server, client = wire.b.udp((B, 53)), wire.a.udp()
    client.sendto(b"question", (B, 53))
    wire.exchange()
    question, sender = server.recvfrom()
    server.sendto(question + b"?", sender)
    wire.exchange()
    assert client.recvfrom() == (b"question?", (B, 53))


def test_udp_larger_than_the_wire_is_cut_and_put_together():
    wire = Wire()
    server, client = wire.b.udp((B, 53)), wire.a.udp()
    data = bytes(range(256)) * 200
    client.sendto(data, (B, 53))
    wire.exchange()
    assert server.recv() == data
    assert wire.b.counters["IpReasmOKs"] == 1


def test_ping_by_raw_socket():
    wire = Wire()
    raw = wire.a.raw(1)
    raw.sendto(echo_request(3, 4, b"x" * 3000), B)
    wire.exchange()
    packet, info = raw.recvmsg()
    reply = IP(packet)
    assert (info.source[0], reply[ICMP].type, reply[ICMP].id, reply[ICMP].seq) == (B, 0, 3, 4)
    assert bytes(reply[ICMP].payload) == b"x" * 3000


def test_waiting_makes_no_sense(stack):
    with pytest.raises(BlockingIOError):
        stack.udp((A, 9)).recv()
    with pytest.raises(TypeError, match="detached"):
        stack.ping(B)


@pytest.mark.parametrize("data", [b"", b"\0", b"\0\0", b"\xff\xff", b"\1\2\3", bytes(range(256)), b"\xff" * 65507])
def test_checksum_agrees_with_scapy(data):
    from scapy.utils import checksum as scapys

    ours = checksum(data)
    assert ours == _core.checksum(data) == _core.checksum(bytearray(data))
    assert ours == scapys(data) or {ours, scapys(data)} == {0, 0xFFFF}
