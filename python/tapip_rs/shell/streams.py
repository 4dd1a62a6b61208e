"""Standard input, output and error as the shell needs them: byte-exact, unbuffered towards the world, fast in bulk.

`Input` serves two readers in turn: the script reader takes lines, `snc -c` takes the rest. Both draw on the same
buffer, so that no byte is lost or read twice. `Output` writes text and raw bytes in the order of the calls; a result is
on its way when the call returns. Both accept files with a descriptor as well as in-memory streams.
"""

from __future__ import annotations

import io
import os
import select
import threading
from typing import IO, Any

from .errors import Failed, OutputClosed
from .stop import Stop

#: One read from standard input: 16 pages, the capacity of a Linux pipe.
BLOCK = 64 * 1024


def descriptor(stream: IO[Any]) -> int | None:
    """The file descriptor below a stream, if there is one."""
    try:
        return stream.fileno()
    except (AttributeError, OSError, ValueError):
        return None


def is_terminal(stream: IO[Any]) -> bool:
    """Whether a human sits at the other end."""
    try:
        return bool(stream.isatty())
    except (AttributeError, ValueError):
        return False


class Input:
    """Bytes from a descriptor or an in-memory stream, by line or by block."""

    def __init__(self, stream: IO[Any]) -> None:
        self.stream = stream
        self.fd = descriptor(stream)
        self.terminal = is_terminal(stream)
        self._rest = b""
        self._ended = False

    def line(self, stop: Stop | None = None) -> str | None:
        """The next line without its newline; None at the end."""
        held = [self._rest]
        while b"\n" not in held[-1] and not self._ended:
            block = self._read(BLOCK, stop)
            self._ended = not block
            held.append(block)
        data = b"".join(held)
        line, newline, self._rest = data.partition(b"\n")
        if not line and not newline:
            return None
        return line.decode("utf-8", "surrogateescape")

    def block(self, size: int = BLOCK, stop: Stop | None = None) -> bytes:
        """Up to `size` bytes as soon as there are any; empty at the end, or when `stop` was said."""
        if self._rest:
            data, self._rest = self._rest[:size], self._rest[size:]
            return data
        return self._read(size, stop)

    def _read(self, size: int, stop: Stop | None) -> bytes:
        if self.fd is None:
            data = getattr(self.stream, "buffer", self.stream).read(size)
            return data.encode() if isinstance(data, str) else bytes(data)
        if stop is not None:
            poll = select.poll()
            poll.register(self.fd, select.POLLIN)
            poll.register(stop.fd, select.POLLIN)
            poll.poll()
            if stop.said:
                return b""
        return os.read(self.fd, size)


class Output:
    """Text and bytes to a descriptor or an in-memory stream. Threads may share one; a call is never torn apart."""

    def __init__(self, stream: IO[Any]) -> None:
        self.stream = stream
        self.fd = descriptor(stream)
        self.terminal = is_terminal(stream)
        self._lock = threading.Lock()
        stream.flush()  # what was written by others comes first

    def line(self, text: str = "") -> None:
        """Write `text` and a newline."""
        self.text(text + "\n")

    def text(self, text: str) -> None:
        """Write `text` as it is."""
        self.write(text.encode("utf-8", "surrogateescape"))

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Write all bytes. Raises: OutputClosed when nobody reads them; Failed when they cannot be kept (disk full)."""
        try:
            self._write(data)
        except BrokenPipeError:
            raise OutputClosed from None
        except OSError as error:
            raise Failed(f"cannot write: {error.strerror or error}") from None

    def _write(self, data: bytes | bytearray | memoryview) -> None:
        with self._lock:
            if self.fd is not None:
                view = memoryview(data)
                while view:
                    view = view[os.write(self.fd, view) :]
            elif isinstance(self.stream, io.StringIO):
                self.stream.write(str(data, "utf-8", "surrogateescape"))
            else:
                getattr(self.stream, "buffer", self.stream).write(data)
