"""Links: two directions, each with its own properties and figures, and captures at both ends."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tapip_rs.sim import units
from tapip_rs.sim.options import LinkOptions, translate
from tapip_rs.sim.plot import draw
from tapip_rs.sim.table import Count, Summary, Table

if TYPE_CHECKING:
    from typing import Unpack

    from tapip_rs import _core
    from tapip_rs.sim.host import Node
    from tapip_rs.sim.network import Network

__all__ = ["Direction", "Link"]


class Direction:
    """One direction of a link: change it by `set`, read what became of its packets."""

    def __init__(self, network: Network, number: int, name: str, options: Mapping[str, Any]) -> None:
        self._network, self._number = network, number
        self.name = name
        """Where it begins and ends: `a->b`."""
        self._options = dict(options)

    def set(self, **options: Unpack[LinkOptions]) -> None:
        """Change properties now; the others stay."""
        self._change(self._merged(options), options)

    def at(self, time: units.Time, **options: Unpack[LinkOptions]) -> None:
        """Change properties at a virtual time. What cannot be right is refused now."""
        self._network.core.check_change(self._number, translate(self._merged(options)))
        self._network.at(time, lambda: self._change(self._merged(options), options))

    def up(self) -> None:
        """There is a carrier again."""
        self._network.core.change(self._number, {"up": 1})

    def down(self) -> None:
        """There is no carrier: what is sent, waits or is under way is lost."""
        self._network.core.change(self._number, {"up": 0})

    @property
    def options(self) -> dict[str, Any]:
        """What it was told so far."""
        return dict(self._options)

    def _merged(self, options: Mapping[str, Any]) -> dict[str, Any]:
        merged = {**self._options, **options}
        if options.get("capacity") is not None:
            merged.pop("rate", None)
        return merged

    def _change(self, merged: dict[str, Any], options: Mapping[str, Any]) -> None:
        told = translate(merged)
        if options.get("capacity") is not None:
            told["rate"] = 0
        self._network.core.change(self._number, told)
        if "loss_if" in options:
            self._network.core.set_predicate(self._number, options["loss_if"])
        self._options = merged

    @property
    def stats(self) -> _core.DirectionInfo:
        """Everything that was counted."""
        return self._network.core.stats(self._number)

    def restart_stats(self) -> None:
        """Count from now on, as after a start-up."""
        self._network.core.restart_stats(self._number)

    @property
    def utilisation(self) -> float:
        """Share of the time spent sending, 0 to 1; 0 without a rate."""
        return self.stats.utilisation

    @property
    def throughput(self) -> float:
        """Bit/s of frames delivered since the link was made."""
        return self.stats.throughput

    @property
    def queue_delay(self) -> Summary:
        """How long packets waited for the link."""
        return Summary(*self.stats.queue_delay)

    @property
    def drops(self) -> Count:
        """Packets lost; `.by_cause` says why."""
        return Count(self.stats.drops)

    @property
    def marks(self) -> Count:
        """Packets marked "congestion experienced"; `.by_cause` says why."""
        return Count(self.stats.marks)

    @property
    def queue(self) -> Table:
        """What waited over time: t, bytes, packets, delay (of the packet that left last, in seconds).

        Besides, as counts so far: drops, marks, delivered (bytes).
        """
        return Table(self._network.core.queue(self._number))

    def plot(self, path: str | Path | None = None) -> Any:
        """The queue and its delay over time, as a matplotlib figure; written to `path` if given."""
        return draw([], [self], path)

    def __repr__(self) -> str:
        return f"<Direction {self.name}>"


class Link:
    """A link between two nodes: the directions `ab` and `ba`, each a `Direction`."""

    def __init__(self, network: Network, number: int, ends: tuple[Node, Node], options: tuple[Any, Any]) -> None:
        self._network, self.number = network, number
        self.a, self.b = ends
        self.ab = Direction(network, 2 * number, f"{self.a.name}->{self.b.name}", options[0])
        """From the first node to the second."""
        self.ba = Direction(network, 2 * number + 1, f"{self.b.name}->{self.a.name}", options[1])
        """From the second node to the first."""

    def set(self, **options: Unpack[LinkOptions]) -> None:
        """Change both directions now."""
        self.ab.set(**options)
        self.ba.set(**options)

    def at(self, time: units.Time, **options: Unpack[LinkOptions]) -> None:
        """Change both directions at a virtual time."""
        self.ab.at(time, **options)
        self.ba.at(time, **options)

    def schedule(self, changes: Iterable[tuple[units.Time, LinkOptions]]) -> None:
        """Change both directions at several times: `link.schedule([("1 s", {"loss": 0.1}), ("2 s", {"loss": 0})])`."""
        for time, options in changes:
            self.at(time, **options)

    def up(self) -> None:
        """There is a carrier again, both ways."""
        self.ab.up()
        self.ba.up()

    def down(self) -> None:
        """There is no carrier either way: what is sent, waits or is under way is lost."""
        self.ab.down()
        self.ba.down()

    def capture(self, path: str | Path, end: str = "a") -> None:
        """Write what passes an end (`a` or `b`) to a pcapng file, from now on, as the node there sees it."""
        if end not in ("a", "b"):
            units.refuse("end", end, "a or b")
        self._network.capture(self.ab._number if end == "a" else self.ba._number, Path(path))

    def __repr__(self) -> str:
        return f"<Link {self.a.name}-{self.b.name}>"
