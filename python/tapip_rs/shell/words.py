r"""A line of text into commands, a command into words.

Blanks separate words, `;` separates commands, `#` at the beginning of a word starts a comment. Quotes and the
backslash work as in a POSIX shell: `'as it is'`, `"\" and \\ are special"`, `a\ b`. There are no variables, globs,
pipes or redirections. Each word remembers where it stood, so that completion can replace it.
"""

from __future__ import annotations

from dataclasses import dataclass

from .errors import BadWord

BLANKS = " \t\r\n\f\v"


@dataclass(frozen=True, slots=True)
class Word:
    """One word without its quotes, and where it stood in the line."""

    text: str
    start: int
    end: int


def split(line: str, *, partial: bool = False) -> list[list[Word]]:
    """The commands of a line, each a list of words; empty commands are left out.

    With `partial` the line is one being typed: an open quote is closed silently, and the last command is given even
    when it is empty, for that is where the cursor stands. Raises: BadWord for an open quote.
    """
    commands: list[list[Word]] = [[]]
    at = 0
    while at < len(line):
        char = line[at]
        if char in BLANKS:
            at += 1
        elif char == ";":
            commands.append([])
            at += 1
        elif char == "#":
            newline = line.find("\n", at)
            at = len(line) if newline < 0 else newline
        else:
            word = _word(line, at, partial)
            commands[-1].append(word)
            at = word.end
    last = commands.pop()
    found = [command for command in commands if command]
    if last or partial:
        found.append(last)
    return found


def quote(text: str) -> str:
    """`text` as one word that `split` reads back."""
    plain = text and text[0] != "#" and not any(char in BLANKS + ";'\"\\" for char in text)
    return text if plain else "'" + text.replace("'", "'\\''") + "'"


def _word(line: str, start: int, partial: bool) -> Word:
    """The word that begins at `start`."""
    text: list[str] = []
    at = start
    while at < len(line) and line[at] not in BLANKS + ";":
        char = line[at]
        if char in "'\"":
            part, at = _quoted(line, at, partial)
            text.append(part)
        elif char == "\\" and at + 1 < len(line):
            text.append(line[at + 1])
            at += 2
        else:
            text.append(char)
            at += 1
    return Word("".join(text), start, at)


def _quoted(line: str, start: int, partial: bool) -> tuple[str, int]:
    """What stands between the quote at `start` and its partner, and the place after that."""
    mark = line[start]
    text: list[str] = []
    at = start + 1
    while at < len(line) and line[at] != mark:
        if mark == '"' and line[at] == "\\" and line[at + 1 : at + 2] in ('"', "\\"):
            at += 1
        text.append(line[at])
        at += 1
    if at >= len(line) and not partial:
        raise BadWord(f"no closing {mark} for {line[start:].rstrip()}")
    return "".join(text), min(at + 1, len(line))
