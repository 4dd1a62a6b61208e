"""ping, ping2, arping and traceroute over scripted answers."""

import json
import os
import re
import signal
import struct
import threading
from itertools import count
from types import SimpleNamespace

import pytest

from shell.fake import FakeStack, Shell
from tapip_rs.ping import PingReply, Statistics


class FakePinger:
    def __init__(self, replies, statistics, endless=False):
        self.replies, self.statistics, self.endless = replies, statistics, endless
        self.stopped = threading.Event()

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        self.stop()

    def stop(self):
        self.stopped.set()

    def __iter__(self):
        yield from self.replies
        if self.endless:
            self.stopped.wait(20)


@pytest.fixture
def stack():
    return FakeStack()


@pytest.fixture
def shell(stack):
    return Shell(stack)


def scripted(stack, *replies, sent, received, endless=False):
    rtts = [reply.rtt for reply in replies if reply.error is None and not reply.duplicate]
    pinger = FakePinger(replies, Statistics(sent=sent, received=received, rtts=rtts), endless)
    asked = []

    def ping(*arguments, **options):
        asked.append((arguments, options))
        return pinger

    stack.ping = ping
    return pinger, asked


def test_ping(stack, shell):
    _, asked = scripted(
        stack,
        PingReply(0, "10.0.0.2", 64, 64, 0.0001234),
        PingReply(0, "10.0.0.2", 64, 64, 0.0002, duplicate=True),
        PingReply(1, "10.0.0.9", 63, 56, 0.001, "Time to live exceeded", (11, 0)),
        PingReply(2, "10.0.0.2", error="timeout"),
        PingReply(3, "10.0.0.2", error="No route to host"),
        PingReply(4, "10.0.0.2", 64, 64, 0.0003234),
        sent=5,
        received=2,
    )
    ran = shell("ping -c 5 -i 0.5 -t 9 10.0.0.2")
    assert ran.out == (
        "PING 10.0.0.2 56(84) bytes of data\n"
        "64 bytes from 10.0.0.2: icmp_seq=0 ttl=64 time=0.123 ms\n"
        "64 bytes from 10.0.0.2: icmp_seq=0 ttl=64 time=0.200 ms (DUP!)\n"
        "From 10.0.0.9 icmp_seq=1 Time to live exceeded\n"
        "64 bytes from 10.0.0.2: icmp_seq=4 ttl=64 time=0.323 ms\n"
        "\n"
        "--- 10.0.0.2 ping statistics ---\n"
        "5 packets transmitted, 2 received, 60% packet loss\n"
        "rtt min/avg/max/mdev = 0.123/0.223/0.323/0.100 ms\n"
    )
    assert ran.err == "ping: icmp_seq=3 No route to host\n"
    assert ran.status == 0
    ((address, count), options) = asked[0]
    assert (str(address), count) == ("10.0.0.2", 5)
    assert options == {"size": 56, "ttl": 9, "interval": 0.5}


def test_ping_without_an_answer_fails(stack, shell):
    scripted(stack, PingReply(0, "10.0.0.2", error="timeout"), sent=1, received=0)
    ran = shell("ping -c 1 -s 1000 10.0.0.2")
    assert ran.out == (
        "PING 10.0.0.2 1000(1028) bytes of data\n"
        "\n"
        "--- 10.0.0.2 ping statistics ---\n"
        "1 packets transmitted, 0 received, 100% packet loss\n"
    )
    assert ran.status == 1


def test_ping_in_json_is_one_document(stack, shell):
    scripted(stack, PingReply(0, "10.0.0.2", 64, 64, 0.5), sent=1, received=1)
    data = json.loads(shell("ping -c 1 10.0.0.2 --json").out)
    assert data["replies"][0]["rtt"] == 0.5
    assert (data["sent"], data["received"], data["loss"], data["rtt"]["max"]) == (1, 1, 0, 0.5)


def test_interrupted_ping_still_gives_its_statistics(stack, shell):
    pinger, _ = scripted(stack, PingReply(0, "10.0.0.2", 64, 64, 0.5), sent=2, received=1, endless=True)
    threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()
    ran = shell("ping 10.0.0.2")
    assert pinger.stopped.is_set()
    assert "2 packets transmitted, 1 received, 50% packet loss" in ran.out
    assert ran.status == 0


def test_ping2(stack, shell):
    sent = []
    socket = SimpleNamespace(set_option=lambda *option: sent.append(option), sendto=lambda *what: sent.append(what))
    socket.__enter__ = lambda: socket

    class Raw:
        def __enter__(self):
            return socket

        def __exit__(self, *_exception):
            sent.append("closed")

    stack.raw = lambda _protocol: Raw()
    stack.core.lookup_route = lambda _address: SimpleNamespace(interface=1, source=None)
    ran = shell("ping2 -c 1 -t 7 -s 4 10.0.0.2")
    first, second = ran.out.splitlines()
    assert first == "ping2 -c 1 -t 7 -s 4 10.0.0.2"
    assert re.fullmatch(r"10\.0\.0\.1 send to 10\.0\.0\.2 id \d+ seq 1 ttl 7", second)
    assert sent[0] == ("ttl", 7)
    assert sent[1][0][:2] == b"\x08\x00"
    assert sent[1][0][8:] == b"\x00\x01\x02\x03"
    assert sent[-1] == "closed"
    assert stack.core.layers == []


def arp(stack, answers):
    """Each ARP request gets the next list of answers."""
    clock = [0.0]
    waiting: list[object] = []
    asked = []

    def ask(*what):
        asked.append(what)
        for mac, after in answers.pop(0):
            waiting.append(SimpleNamespace(interface=1, address=what[1], mac=mac, time=clock[0] + after))

    def replies():
        clock[0] += 0.25
        found, waiting[:] = waiting[:], []
        return found

    stack.core.arping, stack.core.arp_replies = ask, replies
    stack.core.clock = lambda: clock[0]
    return asked


def test_arping(stack, shell):
    asked = arp(stack, [[], [("3a:2f:17:60:e2:8c", 0.000456)], []])
    ran = shell("arping -c 2 10.0.0.2")
    assert ran.out == (
        "ARPING 10.0.0.2 from 10.0.0.1 veth\n"
        "Unicast reply from 10.0.0.2 [3A:2F:17:60:E2:8C]  0.456ms\n"
        "Sent 2 probes (broadcast)\n"
        "Received 1 response(s)\n"
    )
    assert ran.status == 0
    assert asked == [(1, "10.0.0.2", None)] * 2


def test_arping_without_an_answer_fails(stack, shell):
    asked = arp(stack, [[]])
    ran = shell("arping -D -c 1 10.0.0.2 --json")
    assert ran.status == 1
    assert json.loads(ran.out) == {"address": "10.0.0.2", "device": "veth", "sent": 1, "replies": []}
    assert asked == [(1, "10.0.0.2", "0.0.0.0")]


class Routers:
    """Raw and UDP sockets in front of two routers and a host."""

    HOPS = ("10.0.0.2", "10.5.0.1")

    def __init__(self, silent=()):
        self.silent, self.ttl, self.inbox, self.probes = silent, 0, [], 0
        self.local = ("10.0.0.1", 50000)

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        pass

    close = settimeout = lambda self, *_any: None

    def take_error(self):
        return None

    def set_option(self, name, value):
        assert name == "ttl"
        self.ttl = value

    def sendto(self, data, to):
        self.probes += 1
        if self.ttl in self.silent:
            return
        if isinstance(to, str):
            protocol, inner, host = 1, data[:8], to
            done = b"\x00\x00\x00\x00" + data[4:]
        else:
            protocol, inner, host = 17, struct.pack("!HHHH", self.local[1], to[1], 8 + len(data), 0), to[0]
            done = None
        quoted = bytes([0x45]) + bytes(8) + bytes([protocol]) + bytes(2) + bytes([10, 0, 0, 1]) + ip(host) + inner
        if self.ttl <= len(self.HOPS):
            self.answer(self.HOPS[self.ttl - 1], b"\x0b\x00" + bytes(6) + quoted)
        else:
            self.answer(host, done or b"\x03\x03" + bytes(6) + quoted)

    def answer(self, source, message):
        noise = b"\x08\x00" + bytes(6)
        self.inbox += [header(source) + noise, header(source) + message]

    def recv(self, _size=65536):
        if not self.inbox:
            raise TimeoutError
        return self.inbox.pop(0)


def ip(address):
    return bytes(map(int, address.split(".")))


def header(source):
    return bytes([0x45]) + bytes(11) + ip(source) + bytes([10, 0, 0, 1])


@pytest.mark.parametrize("flags", ["-n", "-I"])
def test_traceroute(stack, shell, flags):
    routers = Routers(silent=(2,))
    stack.raw = lambda _protocol: routers
    stack.udp = lambda: routers
    ticks = count()
    stack.core.clock = lambda: next(ticks) / 1000
    ran = shell(f"traceroute {flags} -w 0.05 10.9.0.9")
    times = r"  \d\.\d{3} ms" * 3
    assert re.fullmatch(
        r"traceroute to 10\.9\.0\.9, 30 hops max, 60 byte packets\n"
        rf" 1  10\.0\.0\.2{times}\n"
        r" 2  \*  \*  \*\n"
        rf" 3  10\.9\.0\.9{times}\n",
        ran.out,
    )
    assert ran.status == 0
    assert routers.probes == 9


def test_traceroute_that_does_not_arrive(stack, shell):
    routers = Routers(silent=range(1, 10))
    stack.raw = lambda _protocol: routers
    stack.udp = lambda: routers
    ticks = count()
    stack.core.clock = lambda: next(ticks)
    ran = shell("traceroute -m 2 -q 1 --json 10.9.0.9")
    assert ran.status == 1
    assert json.loads(ran.out) == [{"hop": 1, "probes": [None]}, {"hop": 2, "probes": [None]}]
