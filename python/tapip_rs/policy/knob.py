"""What a knob is: a name, a range, a unit, a default, and how its value travels to the stack and back."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

__all__ = ["Knob", "Value"]

Value: TypeAlias = int | float | str
"""A switch or number is an int, a time an int or, where it is no whole number, a float; a choice is a str, and so are
three numbers, as sysctl(8) shows them."""

_MILLISECONDS = {"s": Fraction(1000), "1/100 s": Fraction(10), "ms": Fraction(1), "us": Fraction(1, 1000)}
_SWITCH = {"true": 1, "on": 1, "yes": 1, "false": 0, "off": 0, "no": 0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Knob:
    """One row of the table.

    `low`, `high` and `default` are in the knob's own unit, which is Linux's where Linux has the knob. The stack keeps
    times in milliseconds; a time that is no whole number of them is refused rather than rounded.
    """

    name: str
    key: str
    """The stack's name of it."""
    kind: str
    """switch, number, three (numbers in rising order), time, choice, or fact: what cannot be set."""
    default: Value
    low: int | float = 0
    high: int | float = 1
    unit: str = ""
    parts: tuple[str, ...] = ()
    """What the stack calls each of three numbers, behind the key."""
    choices: tuple[str, ...] = ()
    """The words of a choice; the stack is told the position."""
    aliases: tuple[tuple[str, str], ...] = ()
    """Other words for some of them."""
    about: str
    source: str
    """Where the meaning or the default comes from."""
    replaces: str = ""
    """tapip's compile-time constant that this is the run-time form of."""

    def push(self, value: Value | Iterable[int]) -> list[tuple[str, int]]:
        """What the stack is told: its names and numbers. Raises: as `encode`."""
        if self.kind == "three":
            return list(zip(self.keys, self._three(value), strict=True))
        if not isinstance(value, int | float | str):
            raise self._confusion(value)
        return [(self.key, self.encode(value))]

    def pull(self, read: Callable[[str], int]) -> Value:
        """What the stack says, read by its names."""
        if self.kind == "fact":
            return self.default
        if self.kind == "three":
            return " ".join(str(read(key)) for key in self.keys)
        return self.decode(read(self.key))

    @property
    def keys(self) -> tuple[str, ...]:
        """The stack's names for it."""
        return tuple(f"{self.key}_{part}" for part in self.parts) or (self.key,)

    @property
    def allowed(self) -> str:
        """What may be said, in words."""
        if self.kind == "fact":
            return "nothing: it is there to be read"
        if self.kind == "choice":
            return f"one of {', '.join(self.choices)}"
        if self.kind == "switch":
            return "0 or 1"
        unit = f" {self.unit}" if self.unit else ""
        if self.kind == "three":
            return f"three numbers, none less than the one before, of {_plain(self.low)} to {_plain(self.high)}{unit}"
        return f"{_plain(self.low)} to {_plain(self.high)}{unit}"

    def encode(self, value: Value) -> int:
        """The number that the stack is told. Raises: ValueError naming knob, value and what is allowed."""
        if self.kind in ("fact", "three"):
            raise self._refusal(value)
        if self.kind == "choice":
            word = dict(self.aliases).get(str(value), value)
            if word not in self.choices:
                raise self._refusal(value)
            return self.choices.index(str(word))
        number = self._number(value)
        if not Fraction(str(self.low)) <= number <= Fraction(str(self.high)):
            raise self._refusal(value)
        scaled = number * self._scale
        if scaled.denominator != 1:
            detail = "in steps of 1000 us" if self.unit == "us" else "in whole milliseconds"
            raise self._refusal(value, detail if self.kind == "time" else "a whole number")
        return scaled.numerator

    def decode(self, number: int) -> Value:
        """What the stack's number means."""
        if self.kind == "choice":
            return self.choices[number]
        value = Fraction(number) / self._scale
        return value.numerator if value.denominator == 1 else float(value)

    def describe(self) -> str:
        """All about it, in a few lines."""
        default = f"{self.default} {self.unit}".rstrip()
        lines = [f"{self.name}: {self.about}", f"    allowed: {self.allowed}; default: {default}", f"    {self.source}"]
        if self.replaces:
            lines.append(f"    tapip had it at compile time as {self.replaces}")
        return "\n".join(lines)

    @property
    def _scale(self) -> Fraction:
        return _MILLISECONDS[self.unit] if self.kind == "time" else Fraction(1)

    def _number(self, value: Value) -> Fraction:
        number = self._read(value) if isinstance(value, str) else value
        if isinstance(number, float) and math.isfinite(number):
            return Fraction(str(number))  # the decimal that was written, not its nearest binary
        if isinstance(number, int):
            return Fraction(int(number))
        if isinstance(number, float):
            raise self._refusal(value)
        raise self._confusion(value)

    def _three(self, value: Value | Iterable[int]) -> list[int]:
        words: list[Value] = []
        if isinstance(value, str):
            words += value.split()
        elif isinstance(value, Iterable):
            words += value
        try:
            numbers = [int(self._number(word)) for word in words]
        except ValueError:
            numbers = []
        rising = len(numbers) == len(self.parts) and numbers == sorted(numbers)
        if not rising or not self.low <= numbers[0] <= numbers[-1] <= self.high:
            raise self._refusal(value)
        return numbers

    def _confusion(self, value: object) -> TypeError:
        return TypeError(f"{self.name} takes a number ({self.allowed}), not {value!r}")

    def _read(self, text: str) -> int | float:
        text = text.strip().lower()
        if self.kind == "switch" and text in _SWITCH:
            return _SWITCH[text]
        for kind in (int, float):  # never Fraction: "1e999999999" would take for ever
            try:
                return kind(text)
            except ValueError:
                continue
        raise self._refusal(text)

    def _refusal(self, value: object, detail: str = "") -> ValueError:
        return ValueError(f"{self.name} = {value}: allowed is {self.allowed}{', ' + detail if detail else ''}")


def _plain(number: float) -> str:
    return str(int(number)) if number == int(number) else str(number)
