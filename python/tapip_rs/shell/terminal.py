"""Reading lines from a person: prompt, history, completion.

prompt_toolkit does it where it is installed, readline else; on a terminal that can neither (TERM=dumb has no
prompt_toolkit), or when standard output is not the terminal, a bare prompt on standard error.
"""

from __future__ import annotations

import asyncio
import importlib.util
import os
import select
import signal
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Protocol

from .complete import complete
from .nudge import nudged
from .session import Session

if TYPE_CHECKING:
    from prompt_toolkit import PromptSession
    from prompt_toolkit.completion import CompleteEvent, Completion
    from prompt_toolkit.document import Document
    from prompt_toolkit.input import Input as ToolkitInput

PROMPT = "[net shell]: "
#: Lines of history that are kept: some weeks of work, some tens of kilobytes.
HISTORY = 2000


class Editor(Protocol):
    """Reads a line from a person."""

    def read(self) -> str:
        """The line. Raises: EOFError for ^D, KeyboardInterrupt for ^C."""

    def close(self) -> None:
        """Keep the history."""


def editor_for(session: Session) -> Editor:
    """The best editor for this terminal."""
    own = session.stdin.stream is sys.stdin and session.out.stream is sys.stdout and session.out.terminal
    if not own:
        return BareEditor(session)
    smart = os.environ.get("TERM", "dumb") != "dumb"
    if smart and importlib.util.find_spec("prompt_toolkit") is not None:
        return ToolkitEditor(session)
    if importlib.util.find_spec("readline") is not None:
        return ReadlineEditor(session)
    return BareEditor(session)


def history_file() -> Path | None:
    """Where the history is kept; None when there is no such place."""
    state = os.environ.get("XDG_STATE_HOME")
    try:
        folder = (Path(state) if state else Path.home() / ".local" / "state") / "tapip_rs"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "history"
        path.touch(mode=0o600)
    except (OSError, RuntimeError):
        return None
    return path if os.access(path, os.R_OK | os.W_OK) else None


def spaced(word: str) -> str:
    """A completed word with the blank that ends it, unless it wants to go on: `drop=`, `folder/`."""
    return word if word.endswith(("=", "/")) else word + " "


class BareEditor:
    """A prompt and the terminal's own line editing."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def read(self) -> str:
        """Prompt and read."""
        session = self._session
        (session.out if session.out.terminal else session.err).text(PROMPT)
        line = session.stdin.line()
        if line is None:
            raise EOFError
        return line

    def close(self) -> None:
        """Nothing is kept."""


class ReadlineEditor:
    """GNU readline or libedit, through `input()`."""

    def __init__(self, session: Session) -> None:
        import readline

        self._readline = readline
        self._stack = session.stack
        self._offers: list[str] = []
        self._history = history_file()
        if self._history is not None:
            try:
                readline.read_history_file(self._history)
            except OSError:
                self._history = None
        readline.set_history_length(HISTORY)
        readline.set_completer(self._complete)
        readline.set_completer_delims(" \t\n;")
        readline.parse_and_bind("tab: complete")

    def read(self) -> str:
        """Prompt, edit and read."""
        with nudged():
            return input(PROMPT)

    def close(self) -> None:
        """Write the history."""
        self._readline.set_completer(None)
        if self._history is not None:
            with suppress(OSError):  # a full disk is no reason to fail at exit
                self._readline.write_history_file(self._history)

    def _complete(self, _word: str, state: int) -> str | None:
        if state == 0:
            line = self._readline.get_line_buffer()[: self._readline.get_endidx()]
            try:
                start, words = complete(self._stack, line)
            except OSError:  # the stack is gone; its words with it
                start, words = 0, []
            # readline replaces from its own idea of the word's start, which a quote can make later than ours.
            ahead = max(self._readline.get_begidx() - start, 0)
            self._offers = [spaced(word)[ahead:] for word in words]
        return self._offers[state] if state < len(self._offers) else None


class ToolkitEditor:
    """prompt_toolkit: completion menu, search in the history."""

    def __init__(self, session: Session) -> None:
        from prompt_toolkit import PromptSession
        from prompt_toolkit.completion import Completer, Completion
        from prompt_toolkit.history import FileHistory, InMemoryHistory

        class Words(Completer):
            """The shell's completion in prompt_toolkit's terms."""

            def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
                line = document.text_before_cursor
                try:
                    start, words = complete(session.stack, line)
                except OSError:
                    return
                for word in words:
                    yield Completion(spaced(word), display=word, start_position=start - len(line))

        self._keys = _TypedAhead()
        path = history_file()
        history = FileHistory(str(path)) if path is not None else InMemoryHistory()
        self._prompt: PromptSession[str] = PromptSession(
            PROMPT, history=history, completer=Words(), complete_while_typing=False
        )

    def read(self) -> str:
        """Prompt, edit and read."""
        with _interrupts() as heard:
            line = self._prompt.prompt(handle_sigint=False)
        if heard or self._keys.interrupt(self._prompt.app.input):
            raise KeyboardInterrupt
        return line

    def close(self) -> None:
        """The history was written line by line."""


@contextmanager
def _interrupts() -> Iterator[list[int]]:
    """Give SIGINT to the editor, and note it: once its line is accepted the editor drops it, and so would asyncio."""
    heard: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield heard
        return
    from prompt_toolkit.application.current import get_app_session

    session = get_app_session()

    def deliver(loop: asyncio.AbstractEventLoop) -> None:
        if session.app is not None and session.app.is_running:
            session.app.key_processor.send_sigint()
        else:  # it is about to run, or ends, and the loop with it
            loop.call_later(0.01, deliver, loop)

    def handle(number: int, _frame: FrameType | None) -> None:
        heard.append(number)
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # the terminal is not raw yet, or no more
            raise KeyboardInterrupt from None
        loop.call_soon_threadsafe(deliver, loop)

    before = signal.signal(signal.SIGINT, handle)
    try:
        yield heard
    finally:
        signal.signal(signal.SIGINT, before)


class _TypedAhead:
    r"""What was typed behind Enter while the terminal was raw.

    ^C and ^\ are bytes then, not signals, and would wait for the next prompt while the command runs.
    """

    def __init__(self) -> None:
        from prompt_toolkit.input import typeahead
        from prompt_toolkit.keys import Keys

        self._store = typeahead
        self._interrupts = (Keys.ControlC, Keys.ControlBackslash)

    def interrupt(self, source: ToolkitInput) -> bool:
        """Whether one of them was typed; it takes along what was typed before it, as a terminal's interrupt does."""
        keys = self._store.get_typeahead(source)
        if select.select([source.fileno()], [], [], 0)[0]:
            keys += source.read_keys()
        places = [place for place, key in enumerate(keys) if key.key in self._interrupts]
        self._store.store_typeahead(source, keys[places[-1] + 1 :] if places else keys)
        return bool(places)
