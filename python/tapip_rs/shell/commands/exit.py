"""`exit`."""

from __future__ import annotations

from typing import Annotated

from ..parser import Limits
from ..registry import command
from ..session import Session


@command("exit")
def exit_(session: Session, status: Annotated[int | None, Limits(0, 255)] = None) -> int:
    """exit shell

    The exit status is STATUS, or that of the last command.
    """
    session.ended = True
    return session.status if status is None else status
