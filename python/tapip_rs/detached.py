"""A stack without device, thread or clock, for tests, for scapy, for study.

    stack = Stack.detached(seed=1, address="10.0.0.1/24")
    stack.inject(Ether(dst=stack.interfaces["veth"].mac) / ARP(pdst="10.0.0.1", psrc="10.0.0.2"))
    reply = Ether(stack.pull())

Frames go in and come out by hand, time passes by `advance`; the same seed and calls give the same frames. Its sockets
never wait: what would block raises BlockingIOError, and `connect` returns with its SYN on the way.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NoReturn, SupportsBytes

from tapip_rs import _core
from tapip_rs.stack import Stack

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["DetachedStack"]


class DetachedStack(Stack):
    """A stack driven by hand.

    Its interface `veth` is of `medium` "ethernet" (frames) or "ip" (packets from the IP header on).
    """

    def __init__(self, *, seed: int = 0, medium: str = "ethernet", address: str | None = None, mtu: int = 1500) -> None:
        super().__init__(seed=seed, threaded=False)
        veth = self.attach("veth", _core.Queue(mtu), medium=medium)
        if address is not None:
            veth.add_address(address)

    def inject(self, frame: Buffer | SupportsBytes, interface: str = "veth") -> None:
        """A frame arrives: bytes, or anything that `bytes()` makes bytes of, such as a scapy packet."""
        self.core.inject(self.interfaces[interface].index, bytes(frame))

    def pull(self, interface: str = "veth") -> bytes | None:
        """The next frame that the stack sent; None when there is none."""
        return self.core.pull(self.interfaces[interface].index)

    def frames(self, interface: str = "veth") -> Iterator[bytes]:
        """Every frame that the stack has sent so far."""
        while (frame := self.pull(interface)) is not None:
            yield frame

    def advance(self, seconds: float) -> None:
        """Let time pass; every timer due on the way fires at its own time."""
        self.core.advance(seconds)

    @property
    def next_timeout(self) -> float | None:
        """Seconds from now to the next timer; None when no timer runs."""
        return self.core.next_timeout

    def ping(self, *_arguments: object, **_options: object) -> NoReturn:
        """Not here: a detached stack has no clock that could run out. Send echo requests through `raw(1)`."""
        raise TypeError("a detached stack cannot wait for ping replies; use raw(1) and advance()")

    def arping(self, *_arguments: object, **_options: object) -> NoReturn:
        """Not here, as for `ping`: see `core.arping` and `core.arp_replies`."""
        raise TypeError("a detached stack cannot wait for ARP replies; use core.arping() and core.arp_replies()")
