"""Records of the stack's trace as lines on standard error: what `debug` and `ping2` show.

A printer keeps a place in the stream of records. `watch` and `unwatch` say which layers are recorded; `drain` prints
what has come since; a thread drains while layers are watched, so that records appear at the prompt, too.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable
from contextlib import suppress

from tapip_rs import _core
from tapip_rs.masks import deaf
from tapip_rs.stack import Stack

from .stop import Stop
from .streams import Output

#: tapip's layers, in its order, with the colours it gives them.
COLOURS = {"dev": 32, "l2": 33, "arp": 31, "ip": 34, "icmp": 35, "udp": 35, "tcp": 35, "tcpstate": 32}
#: How often the thread looks for records: too short a wait for an eye to notice, next to nothing for the processor.
INTERVAL = 0.05
BATCH = 1000


class TracePrinter:
    """Prints records of the layers that were asked for."""

    def __init__(self, stack: Stack, err: Output) -> None:
        self._core = stack.core
        self._err = err
        self._lock = threading.Lock()
        self._next = 0
        self._layers: list[str] = []
        self._foreign: list[str] = []
        self._thread: threading.Thread | None = None
        self._stop: Stop | None = None

    @property
    def layers(self) -> list[str]:
        """The layers that are printed."""
        return list(self._layers)

    def watch(self, layers: Iterable[str]) -> None:
        """Print these layers, too."""
        if not self._layers:
            self._next = self._core.next_event()
            self._foreign = self._core.trace_layers()  # somebody else's: they stay on when we are done
        self._set([layer for layer in COLOURS if layer in {*self._layers, *layers}])

    def unwatch(self, layers: Iterable[str] = ()) -> None:
        """Print these layers no longer; none named means all."""
        gone = set(layers) or set(COLOURS)
        self.drain()
        self._set([layer for layer in self._layers if layer not in gone])

    def drain(self) -> None:
        """Print what was recorded since the last time."""
        with self._lock:
            while self._layers and not self._core.closed:
                records = self._core.events(self._next, BATCH)
                if records and records[0].number > self._next:
                    self._err.line(f"({records[0].number - self._next} records were lost)")
                lines = [self.format(record) for record in records if record.layer in self._layers]
                if lines:
                    self._err.line("\n".join(lines))
                if not records:
                    return
                self._next = records[-1].number + 1

    def format(self, record: _core.Event) -> str:
        """One line: `[thread]function layer text`, coloured on a terminal."""
        layer = record.layer
        if self._err.terminal:
            layer = f"\x1b[01;{COLOURS[layer]}m{layer}\x1b[0m"
        function = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", record.name).lower()
        return f"[{threading.get_native_id()}]{function} {layer} {record.text}"

    def close(self) -> None:
        """Stop watching. Does not fail, whatever has become of the stack."""
        if self._layers:
            with suppress(OSError):
                self.unwatch()

    def _set(self, layers: list[str]) -> None:
        self._layers = layers
        if not self._core.closed:
            self._core.set_trace([layer for layer in COLOURS if layer in {*layers, *self._foreign}])
        if layers and self._thread is None:
            self._stop = Stop()
            self._thread = threading.Thread(target=self._follow, args=(self._stop,), name="debug", daemon=True)
            with deaf():
                self._thread.start()
        elif not layers and self._thread is not None and self._stop is not None:
            self._stop.say()
            self._thread.join()
            self._stop.close()
            self._thread = self._stop = None

    def _follow(self, stop: Stop) -> None:
        while not stop.sleep(INTERVAL):
            try:
                self.drain()
            except OSError:  # the stack failed or was closed; the next command says so
                return
