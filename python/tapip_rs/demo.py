"""An in-memory network to play with, without root and without a device.

    stack (veth 10.0.0.1/24) --- gateway (10.0.0.2, forwards) --+-- web  10.0.1.80:80   HTTP
                                                                +-- echo 10.0.1.7:7     TCP and UDP echo

Each host is a stack of its own with its own driver thread, each wire a `Pipe`. `network()` gives the user's stack; the
others live behind it and are closed with it. The servers' threads wait in the stacks' calls, which closing wakes.
"""

from __future__ import annotations

import errno
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from typing import Self

from tapip_rs._core import Pipe
from tapip_rs.errors import StackFailed
from tapip_rs.masks import deaf
from tapip_rs.sockets import TcpListener, TcpStream, UdpSocket
from tapip_rs.stack import Stack

__all__ = ["ECHO", "GATEWAY", "HINT", "WEB", "Neighborhood", "network"]

ADDRESS, GATEWAY, WEB, ECHO = "10.0.0.1", "10.0.0.2", "10.0.1.80", "10.0.1.7"
HTTP_PORT, ECHO_PORT = 80, 7
MAC = "00:34:45:67:89:ab"
"""tapip's hardware address."""
BLOCK = 64 * 1024
PATIENCE = 30.0
"""Seconds that a server waits for a client that says nothing."""
MAX_REQUEST = 8192
"""Bytes of a request's head, as most web servers allow."""
MAX_BODY = 100_000_000

HINT = f"""\
You are {ADDRESS} on a network in memory. {GATEWAY} is the gateway; behind it are
a web server, {WEB}:{HTTP_PORT}, and an echo host, {ECHO}:{ECHO_PORT} (TCP and UDP). Try:
    ping -c 3 {ECHO}            traceroute {WEB}
    route; arpcache; ifconfig     ping -c 1 -s 65000 {ECHO}
    fault drop=0.2 delay=20ms     ping -i 0.2 {ECHO}    (^C)    fault off
    snc -d -c {ECHO}:{ECHO_PORT}           (type; ^D ends)         ss -tai
    capture start demo.pcapng     capture stop            (for Wireshark)
    debug arp ip icmp tcp         (^C ends; -n stays)     help"""

PAGE = f"""\
<!doctype html>
<title>tapip_rs</title>
<p>This page came over a TCP/IP stack in Rust, through a gateway that is one, too.
<p>GET /bytes/N on {WEB} answers with N bytes.
"""


class Neighborhood:
    """The gateway and the hosts behind it, joined to a stack that gets the interface `veth`."""

    def __init__(self, stack: Stack, *, seed: int | None = None) -> None:
        self._hosts = ExitStack()
        self._threads: list[threading.Thread] = []
        self._seed = seed
        try:
            self._build(stack)
        except BaseException:
            self.close()
            raise

    def _build(self, stack: Stack) -> None:
        near, far = Pipe.pair()
        _join(stack, "veth", near, f"{ADDRESS}/24", mac=MAC)
        stack.routes.add("default", via=GATEWAY)
        self.gateway = self._host(1)
        _join(self.gateway, "lan", far, f"{GATEWAY}/24")
        self.gateway.policy["net.ipv4.ip_forward"] = True
        # A wire has two ends, so each host has one of its own, and half of 10.0.1.0/24 that the gateway can tell apart.
        self.echo = self._behind("echo", "10.0.1.1/26", f"{ECHO}/26", 2)
        self.web = self._behind("web", "10.0.1.65/26", f"{WEB}/26", 3)
        self._serve(self.web.listen((WEB, HTTP_PORT)), _answer)
        self._serve(self.echo.listen((ECHO, ECHO_PORT)), _echo)
        self._start("udp-echo", _echo_datagrams, self.echo.udp((ECHO, ECHO_PORT)))

    def _host(self, number: int) -> Stack:
        """One more stack; with a seed of its own if the network has one."""
        host = self._hosts.enter_context(Stack(seed=None if self._seed is None else self._seed + number))
        host.policy["net.ipv4.icmp_ratelimit"] = 0  # nobody can be flooded here, and traceroute shall see every hop
        return host

    def _behind(self, name: str, gateway: str, address: str, number: int) -> Stack:
        """A host on a wire of its own to the gateway."""
        near, far = Pipe.pair()
        _join(self.gateway, name, near, gateway)
        host = self._host(number)
        _join(host, "veth", far, address)
        host.routes.add("default", via=gateway.partition("/")[0])
        return host

    def _serve(self, listener: TcpListener, serve: Callable[[TcpStream], None]) -> None:
        """Serve each connection on a thread of its own, until the stack is closed."""

        def accept() -> None:
            for stream in _until_closed(listener):
                self._start("serve", _served, serve, stream)

        self._start("accept", accept)

    def _start(self, name: str, function: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=function, args=arguments, name=f"demo-{name}", daemon=True)
        self._threads = [each for each in self._threads if each.is_alive()]
        self._threads.append(thread)
        with deaf():
            thread.start()

    def close(self) -> None:
        """Close every host; their threads end with them."""
        self._hosts.close()
        for thread in self._threads:
            thread.join(1.0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()


def network(*, seed: int | None = None) -> Stack:
    """The user's stack in the demo network; closing it closes the network."""
    return Stack.demo(seed=seed)


def _join(stack: Stack, name: str, wire: Pipe, address: str, mac: str | None = None) -> None:
    """An interface at the end of a wire."""
    interface = stack.attach(name, wire, mac=mac)
    interface.add_address(address)
    interface.up = True


def _until_closed(listener: TcpListener) -> Iterator[TcpStream]:
    """Connections, until the stack or the listener is closed."""
    with suppress(OSError):
        yield from listener


def _served(serve: Callable[[TcpStream], None], stream: TcpStream) -> None:
    """Serve a connection, whatever the peer does."""
    with suppress(OSError), stream:
        stream.settimeout(PATIENCE)
        serve(stream)


def _echo(stream: TcpStream) -> None:
    """Send back what comes (RFC 862)."""
    buffer = memoryview(bytearray(BLOCK))
    while count := stream.recv_into(buffer):
        stream.sendall(buffer[:count])


def _echo_datagrams(port: UdpSocket) -> None:
    """Send back what comes, until the stack is closed."""
    while not port.closed:
        try:
            data, sender = port.recvfrom()
            port.sendto(data, sender)
        except StackFailed:
            return
        except OSError as error:  # anything but the end is an ICMP error about some client
            if error.errno == errno.EBADF:
                return


def _answer(stream: TcpStream) -> None:
    """One HTTP request, one answer (RFC 9112, connection closed after it)."""
    head = b""
    while b"\r\n\r\n" not in head and b"\n\n" not in head and len(head) < MAX_REQUEST:
        data = stream.recv()
        if not data:
            break
        head += data
    words = head.partition(b"\n")[0].decode("latin-1").split()
    if len(words) < 2 or words[0] not in ("GET", "HEAD"):
        status, body = "400 Bad Request", b"GET and HEAD only\n"
    else:
        status, body = _page(words[1])
    kind = "text/html" if body.startswith(b"<") else "application/octet-stream"
    fields = f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n"
    stream.sendall(f"HTTP/1.1 {status}\r\n{fields}\r\n".encode())
    if words[:1] != ["HEAD"]:
        stream.sendall(body)


def _page(path: str) -> tuple[str, bytes]:
    if path == "/":
        return "200 OK", PAGE.encode()
    number = path.removeprefix("/bytes/")
    if number != path and number.isascii() and number.isdigit() and len(number) < 10 and int(number) <= MAX_BODY:
        return "200 OK", bytes(int(number))
    return "404 Not Found", b"there is / and /bytes/N\n"
