"""Signals are for the main thread: threads of ours must not take them.

The kernel hands a signal to any thread that does not block it. Python's own handlers run on the main thread whoever
took it, but then nothing wakes that thread from a system call.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["deaf"]


@contextmanager
def deaf() -> Iterator[None]:
    """A thread that is started in this block hears no signal; one for this thread waits for the end of the block."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    try:
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
