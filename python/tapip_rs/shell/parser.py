"""The signature of a command is its parser.

    def ping(session: Session, address: IPv4Address, *, count: Annotated[int | None, Option("-c")] = None) -> int:

Positional parameters are words in order, those with a default may be left out, `*words` takes the rest. Parameters
after `*` are options: `Option("-c", "--count")` gives the names, `Keyword("via")` makes it ip(8)'s `via ADDRESS`, and
without either the option is `--name`. A bool is a flag. `Limits(1, 255)` bounds a number. `Session` and `Stack` are not
words: they are handed in. Options and words may be mixed, short flags bundled (`-tul`), values attached (`-c3`,
`--count=3`), and `--` ends the options. `signature(function)` reads all that once; `Signature.bind(words)` makes the
arguments of a call, or raises BadWord with one line that names the word at fault.
"""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from .errors import BadWord
from .kinds import Kind, kind_of


@dataclass(frozen=True)
class Option:
    """Names of an option as typed; `value` is what usage calls its value.

    Of a `one_of` group exactly one must be given. `bad` replaces the reader's complaint about a word that cannot be
    meant.
    """

    names: tuple[str, ...]
    value: str | None
    one_of: str | None
    bad: str | None

    def __init__(
        self, *names: str, value: str | None = None, one_of: str | None = None, bad: str | None = None
    ) -> None:
        for name, given in (("names", names), ("value", value), ("one_of", one_of), ("bad", bad)):
            object.__setattr__(self, name, given)


@dataclass(frozen=True)
class Keyword:
    """An option without a dash, as ip(8) has them: `via ADDRESS`."""

    name: str


@dataclass(frozen=True)
class Limits:
    """The range of a number, both ends included; `says` is the complaint, with `{}` for the number."""

    low: float
    high: float
    says: str | None = None

    def check(self, value: float) -> None:
        """Raises: ValueError outside of the range."""
        if not self.low <= value <= self.high:
            raise ValueError((self.says or "{} is out of range " + f"{self.low:g}..{self.high:g}").format(value))


@dataclass(frozen=True)
class Parameter:
    """One parameter of a command."""

    name: str
    names: tuple[str, ...]  # of an option; none for a word
    kind: Kind | None  # None for a flag
    required: bool
    rest: bool = False
    value: str = ""
    limits: Limits | None = None
    option: Option = Option()

    def read(self, word: str) -> Any:
        """The value of a word. Raises: BadWord."""
        assert self.kind is not None
        try:
            value = self.kind.read(word)
            if self.limits is not None:
                self.limits.check(value)
        except ValueError as error:
            if self.option.bad is not None:
                raise BadWord(f"{self.option.bad}: {word!r}") from None
            where = f" for {self.names[0]}" if self.names and not (self.limits and self.limits.says) else ""
            raise BadWord(f"{error}{where}") from None
        return value

    @property
    def usage(self) -> str:
        """How usage shows it, without brackets."""
        if not self.names:
            several = f"({self.value})" if "|" in self.value else self.value
            return several + "..." if self.rest else self.value
        return self.names[0] if self.kind is None else f"{self.names[0]} {self.value}"


@dataclass(frozen=True)
class Signature:
    """The parameters of a command. `given` are the names of those that are handed in, by their type."""

    words: tuple[Parameter, ...]
    options: tuple[Parameter, ...]
    given: dict[str, type] = field(default_factory=dict)

    def option(self, name: str) -> Parameter | None:
        """The option of that name."""
        return next((option for option in self.options if name in option.names), None)

    @property
    def usage(self) -> str:
        """The words after the command's name, as usage shows them."""
        parts: list[str] = []
        groups: dict[str, list[str]] = {}
        for option in self.options:
            group = option.option.one_of
            if group is None:
                parts.append(option.usage if option.required else f"[{option.usage}]")
            elif group in groups:
                groups[group].append(option.usage)
            else:
                groups[group] = [option.usage]
                parts.append(f"\0{group}")
        parts = [f"({' | '.join(groups[part[1:]])})" if part[:1] == "\0" else part for part in parts]
        dashed = [part for part in parts if part.lstrip("[(")[:1] == "-"]
        keywords = [part for part in parts if part not in dashed]
        words = [word.usage if word.required else f"[{word.usage}]" for word in self.words]
        return " ".join([*dashed, *words, *keywords])

    def bind(self, words: Sequence[str]) -> tuple[list[Any], dict[str, Any]]:
        """Arguments for the function (without those handed in). Raises: BadWord."""
        positional: list[str] = []
        options: dict[str, Any] = {}
        queue = list(words)
        while queue:
            word = queue.pop(0)
            if word == "--":
                positional += queue
                break
            option = self.option(word)
            if option is None and len(word) > 1 and word[0] == "-" and not _is_number(word):
                option, queue = self._unpack(word, queue)
            if option is None:
                positional.append(word)
            else:
                self._take(option, options, queue)
        self._check_groups(options)
        return self._words(positional), options

    def _unpack(self, word: str, queue: list[str]) -> tuple[Parameter, list[str]]:
        """`--name=value`, `-c3` and `-tul` into a first option and what follows."""
        name, equals, value = word.partition("=")
        option = self.option(name)
        if word.startswith("--"):
            if option is None or option.kind is None or not equals:
                raise BadWord(f"unknown option {word!r}")
            return option, [value, *queue]
        option = self.option(word[:2])
        if option is None:
            raise BadWord(f"unknown option {word[:2]!r}" + ("" if len(word) == 2 else f" in {word!r}"))
        return option, [word[2:] if option.kind is not None else "-" + word[2:], *queue]

    def _take(self, option: Parameter, options: dict[str, Any], queue: list[str]) -> None:
        """Note an option, with its value from the queue."""
        if option.kind is None:
            options[option.name] = True
        elif not queue:
            raise BadWord(f"{option.names[0]} wants a value, {option.value}")
        else:
            options[option.name] = option.read(queue.pop(0))

    def _check_groups(self, options: dict[str, Any]) -> None:
        """Exactly one of each group, and all that are required."""
        groups: dict[str, list[Parameter]] = {}
        for option in self.options:
            if option.option.one_of is not None:
                groups.setdefault(option.option.one_of, []).append(option)
            elif option.required and option.name not in options:
                raise BadWord(f"missing {option.usage}")
        for group in groups.values():
            names = [option.names[0] for option in group]
            taken = [option.names[0] for option in group if option.name in options]
            if not taken:
                raise BadWord(f"missing {' or '.join(names)}")
            if len(taken) > 1:
                raise BadWord(f"{' and '.join(taken)} exclude each other")

    def _words(self, given: list[str]) -> list[Any]:
        """Values for the positional parameters."""
        values: list[Any] = []
        for parameter in self.words:
            if parameter.rest:
                values += map(parameter.read, given)
                return values
            if given:
                values.append(parameter.read(given.pop(0)))
            elif parameter.required:
                raise BadWord(f"missing {parameter.value}")
        if given:
            raise BadWord(f"{given[0]!r} is one word too many")
        return values


def signature(function: Callable[..., Any], handed_in: Sequence[type] = ()) -> Signature:
    """Read a command's signature. Raises: TypeError for a parameter that cannot be read from a word."""
    hints = get_type_hints(function, include_extras=True)
    words: list[Parameter] = []
    options: list[Parameter] = []
    given: dict[str, type] = {}
    for parameter in inspect.signature(function).parameters.values():
        hint = hints[parameter.name]
        if isinstance(hint, type) and hint in handed_in:
            given[parameter.name] = hint
            continue
        made = _parameter(parameter, hint)
        (options if made.names else words).append(made)
    return Signature(tuple(words), tuple(options), given)


def _parameter(parameter: inspect.Parameter, hint: Any) -> Parameter:
    """One parameter of a function."""
    hint, extras = (hint.__origin__, hint.__metadata__) if get_origin(hint) is Annotated else (hint, ())
    if get_origin(hint) in (Union, types.UnionType):
        (hint,) = (each for each in get_args(hint) if each is not type(None))
    option = next((extra for extra in extras if isinstance(extra, Option)), None)
    keyword = next((extra for extra in extras if isinstance(extra, Keyword)), None)
    limits = next((extra for extra in extras if isinstance(extra, Limits)), None)
    names: tuple[str, ...] = ()
    if keyword is not None:
        names = (keyword.name,)
    elif parameter.kind is parameter.KEYWORD_ONLY:
        names = option.names if option is not None and option.names else ("--" + parameter.name.replace("_", "-"),)
    kind = None if hint is bool and names else kind_of(hint)
    value = (option.value if option else None) or (kind.metavar if kind else None) or parameter.name.upper()
    rest = parameter.kind is parameter.VAR_POSITIONAL
    required = parameter.default is parameter.empty and not rest
    return Parameter(parameter.name, names, kind, required, rest, value, limits, option or Option())


def _is_number(word: str) -> bool:
    return word[1:].replace(".", "", 1).isdigit()
