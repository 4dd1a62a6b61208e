"""The net shell: tapip's commands, and those that a user of today expects, over one `Stack`.

    run.py       reads lines and runs commands: interactive, piped, `-c`
    words.py     a line into commands and words      parser.py   a signature into a parser    kinds.py  types of words
    registry.py  `@command`, lookup                  commands/   one file a command
    session.py   what a command is given             report.py   what it answers: text or JSON
    beside.py    a command beside the prompt's thread, stop.py   and how it is told to end
    streams.py   byte-exact standard streams         terminal.py, complete.py   for people
    trace.py     what `debug` prints

To add a command, add a file to `commands/`: a function under `@command("name")` whose signature is its parser and
whose docstring is its help. Whatever waits must heed `session.stop`.
"""

from __future__ import annotations

from .run import run

__all__ = ["run"]
