"""Which interface a command means."""

from __future__ import annotations

from ipaddress import IPv4Address

from tapip_rs.interfaces import Interface
from tapip_rs.stack import Stack

from .errors import BadWord, Failed

#: The stack's interface, as tapip calls it.
VETH = "veth"


def device(stack: Stack, name: str | None = None) -> Interface:
    """The interface of that name; without a name `veth`, else the first that is no loopback.

    Raises: BadWord for an unknown name.
    """
    if name is None:
        others = [each for each in stack.interfaces.values() if each.medium != "loopback"]
        if not others:
            raise Failed("the stack has no device but lo")
        return next((each for each in others if each.name == VETH), others[0])
    try:
        return stack.interfaces[name]
    except KeyError:
        raise BadWord(f"no device {name!r}; there are {', '.join(stack.interfaces)}") from None


def device_towards(stack: Stack, address: IPv4Address, name: str | None = None) -> Interface:
    """The interface of that name; without a name the one whose network holds `address`, else as `device`."""
    if name is None:
        for each in stack.interfaces.values():
            if each.medium != "loopback" and any(address in own.network for own in each.addresses):
                return each
    return device(stack, name)


def source_of(stack: Stack, address: str) -> str:
    """The address of ours that a packet to `address` leaves from; 0.0.0.0 when there is none."""
    route = stack.core.lookup_route(address)
    if route is None:
        return "0.0.0.0"
    own = stack.interfaces.at(route.interface).addresses
    return route.source or (str(own[0].ip) if own else "0.0.0.0")
