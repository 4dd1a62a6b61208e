"""Flows: what was asked for, and what came of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tapip_rs.sim.plot import draw
from tapip_rs.sim.table import Count, Summary, Table

if TYPE_CHECKING:
    from tapip_rs import _core
    from tapip_rs.sim.host import Host
    from tapip_rs.sim.network import Network

__all__ = ["Flow"]


class Flow:
    """Traffic from one host to another. Every attribute tells of the present moment."""

    def __init__(self, network: Network, number: int, kind: str, ends: tuple[Host, Host]) -> None:
        self._network, self.number, self.kind = network, number, kind
        self.source, self.destination = ends

    @property
    def stats(self) -> _core.FlowInfo:
        """Everything that is known."""
        return self._network.core.flow(self.number)

    @property
    def goodput(self) -> float:
        """Bit/s of application bytes, from the start to the last byte delivered so far."""
        return self.stats.goodput

    @property
    def completion_time(self) -> float | None:
        """Seconds from the start until all was delivered; None until then."""
        return self.stats.completion_time

    @property
    def bytes_delivered(self) -> int:
        """Bytes that reached the receiving application."""
        return self.stats.bytes_delivered

    @property
    def retransmissions(self) -> Count:
        """Segments sent again; `.by_cause` says why: fast, timeout, probe, mtu."""
        return Count(self.stats.resent)

    @property
    def spurious(self) -> int:
        """Of the segments sent again, those that the receiver reported as in vain (DSACK)."""
        return self.stats.spurious

    @property
    def intact(self) -> bool:
        """Every byte that arrived is the one that was sent at its place, and the flow did not fail."""
        return self.stats.intact

    @property
    def error(self) -> str | None:
        """Why it failed; None while it has not."""
        return self.stats.error

    @property
    def over(self) -> bool:
        """It is complete, or failed."""
        return self.stats.over

    @property
    def rtt(self) -> Summary:
        """Round trips that the sending connection measured."""
        return Summary(*self.stats.rtt)

    @property
    def latency(self) -> Summary:
        """Times of requests with responses, pings with answers, datagrams one way, transfers of a Poisson process."""
        return Summary(*self.stats.latency)

    @property
    def trace(self) -> Table:
        """A row for each change of the sending connection.

        t, cwnd, ssthresh (inf until a loss), srtt, rttvar, rto, flight, pacing_rate, delivered, state, cause; bytes,
        seconds, bit/s. Of many changes, evenly spaced ones are kept.
        """
        return Table(self._network.core.trace(self.number))

    @property
    def exchanges(self) -> Table:
        """Requests, pings, datagrams or transfers that came to their end: t (began), took, number, bytes."""
        return Table(self._network.core.exchanges(self.number))

    def plot(self, path: str | Path | None = None) -> Any:
        """Time and sequence, cwnd and ssthresh, round trips, as a matplotlib figure; written to `path` if given."""
        return draw([self], [], path)

    def __repr__(self) -> str:
        return f"<Flow {self.number}: {self.kind} {self.source.name}->{self.destination.name}>"
