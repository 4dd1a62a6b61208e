"""The sockets that a `Stack` hands out: the Rust ones, with Python's manners.

Each class holds its Rust counterpart as `core` and adds a context manager, iteration where it makes sense, and hosts
given as `ipaddress` objects. Socket addresses are `(host, port)` with the host as text, as in the `socket` module.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING, Generic, Self, TypeAlias, TypeVar

from tapip_rs import _core
from tapip_rs.policy import Policy, Value

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = [
    "Address",
    "Host",
    "RawSocket",
    "Socket",
    "TcpListener",
    "TcpStream",
    "UdpSocket",
    "host_text",
    "socket_address",
]

Host: TypeAlias = str | IPv4Address | IPv6Address
"""An address: text or an `ipaddress` object. Names are not resolved."""
Address: TypeAlias = tuple[Host, int]
"""A host and a port."""

_Tcp = TypeVar("_Tcp", bound=_core.TcpStream | _core.TcpListener)
_Core = TypeVar("_Core", bound=_core.TcpStream | _core.TcpListener | _core.UdpSocket | _core.RawSocket)


def host_text(host: Host, argument: str = "host") -> str:
    """The text of an address; TypeError that names `argument` for anything else."""
    if isinstance(host, str):
        return host
    if isinstance(host, IPv4Address | IPv6Address):
        return str(host)
    raise TypeError(f"{argument} must be text or an ipaddress object, not {type(host).__name__}")


def socket_address(address: Address, argument: str = "address") -> tuple[str, int]:
    """A `(host, port)` for Rust; TypeError or ValueError that names `argument` for anything else."""
    try:
        host, port = address
    except (TypeError, ValueError):
        raise TypeError(f"{argument} must be a pair (host, port), not {address!r}") from None
    if not isinstance(port, int):
        raise TypeError(f"the port of {argument} must be an int, not {type(port).__name__}")
    if not 0 <= port <= 0xFFFF:
        raise ValueError(f"the port of {argument} must be 0..65535, not {port}")
    return host_text(host, f"the host of {argument}"), port


class Socket(Generic[_Core]):
    """What every socket has. `core` is its Rust counterpart."""

    __slots__ = ("core",)

    def __init__(self, core: _Core) -> None:
        self.core = core

    def close(self) -> None:
        """Let go; what is queued is still delivered, whoever waits gets OSError(EBADF). May be called twice."""
        self.core.close()

    @property
    def closed(self) -> bool:
        """Whether it was closed here."""
        return self.core.closed

    @property
    def timeout(self) -> float | None:
        """How long calls may wait, in seconds; None for ever, 0 not at all."""
        return self.core.timeout

    def settimeout(self, seconds: float | None) -> None:
        """Set `timeout`."""
        self.core.settimeout(seconds)

    def option(self, name: str) -> int | str:
        """A socket option: ttl, tos, nodelay, broadcast... (each class of `_core` lists its own)."""
        return self.core.option(name)

    def set_option(self, name: str, value: int | str) -> None:
        """Set a socket option; times are in milliseconds. What a listener is given, accepted connections inherit."""
        self.core.set_option(name, value)

    def readiness(self) -> int:
        """What can be done without waiting, as `select.POLL*` bits."""
        return self.core.readiness()

    def wait(self, events: int, timeout: float | None = None) -> int:
        """Wait for one of `events` (`select.POLL*` bits), an error or a hang-up; returns the readiness."""
        return self.core.wait(events, timeout)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def __repr__(self) -> str:
        name = type(self).__name__
        if self.closed:
            return f"<{name} closed>"
        ends = [_end(end) for end in (self.core.local, getattr(self.core, "remote", None)) if end is not None]
        return f"<{name} {' -> '.join(ends) or 'unbound'}>"


class _Tuned(Socket[_Tcp]):
    """A TCP socket, which may have knobs of its own."""

    __slots__ = ()

    @property
    def policy(self) -> Policy:
        """The knobs as they are for this socket: `stream.policy["net.ipv4.tcp_delack_ms"] = 10` concerns no other.

        What a listener is given, the connections that it makes begin with. What the handshake decides (SACK, window
        scaling...) can only be set at the listener, or with the connect.
        """
        return Policy(self.core)

    def set_policy(self, name: str, value: Value | Iterable[int]) -> None:
        """Set a knob for this socket only. Raises: KeyError; ValueError that names it and says why not."""
        self.policy[name] = value


class TcpStream(_Tuned[_core.TcpStream]):
    """A TCP connection. Made by `stack.connect` and by accepting from a `TcpListener`.

    Leaving a `with` block closes it: what is queued is still delivered, as after `close()`. With the option `linger`
    (SO_LINGER, in milliseconds) above 0, closing waits that long for it to be acknowledged, and then resets.
    """

    __slots__ = ()

    def send(self, data: Buffer) -> int:
        """Queue bytes; returns how many were taken, at least one."""
        return self.core.send(data)

    def sendall(self, data: Buffer) -> None:
        """Queue all bytes."""
        self.core.sendall(data)

    def send_urgent(self, data: Buffer) -> int:
        """Queue bytes whose last one the urgent pointer marks (RFC 6093)."""
        return self.core.send_urgent(data)

    def recv(self, size: int = 65536) -> bytes:
        """1 to `size` bytes, or b"" once the peer has sent all it will."""
        return self.core.recv(size)

    def recv_into(self, buffer: Buffer, size: int = 0) -> int:
        """As `recv`, into a writable buffer; returns the count."""
        return self.core.recv_into(buffer, size)

    def peek(self, size: int = 65536) -> bytes:
        """As `recv`, but the bytes stay."""
        return self.core.peek(size)

    def shutdown(self, how: int) -> None:
        """`socket.SHUT_RD`, `SHUT_WR` (end of our stream) or `SHUT_RDWR`."""
        self.core.shutdown(how)

    def abort(self) -> None:
        """Reset the connection and close."""
        self.core.abort()

    @property
    def local(self) -> tuple[str, int]:
        """Our address."""
        return self.core.local

    @property
    def remote(self) -> tuple[str, int]:
        """The peer's address."""
        return self.core.remote

    def info(self) -> _core.TcpInfo:
        """The state of the connection now: state, cwnd, srtt, windows, queues..."""
        return self.core.info()

    def take_error(self) -> OSError | None:
        """The error that waits to be reported, taken away; None when there is none."""
        return _error(self.core.take_error())


class TcpListener(_Tuned[_core.TcpListener]):
    """A listening socket. Iterating it accepts connections until it is closed."""

    __slots__ = ()

    def accept(self) -> TcpStream:
        """Wait for a connection."""
        return TcpStream(self.core.accept())

    @property
    def local(self) -> tuple[str, int]:
        """The address listened on."""
        return self.core.local

    def __iter__(self) -> Iterator[TcpStream]:
        while not self.closed:
            try:
                stream = self.accept()
            except OSError as error:
                if error.errno == errno.EBADF:  # closed while it waited
                    return
                raise
            yield stream


class UdpSocket(Socket[_core.UdpSocket]):
    """A UDP socket."""

    __slots__ = ()

    def bind(self, local: Address) -> None:
        """Take a local address; port 0 picks one."""
        self.core.bind(socket_address(local, "local"))

    def connect(self, remote: Address | None) -> None:
        """Set the peer; None undoes it."""
        self.core.connect(None if remote is None else socket_address(remote, "remote"))

    def send(self, data: Buffer) -> int:
        """Send one datagram to the peer."""
        return self.core.send(data)

    def sendto(self, data: Buffer, remote: Address) -> int:
        """Send one datagram."""
        return self.core.sendto(data, socket_address(remote, "remote"))

    def recv(self, size: int = 65536) -> bytes:
        """The next datagram, cut to `size` bytes."""
        return self.core.recv(size)

    def recv_into(self, buffer: Buffer, size: int = 0) -> int:
        """The next datagram into a writable buffer; returns how many bytes were written."""
        return self.core.recv_into(buffer, size)

    def recvfrom(self, size: int = 65536) -> tuple[bytes, tuple[str, int]]:
        """The next datagram and its sender."""
        return self.core.recvfrom(size)

    def recvmsg(self, size: int = 65536) -> tuple[bytes, _core.DatagramInfo]:
        """The next datagram and what is known of it: destination, interface, TTL, TOS."""
        return self.core.recvmsg(size)

    def join_group(self, group: Host, interface: int | None = None) -> None:
        """Receive a multicast group on an interface (its index), or on the one that routes lead to."""
        self.core.join_group(host_text(group, "group"), interface)

    def leave_group(self, group: Host, interface: int | None = None) -> None:
        """Undo `join_group`."""
        self.core.leave_group(host_text(group, "group"), interface)

    @property
    def local(self) -> tuple[str, int] | None:
        """Our address; None while unbound."""
        return self.core.local

    @property
    def remote(self) -> tuple[str, int] | None:
        """The peer; None while unconnected."""
        return self.core.remote

    def errors(self) -> list[_core.QueuedError]:
        """The error queue, oldest entry first, taken away; as MSG_ERRQUEUE, it never waits.

        With the option `receive_errors` (IP_RECVERR) calls on an unconnected socket fail with what ICMP reports, too,
        `wait(select.POLLERR)` waits for it, and a datagram that the stack itself found too long is queued with the MTU.
        """
        return list(iter(self.core.queued_error, None))

    def take_error(self) -> OSError | None:
        """The error that waits to be reported, taken away; None when there is none."""
        return _error(self.core.take_error())


class RawSocket(Socket[_core.RawSocket]):
    """A raw IP socket.

    What it receives begins with the IP header; what it sends does not, unless the option `header_included` is set.
    """

    __slots__ = ()

    def bind(self, local: Host) -> None:
        """Receive only what is sent to `local`, and send from it."""
        self.core.bind(host_text(local, "local"))

    def connect(self, remote: Host | None) -> None:
        """Set the peer; None undoes it."""
        self.core.connect(None if remote is None else host_text(remote, "remote"))

    def send(self, data: Buffer) -> int:
        """Send a payload to the peer."""
        return self.core.send(data)

    def sendto(self, data: Buffer, remote: Host) -> int:
        """Send a payload."""
        return self.core.sendto(data, host_text(remote, "remote"))

    def recv(self, size: int = 65536) -> bytes:
        """The next packet from its IP header on, cut to `size` bytes."""
        return self.core.recv(size)

    def recv_into(self, buffer: Buffer, size: int = 0) -> int:
        """The next packet into a writable buffer; returns how many bytes were written."""
        return self.core.recv_into(buffer, size)

    def recvfrom(self, size: int = 65536) -> tuple[bytes, str]:
        """The next packet and its sender."""
        return self.core.recvfrom(size)

    def recvmsg(self, size: int = 65536) -> tuple[bytes, _core.DatagramInfo]:
        """The next packet and what is known of it."""
        return self.core.recvmsg(size)

    def join_group(self, group: Host, interface: int | None = None) -> None:
        """Receive a multicast group on an interface (its index), or on the one that routes lead to."""
        self.core.join_group(host_text(group, "group"), interface)

    def leave_group(self, group: Host, interface: int | None = None) -> None:
        """Undo `join_group`."""
        self.core.leave_group(host_text(group, "group"), interface)

    @property
    def protocol(self) -> int:
        """The IP protocol number."""
        return self.core.protocol

    @property
    def local(self) -> str | None:
        """Our address; None while unbound."""
        return self.core.local

    @property
    def remote(self) -> str | None:
        """The peer; None while unconnected."""
        return self.core.remote

    def errors(self) -> list[_core.QueuedError]:
        """The error queue, oldest entry first, taken away; as MSG_ERRQUEUE, it never waits.

        With the option `receive_errors` (IP_RECVERR) calls on an unconnected socket fail with what ICMP reports, too,
        `wait(select.POLLERR)` waits for it, and a datagram that the stack itself found too long is queued with the MTU.
        """
        return list(iter(self.core.queued_error, None))

    def take_error(self) -> OSError | None:
        """The error that waits to be reported, taken away; None when there is none."""
        return _error(self.core.take_error())


def _error(number: int) -> OSError | None:
    return OSError(number, os.strerror(number)) if number else None


def _end(address: str | tuple[str, int]) -> str:
    return address if isinstance(address, str) else f"{address[0]}:{address[1]}"
