"""What may come next on a line: the pure function behind the tab key.

It knows no more than the signatures: names of commands and verbs, options, keywords and their values, and the words
that the kind of a parameter offers (interfaces, neighbours, knobs, files).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from .errors import BadWord
from .parser import Parameter, Signature
from .registry import all_commands, find, verbs_of
from .words import Word, quote, split

if TYPE_CHECKING:
    from tapip_rs.stack import Stack


def complete(stack: Stack, line: str) -> tuple[int, list[str]]:
    """For a line up to the cursor: where the word begun starts, and the words that it can become, quoted."""
    commands = split(line, partial=True)
    words = commands[-1] if commands else []
    begun = words.pop() if words and words[-1].end == len(line) else Word("", len(line), len(line))
    offered = _offers(stack, [word.text for word in words], begun.text)
    return begun.start, [quote(word) for word in dict.fromkeys(offered) if word.startswith(begun.text)]


def _offers(stack: Stack, words: list[str], begun: str) -> Iterable[str]:
    if not words:
        return [name for name in all_commands() if " " not in name] + [
            name.split(" ")[0] for name in all_commands() if " " in name
        ]
    offers: list[str] = verbs_of(words[0]) if len(words) == 1 else []
    try:
        command, rest = find(words)
    except BadWord:
        return offers
    read = command.signature
    pending, position = _walk(read, rest)
    if pending is not None:
        return pending.kind.complete(stack, begun) if pending.kind is not None else ()
    taken = set(rest)
    for option in read.options:
        dashed = option.names[0].startswith("-")
        if not taken & set(option.names) and (begun.startswith("-") or not dashed):
            offers += option.names
    if begun.startswith("-"):
        offers += (["--json"] if command.reports and "--json" not in taken else []) + ["--help"]
        return offers
    parameter = _parameter(read, position)
    if parameter is not None and parameter.kind is not None:
        offers += parameter.kind.complete(stack, begun)
    return offers


def _walk(read: Signature, words: list[str]) -> tuple[Parameter | None, int]:
    """The option that waits for its value, if any, and how many positional words there are."""
    position = 0
    pending: Parameter | None = None
    for word in words:
        if pending is not None:
            pending = None
            continue
        option = read.option(word)
        if option is None:
            position += not word.startswith("-")
        elif option.kind is not None:
            pending = option
    return pending, position


def _parameter(read: Signature, position: int) -> Parameter | None:
    if position < len(read.words):
        return read.words[position]
    return read.words[-1] if read.words and read.words[-1].rest else None
