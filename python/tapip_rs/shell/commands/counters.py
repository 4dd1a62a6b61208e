"""`counters`: what the stack has counted, as nstat(8) shows it."""

from __future__ import annotations

from typing import Annotated

from tapip_rs.stack import Stack

from ..parser import Option
from ..registry import command
from ..report import Report


@command("counters")
def counters(stack: Stack, pattern: str = "", *, zeros: Annotated[bool, Option("-z")] = False) -> Report:
    """show the protocol counters, and the packets dropped by reason

    Only names that contain PATTERN, in any case of letters; counters of 0 only with -z.
    """
    counted, dropped = _select(stack.counters, pattern, zeros), _select(stack.drops, pattern, zeros)
    lines = [f"{name:<32}{value}" for name, value in counted.items()]
    lines += [f"{'drop ' + reason:<32}{value}" for reason, value in dropped.items()]
    return Report("\n".join(lines), {"counters": counted, "drops": dropped})


def _select(counts: dict[str, int], pattern: str, zeros: bool) -> dict[str, int]:
    wanted = pattern.lower()
    return {name: value for name, value in counts.items() if wanted in name.lower() and (value or zeros)}
