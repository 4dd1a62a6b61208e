"""Network namespaces: entering one, and telling them apart.

A thread lives in one namespace; sockets, devices and /proc/sys/net that it opens are that namespace's, and stay so.
"""

from __future__ import annotations

import ctypes
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tapip_rs.topology.attachment import TopologyError

__all__ = ["Identity", "enter", "identity", "inside"]

CLONE_NEWNET = 0x4000_0000
SO_NETNS_COOKIE = 71
_OURS = "/proc/thread-self/ns/net"


@dataclass(frozen=True, slots=True)
class Identity:
    """Which namespace: the inode names it while it lives, the cookie is never used twice (0 where Linux has none)."""

    inode: int
    cookie: int


def identity() -> Identity:
    """The namespace that this thread is in."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        try:
            cookie = int.from_bytes(any_socket.getsockopt(socket.SOL_SOCKET, SO_NETNS_COOKIE, 8), "little")
        except OSError:  # Linux before 5.14
            cookie = 0
    return Identity(Path(_OURS).stat().st_ino, cookie)


def enter(name: str) -> None:
    """Move this thread, and those it starts from now on, to the namespace: a name of `ip netns`, or a path."""
    path = name if "/" in name else f"/run/netns/{name}"
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise TopologyError(f"there is no network namespace {name} ({path}: {error.strerror})") from None
    try:
        _set(handle, name)
    finally:
        os.close(handle)


@contextmanager
def inside(name: str | None) -> Iterator[None]:
    """Be in the namespace for the length of a `with` block; None stays where we are."""
    if name is None:
        yield
        return
    home = os.open(_OURS, os.O_RDONLY | os.O_CLOEXEC)
    try:
        enter(name)
        try:
            yield
        finally:
            _set(home, "we came from")
    finally:
        os.close(home)


def _set(handle: int, name: str) -> None:
    libc = ctypes.CDLL(None, use_errno=True)  # os.setns came with Python 3.12
    if libc.setns(handle, CLONE_NEWNET) != 0:
        reason = os.strerror(ctypes.get_errno())
        raise TopologyError(f"can not enter the network namespace {name}: {reason} (root or CAP_SYS_ADMIN is needed)")
