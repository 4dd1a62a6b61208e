"""The forwarding table in the stack is downstream of the selection: only the difference is sent."""

from __future__ import annotations

from collections.abc import Mapping

from tapip_rs.routing.route import Network, RouteTuple
from tapip_rs.routing.select import Chosen

__all__ = ["Table", "as_table", "difference"]

Table = Mapping[Network, RouteTuple]


def as_table(chosen: Mapping[Network, Chosen], nowhere: int) -> dict[Network, RouteTuple]:
    """The rows that the stack shall hold. `nowhere` is the interface index that a route to nowhere carries."""
    return {net: _row(choice, nowhere) for net, choice in chosen.items()}


def difference(old: Table, new: Table) -> tuple[list[tuple[str, int]], list[RouteTuple]]:
    """What to remove and what to add to get from `old` to `new`.

    A row that only changed is among the added: the stack replaces by prefix, so no packet finds a gap.
    """
    remove = [(str(net.network_address), net.prefixlen) for net in old if net not in new]
    add = [row for net, row in new.items() if old.get(net) != row]
    return remove, add


def _row(choice: Chosen, nowhere: int) -> RouteTuple:
    route = choice.route
    return (
        str(route.net.network_address),
        route.net.prefixlen,
        None if route.via is None else str(route.via),
        nowhere if choice.link is None else choice.link.index,
        route.metric,
        route.kind,
        None if route.source is None else str(route.source),
    )
