"""The shell: reads lines, runs commands, keeps the exit status.

`run(stack)` is what `tapip` calls. Lines come from `-c`, from a terminal with an editor (`terminal.py`), or from a pipe
or file, where nothing but results is printed. Results go to standard output, errors to standard error as one line
`shell: command: what is wrong`; the shell lives on after any of them, a defect of its own among them, whose traceback
goes to the log at level DEBUG (`tapip --verbose`).
"""

from __future__ import annotations

import io
import logging
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from types import FrameType
from typing import IO, TYPE_CHECKING, Any, Protocol

from tapip_rs.errors import StackFailed
from tapip_rs.stack import Stack

from .beside import run_beside
from .errors import FAILURE, INTERRUPTED, OK, UNREAD, USAGE, BadWord, OutputClosed, ShellError, UnknownCommand
from .registry import Command, find
from .report import Report
from .session import Session
from .streams import Input, Output
from .words import split

if TYPE_CHECKING:
    from .terminal import Editor

_log = logging.getLogger("tapip_rs.shell")


class Reader(Protocol):
    """Where lines come from."""

    def read(self) -> str:
        """The next line. Raises: EOFError at the end, KeyboardInterrupt for ^C."""


class Lines:
    """Lines of a script."""

    def __init__(self, source: Input) -> None:
        self._source = source

    def read(self) -> str:
        """The next line of the script."""
        line = self._source.line()
        if line is None:
            raise EOFError
        return line


def run(
    stack: Stack,
    *,
    commands: str | None = None,
    debug: Sequence[str] = (),
    stdin: IO[Any] | None = None,
    stdout: IO[Any] | None = None,
    stderr: IO[Any] | None = None,
) -> int:
    """Run the shell on a stack until its input ends or `exit`; returns the status of the last command.

    With `commands` those run instead, and `stdin` is data for `snc -c`. `debug` names layers to print from the
    start. The streams default to the process's own.
    """
    try:
        source = Input(stdin or sys.stdin or io.BytesIO())  # Python has no sys.stdin where the descriptor is closed
        session = Session(stack, source, Output(stdout or sys.stdout), Output(stderr or sys.stderr))
        try:
            if debug:
                session.trace.watch(debug)
            with _swallowed_interrupts(session):
                if commands is not None:
                    run_text(session, commands)
                elif session.stdin.terminal:
                    _interactive(session)
                else:
                    _loop(session, Lines(session.stdin))
        except KeyboardInterrupt:
            session.status = INTERRUPTED
        finally:
            session.close()
        return session.status
    except OutputClosed:
        return UNREAD


def run_text(session: Session, text: str) -> None:
    """Run the commands in a text, until `exit`."""
    try:
        parsed = split(text)
    except BadWord as error:
        _complain(session, str(error))
        session.status = USAGE
        return
    for words in parsed:
        if session.ended:
            return
        session.status = run_words(session, [word.text for word in words])


def run_words(session: Session, words: Sequence[str]) -> int:
    """Run one command; returns its exit status."""
    usage = ""
    try:
        command, rest = find(words)
        if _asks_for_help(rest):
            session.out.line(command.help)
            return OK
        usage = f"; usage: {command.usage}"
        with session.running(words), session.stop.calling(session.end_line):
            return run_beside(lambda: _call(session, command, rest), session.stop, command.name)
    except UnknownCommand as error:
        _complain(session, str(error), "-shell")
        return error.status
    except BadWord as error:
        _complain(session, f"{words[0]}: {error}{usage}" if usage else str(error))
        return error.status
    except ShellError as error:
        _complain(session, f"{words[0]}: {error}")
        return error.status
    except StackFailed as error:
        _complain(session, f"the stack has failed: {error.strerror or error}")
        return FAILURE
    except OSError as error:
        named = f": {error.filename}" if error.filename else ""
        _complain(session, f"{words[0]}: {error.strerror or str(error) or type(error).__name__}{named}")
        return FAILURE
    except ValueError as error:  # the stack does not take what the parser let through; its text names the argument
        _complain(session, f"{words[0]}: {error}")
        return USAGE
    except OutputClosed:
        raise
    except Exception as error:  # a defect of ours; it must not take the session and its connections along
        _log.debug("%s failed unexpectedly", words[0], exc_info=True)
        text = f": {error}" if str(error) else ""
        _complain(session, f"{words[0]}: unexpected {type(error).__name__}{text} (tapip --verbose tells where)")
        return FAILURE
    finally:
        with suppress(OSError):  # the stack has failed, and the line above says so
            session.trace.drain()


def _call(session: Session, command: Command, words: list[str]) -> int:
    """Call a command on its own thread, and print its report."""
    session.json = command.reports and "--json" in words
    if session.json:
        words.remove("--json")
    answer = command.call(session, words)
    if not isinstance(answer, Report):
        return answer or OK
    if session.json:
        session.out.line(answer.json)
    elif answer.text:
        session.out.line(answer.text)
    return answer.status


def _asks_for_help(words: Sequence[str]) -> bool:
    return len(words) == 1 and words[0] in ("-h", "--help")


def _complain(session: Session, text: str, who: str = "shell") -> None:
    """One line on standard error."""
    line = " ".join(text.split("\n"))
    with suppress(OutputClosed, ShellError):  # else there is nobody to tell
        session.err.line(f"{who}: {line}")


def _loop(session: Session, reader: Reader) -> None:
    """Run lines until they end or `exit`."""
    while not session.ended:
        try:
            line = reader.read()
        except EOFError:
            return
        run_text(session, line)


def _interactive(session: Session) -> None:
    """Prompt, edit, run. ^C gives a new prompt, ^D prints `exit` and ends."""
    from .terminal import editor_for  # the editor is loaded for people only

    editor = editor_for(session)
    with _quit_as_interrupt():
        while not session.ended:
            with suppress(KeyboardInterrupt):  # typed again while the first is answered
                _prompted(session, editor)
    editor.close()


def _prompted(session: Session, editor: Editor) -> None:
    """Lines from a person, until `exit` or a ^C too fast to be answered."""
    while not session.ended:
        session.interrupted = False
        try:
            run_text(session, editor.read())
        except KeyboardInterrupt:
            session.out.line()
        except EOFError:
            session.out.line("exit")
            session.ended = True


@contextmanager
def _swallowed_interrupts(session: Session) -> Iterator[None]:
    """Hear the ^C that Python drops: what its handler raises inside a destructor or a weak reference's callback."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = sys.unraisablehook

    def hook(dropped: sys.UnraisableHookArgs) -> None:
        if dropped.exc_type is KeyboardInterrupt:
            session.interrupt()
        else:
            before(dropped)

    sys.unraisablehook = hook
    try:
        yield
    finally:
        sys.unraisablehook = before


@contextmanager
def _quit_as_interrupt() -> Iterator[None]:
    r"""^\ does what ^C does, as in tapip, instead of a core dump."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def handle(_number: int, _frame: FrameType | None) -> None:
        signal.raise_signal(signal.SIGINT)  # whose handler is asyncio's while the editor runs

    before = signal.signal(signal.SIGQUIT, handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGQUIT, before)
