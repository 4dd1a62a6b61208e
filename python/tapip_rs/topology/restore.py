"""Undoing: from the state file alone, whatever of it was done; then a look whether all is as it was."""

from __future__ import annotations

import errno
import logging
from collections.abc import Callable
from functools import partial

from tapip_rs.topology.kernel import Kernel, Link, Snapshot
from tapip_rs.topology.record import Record
from tapip_rs.topology.state import State, boot_time

__all__ = ["undo"]

_log = logging.getLogger("tapip_rs.topology")


def undo(kernel: Kernel, state: State) -> list[str]:
    """Undo what `state` tells of, however much of it was done. Returns what could not be made as it was, in words."""
    problems: list[str] = []
    if state.tap_index is not None:
        _attempt(problems, f"give {state.tap} back", lambda: _give_tap_back(kernel, state))
    if state.bridge is not None:
        _attempt(problems, f"remove bridge {state.bridge}", lambda: _remove_bridge(kernel, state))
    if state.nic is not None:
        _give_card_back(kernel, state, problems)
    for problem in problems:
        _log.error("%s", problem)
    return problems


def _attempt(problems: list[str], what: str, work: Callable[[], None]) -> None:
    try:
        work()
    except OSError as error:
        problems.append(f"could not {what}: {error.strerror or error}")


def _give_tap_back(kernel: Kernel, state: State) -> None:
    link = _by_index(kernel, state.tap_index)
    if link is None:
        return
    if link.master is not None and state.bridge is not None:
        kernel.change(link.index, master=0)
    if state.tap_address is not None:
        given = [address for index, address in kernel.addresses() if index == link.index]
        for address in given:
            if str(address) == state.tap_address:
                kernel.delete_address(link.index, address)
    if link.up and not state.tap_up:
        kernel.change(link.index, state="down")


def _remove_bridge(kernel: Kernel, state: State) -> None:
    bridge = kernel.link(state.bridge or "")
    card = _by_index(kernel, state.nic_index)
    if card is not None and card.master is not None:
        kernel.change(card.index, master=0)
    if bridge is not None and bridge.kind == "bridge":
        kernel.delete_link(bridge.index)


def _give_card_back(kernel: Kernel, state: State, problems: list[str]) -> None:
    card = _by_index(kernel, state.nic_index)
    if card is None:
        _log.warning("%s is gone, and its addresses with it: there is nothing to give them back to", state.nic)
        return
    if card.up != state.nic_up:
        word = "up" if state.nic_up else "down"
        _attempt(problems, f"set {state.nic} {word}", lambda: kernel.change(card.index, state=word))
    elapsed = boot_time() - state.boot_time
    _restore_addresses(kernel, state, elapsed, problems)
    _restore_routes(kernel, state, elapsed, problems)
    problems += _differences(kernel.snapshot(), state)


def _restore_addresses(kernel: Kernel, state: State, elapsed: float, problems: list[str]) -> None:
    there = {record.key for record in kernel.snapshot().addresses}
    for record in state.before.addresses:
        if record.index == state.nic_index and record.key not in there:
            _attempt(
                problems, f"give {state.nic} its address {record.text} back", partial(_say, kernel, record, elapsed)
            )


def _restore_routes(kernel: Kernel, state: State, elapsed: float, problems: list[str]) -> None:
    """Routes need each other (a gateway must be reachable), so go round as long as a round achieves something."""
    failed: dict[bytes, str] = {}
    while missing := _missing_routes(kernel, state):
        failed_before, failed = failed, {}
        for record in missing:
            try:
                _say(kernel, record, elapsed)
            except OSError as error:
                failed[record.key] = f"could not give the route {record.text} back: {error.strerror}"
        if not failed or failed.keys() == failed_before.keys():
            break
    problems += failed.values()


def _missing_routes(kernel: Kernel, state: State) -> list[Record]:
    """What is to be said again: of each list of routes from the first one that differs on.

    Those behind it that are there were deleted first, for a route can only be appended.
    """
    now = kernel.snapshot().routes
    there = {record.key for record in now}
    concerned = [record for record in _concerned(state.before, state) if record.key not in there]
    missing: list[Record] = []
    for place in dict.fromkeys(record.place for record in concerned):
        wanted = [record for record in state.before.routes if record.place == place]
        present = [record for record in now if record.place == place]
        same = 0
        while same < min(len(present), len(wanted)) and present[same].key == wanted[same].key:
            same += 1
        for record in present[same:]:
            if record.key in {each.key for each in wanted}:
                kernel.forget(record)
        missing += wanted[same:]
    return missing


def _say(kernel: Kernel, record: Record, elapsed: float) -> None:
    try:
        kernel.say(record, elapsed)
    except OSError as error:
        if error.errno != errno.EEXIST:
            raise


def _concerned(snapshot: Snapshot, state: State) -> list[Record]:
    """The routes that our changes can have cost: those of the card, and those that named one of its addresses."""
    ours = {record.local for record in state.before.addresses if record.index == state.nic_index}
    return [record for record in snapshot.routes if record.concerns(state.nic_index, ours)]


def _differences(now: Snapshot, state: State) -> list[str]:
    """What is not as it was, in words."""

    def of_card(snapshot: Snapshot) -> list[Record]:
        return [record for record in snapshot.addresses if record.index == state.nic_index]

    pairs = (
        ("address", of_card(state.before), of_card(now)),
        ("route", _concerned(state.before, state), _concerned(now, state)),
    )
    words = []
    for what, before, after in pairs:
        lost = {record.key: record for record in before}
        gained = {record.key: record for record in after}
        added = [gained[key] for key in gained.keys() - lost.keys() if not gained[key].is_automatic]
        words += [
            f"the {what} {lost[key].text} of {state.nic} did not come back" for key in lost.keys() - gained.keys()
        ]
        for record in added:  # somebody else's work, which is not ours to undo
            _log.warning("the %s %s of %s came while the stack ran, and stays", what, record.text, state.nic)
    return words


def _by_index(kernel: Kernel, index: int | None) -> Link | None:
    return next((link for link in kernel.links() if link.index == index), None)
