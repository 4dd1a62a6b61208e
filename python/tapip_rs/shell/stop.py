"""The word `stop`, said by the prompt's thread to the command that runs beside it.

A command that waits must hear it: `sleep` and `poll` on `fd` return early, sockets are closed by a callback
registered with `calling`, loops look at `said`. Saying it twice is the same as saying it once.
"""

from __future__ import annotations

import os
import select
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress


class Stop:
    """One running command's stop signal. Close it when the command has ended."""

    def __init__(self) -> None:
        self.said = False
        #: Readable for ever once stop was said; for poll() beside other descriptors.
        self.fd = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._lock = threading.RLock()  # `say` may come from a hook in the middle of `say`
        self._callbacks: list[Callable[[], object]] = []

    def say(self) -> None:
        """Stop the command: wake what waits, run what was registered."""
        with self._lock:
            if self.said:
                return
            self.said = True
            os.eventfd_write(self.fd, 1)
            callbacks = self._callbacks[:]
        for callback in callbacks:
            with suppress(OSError):  # what is to be closed may be gone already
                callback()

    def sleep(self, seconds: float) -> bool:
        """Wait; True when stop was said meanwhile or before."""
        if not self.said and seconds > 0:
            self._poll(seconds * 1000)
        return self.said

    def wait(self) -> None:
        """Wait until stop is said."""
        self._poll(None)

    @contextmanager
    def calling(self, callback: Callable[[], object]) -> Iterator[None]:
        """Within the block, saying stop calls `callback` (at once, if it was said already)."""
        with self._lock:
            said = self.said
            self._callbacks.append(callback)
        try:
            if said:
                with suppress(OSError):
                    callback()
            yield
        finally:
            with self._lock:
                self._callbacks.remove(callback)

    def _poll(self, milliseconds: float | None) -> None:
        poll = select.poll()
        poll.register(self.fd, select.POLLIN)
        poll.poll(milliseconds)

    def close(self) -> None:
        """Give the descriptor back."""
        with self._lock:
            self.said = True
            os.close(self.fd)
