"""Selection: of all the routes to one network, the one that the stack shall use.

Pure: routes, interfaces and the gateways known to be silent come in, the choice comes out.
The rules, in this order: a route must be usable (its interface exists and is up, its gateway is a neighbour there);
one whose gateway answers goes before one whose gateway is silent; then the least metric; then a connected network
before a static route; then the one that was added first. A silent gateway without an alternative stays in use, as
in Linux: were it left out, nothing would ever ask for it again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from tapip_rs.routing.route import Address, Entry, Link, Network, Origin, Route

__all__ = ["Chosen", "Verdict", "connected", "select", "to_entries"]


@dataclass(frozen=True, slots=True)
class Chosen:
    """A route that was selected, with the interface it leaves by (None for a route to nowhere)."""

    route: Route
    link: Link | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What selection says of one route."""

    route: Route
    link: Link | None
    reason: str
    silent: bool = False

    @property
    def usable(self) -> bool:
        """Whether it may be chosen at all."""
        return not self.reason


def connected(links: Iterable[Link]) -> list[Route]:
    """The routes that follow from the interfaces' addresses: each address's network is on its link."""
    routes: dict[tuple[Network, str], Route] = {}
    for link in links:
        for address, network in link.addresses:
            if network.prefixlen < network.max_prefixlen:
                origin: Origin = "local" if link.loopback else "connected"
                route = Route(net=network, dev=link.name, origin=origin, source=address)
                routes.setdefault((network, link.name), route)
    return list(routes.values())


def judge(route: Route, links: Sequence[Link], silent: Collection[Address]) -> Verdict:
    """Whether a route can be used as things are, and through which interface."""
    if route.kind != "unicast":
        return Verdict(route, None, "")
    candidates = [link for link in links if route.dev in (None, link.name)]
    if not candidates:
        return Verdict(route, None, f"there is no interface {route.dev}")
    if route.via is not None:
        candidates = [link for link in candidates if link.reaches(route.via)]
        if not candidates:
            where = route.dev or "any interface"
            return Verdict(route, None, f"{route.via} is not in a network of {where}")
    up = [link for link in candidates if link.up]
    if not up:
        return Verdict(route, None, f"{candidates[0].name} is down")
    return Verdict(route, up[0], "", silent=route.via in silent)


def select(routes: Sequence[Route], links: Sequence[Link], silent: Collection[Address]) -> dict[Network, Chosen]:
    """For each network that has a usable route, the one to use."""
    best: dict[Network, Verdict] = {}
    for route in routes:
        verdict = judge(route, links, silent)
        if verdict.usable and (route.net not in best or _rank(verdict) < _rank(best[route.net])):
            best[route.net] = verdict
    return {net: Chosen(verdict.route, verdict.link) for net, verdict in best.items()}


def _rank(verdict: Verdict) -> tuple[bool, int, bool]:
    route = verdict.route
    return verdict.silent, route.metric, route.origin == "static"


def to_entries(routes: Sequence[Route], links: Sequence[Link], silent: Collection[Address]) -> list[Entry]:
    """Every route with its verdict in words, the most specific first, then by address, then by metric."""
    chosen = select(routes, links, silent)
    entries = []
    for route in sorted(routes, key=_order):
        verdict = judge(route, links, silent)
        winner = chosen.get(route.net)
        selected = winner is not None and winner.route is route
        reason = "" if selected else verdict.reason or _loser(verdict)
        entries.append(_entry(route, verdict.link, selected=selected, reason=reason))
    return entries


def _loser(verdict: Verdict) -> str:
    return f"{verdict.route.via} does not answer" if verdict.silent else "another route is preferred"


def _entry(route: Route, link: Link | None, *, selected: bool, reason: str) -> Entry:
    return Entry(
        net=route.net,
        via=route.via,
        dev=link.name if link else route.dev,
        metric=route.metric,
        kind=route.kind,
        origin=route.origin,
        source=route.source,
        selected=selected,
        reason=reason,
    )


def _order(route: Route) -> tuple[int, int, int, int]:
    return route.net.version, -route.net.prefixlen, int(route.net.network_address), route.metric
