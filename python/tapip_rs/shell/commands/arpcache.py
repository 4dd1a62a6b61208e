"""`arpcache`: the neighbour table."""

from __future__ import annotations

from dataclasses import asdict
from ipaddress import IPv4Address
from typing import Annotated

from tapip_rs.interfaces import Neighbor
from tapip_rs.stack import Stack

from ..devices import device, device_towards
from ..errors import Failed
from ..kinds import Device, Mac
from ..parser import Keyword, Option
from ..registry import command
from ..report import Report, columns

HEAD = "State    Timeout(s)  HWaddress         Address"
NO_MAC = "00:00:00:00:00:00"

Verbose = Annotated[bool, Option("-v")]
Dev = Annotated[Device | None, Keyword("dev")]


@command("arpcache")
def arpcache(stack: Stack, *, verbose: Verbose = False) -> Report:
    """see arp cache

    An entry is Waiting for an answer, or Resolved; -v shows the state in full, those that failed, and the device.
    """
    entries = list(stack.neighbors)
    return Report(_verbose(entries) if verbose else _tapip(entries), [asdict(entry) for entry in entries])


@command("arpcache show")
def show(stack: Stack, *, verbose: Verbose = False) -> Report:
    """As `arpcache`."""
    return arpcache(stack, verbose=verbose)


@command("arpcache add")
def add(stack: Stack, address: IPv4Address, mac: Mac, *, dev: Dev = None) -> None:
    """Add or replace a permanent entry."""
    stack.neighbors.add(address, mac, device_towards(stack, address, dev).name)


@command("arpcache del")
def delete(stack: Stack, address: IPv4Address, *, dev: Dev = None) -> None:
    """Remove an entry."""
    try:
        stack.neighbors.remove(address, device_towards(stack, address, dev).name)
    except FileNotFoundError:
        raise Failed(f"no entry for {address}") from None


@command("arpcache flush")
def flush(stack: Stack, *, dev: Dev = None) -> None:
    """Remove all entries but for permanent ones."""
    stack.neighbors.flush(None if dev is None else device(stack, dev).name)


def _tapip(entries: list[Neighbor]) -> str:
    """tapip's table: nothing at all when there is no entry. It knows no failed ones."""
    rows = []
    for entry in entries:
        if entry.state != "failed":
            state = "Waiting" if entry.state == "incomplete" else "Resolved"
            expires = "-" if entry.expires_in is None else str(int(entry.expires_in))
            rows.append(f"{state:<9}{expires:<12}{entry.mac or NO_MAC} {entry.address}")
    return "\n".join([HEAD, *rows]) if rows else ""


def _verbose(entries: list[Neighbor]) -> str:
    """Everything that is known."""
    rows = [
        (
            entry.address,
            entry.mac,
            entry.interface,
            entry.state,
            f"{entry.age:.1f}",
            None if entry.expires_in is None else f"{entry.expires_in:.1f}",
            entry.pending,
        )
        for entry in entries
    ]
    heads = ("Address", "HWaddress", "Iface", "State", "Age(s)", "Next(s)", "Pending")
    return columns(rows, heads, right=("Age(s)", "Next(s)", "Pending"))
