"""ARP requests by hand: the engine behind `arping` and `stack.arping`, and the probe for an address in use."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tapip_rs import _core
from tapip_rs.sockets import Host, host_text

__all__ = ["ArpingReply", "arping"]

LOOK = 0.002
"""How often replies are looked for, in seconds. A reply carries its own time, so this does not coarsen `rtt`."""


@dataclass(frozen=True, slots=True)
class ArpingReply:
    """What became of one request; `mac` and `rtt` are None when nobody answered in time."""

    number: int
    address: str
    mac: str | None = None
    rtt: float | None = None


def arping(
    core: _core.Stack,
    index: int,
    target: Host,
    *,
    count: int | None = 1,
    interval: float = 1.0,
    timeout: float = 1.0,
    probe: bool = False,
    pause: Callable[[float], object] = time.sleep,
) -> Iterator[ArpingReply]:
    """Ask on an interface who has `target`, `count` times or for ever; yields each answer, or one silence per request.

    `probe` asks as one who has no address yet (sender 0.0.0.0, RFC 5227 2.1.1). Two runs at a time share their
    answers badly. `pause` waits between two looks for answers; the run ends early when it returns true.
    """
    address = host_text(target, "target")
    number = 0
    core.arp_replies()  # those of an earlier run
    while count is None or number < count:
        number += 1
        sent = core.now
        core.arping(index, address, "0.0.0.0" if probe else None)
        heard: set[str] = set()  # an announcement that comes along is no second answer; another host's is
        last = count is not None and number == count
        while (waited := core.now - sent) < (timeout if last else max(interval, timeout)):
            for reply in core.arp_replies():
                if reply.address == address and reply.mac not in heard:
                    heard.add(reply.mac)
                    yield ArpingReply(number, address, reply.mac, max(reply.time - sent, 0.0))
            if heard and (last or waited >= interval):
                break
            if pause(LOOK):
                return
        if not heard:
            yield ArpingReply(number, address)
