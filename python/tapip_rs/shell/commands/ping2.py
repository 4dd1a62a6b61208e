"""`ping2`: tapip's first ping, which shows the stack at work instead of counting."""

from __future__ import annotations

import os
from ipaddress import IPv4Address
from itertools import count as naturals

from tapip_rs.ping import ICMP, echo_request

from ..devices import source_of
from ..registry import command
from ..session import Session
from .ping import Count, Size, Ttl

#: What is traced meanwhile.
LAYERS = ("arp", "ip", "icmp")
#: Seconds between requests, as in tapip.
INTERVAL = 1.0


@command("ping2")
def ping2(session: Session, ipaddr: IPv4Address, *, size: Size = 56, count: Count = None, ttl: Ttl = 64) -> None:
    """ping [OPTIONS] ipaddr(Internal stack implementation)

    Sends echo requests until ^C, or COUNT of them, and shows on standard error what ARP, IP and ICMP make of them; the
    replies are among that. There are no statistics: use ping.
        -s SIZE   data bytes in a request (56)
        -c COUNT  how many requests (no end)
        -t TTL    their time to live (64)
    """
    session.out.line(" ".join(session.words))
    identifier = int.from_bytes(os.urandom(2), "big")
    payload = bytes(i & 0xFF for i in range(size))
    before = session.trace.layers
    session.trace.watch(LAYERS)
    try:
        with session.stack.raw(ICMP) as socket:
            socket.set_option("ttl", ttl)
            for seq in naturals(1) if count is None else range(1, count + 1):
                source = source_of(session.stack, str(ipaddr))
                session.out.line(f"{source} send to {ipaddr} id {identifier} seq {seq} ttl {ttl}")
                socket.sendto(echo_request(identifier, seq & 0xFFFF, payload), ipaddr)
                if session.stop.sleep(INTERVAL):
                    break
    finally:
        session.trace.unwatch([layer for layer in LAYERS if layer not in before])
