"""What a command has to work with: the stack, the streams, the stop signal, and what outlives a command.

One session lasts as long as the shell. `status` is the exit status of the last command; `trace` prints records of the
stack between commands (`debug -n`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from tapip_rs.stack import Stack

from .errors import OK, OutputClosed, ShellError
from .stop import Stop
from .streams import Input, Output
from .trace import TracePrinter


class Session:
    """The shell's state, handed to every command that asks for a `Session`."""

    def __init__(self, stack: Stack, stdin: Input, out: Output, err: Output) -> None:
        self.stack = stack
        self.stdin = stdin
        self.out = out
        self.err = err
        #: The stop signal of the running command; there is none between commands.
        self.stop: Stop
        #: Whether the running command is to answer in JSON: it prints nothing itself and returns a Report.
        self.json = False
        #: The running command as it was typed, word by word.
        self.words: list[str] = []
        self.status = OK
        #: A ^C came of which no exception told; see `interrupt`.
        self.interrupted = False
        self._busy = False
        #: Set by `exit`.
        self.ended = False
        self.trace = TracePrinter(stack, err)

    @contextmanager
    def running(self, words: Sequence[str]) -> Iterator[None]:
        """Around a command: its words and its stop signal."""
        self.words = list(words)
        self.stop = Stop()
        self._busy = True
        if self.interrupted:
            self.stop.say()
        try:
            yield
        finally:
            self._busy = False
            self.stop.close()

    def interrupt(self) -> None:
        """A ^C that raised nothing: for the command that runs, or for the next one of the line."""
        self.interrupted = True
        if self._busy:
            self.stop.say()

    def end_line(self) -> None:
        """On a terminal, end the line on which ^C was typed."""
        if self.stdin.terminal:
            with suppress(ShellError, OutputClosed):  # whoever writes next will notice
                self.out.line()

    def close(self) -> None:
        """Undo what commands left behind."""
        self.trace.close()
