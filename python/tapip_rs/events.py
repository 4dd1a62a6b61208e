"""Reading a stack's trace: what `stack.events()` and the shell's `debug` stand on."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator

from tapip_rs import _core

__all__ = ["LAYERS", "check_layers", "read", "watching"]

LAYERS = ("dev", "l2", "arp", "ip", "icmp", "udp", "tcp", "tcpstate")
"""The layers of the trace, in the order of tapip's usage text."""

BATCH = 1000
PAUSE = 0.05
"""How long a follower sleeps when nothing is new: short for an eye, nothing for a processor."""


def check_layers(layers: Iterable[str]) -> tuple[str, ...]:
    """The layers named, `all` spelt out; ValueError that names a wrong word."""
    words = (layers,) if isinstance(layers, str) else tuple(layers)
    for word in words:
        if word not in LAYERS and word != "all":
            raise ValueError(f"{word!r} is no layer; layers are {', '.join(LAYERS)}, all")
    return LAYERS if "all" in words else tuple(layer for layer in LAYERS if layer in words)


def read(core: _core.Stack, layers: Iterable[str] | None, since: int, follow: bool) -> Iterator[_core.Event]:
    """Records numbered `since` or later, oldest first; with `follow`, then those to come, until the stack is closed."""
    wanted = frozenset(LAYERS if layers is None else check_layers(layers))
    number = since
    while True:
        try:
            batch = core.events(number, BATCH)
        except OSError:
            if core.closed:
                return
            raise
        for event in batch:
            number = event.number + 1
            if event.layer in wanted:
                yield event
        if batch:
            continue
        if not follow:
            return
        time.sleep(PAUSE)


class watching:  # noqa: N801 - reads as a verb: `with watching(core, layers):`
    """Watch layers besides those that are watched already, for the length of a `with` block."""

    def __init__(self, core: _core.Stack, layers: Iterable[str]) -> None:
        self._core, self._layers = core, check_layers(layers)

    def __enter__(self) -> None:
        before = self._core.trace_layers()
        self._added = [layer for layer in self._layers if layer not in before]
        self._core.set_trace([*before, *self._added])

    def __exit__(self, *_exception: object) -> None:
        if not self._core.closed:
            self._core.set_trace([layer for layer in self._core.trace_layers() if layer not in self._added])
