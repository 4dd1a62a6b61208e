"""On which line of a TOML file a key stands: tomllib parses, but does not tell."""

from __future__ import annotations

import re
import tomllib
from typing import Any

__all__ = ["line_of"]

_HEADER = re.compile(r"\s*\[\[?(?P<key>[^\]]+)\]\]?\s*(#.*)?$")


def line_of(text: str, path: tuple[str, ...]) -> int:
    """The number of the first line that defines `path`, or a table around it; 1 when nothing is found."""
    table: tuple[str, ...] = ()
    near = 1
    for number, line in enumerate(text.split("\n"), 1):
        header = _HEADER.match(line)
        if header:
            table = _keys(header["key"])
            defined = table
        elif "=" in line:
            defined = table + _keys(line.partition("=")[0])
        else:
            continue
        if defined == path:
            return number
        if defined and defined == path[: len(defined)]:
            near = number
    return near


def _keys(text: str) -> tuple[str, ...]:
    """The parts of a dotted and perhaps quoted key, as TOML itself reads them."""
    try:
        value: Any = tomllib.loads(f"{text.strip()} = 0")
    except tomllib.TOMLDecodeError:
        return ()
    parts = []
    while isinstance(value, dict) and value:
        [(key, value)] = value.items()
        parts.append(key)
    return tuple(parts)
