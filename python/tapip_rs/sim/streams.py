"""Sockets for coroutines under virtual time.

Each verb tries, and sleeps until the network says that trying again has a use.
"""

from __future__ import annotations

import errno
import os
import select
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Self, TypeVar

from tapip_rs.policy import Policy, Value
from tapip_rs.sockets import Address, socket_address

if TYPE_CHECKING:
    from typing_extensions import Buffer

    from tapip_rs import _core
    from tapip_rs.sim.network import Network

__all__ = ["Datagrams", "Listener", "Stream", "connect"]

T = TypeVar("T")

READ = select.POLLIN | select.POLLRDHUP
WRITE = select.POLLOUT
ALWAYS = select.POLLERR | select.POLLHUP


class Socket:
    """What the sockets of a virtual host share."""

    def __init__(self, network: Network, core: _core.VirtualSocket) -> None:
        self.network, self.core = network, core

    async def _try(self, verb: Callable[[], T], events: int) -> T:
        while True:
            try:
                return verb()
            except BlockingIOError:
                await self.network.loop.ready(self.core, events | ALWAYS)

    @property
    def local(self) -> tuple[str, int] | None:
        """Our address."""
        return self.core.local

    @property
    def remote(self) -> tuple[str, int] | None:
        """The peer's address."""
        return self.core.remote

    async def close(self) -> None:
        """Let go; what was sent still goes out, and FIN behind it. Does not wait for it."""
        self.core.close()
        self.network.loop.forget(self.core)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exception: object) -> None:
        await self.close()


class _Tuned(Socket):
    """A TCP socket that may have knobs of its own."""

    @property
    def policy(self) -> Policy:
        """The knobs as they are for this socket; see `tapip_rs.sockets.TcpStream.policy`."""
        return Policy(self.core)

    def set_policy(self, name: str, value: Value) -> None:
        """Set a knob for this socket only. Raises: KeyError; ValueError that names it and says why not."""
        self.policy[name] = value


class Stream(_Tuned):
    """A TCP connection."""

    async def send(self, data: Buffer) -> None:
        """Queue all of `data`; sleeps while the send buffer is full."""
        data = bytes(data)
        sent = 0
        while sent < len(data):
            sent += await self._try(partial(self.core.send, data, sent), WRITE)

    async def recv(self, size: int = 65_536) -> bytes:
        """1 to `size` bytes, or b"" once the peer has sent all it will."""
        return await self._try(lambda: self.core.recv(size), READ)

    async def recv_exactly(self, size: int) -> bytes:
        """Exactly `size` bytes. Raises: EOFError when the stream ends before."""
        parts = []
        while size > 0:
            part = await self.recv(size)
            if not part:
                raise EOFError(f"the stream ended {size} bytes too early")
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def shutdown(self) -> None:
        """Send no more: FIN goes out behind what is queued."""
        self.core.shutdown()

    def abort(self) -> None:
        """Reset the connection."""
        self.core.abort()
        self.network.loop.forget(self.core)

    def info(self) -> _core.TcpInfo:
        """The state of the connection now."""
        return self.core.info()

    def set_option(self, name: str, value: int | str) -> None:
        """Set a socket option, by the names of a live stack's: nodelay, keepalive, congestion..."""
        self.core.set_option(name, value)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        """What comes next, to the end of the stream."""
        part = await self.recv()
        if not part:
            raise StopAsyncIteration
        return part


class Listener(_Tuned):
    """A listening TCP socket; iterate over it for connections."""

    async def accept(self) -> Stream:
        """The next connection."""
        return Stream(self.network, await self._try(self.core.accept, READ))

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Stream:
        """The next connection."""
        return await self.accept()


class Datagrams(Socket):
    """A UDP socket."""

    async def sendto(self, data: Buffer, remote: Address) -> None:
        """Send a datagram."""
        where = socket_address(remote, "remote")
        await self._try(lambda: self.core.sendto(data, where), WRITE)

    async def recvfrom(self, size: int = 65_535) -> tuple[bytes, tuple[str, int]]:
        """The next datagram, as much of it as fits `size`, and who sent it."""
        return await self._try(lambda: self.core.recvfrom(size), READ)


async def connect(network: Network, core: _core.VirtualSocket, congestion: str | None) -> Stream:
    """The stream of a socket whose SYN is on its way, once the handshake is done."""
    try:
        if congestion is not None:
            core.set_option("congestion", congestion)
        while not (ready := core.readiness()) & (WRITE | ALWAYS):
            await network.loop.ready(core, WRITE | ALWAYS)
        _raise_error(core, ready)
    except BaseException:
        core.close()
        network.loop.forget(core)
        raise
    return Stream(network, core)


def _raise_error(core: _core.VirtualSocket, ready: int) -> None:
    if ready & ALWAYS:
        number = core.take_error() or errno.ECONNRESET
        raise OSError(number, os.strerror(number))
