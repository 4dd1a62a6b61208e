"""A bar on the terminal while a long run lasts."""

from __future__ import annotations

import sys
import time

__all__ = ["Progress"]

PATIENCE = 1.0
"""Seconds before anything is shown: short runs stay silent."""
WIDTH = 30


class Progress:
    """Shows how far a run has come; on a terminal only, and cleared when it ends."""

    def __init__(self, start: int, end: int | None, *, wanted: bool) -> None:
        self._start, self._end = start, end
        self._began = time.monotonic()
        self._wanted = wanted and sys.stderr is not None and sys.stderr.isatty()
        self._shown = False

    def show(self, now: int, packets: int) -> None:
        """Say that the network is at `now` (nanoseconds)."""
        took = time.monotonic() - self._began
        if not self._wanted or took < PATIENCE:
            return
        if self._end is None or self._end <= self._start:
            bar = ""
        else:
            done = (now - self._start) / (self._end - self._start)
            filled = int(WIDTH * done)
            left = took * (1 - done) / done if done > 0 else 0.0
            bar = f"[{'#' * filled}{'.' * (WIDTH - filled)}] {done:4.0%}, {left:.0f} s left, "
        sys.stderr.write(f"\r{bar}t = {now / 1e9:.3f} s, {packets} packets\x1b[K")
        sys.stderr.flush()
        self._shown = True

    def clear(self) -> None:
        """Leave the line as it was."""
        if self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
