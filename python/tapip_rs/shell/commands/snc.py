"""`snc`, the simplex netcat: what comes in on one side goes out on the other.

A connection ends in order: the sender half-closes behind its last byte and waits until the peer has acknowledged it,
for the shell may end, and the stack with it, as soon as the command does. What a peer sends to a sender is read and
thrown away, so that closing does not have to reset the connection (RFC 9293 3.6.1).
"""

from __future__ import annotations

import os
import select
import socket
import threading
from contextlib import suppress
from typing import Annotated

from tapip_rs.sockets import TcpStream, UdpSocket

from ..errors import INTERRUPTED, OK, Failed
from ..kinds import Endpoint
from ..parser import Option
from ..registry import command
from ..session import Session

#: One move of bulk data; large enough to make the cost of a call vanish, small enough for a cache.
BLOCK = 256 * 1024
#: What one datagram carries at most: tapip's read from standard input.
DATAGRAM = 512
#: The largest datagram there is.
LARGEST = 65507
#: tapip's.
BACKLOG = 10
#: How long a peer that has acknowledged everything may take to close its side, seconds.
PATIENCE = 2.0
#: How long datagrams may wait for the neighbour's address: its five requests, one a second, and one more.
NEIGHBOR_PATIENCE = 6.0
#: How often the end of a connection is looked at, seconds.
LOOK = 0.02


@command("snc")
def snc(
    session: Session,
    *,
    details: Annotated[bool, Option("-d")] = False,
    datagrams: Annotated[bool, Option("-u")] = False,
    bind: Annotated[Endpoint | None, Option("-b", one_of="end")] = None,
    connect: Annotated[Endpoint | None, Option("-c", one_of="end")] = None,
) -> int:
    """Simplex Net Cat

    -b waits at an address and writes what arrives to standard output; -c sends standard input to an address. A TCP
    connection ends with its sender; datagrams (-u) are received until ^C.
        -d  tell what happens, on standard error
        -u  UDP instead of TCP

    EXAMPLES: snc -b 0.0.0.0:12345
              snc -c 10.0.0.2:12345
              snc -u -b 10.0.0.1:12345
    """
    talk = _Talk(session, details, "UDP" if datagrams else "TCP")
    end = bind or connect
    try:
        if bind is not None:
            return _receive_datagrams(talk, bind) if datagrams else _receive(talk, bind)
        assert connect is not None
        return _send_datagrams(talk, connect) if datagrams else _send(talk, connect)
    except OSError as error:
        if session.stop.said:
            talk("snc", "interrupt")
            return INTERRUPTED
        raise Failed(f"{end}: {error.strerror or error}") from None


class _Talk:
    """The session, and the lines of -d."""

    def __init__(self, session: Session, loud: bool, protocol: str) -> None:
        self.session, self._loud, self._protocol = session, loud, protocol

    def __call__(self, where: str, text: str) -> None:
        if self._loud:
            self.session.err.line(f"[{threading.get_native_id()}]{where} ({self._protocol}): {text}")


def _receive(talk: _Talk, at: Endpoint) -> int:
    """Accept one connection, write what it sends."""
    session = talk.session
    with session.stack.listen(at.pair, BACKLOG) as listener, session.stop.calling(listener.close):
        talk("recv_tcp_packet", f"bind {at}")
        talk("recv_tcp_packet", f"listen with backlog:{BACKLOG}")
        stream = listener.accept()
    with session.stop.calling(stream.abort), stream:
        host, port = stream.remote
        talk("recv_tcp_packet", f"Three-way handshake successes: from {host}:{port}")
        talk("recv_tcp_packet", "starting _read()...")
        buffer = memoryview(bytearray(BLOCK))
        while count := stream.recv_into(buffer):
            session.out.write(buffer[:count])
        talk("recv_tcp_packet", f"last _read() return {count}")
        with suppress(OSError):  # everything is here; how the peer takes our end is its own affair
            _finish(talk, stream, received=True)
    return INTERRUPTED if session.stop.said else OK


def _send(talk: _Talk, to: Endpoint) -> int:
    """Connect, send standard input."""
    session = talk.session
    stream = TcpStream(session.stack.core.tcp_connect(to.pair, None, 0))  # 0: do not wait where ^C is not heard
    with session.stop.calling(stream.abort), stream:
        stream.wait(select.POLLOUT)
        if error := stream.take_error():
            talk("send_tcp_packet", "_connect error")
            raise error
        stream.settimeout(None)
        talk("send_tcp_packet", f"connect {to}")
        while block := session.stdin.block(BLOCK, session.stop):
            stream.sendall(block)
        if not session.stop.said:
            _finish(talk, stream)
    return INTERRUPTED if session.stop.said else OK


def _finish(talk: _Talk, stream: TcpStream, *, received: bool = False) -> None:
    """Half-close, and wait until the peer has everything and has closed, too.

    How long acknowledgments of data may take is for TCP to say; all else gets PATIENCE. `received`: the peer has
    closed before, and nothing was sent.
    """
    session = talk.session
    stream.shutdown(socket.SHUT_WR)
    stream.settimeout(LOOK)
    buffer = bytearray(BLOCK)
    patience = PATIENCE
    reading = not received
    while not session.stop.said and patience > 0:
        state = stream.info().state
        if state in ("TIME-WAIT", "CLOSED"):
            break
        if received or state == "FIN-WAIT-2":
            patience -= LOOK
        if reading:
            try:
                reading = stream.recv_into(buffer) > 0
            except TimeoutError as error:
                if error.errno is not None:
                    raise
        else:
            session.stop.sleep(LOOK)
    talk("finish", f"closed in state {stream.info().state}")


def _receive_datagrams(talk: _Talk, at: Endpoint) -> int:
    """Write every datagram that arrives."""
    session = talk.session
    with session.stack.udp(at.pair) as port, session.stop.calling(port.close):
        talk("recv_udp_packet", f"bind {at}")
        while True:
            data, (host, number) = port.recvfrom(LARGEST)
            talk("recv_udp_packet", f"ip: {len(data)} bytes from {host}:{number}")
            session.out.write(data)


def _send_datagrams(talk: _Talk, to: Endpoint) -> int:
    """Send standard input, a datagram for each read."""
    session = talk.session
    with session.stack.udp() as port, session.stop.calling(port.close):
        port.connect(to.pair)
        first = True
        while block := session.stdin.block(DATAGRAM, session.stop):
            port.send(block)
            if first:  # only a few packets may wait for the neighbour's address, so the rest waits here
                _settle(talk, port)
                first = False
        _settle(talk, port)
    return INTERRUPTED if session.stop.said else OK


def _settle(talk: _Talk, port: UdpSocket) -> None:
    """Wait until no packet waits for a neighbour's address."""
    session = talk.session
    left = NEIGHBOR_PATIENCE
    while left > 0 and any(entry.pending for entry in session.stack.core.neighbors()):
        if session.stop.sleep(LOOK):
            return
        left -= LOOK
    error = port.take_error()
    if error is not None:
        raise OSError(error.errno, os.strerror(error.errno or 0))
