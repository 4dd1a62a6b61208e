"""Congestion marks with the kernel: ECN agreed on in both roles, and packets marked on the way in both directions."""

import os
import re
import select
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from fcntl import ioctl

import pytest

from e2e.live import KERNEL, LIMIT, STACK, Task, kernel_listener, kernel_socket, noise
from tapip_rs import DetachedStack
from tapip_rs.topology.netns import inside

pytestmark = pytest.mark.e2e

PORT = 8080
KNOB = "net.ipv4.tcp_ecn"
SIZE = 2 << 20
TUNSETIFF, IFF_TAP, IFF_NO_PI = 0x4004_54CA, 0x0002, 0x1000


def counter(netns, name):
    """One of the kernel's counters in the namespace."""
    return int(re.search(rf"^{name}\s+(\d+)", netns.run("nstat", "-asz", name).stdout, re.M)[1])


def words(netns):
    """What the kernel's `ss` says of its connection with the stack."""
    return set(netns.run("ss", "-tino", "dst", STACK).stdout.split())


def read(stream, size):
    got = bytearray()
    while len(got) < size:
        block = stream.recv(1 << 16)
        assert block, f"ended after {len(got)} of {size}"
        got += block
    return bytes(got)


def transfer(source, sink, data):
    """Send `data` from one end to the other; True if it arrived as it was."""
    sender = Task(source.sendall, data)
    same = read(sink, len(data)) == data
    sender.result()
    return same


@pytest.mark.e2e("ss")
@pytest.mark.parametrize(
    ("theirs", "ours", "mode"), [(0, 3, "off"), (1, 1, "classic"), (2, 3, "classic"), (2, 2, "off")]
)
def test_we_ask_the_kernel(netns, stack, theirs, ours, mode):
    """A kernel without AccECN answers what it knows; one that refuses is talked to without."""
    netns.run("sysctl", "-qw", f"{KNOB}={theirs}")
    stack.policy[KNOB] = ours
    with (
        kernel_listener(netns) as listener,
        stack.connect((KERNEL, listener.getsockname()[1]), timeout=5) as stream,
        listener.accept()[0] as accepted,
    ):
        accepted.settimeout(LIMIT)
        stream.settimeout(LIMIT)
        assert transfer(stream, accepted, noise(SIZE))
        assert transfer(accepted, stream, noise(SIZE, 2))
        fields = stream.info().fields
        said = words(netns)
        assert (fields["ecn"], fields["ecn_seen"]) == (mode, mode != "off")
        assert ({"ecn", "ecnseen"} & said) == ({"ecn", "ecnseen"} if mode != "off" else set()), said


@pytest.mark.e2e("ss")
@pytest.mark.parametrize(("theirs", "ours", "mode"), [(1, 0, "off"), (1, 2, "classic"), (1, 5, "classic")])
@pytest.mark.parametrize("cookies", [1, 2])
def test_the_kernel_asks_us(netns, stack, theirs, ours, mode, cookies):
    """In the other role, also where the SYN leaves nothing behind but a cookie."""
    netns.run("sysctl", "-qw", f"{KNOB}={theirs}")
    stack.policy[KNOB] = ours
    stack.policy["net.ipv4.tcp_syncookies"] = cookies
    with stack.listen((STACK, PORT)) as listener, kernel_socket(netns) as client:
        listener.settimeout(5)
        client.connect((STACK, PORT))
        with listener.accept() as accepted:
            accepted.settimeout(LIMIT)
            assert transfer(client, accepted, noise(SIZE))
            assert transfer(accepted, client, noise(SIZE, 2))
            fields = accepted.info().fields
            assert (fields["ecn"], fields["ecn_seen"], fields["ecn_capable"]) == (mode, *[mode != "off"] * 2)
            said = words(netns)
            assert ({"ecn", "ecnseen"} & said) == ({"ecn", "ecnseen"} if mode != "off" else set()), said


def marked(frame: bytes) -> bytes:
    """The frame with "congestion experienced", if it is IPv4 and ECN-capable; the checksum is mended."""
    if frame[12:14] != b"\x08\x00" or not frame[15] & 3:
        return frame
    header = bytearray(frame[14:34])
    header[1] |= 3
    header[10:12] = b"\0\0"
    total = sum(struct.unpack("!10H", header))
    total = (total & 0xFFFF) + (total >> 16)
    header[10:12] = struct.pack("!H", ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF)
    return frame[:14] + bytes(header) + frame[34:]


class Relay:
    """A stack whose frames pass through Python on their way to and from a tap of the kernel's, on the real clock."""

    def __init__(self, tap: int, to_kernel: Callable[[int], bool], to_stack: Callable[[int], bool]) -> None:
        self.stack = DetachedStack(seed=1, address=f"{STACK}/24")
        self.marks = {"kernel": 0, "stack": 0}
        self._tap, self._rules = tap, {"kernel": to_kernel, "stack": to_stack}
        self._seen = {"kernel": 0, "stack": 0}
        self._last = time.monotonic()

    def _pass(self, frame: bytes, to: str) -> bytes:
        """Mark an ECN-capable frame where the rule for its number says so."""
        if marked(frame) != frame:
            self._seen[to] += 1
            if self._rules[to](self._seen[to]):
                self.marks[to] += 1
                return marked(frame)
        return frame

    def run(self, done: Callable[[], bool]) -> None:
        """Let both talk until `done`."""
        end = time.monotonic() + LIMIT
        while not done():
            assert time.monotonic() < end, "not done in time"
            for frame in self.stack.frames():
                os.write(self._tap, self._pass(frame, "kernel"))
            wait = min(self.stack.next_timeout or 0.01, 0.01)
            if select.select([self._tap], [], [], wait)[0]:
                while frame := self._read():
                    self.stack.inject(self._pass(frame, "stack"))
            now = time.monotonic()
            self.stack.advance(now - self._last)
            self._last = now

    def _read(self) -> bytes:
        try:
            return os.read(self._tap, 2048)
        except BlockingIOError:
            return b""


@pytest.fixture
def tap(netns) -> Iterator[int]:
    """The other side of a tap of the kernel's, ours to read and write."""
    with inside(netns.name):
        fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    try:
        ioctl(fd, TUNSETIFF, struct.pack("16sH", b"tap0", IFF_TAP | IFF_NO_PI))
        netns.ip(f"addr add {KERNEL}/24 dev tap0")
        netns.ip("link set tap0 up")
        yield fd
    finally:
        os.close(fd)


def take(listener):
    with listener.accept()[0] as accepted:
        accepted.settimeout(LIMIT)
        return read(accepted, SIZE)


def never(_number: int) -> bool:
    return False


def some(number: int) -> bool:
    """The hundredth ECN-capable packet is marked, and every 400th from there on."""
    return number % 400 == 100


@pytest.mark.e2e("nstat", "ss")
def test_the_kernel_echoes_marks_and_we_slow_down(netns, tap):
    netns.run("sysctl", "-qw", f"{KNOB}=1")
    relay = Relay(tap, to_kernel=some, to_stack=never)
    relay.stack.policy[KNOB] = 1
    data, taken = noise(SIZE), 0
    with kernel_listener(netns) as listener:
        listener.settimeout(LIMIT)
        sink = Task(take, listener)
        stream = relay.stack.connect((KERNEL, listener.getsockname()[1]))

        def pushed() -> bool:
            nonlocal taken
            with suppress(BlockingIOError):
                taken += stream.send(data[taken : taken + (1 << 16)]) if taken < SIZE else 0
            return not sink.is_alive()

        relay.run(pushed)
        assert sink.result() == data
        fields = stream.info().fields
    assert relay.marks["kernel"] >= 3
    assert (fields["ecn"], fields["retransmissions"]) == ("classic", 0)
    assert 1 <= fields["ecn_reductions"] <= relay.marks["kernel"]
    assert stream.info().ssthresh is not None
    assert counter(netns, "IpExtInCEPkts") == relay.marks["kernel"]


@pytest.mark.e2e("nstat", "ss")
def test_we_echo_marks_and_the_kernel_slows_down(netns, tap):
    netns.run("sysctl", "-qw", f"{KNOB}=1")
    relay = Relay(tap, to_kernel=never, to_stack=some)
    data, got = noise(SIZE), bytearray()
    listener = relay.stack.listen((STACK, PORT))
    with kernel_socket(netns) as client:

        def talk() -> set[str]:
            client.connect((STACK, PORT))
            client.sendall(data)
            client.recv(1)
            return words(netns)

        task, streams = Task(talk), []

        def pulled() -> bool:
            with suppress(BlockingIOError):
                streams.extend([] if streams else [listener.accept()])
                while len(got) < SIZE:
                    got.extend(streams[0].recv(1 << 16))
                streams[0].send(b"x") if len(streams) == 1 else 0
                streams.append(None)
            return not task.is_alive()

        relay.run(pulled)
        said = task.result()
    fields = streams[0].info().fields
    assert got == data
    assert relay.marks["stack"] >= 3
    assert (fields["ecn"], fields["ecn_seen"], fields["received_ce"]) == ("classic", True, relay.marks["stack"])
    assert "ecn" in said, said
    assert any(word.startswith("ssthresh:") for word in said), said
    assert counter(netns, "TcpExtTCPDeliveredCE") >= relay.marks["stack"]
    assert counter(netns, "TcpRetransSegs") == 0
