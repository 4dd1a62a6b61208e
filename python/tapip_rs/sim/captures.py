"""Captures of a network: pcapng files that grow while it runs."""

from __future__ import annotations

import weakref
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tapip_rs import _core

__all__ = ["Captures"]


class Captures:
    """The capture files of one network. What the core keeps in memory is written out every now and then."""

    def __init__(self, core: _core.Network) -> None:
        self._core = core
        self._files: dict[int, Path] = {}
        weakref.finalize(self, _flush, core, self._files)

    def start(self, direction: int, path: Path) -> None:
        """Begin a file with what passes the end of a link where a direction begins."""
        path.write_bytes(b"")
        self._files[self._core.start_capture(direction)] = path

    def flush(self) -> None:
        """Write what came since the last time."""
        _flush(self._core, self._files)


def _flush(core: _core.Network, files: dict[int, Path]) -> None:
    for number, path in files.items():
        piece = core.take_capture(number)
        if piece:
            with path.open("ab") as file:
                file.write(piece)
