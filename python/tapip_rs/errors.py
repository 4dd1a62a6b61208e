"""Exceptions of tapip_rs that Python has no class for.

Everything that a Linux socket would report comes as the OSError subclass of its errno (`ConnectionRefusedError`,
`TimeoutError`, ...); what is left is the failure of the stack itself, and a host of a virtual network that did what
it must not.
"""

from __future__ import annotations

__all__ = ["RuleBroken", "StackFailed"]


class StackFailed(OSError):
    """The stack itself failed: its thread panicked, or it lives in another process since a fork.

    `strerror` is the reason. No verb of this stack works any more; `close()` still does.
    """


class RuleBroken(AssertionError):
    """A host of a virtual network broke a rule of the RFCs; see `tapip_rs.sim.Network(check=True)`.

    The network stands right behind the event at which it happened.
    """

    def __init__(
        self,
        *,
        rule: str,
        clause: str,
        what: str,
        time: float,
        host: str,
        connection: str | None = None,
        link: str | None = None,
        frame: bytes | None = None,
        number: int | None = None,
        words: str | None = None,
    ) -> None:
        self.rule = rule
        """A word for the rule, such as `window`."""
        self.clause = clause
        """Where it is written, such as "RFC 9293 3.8.6 SHLD-15"."""
        self.what = what
        """What was seen, and what is allowed."""
        self.time = time
        """When, in seconds."""
        self.host = host
        """Who."""
        self.connection = connection
        """On which connection, as `10.0.0.1:40000 > 10.0.0.2:80`, if on one."""
        self.link = link
        """The direction by which the frame left, as `a->b`, if it is about a frame."""
        self.frame = frame
        """The frame, with its Ethernet header."""
        self.number = number
        """The how-manieth frame it is, from 1, of all that hosts sent since they are checked."""
        whose = f"host {host}" if connection is None else f"host {host}, {connection}"
        text = f"{time:.9f} s, {whose}: {rule} ({clause}): {what}"
        if frame is not None:
            text += f"; frame {number} on {link}: {words}"
        super().__init__(text)
