"""Signals for `input()` with readline.

CPython sleeps in select while readline waits for a key, and looks for signals only when one ended that sleep. One that
comes in the instant before it would wait for the next key. So a thread repeats it, once that sleep must have begun.
"""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

#: When it is repeated, seconds: at once for a person, and long after select has begun.
_PATIENCE = 0.05


@contextmanager
def nudged() -> Iterator[None]:
    """Within, each signal that has a handler in Python ends `input()`'s sleep. Only the main thread hears signals."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    nudge = _Nudge()
    handler = signal.signal(signal.SIGINT, nudge.on_interrupt)
    descriptor = signal.set_wakeup_fd(nudge.bell.fileno(), warn_on_full_buffer=False)
    nudge.thread.start()
    try:
        yield
    finally:
        nudge.over.set()
        signal.set_wakeup_fd(descriptor)
        signal.signal(signal.SIGINT, handler)
        nudge.close()


class _Nudge:
    """Repeats a signal, as SIGINT: that one is known to be handled, so that it ends select."""

    def __init__(self) -> None:
        self.over = threading.Event()
        self._ear, self.bell = socket.socketpair()
        self.bell.setblocking(False)
        self._for_another = False
        self._main = threading.get_ident()
        self.thread = threading.Thread(target=self._watch, name="tapip-nudge", daemon=True)

    def on_interrupt(self, _number: int, _frame: FrameType | None) -> None:
        """SIGINT's handler: KeyboardInterrupt, but nothing for a nudge that stands for another signal."""
        if self._for_another:
            self._for_another = False
        elif not self.over.is_set():
            self.over.set()
            raise KeyboardInterrupt

    def _watch(self) -> None:
        while number := self._ear.recv(1):
            if self.over.wait(_PATIENCE):
                return
            self._for_another = number[0] != signal.SIGINT
            signal.pthread_kill(self._main, signal.SIGINT)
            self._ear.recv(1)  # the nudge rings as well

    def close(self) -> None:
        """End the thread."""
        self.bell.close()
        self.thread.join()
        self._ear.close()
