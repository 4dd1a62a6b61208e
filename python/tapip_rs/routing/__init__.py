"""Routing: which way, decided here; the stack's forwarding table is a copy of the decision.

`rib.py` holds every route that anybody asked for, and those that follow from the interfaces' addresses; `select.py`
picks one of them for each network; `sync.py` sends the difference to the stack; `gateways.py` looks now and then
whether a gateway that has an alternative still answers. No packet is ever decided in Python.

May import: the compiled core's types. Order of a change: `Rib.add` -> `select` -> `sync` -> `core.apply_routes`.
"""

from tapip_rs.routing.rib import Rib
from tapip_rs.routing.route import Entry, Kind, Link, Origin, Route

__all__ = ["Entry", "Kind", "Link", "Origin", "Rib", "Route"]
