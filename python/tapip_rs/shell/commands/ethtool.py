"""`ethtool`: what work on frames is left to a device."""

from __future__ import annotations

from typing import Annotated

from tapip_rs import offload
from tapip_rs.interfaces import Interface
from tapip_rs.stack import Stack

from ..devices import device as find_device
from ..errors import BadWord
from ..kinds import Device
from ..parser import Option
from ..registry import command
from ..report import Report


class Word(str):
    """The name of a feature, or `on` or `off` behind it."""

    metavar = "FEATURE on|off"

    @classmethod
    def parse(cls, text: str) -> Word:
        """Raises: ValueError for a name that no feature has."""
        if text not in ("on", "off"):
            offload.choice(text)
        return cls(offload.LONG_NAMES.get(text, text))

    @staticmethod
    def complete(_stack: Stack) -> tuple[str, ...]:
        """Short names and states."""
        return (*(short for short, *_ in offload.FEATURES), "on", "off")


@command("ethtool")
def ethtool(
    stack: Stack,
    device: Device,
    *word: Word,
    show: Annotated[bool, Option("-k", "--show-features", one_of="what")] = False,
    change: Annotated[bool, Option("-K", "--features", one_of="what")] = False,
) -> Report:
    """show and switch the offloads of a device

    -k DEVICE                    show them
    -K DEVICE FEATURE on|off...  switch them: rx, tx, tso, gro, by long names too
    """
    interface = find_device(stack, device)
    if change:
        if not word or len(word) % 2:
            raise BadWord("missing on or off" if word else "missing FEATURE on|off")
        wanted = dict(zip(word[::2], word[1::2], strict=True))
        for feature, state in wanted.items():
            if state not in ("on", "off") or feature in ("on", "off"):
                raise BadWord(f"{feature} {state}: say FEATURE on|off")
        before = set(interface.offload)
        interface.offload = _changed(before, wanted)
        return Report("", _data(interface))
    if word:
        raise BadWord(f"{word[0]}: -k takes a device and nothing else")
    on = interface.offload
    lines = [f"Features for {interface.name}:"]
    lines += [f"{long}: {'on' if short in on else 'off'}" for short, long, *_ in offload.FEATURES]
    return Report("\n".join(lines), _data(interface))


def _changed(before: set[str], wanted: dict[Word, Word]) -> tuple[str, ...]:
    """What is on afterwards: what is switched on brings what it needs, what is switched off takes what needs it."""
    on = before
    for feature, state in wanted.items():
        names = offload.choice(feature if state == "on" else f"no-{feature}")
        on = on | set(names) if state == "on" else on & set(names)
    return tuple(on)


def _data(interface: Interface) -> dict[str, object]:
    on = interface.offload
    return {"name": interface.name, **{long: short in on for short, long, *_ in offload.FEATURES}}
