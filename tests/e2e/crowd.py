"""Many connections of the kernel's at once, each of which checks what comes back; one thread for all."""

import hashlib
import random
import resource
import selectors
import socket
import time
from contextlib import ExitStack, suppress

from tapip_rs.topology.netns import inside


class _Client:
    """One connection: what it sends, and what of it came back."""

    def __init__(self, made: socket.socket, data: bytes) -> None:
        self.socket = made
        self.left = memoryview(data)
        self.expected, self.got = hashlib.sha256(data).digest(), hashlib.sha256()

    def step(self, events: int) -> bool:
        """Send and read what can be; whether it is over."""
        if events & selectors.EVENT_WRITE and self.left:
            with suppress(BlockingIOError):
                self.left = self.left[self.socket.send(self.left) :]
            if not self.left:
                self.socket.shutdown(socket.SHUT_WR)
        if events & selectors.EVENT_READ:
            with suppress(BlockingIOError):
                piece = self.socket.recv(1 << 18)
                self.got.update(piece)
                return not piece
        return False


def echo(netns, address, count, size, seconds):
    """Have `count` connections open at once, send `size` bytes on each, read them back; how many were echoed right."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, count + 500)), hard))
    end = time.monotonic() + seconds
    dice = random.Random(1)
    with ExitStack() as scope, selectors.DefaultSelector() as selector:
        clients = []
        with inside(netns.name):
            for _ in range(count):
                made = scope.enter_context(socket.socket())
                made.settimeout(20)
                made.connect(address)
                made.setblocking(False)
                clients.append(_Client(made, dice.randbytes(size)))
        for client in clients:
            selector.register(client.socket, selectors.EVENT_READ | selectors.EVENT_WRITE, client)
        while selector.get_map():
            assert time.monotonic() < end, f"{len(selector.get_map())} of {count} are not echoed after {seconds} s"
            for key, events in selector.select(1):
                client = key.data
                if client.step(events):
                    selector.unregister(client.socket)
                elif not client.left and key.events != selectors.EVENT_READ:
                    selector.modify(client.socket, selectors.EVENT_READ, client)
        return sum(client.got.digest() == client.expected for client in clients)
