"""`fault`: make a device lose, repeat, disorder, damage, delay and slow down what passes."""

from __future__ import annotations

import re
from typing import Annotated, Self

from tapip_rs.stack import Stack

from ..devices import device
from ..errors import BadWord
from ..kinds import Device
from ..parser import Keyword, Limits
from ..registry import command
from ..report import Report

PROBABILITIES = ("drop", "duplicate", "reorder", "corrupt")
TIMES = ("delay", "jitter", "reorder_delay")
SECONDS = {"us": 1e-6, "ms": 1e-3, "s": 1.0}
BITS = {"bit": 1, "kbit": 10**3, "mbit": 10**6, "gbit": 10**9}
BYTES = {"": 1, "b": 1, "k": 1 << 10, "kb": 1 << 10, "m": 1 << 20, "mb": 1 << 20}
KEYS = (*PROBABILITIES, "drop_every", "drop_list", *TIMES, "rate", "queue")

Value = float | int | list[int]
Dev = Annotated[Device | None, Keyword("dev")]


class Setting:
    """`key=value`, as in `drop=0.02`, `delay=20ms`, `rate=10mbit`, `drop_list=1,5,9`."""

    metavar = "KEY=VALUE"

    def __init__(self, key: str, value: Value) -> None:
        self.key, self.value = key, value

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises: ValueError that names the word and what is allowed."""
        key, equals, value = text.partition("=")
        key = key.replace("-", "_")
        if not equals or key not in KEYS:
            raise ValueError(f"{text!r} is no fault; say KEY=VALUE with a KEY of {', '.join(KEYS)}")
        try:
            return cls(key, _value(key, value))
        except ValueError as error:
            raise ValueError(f"{text!r}: {error}") from None

    @staticmethod
    def complete(_stack: Stack) -> list[str]:
        """The keys."""
        return [key + "=" for key in KEYS]


@command("fault")
def fault(
    stack: Stack,
    *setting: Setting,
    dev: Dev = None,
    seed: Annotated[int | None, Keyword("seed"), Limits(0, 2**64 - 1)] = None,
) -> Report:
    """impair a device on purpose: fault drop=0.02 reorder=0.05 delay=20ms rate=10mbit

    What is named replaces what was; alone it shows what is in force.
        drop, duplicate, reorder, corrupt  probability, 0.02 or 2%
        drop_every=N, drop_list=N,N        each n-th frame; frames by number from 1
        delay, jitter, reorder_delay       time: 20ms, 500us, 1s
        rate, queue                        10mbit; bytes that may wait for it: 64k
        seed N                             same seed, same fate
    """
    if not setting:
        return _report(stack, dev)
    spec: dict[str, Value] = {}
    for each in setting:
        if each.key in spec:
            raise BadWord(f"{each.key!r} is given twice")
        spec[each.key] = each.value
    stack.core.set_fault(device(stack, dev).index, dict(spec), seed=seed)
    return Report("", _data(stack, dev))


@command("fault off")
def off(stack: Stack, *, dev: Dev = None) -> None:
    """End it."""
    stack.core.set_fault(device(stack, dev).index, None)


@command("fault show")
def show(stack: Stack, *, dev: Dev = None) -> Report:
    """What is in force, and what it did so far."""
    return _report(stack, dev)


def _data(stack: Stack, dev: str | None) -> dict[str, object]:
    interface = device(stack, dev)
    return {"device": interface.name, "faults": interface.faults, "counters": interface.fault_counters}


def _report(stack: Stack, dev: str | None) -> Report:
    interface = device(stack, dev)
    faults = {key: value for key, value in interface.faults.items() if value}
    if not faults:
        return Report(f"{interface.name}: no faults", _data(stack, dev))
    words = " ".join(f"{key}={_text(key, value)}" for key, value in faults.items())
    counts = " ".join(f"{cause}:{count}" for cause, count in interface.fault_counters.items() if count)
    return Report(f"{interface.name}: {words}" + (f"\n    {counts}" if counts else ""), _data(stack, dev))


def _value(key: str, text: str) -> Value:
    """The value of a key. Raises: ValueError."""
    if key in PROBABILITIES:
        value = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
        if not 0 <= value <= 1:
            raise ValueError("a probability is 0..1, or 0%..100%")
        return value
    if key in TIMES:
        return _scaled(text, SECONDS, "a time is a number and us, ms or s")
    if key == "rate":
        return int(_scaled(text, BITS, "a rate is a number and bit, kbit, mbit or gbit"))
    if key == "queue":
        return int(_scaled(text, BYTES, "a queue is a number of bytes, or a number and k or m"))
    numbers = [int(each) for each in text.split(",") if each.isdigit() and int(each) > 0]
    if len(numbers) != text.count(",") + 1 or (key == "drop_every" and len(numbers) > 1):
        raise ValueError("whole numbers from 1 on are wanted")
    return numbers if key == "drop_list" else numbers[0]


def _scaled(text: str, units: dict[str, float] | dict[str, int], says: str) -> float:
    match = re.fullmatch(r"(\d+(?:\.\d*)?|\.\d+)([a-z]*)", text.lower())
    if match is None or match[2] not in units:
        raise ValueError(says)
    return float(match[1]) * units[match[2]]


def _text(key: str, value: object) -> str:
    """A value as it would be typed."""
    if isinstance(value, list):
        return ",".join(map(str, value))
    if key in TIMES and isinstance(value, float | int):
        return f"{value * 1000:g}ms"
    if key == "rate" and isinstance(value, float | int):
        unit = next(unit for unit in reversed(BITS) if value >= BITS[unit] or unit == "bit")
        return f"{value / BITS[unit]:g}{unit}"
    return f"{value:g}" if isinstance(value, float) else str(value)
