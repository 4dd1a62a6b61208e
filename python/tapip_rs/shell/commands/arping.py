"""`arping`: ARP requests, answered or not."""

from __future__ import annotations

from dataclasses import asdict
from ipaddress import IPv4Address
from typing import Annotated

from tapip_rs.arping import ArpingReply
from tapip_rs.arping import arping as ask

from ..devices import device_towards
from ..errors import FAILURE, OK
from ..kinds import Device
from ..parser import Keyword, Limits, Option
from ..registry import command
from ..report import Report
from ..session import Session
from .ping import milliseconds

Count = Annotated[int | None, Option("-c", value="COUNT"), Limits(1, 2**31 - 1)]


@command("arping")
def arping(
    session: Session,
    address: IPv4Address,
    *,
    count: Count = None,
    probe: Annotated[bool, Option("-D")] = False,
    dev: Annotated[Device | None, Keyword("dev")] = None,
) -> Report:
    """ask by ARP who has an address

    Once a second until ^C, or COUNT times; exit status 1 when nobody answered.
        -c COUNT  how many requests (no end)
        -D        ask as one who has no address yet (RFC 5227): is it in use?
    """
    stack, show = session.stack, not session.json
    interface = device_towards(stack, address, dev)
    own = next((str(each.ip) for each in interface.addresses), "0.0.0.0")
    source = "0.0.0.0" if probe else own
    if show:
        session.out.line(f"ARPING {address} from {source} {interface.name}")
    replies: list[ArpingReply] = []
    sent = 0
    for reply in ask(stack.core, interface.index, address, count=count, probe=probe, pause=session.stop.sleep):
        sent = reply.number
        if reply.mac is None:
            continue
        replies.append(reply)
        if show:
            text = f"Unicast reply from {reply.address} [{reply.mac.upper()}]  {milliseconds(reply.rtt)}ms"
            session.out.line(text)
    if show:
        session.out.line(f"Sent {sent} probes (broadcast)\nReceived {len(replies)} response(s)")
    data = {"address": str(address), "device": interface.name, "sent": sent, "replies": list(map(asdict, replies))}
    return Report("", data, OK if replies else FAILURE)
