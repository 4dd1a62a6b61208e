"""A living stack: its parts can be seen and changed, and it goes without leaving anything behind."""

import gc
import threading
import time
from pathlib import Path

import pytest

from tapip_rs import Loopback, Pipe, Stack
from wires import A, B, pair


def test_a_new_stack_has_lo():
    with Stack() as stack:
        lo = stack.interfaces["lo"]
        assert (lo.up, lo.mtu, lo.medium) == (True, 65536, "loopback")
        assert [str(address) for address in lo.addresses] == ["127.0.0.1/8"]
        assert list(stack.interfaces) == ["lo"]


def test_interfaces_are_live():
    with Stack() as stack:
        veth = stack.attach("veth", Pipe.pair()[0], mac="00:34:45:67:89:ab", mtu=1400)
        assert (veth.up, veth.mac, veth.mtu, veth.addresses) == (True, "00:34:45:67:89:ab", 1400, ())
        veth.add_address(f"{A}/24")
        veth.up = False
        veth.mtu = 1300
        veth.mac = "02:00:00:00:00:09"
        again = stack.interfaces["veth"]
        assert again == veth
        assert (again.up, again.mac, again.mtu) == (False, "02:00:00:00:00:09", 1300)
        assert [str(address) for address in again.addresses] == [f"{A}/24"]
        assert "10.0.0.1/24" in repr(again)
        veth.remove_address(A)
        assert again.addresses == ()
        stack.detach("veth")
        assert "veth" not in stack.interfaces
        with pytest.raises(OSError, match="gone"):
            _ = veth.name


def test_two_stacks_choose_different_macs():
    with Stack() as one, Stack() as other:
        macs = {stack.attach("veth", Pipe.pair()[0]).mac for stack in (one, other)}
    assert len(macs) == 2
    assert all(int(mac[:2], 16) & 3 == 2 for mac in macs)


def test_routes_follow_addresses():
    with pair() as (a, _):
        assert a.core.lookup_route("10.0.0.9").interface == a.interfaces["veth"].index
        a.routes.add("10.9.0.0/16", via=B)
        assert a.core.lookup_route("10.9.1.1").gateway == B
        a.interfaces["veth"].up = False
        assert a.core.lookup_route("10.9.1.1") is None


def test_ping():
    with pair() as (a, _):
        pinger = a.ping(B, count=3, interval=0.01)
        replies = list(pinger)
        assert [reply.seq for reply in replies] == [0, 1, 2]
        assert all((reply.address, reply.ttl, reply.size, reply.error) == (B, 64, 64, None) for reply in replies)
        assert all(0 < reply.rtt < 1 for reply in replies)
        statistics = pinger.statistics
        assert (statistics.sent, statistics.received, statistics.loss) == (3, 3, 0)
        assert statistics.min <= statistics.avg <= statistics.max
        assert statistics.mdev >= 0


def test_ping_ourselves():
    with pair() as (a, _):
        for host in (A, "127.0.0.1", "127.1.2.3"):
            [reply] = a.ping(host, count=1, size=60000)
            assert (reply.error, reply.address, reply.size) == (None, host, 60008)


def test_ping_nobody():
    with pair() as (a, _):
        replies = list(a.ping("10.0.0.99", count=2, interval=0.01, timeout=0.1))
        assert [reply.error for reply in replies] == ["timeout", "timeout"]


def test_ping_is_stopped_from_another_thread():
    with pair() as (a, _):
        pinger = a.ping("10.0.0.99", count=None, interval=30, timeout=30)
        threading.Timer(0.1, pinger.stop).start()
        started = time.monotonic()
        assert list(pinger) == []
        assert time.monotonic() - started < 2


@pytest.mark.parametrize(
    ("name", "value"), [("size", 65508), ("ttl", 0), ("ttl", 256), ("count", 0), ("interval", -1), ("timeout", 0)]
)
def test_ping_refuses(name, value):
    with pair() as (a, _), pytest.raises(ValueError, match=rf"{name} must be .* not {value}"):
        a.ping(B, **{name: value})


def test_arping():
    with pair() as (a, b):
        [reply] = a.arping(B, count=1)
        assert reply.mac == b.interfaces["veth"].mac
        assert 0 <= reply.rtt < 1
        [silence] = a.arping("10.0.0.99", count=1, timeout=0.05, probe=True)
        assert silence.mac is None


def test_neighbors():
    with pair() as (a, b):
        list(a.ping(B, count=1))
        entry = a.neighbors[B]
        assert (entry.interface, entry.mac, entry.state) == ("veth", b.interfaces["veth"].mac, "reachable")
        a.neighbors.add("10.0.0.77", "02:00:00:00:00:77")
        assert a.neighbors["10.0.0.77"].state == "permanent"
        a.neighbors.flush()
        assert [str(entry.address) for entry in a.neighbors] == ["10.0.0.77"]
        a.neighbors.remove("10.0.0.77")
        assert len(a.neighbors) == 0
        with pytest.raises(KeyError):
            _ = a.neighbors["10.0.0.77"]


def test_tcp_connections_tell():
    with pair() as (a, b), b.listen((B, 80)) as listener, a.connect((B, 80)) as client, listener.accept():
        [info] = a.tcp_connections
        assert (info.state, info.local, info.remote) == ("ESTABLISHED", client.local, (B, 80))
        assert info.snd_una == info.snd_nxt
        assert info.cwnd > 0
        assert info.snd_wnd > 0
        assert info.rcv_wnd > 0
        assert info.rto >= 0.2
        assert info.send_queue == info.receive_queue == 0
        assert client.info().mss == info.mss
        kinds = {socket.kind for socket in b.sockets}
        assert kinds == {"tcp", "listen"}


def test_counters_and_drops():
    with pair() as (a, b):
        list(a.ping(B, count=1))
        assert b.counters["IcmpOutEchoReps"] == 1
        traffic = a.interfaces["veth"].counters
        assert traffic.tx_frames >= 2
        assert traffic.rx_bytes > 0
        assert isinstance(b.drops, dict)
        assert b.memory["packets_capacity"] > 0


def test_events():
    with pair() as (a, _):
        a.watch("icmp", "arp")
        list(a.ping(B, count=1))
        names = [event.name for event in a.events("icmp")]
        assert "EchoReply" in names or "Icmp" in names
        assert {event.layer for event in a.events()} <= {"icmp", "arp"}
        assert all(event.text for event in a.events())
        a.watch()
        before = len(list(a.events()))
        list(a.ping(B, count=1))
        assert len(list(a.events())) == before
        with pytest.raises(ValueError, match="gossip"):
            a.watch("gossip")


def test_events_are_followed():
    with pair() as (a, _):
        found = []

        def follow() -> None:
            for event in a.events("icmp", follow=True):
                found.append(event)
                return

        thread = threading.Thread(target=follow)
        thread.start()
        while not a.core.trace_layers():
            time.sleep(0.01)
        list(a.ping(B, count=1))
        thread.join(5)
        assert found
        assert a.core.trace_layers() == []


def test_faults():
    with pair() as (a, _):
        veth = a.interfaces["veth"]
        veth.fault(drop=1.0)
        assert veth.faults == {"drop": 1.0}
        assert [reply.error for reply in a.ping(B, count=1, timeout=0.1)] == ["timeout"]
        assert veth.fault_counters["dropped"] > 0
        veth.fault()
        assert veth.faults == {}
        assert [reply.error for reply in a.ping(B, count=1)] == [None]


def test_delay_is_felt():
    with pair() as (a, _):
        list(a.ping(B, count=1))
        a.interfaces["veth"].fault(delay=0.05)
        [reply] = a.ping(B, count=1)
        assert reply.rtt >= 0.1


def test_capture(tmp_path):
    from scapy.layers.inet import ICMP
    from scapy.utils import rdpcap

    with pair() as (a, _):
        path = tmp_path / "veth.pcapng"
        with a.interfaces["veth"].capture(path) as capture:
            list(a.ping(B, count=2, interval=0.01))
        assert capture.packets >= 4
        packets = rdpcap(str(path))
        assert len(packets) == capture.packets
        assert sum(ICMP in packet for packet in packets) == 4


def test_policy_is_the_stacks_own():
    with Stack() as one, Stack() as other:
        one.core.set_knob("ip_forward", 1)
        other.core.set_knob("ip_forward", 0)
        assert (one.core.knob("ip_forward"), other.core.knob("ip_forward")) == (1, 0)
        assert one.core.knobs()["ip_forward"] == 1


def test_forwarding_between_two_interfaces():
    left, right = Pipe.pair(), Pipe.pair()
    with Stack() as client, Stack() as router, Stack() as server:
        for stack, name, end, address in (
            (client, "veth", left[0], "10.1.0.2/24"),
            (router, "west", left[1], "10.1.0.1/24"),
            (router, "east", right[1], "10.2.0.1/24"),
            (server, "veth", right[0], "10.2.0.2/24"),
        ):
            interface = stack.attach(name, end)
            interface.add_address(address)
        router.core.set_knob("ip_forward", 1)
        client.routes.add("default", via="10.1.0.1")
        server.routes.add("default", via="10.2.0.1")
        [reply] = client.ping("10.2.0.2", count=1)
        assert (reply.error, reply.ttl) == (None, 63)
        [hop] = client.ping("10.2.0.2", count=1, ttl=1)
        assert (hop.address, hop.error, hop.icmp) == ("10.1.0.1", "Time to live exceeded", (11, 0))


def count(what: str) -> int:
    """Descriptors (fd) or threads (task) of this process."""
    return len(list(Path("/proc/self", what).iterdir()))


def leftovers() -> tuple[int, int]:
    """Descriptors and threads, once the kernel lists no thread that was joined: for an instant it still does."""
    until = time.monotonic() + 2
    while count("task") > threading.active_count() and time.monotonic() < until:
        time.sleep(0.01)
    return count("fd"), count("task")


def test_close_is_quick_and_leaves_nothing():
    with pair() as (a, _):
        list(a.ping(B, count=1))
    before = leftovers()
    started = time.monotonic()
    with pair() as (a, b):
        listener = b.listen((B, 80))
        client = a.connect((B, 80))
        client.send(b"x" * 100_000)
        listener.accept()
    assert time.monotonic() - started < 2
    assert leftovers() == before
    assert a.closed
    a.close()


def test_an_idle_stack_sleeps():
    with pair() as (a, _):
        list(a.ping(B, count=1))
        before = time.process_time()
        time.sleep(1)
        assert time.process_time() - before < 0.02


def test_a_stack_collected_is_closed():
    Stack().close()
    before = leftovers()
    stack = Stack()
    stack.attach("x", Loopback(), medium="loopback")
    del stack
    gc.collect()
    assert leftovers() == before


def test_spin_is_changed_and_read():
    with Stack() as stack:
        assert stack.spin == 0
        stack.spin = 50
        assert stack.spin == 50
    with Stack.detached() as stack:
        stack.spin = 50
        assert stack.spin == 0  # nobody waits there
