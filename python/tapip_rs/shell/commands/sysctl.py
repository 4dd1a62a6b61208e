"""`sysctl`: the knobs of the stack."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Self

from tapip_rs.policy import Policy
from tapip_rs.stack import Stack

from ..errors import BadWord
from ..parser import Option
from ..registry import command
from ..report import Report


class Setting(str):
    """A knob, a prefix of several, or `NAME=VALUE`."""

    metavar = "NAME[=VALUE]"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Any word; the policy knows which are knobs."""
        return cls(text)

    @staticmethod
    def complete(stack: Stack) -> Iterable[str]:
        """The names of the knobs."""
        return list(stack.policy)


@command("sysctl")
def sysctl(
    stack: Stack,
    *setting: Setting,
    every: Annotated[bool, Option("-a")] = False,
    write: Annotated[bool, Option("-w")] = False,
    changed: bool = False,
    verbose: Annotated[bool, Option("-v")] = False,
) -> Report:
    """show or set the knobs of the stack: sysctl net.ipv4.ip_forward=1

    NAME shows a knob, or all whose names begin so; without NAME all are shown. Settings are made together or not at
    all.
        -a         all of them
        -v         what a knob means, its range, unit, default and source
        --changed  only those that are not at their default
        -w         as ever: NAME=VALUE sets
    """
    policy = stack.policy
    settings = dict(_setting(each) for each in setting if "=" in each)
    shown = [name for each in setting if "=" not in each for name in _names(policy, each)]
    if write and shown:
        raise BadWord(f"-w wants NAME=VALUE, not {shown[0]!r}")
    try:
        policy.update(settings)
    except KeyError as error:
        raise BadWord(str(error.args[0])) from None
    names = [policy.knob(name).name for name in settings] + shown
    if every or not setting:
        names = list(policy)
    if changed:
        names = [name for name in names if name in policy.changed()]
    lines = [policy.describe(name) if verbose else f"{name} = {policy[name]}" for name in names]
    return Report("\n".join(lines), {name: _data(policy, name) for name in names})


def _setting(word: str) -> tuple[str, str]:
    name, _, value = word.partition("=")
    return name.strip(), value.strip()


def _names(policy: Policy, word: str) -> list[str]:
    """The knobs that a word names. Raises: BadWord when there is none."""
    if word not in policy:
        found = [name for name in policy if name.startswith(word)]
        if found:
            return found
    try:
        return [policy.knob(word).name]
    except KeyError as error:
        raise BadWord(str(error.args[0])) from None


def _data(policy: Policy, name: str) -> dict[str, object]:
    knob = policy.knob(name)
    return {
        "value": policy[name],
        "unit": knob.unit,
        "kind": knob.kind,
        "default": knob.default,
        "allowed": knob.allowed,
        "about": knob.about,
        "source": knob.source,
    }
