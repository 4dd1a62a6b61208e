"""Whether gateways answer: a look at the neighbour table once a second, only while a route has an alternative."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from tapip_rs.masks import deaf
from tapip_rs.routing.route import Address

__all__ = ["HOLD", "PERIOD", "GatewayWatch"]

PERIOD = 1.0
"""Seconds between looks. The neighbour table needs five to call a neighbour failed; one more is little."""
HOLD = 30.0
"""Seconds for which a gateway that failed is avoided; the stack itself remembers a failure for a moment only."""
GRACE = 10.0
"""Seconds that a gateway gets afterwards: five requests, one a second, and time for traffic to need them."""

_log = logging.getLogger("tapip_rs.routing")


class GatewayWatch:
    """Remembers which gateways failed lately, and calls `look` once a second while that matters."""

    def __init__(self, look: Callable[[], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._look = look
        self._clock = clock
        self._failed_at: dict[Address, float] = {}
        self._stop: threading.Event | None = None
        self._closed = False

    def silent(self, failed: set[Address], answering: set[Address]) -> set[Address]:
        """The gateways to avoid, given which of them the stack says fail or answer now."""
        now = self._clock()
        for address in failed:
            self._failed_at.setdefault(address, now)
        ages = {address: now - since for address, since in self._failed_at.items() if address not in answering}
        self._failed_at = {address: now - age for address, age in ages.items() if age < HOLD + GRACE}
        return {address for address, age in ages.items() if age < HOLD}

    def want(self, wanted: bool) -> None:
        """Start or stop the looks."""
        if wanted and self._stop is None and not self._closed:
            self._stop = threading.Event()
            with deaf():
                threading.Thread(target=self._run, args=(self._stop,), name="tapip-gateways", daemon=True).start()
        elif not wanted and self._stop is not None:
            self._stop.set()
            self._stop = None

    def close(self) -> None:
        """Stop for good."""
        self._closed = True
        self.want(False)

    def _run(self, stop: threading.Event) -> None:
        while not stop.wait(PERIOD):
            try:
                self._look()
            except OSError as error:  # the stack was closed or failed: there is nothing left to route
                _log.debug("gateways are no longer watched: %s", error)
                return
