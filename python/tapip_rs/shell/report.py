"""What a command answers: a text for people and the same as data for programs.

The shell prints one of the two, `--json` says which. `columns` lays a table out.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Report:
    """A command's answer. `data` is made of dicts, lists, numbers, texts, bools and None."""

    text: str
    data: Mapping[str, Any] | Sequence[Any]
    status: int = 0

    @property
    def json(self) -> str:
        """The data as one JSON document; what JSON has no word for becomes text."""
        return json.dumps(self.data, indent=2, default=str)


def columns(rows: Iterable[Sequence[object]], heads: Sequence[str], right: Sequence[str] = ()) -> str:
    """A table under `heads`, as wide as its content; the columns named in `right` are flush right."""
    lines = [tuple(heads), *(tuple(map(_cell, row)) for row in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(heads))]
    aligned = [
        [
            cell.rjust(width) if head in right else cell.ljust(width)
            for cell, width, head in zip(line, widths, heads, strict=True)
        ]
        for line in lines
    ]
    return "\n".join("  ".join(line).rstrip() for line in aligned)


def _cell(value: object) -> str:
    return "-" if value is None else str(value)
