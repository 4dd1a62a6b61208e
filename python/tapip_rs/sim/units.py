"""Quantities: text with a unit ("10 Mbit/s", "20 ms", "64 kB", "1 %") or bare numbers in bit/s, seconds, bytes.

Every function takes the value and the name of the argument; its ValueError names it and says what is allowed.
k, M and G are powers of 1000, Ki, Mi and Gi powers of 1024.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import NoReturn, TypeAlias

__all__ = ["Fraction", "Rate", "Size", "Time", "fraction", "nanos", "queue", "rate", "refuse", "size", "whole"]

Rate: TypeAlias = str | float
"""Text such as "10 Mbit/s", or bits per second."""
Time: TypeAlias = str | float
"""Text such as "20 ms", or seconds."""
Size: TypeAlias = str | float
"""Text such as "64 kB", or bytes."""
Fraction: TypeAlias = str | float
"""A number from 0 to 1, or text such as "1 %"."""

_TEXT = re.compile(r"\s*([-+]?(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(.*?)\s*")
_PREFIXES = {"": 1, "k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}
_BINARY = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30}

_RATES = {
    **{f"{prefix}{unit}": factor for prefix, factor in _PREFIXES.items() for unit in ("bit/s", "bps", "bit")},
    **{f"{prefix}B/s": 8 * factor for prefix, factor in (_PREFIXES | _BINARY).items()},
}
_TIMES = {"s": 1e9, "ms": 1e6, "us": 1e3, "µs": 1e3, "μs": 1e3, "ns": 1.0, "min": 60e9, "h": 3600e9}
_SIZES = {
    **{f"{prefix}B": factor for prefix, factor in (_PREFIXES | _BINARY).items()},
    "byte": 1,
    "bytes": 1,
}
_CENTURY = 100 * 365 * 86_400 * 10**9
_WHOLE = 2**53
"""Above this, floats are not whole numbers any more."""


def refuse(name: str, value: object, allowed: str) -> NoReturn:
    """Raise the ValueError of a bad value."""
    raise ValueError(f"{name} = {value!r}: allowed is {allowed}")


def _number(value: object, name: str, units: Mapping[str, float], bare: float, allowed: str) -> float:
    """The value in the base unit; `bare` is what a number without a unit counts."""
    if isinstance(value, str):
        match = _TEXT.fullmatch(value)
        if match is None or (match[2] and match[2] not in units):
            refuse(name, value, allowed)
        return float(match[1]) * (units[match[2]] if match[2] else bare)
    if isinstance(value, bool):
        refuse(name, value, allowed)
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        refuse(name, value, allowed)
    return number * bare


def rate(value: Rate, name: str = "rate") -> int:
    """Bits per second, more than 0."""
    allowed = 'a rate above 0: bit/s, or text such as "10 Mbit/s"; None for no limit'
    number = _number(value, name, _RATES, 1, allowed)
    if not 1 <= number <= _WHOLE:
        refuse(name, value, allowed)
    return round(number)


def nanos(value: Time, name: str) -> int:
    """Nanoseconds, 0 or more."""
    allowed = '0 or more: seconds, or text such as "20 ms"'
    number = _number(value, name, _TIMES, 1e9, allowed)
    if not 0 <= number <= _CENTURY:
        refuse(name, value, allowed)
    return round(number)


def size(value: Size, name: str, least: int = 0) -> int:
    """Bytes."""
    allowed = f'{least} or more: bytes, or text such as "64 kB" or "1 MiB"'
    number = _number(value, name, _SIZES, 1, allowed)
    if not least <= number <= _WHOLE:
        refuse(name, value, allowed)
    return round(number)


def queue(value: Size, name: str = "queue") -> dict[str, float]:
    """The limit of a queue, in bytes or, given "100 packets", in packets."""
    allowed = 'more than 0: bytes, or text such as "64 kB" or "100 packets"'
    packets = isinstance(value, str) and value.strip().endswith(("packets", "packet", "p"))
    units = {"packets": 1.0, "packet": 1.0, "p": 1.0} if packets else _SIZES
    number = _number(value, name, units, 1, allowed)
    if not 1 <= number <= _WHOLE:
        refuse(name, value, allowed)
    taken, other = ("queue_packets", "queue_bytes") if packets else ("queue_bytes", "queue_packets")
    return {taken: round(number), other: 0}


def fraction(value: Fraction, name: str) -> float:
    """A number from 0 to 1."""
    allowed = '0 to 1, or text such as "1 %"'
    number = _number(value, name, {"%": 0.01, "ppm": 1e-6}, 1, allowed)
    if not 0 <= number <= 1 or math.isnan(number):
        refuse(name, value, allowed)
    return number


def whole(value: object, name: str, least: int = 0, most: int = _WHOLE) -> int:
    """A whole number in a range."""
    allowed = f"a whole number of {least} or more" if most == _WHOLE else f"a whole number from {least} to {most}"
    exact = isinstance(value, int) and not isinstance(value, bool)  # a float would round it
    number = value if isinstance(value, int) and exact else _number(value, name, {}, 1, allowed)
    if not least <= number <= most or number != int(number):
        refuse(name, value, allowed)
    return int(number)
