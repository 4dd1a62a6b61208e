"""The core without a device: what a frame costs from `inject` to where it ends. Each figure holds Python's part too."""

import random
import struct

import pytest

from tapip_rs import Stack, _core

OURS, PEER, PORT = "10.0.0.1", "10.0.0.2", 80


def packet(protocol, head, payload=b"", field=6):
    """An IPv4 packet (no link header) from PEER to us; `field` is where the transport checksum stands."""
    source, target = bytes(map(int, PEER.split("."))), bytes(map(int, OURS.split(".")))
    body = bytearray(head + payload)
    body[field : field + 2] = _core.checksum(source + target + struct.pack("!HH", protocol, len(body)) + body).to_bytes(
        2
    )
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), 0, 0x4000, 64, protocol, 0) + source + target
    return ip[:10] + _core.checksum(ip).to_bytes(2) + ip[12:] + body


def segment(sport, seq, ack, flags, payload=b""):
    """A TCP segment to our port."""
    return packet(6, struct.pack("!HHIIBBHHH", sport, PORT, seq, ack, 5 << 4, flags, 65535, 0, 0), payload, field=16)


@pytest.mark.parametrize("size", [64, 1500, 65536])
def test_checksum(benchmark, size):
    benchmark.group = "checksum"
    data = random.Random(1).randbytes(size)
    benchmark(_core.checksum, data)


@pytest.mark.parametrize("size", [18, 1472])
def test_udp_inject_to_recv(benchmark, size):
    benchmark.group = "a UDP datagram in, read by the application"
    stack = Stack.detached(seed=1, medium="ip", address=f"{OURS}/24")
    index, core = stack.interfaces["veth"].index, stack.core
    port = core.udp((OURS, PORT))
    datagram = packet(17, struct.pack("!HHHH", 1000, PORT, 8 + size, 0), bytes(size))

    def deliver():
        core.inject(index, datagram)
        return port.recv(2048)

    assert len(deliver()) == size
    benchmark(deliver)


@pytest.mark.parametrize("connections", [1, 100, 10_000])
def test_tcp_demux(benchmark, connections):
    benchmark.group = "a pure ACK in, to one of n TCP connections"
    stack = Stack.detached(seed=1, medium="ip", address=f"{OURS}/24")
    index, core = stack.interfaces["veth"].index, stack.core
    listener = core.tcp_listen((OURS, PORT), 128)
    acks, streams = [], []
    for sport in range(20_000, 20_000 + connections):
        core.inject(index, segment(sport, 100, 0, flags=0x02))
        syn_ack = core.pull(index)
        ours = struct.unpack_from("!I", syn_ack, 24)[0]
        acks.append(segment(sport, 101, ours + 1 & 0xFFFFFFFF, flags=0x10))
        core.inject(index, acks[-1])
        streams.append(listener.accept())
    random.Random(1).shuffle(acks)
    many = (acks * (1000 // len(acks) + 1))[:1000]

    def burst():
        for ack in many:
            core.inject(index, ack)

    benchmark.extra_info["acks in a round"] = len(many)
    benchmark(burst)
    assert {stream.info().state for stream in streams} == {"ESTABLISHED"}
