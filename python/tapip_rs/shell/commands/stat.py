"""`stat`: memory of packet buffers and sockets."""

from __future__ import annotations

from tapip_rs.stack import Stack

from ..registry import command
from ..report import Report


@command("stat")
def stat(stack: Stack) -> Report:
    """display pkb/sock information"""
    memory = stack.memory
    sockets = len(stack.sockets)
    lines = [
        "[pkbuf memory information]",
        f" alloced pkbs: {memory['packets_in_use']}",
        f" free pkbs:    {memory['packets_free']}",
        "[sock memory information]",
        f" alloced socks: {sockets}",
        f" free socks:    {memory.get('sockets_free', 0)}",
    ]
    return Report("\n".join(lines), {**memory, "sockets": sockets})
