"""How a command says that it cannot: one line for the user and an exit status."""

from __future__ import annotations

#: Exit statuses, with the meaning that POSIX utilities give them.
OK, FAILURE, USAGE = 0, 1, 2
#: 128 + SIGINT: what a POSIX shell reports for a command that ^C ended.
INTERRUPTED = 130
#: 128 + SIGPIPE: likewise, of a command whose output nobody reads any more.
UNREAD = 141


class ShellError(Exception):
    """Ends a command; `str(error)` is the line that the user sees, after the command's name."""

    status = FAILURE


class BadWord(ShellError):
    """The user wrote something that cannot be meant; the text names the word."""

    status = USAGE


class Failed(ShellError):
    """The command was understood and did not succeed."""


class UnknownCommand(BadWord):
    """The first word is no command."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name}: command not found")


class OutputClosed(Exception):
    """Nobody reads what the shell writes: it ends, silently as any filter would."""
