"""What `tapip sim` asks of the networks that a program makes: another seed, captures, checks; and which they are."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tapip_rs.sim.link import Link
    from tapip_rs.sim.network import Network

__all__ = ["Settings", "capture", "checked", "register", "seed_instead_of", "use"]


@dataclass
class Settings:
    """In force while a program runs."""

    seed: int | None = None
    captures: Path | None = None
    check: bool = False
    networks: list[Network] = field(default_factory=list)


_now: Settings | None = None


def use(settings: Settings | None) -> None:
    """Put settings in force; None for none."""
    global _now  # noqa: PLW0603 - one program runs at a time
    _now = settings


def seed_instead_of(seed: int) -> int:
    """The seed that a network is to have."""
    return seed if _now is None or _now.seed is None else _now.seed


def checked(check: bool) -> bool:
    """Whether a network is to be judged."""
    return check or (_now is not None and _now.check)


def register(network: Network) -> None:
    """A network was made."""
    if _now is not None:
        _now.networks.append(network)


def capture(network: Network, link: Link) -> None:
    """A link was made: capture at its ends, if that is wanted."""
    if _now is None or _now.captures is None:
        return
    prefix = "" if _now.networks.index(network) == 0 else f"network{_now.networks.index(network)}-"
    for end, near, far in (("a", link.a, link.b), ("b", link.b, link.a)):
        link.capture(_now.captures / f"{prefix}link{link.number}-{near.name}-{far.name}.pcapng", end)
