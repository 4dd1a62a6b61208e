"""`debug`: the stack's trace, layer by layer."""

from __future__ import annotations

from typing import Annotated, Literal

from ..errors import BadWord
from ..parser import Option
from ..registry import command
from ..session import Session
from ..trace import COLOURS

Layer = Literal["dev", "l2", "arp", "ip", "icmp", "udp", "tcp", "tcpstate", "all"]


@command("debug")
def debug(
    session: Session,
    *layer: Layer,
    clear: Annotated[bool, Option("-c")] = False,
    stay: Annotated[bool, Option("-n")] = False,
) -> None:
    """debug dev|l2|arp|ip|icmp|udp|tcp|tcpstate|all

    Prints on standard error what the layers do, until ^C; then no layer is printed any more.
        -n  go on printing beside the prompt
        -c  end that, for the layers named or for all

    EXAMPLES: debug arp ip
              debug -n all
    """
    layers = list(COLOURS) if "all" in layer else list(layer)
    if clear and stay:
        raise BadWord("-c and -n exclude each other")
    if clear:
        session.trace.unwatch(layers)
        return
    if not layers:
        raise BadWord("missing LAYER")
    session.trace.watch(layers)
    if stay:
        return
    session.err.line("enter ^C to exit debug mode")
    session.stop.wait()
    session.trace.unwatch()
    session.err.line("exit debug mode")
