"""Handshakes with the kernel: Fast Open in both roles, deferred accepts, SYN cookies, clients amid a flood of SYNs."""

import random
import re
import socket
import struct
import time
from contextlib import suppress

import pytest

from e2e.live import KERNEL, SOAK, STACK, Task, kernel_listener, kernel_socket, until
from tapip_rs.topology.netns import inside

pytestmark = pytest.mark.e2e

PORT = 8080


def counter(netns, name):
    """One of the kernel's counters in the namespace."""
    said = netns.run("nstat", "-asz", name).stdout
    return int(re.search(rf"^{name}\s+(\d+)", said, re.M)[1])


def fate(stream):
    return stream.info().fields["fast_open"]


@pytest.mark.e2e("nstat", "ss")
def test_fast_open_to_the_kernel(netns, stack):
    """The first connection brings a cookie, the second brings its data in the SYN."""
    netns.run("sysctl", "-qw", "net.ipv4.tcp_fastopen=3")
    with kernel_listener(netns) as listener:
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_FASTOPEN, 16)
        listener.settimeout(5)
        address = (KERNEL, listener.getsockname()[1])
        for expected in ("cookie", "accepted", "accepted"):
            stream, taken = stack.connect_fast(address, b"question", timeout=5)
            assert taken == 8
            accepted, _ = listener.accept()
            with stream, accepted:
                assert accepted.recv(99) == b"question"
                assert fate(stream) == expected
                if expected == "accepted":
                    said = netns.run("ss", "-tino", "state", "established").stdout
                    assert " fastopen" in said, said
                accepted.sendall(b"answer")
                assert stream.recv(99) == b"answer"
    assert counter(netns, "TcpExtTCPFastOpenPassive") == 2
    assert stack.counters["TcpFastOpenActive"] == 2


@pytest.mark.e2e("nstat")
def test_fast_open_that_the_kernel_refuses(netns, stack):
    """A cookie that the server does not know any more: the data goes again, the next cookie is the right one."""
    netns.run("sysctl", "-qw", "net.ipv4.tcp_fastopen=3")
    with kernel_listener(netns) as listener:
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_FASTOPEN, 16)
        listener.settimeout(5)
        address = (KERNEL, listener.getsockname()[1])
        fates = []
        for turn in range(3):
            if turn == 1:
                netns.run("sysctl", "-qw", "net.ipv4.tcp_fastopen_key=1-2-3-4")
            stream, _ = stack.connect_fast(address, b"question", timeout=5)
            accepted, _ = listener.accept()
            with stream, accepted:
                assert accepted.recv(99) == b"question"
                fates.append(fate(stream))
    assert fates == ["cookie", "refused", "accepted"]


@pytest.mark.e2e("nstat", "ss")
def test_fast_open_from_the_kernel(netns, stack):
    """The kernel's data arrives in its SYN, and is answered before its ACK."""
    stack.policy["net.ipv4.tcp_fastopen"] = 3
    listener = stack.listen((STACK, PORT))
    listener.set_option("fast_open", 16)
    listener.settimeout(5)
    for expected in ("cookie", "accepted", "accepted"):
        with kernel_socket(netns) as client:
            client.setblocking(True)
            assert client.sendto(b"question", socket.MSG_FASTOPEN, (STACK, PORT)) == 8
            with listener.accept() as accepted:
                accepted.settimeout(5)
                assert accepted.recv(99) == b"question"
                accepted.sendall(b"answer")
                assert client.recv(99) == b"answer"
                assert fate(accepted) == expected
                if expected == "accepted":
                    said = netns.run("ss", "-tino", "dst", STACK).stdout
                    assert " fastopen" in said, said
    listener.close()
    assert counter(netns, "TcpExtTCPFastOpenActive") == 2
    assert stack.counters["TcpFastOpenPassive"] == 2


def test_deferred_accept(netns, stack):
    """A connection that the kernel opened is handed out with its first data."""
    with stack.listen((STACK, PORT)) as listener, kernel_socket(netns) as client:
        listener.set_option("defer_accept", 20_000)
        assert listener.option("defer_accept") == 20_000
        client.connect((STACK, PORT))
        listener.settimeout(0.5)
        with pytest.raises(TimeoutError):
            listener.accept()
        assert [info.state for info in stack.tcp_connections] == ["SYN-RECEIVED"]
        listener.settimeout(5)
        client.sendall(b"hello")
        with listener.accept() as accepted:
            assert accepted.recv(99) == b"hello"
    assert stack.counters["TcpDeferAcceptDrop"] >= 1


def test_a_kernel_that_defers(netns, stack):
    """The kernel is silent towards our last ACK; the connection stands all the same, and our data opens its end."""
    with kernel_listener(netns) as listener:
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, 20)
        listener.settimeout(0.5)
        with stack.connect((KERNEL, listener.getsockname()[1]), timeout=5) as stream:
            with pytest.raises(TimeoutError):
                listener.accept()
            stream.sendall(b"hello")
            accepted, _ = listener.accept()
            with accepted:
                assert accepted.recv(99) == b"hello"


@pytest.mark.e2e("ss")
@pytest.mark.parametrize("stamps", ["1", "0"])
def test_syn_cookies(netns, stack, stamps):
    """Every handshake by a cookie: with timestamps all options survive it, and the transfer is whole."""
    netns.run("sysctl", "-qw", f"net.ipv4.tcp_timestamps={stamps}")
    stack.policy["net.ipv4.tcp_syncookies"] = 2
    text = random.Random(1).randbytes(1 << 20)
    with stack.listen((STACK, PORT)) as listener, kernel_socket(netns) as client:
        listener.settimeout(5)
        client.connect((STACK, PORT))
        sender = Task(client.sendall, text)
        with listener.accept() as accepted:
            got = b""
            while len(got) < len(text):
                got += accepted.recv(1 << 16)
            sender.result()
            assert got == text
            fields = accepted.info().fields
            assert fields["syn_cookie"]
            survived = stamps == "1"
            assert (fields["sack"], fields["timestamps"], fields["snd_wscale"] > 0) == (survived,) * 3
            said = netns.run("ss", "-tino", "dst", STACK).stdout
            assert (" wscale:" in said, " sack" in said, " ts " in said) == (survived,) * 3, said
    assert stack.counters["TcpSyncookiesRecv"] == 1


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total & 0xFFFF) + (total >> 16)
    return ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF


def syn(dice, target, source):
    """An Ethernet frame with a SYN to the stack from somewhere in 198.18.0.0/15."""
    address = struct.pack("!BBH", 198, dice.choice((18, 19)), dice.randrange(1 << 16))
    to = socket.inet_aton(STACK)
    tcp = struct.pack(
        "!HHIIBBHHH", dice.randrange(1024, 1 << 16), PORT, dice.randrange(1 << 32), 0, 5 << 4, 2, 65535, 0, 0
    )
    sum_tcp = checksum(address + to + struct.pack("!HH", 6, len(tcp)) + tcp)
    tcp = tcp[:16] + struct.pack("!H", sum_tcp) + tcp[18:]
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(tcp), 0, 0x4000, 64, 6, 0, address, to)
    ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
    return target + source + b"\x08\x00" + ip + tcp


def flood(netns, frames, seconds, rate=20_000):
    """Send SYNs out of the kernel's end of the tap; how many went."""
    with inside(netns.name):
        raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    sent, start = 0, time.monotonic()
    with raw:
        raw.bind(("tap0", 0))
        while (spent := time.monotonic() - start) < seconds:
            due = min(
                int(spent * rate), sent + 200
            )  # in small bursts, or the tap's queue would lose the clients' frames
            while sent < due:
                with suppress(OSError):  # the device's queue is full: that SYN is lost
                    raw.send(frames[sent % len(frames)])
                sent += 1
            time.sleep(0.001)
    return sent


def echo(stream):
    while block := stream.recv(1 << 16):
        stream.sendall(block)


def serve(listener):
    for stream in listener:
        Task(echo, stream)


def test_a_client_amid_a_flood(netns, stack):
    """20,000 SYNs a second from everywhere: an old connection goes on, a new one comes in within three seconds."""
    seconds = 5 if SOAK else 1
    dice = random.Random(1)
    hardware = bytes.fromhex(stack.interfaces["veth"].mac.replace(":", ""))
    kernel = bytes.fromhex(netns.json("link", "show", "dev", "tap0")[0]["address"].replace(":", ""))
    frames = [syn(dice, hardware, kernel) for _ in range(5_000)]
    with stack.listen((STACK, PORT)) as listener, kernel_socket(netns) as old:
        Task(serve, listener)
        old.connect((STACK, PORT))
        storm = Task(flood, netns, frames, seconds)
        until("a full queue", lambda: stack.counters["TcpSyncookiesSent"] > 0)
        waits = []
        while storm.is_alive():
            begun = time.monotonic()
            with kernel_socket(netns) as new:
                new.connect((STACK, PORT))
                new.sendall(b"let me in")
                assert new.recv(99) == b"let me in"
            waits.append(time.monotonic() - begun)
            old.sendall(b"still here")
            assert old.recv(99) == b"still here"
            memory = stack.core.memory()
            assert memory["packets_in_use"] < 2_000, memory
        assert storm.result() >= seconds * 15_000
        print(f"\n{len(waits)} connections amid the flood, the slowest in {max(waits) * 1000:.0f} ms")
        assert waits
        assert max(waits) < 3
        half_open = [info for info in stack.tcp_connections if info.state == "SYN-RECEIVED"]
        assert len(half_open) <= stack.policy["net.ipv4.tcp_max_syn_backlog"]
        assert stack.counters["TcpSyncookiesRecv"] > 0
