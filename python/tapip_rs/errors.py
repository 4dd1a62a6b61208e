"""Exceptions of tapip_rs that Python has no class for.

Everything that a Linux socket would report comes as the OSError subclass of its errno (`ConnectionRefusedError`,
`TimeoutError`, ...); what is left is the failure of the stack itself.
"""

from __future__ import annotations

__all__ = ["StackFailed"]


class StackFailed(OSError):
    """The stack itself failed: its thread panicked, or it lives in another process since a fork.

    `strerror` is the reason. No verb of this stack works any more; `close()` still does.
    """
