"""`stack.policy`: the knobs of one stack as a mapping that can be read, set and explained at run time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol

from tapip_rs.policy.knob import Knob, Value
from tapip_rs.policy.table import BY_NAME, find

__all__ = ["Policy", "pushed"]


class KnobCore(Protocol):
    """The two verbs of the stack that policy needs; `_core.Stack` has them."""

    def knob(self, name: str) -> int:
        """The value of a knob, by the stack's name."""

    def set_knob(self, name: str, value: int) -> None:
        """Set a knob, by the stack's name."""


class Policy(Mapping[str, Value]):
    """The knobs of a stack: `policy["net.ipv4.ip_forward"] = 1`.

    Values are in the units of Linux's sysctl; text is understood, so that shells and files can pass on what they
    read. A knob acts at once; a socket that exists keeps what it copied when it was made, and may override it.
    """

    def __init__(self, core: KnobCore) -> None:
        self._core = core

    def __getitem__(self, name: str) -> Value:
        """Raises: KeyError with the nearest names."""
        return find(name).pull(self._core.knob)

    def __setitem__(self, name: str, value: Value | Iterable[int]) -> None:
        """Raises: KeyError with the nearest names; ValueError naming knob, value and what is allowed."""
        for key, number in find(name).push(value):
            self._core.set_knob(key, number)

    def __iter__(self) -> Iterator[str]:
        return iter(BY_NAME)

    def __len__(self) -> int:
        return len(BY_NAME)

    def __contains__(self, name: object) -> bool:
        return name in BY_NAME

    def update(self, values: Mapping[str, Value]) -> None:
        """Set several knobs, or, when one is bad, none."""
        for key, number in pushed(values):
            self._core.set_knob(key, number)

    def reset(self, name: str) -> None:
        """Back to the default."""
        self[name] = find(name).default

    def knob(self, name: str) -> Knob:
        """The row of the table: type, unit, range, default, source."""
        return find(name)

    def describe(self, name: str) -> str:
        """What a knob is and how it stands, for people."""
        knob = find(name)
        now = f"{self[name]} {knob.unit}".rstrip()
        return f"{knob.describe()}\n    now: {now}"

    def changed(self) -> dict[str, Value]:
        """The knobs that are not at their default."""
        return {name: value for name, value in self.items() if value != BY_NAME[name].default}

    def __repr__(self) -> str:
        return f"<Policy of {len(self)} knobs, changed: {self.changed()}>"


def pushed(policy: Mapping[str, Value] | None) -> list[tuple[str, int]]:
    """Knobs by name, as the stack is told them. Raises: KeyError; ValueError naming knob, value and what is allowed."""
    return [pair for name, value in (policy or {}).items() for pair in find(name).push(value)]
