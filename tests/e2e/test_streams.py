"""Bulk TCP between the stack and the kernel: whole, in order, both ways, on good wires and bad ones."""

import socket
import subprocess
import time

import pytest

from e2e.live import (
    KERNEL,
    SOAK,
    STACK,
    Program,
    Shell,
    Task,
    drain,
    kernel_listener,
    kernel_socket,
    noise,
    sha256,
    until,
)

pytestmark = pytest.mark.e2e

MB = 1 << 20
BIG = 100 * MB
#: What a bad wire carries in `make test`, and in `make soak`.
LOSSY = 5 * MB if SOAK else MB
PORT = 12345


@pytest.fixture(scope="module")
def text():
    return noise(BIG)


@pytest.mark.e2e("nc")
@pytest.mark.timeout(1200 if SOAK else 90)
def test_snc_receives(netns, text, tmp_path):
    """`snc -b` writes exactly what the kernel's nc sends, time after time."""
    size, times = (BIG, 20) if SOAK else (5 * MB, 20)
    (tmp_path / "in").write_bytes(text[:size])
    expected = sha256(text[:size])
    with (tmp_path / "out").open("w+b") as out, Shell(netns, stdout=out) as shell:
        for _ in range(times):
            told = len(shell.err.text)
            shell.say(f"snc -d -b 0.0.0.0:{PORT}")
            shell.err.expect("listen", since=told)
            start = time.monotonic()
            with (tmp_path / "in").open("rb") as source:
                netns.run("nc", "-N", STACK, str(PORT), stdin=source)
            shell.err.expect("finish", since=told)
            print(f"\nin: {size * 8 / (time.monotonic() - start) / 1e9:.2f} Gbit/s")
            assert sha256(tmp_path / "out") == expected
            out.seek(0)
            out.truncate()
        shell.say("exit")
        shell.good()


@pytest.mark.e2e("nc")
@pytest.mark.timeout(1200 if SOAK else 90)
def test_snc_sends(netns, text, tmp_path):
    """`snc -c` sends what stands on its standard input; the shell may end at once, and the data still arrives."""
    size, times = (BIG, 20) if SOAK else (5 * MB, 8)
    (tmp_path / "in").write_bytes(text[:size])
    expected = sha256(text[:size])
    for _ in range(times):
        with (tmp_path / "out").open("wb") as out:
            listener = netns.start("nc", "-l", str(PORT), stdout=out, stdin=subprocess.DEVNULL)
            try:
                until("nc", lambda: f":{PORT} " in netns.run("ss", "-tln").stdout)
                with (tmp_path / "in").open("rb") as source:
                    netns.tapip("-c", f"snc -c {KERNEL}:{PORT}", stdin=source)
                assert listener.wait(20) == 0
            finally:
                listener.kill()
                listener.wait()
        assert sha256(tmp_path / "out") == expected


def receive(stack, port=PORT):
    """Take one connection in and read it to its end."""
    with stack.listen((STACK, port)) as listener:
        listener.settimeout(20)
        with listener.accept() as stream:
            stream.settimeout(60)
            return drain(stream)


def kernel_sends(netns, data, port=PORT):
    with kernel_socket(netns) as sender:
        sender.settimeout(60)
        sender.connect((STACK, port))
        sender.sendall(data)
        sender.shutdown(socket.SHUT_WR)
        assert sender.recv(1) == b""


def kernel_receives(listener):
    stream, _ = listener.accept()
    with stream:
        stream.settimeout(60)
        return drain(stream)


def stack_sends(stack, address, data):
    with stack.connect(address, timeout=20) as stream:
        stream.settimeout(60)
        stream.sendall(data)
        stream.shutdown(socket.SHUT_WR)
        assert stream.recv(1) == b""


def move(netns, stack, data, way):
    """Move data in or out; returns seconds."""
    start = time.monotonic()
    if way == "in":
        task = Task(receive, stack)
        until("the listener", lambda: any(each.kind == "listen" for each in stack.sockets), pause=0.001)
        kernel_sends(netns, data)
    else:
        with kernel_listener(netns) as listener:
            listener.settimeout(30)
            task = Task(kernel_receives, listener)
            stack_sends(stack, (KERNEL, listener.getsockname()[1]), data)
            assert task.result(60) == (len(data), sha256(data))
    assert task.result(60) == (len(data), sha256(data))
    return time.monotonic() - start


@pytest.mark.parametrize("way", ["in", "out"])
@pytest.mark.timeout(120)
def test_100_megabytes(netns, stack, text, way):
    for size in (BIG,) if not SOAK else (BIG,) * 5:
        seconds = move(netns, stack, text[:size], way)
        print(f"\n{way}: {size * 8 / seconds / 1e9:.2f} Gbit/s, digests included")


@pytest.mark.parametrize("way", ["in", "out"])
@pytest.mark.parametrize(
    "fault",
    [
        {"drop": 0.01, "reorder": 0.05, "duplicate": 0.02, "corrupt": 0.01},
        {"drop": 0.02, "reorder": 0.05, "duplicate": 0.02, "corrupt": 0.01},
        {"drop": 0.05, "reorder": 0.05, "duplicate": 0.02, "corrupt": 0.01},
    ],
    ids=lambda fault: f"{fault['drop']:.0%}",
)
@pytest.mark.timeout(900 if SOAK else 120)
def test_a_bad_wire(netns, stack, text, way, fault):
    for seed in range(3 if SOAK else 1):
        stack.interfaces["veth"].fault(seed=seed, **fault)
        seconds = move(netns, stack, text[:LOSSY], way)
        print(f"\n{way} at {fault['drop']:.0%}: {LOSSY / seconds / MB:.2f} MB/s")


#: The bad wire that the shell makes; what must pass over it, and how often.
BAD_WIRE = "fault drop=0.02 reorder=0.05 duplicate=0.02 corrupt=0.01"
BAD_SIZE, BAD_TIMES = (5 * MB, 3) if SOAK else (MB, 1)


@pytest.mark.e2e("nc")
@pytest.mark.timeout(900 if SOAK else 120)
def test_snc_receives_over_a_bad_wire(netns, text, tmp_path):
    """`fault ...` in the shell, then the kernel's nc sends."""
    (tmp_path / "in").write_bytes(text[:BAD_SIZE])
    for attempt in range(BAD_TIMES):
        with (tmp_path / "out").open("w+b") as out, Shell(netns, stdout=out) as shell:
            shell.say(f"{BAD_WIRE} seed {attempt}")
            shell.say(f"snc -d -b 0.0.0.0:{PORT}")
            shell.err.expect("listen")
            start = time.monotonic()
            with (tmp_path / "in").open("rb") as source:
                netns.run("nc", "-N", STACK, str(PORT), stdin=source, timeout=200)
            shell.err.expect("finish", 60)
            print(f"\nin, attempt {attempt}: {BAD_SIZE / (time.monotonic() - start) / MB:.2f} MB/s")
            assert sha256(tmp_path / "out") == sha256(text[:BAD_SIZE])
            shell.say("fault show")
            until("a lost frame", lambda: b"dropped:" in (tmp_path / "out").read_bytes()[BAD_SIZE:])


@pytest.mark.e2e("nc")
@pytest.mark.timeout(900 if SOAK else 120)
def test_snc_sends_over_a_bad_wire(netns, text, tmp_path):
    """The other way: `fault ...; snc -c`, and the kernel's nc listens."""
    (tmp_path / "in").write_bytes(text[:BAD_SIZE])
    for attempt in range(BAD_TIMES):
        start = time.monotonic()
        with (tmp_path / "out").open("wb") as out, Program(netns, "nc", "-l", str(PORT), stdout=out) as listener:
            until("nc", lambda: f":{PORT} " in netns.run("ss", "-tln").stdout)
            with (tmp_path / "in").open("rb") as source:
                words = f"{BAD_WIRE} seed {attempt}; snc -c {KERNEL}:{PORT}; fault show"
                said = netns.tapip("-c", words, stdin=source, timeout=200).stdout
            assert "dropped:" in said
            listener.good()
        print(f"\nout, attempt {attempt}: {BAD_SIZE / (time.monotonic() - start) / MB:.2f} MB/s")
        assert sha256(tmp_path / "out") == sha256(text[:BAD_SIZE])


@pytest.mark.parametrize("size", [1, 2, 1447, 1448, 1449, 65536, 3_000_001])
def test_there_and_back(netns, stack, text, size):
    """An echo of every size, both ends half-closing."""
    data = text[:size]

    def echo():
        with stack.listen((STACK, 7)) as listener, listener.accept() as stream:
            while block := stream.recv():
                stream.sendall(block)
            stream.shutdown(socket.SHUT_WR)

    task = Task(echo)
    until("the listener", lambda: stack.sockets, pause=0.001)
    with kernel_socket(netns) as peer:
        peer.connect((STACK, 7))
        sender = Task(lambda: (peer.sendall(data), peer.shutdown(socket.SHUT_WR)))
        assert drain(peer) == (len(data), sha256(data))
        sender.result()
    task.result()


def test_small_writes_do_not_crawl(netns, stack):
    """Request and answer of a few bytes each: no delayed ACK in the way, no Nagle dead lock."""
    rounds = 500
    with kernel_listener(netns) as listener:

        def answer():
            stream, _ = listener.accept()
            with stream:
                while block := stream.recv(100):
                    stream.sendall(block)

        task = Task(answer)
        with stack.connect((KERNEL, listener.getsockname()[1]), timeout=20) as stream:
            start = time.monotonic()
            for _ in range(rounds):
                stream.sendall(b"ping")
                assert stream.recv() == b"ping"
            seconds = time.monotonic() - start
            stream.shutdown(socket.SHUT_WR)
            assert stream.recv() == b""
        task.result()
    print(f"\n{seconds / rounds * 1e6:.0f} us a round trip")
    assert seconds < rounds * 0.01  # a delayed ACK would take 0.04 each
