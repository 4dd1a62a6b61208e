"""Programs that run while a test talks to them, and what the kernel offers a test: sockets, processor time, waiting."""

import hashlib
import os
import random
import re
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from e2e.netns import TAPIP, Namespace
from tapip_rs.topology.netns import inside

#: How long a step may take at most on a busy machine, seconds; nothing waits that long when all is well.
LIMIT = 20.0
#: The long runs of `make soak`.
SOAK = os.environ.get("TAPIP_SOAK") == "1"

STACK = "10.0.0.1"
KERNEL = "10.0.0.2"


def until(what: str, condition: Callable[[], Any], limit: float = LIMIT, pause: float = 0.01) -> Any:
    """Wait until `condition` holds; returns what it gave."""
    end = time.monotonic() + limit
    while not (answer := condition()):
        assert time.monotonic() < end, f"waited {limit} s for {what}"
        time.sleep(pause)
    return answer


class Collector:
    """What a program prints, gathered beside the test."""

    def __init__(self, stream: BinaryIO) -> None:
        self.data = b""
        self._changed = threading.Condition()
        self._ended = False
        self._thread = threading.Thread(target=self._run, args=(stream,), daemon=True)
        self._thread.start()

    def _run(self, stream: BinaryIO) -> None:
        while block := os.read(stream.fileno(), 65536):
            with self._changed:
                self.data += block
                self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    @property
    def text(self) -> str:
        return self.data.decode(errors="replace")

    def expect(self, pattern: str, limit: float = LIMIT, since: int = 0) -> re.Match[str]:
        """Wait until `pattern` is found behind the first `since` characters."""
        end = time.monotonic() + limit
        with self._changed:
            while not (match := re.search(pattern, self.text[since:], re.MULTILINE)):
                left = end - time.monotonic()
                assert left > 0, f"no {pattern!r} within {limit} s in:\n{self.text}"
                assert not self._ended, f"ended without {pattern!r}:\n{self.text}"
                self._changed.wait(left)
        return match

    def join(self) -> None:
        self._thread.join(LIMIT)


class Program:
    """A running program. Leave the `with` block and it is gone."""

    def __init__(self, netns: Namespace, *argv: str, stdin: Any = subprocess.PIPE, stdout: Any = subprocess.PIPE):
        self.argv = argv
        self.process = subprocess.Popen(
            netns.command(argv), stdin=stdin, stdout=stdout, stderr=subprocess.PIPE, start_new_session=True
        )
        self.out = Collector(self.process.stdout) if self.process.stdout else None
        self.err = Collector(self.process.stderr)

    @property
    def pid(self) -> int:
        return self.process.pid  # `ip netns exec` becomes the program

    def say(self, line: str) -> None:
        """Give it a line to read."""
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def interrupt(self) -> None:
        """^C."""
        self.process.send_signal(signal.SIGINT)

    def wait(self, limit: float = LIMIT) -> int:
        """Wait for its end; returns its exit status."""
        if self.process.stdin:
            self.process.stdin.close()
        try:
            status = self.process.wait(limit)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{' '.join(self.argv)} did not end in {limit} s:\n{self.output()}") from None
        for collector in (self.out, self.err):
            if collector:
                collector.join()
        return status

    def good(self, limit: float = LIMIT) -> None:
        """Wait for its end, which must be a success."""
        status = self.wait(limit)
        assert status == 0, f"{' '.join(self.argv)} -> {status}\n{self.output()}"

    def output(self) -> str:
        return (self.out.text if self.out else "") + "\n--- stderr\n" + self.err.text

    def __enter__(self) -> "Program":
        return self

    def __exit__(self, *_exception: object) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(2)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(LIMIT)
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream and not stream.closed:
                with suppress(BrokenPipeError):
                    stream.close()


class Shell(Program):
    """A running `tapip` whose script the test writes line by line, or `tapip -c`."""

    READY = "net_stack_run thread 1"

    def __init__(self, netns: Namespace, *flags: str, **words: Any) -> None:
        super().__init__(netns, *TAPIP, *flags, **words)
        try:
            self.err.expect(self.READY)
        except BaseException:
            self.__exit__()
            raise

    def ask(self, line: str, pattern: str, limit: float = LIMIT) -> re.Match[str]:
        """Run a command, wait for what it prints."""
        before = len(self.out.text)
        self.say(line)
        return self.out.expect(pattern, limit, before)


@contextmanager
def kernel_socket(netns: Namespace, kind: int = socket.SOCK_STREAM, **words: Any) -> Iterator[socket.socket]:
    """A socket of the kernel's in a namespace."""
    with inside(netns.name):
        made = socket.socket(words.pop("family", socket.AF_INET), kind, **words)
    with made:
        made.settimeout(LIMIT)
        yield made


@contextmanager
def kernel_listener(
    netns: Namespace, port: int = 0, address: str = "0.0.0.0", **options: int
) -> Iterator[socket.socket]:
    """A listening socket of the kernel's."""
    with kernel_socket(netns) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if "receive_buffer" in options:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, options["receive_buffer"])
        listener.bind((address, port))
        listener.listen(128)
        yield listener


class Task(threading.Thread):
    """A function beside the test; `result` gives what it gave, or raises what it raised."""

    def __init__(self, function: Callable[..., Any], *arguments: Any) -> None:
        super().__init__(daemon=True)
        self._function, self._arguments = function, arguments
        self._error: BaseException | None = None
        self._value: Any = None
        self.start()

    def run(self) -> None:
        try:
            self._value = self._function(*self._arguments)
        except BaseException as error:
            self._error = error

    def result(self, limit: float = LIMIT) -> Any:
        self.join(limit)
        assert not self.is_alive(), f"{self._function} did not end in {limit} s"
        if self._error:
            raise self._error
        return self._value


def noise(size: int, seed: int = 1) -> bytes:
    """Bytes that repeat nowhere."""
    return random.Random(seed).randbytes(size)


def sha256(data: bytes | Path) -> str:
    if isinstance(data, Path):
        with data.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    return hashlib.sha256(data).hexdigest()


def processor_time(pid: int) -> float:
    """User and system time of a process's threads so far, in seconds, to the nanosecond."""
    threads = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((thread / "schedstat").read_text().split()[0]) for thread in threads) / 1e9


def drain(stream: Any, block: int = 1 << 18) -> tuple[int, str]:
    """Read a stream to its end: how many bytes, and their SHA-256."""
    digest, size, buffer = hashlib.sha256(), 0, memoryview(bytearray(block))
    while count := stream.recv_into(buffer):
        digest.update(buffer[:count])
        size += count
    return size, digest.hexdigest()
