"""Blocking sockets of living stacks: waiting, timeouts, wake-ups, and what several threads do at once."""

import errno
import gc
import hashlib
import random
import select
import socket
import sys
import threading
import time
from contextlib import suppress
from ipaddress import IPv4Address

import pytest

from tapip_rs._core import checksum
from wires import A, B, pair


@pytest.fixture
def stacks():
    with pair() as both:
        yield both


@pytest.fixture
def streams(stacks):
    a, b = stacks
    with b.listen((B, 80)) as listener, a.connect((B, 80)) as client, listener.accept() as server:
        yield client, server


def in_thread(call):
    """Run `call` beside; the result is a list of what it returned or raised, and the thread."""
    outcome: list = []

    def run() -> None:
        try:
            outcome.append(call())
        except BaseException as error:
            outcome.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return outcome, thread


def test_addresses(streams):
    client, server = streams
    assert client.remote == server.local == (B, 80)
    assert server.remote == client.local
    assert client.local[0] == A
    assert f"{A}:{client.local[1]} -> {B}:80" in repr(client)


def test_ipaddress_objects_are_hosts(stacks):
    a, b = stacks
    with b.listen((IPv4Address(B), 81)) as listener, a.connect((IPv4Address(B), 81)):
        listener.accept().close()


def test_recv_waits_for_data(streams):
    client, server = streams
    outcome, thread = in_thread(lambda: server.recv(10))
    time.sleep(0.05)
    assert not outcome
    client.send(b"late")
    thread.join(2)
    assert outcome == [b"late"]


def test_end_of_stream(streams):
    client, server = streams
    client.send(b"last words")
    client.shutdown(1)
    assert server.recv(4) == b"last"
    assert server.recv() == b" words"
    assert server.recv() == b""
    server.send(b"still here")
    assert client.recv() == b"still here"


def test_peek_leaves_the_bytes(streams):
    client, server = streams
    client.send(b"abc")
    assert server.peek(2) == b"ab"
    assert server.recv() == b"abc"


def test_timeout(streams):
    client, server = streams
    server.settimeout(0.1)
    started = time.monotonic()
    with pytest.raises(TimeoutError) as caught:
        server.recv(1)
    assert caught.value.errno is None
    assert 0.09 < time.monotonic() - started < 1
    assert server.timeout == pytest.approx(0.1)
    server.settimeout(None)
    assert server.timeout is None
    with pytest.raises(ValueError, match="seconds"):
        server.settimeout(-1)
    assert client.closed is False


def test_no_waiting_at_all(streams):
    client, _ = streams
    client.settimeout(0)
    with pytest.raises(BlockingIOError):
        client.recv(1)
    with pytest.raises(BlockingIOError):
        client.sendall(bytes(64 << 20))


def test_sendall_times_out_when_nobody_reads(streams):
    client, _ = streams
    client.settimeout(0.3)
    with pytest.raises(TimeoutError):
        client.sendall(bytes(64 << 20))


def test_connect_times_out(stacks):
    started = time.monotonic()
    with pytest.raises(TimeoutError):
        stacks[0].connect(("10.0.0.99", 80), timeout=0.1)
    assert time.monotonic() - started < 1


def test_connect_refused(stacks):
    with pytest.raises(ConnectionRefusedError):
        stacks[0].connect((B, 81))


def test_connect_without_waiting(stacks):
    a, b = stacks
    with b.listen((B, 80)) as listener, a.connect((B, 80), timeout=0) as client:
        assert client.wait(select.POLLOUT, 2) & select.POLLOUT
        assert client.take_error() is None
        listener.accept().close()


def test_connect_from(stacks):
    a, b = stacks
    with b.listen((B, 80)), a.connect((B, 80), local=(A, 5555)) as client:
        assert client.local == (A, 5555)


def test_close_wakes_who_waits(streams):
    _, server = streams
    outcome, thread = in_thread(lambda: server.recv(1))
    time.sleep(0.05)
    server.close()
    thread.join(2)
    assert isinstance(outcome[0], OSError)
    assert outcome[0].errno == errno.EBADF


def test_closing_the_stack_wakes_who_waits(stacks):
    listener = stacks[1].listen((B, 80))
    outcome, thread = in_thread(listener.accept)
    time.sleep(0.05)
    stacks[1].close()
    thread.join(2)
    assert isinstance(outcome[0], OSError)


def test_listener_is_iterated_until_closed(stacks):
    a, b = stacks
    listener = b.listen((B, 0))

    def serve() -> int:
        count = 0
        for stream in listener:
            stream.sendall(stream.recv())
            stream.close()
            count += 1
        return count

    outcome, thread = in_thread(serve)
    for _ in range(3):
        with a.connect((B, listener.local[1])) as client:
            client.sendall(b"echo")
            assert client.recv() == b"echo"
    time.sleep(0.05)
    listener.close()
    thread.join(2)
    assert outcome == [3]


def test_bulk_both_ways(streams):
    client, server = streams
    data = bytes(range(256)) * 40_000

    def send(stream) -> None:
        stream.sendall(data)
        stream.shutdown(1)

    def receive(stream) -> bytes:
        digest = hashlib.sha256()
        buffer = bytearray(65536)
        while count := stream.recv_into(buffer):
            digest.update(memoryview(buffer)[:count])
        return digest.digest()

    runs = [in_thread(lambda s=s: send(s)) for s in (client, server)]
    results = [in_thread(lambda s=s: receive(s)) for s in (client, server)]
    for _, thread in (*runs, *results):
        thread.join(50)
    expected = hashlib.sha256(data).digest()
    assert [outcome for outcome, _ in results] == [[expected], [expected]]


def test_sixty_four_connections_at_once(stacks):
    a, b = stacks
    listener = b.listen((B, 80))

    def echo() -> None:
        for stream in listener:
            in_thread(lambda s=stream: (s.sendall(s.recv()), s.close()))

    _, server = in_thread(echo)

    def talk(number: int) -> bytes:
        with a.connect((B, 80)) as client:
            client.sendall(b"%d" % number)
            return client.recv()

    clients = [in_thread(lambda n=number: talk(n)) for number in range(64)]
    for _, thread in clients:
        thread.join(20)
    assert [outcome for outcome, _ in clients] == [[b"%d" % number] for number in range(64)]
    listener.close()
    server.join(2)


def test_the_gil_is_free_while_waiting(streams):
    _, server = streams
    _, thread = in_thread(lambda: server.recv(1))
    started, steps = time.monotonic(), 0
    while time.monotonic() - started < 0.1:
        steps += 1
    server.close()
    thread.join(2)
    assert steps > 1000


def test_readiness(streams):
    client, server = streams
    assert client.readiness() == select.POLLOUT
    client.send(b"x")
    assert server.wait(select.POLLIN, 2) & select.POLLIN
    client.shutdown(1)
    server.recv()
    assert server.wait(select.POLLRDHUP, 2) & select.POLLRDHUP
    with pytest.raises(TimeoutError):
        client.wait(select.POLLIN, 0.05)


def test_options(streams):
    client, _ = streams
    for name, value in (("nodelay", 1), ("keepalive", 1), ("keep_idle", 5000), ("ttl", 3), ("linger", 0), ("tos", 16)):
        client.set_option(name, value)
        assert client.option(name) == value
    with pytest.raises(ValueError, match="broadcast"):
        client.set_option("broadcast", 1)


def test_linger_zero_resets(streams):
    client, server = streams
    client.set_option("linger", 0)
    client.close()
    with pytest.raises(ConnectionResetError):
        server.recv()


def test_abort_resets(streams):
    client, server = streams
    client.abort()
    assert client.closed
    with pytest.raises(ConnectionResetError):
        server.recv()


def test_urgent_bytes_come_inline(streams):
    client, server = streams
    assert client.send_urgent(b"!") == 1
    assert server.recv() == b"!"


def test_udp(stacks):
    a, b = stacks
    with b.udp((B, 53)) as server, a.udp() as client:
        client.connect((B, 53))
        outcome, thread = in_thread(server.recvfrom)
        client.send(b"question")
        thread.join(2)
        assert outcome == [(b"question", client.local)]
        server.sendto(b"answer", client.local)
        assert client.recv() == b"answer"
        assert (client.remote, server.local) == ((B, 53), (B, 53))


def test_udp_port_unreachable_reaches_the_socket(stacks):
    with stacks[0].udp() as client:
        client.connect((B, 99))
        client.send(b"anyone?")
        client.settimeout(2)
        with pytest.raises(ConnectionRefusedError):
            client.recv()


def test_udp_broadcast(stacks):
    a, b = stacks
    with b.udp(("0.0.0.0", 67)) as server, a.udp() as client:
        client.set_option("broadcast", 1)
        client.sendto(b"all", ("10.0.0.255", 67))
        server.settimeout(2)
        data, info = server.recvmsg()
        assert (data, info.destination) == (b"all", "10.0.0.255")


def test_udp_multicast(stacks):
    a, b = stacks
    with b.udp(("0.0.0.0", 5353)) as server, a.udp() as client:
        server.join_group("224.0.0.251", b.interfaces["veth"].index)
        client.set_option("multicast_interface", a.interfaces["veth"].index)
        client.sendto(b"who?", ("224.0.0.251", 5353))
        server.settimeout(2)
        assert server.recv() == b"who?"
        server.leave_group("224.0.0.251", b.interfaces["veth"].index)


def test_raw(stacks):
    a, b = stacks
    with a.raw(200) as sender, b.raw(200) as receiver:
        assert sender.protocol == 200
        sender.sendto(b"payload", B)
        receiver.settimeout(2)
        packet, source = receiver.recvfrom()
        assert source == A
        assert packet[20:] == b"payload"
        assert packet[9] == 200


def test_two_stacks_by_loopback(stacks):
    a, _ = stacks
    with a.listen(("127.0.0.1", 80)) as listener, a.connect(("127.0.0.1", 80)) as client, listener.accept() as server:
        client.sendall(bytes(200_000))
        client.shutdown(1)
        total = 0
        while data := server.recv():
            total += len(data)
        assert total == 200_000


def test_long_bytes_are_sent_by_reference_and_given_back(streams):
    """The queue refers to them until the peer has acknowledged all; no thread of the stack needs the interpreter."""
    client, server = streams
    data = random.Random(1).randbytes(3_000_000)
    before = sys.getrefcount(data)
    sender = threading.Thread(target=client.sendall, args=(data,))
    sender.start()
    received = bytearray()
    while len(received) < len(data):
        received += server.recv()
    sender.join()
    assert received == data
    end = time.monotonic() + 10
    while sys.getrefcount(data) > before:  # PyO3 gives back what the driver let go when it is called next
        assert time.monotonic() < end
        client.info()
        time.sleep(0.01)


def test_bytes_that_wait_outlive_their_last_name(streams):
    client, server = streams
    client.set_option("send_buffer", 4 << 20)
    expected = hashlib.sha256()
    for seed in range(3):
        data = random.Random(seed).randbytes(1 << 20)
        expected.update(data)
        assert client.send(data) == len(data)
        del data
    gc.collect()
    client.shutdown(socket.SHUT_WR)
    received = hashlib.sha256()
    while block := server.recv():
        received.update(block)
    assert received.digest() == expected.digest()


def test_a_stack_may_be_closed_with_references_queued():
    data = bytes(1 << 20)
    before = sys.getrefcount(data)
    with pair() as (a, b), b.listen((B, 80)) as listener, a.connect((B, 80), timeout=5) as client:
        server = listener.accept()
        client.set_option("send_buffer", 8 << 20)
        client.settimeout(0)
        with suppress(BlockingIOError):
            for _ in range(4):
                client.send(data)
        assert sys.getrefcount(data) > before
        server.close()
    del client, server, listener, a, b
    gc.collect()
    checksum(b"")
    assert sys.getrefcount(data) == before
