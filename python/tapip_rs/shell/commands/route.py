"""`route`: the routing table."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network
from typing import Annotated

from tapip_rs.routing import Entry, Kind
from tapip_rs.stack import Stack

from ..errors import Failed
from ..kinds import Device
from ..parser import Keyword, Limits, Option
from ..registry import command
from ..report import Report, columns

HEAD = "Destination     Gateway         Genmask         Metric Iface"

Via = Annotated[IPv4Address | None, Keyword("via")]
Dev = Annotated[Device | None, Keyword("dev")]


@command("route")
def route(stack: Stack, *, verbose: Annotated[bool, Option("-v")] = False) -> Report:
    """show / manipulate the IP routing table

    Shows the routes in use; -v shows those of lo and those not in use, too, and why.
    """
    entries = list(stack.routes)
    return Report(_verbose(entries) if verbose else _tapip(entries), [_data(entry) for entry in entries])


@command("route show")
def show(stack: Stack, *, verbose: Annotated[bool, Option("-v")] = False) -> Report:
    """As `route`."""
    return route(stack, verbose=verbose)


@command("route add")
def add(
    stack: Stack,
    net: IPv4Network,
    *,
    via: Via = None,
    dev: Dev = None,
    metric: Annotated[int, Keyword("metric"), Limits(0, 2**32 - 1)] = 0,
    kind: Annotated[Kind, Keyword("kind")] = "unicast",
    source: Annotated[IPv4Address | None, Keyword("src")] = None,
) -> None:
    """Add a route, through a gateway or straight on a device: `route add 10.1.0.0/16 via 10.0.0.2`.

    Of several routes to a network that with the least metric is used. The kinds other than unicast lead nowhere:
    silently (blackhole), or with an ICMP error.
    """
    stack.routes.add(net, via=via, dev=dev, metric=metric, kind=kind, source=source)


@command("route del")
def delete(
    stack: Stack,
    net: IPv4Network,
    *,
    via: Via = None,
    dev: Dev = None,
    metric: Annotated[int | None, Keyword("metric"), Limits(0, 2**32 - 1)] = None,
) -> None:
    """Delete the first route to a network that fits what is said."""
    try:
        stack.routes.delete(net, via=via, dev=dev, metric=metric)
    except LookupError as error:
        raise Failed(str(error)) from None


def _tapip(entries: list[Entry]) -> str:
    """tapip's table, which hides what is local."""
    rows = [HEAD]
    for entry in entries:
        if entry.selected and entry.origin != "local" and entry.dev != "lo":
            mask = str(entry.net.netmask)
            gateway = str(entry.via) if entry.via else "*" if entry.kind == "unicast" else "!"
            rows.append(f"{_destination(entry):<16}{gateway:<16}{mask:<16}{entry.metric:<7}{entry.dev or '*'}")
    return "\n".join(rows)


def _destination(entry: Entry) -> str:
    return "default" if entry.net.prefixlen == 0 else str(entry.net.network_address)


def _verbose(entries: list[Entry]) -> str:
    rows = [
        (
            "default" if entry.net.prefixlen == 0 else entry.net,
            entry.via,
            entry.dev,
            entry.metric,
            entry.kind,
            entry.origin,
            entry.source,
            "yes" if entry.selected else f"no: {entry.reason}",
        )
        for entry in entries
    ]
    heads = ("Destination", "Gateway", "Iface", "Metric", "Kind", "Origin", "Source", "In use")
    return columns(rows, heads, right=("Metric",))


def _data(entry: Entry) -> dict[str, object]:
    return {
        "net": str(entry.net),
        "gateway": None if entry.via is None else str(entry.via),
        "device": entry.dev,
        "metric": entry.metric,
        "kind": entry.kind,
        "origin": entry.origin,
        "source": None if entry.source is None else str(entry.source),
        "selected": entry.selected,
        "reason": entry.reason,
    }
