"""`clear`."""

from __future__ import annotations

from ..registry import command
from ..session import Session

HOME, ERASE = "\x1b[1H", "\x1b[2J"


@command("clear")
def clear(session: Session) -> None:
    """clear the terminal screen"""
    session.out.text(HOME + ERASE)
