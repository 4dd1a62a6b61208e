"""The RIB: every route that anybody asked for, and those that follow from the interfaces' addresses."""

from __future__ import annotations

import errno
import threading
from collections.abc import Iterator
from dataclasses import replace

from tapip_rs.routing.gateways import GatewayWatch
from tapip_rs.routing.route import (
    KINDS,
    MAX_METRIC,
    Address,
    Entry,
    Kind,
    Link,
    Network,
    Route,
    RouteTuple,
    RoutingCore,
    parse_address,
    parse_network,
)
from tapip_rs.routing.select import connected, select, to_entries
from tapip_rs.routing.sync import as_table, difference

__all__ = ["Rib"]


class Rib:
    """The routing table of one stack. Every change is in force when the call returns.

    The routes of the interfaces' own networks come and go with the addresses; `sync` is to be called when those
    changed. May be used from several threads.
    """

    def __init__(self, core: RoutingCore) -> None:
        self._core = core
        self._static: list[Route] = []
        self._table: dict[Network, RouteTuple] = {}
        self._lock = threading.RLock()
        self._watch = GatewayWatch(self.sync)

    def add(
        self,
        net: str | Network,
        via: str | Address | None = None,
        dev: str | None = None,
        metric: int = 0,
        kind: Kind = "unicast",
        source: str | Address | None = None,
    ) -> Route:
        """Add a route: `add("default", via="10.0.0.2")`, `add("10.9.0.0/16", kind="blackhole")`.

        Raises: ValueError that names the bad value; FileExistsError when the same route is there already.
        """
        route = _checked(net, via, dev, metric, kind, source)
        with self._lock:
            self._check_way(route)
            if any(_same_place(route, other) for other in self._routes()):
                raise FileExistsError(errno.EEXIST, f"the route {route} is there already")
            self._static.append(route)
            self.sync()
        return route

    def delete(
        self,
        net: str | Network,
        via: str | Address | None = None,
        dev: str | None = None,
        metric: int | None = None,
    ) -> Route:
        """Delete the first route to `net` that fits what else is said. Raises: LookupError when none does."""
        network = parse_network(net)
        gateway = None if via is None else parse_address(via, "gateway")
        with self._lock:
            for route in sorted(self._static, key=lambda route: route.metric):
                if route.net == network and _fits(route, gateway, dev, metric):
                    self._static.remove(route)
                    self.sync()
                    return route
            if any(route.net == network for route in connected(self._links())):
                raise LookupError(f"the route to {network} follows from an address: remove that instead")
        wanted = Route(net=network, via=gateway, dev=dev, metric=metric or 0)
        raise LookupError(f"there is no route {wanted}")

    def replace(
        self, net: str | Network, via: str | Address | None = None, dev: str | None = None, metric: int = 0
    ) -> Route:
        """Add a route and delete those of the same network and metric: `ip route replace`."""
        network = parse_network(net)
        with self._lock:
            before = self._static
            self._static = [route for route in before if (route.net, route.metric) != (network, metric)]
            try:
                return self.add(network, via, dev, metric)
            except (ValueError, OSError):
                self._static = before
                raise

    def routes(self) -> list[Entry]:
        """Every route, selected or not, the most specific first; one that is not selected says why."""
        with self._lock:
            links = self._links()
            return to_entries([*connected(links), *self._static], links, self._silent())

    def lookup(self, address: str | Address) -> Entry | None:
        """The route that a packet to `address` takes; None when there is none."""
        wanted = parse_address(address, "address")
        for entry in self.routes():
            if entry.selected and wanted in entry.net:
                return entry
        return None

    def sync(self) -> None:
        """Look at the interfaces and gateways again, and bring the stack's forwarding table up to date."""
        with self._lock:
            infos = self._core.interfaces()
            links = [Link.of(info) for info in infos]
            routes = [*connected(links), *self._static]
            nowhere = min((link.index for link in links), default=0)
            table = as_table(select(routes, links, self._silent()), nowhere)
            remove, add = difference(self._table, table)
            if remove or add:
                self._core.apply_routes(remove, add)
            self._table = table
            self._watch.want(_has_alternatives(routes))

    def close(self) -> None:
        """Stop looking at gateways. The table can still be read."""
        self._watch.close()

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.routes())

    def __len__(self) -> int:
        return len(self.routes())

    def __str__(self) -> str:
        return "\n".join(map(str, self.routes()))

    def _links(self) -> list[Link]:
        return [Link.of(info) for info in self._core.interfaces()]

    def _routes(self) -> list[Route]:
        return [*connected(self._links()), *self._static]

    def _silent(self) -> set[Address]:
        """The gateways that did not answer, as far as anybody asked."""
        gateways = {str(route.via): route.via for route in self._static if route.via is not None}
        if not gateways:
            return set()
        states = {neighbor.address: neighbor.state for neighbor in self._core.neighbors()}
        failed = {via for text, via in gateways.items() if states.get(text) == "failed"}
        answering = {via for text, via in gateways.items() if states.get(text) in ("reachable", "permanent")}
        return self._watch.silent(failed, answering)

    def _check_way(self, route: Route) -> None:
        """Refuse what could never work as the interfaces stand, up or down."""
        links = self._links()
        if route.dev is not None and all(link.name != route.dev for link in links):
            names = ", ".join(link.name for link in links) or "none"
            raise ValueError(f"there is no interface {route.dev!r} (there is: {names})")
        if route.via is None:
            return
        if any(route.via == address for link in links for address, _ in link.addresses):
            raise ValueError(f"gateway {route.via} is our own address")
        near = [link for link in links if route.dev in (None, link.name) and link.reaches(route.via)]
        if not near:
            where = route.dev or "any interface"
            raise ValueError(f"gateway {route.via} is not in a network of {where}")


def _checked(
    net: str | Network,
    via: str | Address | None,
    dev: str | None,
    metric: int,
    kind: str,
    source: str | Address | None,
) -> Route:
    network = parse_network(net)
    gateway = None if via is None else parse_address(via, "gateway")
    preferred = None if source is None else parse_address(source, "source")
    if kind not in KINDS:
        raise ValueError(f"bad kind {kind!r}: one of {', '.join(KINDS)}")
    if not 0 <= metric <= MAX_METRIC:
        raise ValueError(f"bad metric {metric}: 0 to {MAX_METRIC}")
    if kind == "unicast" and gateway is None and dev is None:
        raise ValueError(f"the route to {network} needs a gateway (via) or an interface (dev)")
    if kind != "unicast" and (gateway is not None or dev is not None):
        raise ValueError(f"a {kind} route leads nowhere: it takes neither gateway nor interface")
    for what, address in (("gateway", gateway), ("source", preferred)):
        if address is not None and address.version != network.version:
            raise ValueError(f"{what} {address} and network {network} are not of one family")
    if gateway is not None and (gateway.is_unspecified or gateway.is_multicast):
        raise ValueError(f"gateway {gateway} is no host's address")
    return Route(net=network, via=gateway, dev=dev, metric=metric, kind=kind, source=preferred)


def _same_place(one: Route, other: Route) -> bool:
    """Whether two routes differ in nothing that selection or deletion could tell them apart by."""
    if (one.net, one.via, one.metric) != (other.net, other.via, other.metric):
        return False
    return one.dev == other.dev or None in (one.dev, other.dev)


def _fits(route: Route, via: Address | None, dev: str | None, metric: int | None) -> bool:
    wanted = replace(
        route, via=via or route.via, dev=dev or route.dev, metric=route.metric if metric is None else metric
    )
    return wanted == route


def _has_alternatives(routes: list[Route]) -> bool:
    """Whether a silent gateway could be replaced by another one."""
    seen: set[Network] = set()
    for route in routes:
        if route.via is not None and route.net in seen:
            return True
        seen.add(route.net)
    return False
