"""`tapip serve`: echo, discard, daytime and chargen (RFC 862, 863, 867, 864), in Rust or in Python over one API.

Both kinds of server have `run(timeout)` and `served`, the numbers of `_core.Server`.
"""

from __future__ import annotations

import errno
import threading
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from tapip_rs.sockets import TcpListener, TcpStream, UdpSocket
    from tapip_rs.stack import Stack

__all__ = ["PORTS", "PythonServer", "Server", "serve", "summary"]

PORTS = {"echo": 7, "discard": 9, "daytime": 13, "chargen": 19}
"""The services and their standard ports, TCP and UDP (IANA)."""

_ANSWERING = frozenset({7, 13, 17, 19, 37})
"""Ports of servers that answer anything: an answer to one would be answered, for ever (CERT CA-1996-01)."""

_CHUNK = 64 << 10
_PRINTABLE = bytes(range(0x20, 0x7F))
_LINES = b"".join((_PRINTABLE * 2)[first : first + 72] + b"\r\n" for first in range(len(_PRINTABLE)))


class Server(Protocol):
    """What serves."""

    def run(self, timeout: float | None = None) -> None:
        """Serve for so many seconds, or until an exception ends it."""

    @property
    def served(self) -> dict[str, int]:
        """What was done so far."""


def serve(
    stack: Stack,
    services: Iterable[str] = tuple(PORTS),
    *,
    address: str = "0.0.0.0",
    port_offset: int = 0,
    python: bool = False,
) -> Server:
    """Open `services` on a stack; with `python` they are served by Python threads, one a connection."""
    if python:
        return PythonServer(stack, services, address, port_offset)
    return stack.serve(services, address, port_offset)


def summary(served: dict[str, int]) -> str:
    """What was served, in a line."""
    return "{accepted} connections, {datagrams} datagrams, {received} bytes in, {sent} out".format(**served)


class PythonServer:
    """The same services in Python: what they cost there, and how they are written with the sockets of a `Stack`."""

    def __init__(self, stack: Stack, services: Iterable[str], address: str = "0.0.0.0", port_offset: int = 0) -> None:
        self._counts = dict.fromkeys(("accepted", "open", "received", "sent", "datagrams", "refused"), 0)
        self._lock = threading.Lock()
        self._work: list[Callable[[], None]] = []
        self._begun = False
        for name in services:
            if name not in PORTS:
                raise ValueError(f"services: {name!r} is none of {', '.join(PORTS)}")
            local = (address, PORTS[name] + port_offset)
            listener, datagrams = stack.listen(local, backlog=4096), stack.udp(local)
            self._work.append(lambda name=name, listener=listener: self._accept(name, listener))  # type: ignore[misc]
            self._work.append(lambda name=name, socket=datagrams: self._answer(name, socket))  # type: ignore[misc]

    @property
    def served(self) -> dict[str, int]:
        """What was done so far: accepted, open, received, sent (bytes), datagrams, refused."""
        with self._lock:
            return dict(self._counts)

    def run(self, timeout: float | None = None) -> None:
        """Serve for so many seconds, or until an exception ends it. The threads go on until the stack is closed."""
        if not self._begun:
            self._begun = True
            for work in self._work:
                threading.Thread(target=work, daemon=True, name="tapip-serve").start()
        threading.Event().wait(timeout)

    def _count(self, **more: int) -> None:
        with self._lock:
            for name, number in more.items():
                self._counts[name] += number

    def _accept(self, name: str, listener: TcpListener) -> None:
        handler = {"echo": self._echo, "discard": self._discard, "daytime": self._daytime, "chargen": self._chargen}[
            name
        ]
        try:
            for stream in listener:
                self._count(accepted=1, open=1)
                threading.Thread(target=self._attend, args=(handler, stream), daemon=True, name=f"tapip-{name}").start()
        except OSError:  # the stack was closed
            return

    def _attend(self, handler: Callable[[TcpStream], None], stream: TcpStream) -> None:
        try:
            with stream:
                handler(stream)
        except OSError:  # the client, or the stack, is gone
            pass
        finally:
            self._count(open=-1)

    def _echo(self, stream: TcpStream) -> None:
        while data := stream.recv(_CHUNK):
            self._count(received=len(data))
            stream.sendall(data)
            self._count(sent=len(data))

    def _discard(self, stream: TcpStream) -> None:
        buffer = bytearray(_CHUNK)
        while count := stream.recv_into(buffer):
            self._count(received=count)

    def _daytime(self, stream: TcpStream) -> None:
        text = _daytime()
        stream.sendall(text)
        self._count(sent=len(text))

    def _chargen(self, stream: TcpStream) -> None:
        block = _LINES * (_CHUNK // len(_LINES))
        while True:
            stream.sendall(block)
            self._count(sent=len(block))

    def _answer(self, name: str, socket: UdpSocket) -> None:
        turn = 0
        while True:
            try:
                data, source = socket.recvfrom(_CHUNK)
            except OSError as error:
                if error.errno == errno.EBADF or socket.closed:  # the stack was closed
                    return
                continue  # what ICMP reports of an earlier answer concerns nobody here
            self._count(received=len(data))
            if source[1] in _ANSWERING:
                self._count(refused=1)
                continue
            self._count(datagrams=1)
            turn = (turn + 229) % 513  # every length up to 512 once (RFC 864)
            answer = {"echo": data, "daytime": _daytime(), "chargen": _LINES[:turn]}.get(name)
            if answer is not None:
                socket.sendto(answer, source)
                self._count(sent=len(answer))


def _daytime() -> bytes:
    return time.strftime("%A, %B %d, %Y %H:%M:%S-UTC\r\n", time.gmtime()).encode()
