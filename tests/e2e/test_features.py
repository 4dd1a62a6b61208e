"""What TCP can do, with Linux as peer and a bad path between: negotiated, used, and seen in the kernel's own `ss`.

The path of every test is the fault device on our end of the tap: 20 Mbit/s and 10 ms, where 1 % of the packets are
lost and 2 % late in each direction. ECN, Fast Open and cookies have files of their own.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from e2e.live import KERNEL, LIMIT, STACK, Task, kernel_listener, kernel_socket, noise, sha256

pytestmark = pytest.mark.e2e

PORT = 8080
CONTROL = "net.ipv4.tcp_congestion_control"
#: Some 400 packets: enough of them are lost for SACK to be of use in every run.
SIZE = 600_000
PATH = {
    "drop": 0.01,
    "reorder": 0.02,
    "reorder_delay": 0.004,
    "delay": 0.005,
    "rate": 20_000_000,
    "queue_bytes": 100_000,
}


def counters(netns) -> dict[str, int]:
    """The kernel's counters in the namespace."""
    said = netns.run("nstat", "-asz").stdout
    return {name: int(value) for name, value in re.findall(r"^(\w+)\s+(\d+)", said, re.M)}


def words(netns) -> dict[str, str]:
    """What the kernel's `ss` says of its connection with the stack: `wscale:7,10` is a key and its value."""
    said = netns.run("ss", "-tinoO", "dst", STACK).stdout
    return {key: value for key, _, value in (word.partition(":") for word in said.split())}


@contextmanager
def connection(netns, stack, role: str) -> Iterator[tuple]:
    """Our end of a connection and the kernel's."""
    if role == "we connect":
        with (
            kernel_listener(netns) as listener,
            stack.connect((KERNEL, listener.getsockname()[1]), timeout=LIMIT) as ours,
            listener.accept()[0] as theirs,
        ):
            theirs.settimeout(LIMIT)
            ours.settimeout(LIMIT)
            yield ours, theirs
    else:
        with stack.listen((STACK, PORT)) as listener, kernel_socket(netns) as theirs:
            listener.settimeout(LIMIT)
            theirs.connect((STACK, PORT))
            with listener.accept() as ours:
                ours.settimeout(LIMIT)
                yield ours, theirs


def carry(netns, source, sink, data: bytes) -> tuple[bytes, dict[str, str]]:
    """Send `data` from one end to the other; what arrived, and what `ss` said when half of it had."""
    sender, got, seen = Task(source.sendall, data), bytearray(), {}
    while len(got) < len(data):
        block = sink.recv(1 << 16)
        assert block, f"ended after {len(got)} of {len(data)}"
        got += block
        if not seen and 2 * len(got) > len(data):
            seen = words(netns)
    sender.result()
    return bytes(got), seen


@pytest.mark.e2e("ss", "nstat")
@pytest.mark.parametrize("role", ["we connect", "the kernel connects"])
@pytest.mark.parametrize("control", ["reno", "cubic", "bbr", "dctcp", "fixed"])
def test_every_control_over_a_bad_path(netns, stack, control, role):
    """Both directions arrive whole, and either side repairs its losses by what the other reports."""
    netns.run("sysctl", "-qw", "net.ipv4.tcp_ecn=1")
    stack.policy[CONTROL] = control
    stack.interfaces["veth"].fault(seed=5, **PATH)
    out, back = noise(SIZE), noise(SIZE, 2)
    with connection(netns, stack, role) as (ours, theirs):
        there, receiving = carry(netns, ours, theirs, out)
        assert sha256(there) == sha256(out)
        fields = ours.info().fields
        assert ours.info().congestion == control
        assert fields["retransmissions"] > 0
        here, sending = carry(netns, theirs, ours, back)
        assert sha256(here) == sha256(back)
        for said in (receiving, sending):
            assert {"sack", "ts", "wscale"} <= said.keys(), said
            assert ("ecn" in said) == (control == "dctcp" or role == "the kernel connects"), said
            scales = [fields["rcv_wscale"], fields["snd_wscale"]]
            assert said["wscale"] == f"{scales[0]},{scales[1]}", (said, scales)
        assert (fields["sack"], fields["timestamps"]) == (True, True)
        assert int(receiving["rcv_ooopack"]) > 0, receiving
        assert int(sending["retrans"].partition("/")[2]) > 0, sending
    kernel = counters(netns)
    assert kernel["TcpExtTCPSackRecovery"] > 0, "the kernel repairs by our SACK blocks"
    assert stack.counters["TcpFastRetrans"] > 0, "we repair by the kernel's"
