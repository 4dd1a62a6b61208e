"""What comes out: tables of columns, counts by cause, summaries."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from tapip_rs import _core

__all__ = ["Count", "Summary", "Table"]


class Count(int):
    """A number of packets that also knows why: `drops.by_cause["queue_full"]`."""

    by_cause: dict[str, int]

    def __new__(cls, by_cause: Mapping[str, int]) -> Self:
        """The sum."""
        made = super().__new__(cls, sum(by_cause.values()))
        made.by_cause = dict(by_cause)
        return made

    def __repr__(self) -> str:
        causes = ", ".join(f"{cause}: {count}" for cause, count in self.by_cause.items())
        return f"{int(self)} ({causes})" if causes else "0"

    __str__ = int.__repr__


@dataclass(frozen=True, slots=True)
class Summary:
    """Times in five numbers, in seconds; all 0 when there was nothing."""

    mean: float
    p50: float
    p99: float
    max: float
    count: int


class Table:
    """Rows over time, by column: `table.cwnd` or `table["cwnd"]` is a NumPy array where NumPy is, else a list.

    Iterate for rows (dicts); `to_dataframe()` needs pandas.
    """

    def __init__(self, columns: Sequence[_core._Column]) -> None:
        self._columns = {name: _values(kind, values) for name, kind, values in columns}

    @property
    def columns(self) -> list[str]:
        """Names of the columns."""
        return list(self._columns)

    def __getitem__(self, name: str) -> Any:
        return self._columns[name]

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__dict__["_columns"][name]
        except KeyError:
            raise AttributeError(name) from None

    def __len__(self) -> int:
        return len(next(iter(self._columns.values()), ()))

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for row in zip(*self._columns.values(), strict=True):
            yield dict(zip(self._columns, row, strict=True))

    def to_dataframe(self) -> Any:
        """The same as a pandas DataFrame."""
        import pandas

        return pandas.DataFrame(self._columns)

    def __repr__(self) -> str:
        return f"<Table of {len(self)} rows: {', '.join(self._columns)}>"


def _values(kind: str, values: bytes | list[str]) -> Any:
    """A column: words as they are, numbers as an array or a list."""
    if not isinstance(values, bytes):
        return values
    try:
        import numpy
    except ImportError:
        return array(kind, values).tolist()
    return numpy.frombuffer(values, dtype=numpy.float64 if kind == "d" else numpy.int64)
