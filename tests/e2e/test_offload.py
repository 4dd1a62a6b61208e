"""Work that the kernel behind a tap takes over: units of several segments, open checksums, and switching both."""

import fcntl
import os
import signal
import struct
import threading

import pytest

from e2e.live import KERNEL, LIMIT, STACK, Shell, Task, drain, kernel_listener, kernel_socket, noise, sha256, until
from tapip_rs import Stack, Tap
from tapip_rs.topology.netns import inside

pytestmark = pytest.mark.e2e

MB = 1 << 20
TUNSETIFF, TUNSETOFFLOAD = 0x400454CA, 0x400454D0
IFF_TAP, IFF_NO_PI, IFF_VNET_HDR = 0x2, 0x1000, 0x4000
ALL_OFFLOADS = 0x1 | 0x2 | 0x4 | 0x8
DATA = noise(20 * MB)
DIGEST = sha256(DATA)


def drain_next(listener):
    """Read the next connection to its end."""
    with listener.accept()[0] as stream:
        stream.settimeout(LIMIT)
        return drain(stream)


def send_out(stack, netns, data=DATA):
    """Bytes to the kernel; what it got."""
    with kernel_listener(netns, 7000) as listener:
        reader = Task(drain_next, listener)
        with stack.connect((KERNEL, 7000), timeout=20) as stream:
            stream.sendall(data)
        return reader.result()


def send_in(stack, netns, data=DATA):
    """Bytes from the kernel; what the stack got."""
    with stack.listen((STACK, 7001)) as listener, kernel_socket(netns) as sender:
        sender.connect((STACK, 7001))
        writer = Task(lambda: (sender.sendall(data), sender.close()))
        stream = listener.accept()
        stream.settimeout(20)
        with stream:
            got = drain(stream)
        writer.result()
        return got


def test_units_are_what_leaves_and_comes(stack, netns, offload):
    veth = stack.interfaces["veth"]
    assert veth.offload == (("rx", "tx", "tso", "gro") if offload == "on" else ())
    before = veth.counters
    assert send_out(stack, netns) == (len(DATA), DIGEST)
    assert send_in(stack, netns) == (len(DATA), DIGEST)
    after = veth.counters
    # ACKs are frames too, some for each unit of the other way at most.
    out, back = after.tx_frames - before.tx_frames, after.rx_frames - before.rx_frames
    if offload == "on":
        assert max(out, back) < len(DATA) // 8_000
    else:
        assert min(out, back) > len(DATA) // 1_460
    assert not [name for name in veth.drops if "checksum" in name or "offload" in name]


def test_switches_may_be_thrown_under_way(stack, netns):
    veth, over = stack.interfaces["veth"], threading.Event()

    def throw():
        while not over.is_set():
            for state in ("off", "on", "no-tso", "no-gro", "tx", "rx"):
                veth.offload = state
                over.wait(0.002)

    switching = Task(throw)
    try:
        for _ in range(3):
            assert send_out(stack, netns) == (len(DATA), DIGEST)
            assert send_in(stack, netns) == (len(DATA), DIGEST)
    finally:
        over.set()
    switching.result()
    assert not [name for name in veth.drops if "checksum" in name or "offload" in name]


@pytest.mark.parametrize("far", ["on", "off"])
def test_a_router_joins_what_takes_units_and_what_does_not(stack, netns, gateway, far):
    with inside(gateway.name):
        tap = Tap.open("far0")
    other = stack.attach("far", tap, mac="02:00:00:00:00:77")
    other.offload = far
    other.add_address("10.1.0.1/24")
    gateway.ip("addr add 10.1.0.2/24 dev far0")
    gateway.ip("link set far0 up")
    gateway.ip("route add default via 10.1.0.1")
    netns.ip(f"route add 10.1.0.0/24 via {STACK}")
    for sender, receiver, address in ((netns, gateway, "10.1.0.2"), (gateway, netns, KERNEL)):
        with kernel_listener(receiver, 7002) as listener, kernel_socket(sender) as source:
            source.connect((address, 7002))
            reader = Task(drain_next, listener)
            source.sendall(DATA)
            source.close()
            assert reader.result() == (len(DATA), DIGEST)
    for interface in (stack.interfaces["veth"], other):
        assert not [name for name in interface.drops if "checksum" in name or "offload" in name]


def test_loss_is_of_packets_whatever_leaves_together(stack, netns, offload):
    veth = stack.interfaces["veth"]
    veth.fault(drop=0.02, seed=7)
    data = DATA[: 2 * MB]
    assert send_out(stack, netns, data) == (len(data), sha256(data))
    assert send_in(stack, netns, data) == (len(data), sha256(data))
    counted = veth.fault_counters
    assert counted["received"] > 2 * 2 * MB // 1_500
    assert 0.01 < counted["dropped"] / counted["received"] < 0.03


def other_program(name):
    """A program that attaches to a tap, leaves all work to its reader, and goes without a word."""
    descriptor = os.open("/dev/net/tun", os.O_RDWR)
    try:
        request = struct.pack("16sH22x", name.encode(), IFF_TAP | IFF_NO_PI | IFF_VNET_HDR)
        fcntl.ioctl(descriptor, TUNSETIFF, request)
        fcntl.ioctl(descriptor, TUNSETOFFLOAD, ALL_OFFLOADS)
    finally:
        os.close(descriptor)


def test_a_mask_that_others_left_behind_does_no_harm(netns, offload):
    netns.ip("tuntap add dev tap0 mode tap")
    for _ in range(2):
        with inside(netns.name):
            other_program("tap0")
        with Stack.top2(netns=netns.name, offload=offload) as stack:
            assert send_in(stack, netns, DATA[:MB]) == (MB, sha256(DATA[:MB]))


def test_killed_and_started_again_on_a_lasting_tap(netns, offload):
    netns.ip("tuntap add dev tap0 mode tap")
    with Shell(netns) as shell:
        shell.ask(f"ping -c 1 {KERNEL}", "1 received")
        os.kill(shell.pid, signal.SIGKILL)
        shell.process.wait(10)
    until("the tap to be free", lambda: "LOWER_UP" not in netns.run("ip", "link", "show", "tap0").stdout)
    # Now without: what the dead one asked the kernel for must not reach it.
    other = "off" if offload == "on" else "on"
    with Stack.top2(netns=netns.name, offload=other) as stack:
        assert send_out(stack, netns, DATA[:MB]) == (MB, sha256(DATA[:MB]))
        assert send_in(stack, netns, DATA[:MB]) == (MB, sha256(DATA[:MB]))
