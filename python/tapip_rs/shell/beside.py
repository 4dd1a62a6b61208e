"""A command runs beside the prompt's thread, whatever the shell is fed from.

The prompt's thread waits for it and for signals, which Python hands to the main thread alone. An exception in that wait
(KeyboardInterrupt from ^C, SystemExit from a SIGTERM handler) says stop to the command and waits for its end, so that
sockets are closed and threads joined before anybody goes on. A command that does not hear the word is given up on the
second ^C; its thread is a daemon and cannot hold the interpreter back.
"""

from __future__ import annotations

import select
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Generic, TypeVar

from tapip_rs.masks import deaf

from .stop import Stop

_Result = TypeVar("_Result")


class _Task(Generic[_Result]):
    """A function on its own thread, and what came of it."""

    def __init__(self, function: Callable[[], _Result], name: str) -> None:
        self.started = False
        self._function = function
        self._error: BaseException | None = None
        self._result: _Result
        self._done = threading.Event()
        # Rung by the end and by signals: one that comes in the instant before CPython goes to sleep in a lock would
        # not wake it.
        self._ear, self._bell = socket.socketpair()
        self._ear.setblocking(False)
        self._bell.setblocking(False)
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
            # Nobody listens any more to a task that was given up.
            with suppress(OSError):
                self._bell.send(b".")

    def wait(self) -> None:
        """Wait for the end; an exception of the waiting thread comes out."""
        if not self.started:
            return
        ear = select.poll()
        ear.register(self._ear, select.POLLIN)
        with _rung_by_signals(self._bell):
            while not self._done.is_set():
                ear.poll()
                with suppress(BlockingIOError):
                    self._ear.recv(64)
        self._thread.join()

    def close(self) -> None:
        """Close the bell; the last call."""
        self._ear.close()
        self._bell.close()

    def result(self) -> _Result:
        """The function's result, or its exception. Only after `wait` came back."""
        if self._error is not None:
            raise self._error
        return self._result


@contextmanager
def _rung_by_signals(bell: socket.socket) -> Iterator[None]:
    """Have each signal write to `bell`. Only the main thread hears signals; elsewhere this does nothing."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.set_wakeup_fd(bell.fileno(), warn_on_full_buffer=False)
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)


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
    finally:
        task.close()
    return task.result()
