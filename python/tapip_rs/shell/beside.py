"""A command runs beside the prompt's thread, whatever the shell is fed from.

The prompt's thread waits for it and for signals, which Python hands to the main thread alone. An exception in that wait
(KeyboardInterrupt from ^C, SystemExit from a SIGTERM handler) says stop to the command and waits for its end, so that
sockets are closed and threads joined before anybody goes on. A command that does not hear the word is given up on the
second ^C; its thread is a daemon and cannot hold the interpreter back.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from tapip_rs.masks import deaf

from .stop import Stop

_Result = TypeVar("_Result")

#: How often the waiting thread looks for signals, seconds. One that comes in the instant before CPython goes to sleep
#: in a lock does not wake it; a fifth of a second is still at once for a person, and costs nothing.
_LOOK = 0.2


class _Task(Generic[_Result]):
    """A function on its own thread, and what came of it."""

    def __init__(self, function: Callable[[], _Result], name: str) -> None:
        self.started = False
        self._function = function
        self._error: BaseException | None = None
        self._result: _Result
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Start the thread, without a signal's exception in between: either there is a thread to wait for, or none."""
        with deaf():
            self._thread.start()
            self.started = True

    def _run(self) -> None:
        try:
            self._result = self._function()
        except BaseException as error:  # handed to the waiting thread
            self._error = error
        finally:
            self._done.set()

    def wait(self) -> None:
        """Wait for the end; an exception of the waiting thread comes out."""
        if self.started:
            while not self._done.wait(_LOOK):
                pass
            self._thread.join()

    def result(self) -> _Result:
        """The function's result, or its exception. Only after `wait` came back."""
        if self._error is not None:
            raise self._error
        return self._result


def run_beside(function: Callable[[], _Result], stop: Stop, name: str) -> _Result:
    """Run `function` on a thread called `name`; returns its result, also when ^C asked it to end.

    Raises: what the function raises; what interrupted the wait, unless it was a first KeyboardInterrupt.
    """
    task = _Task(function, name)
    try:
        task.start()
        task.wait()
    except BaseException as error:
        stop.say()
        task.wait()
        if not task.started or not isinstance(error, KeyboardInterrupt):
            raise
    return task.result()
