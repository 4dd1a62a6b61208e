"""The commands: `@command("route add")` makes one out of a function; one file a command in `commands/`.

A name of two words is a verb of the command of its first word; the longest name that matches the line wins, so
`route add ...` and `route` are two functions with a signature each. A command that returns a `Report` has `--json`,
all have `-h` and `--help`. `all_commands()` imports every module in `commands/` once and lists what they registered,
tapip's eleven first and in its order.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar, get_type_hints

from tapip_rs.stack import Stack

from .errors import BadWord, UnknownCommand
from .parser import Signature, signature
from .report import Report
from .session import Session

#: tapip's commands, as its `help` numbers them; the others follow by name.
TAPIP = ("help", "clear", "exit", "debug", "ping2", "arpcache", "route", "ifconfig", "stat", "ping", "snc")

_Function = TypeVar("_Function", bound=Callable[..., Any])
_registered: dict[str, Command] = {}


@dataclass(frozen=True)
class Command:
    """A function that the shell can call."""

    name: str
    function: Callable[..., Report | int | None]
    signature: Signature
    reports: bool

    @property
    def summary(self) -> str:
        """The first line of the docstring: what `help` shows."""
        return (inspect.getdoc(self.function) or "").partition("\n")[0]

    @property
    def usage(self) -> str:
        """How to call it, and the verbs that it has besides."""
        parts = [self.name, "[--json]" if self.reports else "", self.signature.usage]
        verbs = [] if " " in self.name else verbs_of(self.name)
        return " ".join([part for part in parts if part] + [f"| {verb}" for verb in verbs])

    @property
    def help(self) -> str:
        """Usage, and the docstring."""
        return f"usage: {self.usage}\n\n{inspect.getdoc(self.function) or ''}"

    def call(self, session: Session, words: Sequence[str]) -> Report | int | None:
        """Bind the words and call the function. Raises: BadWord, and whatever the function raises."""
        values, options = self.signature.bind(words)
        supply: dict[type, Any] = {Session: session, Stack: session.stack}
        handed = {name: supply[kind] for name, kind in self.signature.given.items()}
        # Parameters handed in stand first, so the words follow in order.
        return self.function(*handed.values(), *values, **options)


def command(name: str) -> Callable[[_Function], _Function]:
    """Register the function below as the command `name`."""

    def register(function: _Function) -> _Function:
        returns = get_type_hints(function).get("return")
        read = signature(function, (Session, Stack))
        _registered[name] = Command(name, function, read, returns is Report)
        return function

    return register


@cache
def all_commands() -> dict[str, Command]:
    """Every command by name."""
    package = importlib.import_module("tapip_rs.shell.commands")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{module.name}")
    return dict(sorted(_registered.items(), key=lambda item: _rank(item[0])))


def find(words: Sequence[str]) -> tuple[Command, list[str]]:
    """The command that a line names, and the words left for it. Raises: UnknownCommand; BadWord for an unknown verb."""
    commands = all_commands()
    verb = commands.get(" ".join(words[:2]))
    if verb is not None and len(words) > 1:
        return verb, list(words[2:])
    plain = commands.get(words[0])
    if plain is not None:
        return plain, list(words[1:])
    verbs = verbs_of(words[0])
    if not verbs:
        raise UnknownCommand(words[0])
    given = f"{words[1]!r} is none of" if len(words) > 1 else "say one of"
    raise BadWord(f"{words[0]}: {given} {', '.join(verbs)}")


def verbs_of(name: str) -> list[str]:
    """The verbs of a command."""
    return [each.split(" ")[1] for each in all_commands() if each.startswith(name + " ")]


def _rank(name: str) -> tuple[int, str]:
    first = name.split(" ")[0]
    return (TAPIP.index(first) if first in TAPIP else len(TAPIP), name)
