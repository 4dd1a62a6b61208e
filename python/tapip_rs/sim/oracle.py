"""The oracle: every frame that a host sends is judged by the rules of the RFCs, and a broken one is an exception."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tapip_rs.errors import RuleBroken

if TYPE_CHECKING:
    from tapip_rs import _core
    from tapip_rs.sim.network import Network

__all__ = ["judge", "judge_end"]


def judge(network: Network) -> None:
    """Raise the next broken rule that was not told yet, if there is one. Raises: RuleBroken."""
    told = network.core.broken()
    if told is None:
        return
    broken, (number, frame, words), direction = told
    link = None
    if direction is not None:
        one = network.links[direction // 2]
        link = (one.ba if direction % 2 else one.ab).name
    raise _error(network, broken, link=link, frame=frame, number=number, words=words)


def judge_end(network: Network) -> None:
    """Raise what is left of a network in which all should be over. Raises: RuleBroken."""
    judge(network)
    left = [_error(network, broken) for broken in network.core.left()]
    if left:
        for other in left[1:]:
            left[0].add_note(str(other))
        raise left[0]


def _error(
    network: Network,
    broken: _core._Broken,
    *,
    link: str | None = None,
    frame: bytes | None = None,
    number: int | None = None,
    words: str | None = None,
) -> RuleBroken:
    rule, clause, what, nanos, host, connection = broken
    return RuleBroken(
        rule=rule,
        clause=clause,
        what=what,
        time=nanos / 1e9,
        host=network.hosts[host].name,
        connection=connection,
        link=link,
        frame=frame,
        number=number,
        words=words,
    )
